"""What the comparison of schools asks: sums of one metric by school, and the duties of one school by journal.

Marts without persons only, whole schools only; a constant number of queries, whatever the number of schools. What
counts pupils comes in the atoms of `small_groups` and is withheld there; nothing of it is told by class or journal.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import duty, periods, schools
from dashboard.queries.attended import fixed_days, read_attended
from dashboard.queries.coarser import coarser
from dashboard.queries.door import read
from dashboard.queries.overview import LEARNING_IN_SPAN, RULE_NUMBERS, duties_by_rule, is_past
from dashboard.queries.performance import ENDS_IN_SPAN, KIND, PERIOD_JOINS, weighed
from dashboard.queries.what_if import STANDINGS
from dashboard.queries.whole_schools import KNOWS_DAYS, WHOLE, read_whole
from dashboard.small_groups import CURRENT, FILL, GROUP, MARKS, NOBODY, SPREAD, SUCCESS, is_cut, withheld
from etl.warehouse.acts import ACT_IN_FORCE
from etl.warehouse.metric_settings import BY_DEFAULT
from etl.warehouse.metrics import Source, sums
from etl.warehouse.scope import Scope

FEWEST_CELL = 5
"""Fewer counted rows than this are not shown above a school where its act says nothing (`min_cell_size`)."""

# What a school is like, and what its bundles carried at all; classes and pupils of the year looked at.
_PEERS = f"""
SELECT s.school_id, s.settlement, c.lowest, c.highest, n.pupil_count,
    ARRAY(SELECT DISTINCT t.table_name FROM load_table t WHERE t.school_id = s.school_id) AS carried,
    p.value AS min_cell
FROM dim_school s
LEFT JOIN (
    SELECT school_id, min(grade) AS lowest, max(grade) AS highest FROM dim_class
    WHERE school_id = ANY(:schools) AND school_year = :year AND deleted_latest IS NULL GROUP BY 1
) c USING (school_id)
LEFT JOIN (
    SELECT DISTINCT ON (school_id) school_id, sum(pupil_count)::bigint AS pupil_count FROM mart_absence_spread
    WHERE school_id = ANY(:schools) AND school_year = :year GROUP BY school_id, month_on
    ORDER BY school_id, month_on DESC
) n USING (school_id)
LEFT JOIN ({ACT_IN_FORCE}) f USING (school_id)
LEFT JOIN regulation_parameter p ON p.regulation = f.regulation AND p.profile_version = f.profile_version
    AND p.parameter = 'min_cell_size'
WHERE s.school_id = ANY(:schools) ORDER BY s.school_id
"""
_SPAN = f"WITH {duty.SPAN}, {duty.MOMENT}"
_HERE = "l.school_id = ANY(:schools) AND l.school_year = :year"
# relation, condition, and what the atoms are beside the school
_JOINED: dict[Source, tuple[str, str, str]] = {
    "learning": (
        "mart_learning l JOIN span USING (school_id)"
        " LEFT JOIN dim_period p ON p.school_id = l.school_id AND p.period_id = l.period_id",
        LEARNING_IN_SPAN,
        "l.month_on, l.period_id",
    ),
    "spread": (
        "mart_absence_spread l JOIN span USING (school_id) JOIN moment USING (school_id)",
        "l.month_on <= moment.day AND (CAST(:is_year AS boolean)"
        " OR l.month_on + 14 BETWEEN span.starts_on AND span.ends_on)",
        "l.month_on",
    ),
    "fill": (f"mart_mark_fill l {PERIOD_JOINS}", ENDS_IN_SPAN, "p.ends_on"),
    "period_mark": (
        f"mart_period_mark l {PERIOD_JOINS}",
        f"{KIND} AND (CAST(:is_year AS boolean) OR {ENDS_IN_SPAN})",
        "p.ends_on",
    ),
    "period_success": (
        f"mart_period_success l {PERIOD_JOINS}",
        f"CASE WHEN CAST(:is_year AS boolean) THEN p.kind = 'year' ELSE {ENDS_IN_SPAN} END",
        "p.ends_on",
    ),
    "group": (f"mart_period_group l {PERIOD_JOINS}", ENDS_IN_SPAN, "p.ends_on"),
}


def _statement(source: Source) -> str:
    relation, condition, atom = _JOINED[source]
    grouped = f"GROUP BY l.school_id, {atom} ORDER BY l.school_id, {atom}"
    return f"{_SPAN} SELECT l.school_id, {atom}, {sums(source)} FROM {relation} WHERE {_HERE} AND {condition} {grouped}"


_STATEMENTS = {source: _statement(source) for source in _JOINED}
_CELLS = {"learning": CURRENT, "spread": SPREAD, "fill": FILL, "period_mark": MARKS, "period_success": SUCCESS,
          "group": GROUP}  # fmt: skip
READABLE = frozenset({"duty", "attendance", *_JOINED}) | WHOLE
"""Sources that a reader above a school may read: they hold no person."""
AS_OF = frozenset({"duty", "attendance", "spread"}) | KNOWS_DAYS
"""Sources that know a past day; the others stand where the data end."""
_NAMED = """
LEFT JOIN dim_journal j ON j.school_id = x.school_id AND j.journal_id = x.journal_id
LEFT JOIN dim_subject b ON b.school_id = x.school_id AND b.subject_id = j.subject_id
LEFT JOIN dim_group g ON g.school_id = x.school_id AND g.group_id = j.group_id
"""
_NOT_INDIVIDUAL = " AND g.kind IS DISTINCT FROM 'individual'"
_JOURNALS = f"""
WITH {duty.SPAN}, sums AS (
    SELECT d.school_id, d.class_id, d.journal_id, {sums("duty")}
    FROM (SELECT m.*, {duty.CAN_TELL} FROM mart_duty_journal m JOIN dim_school s USING (school_id)
          WHERE m.school_id = ANY(:schools) AND m.school_id = :school AND m.school_year = :year
            AND m.rule = ANY(:rules)) d
    JOIN span USING (school_id) WHERE {duty.IN_SPAN} GROUP BY 1, 2, 3
)
SELECT x.*, c.name AS class_name, c.grade, c.letter, b.name AS subject, g.kind AS group_kind
FROM sums x LEFT JOIN dim_class c USING (school_id, class_id) {_NAMED}
WHERE x.school_id = ANY(:schools){_NOT_INDIVIDUAL}
"""
_BOTH = f"""
WITH rows AS (
    SELECT d.school_id, 0 AS judgement_id, d.rule, d.status, d.excluded, d.is_required, d.is_made, d.is_due,
           d.can_tell, d.row_count FROM ({duty.BY_SCHOOL}) d WHERE d.rule = ANY(:rules)
    UNION ALL
    SELECT d.school_id, d.judgement_id, d.rule, d.status, d.excluded, d.is_required, d.is_made, d.is_due,
           d.can_tell, d.row_count FROM ({duty.BY_OTHER_ACT}) d
    JOIN unnest(CAST(:done_schools AS int[]), CAST(:done AS int[])) AS k (school_id, judgement_id)
        USING (school_id, judgement_id) WHERE d.rule = ANY(:rules)
)
SELECT school_id, judgement_id = 0 AS is_own, rule, {sums("duty")} FROM rows GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


@dataclass(frozen=True)
class Compared:
    """One metric in every school of the scope.

    `schools`: `schools.read_schools` with settlement, lowest and highest grade, pupil_count, carried and min_cell;
    is_cut says that something was withheld because it tells of few pupils;
    `values`: the sums of the metric's source by school_id (and rule, for duties; else in the atoms of `small_groups`).
    `is_past` = an earlier day is asked; `shown` = the period of the values where it is coarser than the one asked for.
    """

    schools: pl.DataFrame
    choice: periods.Choice | None
    values: pl.DataFrame
    is_past: bool
    shown: periods.Period | None = None


@dataclass(frozen=True)
class Ground:
    """What every metric of the schools stands on: `schools` with their kind and size, `terms` of `read_periods`, the
    `choice`, the last day that counts in each school (`until`, where the data end `newest`), sizes of small groups.
    """

    schools: pl.DataFrame
    terms: pl.DataFrame
    choice: periods.Choice | None
    until: dict[int, date]
    newest: dict[int, date]
    limits: dict[int, int]
    is_past: bool


def read_ground(scope: Scope, filters: Filters, now: datetime) -> Ground:
    """Four queries, whatever the number of schools; two where no school has a period."""
    listed = schools.read_schools(scope, now)
    until, newest = schools.until_of(listed, filters.as_of), schools.until_of(listed)
    terms = periods.read_periods(scope)
    choice = periods.choose(terms, filters, until)
    past = is_past(listed, filters.as_of)
    if choice is None:
        return Ground(listed, terms, None, until, newest, {}, past)
    peers = read(scope, _PEERS, {"year": choice.period.span.year})
    known = listed.join(peers, on="school_id", how="left", maintain_order="left").with_columns(
        pl.col("min_cell").map_elements(_cell_size, return_dtype=pl.Int64, skip_nulls=False).alias("min_cell"),
        pl.lit(value=False).alias("is_cut"),
    )
    return Ground(known, terms, choice, until, newest, schools.read_limits(scope), past)


def read_compared(scope: Scope, filters: Filters, source: Source, now: datetime) -> Compared:
    """Every school of the scope at the position, five queries; KeyError for a source that is not READABLE."""
    return compared(scope, read_ground(scope, filters, now), source)


def compared(scope: Scope, ground: Ground, source: Source) -> Compared:
    """The sums of one source on a ground that has been read; one query."""
    choice, until = ground.choice, ground.until
    if choice is None:
        return Compared(ground.schools, None, pl.DataFrame(), ground.is_past)
    if source == "duty":
        values = duties_by_rule(scope, choice.period, until if ground.is_past else None)
        return Compared(ground.schools, choice, values, ground.is_past)
    shown = coarser(ground.terms, choice.period, source, until)
    period = shown or choice.period
    if source in WHOLE:
        whole, values = read_whole(scope, source, period, until, ground.limits)
    elif source == "attendance":
        whole = values = read_attended(scope, period, until, ground.newest, ground.limits)
    else:
        whole = read(scope, _STATEMENTS[source], _params(period, fixed_days(until, ground.newest)))
        values = withheld(whole, _CELLS[source], ground.limits)
        if source == "period_mark":
            values = weighed(values, BY_DEFAULT.values)
    cut = [school for school, limit in ground.limits.items() if limit == NOBODY or _is_cut(whole, values, school)]
    listed = ground.schools.with_columns(pl.col("school_id").is_in(cut).alias("is_cut"))
    return Compared(listed, choice, values, ground.is_past, shown)


def _is_cut(whole: pl.DataFrame, values: pl.DataFrame, school: int) -> bool:
    mine = [rows.filter(pl.col("school_id") == school) for rows in (whole, values)]
    return is_cut(mine[0], mine[1])


def read_parts(
    scope: Scope, filters: Filters, period: periods.Period, school: int, rules: tuple[int, ...] = RULE_NUMBERS
) -> pl.DataFrame:
    """Sums of the duties `rules` (numbers of ledger rules) of one school by journal (class_name, subject); one query.

    They stand where the data end, whatever day is asked: the histogram of days has no journals. Journals of individual
    lessons are left out: each is one child's.
    """
    del filters  # part of the key under which the answer is remembered
    return read(scope, _JOURNALS, {**period.span.params, "school": school, "rules": list(rules)})


def read_standings(scope: Scope, act: str, version: int) -> pl.DataFrame:
    """How far the judgement by one act is in every school, one query, never remembered: the columns of
    `what_if.Standing` with school_id."""
    return read(scope, STANDINGS, {"act": act, "version": version})


def read_both_acts(scope: Scope, year: int, done: tuple[tuple[int, int], ...]) -> pl.DataFrame:
    """Sums of duties by school_id, is_own and rule over a whole school year where the data end: by the own act, and by
    the judgements `done` = (school, judgement id). One query."""
    params = {
        "year": year,
        "rules": list(RULE_NUMBERS),
        "done_schools": [school for school, _ in done],
        "done": [judgement for _, judgement in done],
    }
    return read(scope, _BOTH, params)


def _params(period: periods.Period, days: dict[int, date]) -> dict[str, Any]:
    return {**period.span.params, "day_schools": list(days), "days": list(days.values())}


def _cell_size(value: str | None) -> int:
    found = json.loads(value) if value else None
    return max(FEWEST_CELL, found) if isinstance(found, int) else FEWEST_CELL
