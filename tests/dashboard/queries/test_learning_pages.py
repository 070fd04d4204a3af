"""The pages of attendance and of results: their numbers against the facts, cut to their readers, in few queries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import polars as pl
import pytest

from dashboard import i18n
from dashboard.filters import Filters
from dashboard.i18n import t
from dashboard.queries import door
from dashboard.queries.attendance import read_attendance, unexplained_by_age
from dashboard.queries.performance import read_performance
from dashboard.views.performance import incomplete_words
from etl.warehouse.engine import owner_connection
from etl.warehouse.metrics import METRICS
from etl.warehouse.metrics_learning import LEARNING_METRICS
from etl.warehouse.scope import Scope
from tests.conftest import CLASS_TEACHER, DEPUTY, INSPECTOR, TEACHER, Warehouse

NOW = datetime(2026, 11, 12, 5, 0, tzinfo=UTC)
SHARE = METRICS["attendance_share"]
EVERYBODY = [DEPUTY, CLASS_TEACHER, TEACHER, INSPECTOR]


@pytest.mark.parametrize("as_of", [date(2026, 9, 27), date(2026, 10, 18), None])
def test_attendance_until_a_past_day_counts_the_lessons_until_that_day(
    scope_of: Callable[[int], Scope], warehouse: Warehouse, as_of: date | None
) -> None:
    position = Filters(school=warehouse.school_id, period="year", as_of=as_of)
    page = read_attendance(scope_of(DEPUTY), position, NOW)
    above = read_attendance(scope_of(INSPECTOR), position, NOW)
    with owner_connection(warehouse.url) as connection:
        missed = connection.execute(
            "SELECT count(*) FROM (SELECT DISTINCT a.lesson_id, a.pupil_id FROM fact_absence a JOIN fact_lesson l"
            " USING (school_id, school_year, lesson_id) WHERE a.school_id = %s AND a.code NOT IN ('О', 'ОП')"
            " AND a.deleted_latest IS NULL AND l.deleted_latest IS NULL AND l.kind = 'lesson'"
            " AND l.status <> 'cancelled' AND l.held_on <= %s) x",
            [warehouse.school_id, as_of or date(2026, 11, 12)],
        ).fetchone()
    assert page is not None and above is not None and missed is not None and missed[0] > 20
    for rows in (page.weeks, above.weeks):
        assert int(rows["missed_count"].sum()) + int(rows["stray_count"].sum()) == missed[0]
    assert SHARE.of(page.weeks).whole == SHARE.of(above.weeks).whole > 0


def test_the_day_that_attendance_is_compared_with_is_the_one_until_which_it_was_counted(
    scope_of: Callable[[int], Scope], warehouse: Warehouse
) -> None:
    for user, weekday in ((DEPUTY, None), (INSPECTOR, 7)):
        page = read_attendance(scope_of(user), Filters(school=warehouse.school_id, period="q2"), NOW)
        assert page is not None and page.before is not None and page.before_on is not None
        assert weekday is None or page.before_on.isoweekday() == weekday
        with owner_connection(warehouse.url) as connection:
            row = connection.execute(
                "SELECT sum(slot_count) FROM mart_attendance_school WHERE school_id = %s AND held_on <= %s",
                [warehouse.school_id, page.before_on],
            ).fetchone()
        assert row is not None and SHARE.of(page.before).whole == row[0] > 0


def test_reasons_of_absence_are_all_absences(scope_of: Callable[[int], Scope], warehouse: Warehouse) -> None:
    page = read_attendance(scope_of(DEPUTY), Filters(school=warehouse.school_id, period="year"), NOW)
    assert page is not None and page.until is not None
    shares = [LEARNING_METRICS[f"absence_{reason}_share"].of(page.weeks) for reason in
              ("illness", "valid", "invalid", "unknown")]  # fmt: skip
    assert sum(found.part for found in shares) == shares[0].whole > 0
    ages = unexplained_by_age(page.weeks, page.until)
    assert int(ages["n"].sum()) == LEARNING_METRICS["unexplained_count"].of(page.weeks).part > 0


def test_an_unexplained_absence_grows_older_by_whole_weeks() -> None:
    mondays = [date(2026, 11, 9), date(2026, 11, 2), date(2026, 10, 26), date(2026, 10, 12), date(2026, 10, 5)]
    weeks = pl.DataFrame({"week_on": mondays, "missed_unknown_count": [1, 10, 100, 1000, 10000]})
    ages = dict(unexplained_by_age(weeks, date(2026, 11, 12)).iter_rows())
    assert ages == {"week": 1, "two": 110, "month": 1000, "older": 10000}


def test_the_pupils_of_a_class_add_up_to_their_class(scope_of: Callable[[int], Scope], warehouse: Warehouse) -> None:
    position = Filters(school=warehouse.school_id, period="year", class_id=warehouse.class_id)
    page = read_attendance(scope_of(CLASS_TEACHER), position, NOW)
    assert page is not None and page.pupils.height > 5
    assert page.pupils["full_name"].null_count() == 0
    assert int(page.pupils["missed_count"].sum()) == int(page.weeks["missed_count"].sum())
    assert int(page.pupils["slot_count"].sum()) == int(page.weeks["slot_count"].sum())
    pupil = int(page.pupils.sort("missed_count", descending=True)["pupil_id"][0])
    one = read_attendance(scope_of(CLASS_TEACHER), position.changed(pupil=pupil), NOW)
    assert one is not None and one.missed["lesson_id"].n_unique() == int(page.pupils["missed_count"].max())  # type: ignore[arg-type]


@pytest.mark.parametrize("user_id", [CLASS_TEACHER, TEACHER])
def test_a_teacher_sees_her_own_part(scope_of: Callable[[int], Scope], warehouse: Warehouse, user_id: int) -> None:
    position = Filters(school=warehouse.school_id, period="year")
    own, whole = (read_attendance(scope_of(one), position, NOW) for one in (user_id, DEPUTY))
    marks, all_marks = (read_performance(scope_of(one), position, NOW) for one in (user_id, DEPUTY))
    assert own is not None and whole is not None and marks is not None and all_marks is not None
    assert 0 < SHARE.of(own.weeks).whole < SHARE.of(whole.weeks).whole
    assert set(marks.fill["journal_id"]) < set(all_marks.fill["journal_id"])
    if user_id == TEACHER:
        assert marks.success.is_empty() and marks.groups.is_empty()
        inside = position.changed(class_id=int(own.weeks["class_id"][0]))
        closed = read_attendance(scope_of(TEACHER), inside, NOW)
        assert closed is not None and closed.pupils.is_empty()


def test_a_municipal_reader_gets_schools_and_no_person(scope_of: Callable[[int], Scope], warehouse: Warehouse) -> None:
    inspector = scope_of(INSPECTOR)
    for school in (None, warehouse.school_id):
        position = Filters(school=school, period="year", class_id=warehouse.class_id if school else None)
        attendance = read_attendance(inspector, position, NOW)
        marks = read_performance(inspector, position, NOW)
        assert attendance is not None and marks is not None
        for rows in (attendance.pupils, attendance.missed, attendance.dims, marks.pupils, marks.low, marks.dims):
            assert rows.is_empty()
        assert "class_id" not in attendance.weeks.columns
        assert marks.fill["journal_id"].null_count() == marks.fill.height


def test_the_journals_of_a_school_add_up_to_its_whole(scope_of: Callable[[int], Scope], warehouse: Warehouse) -> None:
    position = Filters(school=warehouse.school_id, period="q1")
    inside, above = (read_performance(scope_of(user_id), position, NOW) for user_id in (DEPUTY, INSPECTOR))
    assert inside is not None and above is not None
    for name, metric in LEARNING_METRICS.items():
        if metric.source not in ("fill", "period_mark", "group"):
            continue
        rows = {"fill": "fill", "period_mark": "marks", "group": "groups"}[metric.source]
        one, other = metric.of(getattr(inside, rows)), metric.of(getattr(above, rows))
        assert (one.part, one.whole) == (other.part, other.whole), name
    assert LEARNING_METRICS["norm_done"].of(inside.fill).value is not None
    assert LEARNING_METRICS["sou"].of(inside.marks).value is not None


def test_sou_of_one_mark_of_each_kind_is_54_percent() -> None:
    rows = pl.DataFrame({"sou_points": [100 + 64 + 36 + 16], "sou_whole": [400]})
    assert LEARNING_METRICS["sou"].of(rows).value == 0.54


def test_success_is_told_with_the_share_of_pupils_whose_results_are_not_complete() -> None:
    rows = pl.DataFrame({"incomplete_count": [3, None, 0], "listed_count": [20, 50, 4]})
    assert incomplete_words(rows) == t("performance.incomplete", share=i18n.percent(3 / 24), part="3", whole="24")
    assert incomplete_words(rows.filter(incomplete_count=0)) == incomplete_words(pl.DataFrame()) == ""


def test_lists_of_a_class_are_those_of_its_sums(scope_of: Callable[[int], Scope], warehouse: Warehouse) -> None:
    position = Filters(school=warehouse.school_id, period="q1")
    whole = read_performance(scope_of(DEPUTY), position, NOW)
    assert whole is not None
    class_id = int(whole.fill.filter(pl.col("pupil_mark_count") > 0)["class_id"][0])
    page = read_performance(scope_of(DEPUTY), position.changed(class_id=class_id), NOW)
    assert page is not None and page.pupils.height
    counted = page.pupils.filter(
        ~pl.col("is_short")
        & ~pl.col("is_left")
        & pl.col("period_mark_code").ne_missing(11)
        & pl.col("needed_count").is_not_null()
    )
    assert counted.height == int(page.fill["pupil_count"].sum())
    assert counted.filter(pl.col("mark_count") == 0).height == int(page.fill["unmarked_count"].sum())


@pytest.mark.parametrize("user_id", EVERYBODY)
def test_the_pages_ask_a_constant_number_of_questions(
    scope_of: Callable[[int], Scope], warehouse: Warehouse, user_id: int
) -> None:
    scope = scope_of(user_id)
    for school, class_id in ((None, None), (warehouse.school_id, None), (warehouse.school_id, warehouse.class_id)):
        position = Filters(school=school, class_id=class_id, pupil=1 if class_id else None)
        with door.counted() as count:
            read_attendance(scope, position, NOW)
        assert count.queries <= 10
        with door.counted() as count:
            read_performance(scope, position, NOW)
        assert count.queries <= 14


def test_every_number_has_its_passport_its_noun_and_the_words_of_what_it_leaves_out() -> None:
    for metric in LEARNING_METRICS.values():
        assert i18n.has(metric.passport_key) and i18n.has(f"noun.{metric.noun}.one"), metric.name
        assert all(i18n.has(f"left_out.{name}") for name in metric.exclusions), metric.name
