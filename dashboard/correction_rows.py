"""How changes after the lock and permissions fit (004 7.1–7.5, annex R9): one verdict each. Pure."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import polars as pl

from dashboard.components.row_table import Tone


class Verdict(StrEnum):
    """What a change after the lock is."""

    PERMITTED = "permitted"
    """Covered by a permission in time and made by a role that may."""
    DOCUMENT = "document"
    """A change of an absence inside a document presented before it."""
    NO_PERMISSION = "no_permission"
    WRONG_ROLE = "wrong_role"
    """The permission is in time, the author's role may not use it."""
    AFTER_THE_FACT = "after_the_fact"
    """The permission was decided on a later day than the change: it counts as none (annex F2)."""
    CANNOT_TELL = "cannot_tell"


class Use(StrEnum):
    """What became of a permission."""

    USED = "used"
    UNUSED = "unused"
    LATE = "late"
    """Every change of its entry was made before the decision."""
    WRONG_ROLE = "wrong_role"


TONES: dict[Verdict, Tone] = {
    Verdict.PERMITTED: "good",
    Verdict.DOCUMENT: "good",
    Verdict.NO_PERMISSION: "bad",
    Verdict.WRONG_ROLE: "bad",
    Verdict.AFTER_THE_FACT: "bad",
    Verdict.CANNOT_TELL: "unknown",
}
USE_TONES: dict[Use, Tone] = {Use.USED: "good", Use.UNUSED: "quiet", Use.LATE: "bad", Use.WRONG_ROLE: "bad"}


def with_verdict(changes: pl.DataFrame) -> pl.DataFrame:
    """The changes (`Corrections.changes`) with `verdict`.

    The ledger decides whether a change was late or exempt; the permission of its entry says why. A late change with a
    permission decided by its day is one of a role that may not.
    """
    in_time = (pl.col("decided_on") <= pl.col("last_on")).fill_null(value=False)
    late = (
        pl.when(pl.col("decided_on").is_null())
        .then(pl.lit(Verdict.NO_PERMISSION))
        .when(in_time)
        .then(pl.lit(Verdict.WRONG_ROLE))
        .otherwise(pl.lit(Verdict.AFTER_THE_FACT))
    )
    found = (
        pl.when(pl.col("is_late"))
        .then(late)
        .when(pl.col("is_unknown"))
        .then(pl.lit(Verdict.CANNOT_TELL))
        .when(in_time)
        .then(pl.lit(Verdict.PERMITTED))
        .otherwise(pl.lit(Verdict.DOCUMENT))
    )
    return changes.with_columns(found.alias("verdict"))


def in_period(changes: pl.DataFrame, starts_on: date, ends_on: date, class_id: int | None = None) -> pl.DataFrame:
    """The rows whose lesson or period lies in the days (a table of corrections belongs to the summary of its period,
    004 7.3), of one class where it is given."""
    found = changes.filter(pl.col("anchor_on").is_between(starts_on, ends_on))
    return found if class_id is None else found.filter(pl.col("class_id") == class_id)


def with_use(permissions: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """The permissions with `use` and `change_count`, from changes that have their verdict. A permission that is one of
    several for its entry is judged by its own day."""
    joined = permissions.select("permission_no", "entity", "entity_key", "decided_on").join(
        judged.select("entity", "entity_key", "last_on", "verdict"), on=["entity", "entity_key"], how="inner"
    )
    after = pl.col("last_on") >= pl.col("decided_on")
    sums = joined.group_by("permission_no", "entity", "entity_key").agg(
        pl.len().cast(pl.Int64).alias("change_count"),
        (after & (pl.col("verdict") != Verdict.WRONG_ROLE)).sum().alias("covered"),
        (after & (pl.col("verdict") == Verdict.WRONG_ROLE)).sum().alias("wrong"),
    )
    found = permissions.join(sums, on=["permission_no", "entity", "entity_key"], how="left", maintain_order="left")
    use = (
        pl.when(pl.col("change_count").is_null())
        .then(pl.lit(Use.UNUSED))
        .when(pl.col("covered") > 0)
        .then(pl.lit(Use.USED))
        .when(pl.col("wrong") > 0)
        .then(pl.lit(Use.WRONG_ROLE))
        .otherwise(pl.lit(Use.LATE))
    )
    return found.with_columns(use.alias("use"), pl.col("change_count").fill_null(0)).drop("covered", "wrong")


def counts(judged: pl.DataFrame) -> dict[Verdict, int]:
    """Changes by verdict, every verdict there."""
    found = dict(judged.group_by("verdict").len().iter_rows())
    return {verdict: int(found.get(verdict, 0)) for verdict in Verdict}
