"""«Рассылка»: what the reader gets by e-mail, at which address, what it would say now, and what was sent."""

from __future__ import annotations

import streamlit as st

from dashboard import frame, wording
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.digests.content import Kind, digests_of, kinds_of
from dashboard.digests.mail import is_address
from dashboard.digests.schedule import wants
from dashboard.filters import Filters
from dashboard.i18n import t
from dashboard.queries import schools as asked
from dashboard.queries.digests import ADDRESS, choose, read_choices, read_deliveries
from etl.settings import read_settings
from etl.warehouse.scope import Scope


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page; two queries, and those of a digest where its preview is asked for."""
    frame.head(t("page.digests"), filters, caption=t("digest.caption"))
    kinds = kinds_of(scope.role)
    if not kinds:
        frame.empty(t("digest.none_title"), t("digest.none"))
        return
    chosen = read_choices(scope)
    with st.container(border=True):
        _address(scope, chosen)
    with st.container(border=True):
        st.header(t("digest.kinds"), anchor=False)
        st.caption(t("digest.kinds_note"))
        for kind in kinds:
            _kind(scope, kind, chosen)
    _sent(scope)


def _address(scope: Scope, chosen: dict[str, str]) -> None:
    st.header(t("digest.address"), anchor=False)
    now = chosen.get(ADDRESS, "")
    with st.form("digest_address", border=False):
        text = st.text_input(t("digest.address_label"), value=now, max_chars=254, width=360).strip()
        saved = st.form_submit_button(t("digest.save"))
    if not read_settings().smtp_host:
        st.caption(t("digest.no_server"))
    if not saved or text == now:
        return
    if text and not is_address(text):
        st.error(t("digest.wrong_address"))
        return
    choose(scope, ADDRESS, text)
    st.rerun()


def _kind(scope: Scope, kind: Kind, chosen: dict[str, str]) -> None:
    is_on = wants(chosen, kind.code)
    picked = st.toggle(t(f"digest_kind.{kind.code}"), value=is_on, key=f"digest_{kind.code}",
                       help=t(f"report_often.{kind.often}") if kind.often != "day" else t("digest.daily"))  # fmt: skip
    if picked != is_on:
        choose(scope, kind.code, "on" if picked else "off")
        st.rerun()
    if st.button(t("digest.preview"), key=f"digest_show_{kind.code}", type="tertiary", icon=":material/visibility:"):
        digests = digests_of(scope, kind, frame.this_hour())
        if not digests:
            st.info(t("digest.nothing_now"))
        for digest in digests:
            lines = "\n".join(
                f"- [{frame.plain(words)}]({route})" if route else f"- {frame.plain(words)}"
                for words, route in digest.lines
            )
            subject = t("digest.subject_is", subject=frame.plain(digest.subject))
            st.markdown(
                f"**{subject}**\n\n{frame.plain(digest.lead)}\n\n{lines}\n\n[{t('digest.whole')}]({digest.link})"
            )


def _sent(scope: Scope) -> None:
    rows = read_deliveries(scope)
    if rows.is_empty():
        return
    schools = asked.read_schools(scope, frame.this_hour())
    zone = str(schools["timezone"][0]) if schools.height else "UTC"
    with st.container(border=True):
        st.header(t("digest.sent"), anchor=False)
        columns = [
            Column(t(f"digest.column_{name}"), wide=name == "kind") for name in ("at", "kind", "address", "state")
        ]
        table = [
            Row(
                (
                    Cell(wording.short_moment(row["at"], zone)),
                    Cell(t(f"digest_kind.{row['kind']}")),
                    Cell(row["address"]),
                    Cell(
                        t(f"digest.state_{row['state']}"),
                        tone="bad" if row["state"] == "failed" else "good",
                        badge=True,
                    ),
                )
            )
            for row in rows.iter_rows(named=True)
        ]
        row_table("digest_sent", columns, table, caption=t("digest.sent"), as_file=False)
