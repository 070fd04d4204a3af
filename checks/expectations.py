"""The one expectation class: SQL predicates over a dataset, counted with all others in one statement.

Only `checks.judge` imports this module, inside a function: Great Expectations costs seconds to import.
"""

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy as sa
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_partial
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

APPLICABLE, VIOLATED, UNKNOWN = (
    "journal.rule.applicable_count",
    "journal.rule.violated_count",
    "journal.rule.unknown_count",
)
# AGGREGATE_FN is what lets Great Expectations put the counts of all expectations into one SELECT.
_aggregate = metric_partial(
    engine=SqlAlchemyExecutionEngine,
    partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
    domain_type=MetricDomainTypes.TABLE,
)


def _rows_where(*predicates: str) -> sa.ColumnElement[int]:
    """Sum of `row_count` over the rows that fulfil all predicates; 0 where there are none."""
    weight: sa.ColumnElement[int] = sa.column("row_count", sa.BigInteger())
    total = sa.func.sum(weight).filter(*(sa.text(f"({predicate})") for predicate in predicates))
    return sa.cast(sa.func.coalesce(total, 0), sa.BigInteger())


class RuleApplicable(TableMetricProvider):
    """How many things the rule judges."""

    metric_name = APPLICABLE
    value_keys = ("applies_when",)

    @_aggregate
    def _sqlalchemy(
        cls,
        execution_engine: Any,
        metric_domain_kwargs: Any,
        metric_value_kwargs: Any,
        metrics: Any,
        runtime_configuration: Any,
    ) -> Any:
        return _rows_where(metric_value_kwargs["applies_when"]), metric_domain_kwargs, {}


class RuleViolated(TableMetricProvider):
    """How many of them break it."""

    metric_name = VIOLATED
    value_keys = ("applies_when", "violated_when")

    @_aggregate
    def _sqlalchemy(
        cls,
        execution_engine: Any,
        metric_domain_kwargs: Any,
        metric_value_kwargs: Any,
        metrics: Any,
        runtime_configuration: Any,
    ) -> Any:
        both = _rows_where(metric_value_kwargs["applies_when"], metric_value_kwargs["violated_when"])
        return both, metric_domain_kwargs, {}


class RuleUnknown(TableMetricProvider):
    """Of how many things it cannot be told."""

    metric_name = UNKNOWN
    value_keys = ("unknown_when",)

    @_aggregate
    def _sqlalchemy(
        cls,
        execution_engine: Any,
        metric_domain_kwargs: Any,
        metric_value_kwargs: Any,
        metrics: Any,
        runtime_configuration: Any,
    ) -> Any:
        return _rows_where(metric_value_kwargs["unknown_when"]), metric_domain_kwargs, {}


class ExpectJournalRule(BatchExpectation):
    """At least the share `mostly` of what a rule judges keeps it; no defaults: GX drops them from answers."""

    check_id: str
    applies_when: str
    violated_when: str
    unknown_when: str
    mostly: float

    metric_dependencies: ClassVar[tuple[str, ...]] = (APPLICABLE, VIOLATED, UNKNOWN)
    success_keys: ClassVar[tuple[str, ...]] = ("applies_when", "violated_when", "unknown_when", "mostly")
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)

    def _validate(self, metrics: Any, runtime_configuration: Any = None, execution_engine: Any = None) -> Any:
        applicable, violated = int(metrics[APPLICABLE]), int(metrics[VIOLATED])
        kept_share = 1.0 if not applicable else 1 - violated / applicable
        result = {
            "element_count": applicable, "unexpected_count": violated, "unknown_count": int(metrics[UNKNOWN]),
            "observed_value": kept_share,
        }  # fmt: skip
        return {"success": kept_share >= self.mostly, "result": result}
