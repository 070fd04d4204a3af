"""Parts of the page of a control: its frozen figures, and the buttons of its documents."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import streamlit as st

from dashboard import frame
from dashboard.components.frame_table import frame_table
from dashboard.control import Outcome
from dashboard.control_documents import KINDS, Kind, checked, document
from dashboard.filters import Filters
from dashboard.i18n import count, listed, percent, t
from dashboard.queries.access_log import record_export
from dashboard.queries.control import Package
from dashboard.reports.files import rendered
from dashboard.table_export import file_name
from dashboard.views.document_buttons import document_buttons, scope_at_the_press


def draw_documents(package: Package, filters: Filters) -> None:
    """The buttons; a file is made, and noted in the access log, when its button is pressed."""
    teachers = [name for name, _ in package.snapshot.by_teacher() if name]
    with st.container(border=True):
        st.header(t("control.documents"), anchor=False)
        for kind in KINDS:
            with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"control_{kind}"):
                st.markdown(f"**{t(f'control.document_{kind}')}**", width=190)
                teacher = ""
                if kind == "memo":
                    if not teachers:
                        st.caption(t("control.remarks_none"), width="content")
                        continue
                    teacher = st.selectbox(
                        t("control.memo_for"), teachers, key="control_memo_for", label_visibility="collapsed", width=260
                    )
                name = file_name(t(f"control.document_{kind}"), package.saved_at.date())
                document_buttons(f"control_{kind}", name, _maker(package, kind, teacher, filters))


def _maker(package: Package, kind: Kind, teacher: str, filters: Filters) -> Callable[[str], bytes]:
    person = frame.identity()

    def made(ending: str) -> bytes:
        data = rendered(document(kind, package, teacher), ending)
        scope = scope_at_the_press(person, package.school)
        rows = len(package.snapshot.remarks)
        record_export(scope, f"control_{kind}", schools=[package.school], filters=filters, rows=rows)
        return data

    return made


def draw_figures(package: Package) -> None:
    """What was frozen: who has no remarks first, then the figures, the previous control and the remarks."""
    shot = package.snapshot
    with st.container(border=True):
        st.header(t("control.clean"), anchor=False)
        st.write(frame.plain(", ".join(shot.clean)) if shot.clean else t("control.clean_none"))
    with st.container(border=True):
        st.header(t("control.figures"), anchor=False)
        with st.container(horizontal=True, gap="large"):
            for row in shot.indicators:
                st.metric(t(f"control.indicator_{row.name}"), row.shown, width="content")
            st.metric(t("control.remarks"), str(len(shot.remarks)), width="content")
    for found, title in (
        (shot.before, t("control.before", label=shot.before_label)),
        (package.texts.result, t("control.state_rechecked")),
    ):
        if found is not None:
            _outcome(found, title)
    if shot.checks:
        with st.container(border=True):
            st.header(t("control.checks"), anchor=False)
            for item, n in shot.checks:
                st.write(f"{t(f'control.check_{item}')}: **{checked(n)}**")
    _remarks(package)


def _outcome(found: Outcome, title: str) -> None:
    names = ("fixed", "late", "still", "gone", "new", "repeated")
    with st.container(border=True):
        st.header(title, anchor=False)
        words = [f"{t(f'control.{name}')}: {getattr(found, name)}" for name in names if getattr(found, name)]
        st.write(listed([*words, f"{t('control.share')}: {percent(found.share)}"]))


def _remarks(package: Package) -> None:
    rows = package.snapshot.remarks
    with st.container(border=True):
        st.header(count(len(rows), "finding") if rows else t("control.remarks_none"), anchor=False)
        if not rows:
            return
        table = pl.DataFrame(
            {
                t("control_document.teacher"): [row.teacher or t("control_document.nobody") for row in rows],
                t("control_document.where"): [f"{row.class_name} · {row.subject}" for row in rows],
                t("control_document.what"): [row.what for row in rows],
                t("control_document.told"): [row.told for row in rows],
                t("control_document.clause"): [row.clause for row in rows],
            }
        )
        frame_table("control_remarks", table, caption=t("control.remarks"))
