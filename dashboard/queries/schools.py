"""Schools of a scope: names, act, how fresh the data are, and since when."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from dashboard.filters import Filters
from dashboard.queries.door import read
from dashboard.small_groups import DEFAULT_LIMIT, NOBODY
from etl.warehouse.acts import ACT_IN_FORCE, in_force_first
from etl.warehouse.scope import Scope

STALE_AFTER = 2
"""Data older than two staff working days are stale (design, «Freshness»)."""
_LOOK_BACK = 60  # days in which working days are counted one by one; what is older is stale anyway

_SCHOOLS = f"""
SELECT s.school_id, coalesce(s.short_name, s.name) AS label, s.name, m.name AS municipality, s.timezone,
    s.regulation, s.capabilities,
       s.extracted_at, (s.extracted_at AT TIME ZONE s.timezone)::date AS until_on, s.is_demo,
       coalesce(g.title, k.regulation) AS act_title, nullif(g.act_number, '') AS act_number, a.norm_share,
       (CAST(:now AS timestamptz) AT TIME ZONE s.timezone)::date
           - (s.extracted_at AT TIME ZONE s.timezone)::date
           AS days_old, CASE WHEN s.is_demo THEN 0 ELSE w.working_days_old END AS working_days_old
FROM dim_school s
JOIN dim_municipality m USING (municipality_id)
LEFT JOIN judgement k ON k.school_id = s.school_id AND k.judgement_id = 0
LEFT JOIN ({ACT_IN_FORCE}) f ON f.school_id = s.school_id
LEFT JOIN regulation g ON g.regulation = f.regulation AND g.profile_version = f.profile_version
LEFT JOIN LATERAL (
    SELECT max(j.norm_share) AS norm_share FROM judgement_rule j
    WHERE j.school_id = s.school_id AND j.judgement_id = 0 AND j.rule <= 3
      AND j.profile_version = coalesce(f.profile_version, j.profile_version)
) a ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS working_days_old
    FROM generate_series(greatest((s.extracted_at AT TIME ZONE s.timezone)::date + 1,
        (CAST(:now AS timestamptz) AT TIME ZONE s.timezone)::date - :look_back),
                         (CAST(:now AS timestamptz) AT TIME ZONE s.timezone)::date,
                             interval '1 day') AS g (at)
    LEFT JOIN dim_calendar_day c ON c.school_id = s.school_id AND c.date = g.at::date
        AND c.deleted_latest IS NULL
    WHERE coalesce(c.is_staff_working, extract(isodow FROM g.at) <= coalesce(s.week_days, 5))
) w
WHERE s.school_id = ANY(:schools) AND (CAST(:school AS int) IS NULL OR s.school_id = :school)
ORDER BY label, school_id
"""
_CLAUSES = f"""
SELECT DISTINCT ON (j.rule) j.rule, j.is_regulated, j.target_text, j.limit_text, j.act_title, j.act_number, j.act_date,
       j.clause, j.quotation, j.origin, j.norm_share
FROM judgement_rule j LEFT JOIN ({ACT_IN_FORCE}) f USING (school_id)
WHERE j.school_id = ANY(:schools) AND j.school_id = :school AND j.judgement_id = 0
ORDER BY j.rule, {in_force_first("j.profile_version", "f.profile_version")}
"""

# the fewest pupils that a month of the school's newest year counted
_LIMITS = f"""
SELECT s.school_id, max(trim(p.value)) AS value, max(n.pupil_count) AS pupil_count
FROM dim_school s
LEFT JOIN ({ACT_IN_FORCE}) f USING (school_id)
LEFT JOIN regulation_parameter p ON p.regulation = f.regulation AND p.profile_version = f.profile_version
    AND p.parameter = 'min_cell_size'
LEFT JOIN LATERAL (
    SELECT sum(m.pupil_count)::bigint AS pupil_count FROM mart_absence_spread m
    WHERE m.school_id = s.school_id GROUP BY m.school_year, m.month_on ORDER BY 1 LIMIT 1
) n ON true
WHERE s.school_id = ANY(:schools) GROUP BY 1
"""


def read_schools(scope: Scope, now: datetime, school: int | None = None) -> pl.DataFrame:
    """One row per school, in the order of people: label, name, municipality, timezone, regulation, capabilities,
    extracted_at, until_on (local day where its data end), act_title, act_number and norm_share of the school's own act
    in force that day (an act whose file has gone: its id), days_old, working_days_old (staff working days since; 0 for
    generated schools, which nobody exports any more).
    """
    rows = read(scope, _SCHOOLS, {"now": now, "look_back": _LOOK_BACK, "school": school})
    return rows.sort(natural_order("label"), "school_id")


def read_clauses(scope: Scope, school: int) -> pl.DataFrame:
    """One row per rule of the school's own act, in the version in force where the data end: deadlines in the words of
    the profile, clause, quotation."""
    return read(scope, _CLAUSES, {"school": school})


def read_limits(scope: Scope) -> dict[int, int]:
    """Least size of a group that is shown above each school, by its own act or by default, never below the default; a
    school that had fewer pupils in some month is withheld whole (NOBODY). For `small_groups.withheld`. One query.
    """
    found = {}
    for school, value, pupils in read(scope, _LIMITS).iter_rows():
        limit = max(DEFAULT_LIMIT, int(value) if value and value.isdigit() else 0)
        found[school] = NOBODY if pupils is not None and pupils < limit else limit
    return found


def on_offer(scope: Scope, filters: Filters) -> Filters:
    """The position as far as it is on offer: above a school nothing narrower than a school, whatever the URL says."""
    if not scope.is_above:
        return filters
    return filters.changed(
        at=None, parallel=None, class_id=None, staff=None, subject=None, journal=None, lesson=None, pupil=None
    )


def natural_order(column: str) -> pl.Expr:
    """Sort key of names: Ё after Е and before Ж, numbers by their size («№ 2» before «№ 11»)."""
    plain = pl.col(column).str.to_lowercase().str.replace_all("ё", "е\uffff")
    return plain.str.replace_all(r"(\d+)", "000000$1").str.replace_all(r"0*(\d{6})(\D|$)", "$1$2")


def stale(schools: pl.DataFrame) -> pl.DataFrame:
    """The schools whose data are older than two staff working days."""
    return schools.filter(pl.col("working_days_old") > STALE_AFTER)


def local_moment(row: dict[str, object]) -> datetime:
    """The moment where a school's data end, on its own clock."""
    at, zone = row["extracted_at"], row["timezone"]
    if not isinstance(at, datetime):
        raise TypeError(f"extracted_at is {at!r}, not a moment.")
    return at.astimezone(ZoneInfo(str(zone)))


def minute_of(row: dict[str, Any]) -> time:
    """The minute at which a school's data end, on its own clock."""
    return local_moment(row).time().replace(second=0, microsecond=0)


def past_moment(row: dict[str, Any], filters: Filters) -> date | datetime | None:
    """The asked moment of one school, as `:day` of the ledger takes it: a day = its end, else a moment on the school's
    own clock; None where it is not before the moment where the data end. `row` as of `read_schools`.
    """
    asked = filters.moment
    if isinstance(asked, datetime):
        return asked if asked < local_moment(row).replace(tzinfo=None) else None
    return asked if asked is not None and asked < row["until_on"] else None


def until_of(schools: pl.DataFrame, as_of: date | None = None) -> dict[int, date]:
    """Last local day that counts in each school: where its data end, or `as_of` where that is earlier."""
    return {
        row[0]: row[1] if as_of is None else min(row[1], as_of)
        for row in schools.select("school_id", "until_on").iter_rows()
    }
