"""The pages' numbers, computed a second time in the slow obvious way over the rows of the ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from dashboard.filters import Filters
from dashboard.queries import door, periods, schools
from dashboard.queries.overview import read_overview
from dashboard.queries.same_point import read_calendars, school_days
from dashboard.queries.school import read_school
from etl.warehouse.engine import owner_connection
from etl.warehouse.ledger import RULE
from etl.warehouse.metrics import LESSON_RULES, METRICS, WIDEST_INTERVAL
from etl.warehouse.scope import Scope
from tests.conftest import CLASS_TEACHER, DEPUTY, INSPECTOR, SILENT_DEPUTY, TEACHER, Warehouse

NOW = datetime(2026, 11, 12, 5, 0, tzinfo=UTC)
PAST = date(2026, 10, 15)  # a Thursday: the limit of Monday's lessons (two days) is over at its end
# the second quarter has not begun on the past day
POSITIONS = (("q1", None), ("q2", None), ("year", None), ("q1", PAST), ("year", PAST))


def slow_rows(
    warehouse: Warehouse, school: int, as_of: date | None, span: tuple[date, date] | None
) -> list[dict[str, Any]]:
    """Every ledger row of the school with its status, worked out one by one from annex L0–L5 and L11."""
    return [judged for row in _every_row(warehouse.url, school) if (judged := judge(row, as_of, span)) is not None]


@cache
def _every_row(url: str, school: int) -> list[dict[str, Any]]:
    with owner_connection(url) as connection:
        cursor = connection.execute(
            "SELECT r.*, z.data_until, s.timezone FROM ledger_row r"
            " JOIN ledger_horizon z USING (school_id, rule) JOIN dim_school s USING (school_id)"
            " WHERE judgement_id = 0 AND school_id = %s",
            [school],
        )
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def judge(row: dict[str, Any], as_of: date | None, span: tuple[date, date] | None) -> dict[str, Any] | None:
    zone = ZoneInfo(row["timezone"])
    at = row["data_until"]
    if as_of is not None:
        at = min(at, datetime.combine(as_of, time(23, 59, 59), zone))
    today = at.astimezone(zone).date()
    first, last = row["done_earliest"], row["done_latest"]
    if row["visible_on"] is not None and row["visible_on"] > today:
        return None
    if not row["is_required"] and not (first is not None and first <= at):
        return None
    if span is not None and not in_weeks(row["anchor_on"], span):
        return None
    made = last is not None and last <= at
    if row["due_at"] is not None:
        due = row["due_at"] < at
    elif row["target_at"] is not None:
        due = row["target_at"] < at
    else:
        due = row["anchor_on"] is not None and today > row["anchor_on"]
    return {**row, "made": made, "due": due, "status": status(row, at, made=made)}


def status(row: dict[str, Any], at: datetime, *, made: bool) -> str:
    if row["excluded"] is not None:
        return "not_applicable"
    if row["made_status"] == 9:
        return "not_regulated"
    if row["done_earliest"] is None or row["done_earliest"] > at:
        if not row["can_tell"]:
            return "indeterminate"
        return "missing" if row["due_at"] is not None and row["due_at"] < at else "pending"
    if not made:
        return "indeterminate"
    return {1: "on_time", 2: "amber", 3: "late", 4: "early", 7: "indeterminate", 8: "exempt", 11: "breached"}[
        row["made_status"]
    ]


@cache
def in_weeks(anchor: date | None, span: tuple[date, date]) -> bool:
    """The week of the day, cut at the ends of its month, has a day in common with the span."""
    if anchor is None:
        return False
    week = [anchor - timedelta(days=anchor.weekday()) + timedelta(days=i) for i in range(7)]
    return any(span[0] <= day <= span[1] for day in week if (day.year, day.month) == (anchor.year, anchor.month))


def slow_completeness(rows: list[dict[str, Any]], rules: tuple[str, ...]) -> tuple[int, int, int]:
    done = base = unseen = 0
    numbers = {RULE[name].number for name in rules}
    for row in rows:
        if row["rule"] not in numbers or not row["is_required"] or row["excluded"] is not None:
            continue
        if row["made"]:
            done, base = done + 1, base + 1
        elif row["due"] and row["status"] != "indeterminate" and row["can_tell"]:
            base += 1
        elif row["due"]:
            unseen += 1
    return done, base, unseen


def slow_timeliness(rows: list[dict[str, Any]], rules: tuple[str, ...]) -> tuple[int, int, int]:
    numbers = {RULE[name].number for name in rules}
    mine = [row for row in rows if row["rule"] in numbers]
    kept = sum(row["status"] in ("on_time", "amber", "early") for row in mine)
    judged = kept + sum(row["status"] in ("late", "missing") for row in mine)
    return kept, judged, sum(row["made"] and row["status"] == "indeterminate" for row in mine)


def span_of(scope: Scope, code: str, as_of: date | None) -> tuple[date, date] | None:
    listed = schools.read_schools(scope, NOW)
    choice = periods.choose(periods.read_periods(scope), Filters(period=code), schools.until_of(listed, as_of))
    assert choice is not None and choice.period.code == code
    return None if choice.period.span.is_year else choice.period.span.days_of(int(listed["school_id"][0]))


@pytest.mark.parametrize("user_id", [DEPUTY, SILENT_DEPUTY], ids=["telling", "silent"])
@pytest.mark.parametrize(("code", "as_of"), POSITIONS)
def test_completeness_and_timeliness_agree_with_a_count_row_by_row(
    scope_of: Callable[[int], Scope], warehouse: Warehouse, code: str, as_of: date | None, user_id: int
) -> None:
    inspector, deputy = scope_of(INSPECTOR), scope_of(user_id)
    school = warehouse.school_id if user_id == DEPUTY else warehouse.silent_id
    position = Filters(period=code, as_of=as_of)
    rows = slow_rows(warehouse, school, as_of, span_of(deputy, code, as_of))
    above = read_overview(inspector, position, NOW)
    inside = read_school(deputy, position.changed(school=school), NOW)
    whole = read_school(inspector, position.changed(school=school), NOW)
    assert inside is not None and whole is not None
    checked = 0
    for frame in (above.duties.filter(pl.col("school_id") == school), inside.rules, whole.rules):
        for name, metric in METRICS.items():
            if metric.source != "duty" or metric.unit != "share":
                continue
            found = metric.of(frame)
            if metric.numerator == "done":
                assert (found.part, found.whole, found.unknown) == slow_completeness(rows, metric.rules), name
            else:
                assert (found.part, found.whole, found.unknown) == slow_timeliness(rows, metric.rules), name
            checked += found.whole + found.unknown
    assert checked > 1000


def test_the_filling_of_a_school_with_a_silent_source_cannot_be_told(
    scope_of: Callable[[int], Scope], warehouse: Warehouse
) -> None:
    page = read_school(scope_of(SILENT_DEPUTY), Filters(school=warehouse.silent_id, period="year"), NOW)
    assert page is not None
    for name in ("completeness", "completeness_topic", "completeness_homework", "timeliness"):
        assert METRICS[name].of(page.rules).value is None
    assert METRICS["attendance_share"].of(page.attendance).value is not None


def test_the_parts_of_a_school_add_up_to_its_whole(scope_of: Callable[[int], Scope], warehouse: Warehouse) -> None:
    page = read_school(scope_of(DEPUTY), Filters(school=warehouse.school_id, period="year"), NOW)
    assert page is not None
    for part in (page.journals, page.weeks, page.teachers):
        for name in ("completeness", "timeliness", "late_count"):
            whole, summed = METRICS[name].of(page.rules), METRICS[name].of(part)
            assert (whole.part, whole.whole, whole.unknown) == (summed.part, summed.whole, summed.unknown)


def test_shares_by_group_are_those_of_each_group_alone(scope_of: Callable[[int], Scope], warehouse: Warehouse) -> None:
    page = read_school(scope_of(DEPUTY), Filters(school=warehouse.school_id, period="year"), NOW)
    assert page is not None
    for name in ("completeness", "timeliness"):
        table = METRICS[name].by(page.journals, "journal_id")
        assert table.height > 20
        for row in table.iter_rows(named=True):
            alone = METRICS[name].of(page.journals.filter(pl.col("journal_id") == row["journal_id"]))
            assert (row["part"], row["whole"], row["unknown"], row["value"]) == (
                alone.part,
                alone.whole,
                alone.unknown,
                alone.value,
            )


def test_what_is_left_out_and_what_counts_are_all_rows_there_are(
    scope_of: Callable[[int], Scope], warehouse: Warehouse
) -> None:
    page = read_school(scope_of(DEPUTY), Filters(school=warehouse.school_id, period="year"), NOW)
    assert page is not None
    rows = [
        row
        for row in slow_rows(warehouse, warehouse.school_id, None, None)
        if row["rule"] in METRICS["completeness"].rule_numbers
    ]
    for name in ("completeness", "timeliness"):
        metric = METRICS[name]
        found = metric.of(page.rules)
        outside = sum(n for _, n in metric.left_out(page.rules))
        assert found.whole + outside + (found.unknown if metric.is_interval else 0) == len(rows)


def test_delays_count_every_due_record_once(scope_of: Callable[[int], Scope], warehouse: Warehouse) -> None:
    rows = [
        row
        for row in slow_rows(warehouse, warehouse.school_id, None, None)
        if row["rule"] in [RULE[name].number for name in LESSON_RULES]
        and row["excluded"] is None
        and (row["made"] or row["due"])
    ]
    expected: dict[str, int] = {}
    for row in rows:
        zone = ZoneInfo(row["timezone"])
        if not row["made"]:
            bucket = "never" if row["can_tell"] and row["status"] != "indeterminate" else "unknown"
        else:
            lag = {
                max(0, (row[side].astimezone(zone).date() - row["anchor_on"]).days)
                for side in ("done_earliest", "done_latest")
            }
            kinds = {str(days) if days <= 3 else "4" if days <= 7 else "8" for days in lag}
            bucket = kinds.pop() if len(kinds) == 1 else "unknown"
        expected[bucket] = expected.get(bucket, 0) + 1
    deputy = scope_of(DEPUTY)
    position = Filters(school=warehouse.school_id, period="year")
    whole = read_school(deputy, position, NOW)
    one = read_school(deputy, position.changed(class_id=warehouse.class_id), NOW)
    own = read_school(scope_of(CLASS_TEACHER), position, NOW)
    assert whole is not None and one is not None and own is not None
    assert dict(whole.delays.rows()) == expected
    assert sorted(one.delays.rows()) == sorted(own.delays.rows())


def test_attendance_is_one_minus_missed_lessons_of_pupils(
    scope_of: Callable[[int], Scope], warehouse: Warehouse
) -> None:
    page = read_school(scope_of(DEPUTY), Filters(school=warehouse.school_id, period="year"), NOW)
    assert page is not None
    with owner_connection(warehouse.url) as connection:
        missed = connection.execute(
            "SELECT count(*) FROM (SELECT DISTINCT a.lesson_id, a.pupil_id FROM fact_absence a"
            " JOIN fact_lesson l USING (school_id, school_year, lesson_id)"
            " WHERE a.school_id = %s AND a.code NOT IN ('О', 'ОП')"
            " AND a.deleted_latest IS NULL"
            " AND l.deleted_latest IS NULL AND l.kind = 'lesson' AND l.status <> 'cancelled') x",
            [warehouse.school_id],
        ).fetchone()
    found = METRICS["attendance_share"].of(page.attendance)
    assert missed is not None and missed[0] > 100
    assert found.whole - found.part + int(page.attendance["stray_count"].sum()) == missed[0]
    assert found.value is not None and 0.8 < found.value < 1


@pytest.mark.parametrize("user_id", [CLASS_TEACHER, TEACHER])
def test_a_page_inside_a_school_is_cut_to_what_its_reader_may_see(
    scope_of: Callable[[int], Scope], warehouse: Warehouse, user_id: int
) -> None:
    position = Filters(school=warehouse.school_id, period="year")
    own, whole = read_school(scope_of(user_id), position, NOW), read_school(scope_of(DEPUTY), position, NOW)
    assert own is not None and whole is not None
    journals = set(own.journals["journal_id"].to_list())
    assert journals and journals < set(whole.journals["journal_id"].to_list())
    held, all_held = (METRICS["marked_lesson_share"].of(page.learning).whole for page in (own, whole))
    assert 0 < held < all_held
    assert own.before is None and not own.is_whole
    if user_id == CLASS_TEACHER:
        assert own.learning["class_id"].to_list() == [warehouse.class_id]
        narrowed = read_school(scope_of(DEPUTY), position.changed(class_id=warehouse.class_id), NOW)
        assert narrowed is not None and narrowed.rules.equals(own.rules) and narrowed.learning.equals(own.learning)


def test_a_municipal_reader_gets_no_names_and_no_journals(
    scope_of: Callable[[int], Scope], warehouse: Warehouse
) -> None:
    page = read_school(scope_of(INSPECTOR), Filters(school=warehouse.school_id), NOW)
    assert page is not None and not page.is_inside
    assert page.names.is_empty() and page.teachers.is_empty() and page.journals.is_empty() and page.findings is None
    assert page.rules.height and page.weeks.height


def test_a_school_outside_the_scope_does_not_open(scope_of: Callable[[int], Scope]) -> None:
    assert read_school(scope_of(DEPUTY), Filters(school=999), NOW) is None


@pytest.mark.parametrize("user_id", [DEPUTY, CLASS_TEACHER, TEACHER, INSPECTOR])
def test_the_page_of_a_school_asks_at_most_thirteen_questions(
    scope_of: Callable[[int], Scope], warehouse: Warehouse, user_id: int
) -> None:
    scope = scope_of(user_id)
    with door.counted() as count:
        read_school(scope, Filters(school=warehouse.school_id), NOW)
    assert count.queries <= 13


def test_the_overview_asks_seven_questions_at_most(scope_of: Callable[[int], Scope]) -> None:
    scope = scope_of(INSPECTOR)
    with door.counted() as count:
        read_overview(scope, Filters(), NOW)
    assert count.queries <= 7


def test_the_state_before_is_that_of_the_same_school_day_of_the_previous_quarter(
    scope_of: Callable[[int], Scope], warehouse: Warehouse
) -> None:
    page = read_overview(scope_of(INSPECTOR), Filters(period="q2"), NOW)
    assert page.choice is not None and page.choice.previous is not None and page.before is not None
    starts = (
        page.choice.period.span.days_of(warehouse.school_id),
        page.choice.previous.span.days_of(warehouse.school_id),
    )
    assert starts[0] is not None and starts[1] is not None
    # the export of the morning of 12 November covers the eleventh
    calendar = read_calendars(scope_of(INSPECTOR), periods.read_periods(scope_of(INSPECTOR)))[warehouse.school_id]
    gone = len(school_days(calendar, starts[0][0], date(2026, 11, 11)))
    same_day = school_days(calendar, *starts[1])[gone - 1]
    then = slow_completeness(slow_rows(warehouse, warehouse.school_id, same_day, starts[1]), LESSON_RULES)
    found = METRICS["completeness"].of(page.before.filter(pl.col("school_id") == warehouse.school_id))
    assert (found.part, found.whole, found.unknown) == then


def test_data_are_stale_after_two_staff_working_days(scope_of: Callable[[int], Scope]) -> None:
    deputy = scope_of(DEPUTY)
    ages = [int(schools.read_schools(deputy, NOW + timedelta(days=days))["working_days_old"][0]) for days in range(8)]
    assert ages[0] == 0  # Thursday, the day of the export
    assert (
        ages[1] == 1 and ages[2] == ages[3]
    )  # Friday, then a weekend of a five-day week (or Saturday of a six-day one)
    assert not schools.stale(schools.read_schools(deputy, NOW + timedelta(days=1))).height
    assert schools.stale(schools.read_schools(deputy, NOW + timedelta(days=6))).height == 1


def test_an_interval_wider_than_ten_points_cannot_be_told() -> None:
    metric = METRICS["timeliness"]
    rows = {"rule": [1], "kept": [80], "judged": [100], "unsure": [11]}
    narrow = metric.of(pl.DataFrame(rows))
    assert narrow.value == 0.8 and narrow.interval == (80 / 111, 91 / 111)
    wide = metric.of(pl.DataFrame({**rows, "unsure": [12]}))
    assert WIDEST_INTERVAL < 12 / 112 and wide.value is None and wide.interval is None
    assert metric.of(pl.DataFrame({**rows, "kept": [0], "judged": [0], "unsure": [0]})).value is None


def test_a_school_is_shown_with_its_own_act_and_not_with_one_above_it(
    scope_of: Callable[[int], Scope], warehouse: Warehouse
) -> None:
    with owner_connection(warehouse.url) as connection:
        own = dict(
            connection.execute(
                "SELECT s.school_id, r.title FROM dim_school s LEFT JOIN regulation r USING (regulation)"
            ).fetchall()
        )
    shown = schools.read_schools(scope_of(INSPECTOR), NOW)
    assert dict(shown.select("school_id", "act_title").iter_rows()) == own
    assert any(own.values())
