"""Accumulation of marks over any days of a school against the mart of periods and against a slow, obvious count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from dashboard.filters import Filters
from dashboard.queries import door
from dashboard.queries.marks_of_days import sums_of_days
from dashboard.queries.performance import Performance, read_performance
from etl.warehouse.metrics import METRICS
from etl.warehouse.metrics_learning import LEARNING_METRICS
from etl.warehouse.scope import Scope
from tests.conftest import CLASS_TEACHER, DEPUTY, INSPECTOR, TEACHER, Warehouse
from tests.etl.transforms.test_learning_marts import Slow, ask, slow
from tests.real.slow_learning import WORDS

__all__ = ["ask", "slow"]
NOW = datetime(2026, 11, 12, 5, 0, tzinfo=UTC)
SUMS = ("pupil_count", "apart_count", "pupil_mark_count", "unmarked_count", "one_mark_count", "asked_count",
        "present_count", "digit_count", "digit_sum")  # fmt: skip
ScopeOf = Callable[[int], Scope]


def page_of(scope: Scope, position: Filters) -> Performance:
    page = read_performance(scope, position, NOW)
    assert page is not None and page.choice is not None
    return page


def test_the_days_of_a_closed_period_have_the_sums_of_the_mart(
    scope_of: ScopeOf, warehouse: Warehouse, ask: Any
) -> None:
    (first, last) = ask("SELECT min(starts_on), min(ends_on) FROM dim_period WHERE school_id = %(school)s"
                        " AND kind = 'quarter' AND number = 1")[0]  # fmt: skip
    position = Filters(school=warehouse.school_id, period=f"d{first}_{last}")
    found = page_of(scope_of(DEPUTY), position).days
    known = ask(
        f"SELECT m.journal_id, {', '.join(SUMS)} FROM mart_mark_fill m JOIN dim_period p USING (school_id, period_id)"
        " WHERE m.school_id = %(school)s AND p.kind = 'quarter' AND p.number = 1 ORDER BY 1"
    )
    assert found is not None and len(known) > 20
    mine = found.fill.filter(pl.col("journal_id").is_in([row[0] for row in known])).sort("journal_id")
    assert mine.select("journal_id", *SUMS).rows() == known


def test_a_month_is_every_pupil_and_lesson_counted_alone(scope_of: ScopeOf, warehouse: Warehouse, slow: Slow) -> None:
    first, last = date(2026, 10, 1), date(2026, 10, 31)
    page = page_of(scope_of(DEPUTY), Filters(school=warehouse.school_id, period="m2026-10"))
    assert page.days is not None
    assert {name: page.days.fill[name].sum() for name in SUMS} == slow_sums(slow, first, last, None)
    marks = LEARNING_METRICS["marks_per_pupil"].of(page.days.fill)
    assert marks.value == marks.part / marks.whole and marks.part > 100


@pytest.mark.parametrize("day", [date(2026, 9, 21), date(2026, 10, 14)])
def test_a_past_day_of_a_quarter_knows_no_mark_that_was_entered_later(
    scope_of: ScopeOf, warehouse: Warehouse, slow: Slow, day: date
) -> None:
    page = page_of(scope_of(DEPUTY), Filters(school=warehouse.school_id, period="q1", as_of=day))
    assert page.days is not None and page.fill.is_empty()
    expected = slow_sums(slow, date(2026, 9, 1), day, day + timedelta(days=1))
    later = slow_sums(slow, date(2026, 9, 1), day, None)
    assert {name: page.days.fill[name].sum() for name in SUMS} == expected
    assert expected["pupil_mark_count"] < later["pupil_mark_count"]


def slow_sums(slow: Slow, first: date, last: date, before: date | None) -> dict[str, int]:
    """The sums of all journals, pupil by pupil; `before` = marks entered on that day or later are not known yet."""
    school, total = slow.school, dict.fromkeys(SUMS, 0)
    rows = school.rows["period_mark"]
    graded = {(row["group_key"], row["subject_key"]) for row in rows
              if row["value"][:1] in set("12345") or row["value"].lower() in ("н/а", "на")}  # fmt: skip
    ungraded = {(row["group_key"], row["subject_key"]) for row in rows} - graded
    lessons: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key, (row, on, class_key) in slow.held.items():
        if first <= on <= last and school.classes[class_key]["grade"] != "1":
            lessons[row["group_key"], row["subject_key"]].append(key)
    marks: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in school.rows["mark"]:
        value = row["value"].strip().lower()
        is_known = before is None or not row["recorded_at"] or row["recorded_at"][:10] < before.isoformat()
        if is_known and (value[:1] in set("12345") or value in WORDS):
            marks[row["lesson_key"], row["pupil_key"]].append(value)
    end = min(last, school.until)
    slow.rosters |= school.rosters({end})
    for place, keys in lessons.items():
        if place in ungraded:
            continue
        there = slow.pupils(*place, end)
        exempt = {row["pupil_key"] for row in rows
                  if (row["group_key"], row["subject_key"]) == place and row["value"].lower() == "осв"}  # fmt: skip
        for pupil in set().union(*(slow.listed[key] for key in keys)) - exempt:
            own = [key for key in keys if pupil in slow.listed[key]]
            mine = [value for key in keys for value in marks[key, pupil]]
            digits = [int(value[0]) for value in mine if value[:1] in set("12345")]
            total["digit_count"] += len(digits)
            total["digit_sum"] += sum(digits)
            if len(own) / len(keys) < 0.25 or pupil not in there:
                total["apart_count"] += 1
                continue
            total["pupil_count"] += 1
            total["pupil_mark_count"] += len(mine)
            total["unmarked_count"] += not mine
            total["one_mark_count"] += len(mine) == 1
            total["asked_count"] += len([key for key in keys if marks[key, pupil]])
            total["present_count"] += len([key for key in own if (key, pupil) not in slow.missed])
    return total


def test_a_pupil_taught_alone_is_in_her_own_journal_and_not_in_that_of_her_class() -> None:
    days = {"what": "held", "pupil_id": None, "lessons": 0, "digits": 0, "digit_sum": 0}
    lessons = ((1, 7), (1, 14), (2, 7))
    events = pl.DataFrame(
        [days | {"journal_id": journal, "held_on": date(2026, 9, on), "n": 1} for journal, on in lessons],
        schema_overrides={"pupil_id": pl.Int64},
    )
    enrolled = {"class_id": 5, "group_id": None, "from_on": date(2026, 9, 1), "to_on": None}
    rolls = pl.DataFrame([*(enrolled | {"pupil_id": pupil} for pupil in (10, 11)),
                          enrolled | {"class_id": None, "group_id": 21, "pupil_id": 11, "to_on": date(2026, 9, 10)}],
                         schema_overrides={"to_on": pl.Date})  # fmt: skip
    journals = pl.DataFrame({"journal_id": [1, 2], "class_id": 5, "group_id": [20, 21],
                             "group_kind": ["class", "individual"], "subject_id": 3})  # fmt: skip
    none = pl.DataFrame(schema={"journal_id": pl.Int64, "has_digits": pl.Boolean, "exempt": pl.List(pl.Int64)})
    fill, few = sums_of_days(events, rolls, none, journals, date(2026, 9, 14))
    assert fill.select("journal_id", "pupil_count", "apart_count", "present_count").rows() == [
        (1, 2, 0, 3),
        (2, 0, 1, 0),
    ]
    assert few.select("pupil_id", "lesson_count").rows() == [(10, 2), (11, 1)]


def test_a_class_teacher_and_a_teacher_get_their_own_part_and_no_reader_above_gets_any(
    scope_of: ScopeOf, warehouse: Warehouse
) -> None:
    position = Filters(school=warehouse.school_id, period="m2026-10")
    with door.counted() as asked:
        whole = page_of(scope_of(DEPUTY), position).days
    assert whole is not None and asked.queries <= 14
    for user in (CLASS_TEACHER, TEACHER):
        mine = page_of(scope_of(user), position).days
        assert mine is not None and 0 < mine.fill.height < whole.fill.height
        assert set(mine.fill.rows()) <= set(whole.fill.rows())
    assert page_of(scope_of(INSPECTOR), position).days is None


def test_lessons_of_the_first_grade_are_no_places_for_marks(scope_of: ScopeOf, warehouse: Warehouse, ask: Any) -> None:
    share = METRICS["marked_lesson_share"]
    page = page_of(scope_of(DEPUTY), Filters(school=warehouse.school_id, period="m2026-10"))
    above = page_of(scope_of(INSPECTOR), Filters(school=warehouse.school_id, period="m2026-10"))
    rows = ask(
        "SELECT c.grade = 1, sum(held_count), sum(marked_lesson_count) FROM mart_learning m"
        " JOIN dim_class c USING (school_id, class_id) WHERE m.school_id = %(school)s"
        " AND m.month_on = '2026-10-01' GROUP BY 1 ORDER BY 1"
    )
    assert [row[0] for row in rows] == [False, True] and rows[1][1] > 0
    for found in (page.current, *(each.trend.filter(month_on=date(2026, 10, 1)) for each in (page, above))):
        measured = share.of(found)
        assert (measured.whole, measured.part) == rows[0][1:]
