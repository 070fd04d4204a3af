"""Period marks beside control works against loops over the stored rows; nobody above a school reads them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from dashboard.filters import Filters
from dashboard.i18n import has, t
from dashboard.queries.control_works import read_control_works
from dashboard.queries.periods import Period, Span
from dashboard.views.control_works import gap_card, gap_table, widest_first
from etl.contract.ledger import RULE
from etl.warehouse.engine import owner_connection
from etl.warehouse.metric_settings import BY_DEFAULT
from etl.warehouse.metrics_works import CONTROL_KINDS, CONTROL_WORKS
from tests.conftest import CLASS_TEACHER, DEPUTY, INSPECTOR, SILENT_DEPUTY, TEACHER, Warehouse

YEAR, UNTIL = 2026, date(2026, 11, 12)
NEWEST = datetime(2026, 11, 12, 3, tzinfo=UTC)


def _ask(warehouse: Warehouse, statement: str) -> list[dict[str, Any]]:
    with owner_connection(warehouse.url) as door:
        found = door.execute(statement, {"school": warehouse.school_id})
        names = [column.name for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _year(warehouse: Warehouse) -> Period:
    return Period("year", "год", "year", 1, Span(YEAR, True, (warehouse.school_id,), (date(YEAR, 9, 1),), (UNTIL,)))


def _slowly(warehouse: Warehouse, kinds: tuple[str, ...]) -> dict[int, list[tuple[int, int]]]:
    """(work mark, period mark) by journal, by loops."""
    here = "WHERE school_id = %(school)s AND deleted_latest IS NULL"
    works = {row["work_id"] for row in _ask(warehouse, f"SELECT * FROM fact_work {here}")
             if row["is_monitoring"] or row["kind"] in kinds}  # fmt: skip
    lessons = {row["lesson_id"]: row["held_on"] for row in _ask(warehouse, f"SELECT * FROM fact_lesson {here}")
               if row["status"] != "cancelled" and row["kind"] in (None, "lesson")}  # fmt: skip
    days = {row["period_id"]: (row["starts_on"], row["ends_on"])
            for row in _ask(warehouse, "SELECT * FROM dim_period WHERE school_id = %(school)s")}  # fmt: skip
    given = _ask(warehouse, "SELECT * FROM mart_pupil_journal WHERE school_id = %(school)s")
    void = {row["object_id"] for row in _ask(warehouse, "SELECT object_id FROM obligation WHERE school_id = %(school)s"
            f" AND judgement_id = 0 AND rule = {RULE['void_after_incident'].number}")}  # fmt: skip
    found: dict[int, list[tuple[int, int]]] = {}
    for mark in _ask(warehouse, f"SELECT * FROM fact_mark {here}"):
        if mark["work_id"] not in works or mark["lesson_id"] not in lessons or mark["mark_id"] in void:
            continue
        on = lessons[mark["lesson_id"]]
        for row in given:
            if (row["journal_id"], row["pupil_id"]) != (mark["journal_id"], mark["pupil_id"]):
                continue
            first, last = days[row["period_id"]]
            if first <= on <= last and 1 <= (row["period_mark_code"] or 0) <= 5 and 1 <= mark["mark_code"] <= 5:
                found.setdefault(mark["journal_id"], []).append((mark["mark_code"], row["period_mark_code"]))
    return found


@pytest.mark.parametrize("kinds", [(), CONTROL_KINDS])
def test_the_difference_is_that_of_every_pair_counted_alone(scope_of, warehouse: Warehouse, kinds: tuple[str, ...]):
    rows = read_control_works(scope_of(DEPUTY), Filters(school=warehouse.school_id), _year(warehouse), UNTIL, NEWEST,
                              kinds)  # fmt: skip
    expected = _slowly(warehouse, kinds)
    assert {row["journal_id"] for row in rows.iter_rows(named=True)} == set(expected) and len(expected) > 3
    gaps = CONTROL_WORKS["control_work_gap"].each(rows, "journal_id")
    for journal, pairs in expected.items():
        means = [sum(marks) / len(pairs) for marks in zip(*pairs, strict=True)]
        assert gaps[journal].whole == len(pairs)
        assert gaps[journal].value == pytest.approx(means[1] - means[0])
    assert all(has(m.passport_key) and has(f"noun.{m.noun}.one") for m in CONTROL_WORKS.values())


def test_everybody_sees_her_own_journals_and_nobody_above_a_school_anything(scope_of, warehouse: Warehouse):
    place = (Filters(school=warehouse.school_id), _year(warehouse), UNTIL, NEWEST)
    whole = read_control_works(scope_of(DEPUTY), *place, CONTROL_KINDS)
    for user in (CLASS_TEACHER, TEACHER):
        mine = {row["journal_id"] for row in _ask(warehouse, "SELECT j.journal_id FROM access_row a JOIN dim_journal j"
                f" ON j.school_id = a.school_id AND a.user_id = {user} AND (j.journal_id = a.journal_id"
                " OR (a.level = 'class' AND j.class_id = a.class_id)) WHERE j.school_id = %(school)s")}  # fmt: skip
        own = read_control_works(scope_of(user), *place, CONTROL_KINDS)
        assert mine and set(own["journal_id"]) == set(whole["journal_id"]) & mine
    one = int(whole["class_id"][0])
    of_class = read_control_works(scope_of(DEPUTY), place[0].changed(class_id=one), *place[1:], CONTROL_KINDS)
    assert of_class.equals(whole.filter(pl.col("class_id") == one)) and of_class.height < whole.height
    for user in (INSPECTOR, SILENT_DEPUTY):
        assert read_control_works(scope_of(user), *place, CONTROL_KINDS).is_empty()


def test_a_period_that_has_not_ended_has_no_pairs(scope_of, warehouse: Warehouse):
    span = Span(YEAR, False, (warehouse.school_id,), (UNTIL,), (UNTIL + timedelta(days=1),))
    rows = read_control_works(scope_of(DEPUTY), Filters(school=warehouse.school_id),
                              Period("x", "x", "days", 0, span), UNTIL, NEWEST, CONTROL_KINDS)  # fmt: skip
    assert rows.is_empty()


def test_too_few_marks_give_no_number() -> None:
    rows = pl.DataFrame({
        "class_name": ["7А", "7Б"], "subject": ["Химия", "Химия"], "work_count": [1, 1], "pair_count": [4, 5],
        "work_sum": [12, 18], "period_sum": [16, 20], "gap_sum": [4, 2],
    })  # fmt: skip
    table = gap_table(rows, 5)
    assert table[t("control_works.column_gap")].to_list() == [None, 0.4]
    assert table[t("control_works.column_pairs")].to_list() == [4, 5]
    assert widest_first(rows, 5)["class_name"].to_list() == ["7Б", "7А"]
    assert widest_first(rows, 4)["class_name"].to_list() == ["7А", "7Б"]
    assert gap_card(rows.head(1), BY_DEFAULT).reason.startswith("мало отметок")
    assert not gap_card(rows, BY_DEFAULT).reason
