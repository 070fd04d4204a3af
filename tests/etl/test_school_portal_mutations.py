"""Two exports of a school, the second a mutated copy of the first: exactly the injected differences are found."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from etl.contract.ledger import RULE
from etl.load_files import Loaded, load_files
from etl.settings import Settings
from tests.etl.conftest import Store
from tests.etl.sources.school_portal_writer import Block, Grid, Head, journal_bytes, plan_bytes, zip_cp866
from tests.oracle.builder import BundleBuilder

PUPILS = ["Белов Артём", "Гусева И.", "Иванов И.", "Иванов И.", "Яшин Лев"]
MOMENT = "AT TIME ZONE 'Europe/Moscow'"


@dataclass
class Export:
    """All files of one moment, still to be mutated."""

    grids: dict[str, list[Grid]]
    plans: dict[str, dict[str, list[Block]]]


def _days(first: date, count: int, step: int) -> list[date]:
    days = (first + timedelta(days=number) for number in range(0, 500, step))
    return [day for day in days if day.isoweekday() < 6][:count]


def _export() -> Export:
    """Two classes; algebra with a day twice (one lesson, two works), English with a double lesson in a subgroup."""
    days = _days(date(2018, 9, 3), 24, 3)
    heads: list[Head] = [*days[:8], days[7], *days[8:16], "1 тр", *days[16:], "Год", "Экзамен", "Итог"]
    values = ("5", "4", "", "н", "", "4/5", "3", "", "н5", "", "2", "ОСВ", "")
    grids, plans = {}, {}
    for letter in "аб":
        name = f"7{letter}"
        algebra = Grid(
            f"Алг {name}", f"{name} ({name})", "Алгебра", "Иванова Мария Петровна, Петров Пётр Ильич", heads, PUPILS
        )
        for row in range(len(PUPILS)):
            for column, head in enumerate(heads):
                text = values[(row * 5 + column * 3) % len(values)] if isinstance(head, date) else ""
                if text:
                    algebra.cells[row, column] = text
            algebra.cells[row, heads.index("1 тр")] = "54321"[row % 3]
        english = Grid(
            f"Анг {name} 2",
            f"{name} (Англ.яз 2)",
            "Английский язык",
            "Смит Д.Д.",
            [*days[:4], days[3], *days[4:10]],
            [PUPILS[0], PUPILS[4]],
        )
        english.cells.update({(0, 0): "5", (1, 1): "н", (0, 3): "4", (0, 4): "3"})
        grids[name] = [algebra, english]
        plans[name] = {
            "Алгебра": [
                Block(name, "Алгебра", "Мария Петровна Иванова", [(day, f"Тема {day:%d.%m}", "п. 1") for day in days])
            ],
            "Английский язык": [
                Block(
                    "Англ.яз 2",
                    "Английский язык",
                    "Д.Д. Смит",
                    [(day, f"Unit {day:%d.%m}", "") for day in [*days[:4], days[3], *days[4:10]]],
                )
            ],
        }
    return Export(grids, plans)


def _write(export: Export, folder: Path, day: date) -> list[Path]:
    saved = (day.year, day.month, day.day, 18, 30, 0)
    folder.mkdir()
    return [
        zip_cp866(
            folder / f"journals-{day:%d.%m.%Y}.zip",
            {f"2018_2019_{name} ({name}).xlsx": journal_bytes(sheets) for name, sheets in export.grids.items()},
            saved,
        ),
        zip_cp866(
            folder / "LessonPlanning.zip",
            {f"2018_{name}.xls": plan_bytes(sheets, name) for name, sheets in export.plans.items()},
            saved,
        ),
    ]


def _load(store: Store, paths: list[Path]) -> Loaded:
    return load_files(
        paths,
        store.url,
        Settings(store.home),
        given={"school_key": "s1", "timezone": "Europe/Moscow", "school_name": "Школа"},
    )


def _changes(store: Store) -> list[tuple[Any, ...]]:
    return store.rows(
        "SELECT entity, action, old_value, new_value FROM fact_change ORDER BY entity, action, old_value, new_value"
    )


def _new(store: Store, table: str) -> list[tuple[Any, ...]]:
    """Value of every row first seen in the second export, with the interval in which it was entered."""
    value = "code" if table == "absence" else "value"
    return store.rows(
        f"SELECT {value}, (recorded_earliest {MOMENT})::text, (recorded_latest {MOMENT})::text FROM fact_{table}"
        f" WHERE first_seen_at > (SELECT min(extracted_at) FROM load_run) ORDER BY 1"
    )


def test_exactly_the_injected_differences_are_found_between_two_exports(store: Store, tmp_path: Path) -> None:
    first = _export()
    algebra = first.grids["7а"][0]
    first.plans["7а"]["Алгебра"][0].rows[5] = (first.plans["7а"]["Алгебра"][0].rows[5][0], "", "")  # a missing topic
    second = copy.deepcopy(first)
    changed = second.grids["7а"][0].cells
    blank = next(place for place in sorted(_blanks(algebra)) if place[1] < 4)
    changed[blank] = "4"  # late: weeks after its lesson
    was_five = next(place for place, text in sorted(algebra.cells.items()) if text == "5" and place[1] < 10)
    changed[was_five] = "3"
    was_four = next(place for place, text in sorted(algebra.cells.items()) if text == "4" and place[1] < 10)
    del changed[was_four]
    was_absent = next(place for place, text in sorted(algebra.cells.items()) if text == "н" and place[1] < 10)
    changed[was_absent] = "Б"
    late_absent = next(place for place in sorted(_blanks(algebra)) if place[1] < 8 and place != blank)
    changed[late_absent] = "н5"
    changed[1, algebra.heads.index("1 тр")] = "2"  # was 4
    day, _topic, homework = second.plans["7а"]["Алгебра"][0].rows[5]
    second.plans["7а"]["Алгебра"][0].rows[5] = (day, "Введена поздно", homework)

    loaded = _load(store, _write(first, tmp_path / "one", date(2018, 11, 12)))
    assert loaded.report.rejected_count == 0
    assert (loaded.since, loaded.differences) == (None, [])
    before = store.value("SELECT count(*) FROM fact_mark")
    loaded = _load(store, _write(second, tmp_path / "two", date(2018, 11, 19)))

    interval = ("2018-11-12 18:30:01", "2018-11-19 18:30:00")
    assert loaded.report.rejected_count == 0
    assert _new(store, "mark") == [("4", *interval), ("5", *interval)]
    assert _new(store, "absence") == [("Н", *interval)]
    assert _changes(store) == [
        ("absence", "update", "Н", "Б"),
        ("mark", "delete", "4", None),
        ("mark", "update", "5", "3"),
        ("period_mark", "update", "4", "2"),
    ]
    assert store.value("SELECT count(*) FROM fact_mark") == before + 2
    assert store.rows(
        f"SELECT t.topic, (l.topic_recorded_earliest {MOMENT})::text, (l.topic_recorded_latest {MOMENT})::text"
        " FROM fact_lesson l JOIN fact_lesson_text t USING (school_id, school_year, lesson_id)"
        " WHERE l.topic_recorded_earliest > '2018-01-01'"
    ) == [("Введена поздно", *interval)]
    assert loaded.differences == [
        "2 new marks, 2 of them for lessons before that day",
        "1 new absences, 1 of them for lessons before that day",
        "1 new topics",
        "1 absences changed",
        "1 marks deleted",
        "1 marks changed",
        "1 period marks changed",
    ]
    assert loaded.not_received == []


def _blanks(grid: Grid) -> set[tuple[int, int]]:
    places = {(row, column) for row in range(2) for column, head in enumerate(grid.heads) if isinstance(head, date)}
    return places - set(grid.cells)


def test_a_sheet_and_a_class_that_are_missing_are_not_received_and_nothing_is_deleted(
    store: Store, tmp_path: Path
) -> None:
    first = _export()
    _load(store, _write(first, tmp_path / "one", date(2018, 11, 12)))
    second = Export({"7а": first.grids["7а"][:1]}, {"7а": first.plans["7а"]})
    del second.grids["7а"][0].cells[min(second.grids["7а"][0].cells)]
    second.grids["7а"][0] = replace(second.grids["7а"][0])
    loaded = _load(store, _write(second, tmp_path / "two", date(2018, 11, 19)))
    assert [(entity, action) for entity, action, _old, _new_value in _changes(store)] in (
        [("mark", "delete")],
        [("absence", "delete")],
    )
    assert store.value("SELECT count(*) FROM dim_pupil WHERE deleted_latest IS NOT NULL") == 0
    assert store.value("SELECT count(*) FROM dim_subject WHERE deleted_latest IS NOT NULL") == 0
    assert store.value("SELECT count(*) FROM fact_lesson WHERE deleted_latest IS NOT NULL") == 0
    assert loaded.not_received == [
        "marks of 7А Английский язык (Англ.яз 2)",
        "marks and topics of 7Б Алгебра",
        "marks and topics of 7Б Английский язык (Англ.яз 2)",
    ]


def test_journals_and_plans_loaded_one_after_the_other_are_the_same_lessons(store: Store, tmp_path: Path) -> None:
    export = _export()
    together = tmp_path / "one"
    journals, plans = _write(export, together, date(2018, 11, 12))
    given = {"school_key": "s1", "timezone": "Europe/Moscow"}
    load_files([journals], store.url, Settings(store.home), given=given)
    marks = store.marks()
    later = datetime.fromisoformat("2018-11-12T18:45:00+03:00")
    loaded = load_files([plans], store.url, Settings(store.home), given={**given, "extracted_at": later})
    assert loaded.report.rejected_count == 0
    assert store.marks() == marks
    assert _changes(store) == []
    assert store.value("SELECT count(*) FROM fact_lesson_text WHERE topic LIKE 'Тема%'") == 48


def test_an_unknown_cell_is_set_aside_with_its_workbook_sheet_and_cell(store: Store, tmp_path: Path) -> None:
    export = _export()
    export.grids["7б"][1].cells[1, 0] = "ы!"
    loaded = _load(store, _write(export, tmp_path / "one", date(2018, 11, 12)))
    assert loaded.report.rejected_count == 1
    ((file, row, place, value, _reason),) = store.rejected()
    assert (file, row, place, value) == (
        "journals-12.11.2018.zip/2018_2019_7б (7б).xlsx",
        11,
        "Анг 7б 2!C11",
        "ы!",
    )
    assert _load(store, _write(export, tmp_path / "again", date(2018, 11, 12))).report.is_repeat


def test_plans_that_are_not_received_empty_no_topics_and_come_back_with_their_changes(
    store: Store, tmp_path: Path
) -> None:
    first = _export()
    first.plans["7б"]["Алгебра"][0].rows[3] = (first.plans["7б"]["Алгебра"][0].rows[3][0], "", "")
    _load(store, _write(first, tmp_path / "one", date(2018, 11, 12)))
    topics = store.rows("SELECT lesson_id, topic FROM fact_lesson_text WHERE topic IS NOT NULL ORDER BY 1")
    second = copy.deepcopy(first)
    del second.plans["7б"]  # a class without its workbook
    del second.plans["7а"]["Английский язык"]  # and a sheet of another
    second.grids["7б"][0].cells[min(_blanks(second.grids["7б"][0]))] = "5"
    loaded = _load(store, _write(second, tmp_path / "two", date(2018, 11, 19)))
    assert loaded.report.rejected_count == 0
    assert _changes(store) == []
    assert _new(store, "mark") == [("5", "2018-11-12 18:30:01", "2018-11-19 18:30:00")]
    assert loaded.not_received == [
        "topics of 7А Английский язык (Англ.яз 2)",
        "topics of 7Б Алгебра",
        "topics of 7Б Английский язык (Англ.яз 2)",
    ]
    assert any("7б" in message for _school, message in loaded.report.warnings)
    assert topics == store.rows("SELECT lesson_id, topic FROM fact_lesson_text WHERE topic IS NOT NULL ORDER BY 1")
    assert store.value("SELECT capabilities FROM dim_school") == ["homework", "topics"]
    told = store.rows(
        "SELECT c.letter, j.name, bool_and(o.can_tell) FROM obligation o JOIN dim_journal d USING (school_id,"
        " journal_id)"
        " JOIN dim_subject j USING (school_id, subject_id) JOIN dim_class c ON c.school_id = o.school_id"
        " AND c.class_id = o.class_id JOIN fact_lesson l ON l.school_id = o.school_id AND l.lesson_id = o.lesson_id"
        " WHERE o.rule = %s AND l.held_on > '2018-11-12' GROUP BY 1, 2 ORDER BY 1, 2",
        RULE["topic"].number,
    )
    assert told == [("а", "Алгебра", True), ("б", "Алгебра", False)]
    third = copy.deepcopy(first)
    third.grids = second.grids
    day = third.plans["7б"]["Алгебра"][0].rows[3][0]
    third.plans["7б"]["Алгебра"][0].rows[3] = (day, "Введена поздно", "")
    loaded = _load(store, _write(third, tmp_path / "three", date(2018, 11, 26)))
    assert loaded.differences == ["1 new topics"]
    assert store.rows(
        f"SELECT (topic_recorded_earliest {MOMENT})::text, (topic_recorded_latest {MOMENT})::text FROM fact_lesson"
        " WHERE topic_recorded_earliest > '2018-01-01'"
    ) == [("2018-11-12 18:30:01", "2018-11-26 18:30:00")]
    assert store.value("SELECT bool_and(can_tell) FROM obligation WHERE rule = %s", RULE["topic"].number)


def test_marks_of_periods_that_nobody_stated_load_beside_a_school_with_periods(store: Store, tmp_path: Path) -> None:
    other = BundleBuilder("2018-09-02T06:00:00+03:00")
    other.add("school", name="Другая", municipality="М", timezone="Europe/Moscow")
    other.add("school_class", class_key="c", school_year="2018/2019", grade="5", letter="а")
    other.add(
        "period",
        period_key="p",
        school_year="2018/2019",
        kind="quarter",
        number="1",
        starts_on="2018-09-01",
        ends_on="2018-10-28",
        grade_from="1",
        grade_to="11",
    )
    store.load(other)
    loaded = _load(store, _write(_export(), tmp_path / "one", date(2018, 11, 12)))
    assert loaded.report.rejected_count == 0
    assert store.value("SELECT count(*) FROM fact_period_mark") == 10


def test_a_rehearsal_tells_what_a_load_does_and_leaves_nothing(store: Store, tmp_path: Path) -> None:
    paths = _write(_export(), tmp_path / "one", date(2018, 11, 12))
    given = {"school_key": "s1", "timezone": "Europe/Moscow", "school_name": "Школа"}
    rehearsed = load_files(paths, store.url, Settings(store.home), given=given, rehearse=True)
    assert store.value("SELECT count(*) FROM load_run") == store.value("SELECT count(*) FROM dim_school") == 0
    loaded = _load(store, paths)
    assert rehearsed.report.balances == loaded.report.balances
    assert loaded.report.balances["mark"].loaded > 0
