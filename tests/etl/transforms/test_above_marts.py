"""Sums of whole schools against a second, slow, obvious computation over the files of the bundle and the ledger."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from etl.warehouse.ledger import RULE, RULES
from etl.warehouse.metrics import sums
from etl.warehouse.metrics_above import ABOVE, Days
from etl.warehouse.metrics_filling import LAG
from tests.conftest import Warehouse
from tests.etl.transforms.test_learning_marts import Slow, ask, slow

__all__ = ["ask", "slow"]


@pytest.fixture(scope="module")
def table(warehouse: Warehouse, slow: Slow) -> Any:
    """Rows of a table of the first school's bundle, as dictionaries of strings."""
    folder = next((warehouse.home.parent / "bundles").rglob("school.csv")).parent

    def rows(name: str) -> list[dict[str, str]]:
        with Path(folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            key = slow.school.school["school_key"]
            return [row for row in csv.DictReader(file) if row["school_key"] == key]

    return rows


def monday(on: date) -> date:
    return on - timedelta(days=on.weekday())


def test_hours_planned_and_held_by_week_are_those_of_the_plans_line_by_line(slow: Slow, ask: Any) -> None:
    journal_of = {row["plan_key"]: (row["group_key"], row["subject_key"]) for row in slow.school.rows["plan"]}
    lines: dict[tuple[str, str], list[tuple[date | None, Decimal]]] = defaultdict(list)
    for row in slow.school.rows["plan_item"]:
        on = date.fromisoformat(row["planned_on"]) if row["planned_on"] else None
        lines[journal_of[row["plan_key"]]].append((on, Decimal(row["hours"] or "1")))
    expected: dict[tuple[str, str, date, date], list[float]] = defaultdict(lambda: [0.0, 0])
    for journal, items in lines.items():
        if sum(on is None for on, _ in items) * 10 > len(items):
            continue
        for on, hours in items:
            if on is not None and on <= slow.school.until:
                expected[*journal, monday(on), on.replace(day=1)][0] += float(hours)
        for on in slow.days[journal]:
            expected[*journal, monday(on), on.replace(day=1)][1] += 1
    rows = ask(
        "SELECT g.group_key, s.subject_key, m.week_on, m.month_on, m.planned_count, m.held_count"
        " FROM mart_programme_journal m JOIN dim_journal j USING (school_id, journal_id)"
        " JOIN dim_group g ON g.school_id = m.school_id AND g.group_id = j.group_id"
        " JOIN dim_subject s ON s.school_id = m.school_id AND s.subject_id = j.subject_id"
        " WHERE m.school_id = %(school)s"
    )
    assert len(rows) > 100 and {row[:4]: list(row[4:]) for row in rows} == expected


def test_cards_are_counted_field_by_field_and_card_by_card(table: Any, slow: Slow, ask: Any) -> None:
    until = slow.school.until
    gone = {("staff", row["staff_key"]) for row in table("staff")
            if row["employed_to"] and date.fromisoformat(row["employed_to"]) <= until}  # fmt: skip
    here: dict[str, bool] = defaultdict(bool)
    for row in table("enrolment"):
        open_end = not row["to_on"] or date.fromisoformat(row["to_on"]) > until
        here[row["pupil_key"]] |= date.fromisoformat(row["from_on"]) <= until and open_end
    gone |= {("pupil", key) for key, is_here in here.items() if not is_here}
    fields: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    cards: dict[tuple[str, str], bool] = {}
    for row in table("card_field"):
        owner = (row["owner_kind"], row["owner_key"])
        if owner in gone:
            continue
        cell, filled = fields[row["owner_kind"], row["field"]], row["filled"] == "true"
        cell[0] += filled
        cell[1] += 1
        cards[owner] = cards.get(owner, True) and filled
    rows = ask("SELECT owner_kind, field, filled_count, field_count, complete_count, card_count"
               " FROM mart_card_school WHERE school_id = %(school)s")  # fmt: skip
    assert gone and {row[:2]: list(row[2:4]) for row in rows if row[1] is not None} == fields
    whole = {row[0]: row[4:] for row in rows if row[1] is None}
    kinds = {kind for kind, _ in cards}
    assert whole == {
        kind: (sum(done for (of, _), done in cards.items() if of == kind), sum(of == kind for of, _ in cards))
        for kind in kinds
    }


def test_accounts_in_use_and_their_sign_ins_are_those_of_the_journal_of_sign_ins(
    table: Any, slow: Slow, ask: Any
) -> None:
    until = slow.school.until
    logins: dict[tuple[str, date], int] = defaultdict(int)
    for row in table("activity"):
        on = date.fromisoformat(row["date"])
        if on <= until and int(row["logins"]) > 0:
            logins[row["account_key"], on.replace(day=1)] += int(row["logins"])
    expected: dict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for month in sorted({month for _, month in logins}):
        last = min((month + timedelta(days=31)).replace(day=1) - timedelta(days=1), until)
        for row in table("account"):
            closed = row["deactivated_at"][:10]
            if row["created_at"] and date.fromisoformat(row["created_at"][:10]) > last:
                continue
            if (date.fromisoformat(closed) < month) if closed else row["active"] != "true":
                continue
            cell, mine = expected[month, row["role"]], logins.get((row["account_key"], month), 0)
            cell[0] += 1
            cell[1] += mine > 0
            cell[2] += mine
    rows = ask("SELECT month_on, role, account_count, user_count, login_count FROM mart_activity_month"
               " WHERE school_id = %(school)s")  # fmt: skip
    assert len(rows) >= 6 and {row[:2]: list(row[2:]) for row in rows} == expected


def test_sign_ins_of_a_day_are_those_of_the_accounts_in_use_in_its_month(table: Any, slow: Slow, ask: Any) -> None:
    used = {row["account_key"]: row for row in table("account")}
    expected: dict[tuple[date, str], list[Any]] = defaultdict(lambda: [set(), 0])
    for row in table("activity"):
        on, account = date.fromisoformat(row["date"]), used.get(row["account_key"])
        if account is None or on > slow.school.until or int(row["logins"]) == 0:
            continue
        last = min((on.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1), slow.school.until)
        made, closed = account["created_at"][:10], account["deactivated_at"][:10]
        if made and date.fromisoformat(made) > last:
            continue
        if (date.fromisoformat(closed) < on.replace(day=1)) if closed else account["active"] != "true":
            continue
        cell = expected[on, account["role"]]
        cell[0].add(row["account_key"])
        cell[1] += int(row["logins"])
    rows = ask("SELECT day_on, role, user_count, login_count FROM mart_activity_day WHERE school_id = %(school)s")
    told = {row[:2]: list(row[2:]) for row in rows}
    assert len(told) > 60 and told == {key: [len(cell[0]), cell[1]] for key, cell in expected.items()}
    months = ask("SELECT month_on, role, sum(login_count) FROM mart_activity_month WHERE school_id = %(school)s"
                 " AND login_count > 0 GROUP BY 1, 2")  # fmt: skip
    of_days: dict[tuple[date, str], int] = defaultdict(int)
    for (on, role), (_users, logins) in told.items():
        of_days[on.replace(day=1), role] += logins
    assert {row[:2]: row[2] for row in months} == of_days


def test_contradictions_are_the_broken_rules_of_content_per_hundred_lessons(ask: Any) -> None:
    broken = lessons = 0
    content = {rule.number for rule in RULES if rule.kind == "content"} - {RULE["card_incomplete"].number}
    for rule, status, excluded, is_required, is_made, is_due, n in ask(
        "SELECT rule, status, excluded, is_required, is_made, is_due, row_count FROM mart_duty_week"
        " WHERE school_id = %(school)s"
    ):
        broken += n if rule in content and status in (5, 11) and excluded is None else 0
        lessons += n if rule == 1 and is_required and excluded is None and (is_made or is_due) else 0
    row = ask(f"SELECT {sums('consistency')} FROM mart_duty_school WHERE school_id = %(school)s")[0]
    found = ABOVE["contradictions"].of(pl.DataFrame([row], ["contradictions_hundredfold", "lessons"], orient="row"))
    assert broken and found.value == pytest.approx(100 * broken / lessons)


def test_more_than_a_week_counts_what_is_surely_later_or_overdue_and_not_there(ask: Any) -> None:
    rules = ABOVE["over_week_share"].rule_numbers
    over = sure = unsure = 0
    for rule, low, high, is_told, n in ask(
        "SELECT rule, lag_low, lag_high, is_told, row_count FROM mart_duty_lag WHERE school_id = %(school)s"
    ):
        if rule not in rules:
            continue
        if high is None:
            over, sure, unsure = (over + n, sure + n, unsure) if is_told else (over, sure, unsure + n)
        elif low > 7 or high <= 7:
            over, sure = over + (n if low > 7 else 0), sure + n
        else:
            unsure += n
    row = ask(f"SELECT {sums('lag')} FROM mart_lag_school WHERE school_id = %(school)s AND rule = ANY"
              f"('{{{','.join(map(str, rules))}}}')")[0]  # fmt: skip

    found = ABOVE["over_week_share"].of(pl.DataFrame([row], list(LAG), orient="row"))
    assert over and (found.part, found.whole, found.unknown) == (over, sure, unsure)


def test_days_of_a_school_are_those_of_its_records_in_a_row(ask: Any) -> None:
    rows = pl.DataFrame(
        ask("SELECT rule, lag_low, lag_high, is_told, row_count FROM mart_lag_school WHERE school_id = %(school)s"),
        ["rule", "lag_low", "lag_high", "is_told", "row_count"], orient="row",
    )  # fmt: skip
    for name, share in (("lag_median", 0.5), ("lag_nine_tenths", 0.9)):
        metric = ABOVE[name]
        days = [
            31 if row["lag_low"] is None else row["lag_low"]
            for row in rows.iter_rows(named=True) if row["rule"] in metric.rule_numbers and row["is_told"]
            for _ in range(row["row_count"])
        ]  # fmt: skip
        found = metric.of(rows)
        assert isinstance(found, Days)
        assert found.whole == len(days) > 1000 and found.low == sorted(days)[-(-len(days) * int(share * 10) // 10) - 1]
