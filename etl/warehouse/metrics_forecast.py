"""How often forecasts were right, and the settings of forecasts and of the risk group (`contract.learning`)."""

from __future__ import annotations

from etl.contract.learning import FORECAST_CANNOT_TELL as FORECAST_CANNOT_TELL
from etl.contract.learning import FORECAST_LAG_MARGIN as FORECAST_LAG_MARGIN
from etl.contract.learning import FORECAST_MIN_CHECKED as FORECAST_MIN_CHECKED
from etl.contract.learning import FORECAST_MIN_LESSONS as FORECAST_MIN_LESSONS
from etl.contract.learning import FORECAST_SHORT as FORECAST_SHORT
from etl.contract.learning import MARKS_TO_JUDGE as MARKS_TO_JUDGE
from etl.contract.learning import RISK_IN_A_ROW as RISK_IN_A_ROW
from etl.contract.learning import RISK_MEAN as RISK_MEAN
from etl.contract.learning import RISK_MISSED_SHARE as RISK_MISSED_SHARE
from etl.contract.learning import RISK_UNMARKED_SUBJECTS as RISK_UNMARKED_SUBJECTS
from etl.contract.learning import TREND_LEVEL as TREND_LEVEL
from etl.contract.learning import TREND_MIN_MARKS as TREND_MIN_MARKS
from etl.contract.learning import cut_day as cut_day
from etl.warehouse.metrics import SOURCES, Metric

SOURCES["forecast"] = {
    name: f"sum({name})" for name in ("made_count", "right_count", "warned_count", "warned_right_count", "came_count")
}
_BY = ("school", "period", "kind")


def _share(name: str, part: str, whole: str, noun: str, grain: str) -> Metric:
    return Metric(name, part, whole, source="forecast", noun=noun, grain=grain, groupings=_BY)


FORECASTS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        _share("forecast_right", "right_count", "made_count", "forecast", "forecast of a closed period"),
        _share("warning_right", "warned_right_count", "warned_count", "warning", "warning of a closed period"),
        _share("warning_found", "warned_right_count", "came_count", "case", "case of a closed period"),
    )
}
"""Metrics of forecasts by name: over rows of mart_forecast_hit."""
