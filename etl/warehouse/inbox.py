"""Where files that people give in the browser wait for the worker: a folder of their own each, under ZAVUCH_HOME."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

INBOX = "inbox"
LIMIT_MB = 200
"""Greatest size of one file, said before it is sent (also the setting of the web server)."""
TYPES = ("zip", "xlsx", "xls", "html", "htm", "csv", "xml")
"""Endings of files that some source reads."""
_TOKEN = re.compile(r"[0-9a-f]{32}")


def put(home: Path, files: Iterable[tuple[str, bytes]]) -> str:
    """Write the files (name, content) into a new folder readable by its owner alone; returns the folder's name.

    ValueError for an ending that is not among TYPES: a TOML beside the files would answer for them, or name a database.
    """
    given = [(safe_name(name), content) for name, content in files]
    if wrong := [name for name, _ in given if PurePosixPath(name).suffix.lower().lstrip(".") not in TYPES]:
        raise ValueError(f"{wrong[0]!r} is no file that a source reads")
    token = secrets.token_hex(16)
    folder = home / INBOX / token
    folder.mkdir(parents=True, mode=0o700)
    for number, (name, content) in enumerate(given, 1):
        target = folder / name
        if target.exists():  # two of one name from two folders of the person
            target = folder / f"{number}_{name}"
        target.write_bytes(content)
    return token


def safe_name(name: str) -> str:
    """The last part of a name without what a file system or a shell may misread."""
    last = PurePosixPath(name.replace("\\", "/")).name
    plain = PurePosixPath(re.sub(r"[\x00-\x1f/:*?\"<>|]", "_", last).lstrip(".~") or "file")
    return f"{plain.stem[:100]}{plain.suffix[:20]}"  # cut before the ending, or another one would come to light


def paths_of(home: Path, token: str) -> list[Path]:
    """The files of a folder, in the order of their names; ValueError for what is no name of one, FileNotFoundError
    where it is gone.
    """
    if not _TOKEN.fullmatch(token):
        raise ValueError(f"{token!r} is no folder of the inbox")
    return sorted(path for path in (home / INBOX / token).iterdir() if path.is_file())


def drop(home: Path, token: str) -> None:
    """Remove a folder with its files; none there is fine."""
    if _TOKEN.fullmatch(token):
        shutil.rmtree(home / INBOX / token, ignore_errors=True)


def drop_old(home: Path, hours: float) -> int:
    """Remove folders that nobody loaded for so long; returns how many."""
    root = home / INBOX
    old = [
        folder
        for folder in (root.iterdir() if root.is_dir() else ())
        if time.time() - folder.stat().st_mtime > hours * 3600
    ]
    for folder in old:
        drop(home, folder.name)
    return len(old)
