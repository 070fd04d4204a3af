"""A setting of an indicator in words for its passport: the value in force and where it comes from. Pure."""

from __future__ import annotations

from dashboard.i18n import listed, number, percent, t
from etl.warehouse.metric_settings import InForce

_MARKS = {5: "5", 4: "4", 3: "3", 2: "2", 1: "1", 10: "н/а"}


def setting_line(name: str, settings: InForce) -> str:
    """`Порог: 25 % уроков месяца. Установила школа: Приказ № 12 от 01.09.2026.`"""
    words = t(f"setting.{name}", value=_value(name, settings))
    source = settings.sources.get(name)
    return f"{words} {t('setting.own', source=source) if source else t('setting.default')}"


def setting_lines(names: tuple[str, ...], settings: InForce) -> tuple[str, ...]:
    """The lines of several settings; one that is empty and not stated says nothing."""
    return tuple(setting_line(name, settings) for name in names if getattr(settings.values, name) != ())


def _value(name: str, settings: InForce) -> str:
    value = getattr(settings.values, name)
    if name == "mark_norms":
        return listed(t("setting.norm", hours=number(hours, 0 if hours == int(hours) else 1), marks=marks)
                      for hours, marks in value)  # fmt: skip
    if name == "sou_weights":
        return listed(f"{_MARKS[code]} — {percent(weight / 100, 0)}" for code, weight in value)
    if name == "objectivity_by_subject":
        return listed(f"{subject} — {number(within / 100, 2)}" for subject, within in value)
    if name in ("objectivity_within", "objectivity_border"):
        return number(value / 100, 2)
    if name == "systematic_share":
        return percent(value, 0)
    if name in ("accumulation", "absent_day", "control_works"):
        return t(f"setting.{name}_{value}")
    return number(value)
