"""Every number people are shown, defined once: numerator, denominator, unit, grain, groupings, exclusions,
clause, direction.

A metric is a quotient of two sums. The sums (`COUNTS`) are SQL over rows of one of the marts, or over
ledger rows brought to the same shape; they add up over any grouping, so the sum over a school is the sum of
its classes. Pages, exports, documents and tests read the same objects.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from etl.warehouse.learning_sums import ATTENDANCE, FILL, GROUP, SOU, SPREAD
from etl.warehouse.ledger import JUDGED, KEPT, MARK_RULES, RULE, Excluded, Status

Source = Literal[
    "duty",
    "learning",
    "period_mark",
    "period_success",
    "lag",
    "programme",
    "contingent",
    "activity",
    "attendance",
    "spread",
    "fill",
    "group",
    "forecast",
    "card",
    "sign_in",
    "review",
    "consistency",
    "critical",
    "class_total",
    "exam",
    "control_work",
]
Unit = Literal["share", "count", "mean", "days"]
Direction = Literal["up", "down", "none"]

WIDEST_INTERVAL = 0.10
"""An interval wider than 10 percentage points says nothing: «нельзя оценить» (annex L0b)."""


def _listed(statuses: Iterable[Status]) -> str:
    return ", ".join(str(int(status)) for status in statuses)


_COUNTS_FOR = "is_required AND excluded IS NULL"
_UNSURE = f"status = {int(Status.indeterminate)}"
# where nothing is regulated the status does not say that the source is silent (annex L1.2 comes before L1.5)
_UNSEEN = f"(NOT can_tell OR {_UNSURE})"
DUTY: dict[str, str] = {
    # completeness: ledger.md «Status», annex L5 and L11
    "done": f"{_COUNTS_FOR} AND is_made",
    "base": f"{_COUNTS_FOR} AND (is_made OR (is_due AND NOT {_UNSEEN}))",
    "unseen": f"{_COUNTS_FOR} AND NOT is_made AND is_due AND {_UNSEEN}",
    "unfilled": f"{_COUNTS_FOR} AND NOT is_made AND is_due AND NOT {_UNSEEN}",
    "not_due": f"{_COUNTS_FOR} AND NOT is_made AND NOT is_due",
    # timeliness: ledger.md «Status», annex L0a and L0b
    "kept": f"status IN ({_listed(KEPT)})",
    "judged": f"status IN ({_listed(JUDGED)})",
    "unsure": f"is_made AND {_UNSURE}",
    "cannot_tell": f"NOT is_made AND {_UNSURE}",
    "pending": f"status = {int(Status.pending)}",
    "exempt": f"status = {int(Status.exempt)}",
    "not_regulated": f"status = {int(Status.not_regulated)}",
    "late": f"status = {int(Status.late)}",
    "missing": f"status = {int(Status.missing)}",
    "early": f"status = {int(Status.early)}",
    "amber": f"status = {int(Status.amber)}",
    "breached": f"status = {int(Status.breached)}",
    **{reason.name: f"excluded = {int(reason)}" for reason in Excluded},
}
"""Sums over duty rows: rule, status, excluded, is_required, is_made, is_due, can_tell, row_count
(mart_duty_week and its kin)."""
REASONS = tuple(reason.name for reason in Excluded)

LEARNING = ATTENDANCE | {
    name: f"sum({name})" for name in ("marked_lesson_count", "mark_count", "digit_count", "digit_sum")
}
"""Sums over rows of mart_learning."""
PERIOD_MARK = {
    "period_digit_count": "sum(row_count) FILTER (WHERE mark_code BETWEEN 1 AND 5)",
    "period_good_count": "sum(row_count) FILTER (WHERE mark_code IN (4, 5))",
    "period_digit_sum": "sum(row_count * mark_code) FILTER (WHERE mark_code BETWEEN 1 AND 5)",
    **SOU,
}
"""Sums over rows of mart_period_mark."""
PERIOD_SUCCESS = {name: f"sum({name})" for name in ("pupil_count", "success_count", "quality_count")}
"""Sums over rows of mart_period_success."""

SOURCES: dict[Source, dict[str, str]] = {
    "duty": {name: f"sum(row_count) FILTER (WHERE {predicate})" for name, predicate in DUTY.items()},
    "learning": LEARNING,
    "period_mark": PERIOD_MARK,
    "period_success": PERIOD_SUCCESS,
    "attendance": ATTENDANCE,
    "spread": SPREAD,
    "fill": FILL,
    "group": GROUP,
}
"""Sums by source; the metrics that stand in a module of their own add theirs there."""


def sums(source: Source, names: Iterable[str] | None = None) -> str:
    """SQL of a select list: the additive sums of a source, each under its name, 0 where there is none."""
    known = SOURCES[source]
    return ", ".join(f"coalesce({known[name]}, 0)::bigint AS {name}" for name in names or known)


@dataclass(frozen=True)
class Measured:
    """A value with what it is made of: `part` ÷ `whole`, and `unknown` rows that could be either."""

    metric: Metric
    part: int
    whole: int
    unknown: int = 0

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Least and greatest possible value (annex L0b); None where there is nothing at all."""
        total = self.whole + self.unknown
        if not total:
            return None
        if self.metric.unit == "mean":
            return (self.part / self.whole, self.part / self.whole) if self.whole else None
        return self.part / total, (self.part + self.unknown) / total

    @property
    def value(self) -> float | None:
        """The number: a share, a mean or a count; None = «нельзя оценить»."""
        if self.metric.unit == "count":
            return float(self.part)
        found = self.bounds
        if not self.whole or found is None or found[1] - found[0] > WIDEST_INTERVAL:
            return None
        return self.part / self.whole

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval to show in place of the number, where the metric has unknown rows and can still be
        judged."""
        if not self.unknown or self.value is None or not self.metric.is_interval:
            return None
        return self.bounds


@dataclass(frozen=True)
class Metric:
    """One number people are shown.

    `numerator`, `denominator`, `unknown` name sums of `source`; a count has no denominator. `unknown` are
    rows that could fall on either side: with `is_interval` they widen the number to an interval, else they
    stand outside it (annex L11), and in both cases a width above ten points means «нельзя оценить». `rules`
    are the ledger rules it sums over, whose clauses are its source. `exclusions` name sums of rows that are
    left out, each shown with its count. `noun` is what is counted (a key of the app's nouns), `grain` what
    one counted row is, `groupings` by what it may be divided.
    """

    name: str
    numerator: str
    denominator: str = ""
    unknown: str = ""
    unit: Unit = "share"
    source: Source = "duty"
    noun: str = "entry"
    grain: str = "ledger row"
    groupings: tuple[str, ...] = ("school", "class", "journal", "staff", "week", "month", "rule")
    exclusions: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    direction: Direction = "up"
    is_interval: bool = False
    passport: str = ""

    @property
    def passport_key(self) -> str:
        """Key of the text that explains the metric: formula, source, what is left out."""
        return f"metric.{self.passport or self.name}"

    @property
    def rule_numbers(self) -> tuple[int, ...]:
        """Stored numbers of `rules`."""
        return tuple(RULE[name].number for name in self.rules)

    @property
    def numerator_sql(self) -> str:
        """SQL aggregate over rows of the source (the rules are a condition on `rule`)."""
        return SOURCES[self.source][self.numerator]

    @property
    def denominator_sql(self) -> str:
        """SQL aggregate over rows of the source; empty for a count."""
        return SOURCES[self.source][self.denominator] if self.denominator else ""

    def of(self, rows: pl.DataFrame) -> Measured:
        """The value over a frame that holds the sums of the source (one row per any grouping; `rule` where
        it has rules). A row with null in one of the sums is withheld from the reader and counts nowhere."""
        take = self._sums(rows, self._needed)
        return Measured(self, take[self.numerator], take.get(self.denominator, 0), take.get(self.unknown, 0))

    def each(self, rows: pl.DataFrame, key: str) -> dict[int, Measured]:
        """`of` for every value of one key that has rows, in one pass: a filter per school costs a millisecond each."""
        return {int(values[0]): measured for values, measured in self.each_of(rows, key).items()}

    def each_of(self, rows: pl.DataFrame, *keys: str) -> dict[tuple[Any, ...], Measured]:
        """`of` for every combination of keys that has rows which count, in the order of the rows."""
        mine = rows.filter(pl.col("rule").is_in(self.rule_numbers)) if self.rules and "rule" in rows.columns else rows
        needed = self._needed
        totals = mine.drop_nulls(needed).group_by(keys, maintain_order=True).agg(pl.col(needed).sum())
        places = [needed.index(name) + len(keys) if name else None
                  for name in (self.numerator, self.denominator, self.unknown)]  # fmt: skip
        return {
            row[: len(keys)]: Measured(self, *(0 if place is None else int(row[place]) for place in places))
            for row in totals.rows()
        }

    def by(self, rows: pl.DataFrame, *keys: str) -> pl.DataFrame:
        """One row per group: the keys, part, whole, unknown and value (null = «нельзя оценить»).

        The same as `of` for every group, in one pass; for shares only.
        """
        mine = rows.filter(pl.col("rule").is_in(self.rule_numbers)) if self.rules else rows
        mine = mine.drop_nulls(self._needed)
        unknown = pl.col(self.unknown).sum() if self.unknown else pl.lit(0, pl.Int64)
        grouped = mine.group_by(keys, maintain_order=True).agg(
            pl.col(self.numerator).sum().alias("part"),
            pl.col(self.denominator).sum().alias("whole"),
            unknown.alias("unknown"),
        )
        width = pl.col("unknown") / (pl.col("whole") + pl.col("unknown"))
        can_tell = (pl.col("whole") > 0) & (width <= WIDEST_INTERVAL)
        return grouped.with_columns(pl.when(can_tell).then(pl.col("part") / pl.col("whole")).alias("value"))

    def left_out(self, rows: pl.DataFrame) -> tuple[tuple[str, int], ...]:
        """(exclusion, rows) for every exclusion with at least one row, in the metric's order."""
        return tuple((name, n) for name, n in self._sums(rows, self.exclusions, is_withheld=False).items() if n)

    def _sums(self, rows: pl.DataFrame, names: Iterable[str], *, is_withheld: bool = True) -> dict[str, int]:
        """Sums of the metric's rows by column. By series: a page asks some twenty times, and a plan of Polars for a
        few hundred rows costs five times as much as the adding."""
        kept = None
        if self.rules and "rule" in rows.columns:
            kept = rows.get_column("rule").is_in(self.rule_numbers)
        columns = {name: rows.get_column(name) for name in names} if rows.height else {}
        for column in columns.values() if is_withheld else ():
            if column.null_count():
                kept = column.is_not_null() if kept is None else kept & column.is_not_null()
        sums = {name: int((column if kept is None else column.filter(kept)).sum() or 0)
                for name, column in columns.items()}  # fmt: skip
        return {name: sums.get(name, 0) for name in names}

    @property
    def _needed(self) -> list[str]:
        return list(dict.fromkeys(name for name in (self.numerator, self.denominator, self.unknown) if name))


LESSON_RULES = ("topic", "homework", "attendance")
"""What must be entered about every lesson: the journal is filled when these are."""
_OUTSIDE_FILL = ("unseen", "not_due", *REASONS)
_OUTSIDE_TIME = ("cannot_tell", "pending", "exempt", "not_regulated", *REASONS)


def _completeness(name: str, rules: tuple[str, ...], noun: str = "entry") -> Metric:
    return Metric(
        name,
        "done",
        "base",
        "unseen",
        rules=rules,
        noun=noun,
        exclusions=_OUTSIDE_FILL,
        passport="completeness",
    )


def _timeliness(name: str, rules: tuple[str, ...], noun: str = "entry") -> Metric:
    return Metric(
        name,
        "kept",
        "judged",
        "unsure",
        rules=rules,
        noun=noun,
        exclusions=_OUTSIDE_TIME,
        is_interval=True,
        passport="timeliness",
    )


_BY_JOURNAL = ("school", "class", "journal", "period", "month")
_ALL: tuple[Metric, ...] = (
    _completeness("completeness", LESSON_RULES),
    *(_completeness(f"completeness_{rule}", (rule,), "lesson") for rule in LESSON_RULES),
    _completeness("completeness_period_mark", ("period_mark",), "period_mark"),
    _timeliness("timeliness", LESSON_RULES),
    *(_timeliness(f"timeliness_{rule}", (rule,), "lesson") for rule in LESSON_RULES),
    _timeliness("timeliness_absence", ("absence",), "absence"),
    _timeliness("timeliness_marks", MARK_RULES, "mark"),
    _timeliness("timeliness_period_mark", ("period_mark",), "period_mark"),
    Metric("unfilled_count", "unfilled", unit="count", rules=LESSON_RULES, direction="down"),
    Metric("missing_count", "missing", unit="count", rules=LESSON_RULES, direction="down"),
    Metric("late_count", "late", unit="count", rules=LESSON_RULES, direction="down"),
    Metric(
        "attendance_share",
        "attended_count",
        "slot_count",
        source="learning",
        noun="slot",
        grain="pupil × held lesson",
        groupings=_BY_JOURNAL,
        exclusions=("stray_count",),
    ),
    Metric(
        "marked_lesson_share",
        "marked_lesson_count",
        "held_count",
        source="learning",
        noun="lesson",
        grain="held lesson",
        groupings=_BY_JOURNAL,
    ),
    Metric(
        "marks_per_lesson",
        "mark_count",
        "held_count",
        unit="mean",
        source="learning",
        noun="lesson",
        grain="held lesson",
        groupings=_BY_JOURNAL,
        direction="none",
    ),
    Metric(
        "marks_per_slot",
        "mark_count",
        "slot_count",
        unit="mean",
        source="learning",
        noun="slot",
        grain="pupil × held lesson",
        groupings=_BY_JOURNAL,
        direction="none",
    ),
    Metric(
        "mean_mark",
        "digit_sum",
        "digit_count",
        unit="mean",
        source="learning",
        noun="mark",
        grain="mark that is a digit",
        groupings=_BY_JOURNAL,
        direction="none",
    ),
    Metric(
        "period_mark_quality",
        "period_good_count",
        "period_digit_count",
        source="period_mark",
        noun="period_mark",
        grain="period mark that is a digit",
        groupings=("school", "class", "journal", "period", "kind"),
        direction="none",
    ),
    Metric(
        "mean_period_mark",
        "period_digit_sum",
        "period_digit_count",
        unit="mean",
        source="period_mark",
        noun="period_mark",
        grain="period mark that is a digit",
        groupings=("school", "class", "journal", "period", "kind"),
        direction="none",
    ),
    Metric(
        "success",
        "success_count",
        "pupil_count",
        source="period_success",
        noun="pupil",
        grain="pupil × period",
        groupings=("school", "class", "period"),
        direction="none",
    ),
    Metric(
        "quality",
        "quality_count",
        "pupil_count",
        source="period_success",
        noun="pupil",
        grain="pupil × period",
        groupings=("school", "class", "period"),
        direction="none",
    ),
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}
"""Every metric by its name."""
