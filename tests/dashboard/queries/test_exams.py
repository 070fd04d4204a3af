"""Results of examinations against loops over the stored marks; nobody above a school or of another one reads them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date

import pytest

from dashboard.filters import Filters
from dashboard.i18n import has, t
from dashboard.queries.exams import read_exams
from dashboard.views.exams import exam_table
from etl.warehouse.engine import owner_connection
from etl.warehouse.metrics_exams import EXAMS
from tests.conftest import CLASS_TEACHER, DEPUTY, INSPECTOR, SILENT_DEPUTY, Warehouse

UNTIL, YEAR = date(2026, 11, 12), 2026
Marks = dict[tuple[int, int, int, str], int]


@pytest.fixture
def given(warehouse: Warehouse) -> Iterator[Marks]:
    """Marks of examinations and of the year for some graduates, by chance; they do not stay. (class, journal, pupil,
    kind) → code."""
    marks: Marks = {}
    rng = random.Random(38)  # noqa: S311 - a test
    with owner_connection(warehouse.url) as door:
        places = door.execute(
            "SELECT DISTINCT r.class_id, r.journal_id, r.pupil_id FROM mart_pupil_journal r JOIN dim_class c"
            " USING (school_id, class_id) WHERE r.school_id = %s AND c.grade IN (9, 11) ORDER BY 1, 2, 3",
            [warehouse.school_id],
        ).fetchall()
        assert len(places) > 50
        for n, place in enumerate(rng.sample(places, 40)):
            for kind in ("exam", "year") if n % 3 else ("exam",):
                marks[(*place, kind)] = rng.choice([2, 3, 4, 5, 10])
        for n, ((class_id, journal, pupil, kind), code) in enumerate(marks.items()):
            door.execute(
                "INSERT INTO fact_period_mark (first_seen_at, last_seen_at, school_id, period_mark_id, pupil_id,"
                " group_id, subject_id, period_id, class_id, journal_id, load_id, school_year, mark_code,"
                " period_mark_key, kind, value) SELECT now(), now(), j.school_id, %s, %s, j.group_id, j.subject_id,"
                " (SELECT min(period_id) FROM dim_period p WHERE p.school_id = j.school_id), %s, j.journal_id, 1,"
                " j.school_year, %s, %s, %s, %s FROM dim_journal j WHERE j.school_id = %s AND j.journal_id = %s",
                [9_000_000 + n, pupil, class_id, code, f"exam-{n}", kind, str(code), warehouse.school_id, journal],
            )
        door.commit()
        yield marks
        door.execute("DELETE FROM fact_period_mark WHERE period_mark_id >= 9000000")
        door.commit()


def test_results_and_their_means_are_what_loops_over_the_marks_count(scope_of, warehouse: Warehouse, given: Marks):
    page = read_exams(scope_of(DEPUTY), Filters(school=warehouse.school_id), UNTIL, YEAR)
    digits = {place: code for place, code in given.items() if code <= 5}
    exams = {place: code for place, code in digits.items() if place[3] == "exam"}
    entered, mean = EXAMS["exam_entered"].of(page.graduates), EXAMS["exam_mean"].of(page.subjects)
    assert entered.part == len({pupil for _, _, pupil, _ in exams}) and entered.whole > entered.part
    assert (mean.part, mean.whole) == (sum(exams.values()), len(exams))
    pairs = [(code, digits[(*place[:3], "year")]) for place, code in exams.items() if (*place[:3], "year") in digits]
    assert int(page.subjects["pairs"].sum()) == len(pairs) > 5
    assert int(page.subjects["pair_exam_sum"].sum()) == sum(exam for exam, _ in pairs)
    assert int(page.subjects["year_sum"].sum()) == sum(year for _, year in pairs)
    table = exam_table(page)
    assert table.height == page.subjects.height
    assert all(abs(gap) <= 3 for gap in table[t("exams.column_gap")].drop_nulls())
    assert all(has(m.passport_key) and has(f"noun.{m.noun}.one") for m in EXAMS.values())


def test_nobody_above_a_school_or_of_another_one_reads_results(scope_of, warehouse: Warehouse, given: Marks):
    for user in (INSPECTOR, SILENT_DEPUTY):
        page = read_exams(scope_of(user), Filters(school=warehouse.school_id), UNTIL, YEAR)
        assert page.subjects.is_empty() and page.graduates.is_empty()
    own = read_exams(scope_of(CLASS_TEACHER), Filters(school=warehouse.school_id), UNTIL, YEAR)
    whole = read_exams(scope_of(DEPUTY), Filters(school=warehouse.school_id), UNTIL, YEAR)
    assert own.graduates.height < whole.graduates.height
