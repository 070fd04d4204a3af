"""Cards with a share each: its denominator, its change, what is left out and how it is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from dashboard.components.packed import packed
from dashboard.components.palette import FEW
from dashboard.components.source import source
from dashboard.i18n import number, out_of, percent, points, t, unbroken

_COMPONENT = st.components.v2.component(
    "zavuch_kpi_cards",
    html='<div class="root"></div>',
    css=source("kpi_cards.css"),
    js=source("unpacked.js", "shared.js", "kpi_cards.js"),
)


@dataclass(frozen=True)
class Kpi:
    """One number. Either `share` with `part` and `whole` counted in `noun`, or a ready `value` text for a
    plain count.

    `share` None and no `value` = «нельзя оценить» with `reason`. `delta` is a difference of shares (0.012 =
    1,2 п.п.) explained by `delta_note` («было 91,2 % …»), which alone says that nothing can be
    compared; it is not drawn where `whole` < 5. `better`
    says which way is good. `excluded` = (words, count) pairs shown on demand; `passport` = paragraphs:
    formula, source clause, what is left out. `opens` = the card can be clicked to see its rows.
    """

    id: str
    label: str
    share: float | None = None
    part: int | None = None
    whole: int | None = None
    noun: str = "lesson"
    value: str = ""
    detail: str = ""
    delta: float | None = None
    delta_note: str = ""
    better: Literal["up", "down", "none"] = "up"
    excluded: tuple[tuple[str, int], ...] = ()
    passport: tuple[str, ...] = ()
    reason: str = ""
    opens: bool = True


def kpi_cards(key: str, cards: Sequence[Kpi], stamp: str = "") -> str | None:
    """Draw up to six cards of equal height; returns the id of the card just clicked («Показать строки»),
    else None. `stamp` stands on each card: as of when its number is («на 16.09.2025 23:59»).
    """
    payload = {
        "cards": [card_payload(card) for card in cards],
        "text": {
            "passport": t("kpi.passport"),
            "rows": t("kpi.rows"),
            "stamp": t("compare.card", stamp=stamp) if stamp else "",
        },
    }
    index = _COMPONENT(key=key, data=packed(payload), on_card_change=lambda: None).card
    if isinstance(index, bool) or not isinstance(index, int | float) or not 0 <= index < len(cards):
        return None
    card = cards[int(index)]
    return card.id if card.opens else None


def card_payload(card: Kpi) -> dict[str, Any]:
    """One card in words: the script only draws them."""
    is_share = not card.value
    cannot_tell = is_share and (card.share is None or card.whole == 0)
    few = is_share and not cannot_tell and card.whole is not None and card.whole < FEW
    return {
        "label": card.label,
        "value": t("number.cannot_tell") if cannot_tell else card.value or percent(card.share),
        "kind": "unknown" if cannot_tell else "few" if few else "",
        "detail": _detail(card, cannot_tell=cannot_tell, few=few),
        "excluded": [[words, number(n)] for words, n in card.excluded if n],
        "excludedTotal": t("kpi.excluded", n=number(sum(n for _, n in card.excluded))),
        "passport": list(card.passport),
        "opens": card.opens and not cannot_tell,
        **(_change(card) if not (cannot_tell or few) else {"delta": ""}),
    }


def _detail(card: Kpi, *, cannot_tell: bool, few: bool) -> str:
    if cannot_tell and card.reason:
        return card.reason
    words = [unbroken(card.detail)] if card.detail else []
    if not cannot_tell and card.part is not None and card.whole is not None:
        words.insert(0, out_of(card.part, card.whole, card.noun))
    if few:
        words.append(t("number.few"))
    return " · ".join(words)


def _change(card: Kpi) -> dict[str, str]:
    if card.delta is None:
        return {"delta": "", "note": card.delta_note}
    rounded = round(card.delta, 3)
    if not rounded:
        return {"delta": t("kpi.unchanged"), "deltaKind": "", "arrow": "", "note": card.delta_note}
    is_good = (rounded > 0) == (card.better == "up")
    kind = "" if card.better == "none" else "good" if is_good else "bad"
    return {
        "delta": points(card.delta),
        "deltaKind": kind,
        "arrow": "↑" if rounded > 0 else "↓",
        "note": card.delta_note,
    }
