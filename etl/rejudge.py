"""A school whose act changed is judged anew from what the warehouse holds; no other school is touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
from psycopg import sql

from etl.act_store import store_acts
from etl.contract.tables import TABLES
from etl.derive import OWN_ACT, derive_school, read_sight
from etl.errors import SettingsError
from etl.job import DEFAULT_WEEK, Progress, take_lock
from etl.load import School
from etl.metric_files import read_metric_files, store_metric_files, unknown_schools
from etl.regulations.profile import Profile, fingerprint
from etl.regulations.read import read_profiles
from etl.transforms.resolve import JOURNAL
from etl.warehouse.engine import owner_connection
from etl.warehouse.frames import copy_out, read_stored
from etl.warehouse.writer import Writer

_SCHOOLS = f"""
SELECT s.school_id, s.school_key, s.name, s.timezone, coalesce(s.week_days, {DEFAULT_WEEK}) AS week_days,
       s.regulation, s.regulation_named, s.capabilities, s.extracted_at,
       j.regulation AS judged_by, j.fingerprint
FROM dim_school s LEFT JOIN judgement j ON j.school_id = s.school_id AND j.judgement_id = {OWN_ACT}
ORDER BY s.school_key
"""


@dataclass(frozen=True)
class Judged:
    """A school and the act it is judged by; None = it states none."""

    school_id: int
    school_key: str
    name: str
    regulation: str | None
    obligation_count: int


@dataclass
class DeriveReport:
    """What was derived anew, how many schools were left as they are, and remarks a person should know."""

    schools: list[Judged] = field(default_factory=list)
    untouched_count: int = 0
    warnings: list[str] = field(default_factory=list)


def derive_schools(
    url: str,
    *,
    regulations: Path | None = None,
    school_keys: Sequence[str] = (),
    every: bool = False,
    progress: Progress | None = None,
) -> DeriveReport:
    """Derive obligations and marts of the schools whose act is another than the one they were judged by, or whose own
    settings of indicators changed and stand in the marts.

    `school_keys` (or all schools with `every`) are derived whatever their act. One transaction; the data version of
    each derived school is raised. An act comes from the school's bundle (`school.regulation`), also when it was
    installed after the load. Raises SettingsError for an unknown school, RegulationError for a broken file.
    """
    told = progress or Progress()
    profiles = read_profiles(regulations)
    stated = read_metric_files(regulations)
    report = DeriveReport()
    with owner_connection(url) as connection, connection.cursor() as cursor:
        take_lock(cursor, told)
        store_acts(cursor, profiles)
        resettled = store_metric_files(cursor, stated)
        report.warnings += [
            f"settings of indicators: there is no school {key!r}; its file waits"
            for key in unknown_schools(cursor, stated)
        ]
        known = _read_schools(cursor)
        _refuse_unknown(known, school_keys)
        chosen = [
            row
            for row in known
            if _is_due(
                row, profiles, report, every or row["school_key"] in school_keys or row["school_id"] in resettled
            )
        ]
        report.untouched_count = len(known) - len(chosen)
        with Writer(cursor) as writer:
            for number, row in enumerate(chosen):
                told.step("deriving schools", number, len(chosen))
                report.schools.append(_derive(writer, row, profiles))
        told.step("deriving schools", len(chosen), len(chosen))
    return report


def derive_again(url: str, school_id: int, *, regulations: Path | None = None, told: Progress | None = None) -> int:
    """Derive one school from its stored facts, because what people registered changed; returns the obligations' number.

    One transaction; 0 for a school that is gone, or whose act's file is: its judgement stays. Raises RegulationError.
    """
    profiles = read_profiles(regulations)
    with owner_connection(url) as connection, connection.cursor() as cursor:
        take_lock(cursor, told or Progress())
        store_acts(cursor, profiles)
        own = [row for row in _read_schools(cursor) if row["school_id"] == school_id]
        known = [row for row in own if _is_due(row, profiles, DeriveReport(), forced=True)]
        with Writer(cursor) as writer:
            return sum(_derive(writer, row, profiles).obligation_count for row in known)


def _read_schools(cursor: psycopg.Cursor[Any]) -> list[dict[str, Any]]:
    rows = cursor.execute(_SCHOOLS).fetchall()
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows]


def _refuse_unknown(known: list[dict[str, Any]], wanted: Sequence[str]) -> None:
    unknown = sorted(set(wanted) - {row["school_key"] for row in known})
    if unknown:
        keys = ", ".join(row["school_key"] for row in known) or "none"
        raise SettingsError(f"There is no school {unknown[0]!r}.", advice=f"Keys of the schools: {keys}.")


def act_of(row: dict[str, Any], profiles: dict[str, list[Profile]]) -> str | None:
    """The act a school is to be judged by: what its newest bundle names, as far as it is installed (annex B18)."""
    named: str | None = row["regulation_named"]
    return named if named in profiles else None


def _is_due(row: dict[str, Any], profiles: dict[str, list[Profile]], report: DeriveReport, forced: bool) -> bool:
    named, act = row["regulation_named"], act_of(row, profiles)
    if named is not None and act is None:
        gone = row["judged_by"] == named
        report.warnings.append(
            f"school {row['school_key']}: the regulation {named!r} is not installed"
            f" and {'its former judgement stays' if gone else 'was taken as none stated'};"
            f" installed: {', '.join(sorted(profiles))}"
        )
        if gone:
            return False
    return forced or act != row["judged_by"] or fingerprint(profiles.get(act or "", [])) != row["fingerprint"]


def _derive(writer: Writer, row: dict[str, Any], profiles: dict[str, list[Profile]]) -> Judged:
    act = act_of(row, profiles)
    school = School(
        row["school_id"],
        row["school_key"],
        row["timezone"],
        row["week_days"],
        act,
        False,
        frozenset(row["capabilities"]),
    )
    writer.now().execute(
        "UPDATE dim_school SET regulation = %s, data_version = data_version + 1 WHERE school_id = %s",
        [act, school.school_id],
    )
    count = derive_stored(writer, school, row["extracted_at"], profiles)
    return Judged(school.school_id, school.school_key, row["name"], act, count)


def derive_stored(writer: Writer, school: School, extracted_at: datetime, profiles: dict[str, list[Profile]]) -> int:
    """Derive a school from its stored facts, as a load that brings nothing would; returns the obligations' number."""
    state, journals = read_state(writer.now(), school.school_id)
    sight = read_sight(writer, school, school.capabilities, {}, extracted_at)
    return derive_school(writer, school, state, journals, profiles, sight)


def read_state(
    cursor: psycopg.Cursor[Any], school_id: int, told: Progress | None = None
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """A school's merged state by table of the bundle, and its journals, as the end of a load has them."""
    tables = [table for table in TABLES if table.name != "school"]
    state = {}
    for number, table in enumerate(tables):
        (told or Progress()).step("reading the school", number, len(tables))
        state[table.name] = read_stored(cursor, table, school_id)
    return state, _read_journals(cursor, school_id)


def _read_journals(cursor: psycopg.Cursor[Any], school_id: int) -> pl.DataFrame:
    query = sql.SQL("SELECT {} FROM dim_journal WHERE school_id = {}")
    columns = sql.SQL(", ").join(map(sql.Identifier, JOURNAL))
    return copy_out(cursor, query.format(columns, sql.Literal(school_id)), dict(JOURNAL))
