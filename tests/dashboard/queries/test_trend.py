"""Digits of a class in two halves against loops over the stored marks; nobody from outside the class reads them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from dashboard.filters import Filters
from dashboard.queries.periods import Choice, Period
from dashboard.queries.spans import Span
from dashboard.queries.trend import read_trends
from etl.warehouse.engine import owner_connection
from tests.conftest import CLASS_TEACHER, DEPUTY, INSPECTOR, SILENT_DEPUTY, Warehouse

YEAR, UNTIL = 2026, date(2026, 11, 12)
NEWEST = datetime(2026, 11, 12, 3, tzinfo=UTC)
# every digit of the class in the order of lessons, whatever its period
_DIGITS = """
SELECT m.journal_id, m.pupil_id, l.held_on, m.mark_code, w.weight FROM fact_mark m
JOIN fact_lesson l USING (school_id, school_year, lesson_id)
LEFT JOIN fact_work w USING (school_id, school_year, work_id)
WHERE m.school_id = %s AND m.class_id = %s AND m.deleted_latest IS NULL AND l.deleted_latest IS NULL
  AND l.status <> 'cancelled' AND coalesce(l.kind, 'lesson') = 'lesson' AND m.mark_code BETWEEN 1 AND 5
ORDER BY l.held_on, l.slot, m.mark_id
"""
_PLACES = """
SELECT journal_id, period_id, pupil_id, starts_on, ends_on FROM mart_pupil_journal JOIN dim_period
USING (school_id, period_id) WHERE school_id = %s AND class_id = %s
"""


def _choice(warehouse: Warehouse) -> Choice:
    span = Span(YEAR, True, (warehouse.school_id,), (date(YEAR, 9, 1),), (UNTIL,))
    return Choice(Period("year", "год", "year", 1, span), None, (), "year")


def _slowly(warehouse: Warehouse) -> dict[tuple[int, int, int], tuple[int, ...]]:
    """By journal, period and pupil: digits, weights and points of all, of the first half, of the last."""
    found: dict[tuple[int, int, int], tuple[int, ...]] = {}
    with owner_connection(warehouse.url) as door:
        asked = [warehouse.school_id, warehouse.class_id]
        digits, places = door.execute(_DIGITS, asked).fetchall(), door.execute(_PLACES, asked).fetchall()
    for journal, period, pupil, first, last in places:
        mine = [(round(float(1 if weight is None else weight) * 100), code) for at, whose, on, code, weight in digits
                if (at, whose) == (journal, pupil) and first <= on <= last]  # fmt: skip
        half = len(mine) // 2
        parts = (mine, mine[:half], mine[len(mine) - half :])
        if mine:
            sums = [sum(value) for part in parts for value in ([w for w, _ in part], [w * code for w, code in part])]
            found[journal, period, pupil] = (len(mine), *sums)
    return found


def test_both_halves_are_those_of_loops_over_the_marks(scope_of: Any, warehouse: Warehouse) -> None:
    place = Filters(school=warehouse.school_id, class_id=warehouse.class_id)
    rows = read_trends(scope_of(DEPUTY), place, _choice(warehouse), UNTIL, NEWEST).rows
    names = ("digit_count", "weight", "points", "early_weight", "early_points", "late_weight", "late_points")
    told = {
        (row["journal_id"], row["period_id"], row["pupil_id"]): tuple(int(row[name]) for name in names)
        for row in rows.iter_rows(named=True)
    }
    assert told == _slowly(warehouse) and len(told) > 100 and max(row[0] for row in told.values()) > 6
    pupil = int(rows["pupil_id"][0])
    one = read_trends(scope_of(DEPUTY), place.changed(pupil=pupil), _choice(warehouse), UNTIL, NEWEST).rows
    assert one.equals(rows.filter(rows["pupil_id"] == pupil))
    assert read_trends(scope_of(CLASS_TEACHER), place, _choice(warehouse), UNTIL, NEWEST).rows.equals(rows)
    for user in (INSPECTOR, SILENT_DEPUTY):
        assert read_trends(scope_of(user), place, _choice(warehouse), UNTIL, NEWEST).rows.is_empty()


def test_the_period_before_is_cut_as_far_in(scope_of: Any, warehouse: Warehouse) -> None:
    with owner_connection(warehouse.url) as door:
        class_id, first, last = door.execute(
            "SELECT class_id, starts_on, ends_on FROM dim_period JOIN mart_pupil_journal USING (school_id, period_id)"
            " WHERE school_id = %s AND ends_on < %s ORDER BY 1 DESC, 2 LIMIT 1",
            [warehouse.school_id, UNTIL],
        ).fetchall()[0]
    place = Filters(school=warehouse.school_id, class_id=class_id)
    running = Span(YEAR, False, (warehouse.school_id,), (UNTIL,), (UNTIL,))
    before = Span(YEAR, False, (warehouse.school_id,), (first,), (last,))
    early = Span(YEAR, False, (warehouse.school_id,), (UNTIL,), (date(YEAR, 12, 30),))
    told = []
    for span in (running, early):
        choice = Choice(Period("q2", "", "quarter", 2, span), Period("q1", "", "quarter", 1, before), (), "q2")
        told.append(read_trends(scope_of(DEPUTY), place, choice, UNTIL, NEWEST).past["digit_count"].sum())
    assert told[0] > 5 * told[1] > 0  # on its last day a period knows all its marks, on its first hardly any
