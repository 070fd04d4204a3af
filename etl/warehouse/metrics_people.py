"""Who is in the school and who uses the journal: movement, cards, consents, activity.

Requirements B-19…B-22, B-31, B-32, B-41, B-42.
"""

from __future__ import annotations

from etl.warehouse.metrics import SOURCES, Metric, Source

_CONTINGENT = (
    "closing",
    "classes",
    "filled",
    "fields",
    "complete",
    "cards",
    "consented",
    "parents",
    "unconsented",
    "pupils",
)
_ACTIVITY = ("active", "accounts", "active_pupils", "reached", "enrolled", "silent_teachers", "teachers")
SOURCES["contingent"] = {name: f"sum({name})" for name in _CONTINGENT}
SOURCES["activity"] = {name: f"sum({name})" for name in _ACTIVITY}


def _share(source: Source, name: str, part: str, whole: str, noun: str, grain: str, by: tuple[str, ...]) -> Metric:
    return Metric(name, part, whole, source=source, noun=noun, grain=grain, groupings=by)


CONTINGENT: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "class_size", "closing", "classes", unit="mean", source="contingent", noun="class", grain="class",
            groupings=("school", "parallel"), direction="none",
        ),
        _share("contingent", "card_filled", "filled", "fields", "field", "field of a card", ("school", "owner")),
        _share("contingent", "card_complete", "complete", "cards", "card", "card", ("school", "owner")),
        _share("contingent", "consent_share", "consented", "parents", "parent", "parent of a pupil", ("school",)),
    )
}  # fmt: skip
ACTIVITY: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        _share("activity", "active_accounts", "active", "accounts", "account", "account in use", ("school", "role")),
        _share("activity", "active_pupil_share", "active_pupils", "enrolled", "pupil", "pupil", ("school", "class")),
        _share("activity", "reached_share", "reached", "enrolled", "pupil", "pupil", ("school", "class")),
        _share("activity", "silent_share", "silent_teachers", "teachers", "teacher", "teacher of lessons", ("school",)),
    )
}
"""`reached` = a parent of the pupil signed in: the source has no other acknowledgement (requirements B-22)."""
ACTIVE_DAYS = 30
"""Signed in during so many last days is active (requirements B-19, B-22)."""
