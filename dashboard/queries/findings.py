"""What the page of findings asks: counts by kind, place and person, and one page of rows; five queries, whatever
their number.

Every count leaves out its own filter: beside «грубое» stands how many there would be if one chose it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

import polars as pl

from dashboard.filters import Filters, State
from dashboard.queries import periods, schools
from dashboard.queries.door import read
from etl.warehouse.ledger import MARK_RULES, RULE, RULES, Severity, Status
from etl.warehouse.register import CLOSED_AT, OPENED_AT
from etl.warehouse.scope import Scope

PAGE = 50
MOST_EXPORTED = 100_000
AGES = ("week", "month", "older")
"""Codes of `Filters.age`: at most 7 days past the deadline (without one: the event day), at most 30, more."""
ALL = "all"
"""Code of `Filters.measure`: findings of every state; without it and without a status only the open ones."""

_OF_MARKS = ", ".join(str(RULE[name].number) for name in (*MARK_RULES, "future_mark"))
_OF_ABSENCES = ", ".join(str(rule.number) for rule in RULES if rule.object_type == "absence")

# The place and the time are the page's subject: they cut every count. The rest are choices, one boolean each.
# At an earlier moment what was repaired later was open, what was found later was not there, and a word said later was
# not said yet. The clock is each school's own.
_MOMENT = "(CAST(:at AS timestamp) AT TIME ZONE d.timezone)"
_OPENED, _CLOSED = OPENED_AT.replace("f.state", "f.run_state"), CLOSED_AT.replace("f.state", "f.run_state")
REGISTER = f"""
register AS (
    SELECT f.school_id, f.finding_id, f.rule, f.object_id, f.object_key, f.class_id, f.journal_id, f.lesson_id,
           f.pupil_id, f.period_id, f.staff_id, f.anchor_on, f.school_year, f.severity, f.profile_version, f.due_at,
           f.first_seen_at, f.last_seen_at, f.reopened, d.timezone, d.extracted_at,
           CASE WHEN p.is_then THEN {_MOMENT} ELSE d.extracted_at END AS looked_at,
           CASE WHEN p.was_open AND f.status = {int(Status.late)} THEN {int(Status.missing)}
                ELSE f.status END AS status,
           CASE WHEN p.was_open THEN NULL ELSE f.done_at END AS done_at,
           CASE WHEN p.was_open THEN NULL ELSE f.fixed_at END AS fixed_at,
           CASE WHEN p.was_open THEN 'open' WHEN p.is_unsaid THEN f.run_state ELSE f.state END AS state,
           CASE WHEN p.was_open OR p.is_unsaid THEN NULL ELSE f.reason END AS reason,
           CASE WHEN p.is_unsaid THEN NULL ELSE f.decided_at END AS decided_at,
           CASE WHEN p.is_unsaid THEN NULL ELSE f.decided_by END AS decided_by
    FROM finding_row f JOIN dim_school d USING (school_id)
    CROSS JOIN LATERAL (
        SELECT CAST(:at AS timestamp) IS NOT NULL AS is_then,
               coalesce(f.run_state = 'fixed' AND {_CLOSED} > {_MOMENT}, false) AS was_open,
               coalesce(f.decided_at > {_MOMENT}, false) AS is_unsaid
    ) p
    WHERE f.school_id = ANY(:schools) AND (NOT p.is_then OR {_OPENED} <= {_MOMENT})
)"""
"""Findings with the state, status and words they had at `:at` (null: where the data end)."""
_CHOSEN = f"""
{REGISTER},
dated AS (
    SELECT f.*,
           CAST(:severity AS int) IS NULL OR f.severity = :severity AS ok_severity,
           CAST(:state AS text) IS NULL OR f.state = :state AS ok_state,
           CAST(:rule AS int) IS NULL OR f.rule = :rule AS ok_rule,
           CAST(:class_id AS bigint) IS NULL OR f.class_id = :class_id AS ok_class,
           CAST(:staff AS bigint) IS NULL OR f.staff_id = :staff AS ok_staff,
           coalesce((f.looked_at AT TIME ZONE f.timezone)::date
               - coalesce((f.due_at AT TIME ZONE f.timezone)::date, f.anchor_on), 0) AS days_old
    FROM register f
    JOIN unnest(CAST(:span_schools AS int[]), CAST(:span_starts AS date[]), CAST(:span_ends AS date[]))
      AS span (school_id, starts_on, ends_on) USING (school_id)
    WHERE f.school_id = ANY(:schools) AND f.school_year = :year
      AND (CAST(:school AS bigint) IS NULL OR f.school_id = :school)
      AND (CAST(:is_year AS boolean) OR f.anchor_on BETWEEN span.starts_on AND span.ends_on)
      AND (CAST(:status AS int) IS NULL OR f.status = :status)
      AND (CAST(:journal AS bigint) IS NULL OR f.journal_id = :journal)
      AND (CAST(:parallel AS int) IS NULL OR EXISTS (
            SELECT 1 FROM dim_class c
            WHERE c.school_id = f.school_id AND c.class_id = f.class_id AND c.grade = :parallel))
      AND (CAST(:subject AS bigint) IS NULL OR EXISTS (
            SELECT 1 FROM dim_journal j
            WHERE j.school_id = f.school_id AND j.journal_id = f.journal_id AND j.subject_id = :subject))
), aged AS (
    SELECT dated.*, CASE WHEN days_old <= 7 THEN 'week' WHEN days_old <= 30 THEN 'month' ELSE 'older' END AS age
    FROM dated
), chosen AS (
    SELECT aged.*, CAST(:age AS text) IS NULL OR age = :age AS ok_age FROM aged
)"""
_KEYS = ("severity", "state", "rule", "class", "staff", "age")
_ALL = " AND ".join(f"ok_{key}" for key in _KEYS)
_OTHERS = ", ".join(
    [f"count(*) FILTER (WHERE {' AND '.join(f'ok_{key}' for key in _KEYS if key != own)}) AS n_{own}" for own in _KEYS]
    + [f"count(*) FILTER (WHERE {_ALL}) AS n_all"]
)
_COUNTS = f"""
WITH {_CHOSEN}, counted AS (
    SELECT CASE WHEN grouping(severity) = 0 THEN 'severity' WHEN grouping(state) = 0 THEN 'state'
                WHEN grouping(rule) = 0 THEN 'rule' WHEN grouping(class_id) = 0 THEN 'class'
                WHEN grouping(staff_id) = 0 THEN 'staff' WHEN grouping(journal_id) = 0 THEN 'journal'
                WHEN grouping(age) = 0 THEN 'age' WHEN grouping(school_id) = 0 THEN 'school'
                ELSE 'all' END AS part,
           school_id, severity, state, rule, class_id, staff_id, journal_id, age, {_OTHERS},
           count(*) FILTER (WHERE {_ALL} AND severity = {int(Severity.critical)}) AS critical,
           count(*) FILTER (WHERE {_ALL} AND severity = {int(Severity.major)}) AS major,
           max(days_old) FILTER (WHERE {_ALL}) AS oldest, max(class_id) AS of_class
    FROM chosen
    GROUP BY GROUPING SETS ((severity), (state), (rule), (age), (school_id, class_id), (school_id, staff_id),
                            (school_id, journal_id), (school_id), ())
)
SELECT d.part, d.school_id AS in_school, d.severity, d.state, d.rule, d.class_id, d.staff_id, d.journal_id, d.age,
       d.critical, d.major, d.oldest,
       CASE d.part WHEN 'severity' THEN n_severity WHEN 'state' THEN n_state WHEN 'rule' THEN n_rule
                   WHEN 'class' THEN n_class WHEN 'staff' THEN n_staff WHEN 'age' THEN n_age
                   ELSE n_all END AS n,
       c.name AS class_name, c.grade, c.letter, s.full_name, u.name AS subject, g.kind AS group_kind,
       g.name AS group_name
FROM counted d
LEFT JOIN dim_journal j ON j.school_id = d.school_id AND j.journal_id = d.journal_id
LEFT JOIN dim_subject u ON u.school_id = j.school_id AND u.subject_id = j.subject_id
LEFT JOIN dim_group g ON g.school_id = j.school_id AND g.group_id = j.group_id
LEFT JOIN dim_class c ON c.school_id = d.school_id AND c.class_id = CASE d.part WHEN 'journal' THEN d.of_class
    ELSE d.class_id END
LEFT JOIN dim_staff_name s ON s.school_id = d.school_id AND s.staff_id = d.staff_id
WHERE d.school_id IS NULL OR d.school_id = ANY(:schools)
"""
# The moments stand in the ledger: the register keeps only the last deadline and the moment of the entry.
_NAMED = f"""
SELECT f.school_id, f.school_year, f.finding_id, f.rule, f.status, f.severity, f.state, f.reopened, f.reason,
       f.decided_at, f.decided_by, f.anchor_on, f.first_seen_at, f.object_id, f.object_key,
       f.class_id, f.journal_id, f.lesson_id, f.staff_id,
       {{at}} AS at, f.fixed_at, coalesce(r.due_at, f.due_at) AS due_at,
       r.due_earliest, r.target_at, r.not_before, {{done_earliest}} AS done_earliest, {{done_latest}} AS done_latest,
       r.done_quality, s.timezone, coalesce(s.short_name, s.name) AS school, c.name AS class_name, j.subject_id,
       u.name AS subject, g.kind AS group_kind, g.name AS group_name, l.held_on, l.slot, n.full_name AS responsible,
       p.full_name AS pupil, m.value AS mark, a.code AS absence, k.clause, k.quotation, k.act_title, k.act_number,
       k.act_date, k.origin
FROM page f
JOIN dim_school s ON s.school_id = f.school_id
LEFT JOIN dim_class c ON c.school_id = f.school_id AND c.class_id = f.class_id
LEFT JOIN dim_journal j ON j.school_id = f.school_id AND j.journal_id = f.journal_id
LEFT JOIN dim_subject u ON u.school_id = f.school_id AND u.subject_id = j.subject_id
LEFT JOIN dim_group g ON g.school_id = f.school_id AND g.group_id = j.group_id
LEFT JOIN fact_lesson l ON l.school_id = f.school_id AND l.school_year = f.school_year AND l.lesson_id = f.lesson_id
LEFT JOIN dim_staff_name n ON n.school_id = f.school_id AND n.staff_id = f.staff_id
LEFT JOIN dim_pupil_name p ON p.school_id = f.school_id AND p.pupil_id = f.pupil_id
LEFT JOIN fact_mark m ON m.school_id = f.school_id AND m.school_year = f.school_year AND m.mark_id = f.object_id
  AND f.rule IN ({_OF_MARKS})
LEFT JOIN fact_absence a ON a.school_id = f.school_id AND a.school_year = f.school_year AND a.absence_id = f.object_id
  AND f.rule IN ({_OF_ABSENCES})
LEFT JOIN judgement_rule k ON k.school_id = f.school_id AND k.judgement_id = 0 AND k.rule = f.rule
  AND k.profile_version = f.profile_version
{{row}}
WHERE f.school_id = ANY(:schools)
ORDER BY f.severity, f.anchor_on DESC NULLS LAST, f.school_id, f.rule, f.finding_id
"""
# Each row is looked up by the ledger's index: joined as a set, the policies' estimates make PostgreSQL sort all rows of
# the school against each other (measured: 30 s for 300 findings). Several rows of the ledger may bear the identity of
# one finding: the first by its moments stands for it.
_ROW = """LEFT JOIN LATERAL (
    SELECT o.* FROM ledger_row o
    WHERE o.school_id = f.school_id AND o.school_year = f.school_year AND o.journal_id = f.journal_id
      AND o.judgement_id = 0 AND o.rule = f.rule AND o.object_id IS NOT DISTINCT FROM f.object_id
      AND o.pupil_id IS NOT DISTINCT FROM f.pupil_id AND o.period_id IS NOT DISTINCT FROM f.period_id
      AND o.object_key IS NOT DISTINCT FROM f.object_key
    ORDER BY o.due_at, o.done_latest LIMIT 1
) r ON true"""
# an entry made after the moment looked at is not known yet
_NEWEST = {
    "at": "f.last_seen_at", "done_earliest": "r.done_earliest", "done_latest": "coalesce(r.done_latest, f.done_at)",
}  # fmt: skip
_THEN = {
    "at": "CASE WHEN CAST(:at AS timestamp) IS NULL THEN f.last_seen_at ELSE f.looked_at END",
    **{name: f"CASE WHEN {value} <= f.looked_at OR CAST(:at AS timestamp) IS NULL THEN {value} END"
       for name, value in _NEWEST.items() if name != "at"},
}  # fmt: skip
_ORDER = "ORDER BY severity, anchor_on DESC NULLS LAST, school_id, rule, finding_id"
_PAGE = f"""
WITH {_CHOSEN}, page AS (SELECT * FROM chosen WHERE {_ALL} {_ORDER} LIMIT {PAGE} OFFSET :skip)
{_NAMED.format(row=_ROW, **_THEN)}"""
_EVERY = f"""
WITH {_CHOSEN}, page AS (SELECT * FROM chosen WHERE {_ALL} {_ORDER} LIMIT {MOST_EXPORTED})
{_NAMED.format(row=_ROW, **_THEN)}"""
ONE = f"""
WITH {REGISTER}, page AS (SELECT * FROM register WHERE school_id = :school AND finding_id = :finding)
{_NAMED.format(row=_ROW, **_THEN)}"""
_CHECKED = """
SELECT c.school_id, max(r.finished_at) AS checked_at
FROM check_result c JOIN check_run r USING (run_id)
WHERE c.school_id = ANY(:schools) GROUP BY 1
"""


@dataclass(frozen=True)
class Findings:
    """The page of findings.

    `schools` as of `schools.read_schools` (the asked one, or all of the scope), `checked` = school_id, checked_at
    (UTC). `counts` one row per `part` (severity, state, rule, age, class, staff, journal, school, all) and value
    (`in_school` its school), `n` under the other filters, `critical`, `major` and `oldest` (days) under all. `rows` =
    one page, gravest and newest first, with the moments of the ledger, names and the clause.
    """

    schools: pl.DataFrame
    checked: pl.DataFrame
    choice: periods.Choice | None
    counts: pl.DataFrame
    rows: pl.DataFrame
    page: int

    @property
    def total(self) -> int:
        """Findings under all filters."""
        return int(self.counts.filter(pl.col("part") == "all")["n"].sum())

    @property
    def critical(self) -> int:
        """Of them the gravest."""
        return int(self.counts.filter(pl.col("part") == "all")["critical"].sum())

    @property
    def pages(self) -> int:
        """Pages of the list, at least one."""
        return max(1, -(-self.total // PAGE))


def asked_state(filters: Filters) -> State | None:
    """Which state the list shows; None = all. A list of one status shows every state: a late entry is fixed at once."""
    if filters.state is not None:
        return filters.state
    return None if filters.measure == ALL or filters.status is not None else State.OPEN


def read_findings(scope: Scope, filters: Filters, now: datetime) -> Findings | None:
    """Everything on the page, at most five queries; None where the asked school is not in the scope."""
    listed = schools.read_schools(scope, now, filters.school)
    if listed.is_empty():
        return None
    terms = periods.read_periods(scope, filters.school)
    choice = periods.choose(terms, filters, schools.until_of(listed, filters.as_of), with_days=scope.sees_names)
    checked = read(scope, _CHECKED)
    if choice is None:
        return Findings(
            listed,
            checked,
            None,
            pl.DataFrame(schema={"part": pl.String, "n": pl.Int64, "critical": pl.Int64}),
            pl.DataFrame(),
            1,
        )
    params = _params(filters, choice, listed)
    counts = read(scope, _COUNTS, params)
    page = max(1, filters.page or 1)
    found = Findings(listed, checked, choice, counts, pl.DataFrame(), page)
    page = min(page, found.pages)
    rows = read(scope, _PAGE, {**params, "skip": (page - 1) * PAGE})
    return Findings(listed, checked, choice, counts, rows, page)


def read_every(scope: Scope, filters: Filters, now: datetime) -> pl.DataFrame:
    """The rows of all pages of `read_findings` for a file, at most `MOST_EXPORTED`; three queries."""
    listed = schools.read_schools(scope, now, filters.school)
    terms = periods.read_periods(scope, filters.school)
    choice = periods.choose(terms, filters, schools.until_of(listed, filters.as_of), with_days=scope.sees_names)
    if choice is None:
        return pl.DataFrame()
    return read(scope, _EVERY, _params(filters, choice, listed))


def moment_of(filters: Filters, listed: pl.DataFrame) -> datetime | None:
    """The asked moment on the clock of each school (a day = its end); None where the data of no school are later."""
    asked = [schools.past_moment(row, filters) for row in listed.iter_rows(named=True)]
    found = next((moment for moment in asked if moment is not None), None)
    return found if found is None or isinstance(found, datetime) else datetime.combine(found, time(23, 59, 59))


def _params(filters: Filters, choice: periods.Choice, listed: pl.DataFrame) -> dict[str, Any]:
    rule = RULE.get(filters.rule or "")
    return {
        "at": moment_of(filters, listed),
        **choice.period.span.params,
        "school": filters.school,
        "severity": int(Severity[filters.severity.value]) if filters.severity else None,
        "state": state.value if (state := asked_state(filters)) else None,
        "rule": rule.number if rule else None,
        "status": int(Status[filters.status.value]) if filters.status else None,
        "class_id": filters.class_id,
        "staff": filters.staff,
        "journal": filters.journal,
        "parallel": filters.parallel,
        "subject": filters.subject,
        "age": filters.age if filters.age in AGES else None,
    }
