"""New homes for tests that write: a copy of one empty database, migrated once a run, instead of a new one each time."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from etl.settings import Settings
from etl.warehouse import embedded
from etl.warehouse.schema import open_warehouse

_VARIABLE = "ZAVUCH_TESTS_FOLDER"


def begin_run() -> None:
    """Make the folder of this run, which its workers inherit; outside pytest's own, which other users cannot reach."""
    folder = Path(tempfile.mkdtemp(prefix="zavuch-run-"))
    folder.chmod(0o755)
    os.environ[_VARIABLE] = str(folder)


def end_run() -> None:
    """Remove the folder; nothing runs in it."""
    shutil.rmtree(os.environ.pop(_VARIABLE), ignore_errors=True)


def open_new(settings: Settings) -> str:
    """`open_warehouse` for a home without a database: the owner's URL of its empty, migrated database, which runs."""
    folder = Path(os.environ[_VARIABLE])
    with locked(folder / "lock"):
        if not (folder / "home").exists():
            open_warehouse(Settings(home=folder / "made"))
            embedded.stop(folder / "made")
            (folder / "made").rename(folder / "home")
    shutil.copytree(folder / "home", settings.home, dirs_exist_ok=True)
    return open_warehouse(settings)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the file at `path` alone among the workers of the run."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
