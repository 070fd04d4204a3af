"""Who came and who went between two exports, told by the lists alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from etl.sources.answers import Answers
from etl.sources.bundle import Bundle
from etl.sources.earlier import NOTHING, Earlier, StoredEnrolment, StoredEntry, StoredLesson, StoredLoad
from etl.sources.registry import recognise
from tests.etl.sources.raw_workbooks import Cell, journal, xlsx
from tests.etl.sources.school_portal_writer import zip_cp866

ANSWERS = Answers(school_key="s1", timezone="Europe/Moscow", secret=b"secret")
HEADS: list[tuple[str | None, Cell]] = [("Сентябрь", "3"), (None, "5"), (None, "7"), ("Ноябрь", "14")]
FIRST = datetime(2018, 11, 12, 18, 30, tzinfo=ZoneInfo("Europe/Moscow"))
Row = tuple[str, list[Cell]]
Lists = dict[str, list[Row]]
START: list[Row] = [("Белов А.", ["5", "4", "3"]), ("Гусев И.", ["4", None, "4"]), ("Яшин Л.", ["3", "3", "2"])]


def _row(name: str, *cells: Cell) -> Row:
    return name, list(cells)


def export(folder: Path, day: int, lists: Lists, earlier: Earlier, teacher: str = "Иванова Мария Петровна") -> Bundle:
    books = {
        f"2018_2019_{name} ({name}).xlsx": xlsx(
            {f"Алг {name}": journal(HEADS, pupils, named=f"{name} ({name})", teacher=teacher)}
        )
        for name, pupils in lists.items()
    }
    path = zip_cp866(folder / f"journals-{day}.11.2018.zip", books, (2018, 11, day, 18, 30, 0))
    source, recognition = recognise(path)
    scratch = folder / str(day)
    return source.open(recognition, replace(ANSWERS, recall=lambda _key, _years: earlier), scratch, lambda *_: None)


def table(bundle: Bundle, name: str) -> list[dict[str, str]]:
    return pl.read_parquet(bundle.path / f"{name}.parquet").to_dicts()


def stored(bundle: Bundle) -> Earlier:
    """What a warehouse holds after this first export."""
    names = {row["pupil_key"]: row["full_name"] for row in table(bundle, "pupil")}
    return Earlier(
        pupil_keys=frozenset(names),
        entries=tuple(StoredEntry(row["mark_key"], row["value"], True) for row in table(bundle, "mark")),
        lessons=tuple(
            StoredLesson(
                row["lesson_key"],
                row["group_key"],
                row["subject_key"],
                row["staff_key"],
                date.fromisoformat(row["held_on"]),
                row["status"],
                topic=None,
                homework=None,
                plan_item_key=None,
                is_live=True,
            )
            for row in table(bundle, "lesson")
        ),
        loads=(StoredLoad(FIRST, True, False),),
        enrolments=tuple(
            StoredEnrolment(
                row["pupil_key"], row["class_key"], date.fromisoformat(row["from_on"]), None, names[row["pupil_key"]]
            )
            for row in table(bundle, "enrolment")
        ),
    )


def enrolled(bundle: Bundle, earlier: Earlier) -> set[tuple[str, str, str, str | None]]:
    """Class, name, first day, first day that no longer counts."""
    names = {each.pupil_key: each.name for each in earlier.enrolments}
    names |= {row["pupil_key"]: row["full_name"] for row in table(bundle, "pupil")}
    return {
        (row["class_key"][-2:], names[row["pupil_key"]], row["from_on"], row["to_on"])
        for row in table(bundle, "enrolment")
    }


def remarks(bundle: Bundle) -> str:
    return "\n".join(bundle.warnings)


def test_in_the_first_export_all_are_there_since_september(tmp_path: Path) -> None:
    bundle = export(tmp_path, 12, {"7а": START}, NOTHING)
    assert {each[2:] for each in enrolled(bundle, NOTHING)} == {("2018-09-01", None)}


def test_who_came_and_who_went_are_not_there_all_year(tmp_path: Path) -> None:
    earlier = stored(export(tmp_path, 12, {"7а": START, "7б": START[:1]}, NOTHING))
    # Гусев goes to 7б; Новиков comes with no entry, Петров with one of September; 7в is heard of for the first time
    lists: Lists = {
        "7а": [START[0], START[2], ("Новиков Н.", []), ("Петров П.", [None, "5"])],
        "7б": [START[0], ("Гусев И.", [None, None, None, "4"])],
        "7в": [("Львов Л.", [])],
    }
    bundle = export(tmp_path, 19, lists, earlier)
    assert enrolled(bundle, earlier) == {
        ("7а", "Белов А.", "2018-09-01", None),
        ("7а", "Яшин Л.", "2018-09-01", None),
        ("7а", "Гусев И.", "2018-09-01", "2018-11-13"),
        ("7а", "Новиков Н.", "2018-11-13", None),
        ("7а", "Петров П.", "2018-09-05", None),
        ("7б", "Белов А.", "2018-09-01", None),
        ("7б", "Гусев И.", "2018-11-13", None),
        ("7в", "Львов Л.", "2018-09-01", None),
    }
    assert "1 pupils are in no list of their class any more" in remarks(bundle)
    assert "one name left 7а and came to 7б" in remarks(bundle)


def test_another_name_with_all_the_entries_is_told_and_kept_apart(tmp_path: Path) -> None:
    earlier = stored(export(tmp_path, 12, {"7а": START}, NOTHING))
    bundle = export(tmp_path, 19, {"7а": [*START[:2], _row("Яковлева Л.", "3", "3", "2", "5")]}, earlier)
    assert "a newcomer of 7а has every entry of a pupil who left it" in remarks(bundle)
    other = export(tmp_path, 20, {"7а": [*START[:2], _row("Яковлева Л.", "3", "4", "2", "5")]}, earlier)
    assert "every entry" not in remarks(other)


def test_a_class_that_was_not_received_loses_nobody(tmp_path: Path) -> None:
    earlier = stored(export(tmp_path, 12, {"7а": START, "7б": START}, NOTHING))
    bundle = export(tmp_path, 19, {"7б": START[:1]}, earlier)
    assert {each for each in enrolled(bundle, earlier) if each[0] == "7а"} == set()
    assert {each[1:] for each in enrolled(bundle, earlier)} == {
        ("Белов А.", "2018-09-01", None),
        ("Гусев И.", "2018-09-01", "2018-11-13"),
        ("Яшин Л.", "2018-09-01", "2018-11-13"),
    }


def test_a_lesson_that_was_over_keeps_its_teacher_and_a_later_one_has_the_successor(tmp_path: Path) -> None:
    def teachers(bundle: Bundle) -> dict[str, str]:
        names = {row["staff_key"]: row["full_name"] for row in table(bundle, "staff")}
        return {row["held_on"]: names.get(row["staff_key"], "another") for row in table(bundle, "lesson")}

    lists = {"7а": START}
    earlier = stored(export(tmp_path, 12, lists, NOTHING))
    found = teachers(export(tmp_path, 19, lists, earlier, teacher="Смит Анна Ивановна"))
    assert found == dict.fromkeys(("2018-09-03", "2018-09-05", "2018-09-07"), "another") | {
        "2018-11-14": "Смит Анна Ивановна"
    }
    nobody = stored(export(tmp_path, 13, lists, NOTHING, teacher=""))
    assert set(teachers(export(tmp_path, 20, lists, nobody, teacher="Смит Анна Ивановна")).values()) == {
        "Смит Анна Ивановна"
    }
