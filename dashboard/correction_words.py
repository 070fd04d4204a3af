"""Changes after the lock and permissions in words: the page and the table of corrections say the same. Pure."""

from __future__ import annotations

from typing import Any

from dashboard.i18n import day_short, has, t
from dashboard.queries.corrections import place_words as place_words
from dashboard.wording import short_moment
from etl.warehouse.ledger import Quality


def when_words(row: dict[str, Any]) -> str:
    """The moment of a change, as far as it is known: a minute, a day, or two moments between which it lies."""
    latest = short_moment(row["changed_latest"], row["timezone"])
    if row["changed_quality"] == Quality.exact:
        return latest
    if row["changed_quality"] == Quality.date_only:
        return day_short(row["last_on"])
    if row["changed_earliest"] is None:
        return t("corrections.before", moment=latest)
    return t("corrections.between", first=short_moment(row["changed_earliest"], row["timezone"]), last=latest)


def what_words(row: dict[str, Any]) -> str:
    """«отметка: 3 → 4»; of a deleted entry its last value."""
    said = " → ".join(_value(row["entity"], value) for value in (row["old_value"], row["new_value"]))
    words = t(f"entity.{row['entity']}")
    return f"{words}: {said}" if row["old_value"] or row["new_value"] else words


def permission_words(row: dict[str, Any]) -> tuple[str, str]:
    """Number and day, and the ground with the protocol; a dash where there is none."""
    if row["permission_no"] is None:
        return "—", ""
    ground = t(f"register_choice.ground.{row['ground']}")
    protocol = t("corrections.protocol", no=row["protocol_no"]) if row["protocol_no"] else ""
    return numbered(row), ", ".join(part for part in (ground, protocol) if part)


def numbered(row: dict[str, Any]) -> str:
    """`№ 12 от 19.09.2026`."""
    return t("corrections.permission", no=row["permission_no"], day=day_short(row["decided_on"]))


def _value(entity: str, value: str | None) -> str:
    if not value:
        return t("corrections.blank")
    key = f"work.{value}"
    return t(key) if entity == "work" and has(key) else value
