"""How a school would be judged by another act: derived on request beside its own judgement, kept for some days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from etl.act_store import store_acts
from etl.derive import OWN_ACT, OtherAct, derive_other_act, read_sight, remove_judgements
from etl.errors import ZavuchError
from etl.job import DEFAULT_WEEK, Progress, take_lock
from etl.load import School
from etl.regulations.profile import Profile, fingerprint
from etl.regulations.read import read_profiles
from etl.rejudge import read_state
from etl.warehouse.engine import owner_connection
from etl.warehouse.writer import Writer

GREATEST_JUDGEMENT = 32_767


class OtherActError(ZavuchError):
    """The school or the act that was asked for is not there; `code` says which of them, for the request."""

    def __init__(self, code: str, message: str, *, advice: str) -> None:
        super().__init__(message, advice=advice)
        self.code = code


@dataclass(frozen=True)
class OtherJudgement:
    """A finished judgement by another act."""

    school_key: str
    judgement_id: int
    obligation_count: int


def derive_by(
    url: str,
    school_id: int,
    regulation: str,
    profile_version: int,
    *,
    keep_days: int,
    regulations: Path | None = None,
    progress: Progress | None = None,
) -> OtherJudgement:
    """Derive a school as if this version of an act had always been in force there; one transaction.

    The own judgement, its marts and findings are not touched; the school's data version is raised. Whoever loads
    meanwhile waits. Raises OtherActError for an act or school that is not there, RegulationError for a broken file.
    """
    told = progress or Progress()
    profiles = read_profiles(regulations)
    version = _version(profiles, regulation, profile_version)
    with owner_connection(url) as connection, connection.cursor() as cursor:
        take_lock(cursor, told)
        store_acts(cursor, profiles)
        school, extracted_at = _read_school(cursor, school_id)
        act = OtherAct(
            _number_for(cursor, school_id, regulation, profile_version),
            version,
            fingerprint(profiles[regulation]),
            datetime.now(UTC) + timedelta(days=keep_days),
        )
        with Writer(cursor) as writer:
            state, journals = read_state(writer.now(), school_id, told)
            sight = read_sight(writer, school, school.capabilities, {}, extracted_at)
            told.step("deriving", 0, 1)
            count = derive_other_act(writer, school, state, journals, act, sight)
            told.step("writing", 0, 1)
        cursor.execute("UPDATE dim_school SET data_version = data_version + 1 WHERE school_id = %s", [school_id])
    return OtherJudgement(school.school_key, act.judgement_id, count)


_DUE = f"""
SELECT j.school_id, array_agg(j.judgement_id::int) FROM judgement j
WHERE j.judgement_id <> {OWN_ACT} AND (j.kept_until < %s OR NOT EXISTS (
    SELECT 1 FROM regulation r WHERE r.regulation = j.regulation AND r.fingerprint = j.fingerprint))
GROUP BY 1
"""


def remove_expired(url: str) -> int:
    """Remove judgements by other acts whose days are over or whose act has changed since; returns how many.

    The data version of every school that lost one is raised. Waits for nobody where nothing is due.
    """
    now = datetime.now(UTC)
    with owner_connection(url) as connection, connection.cursor() as cursor:
        if not cursor.execute(_DUE, [now]).fetchall():
            return 0
        take_lock(cursor, Progress())
        due = cursor.execute(_DUE, [now]).fetchall()
        for school_id, judgement_ids in due:
            remove_judgements(cursor, school_id, judgement_ids)
            cursor.execute("UPDATE dim_school SET data_version = data_version + 1 WHERE school_id = %s", [school_id])
    return sum(len(judgement_ids) for _school, judgement_ids in due)


def _version(profiles: dict[str, list[Profile]], regulation: str, number: int) -> Profile:
    for version in profiles.get(regulation, []):
        if version.version == number:
            return version
    raise OtherActError(
        "act_gone",
        f"There is no version {number} of the regulation {regulation!r}.",
        advice=f"Installed: {', '.join(sorted(profiles))}; the folder of own acts is ZAVUCH_REGULATIONS.",
    )


def _read_school(cursor: psycopg.Cursor[Any], school_id: int) -> tuple[School, datetime]:
    row = cursor.execute(
        f"SELECT school_key, timezone, coalesce(week_days, {DEFAULT_WEEK}), regulation, capabilities, extracted_at"
        " FROM dim_school WHERE school_id = %s",
        [school_id],
    ).fetchone()
    if row is None:
        raise OtherActError("school_gone", f"There is no school {school_id}.", advice="It was removed meanwhile.")
    key, zone, week_days, act, capabilities, extracted_at = row
    return School(school_id, key, zone, week_days, act, False, frozenset(capabilities)), extracted_at


def _number_for(cursor: psycopg.Cursor[Any], school_id: int, regulation: str, version: int) -> int:
    """The number of the judgement that is renewed, else the smallest that is free."""
    row = cursor.execute(
        "SELECT coalesce((SELECT judgement_id FROM judgement WHERE school_id = %(school)s AND regulation = %(act)s"
        f" AND profile_version = %(version)s AND judgement_id <> {OWN_ACT}),"
        f" (SELECT min(n) FROM generate_series(1, {GREATEST_JUDGEMENT}) n WHERE n NOT IN"
        " (SELECT judgement_id FROM judgement WHERE school_id = %(school)s)))",
        {"school": school_id, "act": regulation, "version": version},
    ).fetchone()
    assert row is not None  # noqa: S101 - an expression without FROM has one row
    return int(row[0])
