"""Results of a run per school and expectation: our SQL, confirmed by Great Expectations' totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import psycopg

from checks.catalogue import Expectation, of_dataset
from checks.counting import results_query
from checks.datasets import DATASETS, LEDGER, school_filter
from checks.harvest import CheckError
from checks.judge import Answer

_COLUMNS = "school_id, check_id, rule, applicable_count, violated_count, unknown_count, norm_share, verdict"
_TOTALS = """
SELECT check_id, sum(applicable_count), sum(violated_count), sum(unknown_count),
       count(*) FILTER (WHERE verdict = 'not_met')
FROM check_result WHERE run_id = %s GROUP BY check_id
"""
# A page of a school is drawn anew when a finding of it changed or a result differs from the one before.
_COUNTS = "check_id, applicable_count, violated_count, unknown_count, norm_share, verdict"
_VERSIONS = f"""
UPDATE dim_school s SET data_version = data_version + 1
WHERE {{schools}} AND (
    s.school_id IN (SELECT school_id FROM finding WHERE run_id = %(run)s)
    OR EXISTS (
        SELECT {_COUNTS} FROM check_result WHERE run_id = %(run)s AND school_id = s.school_id
        EXCEPT
        SELECT {_COUNTS} FROM check_result WHERE school_id = s.school_id AND run_id = (
            SELECT max(run_id) FROM check_result b WHERE b.school_id = s.school_id AND b.run_id < %(run)s)))
"""


def at_schools(one: Expectation) -> Expectation:
    """The same expectation asked of schools: every school that can be judged keeps its norm."""
    this = f"check_id = '{one.check_id}'"
    return replace(
        one, check_id=f"{one.check_id}@schools", applies_when=f"{this} AND verdict IN ('met', 'not_met')",
        violated_when="verdict = 'not_met'", unknown_when=f"{this} AND verdict = 'cannot_tell'", norm=1.0,
    )  # fmt: skip


def write_results(
    connection: psycopg.Connection[Any],
    run_id: int,
    expectations: Sequence[Expectation],
    answers: Mapping[str, Answer],
    schools: Sequence[int] | None,
) -> None:
    """Keep one row per school and expectation; CheckError where Great Expectations counted otherwise."""
    for name, dataset in DATASETS.items():
        asked = of_dataset(expectations, name)
        if asked:
            results = results_query(dataset, asked, schools)
            connection.execute(
                f"INSERT INTO check_result (run_id, {_COLUMNS}) SELECT {int(run_id)}, {_COLUMNS} FROM ({results}) r"
            )
    ledger = {one.check_id for one in of_dataset(expectations, LEDGER.name)}
    for check_id, applicable, violated, unknown, schools_not_met in connection.execute(_TOTALS, [run_id]).fetchall():
        told = answers[check_id]
        ours, theirs = (applicable, violated, unknown), (told.applicable, told.violated, told.unknown)
        if ours != theirs:
            raise _contradiction(check_id, "things (judged, violated, unknown)", theirs, ours)
        if check_id in ledger and answers[f"{check_id}@schools"].violated != schools_not_met:
            raise _contradiction(
                check_id, "schools below the norm", answers[f"{check_id}@schools"].violated, schools_not_met
            )


def _contradiction(check_id: str, what: str, theirs: object, ours: object) -> CheckError:
    return CheckError(
        f"Expectation {check_id}: Great Expectations counted {theirs} {what}, the results say {ours}.",
        advice="Run the checks again; if it comes back, this is a defect of the product: please report it.",
    )


def raise_versions(connection: psycopg.Connection[Any], run_id: int, schools: Sequence[int] | None) -> int:
    """Raise `data_version` of the schools in which the run changed something; returns how many."""
    return connection.execute(_VERSIONS.format(schools=school_filter(schools, "s.school_id")), {"run": run_id}).rowcount
