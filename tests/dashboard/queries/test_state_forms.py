"""Tables for forms of authorities, against a loop over the stored rows, and who gets them."""

from __future__ import annotations

import io
from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import polars as pl
import pytest

from dashboard import i18n
from dashboard.access import Identity
from dashboard.filters import Filters
from dashboard.library.files import Sender, document
from dashboard.library.make import Made, bodies, read_report
from dashboard.library.registry import BY_CODE, REPORTS
from dashboard.library.state_forms import state_forms
from dashboard.queries.contingent import read_contingent
from dashboard.queries.origins import read_origins
from dashboard.queries.state_forms import StateForms
from dashboard.reports.document import Section
from dashboard.reports.files import rendered
from etl.warehouse.engine import owner_connection
from tests.dashboard.queries.test_decisions import DEPUTY, INSPECTOR, TEACHER, three_people

NOW = datetime(2026, 11, 12, 5, 0, tzinfo=UTC)
DAY = date(2026, 10, 20)
PLACE = Filters(school=1, period="d2026-10-05_2026-10-20")
Line = tuple[Any, ...]


@pytest.fixture
def scope_of(database, loaded, monkeypatch):
    yield from three_people(database, loaded, monkeypatch)


def lines_of(part: Section) -> list[Line]:
    (table,) = part.tables()
    return [tuple(row) for row in table.rows]


def words_of(part: Section) -> str:
    return " ".join(block.text for block in part.blocks if hasattr(block, "text"))


def counted(pupils: list[Line]) -> Line:
    """All, girls, boys, unknown of (grade, sex, born); blank where the sex of nobody is known."""
    sexes = Counter(sex for _, sex, _ in pupils)
    known = len(pupils) > sexes[None]
    return (len(pupils), sexes["f"] if known else None, sexes["m"] if known else None, sexes[None])


def stored_pupils(database: str) -> list[Line]:
    """(grade, sex, year of birth) of everybody on the roll of DAY, one by one."""
    with owner_connection(database) as owner:
        rolls = owner.execute(
            "SELECT e.from_on, e.to_on, e.class_id, e.pupil_id, c.grade FROM fact_enrolment e JOIN dim_class c"
            " USING (school_id, class_id) WHERE school_id = 1 ORDER BY e.from_on, e.class_id"
        ).fetchall()
        told = {row[0]: row[1:] for row in owner.execute("SELECT pupil_id, sex, birth_year FROM dim_pupil").fetchall()}
    grades = {}
    for from_on, to_on, _, pupil, grade in rolls:
        if from_on <= DAY and (to_on is None or to_on > DAY):
            grades[pupil] = grade
    return [(grade, *told[pupil]) for pupil, grade in grades.items()]


def spoil(database: str) -> None:
    """One pupil without a sex, one without a year, one born in the future, a grade of unknown sex, one on two rolls."""
    with owner_connection(database) as owner:
        owner.execute("UPDATE dim_pupil SET sex = NULL WHERE pupil_id = 1")
        owner.execute("UPDATE dim_pupil SET birth_year = NULL WHERE pupil_id = 2")
        owner.execute("UPDATE dim_pupil SET birth_year = 2101 WHERE pupil_id = 3")
        owner.execute(
            "UPDATE dim_pupil SET sex = NULL WHERE pupil_id IN (SELECT pupil_id FROM fact_enrolment JOIN dim_class"
            " USING (school_id, class_id) WHERE grade = (SELECT max(grade) - 1 FROM dim_class))"
        )
        owner.execute(
            "INSERT INTO fact_enrolment SELECT (jsonb_populate_record(e, jsonb_build_object('from_on', '2026-10-01',"
            " 'class_id', (SELECT max(class_id) FROM dim_class WHERE grade = (SELECT max(grade) FROM dim_class))))).*"
            " FROM fact_enrolment e WHERE pupil_id = (SELECT min(pupil_id) FROM fact_enrolment JOIN dim_class"
            " USING (school_id, class_id) WHERE grade = (SELECT min(grade) FROM dim_class) AND to_on IS NULL)"
        )


def made_of(scope, place: Filters = PLACE) -> Made:
    made = read_report(scope, place, BY_CODE["state_forms"], NOW)
    assert made is not None
    return made


def test_pupils_by_grade_sex_and_age_are_those_of_a_loop(scope_of, database):
    page = read_contingent(scope_of(DEPUTY), PLACE, NOW)
    plain = made_of(scope_of(DEPUTY))
    assert page is not None and plain.frames.day == page.until == DAY
    assert plain.frames.pupils["pupils"].sum() == page.classes["closing"].sum() > 100
    spoil(database)
    made = made_of(scope_of(DEPUTY))
    (body,) = bodies(made)
    by_grade, by_age, by_both = body.parts
    pupils = stored_pupils(database)
    said = [(grade, sex, born if born is not None and 0 <= DAY.year - born <= 100 else None)
            for grade, sex, born in pupils]  # fmt: skip

    grades = sorted({grade for grade, _, _ in said})
    expected = [(str(grade), *counted([row for row in said if row[0] == grade])) for grade in grades]
    assert lines_of(by_grade) == [*expected, ("Всего", *counted(said))]
    assert [line[2:4] for line in expected].count((None, None)) == 1

    years = sorted({born for _, _, born in said if born}, reverse=True)
    ages = [(str(born), DAY.year - born, *counted([row for row in said if row[2] == born])) for born in years]
    unknown = ("не указан", None, *counted([row for row in said if row[2] is None]))
    assert lines_of(by_age) == [*ages, unknown, ("Всего", None, *counted(said))]
    assert unknown[2] == 2

    pairs = Counter((str(grade), str(born) if born else "не указан") for grade, _, born in said)
    assert {line[:2]: line[3] for line in lines_of(by_both)[:-1]} == pairs
    assert lines_of(by_both)[-1] == ("Всего", None, None, *counted(said))
    told = words_of(by_grade)
    without = counted(said)[-1]
    assert "20.10.2026" in told and f"Пол не указан: {i18n.count(without, 'pupil')}" in told
    assert f"двух классах: {i18n.count(1, 'pupil')}" in told and f"невозможен: {i18n.count(2, 'pupil')}" in told
    assert "исполняется в 2026 году" in words_of(by_age)

    sender = Sender(Identity(DEPUTY, "deputy", "Орлова М. П.", "deputy"), read_origins(scope_of(DEPUTY), 1), NOW)
    book = openpyxl.load_workbook(io.BytesIO(rendered(document(made, body, PLACE, sender.stamp()), "xlsx")))
    for part, sheet in zip(body.parts, book.worksheets, strict=False):
        assert sheet.title == part.title and sheet.title.endswith("20.10.2026")
        assert [tuple(row) for row in sheet.iter_rows(min_row=2, values_only=True) if any(row)] == lines_of(part)


def test_of_a_source_without_sex_and_year_nothing_is_said_of_girls_and_ages():
    rows = {"grade": [1, 2], "sex": [None, None], "birth_year": [None, None], "pupils": [20, 25], "doubled": [0, 0]}
    types = {"sex": pl.String, "birth_year": pl.Int32}
    page = StateForms({}, None, DAY, pl.DataFrame(rows, schema_overrides=types))  # type: ignore[arg-type]
    by_grade, by_age, _ = state_forms(page)
    assert lines_of(by_grade)[-1] == ("Всего", 45, None, None, 45)
    assert lines_of(by_age) == [("не указан", None, 45, None, None, 45), ("Всего", None, 45, None, None, 45)]
    (nobody,) = state_forms(StateForms({}, None, DAY, page.pupils.clear()))  # type: ignore[arg-type]
    assert not nobody.tables() and "никто не числится" in words_of(nobody)


def test_heads_and_the_secretary_of_a_school_make_it_and_nobody_above(scope_of):
    report = next(report for report in REPORTS if report.code == "state_forms")
    assert report.roles == {"director", "deputy", "coordinator", "secretary"}
    for user in (TEACHER, INSPECTOR):
        assert read_report(scope_of(user), PLACE, report, NOW) is None
    assert report.read is not None
    above = report.read(scope_of(INSPECTOR), PLACE, NOW)
    assert above is None or above.pupils.is_empty()
