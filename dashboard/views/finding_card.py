"""The card of one finding: what was compared, whose rule it is, what to do, and the word of a person about it."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

import streamlit as st

from checks.catalogue import Expectation, expectation_of, read_catalogue
from dashboard import frame, wording
from dashboard.filters import Filters, to_params
from dashboard.finding_rows import place_of, which
from dashboard.i18n import t
from dashboard.queries.decisions import LONGEST_REASON, Card, Decision, decide, may_decide, read_card
from dashboard.views.source_link import source_link
from dashboard.wording import LedgerRow
from etl.warehouse.ledger import Status
from etl.warehouse.scope import Scope

_STANDING = ("disputed", "accepted")
_STYLE = """<style>
[role=dialog] [data-testid=stHeading] h2 { font-size: 1.05rem; padding: 0.6rem 0 0; }
</style>"""


def open_finding(scope: Scope, school: int, filters: Filters, at: datetime | None = None) -> None:
    """Open the card of `filters.finding` of the school as it was at `at` (its own clock); closing it takes the finding
    out of the address."""
    card = read_card(scope, school, filters.finding or 0, at)
    title = t("finding_card.title") if card is None else wording.rule_name(card.row["rule"])
    dialog = st.dialog(title, width="medium", icon=":material/flag:", on_dismiss=lambda: _close(filters))
    dialog(_draw)(scope, card, filters, at)


def _close(filters: Filters) -> None:
    st.query_params.from_dict(to_params(filters.changed(finding=None)))


def _draw(scope: Scope, card: Card | None, filters: Filters, at: datetime | None) -> None:
    if card is None:
        st.markdown(f"**{t('finding_card.unknown_title')}**")
        st.markdown(
            t("finding_card.unknown") if at is None else t("finding_card.unknown_then", at=f"{at:%d.%m.%Y %H:%M}")
        )
        return
    st.html(_STYLE)
    if at is not None:
        st.caption(t("finding_card.then", at=f"{at:%d.%m.%Y %H:%M}"))
    _about(card.row)
    _lesson(card.row, filters)
    source_link(scope, card.row["school_id"], card.row["journal_id"], card.row["lesson_id"])
    _life(card.row, is_newest=at is None)
    _answers(card.row)
    if at is None:  # a word is about the newest state
        _decision(scope, card, filters)
    _history(card)


def _about(row: dict[str, Any]) -> None:
    told = wording.told(LedgerRow.of(row, row["timezone"]))
    place = ", ".join(part for part in (place_of(row, several=True), which(row)) if part)
    state = f"{wording.severity_name(row['severity'])} · " + t(f"finding_state.{row['state']}")
    st.markdown(f"**{frame.plain(told[:1].upper() + told[1:])}.**")
    lines = [
        (t("finding_card.where"), place),
        (t("finding_card.who"), row["responsible"] or t("findings.nobody")),
        (t("finding_card.state"), state),
        (t("finding_card.clause"), wording.clause(row)),
    ]
    st.markdown("  \n".join(f"{name}: {frame.plain(words)}" for name, words in lines))
    if row["quotation"]:
        st.markdown(f"> {frame.plain(row['quotation'])}")


def _lesson(row: dict[str, Any], filters: Filters) -> None:
    if row["journal_id"] is None:
        return
    label = "finding_card.open_lesson" if row["lesson_id"] is not None else "finding_card.open_journal"
    if st.button(t(label), icon=":material/menu_book:"):
        frame.go("journal", journal_position(row, filters))


def journal_position(row: dict[str, Any], filters: Filters) -> Filters:
    """Where the lesson of a finding stands."""
    return Filters(
        year=filters.year,
        period=filters.period,
        school=row["school_id"],
        class_id=row["class_id"],
        subject=row["subject_id"],
        journal=row["journal_id"],
        lesson=row["lesson_id"],
    )


def _life(row: dict[str, Any], *, is_newest: bool) -> None:
    zone = row["timezone"]
    first, last = (wording.short_moment(row[name], zone) for name in ("first_seen_at", "at"))
    # found with hindsight, a finding of a past day was first seen after it
    words = [t("finding_card.seen", first=first, last=last)] if is_newest else []
    if row["fixed_at"] is not None:
        lag = (row["fixed_at"] - row["due_at"]).total_seconds() if row["due_at"] is not None else 0
        at = wording.short_moment(row["fixed_at"], zone)
        words.append(
            t("finding_card.fixed_lag", at=at, lag=wording.lag(lag)) if lag > 0 else t("finding_card.fixed", at=at)
        )
    if row["reopened"]:
        words.append(t("findings.reopened", n=row["reopened"]))
    if words:
        st.caption(". ".join(word[:1].upper() + word[1:] for word in words) + ".")


def _answers(row: dict[str, Any]) -> None:
    one = expectation_of(_catalogue(), wording.BY_NUMBER[row["rule"]].name, Status(row["status"]).name)
    if one is None:
        return
    for name, words in (("what", one.what), ("why", one.why), ("how", one.how)):
        st.markdown(f"**{t(f'finding_card.{name}')}** {frame.plain(words)}")


@lru_cache(maxsize=1)
def _catalogue() -> tuple[Expectation, ...]:
    return read_catalogue()


def _decision(scope: Scope, card: Card, filters: Filters) -> None:
    row = card.row
    choices = possible(row)
    if not choices or not may_decide(scope, row["school_id"]):
        return
    st.header(t("finding_card.decide"), anchor=False)
    with st.form("finding_decision", border=False):
        chosen = st.radio(
            t("finding_card.decision"),
            choices,
            format_func=lambda choice: t(f"decision.{choice.value}"),
            captions=[t(f"decision_means.{choice.value}") for choice in choices],
        )
        reason = st.text_area(t("finding_card.reason"), max_chars=LONGEST_REASON, help=t("finding_card.reason_help"))
        is_sent = st.form_submit_button(t("finding_card.save"), type="primary")
    if not is_sent:
        return
    refused = decide(scope, row["school_id"], row["finding_id"], chosen, reason)
    if refused is not None:
        st.error(t(f"decision_refused.{refused.value}"), icon=":material/error:")
        return
    st.toast(t(f"decision_done.{chosen.value}"), icon=":material/check:")
    frame.set_filters(filters.changed(finding=None))


def possible(row: dict[str, Any]) -> list[Decision]:
    """What may be said of a finding in its state (annex F1)."""
    if row["state"] in _STANDING:
        other = Decision.ACCEPTED if row["state"] == "disputed" else Decision.DISPUTED
        return [Decision.REOPENED, other]
    is_late = row["state"] == "fixed" and row["status"] in (Status.late, Status.early)
    return [Decision.DISPUTED, Decision.ACCEPTED] if row["state"] == "open" or is_late else []


def _history(card: Card) -> None:
    if card.history.is_empty():
        return
    st.header(t("finding_card.history"), anchor=False)
    zone = card.row["timezone"]
    lines = []
    for said in card.history.iter_rows(named=True):
        at = wording.short_moment(said["decided_at"], zone)
        who = f"{said['decided_by']}, " + t(f"role.{said['role']}")
        words = t("finding_card.said", at=at, who=who, decision=t(f"decision.{said['decision']}").lower())
        lines.append(f"- {frame.plain(words)}: «{frame.plain(said['reason'])}»")
    st.markdown("\n".join(lines))
