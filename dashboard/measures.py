"""A metric in words: its number, interval or «нельзя оценить» with the reason, its card and its passport.
Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Collection

import polars as pl

from dashboard.components.kpi_cards import Kpi
from dashboard.i18n import NBSP, count, listed, number, percent, points, t
from dashboard.moment_words import was_and_is
from etl.warehouse.metrics import Measured, Metric
from etl.warehouse.metrics_above import Days

LONGEST = 30
"""Days after which a lag is only «more than»: the marts hold no longer ones."""
_CLEAR = ("not_due", "not_regulated")  # nothing to judge, and everybody knows why
_PARTS = {"topic": "topics", "homework": "homework", "attendance": "attendance_confirmation"}


def in_words(measured: Measured, rows: pl.DataFrame | None = None) -> str:
    """`93,1 %`, `81,0–84,2 %`, «нельзя оценить», or why there is nothing to judge («срок не наступил»)."""
    if measured.metric.unit == "count":
        return number(measured.part)
    if isinstance(measured, Days):
        known = measured.low is not None and measured.high is not None
        return days_words(measured.low, measured.high) if known else t("number.cannot_tell")  # type: ignore[arg-type]
    if not measured.whole and not measured.unknown:
        why = _nothing(measured.metric, rows)
        return "—" if why is None else t(f"left_out.{why}") if why in _CLEAR else t("number.cannot_tell")
    if measured.value is None:
        return t("number.cannot_tell")
    if measured.metric.unit == "mean":
        return number(measured.value, 2)
    return span(measured.interval) if measured.interval else percent(measured.value)


def days_words(low: float, high: float) -> str:
    """`2 дня`, `2–4 дня`, «не внесено», «больше 30 дней»: a quantile of days after the lesson, infinity = not made."""
    if math.isinf(low):
        return t("school.delay_never")
    if low != high:
        last = t("school.delay_never") if math.isinf(high) else count(int(high), "day")
        return f"{number(int(low))}–{last}"
    return t("filling.over_month") if low > LONGEST else t("school.delay_0") if not low else count(int(low), "day")


def shown(share: float | None) -> float | None:
    """A share for a table that the browser formats: one decimal of a percent, never rounded up to 100 or
    down to 0."""
    return share if share is None or share in (0, 1) else min(max(round(share, 3), 0.001), 0.999)


def shown_column(name: str) -> pl.Expr:
    """`shown` for a column of shares."""
    share = pl.col(name)
    return pl.when(share.is_in([0.0, 1.0])).then(share).otherwise(share.round(3).clip(0.001, 0.999))


def span(interval: tuple[float, float]) -> str:
    """`81,0–84,2 %`."""
    low, high = (percent(value) for value in interval)
    return f"{low.removesuffix(f'{NBSP}%')}–{high}" if low != high else high


def reason(measured: Measured, rows: pl.DataFrame | None, capabilities: Collection[str] | None) -> str:
    """Why a metric cannot be told, in words; `capabilities` of the school, None where there are several
    schools."""
    if not measured.whole and not measured.unknown:
        why = _nothing(measured.metric, rows)
        if why is None or why in _CLEAR:
            return t(f"why.{why or 'nothing'}")
    if measured.metric.is_interval and capabilities is not None and "exact_timestamps" not in capabilities:
        return t("why.no_times")
    lacking = [
        part
        for rule, part in _PARTS.items()
        if rule in measured.metric.rules and capabilities is not None and part not in capabilities
    ]
    return t("why.no_parts", parts=listed(t(f"capability.{part}") for part in lacking)) if lacking else t("why.wide")


def _nothing(metric: Metric, rows: pl.DataFrame | None) -> str | None:
    """The commonest reason for which no row counts."""
    outside = dict(metric.left_out(rows)) if rows is not None and metric.exclusions and metric.source == "duty" else {}
    if not outside:
        return None
    name = max(outside, key=lambda key: (outside[key], key))
    return "not_due" if name == "pending" else name


def card(
    metric: Metric,
    label: str,
    rows: pl.DataFrame,
    *,
    before: pl.DataFrame | None = None,
    before_note: str = "",
    passport: tuple[str, ...] = (),
    capabilities: Collection[str] | None = None,
    detail: str = "",
    opens: bool = False,
    rests_on: Metric | None = None,
) -> Kpi:
    """The card of a metric over rows that hold its sums; `before` = the same rows at the moment it is
    compared with, `before_note` the words for that moment (empty: nothing is compared here).

    A count that `rests_on` a share (not filled on filled) cannot be told where the share cannot.
    """
    found = metric.of(rows)
    ground = rests_on.of(rows) if rests_on is not None else None
    if ground is not None and ground.value is None:
        lines = (t(metric.passport_key), *passport)
        return Kpi(
            id=metric.name,
            label=label,
            passport=lines,
            reason=reason(ground, rows, capabilities),
            opens=False,
        )
    outside = tuple((t(f"left_out.{name}"), n) for name, n in metric.left_out(rows))
    shown = "" if metric.unit == "share" and not found.interval else in_words(found, rows)
    words = detail
    if found.interval:
        words = detail or t("kpi_interval.unknown", n=count(found.unknown, metric.noun))
    return Kpi(
        id=metric.name,
        label=label,
        share=found.value if metric.unit == "share" else None,
        part=found.part if metric.unit == "share" else None,
        whole=found.whole if metric.unit == "share" else None,
        noun=metric.noun,
        value=shown,
        detail=words,
        delta=_change(metric, found, before),
        delta_note=_note(metric, found, before, before_note),
        better=metric.direction,
        excluded=outside,
        passport=(t(metric.passport_key), *passport),
        reason=reason(found, rows, capabilities) if found.value is None else "",
        opens=opens,
    )


def _change(metric: Metric, found: Measured, before: pl.DataFrame | None) -> float | None:
    if before is None or metric.unit != "share" or found.value is None:
        return None
    then = metric.of(before).value
    return None if then is None else found.value - then


def _note(metric: Metric, found: Measured, before: pl.DataFrame | None, what: str) -> str:
    """Both values and the denominator of the earlier one; «нет данных за прошлый период» where it is unknown."""
    if not what or metric.unit == "count" or found.value is None:
        return ""
    return was_and_is(metric.of(before), found, what) if before is not None else t("compare.none")


def change_in_words(now: float | None, then: float | None) -> str:
    """The difference in percentage points, empty where one of them is unknown."""
    return points(now - then) if now is not None and then is not None else ""


def deadline(text: str | None) -> str:
    """A deadline of a profile in words: `same_day` → «в день урока», `2d` → «2 дня»; other codes as they
    are."""
    if not text:
        return ""
    found = re.fullmatch(r"(\d+)(d|wd|h)(?:\+same_day)?", text)
    if found:
        noun = {"d": "day", "wd": "working_day", "h": "hour"}[found[2]]
        words = count(int(found[1]), noun)
        return t("deadline.hours", n=words) if found[2] == "h" else words
    return t(f"deadline.{text}") if text in ("same_day", "check_day", "last_week") else text


def terms(clause: dict[str, object] | None) -> str:
    """Deadline and clause of one rule of an act: «срок 2 дня, цель в день урока; п. 3.8, …»."""
    if clause is None or not clause["is_regulated"]:
        return t("passport.terms_none")
    target, limit = deadline(_text(clause["target_text"])), deadline(_text(clause["limit_text"]))
    if limit and target and limit != target:
        words = t("passport.terms_both", limit=limit, target=target)
    elif limit:
        words = t("passport.terms_limit", limit=limit)
    else:
        words = t("passport.terms_target", target=target) if target else ""
    where = (
        t("passport.source", clause=clause["clause"], act=clause["act_number"] or clause["act_title"])
        if clause["clause"]
        else ""
    )
    return "; ".join(part for part in (words, where) if part)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
