"""The buttons under a table: as a workbook, as CSV, for readers of a whole school as Parquet too. The file is made when
a button is pressed, not before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl
import streamlit as st

from dashboard import frame
from dashboard.connection import accounts
from dashboard.i18n import number, t
from dashboard.parquet_export import parquet_file
from dashboard.queries.access_log import record_export
from dashboard.queries.origins import read_origins
from dashboard.stamp import Head, how_many, stamp
from dashboard.table_export import (
    MOST_IN_WORKBOOK,
    About,
    Sheet,
    csv_file,
    distinct,
    file_name,
    sheet_of_frame,
    sheet_of_words,
    zip_file,
)

_KINDS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "zip": "application/zip",
}


def offer(
    key: str, title: str, make: Callable[[], Sheet], rows: int, *, total: int | None = None, head: Head | None = None,
    label: str = "",
) -> None:  # fmt: skip
    """Draw the buttons for the table that `make` gives; `rows` = how many it will have, `total` = how many there are.

    A table longer than a workbook gets is offered as CSV in a ZIP, and the page says so. Parquet is for readers of a
    whole school, who analyse (B-48); others are spared the button. `head` = the words of the
    page, by default those its frame drew; `label` tells a second file of the same table from the first.
    """
    if not rows:
        return
    now, person = datetime.now(UTC), frame.identity()
    words = frame.drawn_head() if head is None else head
    name = file_name(title, now.date())

    def about(sheet: Sheet) -> About:
        # the grants are read anew: the button may be pressed long after the page was drawn
        scope = accounts().scope_of(person)
        origins = read_origins(scope, words.school)
        every = len(sheet.rows) if total is None else total
        chosen = None if words.school is None else [words.school]
        record_export(scope, key, schools=chosen, filters=words.position, rows=len(sheet.rows))
        return stamp(title, words, origins, person, scope, now, how_many(len(sheet.rows), every))

    def button(kind: str, label: str, made: Callable[[], bytes]) -> None:
        st.download_button(
            label,
            made,
            key=f"{kind}_{key}",
            file_name=f"{name}.{kind}",
            mime=_KINDS[kind],
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            help=frame.plain(t("export.help", title=title)),
        )

    def workbook() -> bytes:
        from dashboard.workbook import xlsx_file  # a page that nobody saves never loads it

        sheet = make()
        return xlsx_file(sheet, about(sheet))

    def plain() -> bytes:
        sheet = make()
        return csv_file(sheet, about(sheet))

    def columnar() -> bytes:
        sheet = make()
        return parquet_file(sheet, about(sheet))

    def packed() -> bytes:
        sheet = make()
        return zip_file(sheet, about(sheet), name)

    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"zavuch_export_{key}"):
        if rows > MOST_IN_WORKBOOK:
            button("zip", t("export.zip"), packed)
            words_of_limit = t("export.too_many", rows=number(rows), most=number(MOST_IN_WORKBOOK))
            st.caption(words_of_limit, width="content")
        else:
            button("xlsx", t("export.xlsx_of", label=label) if label else t("export.xlsx"), workbook)
            button("csv", t("export.csv"), plain)
        if frame.scope().level == "school":
            button("parquet", t("export.parquet"), columnar)


def offer_words(
    key: str, title: str, columns: Sequence[tuple[str, bool]], make: Callable[[], Sequence[Sequence[tuple[str, str]]]],
    rows: int,
) -> None:  # fmt: skip
    """The same for the `rows` rows of cells that `make` gives, as they are shown, see `sheet_of_words`."""
    offer(key, title, lambda: sheet_of_words(title, columns, make()), rows)


def offer_frame(
    key: str, title: str, rows: pl.DataFrame, config: Mapping[str, Any] | None = None, shares: Sequence[str] = (),
    label: str = "",
) -> None:  # fmt: skip
    """The same for a frame; `config` = the column configuration it was shown with: it has the words of the columns and
    says which are shares. A column that it leaves out keeps its own name."""
    known = dict(config or {})
    labels = distinct(_label(known.get(name), name) for name in rows.columns)
    percent = [
        label for name, label in zip(rows.columns, labels, strict=True) if name in shares or _is_share(known.get(name))
    ]
    offer(key, title, lambda: sheet_of_frame(title, rows.rename(dict(zip(rows.columns, labels, strict=True))), percent),
          rows.height, label=label)  # fmt: skip


def _label(column: Any, name: str) -> str:
    if isinstance(column, str):
        return column
    return str(column.get("label") or name) if isinstance(column, Mapping) else name


def _is_share(column: Any) -> bool:
    return isinstance(column, Mapping) and (column.get("type_config") or {}).get("format") == "percent"
