"""What one school's number is made of, where it is no duty: fields of cards, sign-ins by role, days after the lesson.
Pure; sums without persons."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from dashboard.comparison import Line
from dashboard.components.row_table import Cell, Column, Row
from dashboard.i18n import count, has, number, percent, t
from etl.warehouse.metrics import Measured
from etl.warehouse.metrics_filling import BUCKETS

WORST = 8
"""Fields of cards that are named."""
Parts = tuple[list[Column], list[Row]]


def parts_of(line: Line, values: pl.DataFrame) -> Parts | None:
    """Columns and rows of the table under the number of a school; None where the number has no such parts."""
    build = _BUILT.get(line.measured.metric.source)
    return build(line, values) if build is not None and line.state == "told" else None


def worst_fields(fields: pl.DataFrame, limit: int) -> pl.DataFrame:
    """Fields with the lowest share of filled ones, the worst first: at most WORST, each empty in `limit` cards or more.

    Neither is what is left over a small number: who knows the sum would know it. `fields`: owner_kind, field, filled,
    fields of one school.
    """
    lacking = pl.col("fields") - pl.col("filled")
    rows = fields.filter(pl.col("field").is_not_null() & (pl.col("owner_kind") != "school")).with_columns(
        lacking.alias("lacking"), (pl.col("filled") / pl.col("fields")).alias("share")
    )
    shown = rows.filter(pl.col("lacking") >= limit).sort("share", "owner_kind", "field").head(WORST)
    left = int(rows["lacking"].sum()) - int(shown["lacking"].sum())
    while shown.height and 0 < left < limit:
        left += int(shown["lacking"][-1])
        shown = shown.head(shown.height - 1)
    return shown


def _cards(line: Line, values: pl.DataFrame) -> Parts:
    mine = worst_fields(values.filter(pl.col("school_id") == line.school), int(line.row["min_cell"] or 0))
    columns = [
        Column(t("contingent.column_field")),
        Column(t("comparison.column_filled"), is_number=True),
        Column(t("comparison.column_lacking"), is_number=True),
    ]
    rows = [
        Row(
            (
                Cell(_field(row["field"]), t(f"contingent.owner_{row['owner_kind']}"), "quiet"),
                Cell(percent(row["share"])),
                Cell(t("comparison.of_cards", n=number(row["lacking"]), all=number(row["fields"]))),
            )
        )
        for row in mine.iter_rows(named=True)
    ]
    return columns, rows


def _field(code: str) -> str:
    return t(f"card_field.{code}") if has(f"card_field.{code}") else code


def _sign_ins(line: Line, values: pl.DataFrame) -> Parts:
    names = ("role", "users", "accounts", "logins", "per_day")
    columns = [Column(t(f"comparison.column_{name}"), is_number=name != "role") for name in names]
    mine = values.filter(pl.col("school_id") == line.school)
    rows = []
    for role in ("staff", "pupil", "parent"):
        of_role = mine.filter(pl.col("role") == role)
        if of_role.is_empty():
            continue
        told = of_role.drop_nulls("users")
        users = Measured(line.measured.metric, int(told["users"].sum()), int(told["accounts"].sum()))
        logins, days = int(of_role["logins"].sum()), int(of_role["day_count"].sum())
        cells = (
            Cell(t(f"activity.role_{role}")),
            Cell(percent(users.value) if users.whole else t("comparison.few_say")),
            Cell(count(int(of_role["accounts"].sum()), "account_month")),
            Cell(number(logins)),
            Cell(number(logins / days, 1) if days else "—"),
        )
        rows.append(Row(cells))
    return columns, rows


def _lags(line: Line, values: pl.DataFrame) -> Parts:
    columns = [
        Column(t("comparison.column_days")),
        Column(t("comparison.column_own"), is_number=True),
        Column(t("comparison.column_others"), is_number=True),
    ]
    of_rules = values.filter(pl.col("rule").is_in(line.measured.metric.rule_numbers))
    own, rest = (of_rules.filter(condition) for condition in (_is(line), ~_is(line)))
    if not int(own["lag_base"].sum()):
        return columns, []
    codes = [*(code for code, _, _ in BUCKETS), "never"]
    return columns, [
        Row((Cell(t(f"school.delay_{code}")), Cell(_share(own, code)), Cell(_share(rest, code)))) for code in codes
    ]


def _is(line: Line) -> pl.Expr:
    return pl.col("school_id") == line.school


def _share(rows: pl.DataFrame, code: str) -> str:
    whole = int(rows["lag_base"].sum()) if rows.height else 0
    return percent(int(rows[f"lag_{code}"].sum()) / whole) if whole else "—"


_BUILT: dict[str, Callable[[Line, pl.DataFrame], Parts]] = {"card": _cards, "sign_in": _sign_ins, "lag": _lags}
