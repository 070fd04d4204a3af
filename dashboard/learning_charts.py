"""Charts of attendance and of marks as pure functions: a frame in, a figure and its finding in words out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import plotly.graph_objects as go
import polars as pl

from dashboard.chart_style import blank_figure, colours_of, rounded, safe
from dashboard.charts import Chart
from dashboard.i18n import count, number, percent, t

REASONS = ("unknown", "invalid", "valid", "illness")
"""What needs attention lies at the bottom of the bars."""


def reasons_by_week(weeks: pl.DataFrame, *, dark: bool = False) -> Chart:
    """Absences by reason, stacked by week: rows `week_on` (Monday), `slot_count` and `missed_<reason>_count`."""
    colours = colours_of(dark)
    rows = weeks.filter(pl.col("slot_count") > 0).sort("week_on")
    figure = blank_figure(colours)
    if rows.is_empty():
        return Chart(figure, t("chart.no_data"))
    tones = {"unknown": colours.bad, "invalid": colours.warn, "valid": colours.focus, "illness": colours.neutral}
    shapes = {"unknown": "/", "invalid": "\\", "valid": "", "illness": ""}
    mondays: Sequence[date] = rows["week_on"].to_list()
    labels = [f"{monday:%d.%m}" for monday in mondays]
    for reason in REASONS:
        missed = rows[f"missed_{reason}_count"].to_list()
        shares = [n / slots for n, slots in zip(missed, rows["slot_count"], strict=True)]
        figure.add_bar(
            x=labels,
            y=rounded(shares),
            name=t(f"absence_reason.{reason}"),
            marker={
                "color": tones[reason],
                "pattern": {
                    "shape": shapes[reason],
                    "size": 6,
                    "solidity": 0.25,
                    "fgcolor": colours.page,
                    "fillmode": "overlay",
                },
            },
            hovertext=[
                f"<b>{label}</b><br>{safe(t(f'absence_reason.{reason}'))}: {number(n)} ({percent(share)})"
                for label, n, share in zip(labels, missed, shares, strict=True)
            ],
            hoverinfo="text",
        )
    _stack(figure)
    figure.update_yaxes(tickformat=",.0%", rangemode="tozero")
    figure.update_xaxes(type="category", tickvals=labels[:: max(1, len(labels) // 9 + 1)])
    total = int(rows["missed_count"].sum())
    parts = [
        t("attendance.chart_part", reason=t(f"absence_reason.{reason}").lower(),
          share=percent(int(rows[f"missed_{reason}_count"].sum()) / total if total else 0.0))
        for reason in REASONS
    ]  # fmt: skip
    counts = [int(rows[f"missed_{reason}_count"].sum()) for reason in REASONS]
    top = parts[counts.index(max(counts))]
    return Chart(figure, t("attendance.chart_alt", top=top, n=count(total, "missed_slot"), parts="; ".join(parts)))


def marks_split(rows: pl.DataFrame, *, dark: bool = False) -> Chart:
    """Period marks 2 and 3 to the left, 4 and 5 to the right, one bar per row: `label`, `mark_2_count`…`mark_5_count`.

    Bars in the order given, from the top; customdata = [`id`].
    """
    colours = colours_of(dark)
    known = rows.filter(pl.sum_horizontal(f"mark_{n}_count" for n in (2, 3, 4, 5)) > 0)
    figure = blank_figure(colours)
    if known.is_empty():
        return Chart(figure, t("chart.no_data"))
    totals = [sum(row[f"mark_{n}_count"] for n in (2, 3, 4, 5)) for row in known.iter_rows(named=True)]
    tones = {3: colours.neutral, 2: colours.bad, 4: colours.reference, 5: colours.focus}
    for mark in (3, 2, 4, 5):  # away from the middle: the outer ones are drawn last
        sign = -1 if mark < 4 else 1
        shares = [n / total for n, total in zip(known[f"mark_{mark}_count"], totals, strict=True)]
        figure.add_bar(
            y=[safe(label) for label in known["label"]],
            x=[sign * share for share in rounded(shares)],
            orientation="h",
            name=t("performance.mark_name", mark=mark),
            legendrank=mark,  # «2» … «5», though «3» is drawn first on its side
            marker={"color": tones[mark], "pattern": {"shape": "/" if mark == 2 else "", "size": 6, "solidity": 0.25,
                                                      "fgcolor": colours.page, "fillmode": "overlay"}},
            customdata=[[str(value)] for value in known["id"]],
            hovertext=[
                f"<b>{safe(label)}</b><br>{t('performance.mark_name', mark=mark)}: {number(n)} ({percent(share)})"
                for label, n, share in zip(known["label"], known[f"mark_{mark}_count"], shares, strict=True)
            ],
            hoverinfo="text",
        )  # fmt: skip
    _stack(figure, "relative")
    figure.update_layout(height=26 * known.height + 90, bargap=0.25)
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False, automargin=True)
    ticks = [-1.0, -0.5, 0.0, 0.5, 1.0]
    words = [number(abs(tick) * 100) for tick in ticks]  # the sign stands once, below: five of them meet when narrow
    figure.update_xaxes(range=[-1.02, 1.02], tickvals=ticks, ticktext=words, title_text=t("performance.chart_x"))
    good = sum(int(known[f"mark_{n}_count"].sum()) for n in (4, 5)) / sum(totals)
    return Chart(figure, t("performance.chart_alt", n=number(sum(totals)), good=percent(good)))


def _stack(figure: go.Figure, mode: str = "stack") -> None:
    figure.update_layout(
        barmode=mode,
        bargap=0.3,
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal", "title": None},
    )
