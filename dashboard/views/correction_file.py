"""The buttons of «Таблица учёта изменений»; a file is made, and noted in the access log, when its button is pressed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from dashboard import frame
from dashboard.connection import accounts
from dashboard.correction_document import correction_document
from dashboard.filters import Filters
from dashboard.i18n import t
from dashboard.queries.access_log import record_export
from dashboard.queries.corrections import Corrections
from dashboard.queries.origins import read_origins
from dashboard.reports.document import Document, Stamp
from dashboard.table_export import file_name
from dashboard.wording import full_moment
from etl.settings import read_settings
from etl.warehouse.scope import Scope

_KINDS = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def draw_correction_file(page: Corrections, shown: pl.DataFrame, filters: Filters) -> None:
    """DOCX, PDF and XLSX of the changes shown."""
    with st.container(border=True):
        st.markdown(f"**{t('corrections.table')}**")
        st.caption(t("corrections.table_note"))
        with st.container(horizontal=True, gap="small", key="correction_table"):
            for ending, mime in _KINDS.items():
                st.download_button(
                    ending.upper(),
                    _maker(page, shown, ending, filters),
                    key=f"correction_table_{ending}",
                    file_name=f"{file_name(t('corrections.table'), page.row['until_on'])}.{ending}",
                    mime=mime,
                    icon=":material/download:",
                    on_click="ignore",
                )


def _maker(page: Corrections, shown: pl.DataFrame, ending: str, filters: Filters) -> Callable[[], bytes]:
    person = frame.identity()

    def made() -> bytes:
        scope = accounts().scope_of(person)  # the grants are read anew: the button may be pressed long after
        school: int = page.row["school_id"]
        if school not in scope.school_ids:
            raise PermissionError(t("state.forbidden_title"))
        stamp = _stamp(scope, page, f"{person.name}, {t(f'role.{person.role}')}")
        data = rendered(
            correction_document(shown.to_dicts(), stamp, page.row["name"], page.choice.period.label), ending
        )
        record_export(scope, "correction_table", schools=[school], filters=filters, rows=shown.height)
        return data

    return made


def rendered(document: Document, ending: str) -> bytes:
    """The document as docx, pdf or xlsx."""
    if ending == "docx":
        from dashboard.reports.word import docx_file  # a page that nobody prints never loads them

        return docx_file(document, read_settings().home / "templates")
    if ending == "pdf":
        from dashboard.reports.pdf import pdf_file

        return pdf_file(document)
    from dashboard.reports.book import book_file

    return book_file(document)


def _stamp(scope: Scope, page: Corrections, executor: str) -> Stamp:
    """Source, executor, as-of and act (003 4.5), read when the button is pressed."""
    origins = read_origins(scope, page.row["school_id"])
    row = origins.row(0, named=True) if origins.height else {}
    act = " ".join(str(part) for part in (row.get("act_title"), row.get("act_number")) if part)
    return Stamp(
        row.get("source_system") or "",
        datetime.now(UTC).astimezone(ZoneInfo(page.row["timezone"])).replace(microsecond=0),
        executor,
        full_moment(page.row["extracted_at"], page.row["timezone"]),
        act,
        str(row.get("profile_version") or ""),
    )
