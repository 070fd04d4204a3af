"""The buttons of «Таблица учёта изменений»; a file is made, and noted in the access log, when its button is pressed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import polars as pl
import streamlit as st

from dashboard import frame
from dashboard.correction_document import correction_document
from dashboard.filters import Filters
from dashboard.i18n import t
from dashboard.queries.access_log import record_export
from dashboard.queries.corrections import Corrections
from dashboard.queries.origins import read_origins
from dashboard.reports.files import rendered
from dashboard.reports.origin import stamp_of
from dashboard.table_export import file_name
from dashboard.views.document_buttons import document_buttons, scope_at_the_press


def draw_correction_file(page: Corrections, shown: pl.DataFrame, filters: Filters) -> None:
    """DOCX, PDF and XLSX of the changes shown."""
    with st.container(border=True):
        st.header(t("corrections.table"), anchor=False)
        st.caption(t("corrections.table_note"))
        with st.container(horizontal=True, gap="small", key="correction_table"):
            name = file_name(t("corrections.table"), page.row["until_on"])
            document_buttons("correction_table", name, _maker(page, shown, filters))


def _maker(page: Corrections, shown: pl.DataFrame, filters: Filters) -> Callable[[str], bytes]:
    person = frame.identity()

    def made(ending: str) -> bytes:
        school: int = page.row["school_id"]
        scope = scope_at_the_press(person, school)
        stamp = stamp_of(read_origins(scope, school), f"{person.name}, {t(f'role.{person.role}')}", datetime.now(UTC))
        data = rendered(
            correction_document(shown.to_dicts(), stamp, page.row["name"], page.choice.period.label), ending
        )
        record_export(scope, "correction_table", schools=[school], filters=filters, rows=shown.height)
        return data

    return made
