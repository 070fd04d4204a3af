"""Sign-ins by day of the last month of the period: schools × days for one role, or one school's roles (B-21)."""

from __future__ import annotations

from datetime import date

import polars as pl
import streamlit as st

from dashboard import frame
from dashboard.components.heat_grid import Axis, heat_grid
from dashboard.components.heat_grid import Cell as Share
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.exports import offer_frame
from dashboard.filters import Filters
from dashboard.i18n import day_short, month, number, out_of, percent, t
from dashboard.queries.comparison import Compared
from dashboard.queries.door import cached
from dashboard.queries.sign_in_days import read_sign_in_days
from etl.warehouse.scope import Scope

ROLES = ("staff", "pupil", "parent")
_ROLE_KEY = "zavuch.sign_in_role"


def draw_days(scope: Scope, page: Compared, filters: Filters) -> None:
    """Schools × days: the share of accounts of the chosen role that signed in; a row opens its school."""
    on = month_of(page.values)
    if on is None:
        return
    with st.container(border=True):
        st.header(t("sign_in_days.title", month=month(on)), anchor=False)
        st.caption(t("sign_in_days.note"))
        role = st.selectbox(t("comparison.column_role"), ROLES, key=_ROLE_KEY, width=220,
                            format_func=lambda code: t(f"activity.role_{code}"))  # fmt: skip
        rows = cached(scope, Filters(), read_sign_in_days, on)
        mine = rows.filter(pl.col("role") == role)
        if mine.is_empty():
            st.markdown(t("comparison.parts_none"))
            return
        names = dict(page.schools.select("school_id", "label").iter_rows())
        told = set(mine["school_id"])
        days = mine["day_on"].unique().sort().to_list()
        cells: dict[tuple[str | int, str | int], Share] = {
            (row["school_id"], row["day_on"].isoformat()): Share(
                None if row["users"] is None else row["users"] / row["accounts"], row["accounts"]
            )
            for row in mine.iter_rows(named=True)
            if row["users"] != 0  # most such days are days off: a dash and no alarm
        }
        clicked = heat_grid(
            "sign_in_days", [Axis(school, label) for school, label in names.items() if school in told],
            [Axis(on.isoformat(), str(on.day), day_short(on)) for on in days], cells,
            caption=t("sign_in_days.title", month=month(on)), corner=t("school.choose"), noun="account", of="norm",
            beside=lambda: offer_frame("sign_in_days_all", t("sign_in_days.title", month=month(on)),
                                       exported(rows, names), shares=[t("sign_in_days.column_share")],
                                       label=t("sign_in_days.every_role")),
        )  # fmt: skip
    if clicked is not None and clicked[0] is not None:
        frame.set_filters(filters.drilled(school=int(clicked[0])))


def draw_days_of_school(scope: Scope, page: Compared, school: int) -> None:
    """Days × roles of one school: accounts that signed in of those in use, and their sign-ins."""
    on = month_of(page.values.filter(pl.col("school_id") == school))
    if on is None:
        return
    with st.container(border=True):
        st.header(t("sign_in_days.title", month=month(on)), anchor=False)
        st.caption(t("sign_in_days.note"))
        rows = cached(scope, Filters(school=school), read_sign_in_days, on)
        if rows.is_empty():
            st.markdown(t("comparison.parts_none"))
            return
        roles = [role for role in ROLES if role in set(rows["role"])]
        found = {(row["day_on"], row["role"]): row for row in rows.iter_rows(named=True)}
        table = [
            Row((Cell(day_short(day)), *(day_cell(found.get((day, role))) for role in roles)))
            for day in rows["day_on"].unique().sort(descending=True)
        ]
        columns = [Column(t("sign_in_days.column_day_on")), *(Column(t(f"activity.role_{role}"), is_number=True)
                                                         for role in roles)]  # fmt: skip
        row_table("sign_in_days", columns, table, caption=t("sign_in_days.title", month=month(on)), height=420)


def day_cell(row: dict[str, object] | None) -> Cell:
    """The share of accounts with a sign-in, and how many sign-ins; a day without any and what is withheld are said."""
    if row is None or row["users"] is None:
        return Cell(t("comparison.few_say"))
    if not row["users"]:
        return Cell("—", t("sign_in_days.nobody"), "quiet")
    users, accounts = int(str(row["users"])), int(str(row["accounts"]))
    words = t("sign_in_days.cell", parts=out_of(users, accounts, "account"), logins=number(int(str(row["logins"]))))
    return Cell(percent(users / accounts) if accounts else "—", words, "quiet")


def month_of(values: pl.DataFrame) -> date | None:
    """The last month among sums of sign-ins; None where there is none."""
    found = values["month_on"].max() if values.height else None
    return found if isinstance(found, date) else None


def exported(rows: pl.DataFrame, names: dict[int, str]) -> pl.DataFrame:
    """Every school, role and day as a file: what is withheld is empty."""
    labels = rows.with_columns(
        pl.col("school_id").replace_strict(names, default=None, return_dtype=pl.String).alias("school"),
        pl.col("role").replace_strict({role: t(f"activity.role_{role}") for role in ROLES}, default=None,
                                      return_dtype=pl.String),
        (pl.col("users") / pl.col("accounts")).alias("share"),
    )  # fmt: skip
    order = ("school", "role", "day_on", "share", "users", "accounts", "logins")
    return labels.select(pl.col(name).alias(t(f"sign_in_days.column_{name}")) for name in order)
