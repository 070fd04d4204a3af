"""One run of the checks: count, judge, harvest, remember. `run_checks` is the door.

The counts are committed first (`check_cell`: Great Expectations looks at them through a connection of its own); everything
else of the run (its record, results, findings, data versions) is one transaction. Loads wait meanwhile, and so do runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from checks.catalogue import Expectation, of_dataset, read_catalogue
from checks.counting import count_cells, results_query, violating_cells
from checks.datasets import DATASETS, LEDGER, dataset_of, school_filter
from checks.findings import Merged, merge_findings
from checks.harvest import CheckError, assert_counts, harvest, suppress_elements
from checks.judge import Answer, open_judge
from checks.preflight import LeftOut, preflight
from checks.report import CheckReport, read_rows
from checks.verdicts import at_schools, raise_versions, write_results
from etl.errors import SettingsError
from etl.warehouse.engine import owner_connection
from etl.warehouse.locks import WRITE_LOCK

Progress = Callable[[str, int, int], None]
_STEPS = 4


def run_checks(
    url: str,
    *,
    school_ids: Sequence[int] | None = None,
    as_of: datetime | None = None,
    deep: bool = False,
    catalogue: Sequence[Expectation] | None = None,
    progress: Progress | None = None,
) -> CheckReport:
    """Check these schools (None = all) at T (None = where each school's data end) and merge the findings into the register.

    `url` is the owner's; `deep` adds the expectations that read whole fact tables; `progress` is told (step, done, all).
    Great Expectations is imported inside. Raises SettingsError for a T without an offset or before what the register
    already saw, CheckError when counts contradict each other; then nothing of the run is kept.
    """
    told = progress or (lambda _what, _done, _all: None)
    if as_of is not None and as_of.tzinfo is None:
        raise SettingsError(f"The moment {as_of.isoformat()} has no offset.", advice="Give it one, as 2026-06-01T06:00:00+03:00.")
    wanted = [one for one in catalogue or read_catalogue() if deep or not DATASETS[one.dataset].is_deep]
    schools = None if school_ids is None else sorted(set(school_ids))
    started_at, seconds = datetime.now(UTC), dict[str, float]()
    with owner_connection(url) as connection:
        _take_lock(connection, told)
        _refuse_earlier(connection, schools, as_of)
        told("counting obligations", 0, _STEPS)
        with _timed(seconds, "count"):
            row_count = count_cells(connection, schools, as_of)
        sound, left_out = preflight(connection, wanted)
        connection.commit()
        told("judging", 1, _STEPS)
        with _timed(seconds, "judge"):
            answers, failed = _judge(url, sound, schools)
        sound = tuple(one for one in sound if one.check_id not in {lost.check_id for lost in failed})
        left_out = (*left_out, *failed)
        run_id = _open_run(connection, started_at, as_of, schools)
        told("harvesting violations", 2, _STEPS)
        with _timed(seconds, "results"):
            write_results(connection, run_id, sound, answers, schools)
        with _timed(seconds, "harvest"):
            harvested, suppressed = _harvest(connection, run_id, sound, schools, as_of)
        told("updating findings", 3, _STEPS)
        with _timed(seconds, "merge"):
            merged = merge_findings(connection, run_id, _whole_rules(sound, left_out), schools, as_of)
            raise_versions(connection, run_id, schools)
        summary = _summary(answers, left_out, merged, seconds, harvested, suppressed)
        finished_at = datetime.now(UTC)
        connection.execute("UPDATE check_run SET finished_at = %s, summary = %s WHERE run_id = %s", [finished_at, Jsonb(summary), run_id])
        told("done", _STEPS, _STEPS)
        return CheckReport(
            run_id=run_id, as_of=as_of, started_at=started_at, finished_at=finished_at, row_count=row_count, harvested=harvested,
            suppressed=suppressed, merged=merged, answers=answers, left_out=left_out, seconds=seconds,
            rows=read_rows(connection, run_id, {one.check_id: one for one in sound}),
        )  # fmt: skip


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[stage] = round(time.perf_counter() - start, 3)


def _take_lock(connection: psycopg.Connection[Any], told: Progress) -> None:
    """Hold the lock of the session, not of a transaction: the run commits once in between."""
    free = connection.execute("SELECT pg_try_advisory_lock(%s)", [WRITE_LOCK]).fetchone()
    if free and not free[0]:
        told("waiting for another load or check", 0, _STEPS)
        connection.execute("SELECT pg_advisory_lock(%s)", [WRITE_LOCK])


def _refuse_earlier(connection: psycopg.Connection[Any], schools: Sequence[int] | None, as_of: datetime | None) -> None:
    """The register only goes forward: a run at an earlier T would reopen what was repaired since."""
    if as_of is None:
        return
    seen = connection.execute(f"SELECT max(last_seen_at) FROM finding WHERE {school_filter(schools)}").fetchone()  # type: ignore[arg-type]  # noqa: S608 - numbers
    if seen and seen[0] and seen[0] > as_of:
        raise SettingsError(
            f"The register of findings already stands at {seen[0].isoformat()}; {as_of.isoformat()} is earlier.",
            advice="Check at that moment or later, or without a moment; the ledger of any earlier moment can be exported.",
        )


def _judge(url: str, sound: Sequence[Expectation], schools: Sequence[int] | None) -> tuple[dict[str, Answer], tuple[LeftOut, ...]]:
    """Great Expectations' answers, and the expectations that it could not judge: one statement per dataset."""
    answers: dict[str, Answer] = {}
    with open_judge(url) as judge:
        for name, dataset in DATASETS.items():
            answers |= judge.judge(name, dataset_of(dataset, schools), of_dataset(sound, name))
        ledger = [one for one in of_dataset(sound, LEDGER.name) if not answers[one.check_id].error]
        if ledger:
            answers |= judge.judge("school_rule", results_query(LEDGER, ledger, schools), [at_schools(one) for one in ledger])
    rules = {one.check_id: one.rule for one in sound}
    lost = tuple(LeftOut(one.check_id, rules[one.check_id], one.error) for one in answers.values() if one.error and one.check_id in rules)
    return answers, lost


def _open_run(connection: psycopg.Connection[Any], started_at: datetime, as_of: datetime | None, schools: Sequence[int] | None) -> int:
    made = connection.execute(
        "INSERT INTO check_run (run_id, started_at, as_of, school_count, summary)"  # type: ignore[arg-type]  # noqa: S608 - numbers
        f" SELECT (SELECT coalesce(max(run_id), 0) + 1 FROM check_run), %s, %s, count(*), '{{}}' FROM dim_school WHERE {school_filter(schools)} RETURNING run_id",
        [started_at, as_of],
    ).fetchone()
    if made is None:
        raise CheckError("The run was not recorded.", advice="This is a defect of the product: please report it.")
    return int(made[0])


def _harvest(
    connection: psycopg.Connection[Any], run_id: int, sound: Sequence[Expectation], schools: Sequence[int] | None, as_of: datetime | None
) -> tuple[int, int]:
    """Fill `violation`; returns the rows harvested and those then suppressed as elements of a lesson with no entry."""
    ledger = of_dataset(sound, LEDGER.name)
    cells = violating_cells(connection, ledger) if ledger else {}
    harvested = harvest(connection, cells, schools, as_of)
    assert_counts(connection, cells, [one.check_id for one in ledger], run_id)
    return harvested, suppress_elements(connection, cells)


def _whole_rules(sound: Sequence[Expectation], left_out: Sequence[LeftOut]) -> list[int]:
    """Rules all of whose expectations took part: only their findings may be closed."""
    broken = {one.rule for one in left_out}
    return sorted({one.rule_number for one in sound if one.rule_number is not None and one.rule not in broken})


def _summary(
    answers: dict[str, Answer], left_out: Sequence[LeftOut], merged: Merged, seconds: dict[str, float], harvested: int, suppressed: int
) -> dict[str, Any]:
    """What is kept of the run as JSON: Great Expectations' answers and what became of the findings."""
    return {
        "expectations": {one.check_id: {"applicable": one.applicable, "violated": one.violated, "unknown": one.unknown, "mostly": one.mostly, "success": one.success}
                         for one in answers.values() if not one.error},
        "left_out": {one.check_id: one.reason for one in left_out},
        "harvested": harvested, "suppressed": suppressed, "findings": vars(merged), "seconds": seconds,
    }  # fmt: skip
