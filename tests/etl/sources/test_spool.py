"""A bundle split by school: each row in its school's part; what killed loads left is removed, what lives is not."""

from __future__ import annotations

from pathlib import Path

from etl.sources.bundle import open_bundle
from etl.sources.spool import split_by_school
from tests.oracle.builder import BundleBuilder


def two_schools() -> BundleBuilder:
    bundle = BundleBuilder("2024-10-01T06:00:00+03:00").add("school", school_key="s2").add("school", school_key="s1")
    bundle.add("school_class", school_key="s1", class_key="c1").add("school_class", school_key="s2", class_key="c1")
    return bundle.add("subject", school_key="", subject_key="x").add_empty("pupil")


def test_rows_lie_with_their_school_and_keep_their_numbers(tmp_path: Path) -> None:
    spool = split_by_school(open_bundle(two_schools().write(tmp_path / "one")), tmp_path / "spool")
    try:
        assert spool.schools == ["s2", "s1"]
        rows = spool.read("school_class", "s2")
        assert rows is not None
        assert rows.select("class_key", "_row").rows() == [("c1", 3)]
        empty = spool.read("pupil", "s1")
        assert empty is not None
        assert (empty.height, "pupil_key" in empty.columns) == (0, True)
        assert spool.read("mark", "s1") is None
        assert spool.without_school["subject"]["subject_key"].to_list() == ["x"]
    finally:
        spool.close()
    assert not spool.folder.exists()


def test_folders_of_loads_that_died_are_removed_and_those_at_work_stay(tmp_path: Path) -> None:
    bundle, near = open_bundle(two_schools().write(tmp_path / "one")), tmp_path / "spool"
    living = split_by_school(bundle, near)
    dead = split_by_school(bundle, near)
    dead.held.close()  # what the system does when a process ends, however it ends
    unfinished = near / "load-unfinished"
    unfinished.mkdir()
    (near / "notes").mkdir()
    third = split_by_school(bundle, near)
    try:
        assert not dead.folder.exists()
        assert not unfinished.exists()
        assert living.read("school", "s1") is not None
        assert sorted(path.name for path in near.iterdir() if path.is_dir()) == sorted(
            [living.folder.name, third.folder.name, "notes"]
        )
    finally:
        third.close()
        living.close()


def test_a_spool_is_for_its_owner_alone(tmp_path: Path) -> None:
    spool = split_by_school(open_bundle(two_schools().write(tmp_path / "one")), tmp_path / "spool")
    try:
        assert spool.folder.stat().st_mode & 0o077 == 0
    finally:
        spool.close()
