"""Saved reports of «Сетевой город. Образование», written by `netschool_writer`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from etl.errors import SettingsError
from etl.job import load_bundle
from etl.run_log import LoadReport
from etl.sources.answers import Answers, PeriodAnswer
from etl.sources.netschool_files import read_reports
from etl.sources.registry import recognise
from tests.etl.conftest import Store
from tests.etl.sources.netschool_writer import (
    HEAD,
    page,
    student_grades,
    student_total,
    student_total_marks,
    student_total_workbook,
)

DAYS = {"Сентябрь": ("3", "10"), "Октябрь": ("1",)}
CELLS = {"Алгебра": ("5 4", "УП", ""), "Русский язык": ("н", ".", "ОСВ"), "Физика": ("", "5н", "9")}
GRADES = [
    ("Контрольная работа", "Дроби", "10.09.2024", "17.09.2024", "4"),
    ("Ответ на уроке", "", "12.09.2024", "12.09.24", "5"),
    ("Кахут", "", "13.09.2024", "", "3"),
    ("Тест", "", "31.09.2024", "30.09.2024", "3"),
]
ANSWERS = Answers(
    school_key="s7",
    municipality="Город",
    timezone="Europe/Moscow",
    secret=b"secret",
    periods=(PeriodAnswer("quarter", 1, date(2024, 9, 2), date(2024, 10, 27)),),
)
MARKS = (
    "SELECT s.name, l.held_on::text, m.value, m.recorded_earliest::date::text, m.recorded_quality FROM fact_mark m"
    " JOIN fact_lesson l USING (lesson_id) JOIN dim_subject s USING (subject_id) ORDER BY 1, 2, m.mark_key"
)


def saved(folder: Path, **reports: str | bytes) -> Path:
    folder.mkdir()
    for name, content in reports.items():
        is_page = isinstance(content, str)
        (folder / f"{name}.{'html' if is_page else 'xlsx'}").write_bytes(
            content.encode() if isinstance(content, str) else content
        )
    return folder


def load(store: Store, path: Path, answers: Answers = ANSWERS) -> LoadReport:
    source, recognition = recognise(path)
    assert source.name == "netschool_reports"
    bundle = source.open(recognition, answers, store.folder / f"scratch-{path.name}", lambda *_: None)
    return load_bundle(path, store.url, store.home, bundle=bundle)


def test_marks_codes_and_debts_of_a_pupils_days_are_loaded_and_an_unknown_value_is_set_aside(
    store: Store, tmp_path: Path
) -> None:
    report = load(store, saved(tmp_path / "files", total=student_total(DAYS, CELLS)))
    assert report.unbalanced() == []
    assert report.extracted_at.isoformat() == "2024-10-28T11:05:09+00:00"
    assert [row[:3] for row in store.rows(MARKS)] == [
        ("Алгебра", "2024-09-03", "5"),
        ("Алгебра", "2024-09-03", "4"),
        ("Русский язык", "2024-09-10", "."),
        ("Русский язык", "2024-10-01", "осв"),
        ("Физика", "2024-09-10", "5"),
    ]
    absences = "SELECT s.name, code FROM fact_absence a JOIN fact_lesson l USING (lesson_id) JOIN dim_subject s"
    assert store.rows(absences + " USING (subject_id) ORDER BY 1") == [
        ("Алгебра", "УП"), ("Русский язык", "Н"), ("Физика", "Н"),
    ]  # fmt: skip
    assert [row[:4] for row in store.rejected()] == [("total.html", 5, "столбец 4", "9")]
    assert store.rows("SELECT name FROM dim_school") == [("МБОУ СОШ № 7",)]
    assert "Петров" not in str(store.rows("SELECT pupil_key FROM dim_pupil"))


def test_the_workbook_says_the_same_as_the_page(tmp_path: Path) -> None:
    folder = saved(tmp_path / "files", a=student_total(DAYS, CELLS), b=student_total_workbook(DAYS, CELLS))
    page_read, book_read = read_reports(folder)
    assert (page_read.form, book_read.form) == ("StudentTotal", "StudentTotal")
    assert page_read.head == book_read.head and page_read.stated_at == book_read.stated_at
    assert [row[:4] for row in page_read.grid] == [row[:4] for row in book_read.grid]


def test_the_day_a_mark_was_set_is_its_moment_and_the_total_does_not_repeat_it(store: Store, tmp_path: Path) -> None:
    total = student_total(DAYS, {"Алгебра": ("5 4", "4", "")})
    folder = saved(tmp_path / "files", total=total, grades=student_grades("Алгебра", "Сидорова О. И.", GRADES))
    report = load(store, folder)
    assert store.rows(MARKS) == [
        ("Алгебра", "2024-09-10", "4", "2024-09-16", 2),  # 00:00 in Moscow is the day before in UTC
        ("Алгебра", "2024-09-12", "5", "2024-09-11", 2),
        ("Алгебра", "2024-09-13", "3", "1900-01-01", 4),
    ]
    assert store.rows("SELECT kind FROM fact_work ORDER BY 1") == [("oral",), ("test",)]
    assert store.rows("SELECT full_name FROM dim_staff_name") == [("Сидорова О. И.",)]
    assert [row[2:4] for row in store.rejected()] == [("Дата выполнения", "31.09.2024")]
    assert any("'Кахут'" in message for _, message in report.warnings)


def test_period_marks_stand_in_the_periods_that_were_answered(store: Store, tmp_path: Path) -> None:
    marks = student_total_marks(("1 четверть", "2 четверть", "Год", "Экз", "Итог"), {"Алгебра": ("4", "5", "", "", "")})
    load(store, saved(tmp_path / "files", marks=marks))
    assert store.rows("SELECT value, kind FROM fact_period_mark") == [("4", "period")]
    assert [row[2] for row in store.rejected()] == ["2 четверть"]


def test_reports_of_every_pupil_are_a_snapshot_of_their_class_alone(store: Store, tmp_path: Path) -> None:
    answers = replace(ANSWERS, options={"netschool_reports": {"complete": True}})
    other = {**HEAD, "Класс": "8а", "Ученик": "Иванова Анна"}
    first = {"Алгебра": ("5 4", "УП", "")}
    load(
        store,
        saved(
            tmp_path / "a",
            seven=student_total(DAYS, first),
            eight=student_total(DAYS, {"Алгебра": ("3", "", "")}, other),
        ),
        answers,
    )
    later = student_total(DAYS, {"Алгебра": ("5", "УП", "2")}).replace("28.10.2024", "29.10.2024")
    load(store, saved(tmp_path / "b", seven=later), answers)
    assert sorted(store.marks().values()) == ["2", "3", "5"]
    assert store.rows("SELECT value, recorded_quality FROM fact_mark WHERE value = '2'") == [("2", 3)]


def test_a_report_of_a_class_by_days_is_recognised_and_said_to_hold_no_lessons(store: Store, tmp_path: Path) -> None:
    head = {"Класс": "7б", "Месяц": "Сентябрь 2024"}
    days = page("Отчет о посещаемости класса", head, "<table><tr><th>Ученик</th></tr><tr><td>П</td></tr></table>")
    load(store, saved(tmp_path / "files", days=days, total=student_total(DAYS, CELLS)))
    reasons = {row[4] for row in store.rejected() if row[0] == "days.html"}
    assert len(reasons) == 1 and "save StudentTotal of its pupils" in reasons.pop()


def test_a_report_without_its_footer_needs_the_moment(tmp_path: Path) -> None:
    path = saved(tmp_path / "files", total=student_total(DAYS, CELLS).replace("Состояние на", "Версия"))
    source, recognition = recognise(path)
    with pytest.raises(SettingsError, match="Состояние на"):
        source.open(recognition, ANSWERS, tmp_path / "scratch", lambda *_: None)


def test_two_pupils_of_one_name_in_a_class_never_become_one(store: Store, tmp_path: Path) -> None:
    one, other = student_total(DAYS, CELLS), student_total(DAYS, {"Алгебра": ("2", "", "")})
    third = student_total(DAYS, {"Алгебра": ("4", "", "")}, {**HEAD, "Ученик": "Яшин Лев"})
    load(store, saved(tmp_path / "files", one=one, other=other, third=third, again=third))
    assert list(store.marks().values()) == ["4"]
    assert [(row[0], row[3]) for row in store.rejected()] == [(f"{n}.html", "Петров Пётр") for n in ("one", "other")]
