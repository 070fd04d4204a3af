"""The files as they were given: kept compressed, hashed and encrypted, replayable in the order of their moments.

`raw/files/<SHA-256>` holds one file: zlib, then AES-GCM with a nonce of its own before it. In
`raw/loads/<moment>-<n>.json` stands which files one load was of, and what the person answered; no content of a journal.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import secrets
import tempfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from etl.errors import SettingsError, SourceError
from etl.settings import Settings

RAW, KEY_FILE = "raw", "raw.key"
NONCE = 12


@dataclass(frozen=True)
class RawFile:
    """One kept file: its name below what was given, the SHA-256 of its bytes, their number."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class RawLoad:
    """What one load was of. `given` are the answers of options or forms, `answers_file` the name of the TOML among the
    files; `given_paths` the names of what was handed to the load (files or folders), in order.
    """

    extracted_at: str
    kept_at: str
    source: str
    load_ids: tuple[int, ...]
    given_paths: tuple[str, ...]
    files: tuple[RawFile, ...]
    given: Mapping[str, Any]
    answers_file: str = ""


def raw_key(settings: Settings) -> bytes:
    """32 bytes: the key of the settings, else the one made once in the folder of all state. Raises SettingsError."""
    text = settings.raw_key
    if not text:
        path = settings.home / KEY_FILE
        settings.home.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(base64.urlsafe_b64encode(secrets.token_bytes(32)))
        except FileExistsError:
            pass  # made by an earlier load
        text = path.read_text(encoding="ascii").strip()
    try:
        key = base64.urlsafe_b64decode(text)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise SettingsError(
            "The key of the kept files is not 32 bytes in base64.",
            advice="Make one: python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'.",
        )
    return key


def keep(
    settings: Settings,
    paths: Sequence[Path],
    *,
    source: str,
    extracted_at: datetime,
    load_ids: Sequence[int],
    given: Mapping[str, Any],
    answers_file: Path | None = None,
) -> RawLoad | None:
    """Keep the files of one load; None where the settings keep none. The same bytes are stored once."""
    if not settings.raw_days:
        return None
    key, folder = raw_key(settings), settings.home / RAW
    (folder / "files").mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "loads").mkdir(exist_ok=True, mode=0o700)
    files = [
        _keep_file(key, folder, name, path)
        for top in paths
        for name, path in ([(top.name, top)] if top.is_file() else _below(top))
    ]
    if answers_file is not None:
        files.append(_keep_file(key, folder, f"answers/{answers_file.name}", answers_file))
    load = RawLoad(
        extracted_at.astimezone(UTC).isoformat(),
        datetime.now(UTC).isoformat(timespec="seconds"),
        source,
        tuple(load_ids),
        tuple(path.name for path in paths),
        tuple(files),
        {name: value for name, value in given.items() if value not in (None, "")},
        f"answers/{answers_file.name}" if answers_file else "",
    )
    name = f"{extracted_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{max(load_ids, default=0)}.json"
    text = json.dumps(asdict(load), ensure_ascii=False, default=str, indent=1)
    (folder / "loads" / name).write_text(text, encoding="utf-8")
    return load


def _below(folder: Path) -> list[tuple[str, Path]]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(f"{folder.name}/{path.relative_to(folder).as_posix()}", path) for path in found]


def _keep_file(key: bytes, folder: Path, name: str, path: Path) -> RawFile:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    target = folder / "files" / digest
    if not target.exists():
        nonce = secrets.token_bytes(NONCE)
        packed = nonce + AESGCM(key).encrypt(nonce, zlib.compress(content, 6), digest.encode())
        part = target.with_suffix(".part")
        part.write_bytes(packed)
        part.chmod(0o600)
        part.replace(target)
    return RawFile(name, digest, len(content))


def kept_loads(settings: Settings) -> list[RawLoad]:
    """Every kept load, the oldest moment first."""
    found = []
    for path in sorted((settings.home / RAW / "loads").glob("*.json")):
        stated = json.loads(path.read_text(encoding="utf-8"))
        stated["files"] = tuple(RawFile(**each) for each in stated["files"])
        for each in stated["given"].get("periods", ()):
            each |= {name: date.fromisoformat(each[name]) for name in ("starts_on", "ends_on")}
        stated |= {name: tuple(stated[name]) for name in ("load_ids", "given_paths")}
        found.append(RawLoad(**stated))
    return found


def restore(settings: Settings, load: RawLoad, folder: Path) -> None:
    """Write the files of a load as they were; raises SourceError where one is gone, damaged or of another key."""
    key = raw_key(settings)
    for file in load.files:
        path = settings.home / RAW / "files" / file.sha256
        try:
            packed = path.read_bytes()
            content = zlib.decompress(AESGCM(key).decrypt(packed[:NONCE], packed[NONCE:], file.sha256.encode()))
        except (OSError, InvalidTag, zlib.error) as error:
            raise SourceError(
                f"{file.name}, kept as {file.sha256[:12]}, cannot be read back: {type(error).__name__}.",
                advice="Check ZAVUCH_RAW_KEY: the file may be encrypted with another key.",
            ) from error
        target = folder / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def replay(settings: Settings, load_one: Callable[[list[Path], Mapping[str, Any], Path | None], Any]) -> list[RawLoad]:
    """Hand every kept load, the oldest moment first, to `load_one` (paths, answers, file of answers)."""
    loads = kept_loads(settings)
    for load in loads:
        with tempfile.TemporaryDirectory(prefix="zavuch-raw-") as scratch:
            folder = Path(scratch)
            restore(settings, load, folder)
            answers = folder / load.answers_file if load.answers_file else None
            given = {**load.given, "extracted_at": load.extracted_at}
            load_one([folder / name for name in load.given_paths], given, answers)
    return loads


def forget_old(settings: Settings, now: datetime | None = None) -> int:
    """Delete loads kept longer than the settings say, and files that no load needs any more; returns the files."""
    oldest = (now or datetime.now(UTC)) - timedelta(days=settings.raw_days)
    return _forget(settings, lambda stated: datetime.fromisoformat(stated["kept_at"]) < oldest)


def forget_before(settings: Settings, moment: datetime) -> int:
    """Delete loads of data of before the moment, however long the settings keep them; returns the files."""
    return _forget(settings, lambda stated: datetime.fromisoformat(stated["extracted_at"]) < moment)


def _forget(settings: Settings, is_over: Callable[[Mapping[str, Any]], bool]) -> int:
    needed: set[str] = set()
    folder = settings.home / RAW
    for path in (folder / "loads").glob("*.json"):
        stated = json.loads(path.read_text(encoding="utf-8"))
        if is_over(stated):
            path.unlink()
        else:
            needed |= {each["sha256"] for each in stated["files"]}
    gone = [path for path in (folder / "files").glob("*") if path.name not in needed]
    for path in gone:
        path.unlink()
    return len(gone)
