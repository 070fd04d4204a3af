"""What the pages of attendance and of results share: the place in words, the head, the way down, the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from dashboard import frame, moment_words
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.exports import offer_frame
from dashboard.filters import Filters
from dashboard.i18n import count, day, day_short, moment, points, t
from dashboard.queries import periods
from dashboard.queries import schools as asked
from dashboard.views.sections import draw_sections
from etl.warehouse.scope import Scope


@dataclass(frozen=True)
class Place:
    """Where the reader is: route of the page, scope, position, the school (None = all of the scope), the period, and
    the journals that are open with the names of their classes and subjects."""

    route: str
    scope: Scope
    filters: Filters
    schools: pl.DataFrame
    row: dict[str, Any] | None
    choice: periods.Choice
    dims: pl.DataFrame

    @property
    def words(self) -> str:
        """The place in words: the narrowest thing that is named, with what it lies in."""
        if self.row is None:
            return t("learning.all_schools", n=count(self.schools.height, "school"))
        names = [words for words, _ in self.narrowed]
        if names:
            return ", ".join(names)
        return t("school.own_journals") if self.scope.level in ("class", "teacher") else str(self.row["label"])

    @cached_property
    def narrowed(self) -> list[tuple[str, Filters]]:
        """Parallel, class, subject: words (empty for what the school does not have) and the position that keeps it."""
        kept = bare(self.filters)
        steps = []
        for name in ("parallel", "class_id", "subject"):
            value: int | None = getattr(self.filters, name)
            if value is not None:
                kept = kept.changed(**{name: value})
                steps.append((self._named(name, value), kept))
        return steps

    @property
    def before_note(self) -> str:
        """«I четверть, тот же учебный день», or that there is nothing to compare with."""
        return moment_words.compared_with(self.choice)

    @property
    def stamp(self) -> str:
        """As of when the figures are: «на 16.09.2025 23:59»; days, not minutes."""
        if self.row is not None:
            return moment_words.stamp(self.row, self.filters, with_minute=False)
        return moment_words.stamp_of_schools(self.schools, self.filters)

    def _named(self, what: str, value: int) -> str:
        if what == "parallel":
            return t("school.parallel", n=value)
        key, column = ("class_id", "class_name") if what == "class_id" else ("subject_id", "subject")
        found = self.dims.filter(pl.col(key) == value)[column] if self.dims.height else pl.Series([], dtype=pl.String)
        return str(found[0]) if found.len() else ""


def only_school(scope: Scope) -> int | None:
    """The school of a reader who has just one."""
    return next(iter(scope.all_school_ids)) if len(scope.all_school_ids) == 1 else None


def own_class(scope: Scope, filters: Filters) -> Filters:
    """A class teacher of one class begins in it: that is all she has."""
    if scope.level != "class" or filters.class_id is not None or len(scope.class_ids) != 1 or scope.staff_ids:
        return filters
    school, class_id = next(iter(scope.class_ids))
    return filters.changed(class_id=class_id) if filters.school == school else filters


def bare(filters: Filters) -> Filters:
    """The position of the whole school."""
    return filters.changed(
        parallel=None, class_id=None, staff=None, subject=None, journal=None, lesson=None, pupil=None
    )


def head(place: Place, title: str, note: str, *, with_as_of: bool, freshness: str = "") -> bool:
    """Crumbs, the question of the page, freshness and selectors; False where the place does not exist. `freshness` =
    the page's own words for it, where entries are looked at as they stood on a past day."""
    filters, row = place.filters, place.row
    is_known = all(words for words, _ in place.narrowed)
    stale = asked.stale(place.schools)
    warning = ""
    if row is not None and stale.height:
        warning = t("frame.stale_one", days=count(row["days_old"], "day"))
    elif stale.height:
        warning = t("frame.stale_schools", schools=count(stale.height, "school"))
    oldest = date(place.choice.period.span.year, 9, 1)
    frame.head(
        title,
        filters,
        crumbs=_crumbs(place if is_known else None, place),
        caption=f"{freshness or _freshness(place)} · {note}",
        periods=[frame.Option(code, words) for code, words in place.choice.options],
        default_period=place.choice.default,
        as_of=frame.AsOf(oldest, max(place.schools["until_on"])) if with_as_of else None,
        stamp=place.stamp,
        compares=True,
        warning=warning,
    )
    if row is not None:
        draw_sections(place.route, filters.common(), place.scope.role)
    if not is_known:
        frame.empty(t("school.unknown_part_title"), t("school.unknown_part"))
    return is_known


def _freshness(place: Place) -> str:
    if place.row is not None:
        until = asked.local_moment(place.row)
        if place.filters.as_of is not None and place.filters.as_of < place.row["until_on"]:
            return t("learning.as_of", day=day(place.filters.as_of), moment=moment(until))
        return t("frame.data_as_of", moment=moment(until))
    days = place.schools["until_on"].to_list()
    if place.filters.as_of is not None and place.filters.as_of < max(days):
        return t("learning.as_of_schools", day=day(place.filters.as_of))
    if min(days) == max(days):
        return t("frame.data_as_of", moment=day(min(days)))
    return t("frame.data_between", first=day(min(days)), last=day(max(days)))


def _crumbs(known: Place | None, place: Place) -> list[frame.Crumb]:
    steps: list[frame.Crumb] = []
    if place.schools.height > 1 or len(place.scope.all_school_ids) > 1:
        top = place.filters.common().changed(school=None, at=None)
        steps.append(frame.Crumb(t("learning.all"), place.route, top))
    if place.row is not None:
        steps.append(frame.Crumb(str(place.row["label"]), place.route, bare(place.filters)))
        steps += [frame.Crumb(words, place.route, position) for words, position in (known.narrowed if known else [])]
    if len(steps) < 2:
        return []
    return [*steps[:-1], frame.Crumb(steps[-1].label)]


def download(name: str, rows: pl.DataFrame, heading: str, shares: Sequence[str] = (), *, label: str = "") -> None:
    """The buttons that save a table richer than what is drawn; `shares` names its columns of shares, `label` tells it
    from the file of what is drawn."""
    offer_frame(name, heading, rows, shares=shares, label=label)


def school_table(
    place: Place,
    columns: Sequence[tuple[str, Callable[[int], Cell]]],
    *,
    key: str,
    caption: str,
) -> None:
    """Schools in the order of their names, each a click away; no rank, and beside the figures how fresh they are."""
    rows = [
        Row(
            (Cell(row["label"]), *(cell(row["school_id"]) for _, cell in columns), fresh_cell(row)),
            row["school_id"],
            t("learning.open", name=row["label"]),
        )
        for row in place.schools.iter_rows(named=True)
    ]
    heads = [Column(t("school.choose"), wide=True), *(Column(words, is_number=True) for words, _ in columns),
             Column(t("comparison.column_fresh"))]  # fmt: skip
    clicked = row_table(key, heads, rows, caption=caption, as_file=False)  # every page has a richer file of it
    if clicked is not None:
        frame.set_filters(place.filters.drilled(school=clicked))


def fresh_cell(row: Mapping[str, Any]) -> Cell:
    """Where the data of a school end, and how long ago that was."""
    is_old = row["working_days_old"] > asked.STALE_AFTER
    words = t("comparison.fresh_old" if is_old else "comparison.fresh_ok", days=count(row["days_old"], "day"))
    return Cell(day_short(row["until_on"]), words, "warn" if is_old else "quiet")


def change(now: float | None, then: float | None) -> str:
    """The difference in percentage points as the second line of a cell."""
    return points(now - then) if now is not None and then is not None else ""
