"""Numbers of whole schools for readers above them, over sums without persons (requirements B-06, B-08, B-21, B-41,
B-43, B-45).

Sign-ins are counted by month: a person who came in two months is two cases, so a period of several months is a mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from etl.warehouse.ledger import RULE, RULES, Status
from etl.warehouse.metrics import SOURCES, Measured, Metric
from etl.warehouse.metrics_filling import MEDIAN, NINE_TENTHS, RUSH_RULES, LagQuantile

_ROLES = ("staff", "pupil", "parent")
_SIGNED = {"accounts": "account_count", "users": "user_count", "logins": "login_count"}
SOURCES["sign_in"] = {name: f"sum({column})" for name, column in _SIGNED.items()} | {
    f"{name}_{role}": f"sum({column}) FILTER (WHERE role = '{role}')"
    for name, column in _SIGNED.items()
    for role in _ROLES
}
"""Sums over rows of mart_activity_month: account × month."""
SOURCES["card"] = {
    "filled": "sum(filled_count)", "fields": "sum(field_count)", "complete": "sum(complete_count)",
    "cards": "sum(card_count)",
}  # fmt: skip
"""Sums over rows of mart_card_school."""
SOURCES["review"] = {"reviewed": "sum(reviewed_count)", "classes": "sum(class_count)"}
"""Sums over rows of mart_review_month: class × month."""
CONTRADICTING = tuple(rule.number for rule in RULES if rule.kind == "content" and rule.name != "card_incomplete")
"""Rules of the content of records; how full the cards are is a number of its own."""
_LISTED = ", ".join(map(str, CONTRADICTING))
SOURCES["consistency"] = {
    "contradictions_hundredfold": "100 * sum(row_count) FILTER (WHERE excluded IS NULL AND"
    f" rule IN ({_LISTED}) AND status IN ({int(Status.breached)}, {int(Status.missing)}))",
    "lessons": f"sum(row_count) FILTER (WHERE rule = {RULE['topic'].number} AND is_required AND excluded IS NULL"
    " AND (is_made OR is_due))",
}
"""Sums over rows of mart_duty_school."""
SOURCES["critical"] = {"open_count": "sum(row_count)"}
"""Sums over rows of finding_critical that are open at the moment looked at."""


@dataclass(frozen=True)
class Days(Measured):
    """A quantile of days after the lesson: `low` and `high` are its least and greatest possible value (infinity = not
    made); `whole` counts the records."""

    low: float | None = None
    high: float | None = None

    @property
    def value(self) -> float | None:
        """The days where they are known exactly; None = an interval, or it cannot be told."""
        return self.low if self.low == self.high else None


@dataclass(frozen=True)
class DaysMetric(Metric):
    """A quantile of the lag as a metric of schools: `quantile` holds its definition."""

    quantile: LagQuantile = MEDIAN

    def of(self, rows: pl.DataFrame) -> Days:
        """Over rows with rule, lag_low, lag_high, is_told and row_count."""
        if rows.is_empty():
            return Days(self, 0, 0)
        mine = rows.filter(pl.col("rule").is_in(self.rule_numbers))
        told = int(mine.filter("is_told")["row_count"].sum())
        found = self.quantile.of(mine) if mine.height else None
        low, high = found or (None, None)
        return Days(self, 0, told, int(mine["row_count"].sum()) - told, low, high)

    def each_of(self, rows: pl.DataFrame, *keys: str) -> dict[tuple[Any, ...], Measured]:
        """`of` for every combination of keys that has rows."""
        return {values: self.of(part) for values, part in rows.group_by(keys, maintain_order=True)}


def _days(quantile: LagQuantile) -> DaysMetric:
    return DaysMetric(
        quantile.name, "lag_made", "lag_base", unit="days", source="lag", grain=quantile.grain, groupings=("school",),
        rules=quantile.rules, direction="down", quantile=quantile,
    )  # fmt: skip


def _signed(name: str, part: str, whole: str) -> Metric:
    return Metric(name, part, whole, source="sign_in", noun="account_month", grain="account × month",
                  groupings=("school", "role", "month"), passport="monthly_users")  # fmt: skip


ABOVE: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "over_week_share", "lag_over", "lag_sure", "lag_unsure", source="lag", noun="entry", is_interval=True,
            grain="entry made, or required and overdue", groupings=("school", "week", "rule"), rules=RUSH_RULES,
            direction="down",
        ),
        _days(MEDIAN),
        _days(NINE_TENTHS),
        Metric(
            "contradictions", "contradictions_hundredfold", "lessons", unit="mean", source="consistency", noun="lesson",
            grain="lesson", groupings=("school", "week"), direction="down",
        ),
        Metric(
            "critical_count", "open_count", unit="count", source="critical", noun="finding", grain="critical finding",
            groupings=("school", "day"), direction="down",
        ),
        Metric("cards_filled", "filled", "fields", source="card", noun="field", grain="field of a card",
               groupings=("school", "owner", "field"), passport="card_filled"),
        Metric("cards_complete", "complete", "cards", source="card", noun="card", grain="card",
               groupings=("school", "owner"), passport="card_complete"),
        _signed("monthly_users", "users", "accounts"),
        *(_signed(f"monthly_users_{role}", f"users_{role}", f"accounts_{role}") for role in _ROLES),
        Metric("logins_per_account", "logins", "accounts", unit="mean", source="sign_in", noun="account_month",
               grain="account × month", groupings=("school", "role", "month"), direction="none"),
        Metric("review_share", "reviewed", "classes", source="review", noun="class_month", grain="class × month",
               groupings=("school", "month")),
    )
}  # fmt: skip
"""Metrics of the comparison that no page of one school has, by name."""
