"""Sums of the pages of pupils, cards and activity in the shape of `metrics_people`. Pure."""

from __future__ import annotations

import polars as pl

from dashboard.queries.activity import Activity
from dashboard.queries.contingent import Contingent


def contingent_sums(page: Contingent) -> pl.DataFrame:
    """One row: closing, classes with pupils, cards and consents; parts that no bundle carries count nothing."""
    whole = page.cards.filter(pl.col("field").is_null())
    said = page.consents.row(0, named=True) if "consent" in page.carried else {}
    return pl.DataFrame(
        {
            "closing": [int(page.classes["closing"].sum())],
            "classes": [page.classes.filter(pl.col("closing") > 0).height],
            **{name: [int(whole[name].sum())] for name in ("filled", "fields", "complete", "cards")},
            "consented": [said.get("consented", 0)],
            "parents": [said.get("parents", 0)],
            "unconsented": [said.get("unconsented", 0)],
            "pupils": [said.get("pupils", 0)],
        }
    )


def balanced(classes: pl.DataFrame) -> pl.DataFrame:
    """Adds `difference`: the roll less what opening and movements give; 0 = the two registers agree (B-31)."""
    expected = pl.col("opening") + pl.col("arrived") + pl.col("moved_in") - pl.col("moved_out") - pl.col("left_school")
    return classes.with_columns((pl.col("closing") - expected).alias("difference"))


def activity_sums(page: Activity, role: str | None = None) -> pl.DataFrame:
    """One row of sums; accounts and active ones of one role, or of all.

    A pupil is `reached` by a parent only where the consents say whose parent somebody is.
    """
    knows = {"activity", "account"} <= page.carried
    roles = page.roles.filter(pl.col("role") == role) if role else page.roles
    told = page.teachers.filter(pl.col("accounts") > 0) if knows else page.teachers.clear()
    pupils = page.classes if "activity" in page.carried else page.classes.clear()
    return pl.DataFrame(
        {
            "active": [int(roles["active"].sum()) if knows else 0],
            "accounts": [int(roles["accounts"].sum()) if knows else 0],
            "active_pupils": [int(pupils["active_pupils"].sum())],
            "reached": [int(pupils["reached"].sum())],
            "enrolled": [int(pupils["enrolled"].sum())],
            "silent_teachers": [told.filter(pl.col("last_on").is_null() | (pl.col("made") == 0)).height],
            "teachers": [told.height],
        }
    )


def reached_sums(page: Activity) -> pl.DataFrame:
    """The same row for pupils reached through a parent: nothing where the source names no parents."""
    rows = activity_sums(page)
    return rows if "consent" in page.carried else rows.with_columns(enrolled=pl.lit(0), reached=pl.lit(0))
