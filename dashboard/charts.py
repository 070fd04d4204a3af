"""Charts as pure functions: a Polars frame in, a Plotly figure and its words out; no Streamlit, no
database.

Pass `dark=True` for the dark theme. Points carry the id of their row as `customdata[0]`. Every chart names
its finding in words (`alt`), labels directly where there is room, and sends only the points it draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import plotly.graph_objects as go
import polars as pl

from dashboard import limits
from dashboard.chart_style import (
    DARK,
    Colours,
    apart,
    blank_figure,
    colours_of,
    label_line,
    rounded,
    safe,
    wrapped,
)
from dashboard.i18n import count, listed, number, percent, t

LABELLED = 6  # more names than this overlap


@dataclass(frozen=True)
class Chart:
    """A figure and the finding it shows, in words (alt text)."""

    figure: go.Figure
    alt: str


_STATUS_COLOUR = {
    "on_time": "good",
    "amber": "soft",
    "early": "soft",
    "late": "warn",
    "missing": "bad",
    "breached": "bad",
}


def funnel(
    schools: pl.DataFrame,
    *,
    dark: bool = False,
    noun: str = "entry",
    worse: Literal["below", "above", "both"] = "below",
    size_label: str = "",
) -> Chart:
    """Schools against the common share with 95 % and 99.8 % limits widened for over-dispersion.

    `schools`: one row per school with `id`, `label`, `done` (count), `due` (count). Rows with due = 0 are
    left out. The name stands at schools outside the inner limit on the `worse` side: a point in another colour
    bears its name; `customdata` = [id].
    """
    colours = colours_of(dark)
    known = schools.filter(pl.col("due") > 0).sort("due", "id")
    if known.is_empty():
        return _nothing(colours)
    share = limits.common_share(known["done"], known["due"])
    phi = limits.dispersion(known["done"], known["due"])
    points = known.with_columns(
        (pl.col("done") / pl.col("due")).alias("share"),
        limits.z_scores(known["done"], known["due"], phi).alias("z"),
    )
    figure = blank_figure(colours)
    _funnel_lines(figure, points["due"].to_list(), share, phi, colours)
    far = {"below": -pl.col("z"), "above": pl.col("z"), "both": pl.col("z").abs()}[worse]
    points = points.with_columns(far.alias("far"))
    below = points.filter(pl.col("far") > limits.OUTER).sort("far", "id", descending=[True, False])
    apart_most = points.filter(pl.col("far") > limits.INNER).sort("far", "id", descending=[True, False])
    named = set(apart_most["id"].head(LABELLED).to_list())
    colour_of = [
        colours.bad if far > limits.OUTER else colours.warn if far > limits.INNER else colours.focus
        for far in points["far"]
    ]
    figure.add_scatter(
        x=points["due"].to_list(),
        y=rounded(points["share"]),
        mode="markers+text",
        marker={"color": colour_of, "size": 11, "line": {"color": colours.page, "width": 1.5}},
        text=[safe(row["label"]) if row["id"] in named else "" for row in points.iter_rows(named=True)],
        textposition="bottom center",
        textfont={"size": 12, "color": colours.text},
        customdata=[[str(value)] for value in points["id"]],
        hovertext=[
            f"<b>{safe(row['label'])}</b><br>{percent(row['share'])}<br>{count(row['due'], noun)}"
            for row in points.iter_rows(named=True)
        ],
        hoverinfo="text",
        cliponaxis=False,
    )
    label_line(figure, share, t("chart.mean", share=percent(share)), colours)
    lowest, highest = min(points["share"].to_list()), max(points["share"].to_list())
    top = 1.02 if worse == "below" else min(1.02, highest + max(0.01, 0.4 * (highest - lowest)))
    figure.update_yaxes(range=[max(0.0, lowest - 0.08), top], tickformat=",.0%" if top - lowest > 0.05 else ",.1%")
    figure.update_xaxes(title_text=size_label or t("chart.schools_size"), tickformat=",d")
    names = listed(below["label"].head(LABELLED).to_list())
    outside = t("chart.funnel_none") if worse == "below" else t("comparison.funnel_none")
    if names:
        outside = t("chart.funnel_below" if worse == "below" else f"comparison.funnel_{worse}", names=names)
    alt = t("chart.funnel_alt", schools=number(points.height), mean=percent(share), outside=outside)
    return Chart(figure, alt)


def weekly_control(weeks: pl.DataFrame, *, dark: bool = False, noun: str = "entry") -> Chart:
    """p-chart by week with ±3σ limits widened for dispersion; only weeks outside are marked.

    `weeks`: one row per week with `week` (Date, Monday), `done`, `due` (counts). customdata = [Monday in
    ISO].
    """
    colours = colours_of(dark)
    known = weeks.filter(pl.col("due") > 0).sort("week")
    if known.is_empty():
        return _nothing(colours)
    share = limits.common_share(known["done"], known["due"])
    phi = limits.dispersion(known["done"], known["due"])
    shares = [done / due for done, due in zip(known["done"], known["due"], strict=True)]
    half = [limits.margin(share, due, phi, limits.CONTROL) for due in known["due"]]
    mondays: list[date] = known["week"].to_list()
    figure = blank_figure(colours)
    _band(figure, mondays, [max(0.0, share - h) for h in half], [min(1.0, share + h) for h in half], colours)
    outside = [abs(value - share) > h for value, h in zip(shares, half, strict=True)]
    figure.add_scatter(
        x=mondays,
        y=rounded(shares),
        mode="lines+markers",
        line={"color": colours.focus, "width": 2.5},
        marker={
            "color": [colours.bad if out else colours.focus for out in outside],
            "size": [11 if out else 7 for out in outside],
            "symbol": ["diamond" if out else "circle" for out in outside],
        },
        customdata=[[monday.isoformat()] for monday in mondays],
        hovertext=[
            f"<b>{monday:%d.%m}</b><br>{percent(value)}<br>{count(due, noun)}"
            for monday, value, due in zip(mondays, shares, known["due"], strict=True)
        ],
        hoverinfo="text",
    )
    label_line(figure, share, t("chart.mean", share=percent(share)), colours, above=True)
    least = min([*shares, *(share - h for h in half)])
    figure.update_yaxes(range=[max(0.0, least - 0.03), 1.01], tickformat=",.0%")
    # every week has a tick while there is room
    shown = mondays[:: max(1, len(mondays) // 8 + (len(mondays) > 8))]
    figure.update_xaxes(tickvals=shown, ticktext=week_labels(shown), type="date")
    below = [monday for monday, value, h in zip(mondays, shares, half, strict=True) if value < share - h]
    words = t("chart.control_below", weeks=listed(week_labels(below))) if below else t("chart.control_none")
    return Chart(figure, t("chart.control_alt", mean=percent(share), last=percent(shares[-1]), outside=words))


def delay_curve(delays: pl.DataFrame, *, limit_days: int | None = None, dark: bool = False) -> Chart:
    """ECDF of the delay: share of due entries made within N days; never-made ones stay in the denominator.

    `delays`: rows (`series` text, `day` ≥ 0, `n` made on that day, `due` = all due of the series,
    repeated). The first series is the focus, the others are grey reference. `limit_days` draws the
    permitted band (0 = on the day of the lesson).
    """
    colours = colours_of(dark)
    names = delays["series"].unique(maintain_order=True).to_list()
    last = max(delays["day"].to_list(), default=0)
    figure = blank_figure(colours, right=110)
    parts: list[str] = []
    ends: list[tuple[str, float, str]] = []
    for place, name in reversed(list(enumerate(names))):  # the focus is drawn last, on top
        rows = (
            delays.filter(pl.col("series") == name)
            .group_by("day")
            .agg(pl.col("n").sum(), pl.col("due").max())
            .sort("day")
        )
        due = max(rows["due"].to_list(), default=0)
        if not due:
            continue
        days = pl.DataFrame({"day": range(last + 1)}, schema={"day": rows.schema["day"]})
        made = days.join(rows, on="day", how="left", maintain_order="left")["n"].fill_null(0).cum_sum()
        shares = (made / due).to_list()
        colour = colours.focus if place == 0 else colours.reference
        figure.add_scatter(
            x=list(range(last + 1)),
            y=rounded(shares),
            mode="lines",
            line={"color": colour, "width": 3 if place == 0 else 2, "shape": "hv"},
            name=name,
            hovertemplate=f"{safe(name)}: %{{y:,.1%}}<extra></extra>",
        )
        ends.append((name, shares[-1], colour))
        parts.insert(0, t("chart.delay_part", name=name, share=percent(shares[0])))
    if not ends:
        return _nothing(colours)
    for (name, _, colour), height in zip(ends, apart([share for _, share, _ in ends]), strict=True):
        figure.add_annotation(
            x=1,
            xref="paper",
            y=height,
            text=safe(name),
            showarrow=False,
            xanchor="left",
            xshift=8,
            font={"size": 12, "color": colour if colour == colours.focus else colours.quiet},
        )
    if limit_days is not None:
        figure.add_vrect(
            x0=0, x1=max(limit_days, 0) + 1, fillcolor=colours.good, opacity=0.12, line_width=0, layer="below"
        )
        figure.add_annotation(
            x=max(limit_days, 0) + 0.5,
            y=0.02,
            text=t("chart.delay_limit"),
            showarrow=False,
            font={"size": 12, "color": colours.quiet},
            yanchor="bottom",
        )
    figure.update_yaxes(range=[0, 1.02], tickformat=",.0%", title_text=t("chart.delay_y"))
    figure.update_xaxes(title_text=t("chart.delay_x"), range=[0, max(last, 1)], dtick=max(1, round(last / 7)))
    figure.update_layout(hovermode="x unified")
    return Chart(figure, t("chart.delay_alt", parts="; ".join(parts)))


def delay_bars(buckets: pl.DataFrame, *, short: Mapping[str, str] | None = None, dark: bool = False) -> Chart:
    """Bars of a distribution: rows (`id`, `label`, `n`, `kind` in good/warn/bad/neutral) in the order given.

    `short` = what stands under a bar instead of its label, by id: long words meet the next label on a telephone.
    """
    under = short or {}
    colours = colours_of(dark)
    total = int(buckets["n"].sum()) if buckets.height else 0
    if not total:
        return _nothing(colours)
    figure = blank_figure(colours)
    shares = [n / total for n in buckets["n"]]
    figure.add_bar(
        x=[wrapped(under.get(name, label)) for name, label in buckets.select("id", "label").iter_rows()],
        y=buckets["n"].to_list(),
        marker={"color": [getattr(colours, kind) for kind in buckets["kind"]], "cornerradius": 3},
        text=[percent(share, 0) for share in shares],
        textposition="outside",
        textfont={"color": colours.text, "size": 12},
        customdata=[[str(value)] for value in buckets["id"]],
        hovertext=[f"{safe(label)}: {number(n)}" for label, n in zip(buckets["label"], buckets["n"], strict=True)],
        hoverinfo="text",
        cliponaxis=False,
    )
    figure.update_yaxes(tickformat=",d", rangemode="tozero")
    figure.update_xaxes(type="category", tickangle=0, tickfont={"size": 11})  # seven labels of a telephone side by side
    parts = [f"{label} — {percent(share)}" for label, share in zip(buckets["label"], shares, strict=True)]
    top = parts[shares.index(max(shares))]
    return Chart(figure, t("chart.bars_alt", top=top, parts="; ".join(parts)))


def status_bars(rows: pl.DataFrame, *, dark: bool = False) -> Chart:
    """Stacked horizontal bars of statuses as shares: rows (`id`, `label`, `status` code, `n`), one bar per
    `id`.

    Bars stand in the order of first appearance, segments too. customdata = [id, status].
    """
    colours = colours_of(dark)
    known = rows.filter(pl.col("n") > 0)
    if known.is_empty():
        return _nothing(colours)
    bars = known.group_by("id", maintain_order=True).agg(pl.col("label").first(), pl.col("n").sum().alias("total"))
    figure = blank_figure(colours, left=10)
    totals: list[str] = []
    for status in known["status"].unique(maintain_order=True).to_list():
        part = bars.join(
            known.filter(pl.col("status") == status).select("id", "n"),
            on="id",
            how="left",
            maintain_order="left",
        )
        counts = part["n"].fill_null(0).to_list()
        shares = [n / total for n, total in zip(counts, bars["total"], strict=True)]
        words = t(f"status.{status}")
        totals.append(f"{words} — {number(sum(counts))}")
        figure.add_bar(
            y=[str(value) for value in bars["id"]],
            x=rounded(shares),
            orientation="h",
            name=words,
            marker=_segment(status, colours),
            text=[percent(share, 0) if share >= 0.07 else "" for share in shares],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            insidetextfont={"size": 12, "color": _ink_on(status, colours)},
            customdata=[[str(value), status] for value in bars["id"]],
            hovertext=[
                f"<b>{safe(label)}</b><br>{words}: {number(n)} ({percent(share)})"
                for label, n, share in zip(bars["label"], counts, shares, strict=True)
            ],
            hoverinfo="text",
        )
    figure.update_layout(
        barmode="stack",
        height=34 * bars.height + 120,
        bargap=0.28,
        showlegend=True,
        legend={
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "traceorder": "normal",
            "title": None,
        },
    )
    figure.update_yaxes(
        type="category",
        autorange="reversed",
        showgrid=False,
        automargin=True,
        tickvals=[str(value) for value in bars["id"]],
        ticktext=[safe(label) for label in bars["label"]],
    )
    figure.update_xaxes(range=[0, 1], tickformat=",.0%", showgrid=False)
    return Chart(figure, t("chart.status_alt", rows=number(bars.height), parts="; ".join(totals)))


def week_labels(weeks: Sequence[date]) -> list[str]:
    """`12.11` for each Monday."""
    return [f"{week:%d.%m}" for week in weeks]


def _funnel_lines(figure: go.Figure, sizes: Sequence[int], share: float, phi: float, colours: Colours) -> None:
    low, high = min(sizes), max(sizes)
    span = max(high - low, 1)
    start, end = max(1.0, low - 0.06 * span), high + 0.06 * span
    xs = [start + (end - start) * i / 40 for i in range(41)]
    for width, dash in ((limits.INNER, "dot"), (limits.OUTER, "solid")):
        half = [limits.margin(share, x, phi, width) for x in xs]
        for sign in (-1, 1):
            figure.add_scatter(
                x=[round(x) for x in xs],
                y=rounded([min(1.0, max(0.0, share + sign * h)) for h in half]),
                mode="lines",
                line={"color": colours.reference, "width": 1.2, "dash": dash},
                hoverinfo="skip",
            )
    figure.add_scatter(
        x=[round(start), round(end)],
        y=[round(share, 4)] * 2,
        mode="lines",
        hoverinfo="skip",
        line={"color": colours.quiet, "width": 1.2},
    )


def _band(
    figure: go.Figure, days: Sequence[date], low: Sequence[float], high: Sequence[float], colours: Colours
) -> None:
    line = {"color": colours.reference, "width": 1, "dash": "dot", "shape": "hvh"}
    figure.add_scatter(x=days, y=rounded(high), mode="lines", line=line, hoverinfo="skip")
    figure.add_scatter(
        x=days,
        y=rounded(low),
        mode="lines",
        line=line,
        hoverinfo="skip",
        fill="tonexty",
        fillcolor=colours.band,
    )


def _segment(status: str, colours: Colours) -> dict[str, Any]:
    marker: dict[str, Any] = {"color": getattr(colours, _STATUS_COLOUR.get(status, "neutral"))}
    # what cannot be told is hatched everywhere; late differs from amber and early by its hatch, not by
    # colour alone
    shape = {"indeterminate": "/", "late": "\\", "early": ".", "breached": "x"}.get(status)
    if shape:
        marker["pattern"] = {
            "shape": shape,
            "size": 6,
            "solidity": 0.25,
            "fgcolor": colours.page,
            "fillmode": "overlay",
        }
    return marker


def _ink_on(status: str, colours: Colours) -> str:
    kind = _STATUS_COLOUR.get(status, "neutral")
    if colours is DARK:
        return colours.text if kind == "neutral" else colours.page
    return colours.page if kind in ("good", "bad") else colours.text


def _nothing(colours: Colours) -> Chart:
    figure = blank_figure(colours)
    figure.update_layout(
        xaxis={"visible": False},
        yaxis={"visible": False},
        height=120,
        annotations=[{"text": t("chart.no_data"), "showarrow": False, "font": {"color": colours.quiet, "size": 14}}],
    )
    return Chart(figure, t("chart.no_data"))
