"""A chart on the page with its words and its table."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboard.chart_style import space_percents
from dashboard.charts import Chart
from dashboard.components.folded import folded
from dashboard.components.frame_table import frame_table
from dashboard.derived import derived
from dashboard.exports import offer_frame
from dashboard.i18n import t

# no toolbar, no logo, no scroll trap; the page is read, not edited
_CONFIG = {
    "displayModeBar": False,
    "scrollZoom": False,
    "doubleClick": False,
    "showTips": False,
    "locale": "ru",
}


def figure(key: str, chart: Chart, table: pl.DataFrame | None = None, *, title: str = "") -> str | None:
    """Draw the chart, its alt text and «те же данные таблицей»; returns the id of the point just clicked,
    else None.

    `table` has columns already named in Russian, `title` names its file. The id is the first value of the point's
    `customdata`, as text. A chart drawn again after a click keeps its selection, so the caller leaves the page or the
    position on a click.
    """
    event = st.plotly_chart(
        derived(chart, _told),
        key=key,
        theme=None,
        config=_CONFIG,
        alt=chart.alt,
        on_select="rerun",
        selection_mode="points",
    )
    if table is not None:

        def draw() -> None:
            frame_table(f"{key}_rows", table, caption=title or t("chart.data"))
            offer_frame(key, title or t("chart.data"), table)

        folded(key, t("chart.data"), draw, icon=":material/table_rows:")
    return clicked_point(event)


class _Told(go.Figure):  # type: ignore[misc]  # Plotly has no types
    """A figure that Streamlit sends and nobody changes any more: its dictionary is copied once, not at every run."""

    def __init__(self, figure: go.Figure) -> None:
        super().__init__()
        self.__dict__["_told"] = figure.to_dict()

    def to_dict(self) -> dict[str, Any]:
        told: dict[str, Any] = self.__dict__["_told"]
        return told


def _told(chart: Chart) -> _Told:
    space_percents(chart.figure)
    return _Told(chart.figure)


def clicked_point(event: Any) -> str | None:
    """First value of the first selected point's `customdata`, as text."""
    points = event.get("selection", {}).get("points", []) if hasattr(event, "get") else []
    data = points[0].get("customdata") if points else None
    if isinstance(data, dict):  # Streamlit's copy of a one-value list
        data = list(data.values())
    first = data[0] if isinstance(data, list | tuple) and data else data
    return None if first is None else str(first)
