"""Statuses, severities and states as a coloured word with an icon: colour is never alone."""

from __future__ import annotations

from dashboard.i18n import t

_STATUS = {
    "on_time": ("green", "check"),
    "amber": ("orange", "schedule"),
    "early": ("orange", "fast_forward"),
    "late": ("orange", "history"),
    "missing": ("red", "close"),
    "breached": ("red", "block"),
    "pending": ("gray", "hourglass_empty"),
    "indeterminate": ("gray", "question_mark"),
    "not_regulated": ("gray", "horizontal_rule"),
    "exempt": ("blue", "verified"),
    "not_applicable": ("gray", "remove"),
}
_SEVERITY = {
    "critical": ("red", "error"),
    "major": ("orange", "warning"),
    "minor": ("gray", "info"),
    "info": ("blue", "info"),
}
_STATE = {
    "open": ("red", "radio_button_unchecked"),
    "fixed": ("green", "check"),
    "withdrawn": ("gray", "undo"),
    "exempt": ("blue", "verified"),
    "disputed": ("orange", "gavel"),
    "accepted": ("gray", "done_all"),
}


def status_badge(status: str) -> str:
    """Markdown of an obligation's status (codes of `filters.Status`), for `st.markdown`; KeyError for
    another code.
    """
    return _badge(_STATUS[status], t(f"status.{status}"))


def severity_badge(severity: str) -> str:
    """Markdown of a finding's severity (codes of `filters.Severity`); KeyError for another code."""
    return _badge(_SEVERITY[severity], t(f"severity.{severity}"))


def state_badge(state: str) -> str:
    """Markdown of a finding's state (codes of `filters.State`); KeyError for another code."""
    return _badge(_STATE[state], t(f"finding_state.{state}"))


def _badge(look: tuple[str, str], words: str) -> str:
    colour, icon = look
    return f":{colour}-badge[:material/{icon}: {words}]"
