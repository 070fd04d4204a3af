"""What the comparison of schools asks: sums of one metric by school, and of one school by journal or class.

Marts without persons only, whole schools only; five queries, whatever the number of schools.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import duty, periods, schools
from dashboard.queries.door import read
from dashboard.queries.overview import LEARNING_IN_SPAN, RULE_NUMBERS, duties_by_rule, is_past
from dashboard.queries.performance import ENDS_IN_SPAN, KIND, PERIOD_JOINS
from dashboard.queries.what_if import STANDINGS
from etl.warehouse.acts import ACT_IN_FORCE
from etl.warehouse.metrics import SOURCES, Source, sums
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
_HERE = """l.school_id = ANY(:schools) AND (CAST(:school AS int) IS NULL OR l.school_id = :school)
    AND l.school_year = :year"""
_JOINED: dict[Source, tuple[str, str]] = {
    "learning": (
        "mart_learning l JOIN span USING (school_id)"
        " LEFT JOIN dim_period p ON p.school_id = l.school_id AND p.period_id = l.period_id",
        LEARNING_IN_SPAN,
    ),
    "attendance": (
        "{attendance} l JOIN span USING (school_id) JOIN moment USING (school_id)",
        "l.held_on <= moment.day AND (CAST(:is_year AS boolean) OR l.held_on BETWEEN span.starts_on AND span.ends_on)",
    ),
    "spread": (
        "mart_absence_spread l JOIN span USING (school_id) JOIN moment USING (school_id)",
        "l.month_on <= moment.day AND (CAST(:is_year AS boolean)"
        " OR l.month_on + 14 BETWEEN span.starts_on AND span.ends_on)",
    ),
    "fill": (f"mart_mark_fill l {PERIOD_JOINS}", ENDS_IN_SPAN),
    "period_mark": (
        f"mart_period_mark l {PERIOD_JOINS}",
        f"{KIND} AND (CAST(:is_year AS boolean) OR {ENDS_IN_SPAN})",
    ),
    "period_success": (
        f"mart_period_success l {PERIOD_JOINS}",
        f"CASE WHEN CAST(:is_year AS boolean) THEN p.kind = 'year' ELSE {ENDS_IN_SPAN} END",
    ),
    "group": (f"mart_period_group l {PERIOD_JOINS}", ENDS_IN_SPAN),
}
READABLE = frozenset({"duty", *_JOINED})
"""Sources that a reader above a school may read: they hold no person."""
AS_OF = frozenset({"duty", "attendance", "spread"})
"""Sources that know a past day; the others stand where the data end."""
_BY_CLASS = ("spread", "period_success", "group")
# a journal of individual lessons is one child's: it is left out for readers above a school
_NAMED = """
LEFT JOIN dim_journal j ON j.school_id = x.school_id AND j.journal_id = x.journal_id
LEFT JOIN dim_subject b ON b.school_id = x.school_id AND b.subject_id = j.subject_id
LEFT JOIN dim_group g ON g.school_id = x.school_id AND g.group_id = j.group_id
"""
_NOT_INDIVIDUAL = " AND g.kind IS DISTINCT FROM 'individual'"
_JOURNALS = f"""
WITH {duty.SPAN}, sums AS (
    SELECT d.school_id, d.class_id, d.journal_id, {sums("duty")}
    FROM (SELECT m.*, {duty.CAN_TELL} FROM journal_duty m JOIN dim_school s USING (school_id)
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


def _statement(source: Source, grain: str) -> str:
    relation, condition = _JOINED[source]
    table = relation.replace("{attendance}", "mart_attendance_school" if grain == "school" else "mart_attendance_day")
    names = ", ".join(f"x.{name}" for name in SOURCES[source])
    keys = {"school": "", "class": ", l.class_id", "journal": ", l.class_id, l.journal_id"}[grain]
    times = {"attendance": "held_on", "spread": "month_on"}.get(source, "period_id")
    parts = "" if grain == "school" else f", count(DISTINCT l.{times})::bigint AS part_count"
    grouped = f"SELECT l.school_id{keys}, {sums(source)}{parts} FROM {table}"
    grouped += f" WHERE {_HERE} AND {condition} GROUP BY l.school_id{keys}"
    if grain == "school":
        return f"{_SPAN} {grouped} ORDER BY 1"
    if grain == "class":
        named, joined, kept = "", "", ""
    else:
        named, joined, kept = ", x.journal_id, b.name AS subject, g.kind AS group_kind", _NAMED, _NOT_INDIVIDUAL
    return (
        f"{_SPAN}, x AS ({grouped}) SELECT x.school_id, x.class_id, x.part_count, {names}, c.name AS class_name,"
        f" c.grade, c.letter{named} FROM x LEFT JOIN dim_class c USING (school_id, class_id){joined}"
        f" WHERE x.school_id = ANY(:schools){kept}"
    )


_BY_SCHOOL = {source: _statement(source, "school") for source in _JOINED}
_PARTS = {source: _statement(source, "class" if source in _BY_CLASS else "journal") for source in _JOINED}


@dataclass(frozen=True)
class Compared:
    """One metric in every school of the scope.

    `schools`: `schools.read_schools` with settlement, lowest and highest grade, pupil_count, carried and min_cell;
    `values`: the sums of the metric's source by school_id (and rule, for duties). `is_past` = an earlier day is asked.
    """

    schools: pl.DataFrame
    choice: periods.Choice | None
    values: pl.DataFrame
    is_past: bool


def read_compared(scope: Scope, filters: Filters, source: Source, now: datetime) -> Compared:
    """Every school of the scope at the position, four queries; KeyError for a source that is not READABLE."""
    listed = schools.read_schools(scope, now)
    until = schools.until_of(listed, filters.as_of)
    choice = periods.choose(periods.read_periods(scope), filters, until)
    past = is_past(listed, filters.as_of)
    if choice is None:
        return Compared(listed, None, pl.DataFrame(), past)
    peers = read(scope, _PEERS, {"year": choice.period.span.year})
    known = listed.join(peers, on="school_id", how="left", maintain_order="left").with_columns(
        pl.col("min_cell").map_elements(_cell_size, return_dtype=pl.Int64, skip_nulls=False).alias("min_cell")
    )
    if source == "duty":
        values = duties_by_rule(scope, choice.period, until if past else None)
    else:
        values = read(scope, _BY_SCHOOL[source], _params(choice.period, until, None))
    return Compared(known, choice, values, past)


def read_parts(
    scope: Scope,
    filters: Filters,
    metric_source: Source,
    period: periods.Period,
    school: int,
    day: date,
    rules: tuple[int, ...] = RULE_NUMBERS,
) -> pl.DataFrame:
    """The sums of one school by journal (class_name, subject) or, where the mart has none, by class; one query.

    `rules` = numbers of the ledger rules that are summed, for duties. Duties by journal stand where the data end,
    whatever day is asked: the histogram of days has no journals. Journals of individual lessons are left out.
    """
    del filters  # part of the key under which the answer is remembered
    params = _params(period, {school: day}, school)
    if metric_source == "duty":
        return read(scope, _JOURNALS, {**params, "rules": list(rules)})
    return read(scope, _PARTS[metric_source], params)


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


def _params(period: periods.Period, until: dict[int, date], school: int | None) -> dict[str, Any]:
    return {
        **period.span.params,
        "school": school,
        "day_schools": list(until),
        "days": list(until.values()),
    }


def _cell_size(value: str | None) -> int:
    found = json.loads(value) if value else None
    return max(FEWEST_CELL, found) if isinstance(found, int) else FEWEST_CELL
