"""«Мой класс», a pupil's sheet, a teacher's own view and forecasts, asked of a real warehouse under real scopes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from dashboard import i18n
from dashboard.filters import Filters
from dashboard.queries import door
from dashboard.queries.ahead import read_ahead
from dashboard.queries.class_records import read_low, read_missed
from dashboard.queries.forecast import read_pupil_forecasts
from dashboard.queries.my_class import read_class, read_classes, read_pupil
from dashboard.queries.own import read_own
from etl.warehouse.engine import owner_connection
from etl.warehouse.ledger import RULE
from etl.warehouse.metrics_forecast import FORECASTS
from etl.warehouse.scope import Scope
from tests.conftest import CLASS_TEACHER, DEPUTY, INSPECTOR, SILENT_DEPUTY, STRANGER, TEACHER, Warehouse

NOW = datetime(2026, 11, 12, 5, 0, tzinfo=UTC)
YEAR = (date(2026, 9, 1), date(2026, 11, 12))
Scopes = Callable[[int], Scope]


def position(warehouse: Warehouse, **values: Any) -> Filters:
    return Filters(school=warehouse.school_id, class_id=warehouse.class_id, period="year", **values)


def other_class(warehouse: Warehouse) -> int:
    with owner_connection(warehouse.url) as connection:
        found = connection.execute(
            "SELECT max(class_id) FROM fact_mark WHERE school_id = %s AND class_id <> %s AND mark_code IN (1, 2)",
            [warehouse.school_id, warehouse.class_id],
        ).fetchone()
    assert found is not None
    return int(found[0])


def test_a_class_teacher_opens_her_class_alone_and_a_deputy_every_class(scope_of: Scopes, warehouse: Warehouse) -> None:
    own, all_of = (read_classes(scope_of(one), warehouse.school_id) for one in (CLASS_TEACHER, DEPUTY))
    assert own["class_id"].to_list() == [warehouse.class_id] and all_of.height > 5
    for one in (TEACHER, INSPECTOR, STRANGER, SILENT_DEPUTY):
        assert read_classes(scope_of(one), warehouse.school_id).is_empty()
    other = other_class(warehouse)
    foreign = position(warehouse).changed(class_id=other)
    assert read_class(scope_of(CLASS_TEACHER), foreign, NOW) is None
    assert read_class(scope_of(DEPUTY), foreign, NOW) is not None
    for rows in (read_missed, read_low):
        assert rows(scope_of(CLASS_TEACHER), warehouse.school_id, 2026, other, YEAR).is_empty()
        assert rows(scope_of(DEPUTY), warehouse.school_id, 2026, other, YEAR).height
    assert read_pupil_forecasts(scope_of(CLASS_TEACHER), warehouse.school_id, other).marks.is_empty()


@pytest.mark.parametrize("user_id", [TEACHER, INSPECTOR, STRANGER, SILENT_DEPUTY])
def test_nobody_else_opens_a_class_or_a_pupil(scope_of: Scopes, warehouse: Warehouse, user_id: int) -> None:
    pupil = _pupils(scope_of(DEPUTY), warehouse)[0]
    assert read_class(scope_of(user_id), position(warehouse), NOW) is None
    assert read_pupil(scope_of(user_id), position(warehouse, pupil=pupil), NOW) is None


def _pupils(scope: Scope, warehouse: Warehouse) -> list[int]:
    page = read_class(scope, position(warehouse), NOW)
    assert page is not None
    return sorted(page.attendance.pupils["pupil_id"].to_list())


def test_the_sheets_of_all_pupils_add_up_to_the_class(scope_of: Scopes, warehouse: Warehouse) -> None:
    scope = scope_of(CLASS_TEACHER)
    page = read_class(scope, position(warehouse), NOW)
    assert page is not None and page.missed.height and page.forecasts.marks.height
    sheets = [read_pupil(scope, position(warehouse, pupil=pupil), NOW)
              for pupil in _pupils(scope, warehouse)]  # fmt: skip
    told = [sheet for sheet in sheets if sheet is not None]
    assert len(told) == len(sheets) and all(sheet.name for sheet in told)
    for part in ("missed", "low", "pupils"):
        assert sum(getattr(sheet.page, part).height for sheet in told) == getattr(page, part).height
    assert sum(sheet.page.forecasts.marks.height for sheet in told) == page.forecasts.marks.height


def test_a_pupil_of_another_class_has_no_sheet_in_this_one(scope_of: Scopes, warehouse: Warehouse) -> None:
    other = position(warehouse).changed(class_id=other_class(warehouse))
    page = read_class(scope_of(DEPUTY), other, NOW)
    assert page is not None
    foreign = int(page.attendance.pupils["pupil_id"][0])
    for user_id in (CLASS_TEACHER, DEPUTY):
        asked = position(warehouse, pupil=foreign)
        assert read_pupil(scope_of(user_id), asked, NOW) is None


_MARKS = """
SELECT m.mark_id, m.pupil_id, m.journal_id, m.lesson_id, m.work_id, m.mark_code, m.recorded_earliest,
    m.recorded_latest, m.protocol_no, m.protocol_on, l.held_on, l.slot, x.topic
FROM fact_mark m JOIN fact_lesson l USING (school_id, school_year, lesson_id)
LEFT JOIN fact_lesson_text x USING (school_id, school_year, lesson_id)
WHERE m.school_id = %s AND m.class_id = %s AND m.deleted_latest IS NULL AND l.deleted_latest IS NULL
"""


def test_an_unsatisfactory_mark_is_repaired_as_one_would_see_it_in_the_journal(
    scope_of: Scopes, warehouse: Warehouse
) -> None:
    with owner_connection(warehouse.url) as connection:
        classes = connection.execute("SELECT class_id FROM dim_class WHERE school_id = %s", [warehouse.school_id])
        ids = [row[0] for row in classes.fetchall()]
        names = [
            "mark",
            "pupil",
            "journal",
            "lesson",
            "work",
            "code",
            "earliest",
            "latest",
            "protocol",
            "protocol_on",
            "held",
            "slot",
            "topic",
        ]
        rows = [
            dict(zip(names, row, strict=True))
            for class_id in ids
            for row in connection.execute(_MARKS, [warehouse.school_id, class_id]).fetchall()
        ]
    cells = defaultdict(list)
    for row in rows:
        cells[row["pupil"], row["journal"]].append(row)
    expected = []
    for mine in cells.values():
        digits = [row for row in mine if 1 <= row["code"] <= 5]
        digits.sort(key=lambda row: (row["held"], row["slot"], row["mark"]))
        for place, row in enumerate(digits):
            if row["code"] <= 2:
                repairs = [other for other in mine if _repairs(other, row)]
                follows = place > 0 and digits[place - 1]["code"] <= 2
                expected.append((row["pupil"], row["lesson"], bool(repairs), follows))
    found = pl.concat(read_low(scope_of(DEPUTY), warehouse.school_id, 2026, one, YEAR) for one in ids)
    told = found.select("pupil_id", "lesson_id", "is_bettered", "follows_low").rows()
    assert sorted(told) == sorted(expected) and len(told) > 50
    assert {flag for _, _, flag, _ in told} == {True, False} and any(follows for *_, follows in told)


def _repairs(other: dict[str, Any], low: dict[str, Any]) -> bool:
    if other["code"] not in (3, 4, 5, 13):
        return False
    if other["latest"] and low["earliest"] and other["latest"] < low["earliest"]:
        return False
    if other["lesson"] == low["lesson"] or (other["work"] is not None and other["work"] == low["work"]):
        return True
    first, second = (re.sub(r"[^\w]|_", "", (row["topic"] or "").lower()) for row in (low, other))
    return other["held"] > low["held"] and first != "" and first == second


def test_a_teachers_own_view_is_hers_and_in_the_order_of_deadlines(scope_of: Scopes, warehouse: Warehouse) -> None:
    page = read_own(scope_of(TEACHER), Filters(school=warehouse.school_id), NOW)
    assert page is not None and page.due.height and page.duties.height and page.forecasts.marks.height
    assert page.due["due_at"].is_sorted() and page.sunday == date(2026, 11, 15)
    with owner_connection(warehouse.url) as connection:
        missing = connection.execute(
            "SELECT sum(row_count) FROM mart_duty_week WHERE school_id = %s AND staff_id = %s AND status = 5"
            " AND journal_id IS NOT NULL AND is_required AND NOT is_made AND rule <> %s",
            [warehouse.school_id, warehouse.staff_id, RULE["no_entry"].number],
        ).fetchone()
        taught = connection.execute(
            "SELECT DISTINCT journal_id FROM fact_lesson WHERE school_id = %s AND %s IN (staff_id, substitute_id)",
            [warehouse.school_id, warehouse.staff_id],
        ).fetchall()
    overdue = page.due.filter(pl.col("due_at") < pl.col("at"))
    assert missing is not None and 0 < overdue["n"].sum() <= missing[0]
    assert overdue["entries_of"].unique().to_list() == [missing[0]]
    journals = {row[0] for row in taught}
    assert (
        set(page.forecasts.marks["journal_id"]) <= journals and set(page.duties["journal_id"].drop_nulls()) <= journals
    )
    for user_id in (DEPUTY, INSPECTOR, STRANGER, CLASS_TEACHER):
        assert read_own(scope_of(user_id), Filters(school=warehouse.school_id), NOW) is None


def test_what_is_ahead_of_a_school_are_the_sums_of_its_pupils(scope_of: Scopes, warehouse: Warehouse) -> None:
    ahead = read_ahead(scope_of(DEPUTY), warehouse.school_id, date(2026, 11, 12))
    pupils = read_pupil_forecasts(scope_of(DEPUTY), warehouse.school_id, None).marks
    assert (ahead.first, ahead.last) == (date(2026, 11, 16), date(2026, 11, 22))
    assert int(ahead.forecasts.journals["short_count"].sum()) == pupils.filter(pl.col("forecast") == 2).height > 0
    assert read_ahead(scope_of(INSPECTOR), warehouse.school_id, date(2026, 11, 12)).forecasts.journals.is_empty()


def test_deadlines_of_next_week_are_the_unmade_rows_of_the_ledger_that_fall_due_in_it(
    scope_of: Scopes, warehouse: Warehouse
) -> None:
    ahead = read_ahead(scope_of(DEPUTY), warehouse.school_id, date(2026, 11, 12))
    with owner_connection(warehouse.url) as connection:
        rows = connection.execute(
            "SELECT rule, due_at, anchor_on FROM ledger_row WHERE school_id = %s AND judgement_id = 0 AND is_required"
            " AND excluded IS NULL AND can_tell AND done_earliest IS NULL AND due_at IS NOT NULL",
            [warehouse.school_id],
        ).fetchall()
        zone = connection.execute("SELECT timezone FROM dim_school WHERE school_id = %s", [warehouse.school_id])
        found_zone = zone.fetchone()
    assert found_zone is not None
    local = ZoneInfo(found_zone[0])
    found: dict[int, list[date]] = {}
    for rule, due_at, anchor_on in rows:
        if ahead.first <= due_at.astimezone(local).date() <= ahead.last and rule != RULE["no_entry"].number:
            found.setdefault(rule, []).append(anchor_on)
    expected = {rule: (len(days), sum(day <= date(2026, 11, 12) for day in days)) for rule, days in found.items()}
    assert expected and {row[0]: row[1:] for row in ahead.duties.select("rule", "n", "behind").iter_rows()} == expected
    assert read_ahead(scope_of(INSPECTOR), warehouse.school_id, date(2026, 11, 12)).duties.is_empty()


def test_every_reader_of_a_school_gets_the_hit_rate_of_the_whole_school(scope_of: Scopes, warehouse: Warehouse) -> None:
    rates = [read_pupil_forecasts(scope_of(one), warehouse.school_id, None).hits for one in (DEPUTY, TEACHER)]
    assert rates[0].equals(rates[1]) and set(rates[0]["kind"]) >= {"marks", "programme"}
    right = FORECASTS["forecast_right"].of(rates[0].filter(pl.col("kind") == "marks"))
    assert 0 < right.part <= right.whole
    for metric in FORECASTS.values():
        assert i18n.has(metric.passport_key) and i18n.has(f"noun.{metric.noun}.one"), metric.name


@pytest.mark.parametrize("user_id", [DEPUTY, CLASS_TEACHER])
def test_the_pages_ask_a_constant_number_of_questions(scope_of: Scopes, warehouse: Warehouse, user_id: int) -> None:
    scope = scope_of(user_id)
    pupil = _pupils(scope, warehouse)[0]
    with door.counted() as count:
        read_class(scope, position(warehouse), NOW)
    assert count.queries <= 15
    with door.counted() as count:
        read_pupil(scope, position(warehouse, pupil=pupil), NOW)
    assert count.queries <= 16
    with door.counted() as count:
        read_own(scope_of(TEACHER), Filters(school=warehouse.school_id), NOW)
    assert count.queries <= 9
