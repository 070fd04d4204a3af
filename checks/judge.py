"""Great Expectations judges a dataset: one bundled statement for all its expectations."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from checks.catalogue import Expectation
from etl.warehouse.engine import sqlalchemy_url
from etl.warehouse.ledger import Severity

# Great Expectations knows three grades
GRADES = {
    Severity.critical: "critical",
    Severity.major: "warning",
    Severity.minor: "info",
    Severity.info: "info",
}


@dataclass(frozen=True)
class Answer:
    """What Great Expectations answered for one expectation over all schools of the run."""

    check_id: str
    applicable: int
    violated: int
    unknown: int
    mostly: float
    success: bool
    error: str = ""
    """Why it could not be judged; "" = it was."""


class Judge:
    """An open Great Expectations data source; one per run. Use `open_judge`."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def judge(self, name: str, query: str, expectations: Sequence[Expectation]) -> dict[str, Answer]:
        """Ask all `expectations` of the relation `query`; one statement, whatever their number."""
        if not expectations:
            return {}
        from great_expectations import ExpectationSuite
        from great_expectations.expectations.metadata_types import FailureSeverity

        from checks.expectations import ExpectJournalRule

        asked = [
            ExpectJournalRule(
                check_id=one.check_id, applies_when=one.applies_when, violated_when=one.violated_when,
                unknown_when=one.unknown_when, mostly=one.norm,
                severity=FailureSeverity(GRADES[one.severity]),
            )
            for one in expectations
        ]  # fmt: skip
        asset = self._source.add_query_asset(name=name, query=query)
        batch = asset.add_batch_definition_whole_table(name).get_batch()
        outcome = batch.validate(ExpectationSuite(name=name, expectations=asked), result_format="BASIC")
        answers = [_answer(result) for result in outcome.results]
        return {answer.check_id: answer for answer in answers}


def _answer(result: Any) -> Answer:
    kwargs, counts = result.expectation_config.kwargs, result.result
    if "element_count" not in counts:
        error = _exception_of(result.exception_info) or "Great Expectations gave no counts"
        return Answer(kwargs["check_id"], 0, 0, 0, float(kwargs["mostly"]), success=False, error=error)
    return Answer(
        kwargs["check_id"], counts["element_count"], counts["unexpected_count"], counts["unknown_count"],
        float(kwargs["mostly"]), success=bool(result.success),
    )  # fmt: skip


def _exception_of(info: Any) -> str:
    """The first message; Great Expectations nests them by metric when a metric failed, and not otherwise."""
    found = info if isinstance(info, dict) else {}
    nested = [found] if "exception_message" in found else [one for one in found.values() if isinstance(one, dict)]
    return next((str(one["exception_message"]) for one in nested if one.get("exception_message")), "")


def warm_up() -> None:
    """Begin to import Great Expectations in a thread: its seconds pass while the database counts."""
    threading.Thread(target=importlib.import_module, args=["checks.expectations"], daemon=True).start()


@contextmanager
def open_judge(url: str) -> Iterator[Judge]:
    """Great Expectations over the database at `url` (owner), in memory: no files, no telemetry."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    options = {"pool_size": 1, "connect_args": {"options": "-c timezone=UTC"}}
    source = context.data_sources.add_postgres("warehouse", connection_string=sqlalchemy_url(url), kwargs=options)  # type: ignore[call-arg]
    try:
        yield Judge(source)
    finally:
        source.get_execution_engine().close()
        source.get_execution_engine().engine.dispose()
        source.get_engine().dispose()
