"""Files given in the browser: the form, the preview, progress, what was loaded. The page writes to the inbox and a row;
the worker reads and loads.
"""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from dashboard import frame, wording
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.i18n import count, has, number, t
from dashboard.load_words import failure, reject_reason, remark
from dashboard.queries.load_requests import Given, ask, read_given, read_periods, read_year
from dashboard.tables_words import table_name
from etl.settings import read_settings
from etl.warehouse.inbox import LIMIT_MB, TYPES, drop, put
from etl.warehouse.scope import Scope

LOOK_SECONDS = 1.0
PATIENCE = timedelta(seconds=30)
KINDS = ("quarter", "trimester", "half_year", "year")
_COUNTS = ("read", "loaded", "unchanged", "rejected", "deleted")
_JUDGED = {"yes": "yes", "by day": "day", "by interval": "interval", "cannot tell": "cannot"}


def upload(scope: Scope, school: dict[str, Any]) -> None:
    """The card of giving files for one school; who may do it was asked before."""
    number_of = int(school["school_id"])
    given = read_given(scope, number_of)
    with st.container(border=True):
        st.header(t("upload.title"), anchor=False)
        if given is not None and given.is_open:
            _progress(scope, number_of)
            return
        if given is not None and given.request_no != st.session_state.get(_dropped(number_of)):
            if given.state == "failed":
                st.error(
                    t("upload.failed", why=frame.plain(failure(given.message or "")).rstrip(".")),
                    icon=":material/error:",
                )
            elif given.found is not None and _is_new(given):
                _found(scope, school, given, given.found)
                return
        _form(scope, school)


def _dropped(school: int) -> str:
    return f"upload_dropped_{school}"


def _is_new(given: Given) -> bool:
    return given.now - given.asked_at < timedelta(hours=24)


@st.fragment(run_every=LOOK_SECONDS)
def _progress(scope: Scope, school: int) -> None:
    """Looks every second while the wish is open, alone: the rest of the page is drawn again when it is over."""
    given = read_given(scope, school)
    if given is None or not given.is_open:
        st.rerun()
    running = given.state == "running"
    stage = table_stage(given.stage or "")
    key = "upload.running_load" if given.kind == "load" else "upload.running_preview"
    st.progress(min(1.0, given.progress), text=t(key, stage=stage) if running else t("upload.waiting"))
    if not running and given.now - given.asked_at > PATIENCE:
        st.caption(t("upload.patience"))


def table_stage(stage: str) -> str:
    """«чтение» or «запись и расчёт», whatever table is at hand."""
    return t("upload_stage.reading" if stage.startswith("reading") else "upload_stage.loading")


def _form(scope: Scope, school: dict[str, Any]) -> None:
    st.markdown(t("upload.note"))
    number_of = int(school["school_id"])
    with st.form(f"upload_{number_of}", border=False):
        files = st.file_uploader(
            t("upload.files", limit=LIMIT_MB), type=list(TYPES), accept_multiple_files=True, key=f"files_{number_of}"
        )
        with st.expander(t("upload.answers"), icon=":material/tune:"):
            answers = _answers(scope, school, number_of)
        sent = st.form_submit_button(t("upload.preview"), type="primary", icon=":material/preview:")
    if sent and not files:
        st.warning(t("upload.no_files"), icon=":material/upload_file:")
    if not sent or not files:
        return
    too_big = next((file.name for file in files if file.size > LIMIT_MB * 2**20), None)
    if too_big:
        st.error(t("upload.too_big", name=frame.plain(too_big), limit=LIMIT_MB), icon=":material/error:")
        return
    home = read_settings().home
    folder = put(home, ((file.name, file.getvalue()) for file in files))
    if ask(scope, number_of, "preview", folder, [file.name for file in files], answers):
        st.rerun()
    drop(home, folder)
    st.error(t("upload.busy"), icon=":material/error:")


def _answers(scope: Scope, school: dict[str, Any], number_of: int) -> str:
    """What the person states, as JSON for the worker; prefilled with what is known of the school."""
    st.caption(t("upload.answers_note", school=frame.plain(school["label"]), zone=school["timezone"]))
    first = read_year(scope, number_of)
    left, middle, right = st.columns(3)
    year = left.text_input(t("upload.year"), value=f"{first}/{first + 1}" if first else "")
    day: date | None = middle.date_input(t("upload.day"), value=None, format="DD.MM.YYYY")
    at: time = right.time_input(t("upload.time"), value=time(23, 59))
    st.markdown(f"**{t('upload.periods')}**")
    st.caption(t("upload.periods_note"))
    columns = ("kind", "number", "starts_on", "ends_on", "grade_from", "grade_to")
    known = read_periods(scope, number_of).select(columns)
    edited = st.data_editor(
        known.with_columns(pl.col("kind").replace_strict({kind: t(f"upload_kind.{kind}") for kind in KINDS})),
        num_rows="dynamic",
        hide_index=True,
        column_config={
            name: st.column_config.SelectboxColumn(
                t("upload.column_kind"), options=[t(f"upload_kind.{kind}") for kind in KINDS], required=True
            )
            if name == "kind"
            else st.column_config.DateColumn(t(f"upload.column_{name}"), format="DD.MM.YYYY", required=True)
            if name.endswith("_on")
            else st.column_config.NumberColumn(t(f"upload.column_{name}"), min_value=1, max_value=11, required=True)
            for name in columns
        },
        key=f"periods_{number_of}",
    )
    words = {t(f"upload_kind.{kind}"): kind for kind in KINDS}
    rows = [dict(zip(columns, row, strict=True)) for row in edited.rows()]
    periods = [
        {
            **row,
            "kind": words[row["kind"]],
            **{name: f"{row[name]:%Y-%m-%d}" for name in ("starts_on", "ends_on")},
        }
        for row in rows
        if all(value is not None for value in row.values())
    ]
    moment = datetime.combine(day, at, ZoneInfo(school["timezone"])).isoformat() if day else ""
    return json.dumps({"school_year": year.strip(), "extracted_at": moment, "periods": periods}, ensure_ascii=False)


def _found(scope: Scope, school: dict[str, Any], given: Given, found: dict[str, Any]) -> None:
    """What the worker found: a preview that waits for a word, or the load that was made of it."""
    is_preview = given.kind == "preview"
    names = ", ".join(frame.plain(name) for name in given.file_names)
    st.subheader(t("upload.preview_title" if is_preview else "upload.done_title", files=names), anchor=False)
    extracted = wording.short_moment(datetime.fromisoformat(found["extracted_at"]), school["timezone"])
    title = _title(found["recognised"])
    st.markdown(t("upload.recognised", what=frame.plain(title), moment=extracted))
    if found["is_repeat"]:
        st.info(t("upload.repeat"), icon=":material/done_all:")
    else:
        _differences(school, found)
    _lists(found)
    _words(scope, school, given, found, is_preview=is_preview)


def _title(recognised: dict[str, str]) -> str:
    key = f"upload_source.{recognised['source']}"
    return t(key) if has(key) else recognised["title"]


def _differences(school: dict[str, Any], found: dict[str, Any]) -> None:
    if found["since"] is None:
        st.markdown(t("upload.first"))
        return
    since = wording.short_moment(datetime.fromisoformat(found["since"]), school["timezone"])
    st.markdown(f"**{t('upload.since', moment=since)}**")
    lines = []
    for entity, action, amount, of_old in found["differences"]:
        key = f"upload_difference.{entity}_{action}"
        words = t(key if has(key) else "upload_difference.other", n=number(amount))
        lines.append(t("upload.of_old", what=words, n=number(of_old)) if of_old else words)
    st.markdown("\n".join(f"- {line}" for line in lines) or t("upload.no_differences"))


def _lists(found: dict[str, Any]) -> None:
    judged = list(found["judged"].values())
    words = [
        t(f"upload.judged_{word}", n=number(judged.count(answer)))
        for answer, word in _JUDGED.items()
        if judged.count(answer)
    ]
    st.markdown(f"{t('upload.judged')}: {', '.join(words)}.")
    columns = [
        Column(t("loads.column_table"), wide=True),
        *(Column(t(f"loads.column_{name}"), is_number=True) for name in _COUNTS),
    ]
    rows = [
        Row((Cell(table_name(table)), *(Cell(number(value)) for value in counts)))
        for table, *counts in sorted(found["tables"], key=lambda row: table_name(row[0]))
    ]
    with st.expander(t("upload.counts"), icon=":material/table_rows:"):
        row_table("upload_counts", columns, rows, caption=t("upload.counts"))
    if found["rejected_count"]:
        with st.expander(t("upload.rejects", rows=count(found["rejected_count"], "row")), expanded=True):
            places = [Column(t("upload.column_place"), wide=True), Column(t("loads.column_reason"), wide=True)]
            lines = [
                Row((Cell(place or f"{t('loads.column_row')} {row}", file), Cell(reject_reason(reason))))
                for file, row, place, reason in found["rejects"]
            ]
            row_table("upload_rejects", places, lines, caption=t("loads.rejects_caption"))
    else:
        st.markdown(t("upload.rejects_none"))
    if found["not_received"]:
        with st.expander(t("upload.not_received", n=number(len(found["not_received"]))), icon=":material/inventory_2:"):
            st.caption(t("upload.not_received_note"))
            st.markdown("\n".join(f"- {frame.plain(remark(each))}" for each in found["not_received"]))
    if found["remarks"]:
        with st.expander(t("upload.remarks"), icon=":material/info:"):
            st.markdown("\n".join(f"- {frame.plain(remark(each))}" for each in found["remarks"]))


def _words(scope: Scope, school: dict[str, Any], given: Given, found: dict[str, Any], *, is_preview: bool) -> None:
    """The buttons under what was found."""
    number_of = int(school["school_id"])
    left, right = st.columns(2)
    if (
        is_preview
        and not found["is_repeat"]
        and left.button(t("upload.confirm"), type="primary", icon=":material/database_upload:", width="stretch")
    ):
        if ask(scope, number_of, "load", given.folder, given.file_names, given.answers):
            st.rerun()
        st.error(t("upload.busy"), icon=":material/error:")
    word = "upload.cancel" if is_preview else "upload.again"
    if right.button(t(word), icon=":material/close:", width="stretch"):
        if is_preview:
            drop(read_settings().home, given.folder)
        st.session_state[_dropped(number_of)] = given.request_no
        st.rerun()
