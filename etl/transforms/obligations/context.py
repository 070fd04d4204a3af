"""What every builder of obligations needs of one school: cleaned facts, calendar, rosters, acts. Pure;
built once a load.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from etl.regulations.profile import Profile
from etl.transforms.deadlines import add_counters, day_instants, due_dates, is_day_count
from etl.transforms.moments import INSTANT, without_skew
from etl.transforms.obligations.registers import Registers
from etl.transforms.school_calendar import build_class_calendar

TOPICS_UNTIL: dict[str, Any] = {"journal_id": pl.Int32, "topics_until": INSTANT}
CLASS_KINDS = ("class", "subgroup", "individual")


@dataclass(frozen=True)
class Sight:
    """What the school's source can tell: capabilities of its newest bundle, and until when each table
    reaches (annex L0).
    """

    capabilities: frozenset[str]
    tables_until: dict[str, datetime]
    newest: datetime
    columns: frozenset[str] = frozenset()
    """`table.column` of the bundle that some file of the school had"""
    topics_until: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TOPICS_UNTIL))
    """journals whose topics and homework were not received at the newest moment, while those of others were: until
    when theirs are known, null = never (annex L1.5, B6)
    """

    def carries(self, table: str) -> bool:
        return table in self.tables_until

    def has_column(self, table: str, column: str) -> bool:
        """Whether a blank cell says anything: a column that no file had is not told at all."""
        return f"{table}.{column}" in self.columns


class Context:
    """One school's state, by table name of the bundle, with everything derived from it that several rules share."""

    def __init__(
        self,
        state: dict[str, pl.DataFrame],
        journals: pl.DataFrame,
        versions: list[Profile],
        zone: str,
        school_week: int,
        sight: Sight,
        registers: Registers | None = None,
    ) -> None:
        # an account may be made or closed on a later day: its moments are no entries that a wrong clock could make
        self.state = {table: rows if table == "account" else without_skew(rows) for table, rows in state.items()}
        self.journals = journals
        self.versions = versions
        self.zone = zone
        self.school_week = school_week
        self.sight = sight
        self.registers = registers or Registers()

    @property
    def last_day(self) -> date:
        """The school's local date where its data end."""
        return self.sight.newest.astimezone(ZoneInfo(self.zone)).date()

    @property
    def newest_year(self) -> int:
        """First calendar year of the newest school year: where rows stand that belong to no year."""
        newest: int | None = self.classes["school_year"].max()  # type: ignore[assignment]
        return newest or self.last_day.year - (self.last_day.month < 7)

    def present(self, table: str) -> pl.DataFrame:
        """Rows that are still in the source."""
        return self.state[table].filter(pl.col("deleted_latest").is_null())

    @cached_property
    def classes(self) -> pl.DataFrame:
        return self.present("school_class").select(
            "class_id", "class_key", "school_year", "grade", "week_days", "homeroom_teacher_id"
        )

    @cached_property
    def groups(self) -> pl.DataFrame:
        return self.present("study_group").select("group_id", pl.col("class_id"), pl.col("kind").alias("group_kind"))

    @cached_property
    def periods(self) -> pl.DataFrame:
        return self.present("period").select(
            "period_id", "school_year", "kind", "number", "starts_on", "ends_on", "grade_from", "grade_to"
        )

    @cached_property
    def span(self) -> tuple[date, date]:
        """First and last day anything of the school is dated."""
        days = [
            frame[column].drop_nulls()
            for table, column in (
                ("lesson", "held_on"),
                ("work", "performed_on"),
                ("work", "checked_on"),
                ("mark", "protocol_on"),
                ("period", "starts_on"),
                ("period", "ends_on"),
                ("movement", "order_on"),
                ("movement", "effective_on"),
                ("absence_document", "presented_on"),
                ("timetable_version", "effective_from"),
            )
            for frame in [self.state[table]]
        ]
        every = pl.concat(days)
        return (every.min(), every.max()) if every.len() else (self.sight.newest.date(), self.sight.newest.date())  # type: ignore[return-value]

    @cached_property
    def calendar(self) -> pl.DataFrame:
        """class_id (0 = the school), on, is_working, is_instructional and the counters of
        `deadlines.add_counters`.
        """
        return add_counters(
            build_class_calendar(self.classes, self.periods, self.present("calendar_day"), self.school_week, *self.span)
        )

    @cached_property
    def instants(self) -> pl.DataFrame:
        """on, start_at, end_at of every day of the calendar."""
        return day_instants(self.calendar["on"], self.zone)

    @cached_property
    def lessons(self) -> pl.DataFrame:
        """Every lesson ever loaded, deleted ones flagged: what marks and absences need to know of their
        lesson.

        Adds grade, group kind, is_instructional, is_held (annex R1 without T) and staff_id of who answers
        (annex R18).
        """
        lessons = (
            self.state["lesson"]
            .select(
                "lesson_id",
                "school_year",
                "class_id",
                "journal_id",
                "group_id",
                "subject_id",
                "held_on",
                "slot",
                "ends_at",
                "kind",
                "status",
                pl.coalesce("substitute_id", "staff_id").alias("staff_id"),
                pl.col("staff_id").alias("assigned_id"),
                "substitute_id",
                pl.col("deleted_latest").is_not_null().alias("is_deleted"),
            )
            .with_columns(pl.col("kind").fill_null("lesson"))
        )
        days = self.calendar.select("class_id", pl.col("on").alias("held_on"), "is_instructional")
        found = lessons.join(self.classes.select("class_id", "grade"), on="class_id", how="left", maintain_order="left")
        found = found.join(days, on=["class_id", "held_on"], how="left", maintain_order="left")
        found = found.join(
            self.groups.select("group_id", "group_kind"), on="group_id", how="left", maintain_order="left"
        )
        took_place = pl.col("status").is_in(["planned", "held", "moved", "replaced"])
        counts = took_place & (pl.col("is_instructional").fill_null(value=False) | (pl.col("status") == "moved"))
        return found.with_columns(counts.alias("is_held"))

    @property
    def knows_rosters(self) -> bool:
        """Annex B16: who is in a group can be told only with both tables."""
        return self.sight.carries("enrolment") and self.sight.carries("group_member")

    @cached_property
    def rosters(self) -> pl.DataFrame:
        """Pupils of a group on the days of its class's lessons (annex B13): group_id, on, pupil_id, unique."""
        lessons = self.lessons.filter(~pl.col("is_deleted"))
        days = lessons.select("group_id", "class_id", pl.col("held_on").alias("on"), "group_kind").unique()
        return self.group_pupils(days)

    def group_pupils(self, days: pl.DataFrame) -> pl.DataFrame:
        """Pupils of groups on given days; `days` has group_id, class_id, on, group_kind."""
        enrolments = self.present("enrolment").select("pupil_id", "class_id", "from_on", "to_on")
        of_class = (
            days.filter(pl.col("group_kind") == "class")
            .join(enrolments, on="class_id", how="inner")
            .filter(_in_force())
            .select("group_id", "on", "pupil_id")
        )
        members = self.present("group_member").select("pupil_id", "group_id", "from_on", "to_on")
        of_group = (
            days.filter(pl.col("group_kind") != "class")
            .join(members, on="group_id", how="inner")
            .filter(_in_force())
            .select("group_id", "on", "pupil_id")
            .unique()
        )
        enrolled = (
            of_group.join(enrolments.select("pupil_id", "from_on", "to_on"), on="pupil_id", how="inner")
            .filter(_in_force())
            .select("group_id", "on", "pupil_id")
        )
        return pl.concat([of_class, enrolled]).unique()

    def journal_pupils(self, days: pl.DataFrame) -> pl.DataFrame:
        """Pupils of journals on given days (annex B13): journal_id, on, pupil_id. `days` has journal_id,
        on.

        Of a class group's journal, pupils who are then members of an individual group with a journal of the
        same subject are left out.
        """
        named = (
            days.unique()
            .join(self.journals.select("journal_id", "group_id", "subject_id"), on="journal_id")
            .join(self.groups, on="group_id")
        )
        pupils = self.group_pupils(named.select("group_id", "class_id", "on", "group_kind").unique())
        listed = named.join(pupils, on=["group_id", "on"], how="inner").select(
            "journal_id", "subject_id", "group_kind", "on", "pupil_id"
        )
        apart = self._taught_apart(listed["on"].unique())
        kept = listed.filter(pl.col("group_kind") == "class").join(
            apart, on=["subject_id", "on", "pupil_id"], how="anti"
        )
        return pl.concat([kept, listed.filter(pl.col("group_kind") != "class")]).select("journal_id", "on", "pupil_id")

    def _taught_apart(self, days: pl.Series) -> pl.DataFrame:
        """subject_id, on, pupil_id of members of individual groups that have a journal of the subject."""
        individual = self.groups.filter(pl.col("group_kind") == "individual")
        journals = (
            self.journals.join(self.existing_journals, on="journal_id", how="semi")
            .join(individual.select("group_id"), on="group_id", how="semi")
            .select("group_id", "subject_id")
        )
        members = (
            self.present("group_member")
            .select("pupil_id", "group_id", "from_on", "to_on")
            .join(journals, on="group_id", how="inner")
        )
        return (
            members.join(days.to_frame("on"), how="cross")
            .filter(_in_force())
            .select("subject_id", "on", "pupil_id")
            .unique()
        )

    @cached_property
    def existing_journals(self) -> pl.DataFrame:
        """journal_id of journals that occur in lessons, loads, curricula or plans (annex B13)."""
        by_pair = [
            self.present(table).select("group_id", "subject_id") for table in ("teaching_load", "curriculum", "plan")
        ]
        pairs = pl.concat(
            [*by_pair, self.lessons.filter(~pl.col("is_deleted")).select("group_id", "subject_id")]
        ).unique()
        return self.journals.join(pairs, on=["group_id", "subject_id"], how="semi").select("journal_id")

    @cached_property
    def journal_day_roster(self) -> pl.DataFrame:
        """journal_id, on, pupil_id on the days of the journal's own lessons."""
        days = self.lessons.filter(~pl.col("is_deleted")).select("journal_id", pl.col("held_on").alias("on")).unique()
        return self.journal_pupils(days)

    @cached_property
    def journal_day_pupils(self) -> pl.DataFrame:
        """journal_id, held_on, pupil_count on the days of the journal's own lessons."""
        return self.journal_day_roster.group_by("journal_id", pl.col("on").alias("held_on")).agg(
            pl.len().cast(pl.Int32).alias("pupil_count")
        )

    def version_on(self, day: pl.Expr) -> pl.Expr:
        """Number of the act's version in force on a day; the first one also covers what is older (annex P)."""
        first = pl.lit(self.versions[0].version if self.versions else 0, pl.Int16)
        # Polars 2.1 counts a filter that reads no column once per thread: "predicate length of 2 doesn't match"
        number = pl.when(day.is_null()).then(first).otherwise(first)
        for version in self.versions[1:]:
            number = (
                pl.when(day >= pl.lit(version.valid_from)).then(pl.lit(version.version, pl.Int16)).otherwise(number)
            )
        return number

    def windows(self, names: tuple[str, ...]) -> pl.DataFrame:
        """Instants of day-counted deadline parameters by class and anchor day: class_id, on,
        profile_version, <name>_at.

        A parameter that the act in force that day does not state is null; so is one that is no count of days.
        """
        ends = self.instants.select(pl.col("on").alias("due_on"), pl.col("end_at"))
        built = []
        acts: list[Profile | None] = [*self.versions] or [None]
        for version in acts:
            number = version.version if version is not None else 0
            days = (
                self.calendar.filter(self.version_on(pl.col("on")) == number)
                if len(self.versions) > 1
                else self.calendar
            )
            rows = days.select("class_id", "on", pl.lit(number, pl.Int16).alias("profile_version"))
            for name in names:
                deadline = version.deadline(name) if version is not None else None
                if deadline is None or not is_day_count(deadline):
                    rows = rows.with_columns(pl.lit(None, INSTANT).alias(f"{name}_at"))
                    continue
                roll = (version.word("deadline_roll_forward") if version is not None else None) or "next_working"
                due = (
                    due_dates(self.calendar, deadline, roll)
                    .join(ends, on="due_on", how="left")
                    .select("class_id", "on", pl.col("end_at").alias(f"{name}_at"))
                )
                rows = rows.join(due, on=["class_id", "on"], how="left", maintain_order="left")
            built.append(rows)
        return pl.concat(built)

    def by_version(
        self, of: str, day: pl.Expr, build: Mapping[int, object], dtype: pl.DataType | type[pl.DataType]
    ) -> pl.Expr:
        """A value per version of the act, chosen by the row's anchor day."""
        number = self.version_on(day)
        choice: pl.Expr = pl.when(day.is_null()).then(pl.lit(None, dtype))
        for version, value in build.items():
            choice = pl.when(number == version).then(pl.lit(value, dtype)).otherwise(choice)
        return choice.alias(of)

    def flag(self, name: str, day: pl.Expr) -> pl.Expr:
        """A yes/no parameter of the act in force on a day; silence is false."""
        return self.by_version(
            name, day, {version.version: version.flag(name) for version in self.versions}, pl.Boolean
        ).fill_null(value=False)

    def word(self, name: str, day: pl.Expr) -> pl.Expr:
        """A word parameter of the act in force on a day; null where it is silent."""
        return self.by_version(name, day, {version.version: version.word(name) for version in self.versions}, pl.String)

    def count(self, name: str, day: pl.Expr) -> pl.Expr:
        """A number parameter of the act in force on a day; null where it is silent."""
        return self.by_version(name, day, {version.version: version.count(name) for version in self.versions}, pl.Int32)


def _in_force() -> pl.Expr:
    """Half-open intervals: from_on counts, to_on does not; a null end is open."""
    return (pl.col("from_on") <= pl.col("on")) & (pl.col("to_on").is_null() | (pl.col("on") < pl.col("to_on")))
