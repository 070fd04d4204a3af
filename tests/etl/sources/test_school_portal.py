"""The traps of the portal's files, one by one, read from bytes that another module writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from etl.errors import SettingsError, SourceError
from etl.sources.answers import Answers, PeriodAnswer
from etl.sources.bundle import Bundle
from etl.sources.registry import recognise
from etl.sources.school_portal.people import Teachers
from etl.sources.school_portal.plans import PlanRow
from etl.sources.school_portal.tables import join_blocks
from etl.sources.school_portal.values import Entries, read_cell
from etl.sources.school_portal.words import class_and_group, month_number, period_column, school_year
from tests.etl.sources.school_portal_writer import (
    Block,
    Grid,
    activity_bytes,
    journal_bytes,
    plan_bytes,
    zip_cp866,
)

SAVED = (2018, 11, 12, 18, 30, 0)
ANSWERS = Answers(school_key="s1", secret=b"secret", timezone="Europe/Moscow")
DAY = date(2018, 9, 3)


def grid(**given: object) -> Grid:
    plain = Grid("Алг 7а", "7а (7а)", "Алгебра", "Иванова Мария Петровна", [DAY], ["Белов А."], {(0, 0): "5"})
    return replace(plain, **given)  # type: ignore[arg-type]


def opened(
    folder: Path, files: dict[str, bytes], answers: Answers = ANSWERS, name: str = "journals-12.11.2018.zip"
) -> Bundle:
    source, recognition = recognise(zip_cp866(folder / name, files, SAVED))
    assert source.name == "school_portal"
    return source.open(recognition, answers, folder / "scratch", lambda *_: None)


def table(bundle: Bundle, name: str) -> pl.DataFrame:
    return pl.read_parquet(bundle.path / f"{name}.parquet")


@pytest.mark.parametrize(
    ("text", "marks", "absences"),
    [
        ("5", "5", ""),
        (" 4 ", "4", ""),
        ("4/5", "4 5", ""),
        ("4 / 5", "4 5", ""),
        ("5/4/3", "5 4 3", ""),
        ("4-", "4-", ""),
        ("4−", "4-", ""),
        ("5+/4", "5+ 4", ""),
        ("н5", "5", "н"),
        ("5н", "5", "н"),
        ("н/5", "5", "н"),
        ("Н 4/5", "4 5", "н"),
        ("Н", "", "н"),
        ("H", "", "н"),
        ("н\u00a0", "", "н"),
        ("УП", "", "УП"),
        ("yп", "", "УП"),
        ("Б", "", "Б"),
        ("OT", "", "ОТ"),
        ("нп", "", "НП"),
        ("О", "", "О"),
        ("оп", "", "ОП"),
        ("ОСВ", "осв", ""),
        ("осв.", "осв", ""),
        ("зач", "зач", ""),
        ("Зачёт", "зач", ""),
        ("нз", "незач", ""),
        ("незачет", "незач", ""),
        ("н.а.", "н/а", ""),
        ("Н/А", "н/а", ""),
        ("HA", "н/а", ""),
        ("н/оц", "н/оц", ""),
        (".", ".", ""),
        ("точка", ".", ""),
        ("3/.", "3 .", ""),
    ],
)
def test_every_known_value_is_read(text: str, marks: str, absences: str) -> None:
    assert read_cell(text) == Entries(tuple(marks.split()), tuple(absences.split()))


@pytest.mark.parametrize("text", ["6", "45", "0", "ы", "5x", "н?", "-", "отлично"])
def test_what_is_unknown_is_not_guessed(text: str) -> None:
    assert read_cell(text) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("7а (Англ.яз 2)", (7, "а", "Англ.яз 2")),
        ("5б (Франц.яз.)", (5, "б", "Франц.яз.")),
        ("11 а (11-а)", (11, "а", "")),
        ("7а (7а) 2018/2019 учебный год", (7, "а", "")),
        ("10 «Б»", (10, "б", "")),
        ("7a", (7, "а", "")),
        ("12а", None),
        ("а", None),
    ],
)
def test_a_class_and_its_group_are_read_from_one_cell(text: str, found: tuple[int, str, str] | None) -> None:
    assert class_and_group(text) == found


def test_heads_of_columns_are_known_in_their_many_spellings() -> None:
    assert [period_column(text) for text in ("1 тр", "2 сем", "3 чет", "II полугодие")] == [
        ("period", "trimester", 1),
        ("period", "half_year", 2),
        ("period", "quarter", 3),
        ("period", "half_year", 2),
    ]
    assert [found[0] for text in ("Год", "Экзамен", "Итог") if (found := period_column(text))] == [
        "year",
        "exam",
        "final",
    ]
    assert [month_number(text) for text in ("Сентябрь", "МАЙ", "марта", "дек.", "Число")] == [9, 5, 3, 12, None]
    assert [school_year(text) for text in ("2018/2019", "2018-19", "2018_2019_7а", "2018/2020")] == [
        2018,
        2018,
        2018,
        None,
    ]


def test_a_month_goes_on_after_a_period_column_and_the_year_turns_in_january(tmp_path: Path) -> None:
    heads = [date(2018, 11, 5), "1 тр", date(2018, 11, 26), date(2019, 1, 14), "Год", "Экзамен", "Итог"]
    cells = {(0, column): "5" for column in range(7)}
    bundle = opened(tmp_path, {"2018_2019_7а (7а).xlsx": journal_bytes([grid(heads=heads, cells=cells)])})
    assert table(bundle, "lesson")["held_on"].to_list() == ["2018-11-05", "2018-11-26", "2019-01-14"]
    assert table(bundle, "lesson")["status"].to_list() == ["held", "planned", "planned"]
    assert table(bundle, "period_mark").select("kind", "period_key").rows() == [
        ("period", "2018/2019|trimester|1"),
        ("year", "2018/2019|year|1"),
        ("exam", "2018/2019|year|1"),
        ("final", "2018/2019|year|1"),
    ]
    assert not bundle.strays


def test_names_in_cp866_and_the_moment_in_the_zip_are_read(tmp_path: Path) -> None:
    bundle = opened(tmp_path, {"2018_2019_11 а (11-а).xlsx": journal_bytes([grid(group="11 а (11-а)")])})
    assert bundle.manifest.extracted_text == "2018-11-12T18:30:00+03:00"
    assert bundle.places["mark"]["file"][0] == "journals-12.11.2018.zip/2018_2019_11 а (11-а).xlsx"
    assert table(bundle, "school_class").select("grade", "letter").rows() == [("11", "а")]


@pytest.mark.parametrize(("lines", "lessons", "used"), [(1, 1, {"1"}), (2, 2, {"1", "2"})])
def test_the_plan_says_whether_a_day_that_stands_twice_is_two_lessons_or_two_works(
    tmp_path: Path, lines: int, lessons: int, used: set[str]
) -> None:
    plan = plan_bytes(
        {"Алгебра": [Block("7а", "Алгебра", "Мария Петровна Иванова", [(DAY, "Степени", "п. 1")] * lines)]}, "7а"
    )
    journal = journal_bytes([grid(heads=[DAY, DAY], cells={(0, 0): "5", (0, 1): "4"})])
    bundle = opened(tmp_path, {"2018_2019_7а (7а).xlsx": journal, "2018_7а.xls": plan})
    assert table(bundle, "lesson").height == lessons
    assert {key.rpartition("|")[2] for key in table(bundle, "mark")["lesson_key"]} == used
    assert table(bundle, "mark")["mark_key"].n_unique() == 2
    assert table(bundle, "staff")["full_name"].to_list() == ["Иванова Мария Петровна"]


def test_future_lessons_of_the_plan_come_with_their_topics(tmp_path: Path) -> None:
    plan = plan_bytes(
        {"Алгебра": [Block("7а", "Алгебра", "Мария Петровна Иванова", [(date(2019, 2, 1), "Корни", "")])]}, "7а"
    )
    bundle = opened(tmp_path, {"2018_2019_7а (7а).xlsx": journal_bytes([grid()]), "2018_7а.xls": plan})
    assert table(bundle, "lesson").select("held_on", "status", "topic").rows() == [
        ("2018-09-03", "held", None),
        ("2019-02-01", "planned", "Корни"),
    ]
    assert bundle.manifest.capabilities == {"topics", "homework"}


def test_journals_alone_do_not_speak_of_topics(tmp_path: Path) -> None:
    bundle = opened(tmp_path, {"2018_2019_7а (7а).xlsx": journal_bytes([grid()])})
    assert bundle.manifest.capabilities == frozenset()
    assert not {"topic", "homework"} & set(table(bundle, "lesson").columns)
    assert "lesson" in bundle.manifest.keeps


def test_two_teachers_of_a_journal_both_teach_it_and_the_first_holds_its_lessons(tmp_path: Path) -> None:
    teachers = "Иванова Мария Петровна, Петров Пётр Ильич"
    bundle = opened(tmp_path, {"2018_2019_7а (7а).xlsx": journal_bytes([grid(teachers=teachers)])})
    first = table(bundle, "lesson")["staff_key"][0]
    names = dict(table(bundle, "staff").select("staff_key", "full_name").iter_rows())
    assert names[first] == "Иванова Мария Петровна"
    assert table(bundle, "teaching_load").height == 2


def test_a_teacher_is_one_person_in_any_order_of_the_name_and_with_initials() -> None:
    teachers = Teachers(b"secret", "s1")
    teachers.know(["Иванова Мария Петровна", "Смит Джон Дэвид", "Смит Джейн Дора"])
    assert len({teachers.key(name) for name in ("Мария Петровна Иванова", "Иванова М.П.", "М. П. Иванова")}) == 1
    assert teachers.key("Смит Д.Д.") not in {teachers.key("Смит Джон Дэвид"), teachers.key("Смит Джейн Дора")}


def test_namesakes_are_kept_apart_and_a_key_holds_no_name_and_stays_next_year(tmp_path: Path) -> None:
    pupils = ["Иванов И.", "Иванов И.", "Яшин Л."]
    first = opened(tmp_path, {"2018_2019_7а (7а).xlsx": journal_bytes([grid(pupils=pupils)])})
    keys = table(first, "pupil")["pupil_key"].to_list()
    assert len(set(keys)) == 3
    assert any("namesake" in warning for warning in first.warnings)
    assert not any("ван" in key for key in keys)
    other = tmp_path / "next"
    other.mkdir()
    second = opened(
        other,
        {
            "2019_2020_8а (8а).xlsx": journal_bytes(
                [grid(group="8а (8а)", pupils=pupils, heads=[date(2019, 9, 3)])], 2019
            )
        },
        name="journals-12.11.2019.zip",
    )
    assert table(second, "pupil")["pupil_key"].to_list() == keys


def test_a_subgroup_has_its_own_list_and_its_pupils_are_those_of_the_class(tmp_path: Path) -> None:
    english = grid(name="Анг 7а 2", group="7а (Англ.яз 2)", subject="Английский язык", pupils=["Яшин Л."])
    bundle = opened(
        tmp_path, {"2018_2019_7а (7а).xlsx": journal_bytes([grid(pupils=["Белов А.", "Яшин Л."]), english])}
    )
    assert table(bundle, "pupil").height == 2
    assert table(bundle, "study_group").select("kind", "name").rows() == [("class", "7а"), ("subgroup", "Англ.яз 2")]
    assert table(bundle, "group_member")["pupil_key"].to_list() == [table(bundle, "pupil")["pupil_key"][1]]


def test_a_column_that_is_no_day_is_set_aside_cell_by_cell_with_its_address(tmp_path: Path) -> None:
    heads = [date(2018, 9, 3), "Примечание"]
    bundle = opened(
        tmp_path, {"2018_2019_7а (7а).xlsx": journal_bytes([grid(heads=heads, cells={(0, 0): "5", (0, 1): "x"})])}
    )
    assert bundle.strays["mark"].select("column_name", "value").rows() == [("Алг 7а!D10", "x")]


def test_files_of_two_days_are_not_one_moment_and_a_file_without_a_day_asks_for_it(tmp_path: Path) -> None:
    for day in ("12.11.2018", "13.11.2018"):
        zip_cp866(tmp_path / f"journals-{day}.zip", {"2018_2019_7а (7а).xlsx": journal_bytes([grid()])}, SAVED)
    source, recognition = recognise(tmp_path)
    with pytest.raises(SourceError, match="several days"):
        source.open(recognition, ANSWERS, tmp_path / "scratch", lambda *_: None)
    single = tmp_path / "2018_2019_7а (7а).xlsx"
    single.write_bytes(journal_bytes([grid()]))
    source, recognition = recognise(single)
    with pytest.raises(SettingsError, match="exported"):
        source.open(recognition, ANSWERS, tmp_path / "scratch", lambda *_: None)


def test_a_period_that_is_not_stated_is_told_and_its_marks_are_loaded(tmp_path: Path) -> None:
    answers = replace(ANSWERS, periods=(PeriodAnswer("quarter", 1, DAY, date(2018, 10, 28)),))
    journal = journal_bytes([grid(heads=[DAY, "1 тр", "Год"], cells={(0, 1): "5", (0, 2): "4"})])
    bundle = opened(tmp_path, {"2018_2019_7а (7а).xlsx": journal}, answers)
    assert any("no period is stated for the marks of «1 тр» of grade 7" in warning for warning in bundle.warnings)
    assert table(bundle, "period_mark")["period_key"].to_list() == ["2018/2019|trimester|1", "2018/2019|year|1|1-11"]
    assert table(bundle, "period").select("kind", "starts_on", "ends_on").rows() == [
        ("quarter", "2018-09-03", "2018-10-28"),
        ("year", "2018-09-03", "2018-10-28"),
    ]
    assert bundle.manifest.silent == {"period"}


def test_periods_of_another_school_year_are_not_taken(tmp_path: Path) -> None:
    periods = tuple(PeriodAnswer("trimester", 1, date(year, 9, 1), date(year, 11, 30), 5, 9) for year in (2017, 2018))
    journal = journal_bytes([grid(heads=[DAY, "1 тр"], cells={(0, 1): "5"})])
    bundle = opened(tmp_path, {"2018_2019_7а (7а).xlsx": journal}, replace(ANSWERS, periods=periods))
    assert table(bundle, "period_mark")["period_key"].to_list() == ["2018/2019|trimester|1|5-9"]


def test_the_letter_of_absence_in_a_column_of_a_period_means_not_attested(tmp_path: Path) -> None:
    cells = {(0, 1): "н", (0, 2): "ОСВ", (0, 3): "4/5", (0, 4): "5"}
    heads = [DAY, "1 сем", "Год", "Экзамен", "Итог"]
    bundle = opened(tmp_path, {"2018_2019_10а (10а).xlsx": journal_bytes([grid(heads=heads, cells=cells)])})
    assert table(bundle, "period_mark").select("kind", "value").rows() == [
        ("period", "н/а"),
        ("year", "осв"),
        ("exam", "4"),
        ("exam", "5"),
        ("final", "5"),
    ]
    assert not bundle.strays


def test_a_topic_that_begins_like_a_class_is_a_topic_and_a_block_without_a_table_is_a_plan_not_begun(
    tmp_path: Path,
) -> None:
    rows = [(DAY, "Класс: Птицы", ""), (date(2018, 9, 4), "Класс: Звери", "§ 2")]
    plan = plan_bytes({"Алгебра": [Block("7а", "Алгебра", "Мария Петровна Иванова", rows)]}, "7а")
    bundle = opened(tmp_path, {"2018_2019_7а (7а).xlsx": journal_bytes([grid()]), "2018_7а.xls": plan})
    assert table(bundle, "lesson")["topic"].to_list() == ["Класс: Птицы", "Класс: Звери"]
    assert not bundle.strays


def test_two_blocks_of_one_journal_are_joined_day_by_day() -> None:
    def line(row: int, day: int, topic: str) -> PlanRow:
        return PlanRow(row, date(2018, 9, day), topic, "")

    first = (line(0, 3, "А"), line(1, 4, "Б"))
    other = (line(5, 4, "В"), line(6, 5, "Г"), line(7, 5, "Д"))
    for columns, expected in (({}, "А Б Г Д"), ({date(2018, 9, 4): 2}, "А Б В Г Д")):
        assert [each.topic for each in join_blocks([first, other], columns)] == expected.split()


def test_a_folder_in_a_folder_is_read_and_its_name_may_state_the_day(tmp_path: Path) -> None:
    folder = tmp_path / "12.11.2018" / "journals"
    folder.mkdir(parents=True)
    (folder / "2018_2019_7а (7а).xlsx").write_bytes(journal_bytes([grid()]))
    source, recognition = recognise(tmp_path / "12.11.2018")
    bundle = source.open(recognition, ANSWERS, tmp_path / "scratch", lambda *_: None)
    assert bundle.manifest.extracted_text == "2018-11-12T23:59:59+03:00"


def test_sign_ins_are_read_by_person(tmp_path: Path) -> None:
    users = [("Иванова Мария Петровна", 5, 2, "03.11.2018 10:00"), ("Петров Пётр Ильич", 0, 0, "")]
    report = activity_bytes(date(2018, 11, 1), date(2018, 11, 7), users)
    bundle = opened(tmp_path, {"reportGlobalStatPersonal.xls": report})
    assert bundle.manifest.mode == "delta"
    assert table(bundle, "activity").select("date", "logins").rows() == [("2018-11-03", "7"), ("2018-11-07", "0")]


def test_journals_without_a_plan_are_a_bundle_of_their_own_that_carries_no_topics(tmp_path: Path) -> None:
    block = Block("7а", "Алгебра", "Мария Петровна Иванова", [(DAY, "Степени", "п. 1")])
    other = Block("7а", "Химия", "Мария Петровна Иванова", [(DAY, "Вода", "")])
    files = {
        "2018_2019_7а (7а).xlsx": journal_bytes([grid(), grid(name="Физ 7а", subject="Физика")]),
        "2018_2019_7б (7б).xlsx": journal_bytes([grid(group="7б (7б)")]),
        "2018_7а.xls": plan_bytes({"Алгебра": [block], "Химия": [other]}, "7а"),
    }
    alone = opened(tmp_path, files)
    planned, both = alone.further
    parts = (alone, planned, both)
    assert [each.manifest.capabilities for each in parts] == [{"topics", "homework"}] * 3
    assert [{line["subject_key"] for line in each.manifest.scope or ()} for each in parts] == [
        {"физика", "алгебра"},
        {"химия"},
        {"алгебра"},
    ]
    assert "topic" not in table(alone, "lesson").columns
    assert "mark" not in planned.files
    assert table(both, "lesson")["topic"].to_list() == ["Степени"]
    # the same pupil, whichever part he is read from
    assert set(table(alone, "mark")["pupil_key"]) >= set(table(both, "mark")["pupil_key"])
    assert any("7б" in warning for warning in alone.warnings)
    assert any("7а Физика" in warning for warning in alone.warnings)
