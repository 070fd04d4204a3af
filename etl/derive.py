"""Obligations of one school, derived from its merged state and stored in place of the former ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import polars as pl
import psycopg
from psycopg import sql

from etl.contract.ledger import RULES
from etl.contract.variants import DEFAULTS, Variants
from etl.load import School
from etl.metric_files import read_variants
from etl.purged import purged_until
from etl.regulations.describe import RULE_COLUMNS, describe_rule
from etl.regulations.profile import Profile, fingerprint
from etl.transforms.above_marts import build_above
from etl.transforms.attendance_marts import build_attendance
from etl.transforms.duty_marts import build_duty_judgement, build_duty_marts
from etl.transforms.forecast_marts import build_forecasts
from etl.transforms.lag_mart import RushDays
from etl.transforms.learning import (
    build_learning,
    build_period_marks,
    build_period_success,
    find_absences,
    held_lessons,
)
from etl.transforms.mark_marts import build_mark_marts
from etl.transforms.moments import INSTANT
from etl.transforms.obligations.build import build_obligations
from etl.transforms.obligations.context import TOPICS_UNTIL, Context, Sight
from etl.transforms.obligations.registers import (
    ABSENCE_DOCUMENT,
    CONTROL_ACT,
    EDIT_PERMISSION,
    INCIDENT,
    OUTAGE,
    REVIEW_TICK,
    Registers,
    with_registers,
)
from etl.transforms.void_marks import without_void_marks
from etl.warehouse.frames import copy_in, copy_out
from etl.warehouse.partitions import ensure_years
from etl.warehouse.register_rights import newest_lines
from etl.warehouse.writer import Writer

OWN_ACT = 0


@dataclass(frozen=True)
class OtherAct:
    """A judgement by an act that is not the school's own: one version of it judges every day, as if it had always been
    in force. `fingerprint` is that of the whole act, so a change of any of its versions shows.
    """

    judgement_id: int
    version: Profile
    fingerprint: str
    kept_until: datetime


def derive_school(
    writer: Writer,
    school: School,
    state: dict[str, pl.DataFrame],
    journals: pl.DataFrame,
    profiles: dict[str, list[Profile]],
    sight: Sight,
) -> int:
    """Derive the school's own judgement and hand it to the writer; returns the number of obligations.

    Judgements by other acts are removed: they were made of the state before.
    """
    versions = profiles.get(school.regulation or "", [])
    context = _context(writer, school, state, journals, versions, sight)
    purged = purged_until(writer, school.school_id, is_new=school.is_new)
    obligations = _kept(build_obligations(context), purged)
    if not school.is_new:
        writer.later(partial(remove_judgements, school_id=school.school_id))
    writer.later(partial(_write_obligations, school=school, judgement_id=OWN_ACT, obligations=obligations))
    writer.later(
        partial(
            _write_marts,
            school=school,
            marts=_marts(school, context, obligations, _variants(writer, school)),
            purged=purged,
        )
    )
    bearing = (OWN_ACT, school.regulation, fingerprint(versions), None, None)
    writer.later(partial(_write_judgement, school=school, bearing=bearing))
    writer.later(partial(_write_rules, school=school, judgement_id=OWN_ACT, versions=versions, sight=sight))
    writer.later(partial(_write_horizons, school=school, sight=sight))
    return obligations.height


def derive_other_act(
    writer: Writer,
    school: School,
    state: dict[str, pl.DataFrame],
    journals: pl.DataFrame,
    act: OtherAct,
    sight: Sight,
) -> int:
    """Derive a judgement by another act beside the own one, which is not touched; returns the obligations' number."""
    obligations = build_obligations(_context(writer, school, state, journals, [act.version], sight))
    obligations = _kept(obligations, purged_until(writer, school.school_id, is_new=school.is_new))
    sums = build_duty_judgement(obligations, _horizons(sight), school.zone).with_columns(
        pl.lit(school.school_id, pl.Int32).alias("school_id"), pl.lit(act.judgement_id, pl.Int16).alias("judgement_id")
    )
    writer.later(partial(remove_judgements, school_id=school.school_id, judgement_ids=[act.judgement_id]))
    writer.later(partial(_write_obligations, school=school, judgement_id=act.judgement_id, obligations=obligations))
    writer.later(partial(copy_in, table="mart_duty_judgement", rows=sums))
    bearing = (act.judgement_id, act.version.id, act.fingerprint, act.version.version, act.kept_until)
    writer.later(partial(_write_judgement, school=school, bearing=bearing))
    writer.later(
        partial(_write_rules, school=school, judgement_id=act.judgement_id, versions=[act.version], sight=sight)
    )
    return obligations.height


def remove_judgements(cursor: psycopg.Cursor[Any], school_id: int, judgement_ids: Sequence[int] | None = None) -> int:
    """Delete judgements of a school by other acts than its own, all of them unless some are named; returns how many."""
    removed = [
        row[0]
        for row in cursor.execute(
            f"DELETE FROM judgement WHERE school_id = %s AND judgement_id <> {OWN_ACT}"
            " AND (%s::int[] IS NULL OR judgement_id = ANY(%s::int[])) RETURNING judgement_id",
            [school_id, judgement_ids, judgement_ids],
        ).fetchall()
    ]
    for table in ("obligation", "mart_duty_judgement", "judgement_rule") if removed else ():
        cursor.execute(
            f"DELETE FROM {table} WHERE school_id = %s AND judgement_id = ANY(%s::int[])", [school_id, removed]
        )
    return len(removed)


def _context(
    writer: Writer,
    school: School,
    state: dict[str, pl.DataFrame],
    journals: pl.DataFrame,
    versions: list[Profile],
    sight: Sight,
) -> Context:
    registers = read_registers(writer, school)
    merged = with_registers(state, registers)
    return Context(merged, journals, versions, school.zone, school.week_days, sight, registers)


def _write_obligations(
    cursor: psycopg.Cursor[Any], school: School, judgement_id: int, obligations: pl.DataFrame
) -> None:
    if not school.is_new:
        cursor.execute(
            "DELETE FROM obligation WHERE school_id = %s AND judgement_id = %s", [school.school_id, judgement_id]
        )
    ensure_years(cursor, obligations["school_year"].unique().drop_nulls().to_list())
    rows = obligations.with_columns(
        pl.lit(school.school_id, pl.Int32).alias("school_id"), pl.lit(judgement_id, pl.Int16).alias("judgement_id")
    )
    copy_in(cursor, "obligation", rows)


def _variants(writer: Writer, school: School) -> Variants:
    """The school's own settings of indicators, as the last derivation stored them from its file."""
    return DEFAULTS if school.is_new else read_variants(writer.now(), school.school_id)


def _marts(school: School, context: Context, obligations: pl.DataFrame, variants: Variants) -> dict[str, pl.DataFrame]:
    rush_days = RushDays(
        context.periods.select("period_id", "ends_on"),
        tuple(sorted(set(context.registers.control_act["act_on"].drop_nulls()))),
    )
    context = without_void_marks(context, obligations)
    lessons = held_lessons(context)
    absences = find_absences(context, lessons)
    duties = build_duty_marts(obligations, _horizons(context.sight), school.zone, rush_days)
    return {
        **duties,
        **build_above(context, lessons, duties["mart_duty_lag"]),
        "mart_learning": build_learning(context, lessons, absences),
        **build_attendance(context, lessons, absences, variants.absent_day),
        **build_mark_marts(context, lessons, absences, variants),
        **build_forecasts(context, lessons, variants),
        "mart_period_mark": build_period_marks(context),
        "mart_period_success": build_period_success(context),
    }


def _kept(rows: pl.DataFrame, purged: int) -> pl.DataFrame:
    """Nothing is judged in a year whose journals are gone: its period marks would stand there without a reason."""
    return rows.filter(pl.col("school_year") > purged) if purged else rows


def _write_marts(cursor: psycopg.Cursor[Any], school: School, marts: dict[str, pl.DataFrame], purged: int) -> None:
    """Sums of purged years stay as they were made of the journals: what is left could not make them again."""
    for table, rows in marts.items():
        if not school.is_new:
            cursor.execute(f"DELETE FROM {table} WHERE school_id = %s AND school_year > %s", [school.school_id, purged])
        mine = _kept(rows, purged).with_columns(pl.lit(school.school_id, pl.Int32).alias("school_id"))
        copy_in(cursor, table, mine)


def _write_judgement(
    cursor: psycopg.Cursor[Any], school: School, bearing: tuple[int, str | None, str, int | None, datetime | None]
) -> None:
    """`bearing`: judgement_id, regulation, fingerprint, profile_version, kept_until."""
    cursor.execute(
        "INSERT INTO judgement (school_id, judgement_id, regulation, fingerprint, profile_version, kept_until,"
        " derived_at) VALUES (%s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (school_id, judgement_id) DO UPDATE SET regulation = EXCLUDED.regulation, fingerprint = "
        "EXCLUDED.fingerprint, derived_at = EXCLUDED.derived_at",
        [school.school_id, *bearing, datetime.now(UTC)],
    )


def _write_rules(
    cursor: psycopg.Cursor[Any], school: School, judgement_id: int, versions: list[Profile], sight: Sight
) -> None:
    cursor.execute(
        "DELETE FROM judgement_rule WHERE school_id = %s AND judgement_id = %s", [school.school_id, judgement_id]
    )
    acts: list[Profile | None] = [*versions] or [None]
    rows = [describe_rule(rule, version, sight.capabilities) for version in acts for rule in RULES]
    names = list(RULE_COLUMNS)
    cursor.executemany(
        f"INSERT INTO judgement_rule (school_id, judgement_id, {', '.join(names)}) VALUES "
        f"({', '.join(['%s'] * (len(names) + 2))})",
        [(school.school_id, judgement_id, *(row[name] for name in names)) for row in rows],
    )


def _write_horizons(cursor: psycopg.Cursor[Any], school: School, sight: Sight) -> None:
    """Annex L0: a rule is judged no later than the newest bundle that carries the table its `done` comes from."""
    cursor.execute("DELETE FROM ledger_horizon WHERE school_id = %s", [school.school_id])
    cursor.executemany(
        "INSERT INTO ledger_horizon (school_id, rule, data_until) VALUES (%s, %s, %s)",
        [(school.school_id, rule, moment) for rule, moment in _horizons(sight).items()],
    )


def _horizons(sight: Sight) -> dict[int, datetime]:
    return {rule.number: sight.tables_until.get(rule.done_table, sight.newest) for rule in RULES}


def read_registers(writer: Writer, school: School) -> Registers:
    """What people registered in the product: read at every derivation, so a change of it is seen by the next one."""
    if school.is_new:
        return Registers()
    cursor = writer.now()

    def read(table: str, schema: dict[str, Any]) -> pl.DataFrame:
        # moments are compared as whole seconds (annex B5)
        columns = [
            sql.SQL("date_trunc('second', {})" if dtype == INSTANT else "{}").format(sql.Identifier(name))
            for name, dtype in schema.items()
        ]
        query = sql.SQL("SELECT {} FROM {} WHERE school_id = {}").format(
            sql.SQL(", ").join(columns), sql.SQL(newest_lines(table) + " r"), sql.Literal(school.school_id)
        )
        return copy_out(cursor, query, schema)

    return Registers(
        control_act=read("control_act", CONTROL_ACT),
        incident=read("incident", INCIDENT),
        outage=read("outage", OUTAGE),
        review_tick=read("review_tick", REVIEW_TICK),
        absence_document=read("absence_document_entry", ABSENCE_DOCUMENT),
        edit_permission=read("edit_permission_entry", EDIT_PERMISSION),
    )


def read_sight(
    writer: Writer,
    school: School,
    capabilities: frozenset[str],
    arriving: Mapping[str, Sequence[str]],
    extracted_at: datetime,
    *,
    by_journal: bool = False,
) -> Sight:
    """What the school's bundles can tell, the arriving one included: its record is not written yet.

    `by_journal`: the arriving bundle states its scope.
    """
    rows = (
        []
        if school.is_new
        else writer.now()
        .execute(
            "SELECT t.table_name, max(r.extracted_at), array_agg(DISTINCT c) FROM load_table t JOIN load_run r "
            "USING (load_id) LEFT JOIN LATERAL unnest(t.columns) c ON true WHERE t.school_id = %s "
            "GROUP BY t.table_name",
            [school.school_id],
        )
        .fetchall()
    )
    until = {name: moment.astimezone(UTC) for name, moment, _columns in rows}
    known = [*((name, columns) for name, _moment, columns in rows), *arriving.items()]
    columns = frozenset(f"{name}.{column}" for name, of_table in known for column in of_table)
    until |= {name: max(extracted_at, until.get(name, extracted_at)) for name in arriving}
    told_until = pl.DataFrame(schema=TOPICS_UNTIL)
    if "topics" in capabilities and (by_journal or not school.is_new):
        found = writer.now().execute(_TOPICS_UNTIL, {"school": school.school_id, "now": extracted_at}).fetchall()
        told_until = pl.DataFrame(found, schema=TOPICS_UNTIL, orient="row")
    return Sight(capabilities, until, max(until.values(), default=extracted_at), columns, told_until)


# A load of this very transaction has its scope and tables written, its run not yet: then its moment is `now`.
_TOPICS_UNTIL = """
WITH line AS (
    SELECT s.group_id, s.subject_id, coalesce(r.extracted_at, %(now)s) AS at, 'topic' = ANY(t.columns) AS is_told
    FROM load_scope s JOIN load_table t USING (school_id, load_id) LEFT JOIN load_run r USING (load_id)
    WHERE s.school_id = %(school)s AND t.table_name = 'lesson'
), known AS (
    SELECT j.journal_id, max(l.at) FILTER (WHERE l.is_told) AS told_at, max(l.at) AS seen_at
    FROM dim_journal j JOIN line l USING (group_id, subject_id)
    WHERE j.school_id = %(school)s GROUP BY 1
)
SELECT journal_id, told_at FROM known
WHERE told_at IS DISTINCT FROM seen_at
  AND EXISTS (SELECT 1 FROM line l WHERE l.at = seen_at AND l.is_told AND l.group_id IS NOT NULL)
"""
