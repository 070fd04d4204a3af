"""One run of the checks: count, judge, harvest, remember. `run_checks` is the door.

The counts are committed first (`check_cell`: Great Expectations looks at them through a connection of its
own); everything else of the run (its record, results, findings, data versions) is one transaction. Loads
and other runs wait meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from checks.catalogue import Expectation, of_dataset, read_catalogue
from checks.counting import count_cells, results_query, violating_cells
from checks.critical import sum_critical
from checks.datasets import DATASETS, LEDGER, dataset_of, school_filter
from checks.findings import merge_findings
from checks.harvest import CheckError, assert_counts, drop_cells, gravest, harvest, suppress_told
from checks.judge import Answer, open_judge, warm_up
from checks.preflight import LeftOut, preflight
from checks.report import CheckReport, read_rows
from checks.verdicts import at_schools, raise_versions, write_results
from etl.errors import SettingsError
from etl.warehouse.engine import owner_connection
from etl.warehouse.locks import WRITE_LOCK

Progress = Callable[[str, int, int], None]
_STEPS = 4
_KEPT_OF_ANSWER = ("applicable", "violated", "unknown", "mostly", "success")


def run_checks(
    url: str,
    *,
    school_ids: Sequence[int] | None = None,
    as_of: datetime | None = None,
    deep: bool = False,
    catalogue: Sequence[Expectation] | None = None,
    progress: Progress | None = None,
) -> CheckReport:
    """Check these schools (None = all) at T (None = where each school's data end) and merge the findings.

    `url` is the owner's; `deep` adds the expectations that read whole fact tables; `progress` is told (step,
    done, all). Raises SettingsError for a T without an offset or before what the register already saw,
    CheckError when counts contradict each other; then nothing of the run is kept.
    """
    if as_of is not None and as_of.tzinfo is None:
        raise SettingsError(
            f"The moment {as_of.isoformat()} has no offset.",
            advice="Give it one, as 2026-06-01T06:00:00+03:00.",
        )
    wanted = [one for one in catalogue or read_catalogue() if deep or not DATASETS[one.dataset].is_deep]
    schools = None if school_ids is None else sorted(set(school_ids))
    warm_up()
    with owner_connection(url) as connection:
        run = _Run(connection, url, schools, as_of, progress or (lambda _what, _done, _all: None))
        _take_lock(connection, run.told)
        _refuse_earlier(connection, schools, as_of)
        run.count(wanted)
        run.harvest()
        run.judge()
        report = run.remember()
    run.told("done", _STEPS, _STEPS)
    return report


class _Run:
    """What one run knows so far; its methods are its steps, in their order."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        url: str,
        schools: Sequence[int] | None,
        as_of: datetime | None,
        told: Progress,
    ) -> None:
        self.connection, self.url, self.schools, self.as_of, self.told = connection, url, schools, as_of, told
        self.started_at = datetime.now(UTC)
        self.seconds: dict[str, float] = {}
        self.sound: tuple[Expectation, ...] = ()
        self.left_out: tuple[LeftOut, ...] = ()
        self.answers: dict[str, Answer] = {}
        self.cells: dict[tuple[int, int], list[str]] = {}
        self.row_count = self.harvested = 0

    def count(self, wanted: Sequence[Expectation]) -> None:
        """Count the ledger, leave broken predicates out, and commit the counts for Great Expectations."""
        self.told("counting obligations", 0, _STEPS)
        with _timed(self.seconds, "count"):
            self.row_count = count_cells(self.connection, self.schools, self.as_of)
        self.sound, self.left_out = preflight(self.connection, wanted)
        self.connection.commit()

    def harvest(self) -> None:
        """Take the violating rows; meanwhile the thread of `warm_up` imports Great Expectations."""
        self.told("harvesting violations", 1, _STEPS)
        with _timed(self.seconds, "harvest"):
            self.cells = violating_cells(self.connection, of_dataset(self.sound, LEDGER.name))
            self.harvested = harvest(self.connection, self.cells, self.schools, self.as_of)

    def judge(self) -> None:
        """Ask Great Expectations; what it cannot judge after all leaves the run with its violations."""
        self.told("judging", 2, _STEPS)
        with _timed(self.seconds, "judge"):
            self.answers, failed = _judge(self.url, self.sound, self.schools)
        lost = {one.check_id for one in failed}
        self.harvested -= drop_cells(self.connection, self.cells, lost)
        self.left_out = (*self.left_out, *failed)
        self.sound = tuple(one for one in self.sound if one.check_id not in lost)

    def remember(self) -> CheckReport:
        """Write results, findings, data versions and the record of the run; their counts must agree."""
        run_id = _open_run(self.connection, self.started_at, self.as_of, self.schools)
        with _timed(self.seconds, "results"):
            write_results(self.connection, run_id, self.sound, self.answers, self.schools)
            of_ledger = [one.check_id for one in of_dataset(self.sound, LEDGER.name)]
            assert_counts(self.connection, self.cells, of_ledger, run_id)
            graded = gravest(self.connection, self.cells)
        self.told("updating findings", 3, _STEPS)
        with _timed(self.seconds, "merge"):
            suppressed = suppress_told(self.connection, self.cells)
            rules = _whole_rules(self.sound, self.left_out)
            merged = merge_findings(self.connection, run_id, rules, self.schools, self.as_of)
            sum_critical(self.connection, self.schools)
            raise_versions(self.connection, run_id, self.schools)
        finished_at = datetime.now(UTC)
        rows = read_rows(self.connection, run_id, {one.check_id: one for one in self.sound}, graded)
        report = CheckReport(
            run_id, self.as_of, self.started_at, finished_at, self.row_count, self.harvested, suppressed,
            merged, self.answers, self.left_out, self.seconds, rows,
        )  # fmt: skip
        self.connection.execute(
            "UPDATE check_run SET finished_at = %s, summary = %s WHERE run_id = %s",
            [finished_at, Jsonb(_summary(report)), run_id],
        )
        return report


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
    newest = f"SELECT max(last_seen_at) FROM finding WHERE {school_filter(schools)}"
    seen = connection.execute(newest).fetchone()
    if seen and seen[0] and seen[0] > as_of:
        raise SettingsError(
            f"The register of findings stands at {seen[0].isoformat()}; {as_of.isoformat()} is earlier.",
            advice="Check at that moment or later, or state none; the ledger of any moment can be exported.",
        )


def _judge(
    url: str, sound: Sequence[Expectation], schools: Sequence[int] | None
) -> tuple[dict[str, Answer], tuple[LeftOut, ...]]:
    """Great Expectations' answers and the expectations it could not judge: one statement per dataset."""
    answers: dict[str, Answer] = {}
    with open_judge(url) as judge:
        for name, dataset in DATASETS.items():
            answers |= judge.judge(name, dataset_of(dataset, schools), of_dataset(sound, name))
        ledger = [one for one in of_dataset(sound, LEDGER.name) if not answers[one.check_id].error]
        if ledger:
            answers |= judge.judge(
                "school_rule", results_query(LEDGER, ledger, schools), [at_schools(one) for one in ledger]
            )
    rules = {one.check_id: one.rule for one in sound}
    lost = tuple(
        LeftOut(one.check_id, rules[one.check_id], one.error)
        for one in answers.values()
        if one.error and one.check_id in rules
    )
    return answers, lost


def _open_run(
    connection: psycopg.Connection[Any],
    started_at: datetime,
    as_of: datetime | None,
    schools: Sequence[int] | None,
) -> int:
    made = connection.execute(
        "INSERT INTO check_run (run_id, started_at, as_of, school_count, summary)"
        " SELECT (SELECT coalesce(max(run_id), 0) + 1 FROM check_run), %s, %s, count(*), '{}' FROM dim_school"
        f" WHERE {school_filter(schools)} RETURNING run_id",
        [started_at, as_of],
    ).fetchone()
    if made is None:
        raise CheckError("The run was not recorded.", advice="This is a defect of the product: please report it.")
    return int(made[0])


def _whole_rules(sound: Sequence[Expectation], left_out: Sequence[LeftOut]) -> list[int]:
    """Rules all of whose expectations took part: only their findings may be closed."""
    broken = {one.rule for one in left_out}
    return sorted({one.rule_number for one in sound if one.rule_number is not None and one.rule not in broken})


def _summary(report: CheckReport) -> dict[str, Any]:
    """What is kept of the run as JSON: Great Expectations' answers and what became of the findings."""
    judged = [one for one in report.answers.values() if not one.error]
    return {
        "expectations": {one.check_id: {name: getattr(one, name) for name in _KEPT_OF_ANSWER} for one in judged},
        "left_out": {one.check_id: one.reason for one in report.left_out},
        "harvested": report.harvested,
        "suppressed": report.suppressed,
        "findings": asdict(report.merged),
        "seconds": dict(report.seconds),
    }
