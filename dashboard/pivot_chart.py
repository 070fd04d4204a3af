"""The chart of a reader's own table: one bar for each row that has a number. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.chart_style import blank_figure, colours_of, safe
from dashboard.charts import Chart
from dashboard.i18n import listed, number, percent, t
from dashboard.pivot_rows import Line, Value
from etl.warehouse.metrics import Metric

MOST_BARS = 24
NAMED = 5  # rows without a number named one by one
_LONGEST = 26


def bars_of(lines: Sequence[tuple[Line, Value | None]], metric: Metric) -> tuple[list[tuple[Line, Value]], list[Line]]:
    """The rows that get a bar, in the order of the table, and those that cannot be told. Where there are too many, the
    ones that need attention first are kept: the least where more is better, else the greatest."""
    told = [(line, value) for line, value in lines if value is not None and value.is_told]
    unknown = [line for line, value in lines if value is not None and value.is_unknown]
    if len(told) <= MOST_BARS:
        return told, unknown
    ranked = sorted(told, key=lambda one: _number(one[1]), reverse=metric.direction != "up")
    kept = {id(line) for line, _ in ranked[:MOST_BARS]}
    return [one for one in told if id(one[0]) in kept], unknown


def pivot_bars(bars: Sequence[tuple[Line, Value]], name: str, *, dark: bool = False) -> Chart:
    """Horizontal bars in the order given, each with its number; `name` = the metric's words. customdata = [place]."""
    colours = colours_of(dark)
    figure = blank_figure(colours, right=56)
    if not bars:
        return Chart(figure, t("chart.no_data"))
    numbers = [_number(value) for _, value in bars]
    words = [written(value) for _, value in bars]
    places = [str(place) for place in range(len(bars))]
    figure.add_bar(
        y=places,
        x=[round(one, 4) for one in numbers],
        orientation="h",
        marker={"color": colours.focus, "cornerradius": 3},
        text=words,
        textposition="outside",
        textfont={"color": colours.text, "size": 12},
        customdata=[[place] for place in places],
        hovertext=[f"<b>{safe(line.label)}</b><br>{safe(told)}" for (line, _), told in zip(bars, words, strict=True)],
        hoverinfo="text",
        cliponaxis=False,
    )
    figure.update_layout(height=26 * len(bars) + 40, bargap=0.3)
    figure.update_yaxes(
        type="category",
        autorange="reversed",
        showgrid=False,
        tickvals=places,
        ticktext=[safe(_short(line.label)) for line, _ in bars],
    )
    top = max([*numbers, 0.0])
    figure.update_xaxes(range=[0, top * 1.12 or 1], showticklabels=False)  # each bar bears its number
    least, most = min(range(len(bars)), key=numbers.__getitem__), max(range(len(bars)), key=numbers.__getitem__)
    alt = t("pivot.alt", name=name, n=number(len(bars)), least=words[least], of_least=bars[least][0].label,
            most=words[most], of_most=bars[most][0].label)  # fmt: skip
    return Chart(figure, alt)


def rest_words(
    lines: Sequence[tuple[Line, Value | None]], bars: int, unknown: Sequence[Line], metric: Metric
) -> list[str]:
    """What the chart does not show: rows beyond the last bar, and rows that cannot be told."""
    told = sum(value is not None and value.is_told for _, value in lines)
    found = []
    if told > bars:
        which = "least" if metric.direction == "up" else "most"
        found.append(t(f"pivot.chart_{which}", shown=number(bars), total=number(told)))
    if unknown:
        names = [line.label for line in unknown[:NAMED]]
        more = [t("export.more", n=number(len(unknown) - NAMED))] if len(unknown) > NAMED else []
        found.append(t("pivot.chart_unknown", rows=listed([*names, *more])))
    return found


def written(value: Value) -> str:
    """The number in words: `83,1 %`, `4,12`, `17`."""
    found = value.measured
    if found.metric.unit == "count":
        return number(found.part)
    return number(found.value or 0.0, 2) if found.metric.unit == "mean" else percent(found.value)


def _number(value: Value) -> float:
    return float(value.measured.value or 0.0)


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"
