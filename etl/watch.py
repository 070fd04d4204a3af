"""`zavuch watch`: loads what appears in a folder. It moves nothing, remembers what it saw by its content, and survives
restarts. An entry of the folder, a file or a folder of files, is one load of one moment.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from etl.errors import DatabaseError, SettingsError, ZavuchError
from etl.sources.answers import FILE

Sizes = tuple[tuple[str, int, int], ...]
"""Names, sizes and times of change of the files of an entry."""


@dataclass
class Watched:
    """What became of the contents seen so far: SHA-256 → "" for loaded, else the sentence of the failure."""

    path: Path
    seen: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, home: Path, folder: Path) -> Watched:
        """The memory of this folder, kept under the folder of all state."""
        name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
        path = home / "watch" / f"{name}.json"
        seen = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return cls(path, seen)

    def remember(self, digest: str, failure: str) -> None:
        """Note the outcome at once, so that a restart does not load it again."""
        self.seen[digest] = failure
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(self.seen, ensure_ascii=False, indent=1), encoding="utf-8")
        part.replace(self.path)


def entries(folder: Path) -> list[Path]:
    """What lies in the folder, the oldest first; hidden files, unfinished downloads and answers are none of it."""
    found = [
        path
        for path in folder.iterdir()
        if not path.name.startswith((".", "~")) and path.suffix.lower() not in (".toml", ".part", ".crdownload", ".tmp")
    ]
    return sorted(found, key=lambda path: (max(mark[2] for mark in sizes(path)) if sizes(path) else 0, path.name))


def sizes(entry: Path) -> Sizes:
    """State of the entry's files; two equal ones, a pause between them, say that nothing grows any more."""
    files = [entry] if entry.is_file() else sorted(path for path in entry.rglob("*") if path.is_file())
    return tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files)


def digest_of(entry: Path) -> str:
    """SHA-256 over names and contents of the entry's files."""
    whole = hashlib.sha256()
    for name, _size, _time in sizes(entry):
        path = Path(name)
        whole.update(str(path.relative_to(entry.parent)).encode() + b"\0")
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                whole.update(block)
    return whole.hexdigest()


def watch(
    folder: Path,
    home: Path,
    load: Callable[[Path], None],
    told: Callable[[str], None],
    *,
    seconds: float = 15.0,
    once: bool = False,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Load every entry whose content was not seen before, once it stopped growing; returns how many were loaded.

    `once` ends after everything that lies there now. What cannot be loaded is told, remembered, and tried again only
    when its content changes; a database that does not answer is tried again.
    """
    if not folder.is_dir():
        raise SettingsError(f"{folder} is no folder.", advice="Give the folder into which the files are saved.")
    memory, before, count = Watched.of(home, folder), dict[Path, Sizes](), 0
    while True:
        now = {entry: sizes(entry) for entry in entries(folder)}
        for entry, state in now.items():
            if state and before.get(entry) == state:
                count += _take(entry, memory, load, told)
        settled = all(before.get(entry) == state for entry, state in now.items())
        before = now
        if once and settled:
            return count
        pause(min(seconds, 1.0) if once else seconds)


def _take(entry: Path, memory: Watched, load: Callable[[Path], None], told: Callable[[str], None]) -> int:
    digest = digest_of(entry)
    if digest in memory.seen:
        return 0
    try:
        load(entry)
    except DatabaseError as error:
        told(f"{entry.name}: {error} It is tried again.")
        return 0
    except ZavuchError as error:
        memory.remember(digest, str(error))
        told(f"{entry.name}: {error}")
        return 0
    memory.remember(digest, "")
    told(f"{entry.name}: loaded")
    return 1


def answers_beside(folder: Path) -> Path | None:
    """`school.toml` of the watched folder, for every entry of it."""
    path = folder / FILE
    return path if path.is_file() else None
