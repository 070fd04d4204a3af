"""Severity of single rows where it is not that of their rule (annex F2, S): edits after a lock, period marks in
advance.

A row keeps null while its severity is the rule's, so only rows that differ cost anything. What could have been
graver or milder is taken as the milder: a change that may still lie inside a window is not called critical.
"""

from __future__ import annotations

import polars as pl

from etl.contract.ledger import RULE, Severity
from etl.regulations.profile import Profile
from etl.transforms.obligations.context import Context

_MAJOR = int(Severity.major)


def severity_of_parameter(context: Context, name: str, day: pl.Expr) -> pl.Expr:
    """Severity (contract.ledger) of the clause that states a parameter in the act in force on a day; null: unsaid."""
    known = {version.version: _stated(version, name) for version in context.versions}
    return context.by_version("severity", day, known, pl.Int16)


def _stated(version: Profile, name: str) -> int | None:
    stated = version.stated(name)
    return None if stated is None else int(Severity[stated.severity.value])


def not_graver_than_major(severity: pl.Expr) -> pl.Expr:
    """Annex F2 softens what is critical to major; what an act calls minor stays so. Greater numbers are milder."""
    return pl.max_horizontal(severity, pl.lit(_MAJOR, pl.Int16))


def where_unlike_the_rule(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """`severity` of rows with `rule` and `anchor_on` set to null where it is what the act says of the rule anyway."""
    usual = pl.lit(None, pl.Int16)
    for number in rows["rule"].unique().to_list():
        name = next(rule.name for rule in RULE.values() if rule.number == number)
        said = {version.version: int(Severity[version.rule_severity(name).value]) for version in context.versions}
        of_rule = context.by_version("usual", pl.col("anchor_on"), said, pl.Int16)
        usual = pl.when(pl.col("rule") == number).then(of_rule).otherwise(usual)
    return rows.with_columns(
        pl.when(pl.col("severity").ne_missing(usual)).then(pl.col("severity")).cast(pl.Int16).alias("severity")
    )
