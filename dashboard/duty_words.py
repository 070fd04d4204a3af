"""What a duty of the calendar is called: for the page and for reports. Pure."""

from __future__ import annotations

from dashboard.duty_calendar import Duty
from dashboard.i18n import has, month, number, t
from dashboard.register_rows import period_words, span_words


def what_words(duty: Duty) -> str:
    """«Контроль журналов за октябрь: директор» without the person, who has a column of her own."""
    period = period_words(*duty.period) if duty.period else ""
    if duty.kind == "absence_totals":
        period = span_words(duty.what)
    return t(f"duty.{duty.kind}", what=duty.what, period=period, month=month(duty.due_on))


def progress_words(duty: Duty) -> str:
    """«12 из 30»; empty where a duty is one piece."""
    if duty.part is None or duty.whole is None or duty.whole < 2:
        return ""
    return t("duties.progress", part=number(duty.part), whole=number(duty.whole))


def who_words(duty: Duty) -> str:
    """Role of who answers for it, or the addressee of a report."""
    if not duty.who:
        return "—"
    return t(f"register_choice.role.{duty.who}") if has(f"register_choice.role.{duty.who}") else duty.who
