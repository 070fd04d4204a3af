"""What a reader's own table asks: one statement for each source of its metrics, whatever the choice.

The rows are those of the pages of filling, attendance and results; here they are only grouped otherwise. A source gives
its sums by the columns of `pivot.Dimension.keys`; parallels and subjects are added up from classes and journals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.pivot import Choice, Problem, problems, read_choice, shown
from dashboard.queries import attendance, duty, filling, periods, schools
from dashboard.queries.door import read
from dashboard.queries.metric_settings import read_in_force
from dashboard.queries.performance import (
    ENDS_IN_SPAN,
    HERE,
    KIND,
    OF_CLASS,
    OF_JOURNAL,
    OWN_CLASS,
    PERIOD_JOINS,
    params_of,
    weighed,
)
from dashboard.queries.school import JOURNALS, OF_SUBJECT, OWN
from etl.warehouse.metric_settings import SPREAD_STEP, Variants
from etl.warehouse.metrics import Metric, Source, sums
from etl.warehouse.scope import Scope

_DUTY = """
SELECT {keys}, {sums} FROM d JOIN span USING (school_id) WHERE d.school_id = :school AND d.rule = ANY(:rules)
    AND {in_span} {narrow} GROUP BY {group}
"""
# the reader's own journals as a list: `OWN` looks them up for every row of a day, half a second for a class teacher
_MINE = "(l.school_id = ANY(CAST(:whole AS int[])) OR l.journal_id = ANY(CAST(:own AS int[])))"
_BY_DAY = f"""
SELECT {{keys}}, {{sums}} FROM mart_attendance_day l {{join}}
WHERE l.school_id = ANY(:schools) AND l.school_id = :school AND l.school_year = :year
  AND l.held_on BETWEEN :first AND :last AND {_MINE} AND {OF_CLASS} AND {OF_SUBJECT} GROUP BY {{group}}
"""
_OF_PERIODS: dict[Source, str] = {
    "fill": f"FROM mart_mark_fill l {PERIOD_JOINS} WHERE {HERE} AND {ENDS_IN_SPAN} AND {_MINE} AND {OF_JOURNAL}",
    "period_mark": f"FROM mart_period_mark l {PERIOD_JOINS} WHERE {HERE} AND {KIND} AND {ENDS_IN_SPAN} AND {_MINE}"
    f" AND {OF_JOURNAL}",
    "period_success": f"FROM mart_period_success l {PERIOD_JOINS} WHERE {HERE} AND CASE WHEN CAST(:is_year AS boolean)"
    f" THEN p.kind = 'year' ELSE {ENDS_IN_SPAN} END AND {OWN_CLASS} AND {OF_CLASS}",
    "group": f"FROM mart_period_group l {PERIOD_JOINS} WHERE {HERE} AND {ENDS_IN_SPAN} AND {OWN_CLASS} AND {OF_CLASS}",
}
# where a source by days has what a table is divided by
_DAY_KEYS = {
    "class_id": "l.class_id",
    "journal_id": "l.journal_id",
    "week_on": "date_trunc('week', l.held_on)::date",
    "month_on": "date_trunc('month', l.held_on)::date",
    "kind": "w.kind",
    "number": "w.number",
}
_ROW_KEYS = {name: f"d.{name}" for name in ("class_id", "journal_id", "staff_id", "week_on", "month_on")}
_PERIOD_KEYS = {"class_id": "l.class_id", "journal_id": "l.journal_id", "kind": "p.kind", "number": "p.number"}
_PLACES: dict[Source, dict[str, str]] = {
    **dict.fromkeys(("duty", "lag"), _ROW_KEYS),
    **dict.fromkeys(("attendance", "learning"), _DAY_KEYS),
    **dict.fromkeys(_OF_PERIODS, _PERIOD_KEYS),
}
_OF_DAY = "LEFT JOIN class_days w ON w.class_id = l.class_id AND w.on_day = l.held_on"
_OWN_JOURNALS = f"""
SELECT l.school_id, l.journal_id FROM dim_journal l
WHERE l.school_id = ANY(:schools) AND l.school_id = :school AND l.school_year = :year AND {OWN}
"""


class _Statements(dict[tuple[Source, tuple[str, ...], bool], str]):
    """Statement of a source by keys, and whether it is asked where the data end; made when it is first needed, of the
    constants of this module and the keys of `pivot.DIMENSIONS` alone. A key that a source has not raises KeyError.
    """

    def __missing__(self, asked: tuple[Source, tuple[str, ...], bool]) -> str:
        source, keys, is_newest = asked
        place = _PLACES[source]
        # a rule is always among the keys of duties: a metric knows its rows by it
        beside = ["d.rule"] if source in ("duty", "lag") else []
        chosen = {key: place[key] for key in keys if key != "rule" or not beside}
        row = "d" if beside else "l"
        named = [*beside, f"{row}.school_id", *(f"{sql} AS {key}" for key, sql in chosen.items())]
        group = [*beside, f"{row}.school_id", *chosen.values()]
        text = _text(source, is_newest).replace("{join}", _OF_DAY if "kind" in chosen else "")
        text = f"WITH {filling.CLASS_DAYS} {text}" if "kind" in chosen and place is _DAY_KEYS else text
        self[asked] = (
            text.replace("{keys}", ", ".join(named))
            .replace("{sums}", sums(source))
            .replace("{group}", ", ".join(group))
        )
        return self[asked]


def _text(source: Source, is_newest: bool) -> str:
    """The statement of a source without its keys and sums."""
    if source in ("attendance", "learning"):
        return _BY_DAY
    if source in _OF_PERIODS:
        return f"WITH {duty.SPAN} SELECT {{keys}}, {{sums}} {_OF_PERIODS[source]} GROUP BY {{group}}"
    if source == "lag":
        # rows of the ledger are materialised: else each sum would work them out anew
        rows = filling.LAG_ROWS if is_newest else filling.LAG_ROWS_AT.replace(", d AS (", ", d AS MATERIALIZED (")
    elif is_newest:
        rows = f"WITH {duty.SPAN}, d AS ({duty.BY_JOURNAL} AND m.school_id = :school AND m.rule = ANY(:rules))"
    else:
        ledger = f"{duty.LEDGER} AND r.school_id = :school AND r.rule = ANY(:rules)"
        rows = f"WITH {duty.SPAN}, d AS MATERIALIZED ({ledger})"
    text = _DUTY.replace("{in_span}", duty.IN_SPAN if is_newest else duty.IN_DAYS).replace("{narrow}", filling.NARROW)
    return f"{rows} {text}"


_STATEMENTS = _Statements()


@dataclass(frozen=True)
class Pivot:
    """A reader's own table.

    `asked` is the choice of the position, `choice` what of it is shown, `problems` why the rest is not. `sums` = source
    → sums by the keys of the chosen dimensions (`rule` too, where the source has rules). `dims` and `names` as on the
    page of the school. `day` = the past moment that the figures by deadlines are of, None where the data end.
    `is_whole`: of the whole school, not of some classes or journals.
    """

    row: dict[str, Any]
    period: periods.Choice
    asked: Choice
    choice: Choice
    problems: tuple[Problem, ...]
    sums: dict[Source, pl.DataFrame]
    dims: pl.DataFrame
    names: pl.DataFrame
    day: date | datetime | None
    is_whole: bool


def read_pivot(scope: Scope, filters: Filters, now: datetime) -> Pivot | None:
    """The table of the position; None where the school is not open or has no periods. Six queries, and one for each
    source of the metrics (at most `MOST_METRICS`). For readers of entries inside a school."""
    school = filters.school
    listed = schools.read_schools(scope, now, school)
    if school is None or listed.is_empty() or not scope.sees_entries:
        return None
    until = schools.until_of(listed, filters.as_of)
    chosen = periods.choose(periods.read_periods(scope, school), filters, until, with_days=True)
    if chosen is None:
        return None
    asked = read_choice(filters)
    found = problems(asked, filters, chosen.period.kind, scope)
    choice = shown(asked, found)
    row = listed.row(0, named=True)
    day = schools.past_moment(row, filters)
    values = read_in_force(scope, school).values
    place = params_of(scope, filters, chosen.period, until)
    dims = _own_journals(scope, place)
    params = {
        **place,
        "own": dims["journal_id"].to_list(),
        "staff": filters.staff,
        "day": day,
        "day_schools": list(until),
        "days": list(until.values()),
        "step": round(values.systematic_share * SPREAD_STEP),
    }
    sources = list(dict.fromkeys(metric.source for metric in choice.metrics))
    return Pivot(
        row=row,
        period=chosen,
        asked=asked,
        choice=choice,
        problems=tuple(found),
        sums={source: _sums(scope, source, choice, params, dims, values) for source in sources},
        dims=dims,
        names=read(scope, filling.STAFF, params),
        day=day,
        is_whole=school in scope.school_ids,
    )


def keys_of(choice: Choice) -> tuple[str, ...]:
    """Columns of the sums by which the table is divided, those of the rows first."""
    columns = choice.columns.keys if choice.columns is not None else ()
    return tuple(dict.fromkeys((*choice.rows.keys, *columns)))


def _sums(
    scope: Scope, source: Source, choice: Choice, params: dict[str, Any], dims: pl.DataFrame, values: Variants
) -> pl.DataFrame:
    keys = keys_of(choice)
    if source == "spread":
        return _spread(scope, params, dims)
    if source in ("duty", "lag"):
        metrics = [metric for metric in choice.metrics if metric.source == source]
        is_newest = params["day"] is None and not params["is_exact"]
        return read(scope, _STATEMENTS[source, keys, is_newest], _own_records(scope, metrics, params))
    rows = read(scope, _STATEMENTS[source, keys, True], params)
    return weighed(rows, values) if source == "period_mark" else rows


def _own_records(scope: Scope, metrics: Sequence[Metric], params: dict[str, Any]) -> dict[str, Any]:
    """A teacher looks at her own records, never at a colleague's in the same journal (requirements, section C)."""
    mine = sorted(staff for school, staff in scope.staff_ids if school == params["school"])
    staff = mine[0] if scope.level == "teacher" and mine else params["staff"]
    return {**params, "staff": staff, "rules": sorted({n for metric in metrics for n in metric.rule_numbers})}


def _own_journals(scope: Scope, params: dict[str, Any]) -> pl.DataFrame:
    """Names of the journals that are the reader's own: what there is to choose from."""
    rows = read(scope, JOURNALS, params)
    own = read(scope, _OWN_JOURNALS, params)["journal_id"]
    return rows.filter(pl.col("journal_id").is_in(own.to_list()))


def _spread(scope: Scope, params: dict[str, Any], dims: pl.DataFrame) -> pl.DataFrame:
    """Pupils by class and month; a class teacher's own classes, since the sums are readable by whole schools."""
    rows = read(scope, attendance.SPREAD_ROWS, params)
    if params["school"] not in scope.school_ids:
        rows = rows.filter(pl.col("class_id").is_in([class_id for _, class_id in scope.class_ids]))
    if params["class_id"] is not None:
        rows = rows.filter(pl.col("class_id") == params["class_id"])
    if params["parallel"] is not None:
        grade = dims.filter(pl.col("grade") == params["parallel"])["class_id"].unique()
        rows = rows.filter(pl.col("class_id").is_in(grade.to_list()))
    return rows
