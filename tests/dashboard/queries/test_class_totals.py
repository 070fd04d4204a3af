"""«Пропуски по классам»: what is entered, by whom, and what the journal says, against a loop over the stored rows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from dashboard import connection
from dashboard.class_totals import STATES, shown, with_state
from dashboard.filters import Filters
from dashboard.i18n import has
from dashboard.queries.class_totals import REGISTER, read_class_totals
from dashboard.queries.registers import Refused, read_register, save
from etl.warehouse.engine import owner_connection
from etl.warehouse.metrics_totals import CLASS_TOTALS
from tests.conftest import CLASS_TEACHER, DEPUTY, INSPECTOR, SILENT_DEPUTY, TEACHER, Warehouse

UNTIL, YEAR = date(2026, 11, 12), 2026
AFTER = date(2026, 12, 30)  # the class of the class teacher counts in half-years
AUTUMN = {"code": "q1", "starts_on": date(2026, 9, 1), "ends_on": date(2026, 10, 23), "slot_count": 900}


@pytest.fixture
def school(warehouse: Warehouse):
    """The id of the school; lines that the test enters do not stay."""
    yield warehouse.school_id
    with owner_connection(warehouse.url) as door:
        door.execute(f"DELETE FROM {REGISTER}")
        door.commit()


def line_of(warehouse: Warehouse, missed: int, **other: Any) -> dict[str, Any]:
    return {"class_id": warehouse.class_id, "period": "h1", "school_year": YEAR, "missed_count": missed,
            "illness_count": None, "invalid_count": None} | other  # fmt: skip


def test_the_lessons_missed_in_a_period_of_a_class_are_those_a_loop_over_the_absences_counts(
    scope_of, warehouse, school
):
    rows = read_class_totals(scope_of(DEPUTY), Filters(school=school), UNTIL, YEAR).rows
    assert set(rows["code"]) == {"q1", "q2", "h1"} and rows.filter(pl.col("code") == "q1")["missed_count"].sum() > 20
    with owner_connection(warehouse.url) as door:
        absences = door.execute(
            "SELECT DISTINCT j.class_id, l.held_on, a.lesson_id, a.pupil_id FROM fact_absence a JOIN fact_lesson l"
            " USING (school_id, school_year, lesson_id) JOIN dim_journal j ON j.school_id = l.school_id"
            " AND j.journal_id = l.journal_id WHERE a.school_id = %s AND a.code NOT IN ('О', 'ОП')"
            " AND a.deleted_latest IS NULL AND l.deleted_latest IS NULL AND l.kind = 'lesson'"
            " AND l.status <> 'cancelled'", [school],
        ).fetchall()  # fmt: skip
        strays = dict(
            door.execute(
                "SELECT class_id, sum(stray_count)::int FROM mart_attendance_day WHERE school_id = %s GROUP BY 1",
                [school],
            ).fetchall()
        )
    for row in rows.iter_rows(named=True):
        counted = sum(
            class_id == row["class_id"] and row["starts_on"] <= held_on <= min(row["ends_on"], UNTIL)
            for class_id, held_on, *_ in absences
        )
        assert row["missed_count"] <= counted <= row["missed_count"] + strays.get(row["class_id"], 0), row


def test_a_class_teacher_enters_the_total_of_her_class_alone_and_the_difference_is_told(scope_of, warehouse, school):
    own, head = scope_of(CLASS_TEACHER), scope_of(DEPUTY)
    place = Filters(school=school)
    before = read_class_totals(own, place, AFTER, YEAR).rows
    assert set(before["class_id"]) == {warehouse.class_id} and before["line"].null_count() == before.height
    missed = int(before.filter(pl.col("code") == "h1")["missed_count"][0])
    foreign = next(c for c in read_class_totals(head, place, AFTER, YEAR).rows["class_id"] if c != warehouse.class_id)
    assert save(own, school, REGISTER, line_of(warehouse, 1, class_id=foreign)) is Refused.FORBIDDEN
    assert save(own, school, REGISTER, line_of(warehouse, missed + 3)) is None
    assert save(own, school, REGISTER, line_of(warehouse, 5)) is Refused.GONE  # one total of a class and a period
    assert save(head, school, REGISTER, line_of(warehouse, 5, class_id=foreign)) is None
    row = read_class_totals(own, place, AFTER, YEAR).rows.row(by_predicate=pl.col("code") == "h1", named=True)
    assert (row["entered_count"], row["gap"], row["state"]) == (missed + 3, 3, "differs")
    known = {"of": row["line"], "version": 1, "correction": "пересчитала"}
    assert save(own, school, REGISTER, line_of(warehouse, missed), **known) is None
    row = read_class_totals(own, place, AFTER, YEAR).rows.row(by_predicate=pl.col("code") == "h1", named=True)
    assert (row["gap"], row["state"], row["decided_by"] is not None) == (0, "agrees", True)
    # on a day before it was entered nothing was there; a withdrawn line leaves room for another
    past = read_class_totals(own, place.changed(as_of=AFTER), AFTER, YEAR).rows
    entered_on = datetime.now(UTC).date()
    assert past["line"].count() == int(entered_on <= AFTER)
    known = {"of": row["line"], "version": 2, "correction": "не тот класс", "withdrawn": True}
    assert save(own, school, REGISTER, line_of(warehouse, missed), **known) is None
    assert read_class_totals(own, place, AFTER, YEAR).rows["line"].count() == 0
    assert save(own, school, REGISTER, line_of(warehouse, missed)) is None


def test_nobody_else_reads_or_writes_the_totals(scope_of, warehouse, school):
    assert save(scope_of(DEPUTY), school, REGISTER, line_of(warehouse, 4)) is None
    for user in (INSPECTOR, SILENT_DEPUTY, TEACHER):
        page = read_class_totals(scope_of(user), Filters(school=school), AFTER, YEAR)
        assert page.rows.is_empty(), user
        assert read_register(scope_of(user), Filters(school=school, measure=REGISTER)).is_empty()
    forged = text(
        f"INSERT INTO {REGISTER} (school_id, {REGISTER}_id, class_id, missed_count, school_year, period, entered_at,"
        " entered_by, author, author_role) SELECT :school, 7, :class, 1, 2026, 'q2', clock_timestamp(), u.user_id,"
        " u.full_name, u.role FROM access_user u WHERE u.user_id = :user"
    )
    for user in (INSPECTOR, TEACHER):
        with connection.app_engine().begin() as door, pytest.raises(ProgrammingError, match="row-level security"):
            door.execute(text("SELECT set_config('app.user_id', :user, true)"), {"user": str(user)})
            door.execute(forged, {"user": user, "school": school, "class": warehouse.class_id})


def rows_of(*missed: int) -> pl.DataFrame:
    return pl.DataFrame([AUTUMN | {"class_id": n, "missed_count": count, "grade": 5, "letter": "А"}
                         for n, count in enumerate(missed)])  # fmt: skip


def lines(*entered: tuple[int, int], first_on: date = date(2026, 10, 23)) -> pl.DataFrame:
    schema: dict[str, Any] = {"class_id": pl.Int64, "code": pl.String, "line": pl.Int64, "entered_count": pl.Int64,
              "entered_at": pl.Datetime("us", "UTC"), "first_on": pl.Date}  # fmt: skip
    at = datetime(2026, 10, 23, 9, tzinfo=UTC)
    found = [(class_id, "q1", 9 + n, count, at, first_on) for n, (class_id, count) in enumerate(entered)]
    return pl.DataFrame(found, schema=schema, orient="row")


@pytest.mark.parametrize(
    ("entered", "until", "is_asked", "state", "gap"),
    [
        ([], date(2026, 10, 24), True, "late", None),
        ([], date(2026, 10, 23), True, "due", None),  # the last day is still hers
        ([], date(2026, 10, 24), False, "none", None),
        ([(0, 40)], date(2026, 10, 22), True, "running", None),  # the data do not cover the period
        ([(0, 40)], date(2026, 10, 23), True, "agrees", 0),
        ([(0, 43)], date(2026, 10, 23), False, "differs", 3),
        ([(0, 0)], date(2026, 11, 1), True, "differs", -40),  # nothing entered is not nought
    ],
)
def test_a_total_is_owed_after_the_last_day_and_compared_once_the_period_is_over(entered, until, is_asked, state, gap):
    row = with_state(rows_of(40), lines(*entered), until, is_asked=is_asked).row(0, named=True)
    assert (row["state"], row["gap"]) == (state, gap)


def test_a_journal_without_attendance_cannot_be_compared_and_a_late_entry_is_told():
    silent = rows_of(0).with_columns(pl.lit(0).alias("slot_count"))
    row = with_state(silent, lines((0, 3), first_on=date(2026, 11, 2)), UNTIL, is_asked=True).row(0, named=True)
    assert (row["state"], row["gap"], row["is_late"], row["compared"]) == ("unknown", None, True, 0)


def test_the_shares_of_totals_are_what_a_loop_counts():
    missed, entered = [40, 11, 0, 7, 90], [(0, 40), (1, 12), (3, 7)]
    rows = with_state(rows_of(*missed), lines(*entered), UNTIL, is_asked=True)
    agreed = sum(missed[class_id] == count for class_id, count in entered)
    found = {name: metric.of(rows) for name, metric in CLASS_TOTALS.items()}
    assert (found["class_total_entered"].part, found["class_total_entered"].whole) == (len(entered), len(missed))
    assert (found["class_total_agreed"].part, found["class_total_agreed"].whole) == (agreed, len(entered))
    assert all(has(m.passport_key) and has(f"noun.{m.noun}.one") for m in CLASS_TOTALS.values())
    order = shown(rows, date(2026, 10, 1), date(2026, 12, 30), one_class=False)["state"].to_list()
    assert order == sorted(order, key=STATES.index) and len(order) == 5
    # of an earlier period only what is still owed or different is shown
    later = shown(rows, date(2026, 11, 5), date(2026, 12, 30), one_class=False)
    assert set(later["state"]) == {"late", "differs"}
