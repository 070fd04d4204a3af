"""Every trap of sources 5.2, in workbooks written byte by byte from its words."""

from __future__ import annotations

import warnings
from datetime import date
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from etl.sources.answers import Answers
from etl.sources.bundle import Bundle
from etl.sources.earlier import Earlier, StoredEntry
from etl.sources.registry import recognise
from etl.sources.school_portal.alignment import Known, aligned
from etl.sources.school_portal.cells import Sheet, read_sheets
from etl.sources.school_portal.journals import Journal, read_journal
from etl.sources.school_portal.plans import read_plans
from etl.sources.school_portal.values import Entries, read_cell
from etl.sources.school_portal.words import class_and_group, day_number, month_number, period_column
from tests.etl.sources.raw_workbooks import journal, plan, xls, xlsx
from tests.etl.sources.school_portal_writer import zip_cp866

ANSWERS = Answers(school_key="s1", timezone="Europe/Moscow", secret=b"secret")
HEADS = [("Сентябрь", "3"), (None, "5"), ("Ноябрь", "26"), ("1 тр", None), ("Ноябрь", "30"), ("Январь", "14")]


def grid(content: bytes, file: str = "2018_2019_7а (7а).xlsx") -> Journal:
    (sheet,) = read_sheets(file, content)
    found = read_journal(sheet, None)
    assert isinstance(found, Journal), found
    return found


def opened(folder: Path, files: dict[str, bytes], name: str = "journals-12.11.2018.zip") -> Bundle:
    source, recognition = recognise(zip_cp866(folder / name, files, (2018, 11, 12, 18, 30, 0)))
    return source.open(recognition, ANSWERS, folder / "scratch", lambda *_: None)


def table(bundle: Bundle, name: str) -> pl.DataFrame:
    return pl.read_parquet(bundle.path / f"{name}.parquet")


@pytest.mark.parametrize("inline", [True, False], ids=["inline strings", "shared strings"])
def test_a_sheet_with_a_wrong_dimension_is_read_whole(tmp_path: Path, *, inline: bool) -> None:
    rows = journal(HEADS, [("Белов А.", ["5", "н", "4/5", "5", "н5", " 4 "])])
    content = xlsx({"Алг 7а": rows}, merges=["C7:D7"], inline=inline)
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "Workbook contains no default style": as the vendor's
        assert openpyxl.load_workbook(path, read_only=True).worksheets[0].max_column == 1  # the trap is there
    found = grid(content)
    assert [column.day for column in found.days] == [
        date(2018, 9, 3),
        date(2018, 9, 5),
        date(2018, 11, 26),
        date(2018, 11, 30),
        date(2019, 1, 14),
    ]
    assert [(column.kind, column.number) for column in found.periods] == [("trimester", 1)]
    assert not found.faults


def test_columns_are_found_wherever_the_grid_begins() -> None:
    rows = [[None, *row] for row in journal(HEADS[:2], [("Белов А.", ["5", "4"])])]
    rows[0:0] = [[], ["Школьный портал"]]
    found = grid(xlsx({"Алг 7а": rows}))
    assert [(column.column, column.day.day) for column in found.days] == [(3, 3), (4, 5)]
    assert [name for _row, name in found.pupils] == ["Белов А."]


def test_numbers_where_strings_should_be_are_the_same_cells(tmp_path: Path) -> None:
    rows = journal([("Сентябрь", 3), (None, 5.0)], [("Белов А.", [5, 4.0])])
    bundle = opened(tmp_path, {"2018_2019_7а (7а).xlsx": xlsx({"Алг 7а": rows})})
    assert table(bundle, "mark")["value"].to_list() == ["5", "4"]
    assert not bundle.strays


def test_marks_with_a_space_or_a_line_break_between_them_are_two() -> None:
    for text in ("4 5", "4\n5", "4/5", "4; 5", "4,5"):
        assert read_cell(text) == Entries(("4", "5")), text
    assert read_cell("н(5)") == read_cell("5 (н)") == Entries(("5",), ("н",))
    assert read_cell("нн") == read_cell("н/н") == Entries((), ("н",))
    assert read_cell("ОСВ/5") == Entries(("осв", "5"))
    assert read_cell("45") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10 А (соц) (10 А (соц))", (10, "а (соц)", "")),
        ("5А (Англ.яз (1))", (5, "а", "Англ.яз (1)")),
        ("5-А (5-А)", (5, "а", "")),
        ("1-й А (1-й А)", (1, "а", "")),
        ("11 Б с/э (11 Б с/э)", (11, "б с/э", "")),
        ("7а (7а класс)", (7, "а", "")),
        ("7a (Инф", (7, "а", "Инф")),
        ("7\u00a0а (7\u00a0а)", (7, "а", "")),
        ("5б (Франц.яз.)", (5, "б", "Франц.яз.")),
    ],
)
def test_classes_in_their_many_spellings(text: str, found: tuple[int, str, str]) -> None:
    assert class_and_group(text) == found


def test_heads_in_their_many_spellings() -> None:
    numbers = ("1 чт", "I четв.", "2-ое полугодие", "1 пг", "1 тр.", "2 сем.", "3-я четверть")
    assert [found[1:] for text in numbers if (found := period_column(text))] == [
        ("quarter", 1),
        ("quarter", 1),
        ("half_year", 2),
        ("half_year", 1),
        ("trimester", 1),
        ("half_year", 2),
        ("quarter", 3),
    ]
    assert [month_number(text) for text in ("Сентябрь 2018", "Hоябрь", "май 2019 г.", "Итог")] == [9, 11, 5, None]
    assert [day_number(text) for text in ("03", "3.0", "пн 3", "3 (пн)", "32", "3а")] == [3, 3, 3, 3, None, None]


def test_a_computed_column_is_no_entry_and_is_not_set_aside() -> None:
    rows = journal([*HEADS[:2], ("Ср. балл", None), ("Пропущено", None)], [("Белов А.", ["5", "4", "4,50", "3"])])
    found = grid(xlsx({"Алг 7а": rows}))
    assert (len(found.days), found.periods, found.faults) == (2, (), ())


def test_journals_without_days_and_without_pupils_are_journals(tmp_path: Path) -> None:
    sheets = {
        "Пустой 7а": journal([], [("Белов А.", [])], subject="Музыка"),
        "Нет 7а": journal(HEADS, [], subject="ИЗО"),
    }
    bundle = opened(tmp_path, {"2018_2019_7а (7а).xlsx": xlsx(sheets)})
    assert {line["subject_key"] for line in bundle.manifest.scope or ()} == {"музыка", "изо"}
    assert table(bundle, "lesson").height == 5
    assert not bundle.strays


def test_a_plan_has_blocks_long_texts_and_dates_as_text_or_numbers() -> None:
    homework = "§ 12, упр. 34 – выучить; " * 300
    rows = [
        *plan([("03.09.2018", "Степени", homework), ("05.09.2018", ".", None), (43360, "Корни", None)]),
        *plan([("03.09.2018", "Unit 1", "p. 5\np. 6")], named="7а (Англ.яз 2)", subject="Английский язык"),
    ]
    (sheet,) = read_sheets("LessonPlanning.zip/2018_7а.xls", xls({"Алгебра": rows}))
    plans, faults = read_plans(sheet, None)
    assert [(each.place.group, each.place.subject, each.teacher) for each in plans] == [
        ("", "Алгебра", "Иванова Мария Петровна"),
        ("Англ.яз 2", "Английский язык", "Иванова Мария Петровна"),
    ]
    assert [(line.day, line.topic) for line in plans[0].rows] == [
        (date(2018, 9, 3), "Степени"),
        (date(2018, 9, 5), "."),
        (date(2018, 9, 17), "Корни"),
    ]
    assert plans[0].rows[0].homework == homework.strip()
    assert plans[1].rows[0].homework == "p. 5\np. 6"
    assert not faults


def test_many_long_texts_survive_the_records_of_the_old_format() -> None:
    lines = [(f"{day:02}.09.2018", f"Тема № {day} " * (day * 7), "abc домашнее " * (day * 11)) for day in range(1, 31)]
    (sheet,) = read_sheets("2018_7а.xls", xls({"Алгебра": plan(lines)}))
    plans, _faults = read_plans(sheet, None)
    assert [(line.topic, line.homework) for line in plans[0].rows] == [(b.strip(), c.strip()) for _a, b, c in lines]


def test_the_moment_is_that_of_the_zip_where_no_name_says_it(tmp_path: Path) -> None:
    bundle = opened(tmp_path, {"2018_7а.xls": xls({"Алгебра": plan([("03.09.2018", "Степени", "")])})}, "Plan.zip")
    assert bundle.manifest.extracted_text == "2018-11-12T18:30:00+03:00"
    assert any("put into the zip" in warning for warning in bundle.warnings)


def test_a_folder_states_the_day_only_where_no_file_does(tmp_path: Path) -> None:
    folder = tmp_path / "13.11.2018"
    folder.mkdir()
    rows = journal(HEADS, [("Белов А.", ["5"])])
    saved = (2018, 11, 13, 9, 0, 0)
    zip_cp866(folder / "journals-12.11.2018.zip", {"2018_2019_7а (7а).xlsx": xlsx({"Алг 7а": rows})}, saved)
    zip_cp866(folder / "LessonPlanning.zip", {"2018_7а.xls": xls({"Алгебра": plan([("03.09.2018", "С", "")])})}, saved)
    source, recognition = recognise(folder)
    bundle = source.open(recognition, ANSWERS, tmp_path / "scratch", lambda *_: None)
    assert bundle.manifest.extracted_text == "2018-11-12T23:59:59+03:00"


def test_workbooks_lie_in_folders_and_zips_inside_the_zip(tmp_path: Path) -> None:
    rows = xlsx({"Алг 7а": journal(HEADS, [("Белов А.", ["5"])])})
    inner = zip_cp866(tmp_path / "a.zip", {"Школа/7 классы/2018_2019_7а (7а).xlsx": rows}, (2018, 11, 12, 18, 30, 0))
    bundle = opened(tmp_path, {"выгрузка/12.11/классы.zip": inner.read_bytes(), "Thumbs.db": b"x"})
    assert table(bundle, "mark").height == 1
    assert bundle.places["mark"]["place"][0] == "Алг 7а!C10"


def test_columns_keep_their_numbers_when_one_comes_between_them_or_goes() -> None:
    one, two, new = {"p": "5", "q": "4"}, {"p": "3", "r": "н"}, {"q": "2"}
    assert aligned([], [one, two], is_sure=False) == ["1", "2"]
    assert aligned([("1", one), ("2", two)], [one, new, two], is_sure=False) == ["1", "1.5", "2"]
    assert aligned([("1", one), ("1.5", new), ("2", two)], [one, new, two], is_sure=False) == ["1", "1.5", "2"]
    assert aligned([("1", one), ("2", two)], [two], is_sure=False) == ["2"]
    assert aligned([("1", one)], [one, new], is_sure=False) == ["1", "2"]
    assert aligned([("1", one)], [new, one], is_sure=False) == ["0.5", "1"]
    # as many as before are the same ones: a mark that moved to the other lesson was deleted here and set there
    assert aligned([("1", {"p": "5"}), ("2", {})], [{}, {"p": "5"}], is_sure=False) == ["1", "2"]
    assert aligned([("1", {"p": "5"})], [{}, {"p": "5"}], is_sure=False) == ["1", "2"]  # one cell proves little


def test_a_sheet_says_the_address_of_a_cell_beyond_column_z() -> None:
    assert Sheet("f", "Алг 7а", ()).address(8, 27) == "Алг 7а!AB9"


@pytest.mark.parametrize(
    ("stored", "now", "places"),
    [
        ({"1": "5"}, ["4", "5"], ["0.5", "1"]),  # a second mark before it does not change it
        ({"1": "5"}, ["5", "4"], ["1", "2"]),
        ({"1": "4", "2": "5"}, ["5"], ["2"]),  # the first is gone; the second was not made of it
        ({"1": "4", "2": "5"}, ["4"], ["1"]),
        ({"2": "5"}, ["3"], ["2"]),
        ({"1": "4", "2": "5"}, ["5", "4"], ["1", "2"]),  # as many as before are the same ones, both changed
        ({"1": "4"}, ["5", "3"], ["1", "2"]),
        ({}, ["5", "3"], ["1", "2"]),
    ],
)
def test_marks_of_one_cell_keep_their_places(stored: dict[str, str], now: list[str], places: list[str]) -> None:
    entries = [StoredEntry(f"cell|{place}", value, True) for place, value in stored.items()]
    gone = StoredEntry("cell|7", "2", False)
    absent = StoredEntry("cell|1", "Н", True, True)
    known = Known(Earlier(entries=(*entries, gone, absent)))
    assert known.places_of("cell", now, is_absence=False) == places
    assert known.places_of("cell", ["н"], is_absence=True) == ["1"]


def test_a_line_below_the_list_is_no_pupil_unless_it_holds_an_entry() -> None:
    rows = journal(HEADS[:2], [("Белов А.", ["5", "4"]), ("Гусев И.", [])])
    rows += [[], [None, "Всего учеников: 2"], ["Выгружено 12.11.2018", "Школа"], [None, "Яшин Л.", "3"]]
    found = grid(xlsx({"Алг 7а": rows}))
    assert [name for _row, name in found.pupils] == ["Белов А.", "Гусев И.", "Яшин Л."]
    assert not found.faults
    bare = [[None, *row[1:]] if row and row[0] in ("1", "2") else row for row in rows[:-4]]  # a list without numbers
    assert [name for _row, name in grid(xlsx({"Алг 7а": bare})).pupils] == ["Белов А.", "Гусев И."]
