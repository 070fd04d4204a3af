"""Schools side by side in one metric: what may be compared, with whom, and how far apart is more than chance. Pure.

No rank and no composite: a school stands beside others in one number, in the order of names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from dashboard import limits
from dashboard.queries.comparison import READABLE
from etl.warehouse.metrics import METRICS, Measured, Metric
from etl.warehouse.metrics_above import ABOVE, Days, DaysMetric
from etl.warehouse.metrics_filling import FILLING
from etl.warehouse.metrics_learning import LEARNING_METRICS
from etl.warehouse.metrics_programme import PROGRAMME

State = Literal["told", "few", "cannot", "nothing"]
Kind = Literal["share", "score", "mean", "count", "days"]

_DONE = "programme_done"  # of the programme only this has a mart above a school
CHOICES: dict[str, Metric] = {
    name: metric
    for name, metric in (METRICS | FILLING | ABOVE | {_DONE: PROGRAMME[_DONE]} | LEARNING_METRICS).items()
    if metric.source in READABLE
}
"""Every metric of the registry that stands in marts without persons."""
DEFAULT = "completeness"
FEWEST = 3
"""Schools below which nobody is called different."""
_SCORES = frozenset({"sou", "objectivity_balance", "norm_done"})
"""Quotients that are no share of equal cases: neither Wilson's interval nor the funnel's limits hold for them."""
_NEEDS: dict[str, str] = {
    "learning": "mark", "attendance": "absence", "spread": "absence", "fill": "mark", "period_mark": "period_mark",
    "period_success": "period_mark", "group": "period_mark", "programme": "plan_item", "card": "card_field",
    "sign_in": "activity",
}  # fmt: skip
_NEEDS_OF = {"attendance_share": "absence", "without_marks_count": "period_mark", "objectivity_mismatch": "period_mark"}
_ONLY_WITH_ROWS = frozenset({"review", "critical"})
"""Sources in which no row means that nobody keeps the register or made the check, not that there was nothing."""
_BANDS = ((100, "s"), (500, "m"), (1000, "l"))


@dataclass(frozen=True)
class Peers:
    """What a school is like, as codes: `kind` by the grades it serves and its settlement, `size` by its pupils.

    No bundle names the type of a school. `primary` ends by grade 4, `basic` by grade 9, `secondary` goes further,
    `upper` begins above grade 4; `.urban` or `.rural` follows where the source says so. Sizes: s below 100 pupils, m
    below 500, l below 1,000, xl. "" = not known.
    """

    kind: str
    size: str

    @property
    def codes(self) -> tuple[str, ...]:
        """The groups of schools it belongs to, as codes of the URL: its kind, its size, both."""
        found = [f"t:{self.kind}"] if self.kind else []
        found += [f"s:{self.size}"] if self.size else []
        return (*found, f"b:{self.kind}.{self.size}") if self.kind and self.size else tuple(found)

    @property
    def both(self) -> str:
        """The group of schools like it in kind and size; empty where either is not known."""
        return f"b:{self.kind}.{self.size}" if self.kind and self.size else ""


@dataclass(frozen=True)
class Line:
    """One school in one metric.

    `state`: the number is told; `few` = fewer rows than may be shown; `cannot` = the source cannot tell; `nothing` =
    there is nothing to count. `interval` of a share (95 %, shares from 0 to 1); `distance` from the common share of the
    schools compared, in widened standard errors, and `worse` the same towards the bad side. `alike` = the common share
    of the other schools of its kind and size with their number, `alike_distance` its distance among them.
    """

    row: Mapping[str, Any]
    peers: Peers
    state: State
    measured: Measured
    interval: tuple[float, float] | None = None
    distance: float | None = None
    alike: float | None = None
    alike_count: int = 0
    alike_distance: float | None = None

    @property
    def school(self) -> int:
        """Its id."""
        return int(self.row["school_id"])

    @property
    def worse(self) -> float:
        """Widened standard errors towards the bad side; both sides where the metric has none; 0 where not compared."""
        return towards_bad(self.measured.metric, self.distance)

    @property
    def cell(self) -> str:
        """Its name."""
        return str(self.row["label"])


def kind_of(metric: Metric) -> Kind:
    """Whether a number can bear an interval: only shares of equal cases can."""
    if metric.name in _SCORES:
        return "score"
    return metric.unit


def towards_bad(metric: Metric, distance: float | None) -> float:
    """A distance turned so that more is worse."""
    if distance is None:
        return 0.0
    return {"up": -distance, "down": distance, "none": abs(distance)}[metric.direction]


def peers_of(row: Mapping[str, Any]) -> Peers:
    """The groups of one school from lowest, highest, settlement and pupil_count."""
    lowest, highest, pupils = row.get("lowest"), row.get("highest"), row.get("pupil_count")
    if highest is None or lowest is None:
        kind = ""
    elif highest <= 4:
        kind = "primary"
    elif lowest > 4:
        kind = "upper"
    else:
        kind = "basic" if highest <= 9 else "secondary"
    if kind and row.get("settlement"):
        kind += f".{row['settlement']}"
    size = "" if pupils is None else next((code for below, code in _BANDS if pupils < below), "xl")
    return Peers(kind, size)


def lines_of(schools: pl.DataFrame, values: pl.DataFrame, metric: Metric, group: str = "") -> list[Line]:
    """One line per school of the group ("" = all), in the order of `schools`; distances are within the group."""
    every = _lines(schools, values, metric)
    chosen = [line for line in every if not group or group in line.peers.codes]
    distances = _distances(chosen)
    kin: dict[str, list[Line]] = {}
    for line in every:
        kin.setdefault(line.peers.both, []).append(line)
    among = {code: _distances(lines) for code, lines in kin.items() if code}
    found = []
    for line in chosen:
        alike = kin[line.peers.both] if line.peers.both else []
        others = [one for one in alike if one.school != line.school and one.state == "told"]
        near = among.get(line.peers.both, {}).get(line.school)
        found.append(
            Line(
                line.row, line.peers, line.state, line.measured, line.interval, distances.get(line.school),
                _common(others, values), len(others), near,
            )
        )  # fmt: skip
    return found


def groups_of(schools: pl.DataFrame) -> dict[str, int]:
    """Codes of the groups that at least one school belongs to, with the number of schools."""
    found: dict[str, int] = {}
    for row in schools.iter_rows(named=True):
        for code in peers_of(row).codes:
            found[code] = found.get(code, 0) + 1
    order = {"t": 0, "s": 1, "b": 2}
    return dict(sorted(found.items(), key=lambda pair: (order[pair[0][0]], pair[0])))


def others_of(metric: Metric, rows: pl.DataFrame, school: int) -> Measured:
    """The metric over all other schools that can tell it: a silent source would only blur what the others know."""
    theirs = rows.filter(pl.col("school_id") != school)
    told = metric.by(theirs, "school_id").filter(pl.col("value").is_not_null())["school_id"].to_list()
    return metric.of(theirs.filter(pl.col("school_id").is_in(told)))


def standing_out(lines: list[Line]) -> list[Line]:
    """Schools beyond the inner limit on the bad side, in the order of names."""
    return [line for line in lines if line.worse > limits.INNER]


def _lines(schools: pl.DataFrame, values: pl.DataFrame, metric: Metric) -> list[Line]:
    """The schools one by one, their sums taken in one pass."""
    found = metric.each(values, "school_id") if values.width else {}
    needs_ground = metric.unit == "count" and metric.source == "duty" and bool(values.width)
    ground = METRICS["completeness"].each(values, "school_id") if needs_ground else {}
    present = set(values["school_id"].to_list()) if values.width else set()
    return [_line(row, metric, found, ground, present) for row in schools.iter_rows(named=True)]


def _line(
    row: Mapping[str, Any], metric: Metric, every: dict[int, Measured], grounds: dict[int, Measured], present: set[int]
) -> Line:
    school = int(row["school_id"])
    found = every.get(school, Measured(metric, 0, 0))
    ground = grounds.get(school, Measured(METRICS["completeness"], 0, 0))
    state = state_of(metric, found, row, ground=ground, has_rows=school in present)
    is_share = state == "told" and kind_of(metric) == "share"
    unknown = found.unknown if metric.is_interval else 0
    interval = limits.wilson(found.part, found.whole, unknown) if is_share else None
    return Line(row, peers_of(row), state, found, interval)


def state_of(metric: Metric, found: Measured, row: Mapping[str, Any], *, ground: Measured, has_rows: bool) -> State:
    """Whether the number is shown; what cannot be told is never a zero.

    `ground` = what is filled there: a count of duties cannot be told where that cannot. `has_rows` = there is anything.
    """
    needed = _NEEDS_OF.get(metric.name) or _NEEDS.get(metric.source)
    if needed is not None and needed not in (row.get("carried") or ()):
        return "cannot"
    if metric.source in _ONLY_WITH_ROWS and not has_rows:
        return "cannot"
    if metric.unit == "days":
        return "few" if 0 < found.whole < int(row.get("min_cell") or 0) else _of_days(found)
    if metric.unit == "count":
        if metric.source == "duty" and has_rows and ground.value is None:
            return "cannot" if ground.whole + ground.unknown else "nothing"
        return "told" if has_rows else "few" if row.get("is_cut") else "nothing"
    if not found.whole and not found.unknown:
        return "few" if row.get("is_cut") else "nothing"
    if found.value is None:
        return "cannot"
    return "few" if found.whole < int(row.get("min_cell") or 0) else "told"


def _distances(lines: list[Line]) -> dict[int, float]:
    """School → widened standard errors from the common share; empty below FEWEST schools or without a share."""
    told = [line for line in lines if line.state == "told" and kind_of(line.measured.metric) == "share"]
    if len(told) < FEWEST:
        return {}
    done = pl.Series([line.measured.part for line in told], dtype=pl.Int64)
    due = pl.Series([line.measured.whole for line in told], dtype=pl.Int64)
    z = limits.z_scores(done, due, limits.dispersion(done, due))
    return dict(zip([line.school for line in told], z.to_list(), strict=True))


def _of_days(found: Measured) -> State:
    if isinstance(found, Days) and found.low is not None:
        return "told"
    return "cannot" if found.whole + found.unknown else "nothing"


def _common(lines: list[Line], values: pl.DataFrame) -> float | None:
    if lines and isinstance(lines[0].measured.metric, DaysMetric):
        return (
            lines[0].measured.metric.of(values.filter(pl.col("school_id").is_in([line.school for line in lines]))).value
        )
    whole = sum(line.measured.whole for line in lines)
    is_quotient = bool(lines) and lines[0].measured.metric.unit != "count"
    return sum(line.measured.part for line in lines) / whole if whole and is_quotient else None
