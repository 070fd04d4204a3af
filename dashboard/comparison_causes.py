"""Why a school may stand apart, in words, before anybody blames it: what its source leaves out, how old its data are,
whether schools like it stand there too, whose act judges it, and which records the difference comes from. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import polars as pl

from dashboard import limits, wording
from dashboard.comparison import FEWEST, Line, others_of, towards_bad
from dashboard.i18n import count, listed, percent, points, t
from dashboard.queries.schools import STALE_AFTER
from etl.warehouse.metrics import Measured

CAPABILITIES = ("topics", "homework", "attendance_confirmation", "exact_timestamps", "work_kinds")
"""What a source may be unable to tell, in the order of the words."""
Pair = tuple[Measured, Measured | None]
"""A metric by the own act and by the common one; None = not computed."""
NOTABLE_GAP = 0.02
"""A kind of record explains a difference where its own share lies so much worse than that of the others."""


def lacking(line: Line) -> list[str]:
    """Capabilities that the source of a school does not have."""
    return [name for name in CAPABILITIES if name not in (line.row.get("capabilities") or ())]


def coverage_words(line: Line) -> str:
    """What the source of a school can tell: «всё» or «не сообщает: темы, время записей»."""
    silent = lacking(line)
    if not silent:
        return t("comparison.tells_all")
    return t("comparison.tells_not", parts=listed(t(f"comparison_capability.{name}") for name in silent))


def group_words(code: str) -> str:
    """A group of schools in words: «средние городские», «от 100 до 499 учеников», or both."""
    prefix, _, rest = code.partition(":")
    if prefix == "s":
        return t(f"comparison_size.{rest}")
    kind, size = (rest.rpartition(".")[0], rest.rpartition(".")[2]) if prefix == "b" else (rest, "")
    level, _, place = kind.partition(".")
    words = t(f"comparison_kind.{level}")
    if place:
        words = f"{words}, {t(f'comparison_kind.{place}')}"
    return f"{words}, {t(f'comparison_size.{size}')}" if size else words


def causes(
    line: Line,
    lines: Sequence[Line],
    values: pl.DataFrame,
    by_yardstick: Mapping[int, Pair] | None = None,
) -> list[str]:
    """Sentences, the likeliest explanation that lies outside the school's work first; never empty.

    `lines` = the schools it was compared with, `values` = their sums (by rule, for duties); `by_yardstick` = school →
    (own act, one act for all) where it has been computed.
    """
    found = [*_coverage(line, lines), *_age(line), *_alike(line), *_act(line, lines, by_yardstick)]
    record = worst_record(line, values)
    if record is not None:
        found.append(record)
    return found or [t("comparison_cause.none")]


def worst_record(line: Line, values: pl.DataFrame) -> str | None:
    """The kind of record from which most of the difference comes: rows that would be right if it were as elsewhere."""
    metric = line.measured.metric
    if "rule" not in values.columns or len(metric.rules) < 2:
        return None
    rows = values.filter(pl.col("rule").is_in(metric.rule_numbers))
    best: tuple[float, int, float, float] | None = None
    for rule in metric.rule_numbers:
        one = rows.filter(pl.col("rule") == rule)
        own, theirs = metric.of(one.filter(pl.col("school_id") == line.school)), others_of(metric, one, line.school)
        if own.value is None or theirs.value is None:
            continue
        gap = towards_bad(metric, own.value - theirs.value)
        lost = gap * own.whole
        if gap >= NOTABLE_GAP and (best is None or lost > best[0]):
            best = (lost, rule, own.value, theirs.value)
    if best is None:
        return None
    words = wording.rule_name(best[1])
    return t("comparison_cause.record", record=words, own=percent(best[2]), others=percent(best[3]))


def _coverage(line: Line, lines: Sequence[Line]) -> list[str]:
    found = []
    if line.measured.unknown:
        unknown = count(line.measured.unknown, line.measured.metric.noun)
        found.append(t("comparison_cause.unknown", n=unknown))
    others = [one for one in lines if one.school != line.school]
    usual = [name for name in lacking(line) if 2 * sum(name not in lacking(one) for one in others) > len(others)]
    if usual:
        parts = listed(t(f"comparison_capability.{name}") for name in usual)
        found.append(t("comparison_cause.coverage", parts=parts))
    return found


def _age(line: Line) -> list[str]:
    if line.row["working_days_old"] <= STALE_AFTER:
        return []
    return [t("comparison_cause.stale", days=count(line.row["days_old"], "day"))]


def _alike(line: Line) -> list[str]:
    if not line.peers.both:
        return []
    group = group_words(line.peers.both)
    if line.alike_count + 1 < FEWEST or line.alike is None or line.alike_distance is None:
        return [t("comparison_cause.alone", group=group)]
    key = "alike_too" if towards_bad(line.measured.metric, line.alike_distance) > limits.INNER else "alike_not"
    return [t(f"comparison_cause.{key}", group=group, share=percent(line.alike), n=count(line.alike_count, "school"))]


def _act(line: Line, lines: Sequence[Line], by_yardstick: Mapping[int, Pair] | None) -> list[str]:
    if line.measured.metric.source != "duty":
        return []
    pair = (by_yardstick or {}).get(line.school)
    if pair is not None and pair[1] is not None and pair[0].value is not None and pair[1].value is not None:
        gap = points(pair[1].value - pair[0].value)
        own, other = percent(pair[0].value), percent(pair[1].value)
        return [t("comparison_cause.yardstick", own=own, other=other, gap=gap)]
    acts = Counter(one.row["act_title"] for one in lines if one.school != line.school)
    mine = line.row["act_title"]
    if mine is None:
        return [t("comparison_cause.no_act")]
    same = acts.get(mine, 0)
    if same * 2 > sum(acts.values()):
        return []
    name = line.row["act_number"] or mine
    return [
        t("comparison_cause.act", act=name, n=count(same, "school")) if same else t("comparison_cause.own", act=name)
    ]
