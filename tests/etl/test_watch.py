"""A watched folder: what stopped growing is loaded once, whatever its name, also after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.errors import DatabaseError, SettingsError, SourceError
from etl.watch import watch


class Loads:
    """Stands for the load of one entry; refuses what says «bad»."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.told: list[str] = []
        self.is_away = False

    def __call__(self, entry: Path) -> None:
        text = entry.read_text() if entry.is_file() else ""
        if self.is_away:
            raise DatabaseError("The database does not answer.")
        if "bad" in text:
            raise SourceError("bad.zip is not recognised.")
        self.names.append(entry.name)


def _watch(folder: Path, home: Path, loads: Loads) -> int:
    return watch(folder, home, loads, loads.told.append, once=True, pause=lambda _seconds: None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.zip").write_text("one")
    (folder / "school.toml").write_text("")
    (folder / ".hidden").write_text("x")
    (folder / "b.zip.part").write_text("x")
    (folder / "day").mkdir()
    (folder / "day" / "c.zip").write_text("two")
    return folder


def test_every_entry_is_loaded_once_and_nothing_is_moved(tmp_path: Path, folder: Path) -> None:
    loads, before = Loads(), sorted(folder.rglob("*"))
    assert _watch(folder, tmp_path / "home", loads) == 2
    assert sorted(loads.names) == ["a.zip", "day"]
    assert _watch(folder, tmp_path / "home", loads) == 0  # a restart remembers
    (folder / "a.zip").touch()
    assert _watch(folder, tmp_path / "home", loads) == 0
    (folder / "a.zip").write_text("changed")
    assert _watch(folder, tmp_path / "home", loads) == 1
    assert sorted(folder.rglob("*")) == before


def test_a_file_that_grows_is_waited_for(tmp_path: Path, folder: Path) -> None:
    loads, pauses = Loads(), iter(range(3))

    def grow(_seconds: float) -> None:
        if (step := next(pauses, None)) is not None:
            (folder / "a.zip").write_text("one" * (step + 2))
            assert "a.zip" not in loads.names

    assert watch(folder, tmp_path / "home", loads, loads.told.append, once=True, pause=grow) == 2
    assert loads.names.count("a.zip") == 1


def test_what_cannot_be_loaded_is_told_once_and_a_database_that_is_away_is_tried_again(
    tmp_path: Path, folder: Path
) -> None:
    loads = Loads()
    (folder / "bad.zip").write_text("bad")
    assert _watch(folder, tmp_path / "home", loads) == 2
    assert sum("not recognised" in line for line in loads.told) == 1
    assert _watch(folder, tmp_path / "home", loads) == 0
    assert sum("not recognised" in line for line in loads.told) == 1
    loads.is_away = True
    (folder / "new.zip").write_text("new")
    assert _watch(folder, tmp_path / "home", loads) == 0
    loads.is_away = False
    assert _watch(folder, tmp_path / "home", loads) == 1
    with pytest.raises(SettingsError, match="no folder"):
        _watch(folder / "a.zip", tmp_path / "home", loads)
