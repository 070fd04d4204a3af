"""The look of all charts: colours of both themes, an empty figure without toolbar or template, labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go
import polars as pl

from dashboard.i18n import NBSP

HEIGHT = 320  # pixels


@dataclass(frozen=True)
class Colours:
    """The colours of one theme; red and orange mean a status and nothing else."""

    text: str
    quiet: str
    grid: str
    focus: str
    reference: str
    band: str
    good: str
    soft: str
    warn: str
    bad: str
    neutral: str
    page: str


LIGHT = Colours(
    text="#0E1622",
    quiet="#4C5869",
    grid="#E3E8EF",
    focus="#2457A6",
    reference="#8492A6",
    band="rgba(36,87,166,0.07)",
    good="#2A8152",
    soft="#EFC75E",
    warn="#DD8A33",
    bad="#B3261E",
    neutral="#C3CCD8",
    page="#FFFFFF",
)
DARK = Colours(
    text="#F1F4F8",
    quiet="#A9B4C3",
    grid="#232D3A",
    focus="#7FB0F5",
    reference="#74839A",
    band="rgba(127,176,245,0.09)",
    good="#5FBF8B",
    soft="#F3D27C",
    warn="#F2A65A",
    bad="#FF8A80",
    neutral="#46546A",
    page="#10151D",
)


def colours_of(dark: bool) -> Colours:
    """The colours of a theme."""
    return DARK if dark else LIGHT


def blank_figure(colours: Colours, *, left: int = 10, right: int = 16) -> go.Figure:
    """A figure with our axes and nothing drawn; margins in pixels."""
    # no template: Plotly's own is 7 KB of the payload and none of our look
    axis: dict[str, Any] = {
        "gridcolor": colours.grid,
        "linecolor": colours.grid,
        "zeroline": False,
        "tickangle": 0,
        "fixedrange": True,
        "tickfont": {"color": colours.quiet, "size": 12},
        "title": {"font": {"color": colours.quiet, "size": 12}},
        "automargin": True,
    }
    layout = {
        "template": "none",
        "height": HEIGHT,
        "margin": {"l": left, "r": right, "t": 12, "b": 10},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "separators": f",{NBSP}",
        "font": {"family": "Golos Text, sans-serif", "size": 13, "color": colours.text},
        "hoverlabel": {
            "bgcolor": colours.page,
            "bordercolor": colours.grid,
            "font": {"color": colours.text, "size": 13},
        },
        "xaxis": {**axis, "showgrid": False},
        "yaxis": axis,
        "dragmode": False,
        "clickmode": "event+select",
    }
    return go.Figure(layout=layout)


def space_percents(figure: go.Figure) -> None:
    """«95 %» at the axes as everywhere else: Plotly writes whole percents without the space."""
    for axis in (figure.layout.xaxis, figure.layout.yaxis):
        if axis.tickformat == ",.0%" and axis.labelalias is None:  # a remembered figure has them already
            axis.labelalias = {f"{n}%": f"{n}{NBSP}%" for n in range(101)}


def label_line(figure: go.Figure, height: float, words: str, colours: Colours, *, above: bool = False) -> None:
    """A reference line across the figure with its words at the left; `above` the figure where a curve runs along it."""
    figure.add_hline(y=height, line={"color": colours.reference, "width": 1})
    if above:
        figure.update_layout(margin_t=26)
    figure.add_annotation(
        x=1 if above else 0,
        xref="paper",
        y=1 if above else height,
        yref="paper" if above else "y",
        text=words,
        showarrow=False,
        xanchor="right" if above else "left",
        yanchor="bottom",
        font={"size": 12, "color": colours.quiet},
        bgcolor=colours.page,
        opacity=0.9,
    )


def apart(heights: Sequence[float], least: float = 0.07) -> list[float]:
    """Label heights moved apart so that they do not overlap; order kept."""
    order = sorted(range(len(heights)), key=lambda i: (heights[i], -i))
    moved = list(heights)
    for before, after in pairwise(order):
        moved[after] = max(moved[after], moved[before] + least)
    excess = max([0.0, *(height - 1.0 for height in moved)])
    return [height - excess for height in moved]


def rounded(values: Sequence[float] | pl.Series) -> list[float]:
    """Shares to a hundredth of a percent: what is drawn, at a third of the bytes."""
    return [round(float(value), 4) for value in values]


def wrapped(label: str) -> str:
    """A label of an upright bar: words under each other, so that nothing is turned or overlaps on a
    telephone.
    """
    return safe(label).replace(" ", "<br>")


def safe(text: str) -> str:
    """Text that Plotly does not read as its HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
