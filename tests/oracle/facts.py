"""The newest loaded state of one school, with the questions that the rules ask of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.bundle import AutoChange, Bundle, Row, SchoolState, Version, scope_test
from tests.oracle.cells import KNOWN_REASONS, PRESENT_CODES, SECOND, Stamp, local
from tests.oracle.profiles import PROFILES, SILENT, Profile
from tests.oracle.school_calendar import Calendar

Values = dict[str, Any]
MEMBER_KINDS = ("class", "subgroup", "individual")


@dataclass(frozen=True)
class Moment:
    """When an entry was made: [earliest, latest] in UTC; earliest None = −∞; never = a skewed clock (B5)."""

    earliest: datetime | None
    latest: datetime
    quality: str
    never: bool = False


def earliest_of(moments: Iterable[Moment | None]) -> Moment | None:
    """The earliest of a set of entries: [least earliest, least latest] (R3)."""
    real = [moment for moment in moments if moment and not moment.never]
    if not real:
        return None
    starts = [moment.earliest for moment in real]
    first = None if None in starts else min(start for start in starts if start)
    return Moment(first, min(moment.latest for moment in real), "set")


def latest_of(moments: Iterable[Moment | None]) -> Moment | None:
    """When the last of a set was there: [greatest earliest, greatest latest]; None if one is absent (R7)."""
    real = list(moments)
    if not real or any(moment is None or moment.never for moment in real):
        return None
    starts = [moment.earliest for moment in real if moment and moment.earliest]
    return Moment(max(starts) if starts else None, max(moment.latest for moment in real if moment), "set")


@dataclass(frozen=True)
class Change:
    """A change of the source's log or of the load itself."""

    change_key: str
    entity: str
    entity_key: str
    field: str | None
    action: str
    changed: Moment
    changed_by: str | None
    lesson_key: str | None = None
    pupil_key: str | None = None


@dataclass
class Facts:
    """One school: rows that are not deleted by table, and derived facts."""

    state: SchoolState
    calendar: Calendar = field(init=False)

    def __post_init__(self) -> None:
        self.calendar = Calendar(self.school, self.rows("calendar_day"), self.rows("period"))
        self._group_pupils: dict[tuple[str, date], frozenset[str]] = {}

    @property
    def school(self) -> Row:
        return self.state.tables["school"][(self.state.school_key,)]

    @property
    def zone(self) -> ZoneInfo:
        zone: ZoneInfo = self.school["timezone"]
        return zone

    @property
    def profile(self) -> Profile:
        return PROFILES.get(self.school["regulation"] or "", SILENT)

    @property
    def capabilities(self) -> frozenset[str]:
        """Of the newest bundle (B15)."""
        return self.state.bundles[-1].capabilities

    def rows(self, table: str) -> list[Row]:
        return self.state.live(table)

    def any_row(self, table: str, key: Any) -> Row | None:
        """Also a deleted row, in its last state."""
        return self.state.row(table, key)

    def live_row(self, table: str, key: Any) -> Row | None:
        row = self.any_row(table, key)
        return row if row and not row.deleted else None

    # --- classes, groups, pupils

    def class_of_group(self, group_key: str) -> Row | None:
        group = self.any_row("study_group", group_key)
        return self.any_row("school_class", group["class_key"]) if group else None

    def class_of_lesson(self, lesson: Row) -> Row | None:
        return self.class_of_group(lesson["group_key"])

    def knows_pupils(self) -> bool:
        """Who belongs to a group needs both tables (B16)."""
        return self.state.carries("enrolment") and self.state.carries("group_member")

    def pupils_of_group(self, group_key: str, day: date) -> frozenset[str]:
        """Annex B13, first sentence."""
        if (group_key, day) not in self._group_pupils:
            self._group_pupils[group_key, day] = self._find_pupils(group_key, day)
        return self._group_pupils[group_key, day]

    def _find_pupils(self, group_key: str, day: date) -> frozenset[str]:
        group = self.any_row("study_group", group_key)
        if group is None:
            return frozenset()
        enrolments = [row for row in self.rows("enrolment") if in_force(row, day)]
        if group["kind"] == "class":
            return frozenset(row["pupil_key"] for row in enrolments if row["class_key"] == group["class_key"])
        enrolled = {row["pupil_key"] for row in enrolments}
        members = [row for row in self.rows("group_member") if row["group_key"] == group_key and in_force(row, day)]
        return frozenset(row["pupil_key"] for row in members if row["pupil_key"] in enrolled)

    def pupils_of_journal(self, group_key: str, subject_key: str, day: date) -> frozenset[str]:
        """Annex B13, second sentence."""
        pupils = self.pupils_of_group(group_key, day)
        group = self.any_row("study_group", group_key)
        if group is None or group["kind"] != "class":
            return pupils
        for other in self.rows("study_group"):
            if other["kind"] == "individual" and (other["group_key"], subject_key) in self.journals():
                members = [row for row in self.rows("group_member") if row["group_key"] == other["group_key"]]
                pupils -= {row["pupil_key"] for row in members if in_force(row, day)}
        return pupils

    def journals(self) -> set[tuple[str, str]]:
        """(group, subject) pairs that occur in lesson, teaching_load, curriculum or plan (B13)."""
        tables = ("lesson", "teaching_load", "curriculum", "plan")
        return {(row["group_key"], row["subject_key"]) for table in tables for row in self.rows(table)}

    def loads(self, group_key: str, subject_key: str, day: date | None) -> list[str]:
        """Staff of a journal on a day (any day when None), least key first."""
        return sorted(
            row["staff_key"]
            for row in self.rows("teaching_load")
            if (row["group_key"], row["subject_key"]) == (group_key, subject_key)
            and (day is None or in_force(row, day))
        )

    def lessons_of_journal(self, group_key: str, subject_key: str) -> list[Row]:
        return [
            row for row in self.rows("lesson") if (row["group_key"], row["subject_key"]) == (group_key, subject_key)
        ]

    def role_of(self, staff_key: str | None) -> str | None:
        staff = self.live_row("staff", staff_key)
        return staff["role"] if staff else None

    # --- lessons

    def is_instructional(self, lesson: Row) -> bool:
        return self.calendar.is_instructional(lesson["held_on"], self.class_of_lesson(lesson))

    def counts_as_held(self, lesson: Row) -> bool:
        """Annex R1 but for the date, which the caller compares with T."""
        if lesson["status"] == "moved":
            return True
        return lesson["status"] != "cancelled" and self.is_instructional(lesson)

    def lesson_kind(self, lesson: Row) -> str:
        return lesson["kind"] or "lesson"

    def absences_of(self, lesson: Row) -> list[Row]:
        return [row for row in self.rows("absence") if row["lesson_key"] == lesson["lesson_key"]]

    def marks_of(self, lesson: Row) -> list[Row]:
        """Marks of the lesson; `.` is not a mark for any rule (B14)."""
        return [row for row in self.real_marks() if row["lesson_key"] == lesson["lesson_key"]]

    def real_marks(self) -> list[Row]:
        return [row for row in self.rows("mark") if row["value"] != "."]

    def missed(self, lesson: Row) -> set[str]:
        """Pupils with a missed-lesson absence at the lesson: О and ОП are late pupils, not absent ones."""
        return {row["pupil_key"] for row in self.absences_of(lesson) if row["code"] not in PRESENT_CODES}

    def responsible(self, lesson: Row) -> str:
        return lesson["substitute_key"] or lesson["staff_key"] or ""

    def work_date(self, work: Row) -> date | None:
        """performed_on, or the date of the WORK's lesson (B19)."""
        if work["performed_on"]:
            day: date = work["performed_on"]
            return day
        lesson = self.any_row("lesson", work["lesson_key"])
        return lesson["held_on"] if lesson else None

    # --- moments

    def moment(
        self,
        row: Row,
        stamp: str,
        there: Callable[[Values], bool] = lambda values: True,
        content: Callable[[Values], str | None] = lambda values: None,
    ) -> Moment | None:
        """First moment of an entry (B2–B5), None when it is not there now.

        `there`: the rule's own test; `content`: the column that a snapshot must have to prove absence.
        """
        if not there(row.values):
            return None
        carrying = [version for version in row.versions if there(version.values)]
        return self.stamped(carrying, stamp) or self.derived(row, carrying[0], content(carrying[0].values))

    def stamped(self, carrying: list[Version], stamp: str) -> Moment | None:
        """The earliest non-blank cell."""
        candidates: list[tuple[datetime, datetime, int, Moment]] = []
        for number, version in enumerate(carrying):
            cell = version.values.get(stamp) if stamp in version.columns else None
            if isinstance(cell, Stamp):
                moment = self.read_stamp(cell, version.bundle)
                assert moment.earliest is not None
                candidates.append((moment.earliest, moment.latest, number, moment))
        return min(candidates)[3] if candidates else None

    def read_stamp(self, cell: Stamp, bundle: Bundle) -> Moment:
        first, last = cell.span(self.zone)
        if first > bundle.extracted_at:
            return Moment(first, last, "exact", never=True)
        if cell.moment is None:
            return Moment(first, min(last, bundle.extracted_at), "date_only")
        return Moment(first, last, "exact")

    def derived(self, row: Row, first: Version, content: str | None) -> Moment:
        """(previous snapshot that could have shown it, the bundle that first carries it] (B3)."""
        seen_at = first.bundle.extracted_at
        earlier = [
            bundle.extracted_at
            for bundle in self.state.bundles
            if bundle.mode == "snapshot"
            and bundle.extracted_at < seen_at
            and row.table in bundle.files
            and (content is None or content in bundle.files[row.table].columns)
            and scope_test(self.state, bundle)(row)
        ]
        if not earlier:
            return Moment(None, seen_at, "unknown")
        return Moment(max(earlier) + SECOND, seen_at, "interval")

    # --- entries

    def recorded(self, row: Row) -> Moment | None:
        """First moment of a row that is itself the entry: mark, absence, period_mark, movement."""
        return self.moment(row, "recorded_at")

    def topic_entry(self, lesson: Row) -> Moment | None:
        return self.moment(lesson, "topic_recorded_at", has_topic, lambda values: "topic")

    def homework_entry(self, lesson: Row) -> Moment | None:
        def content(values: Values) -> str:
            return "homework" if values.get("homework") else "homework_not_assigned"

        return self.moment(lesson, "homework_recorded_at", has_homework, content)

    def attendance_entry(self, lesson: Row) -> Moment | None:
        confirmed = self.stamped(lesson.versions, "attendance_confirmed_at")
        if lesson["attendance_confirmed_at"] is None:
            confirmed = None
        return earliest_of([confirmed, *(self.recorded(row) for row in self.absences_of(lesson))])

    def reason_entry(self, absence: Row) -> Moment | None:
        """Annex R4."""

        def known(values: Values) -> bool:
            return values["code"] in KNOWN_REASONS

        if not known(absence.values):
            return None
        carrying = [version for version in absence.versions if known(version.values)]
        stamped = self.stamped(carrying, "reason_recorded_at")
        if stamped:
            return stamped
        if known(absence.versions[0].values):
            return self.recorded(absence)
        return self.derived(absence, carrying[0], "code")

    def changes(self) -> list[Change]:
        """The source's log and the load's own changes; logs are never taken as deleted."""
        logged = []
        for row in self.state.tables["change"].values():
            changed = self.stamped(row.versions, "changed_at")
            assert changed is not None
            logged.append(
                Change(
                    row["change_key"],
                    row["entity"],
                    row["entity_key"],
                    row["field"],
                    row["action"],
                    changed,
                    row["changed_by"],
                    row["lesson_key"],
                    row["pupil_key"],
                )
            )
        return logged + [_as_change(change) for change in self.state.auto_changes]

    # --- days

    def day_of(self, moment: datetime) -> date:
        """Local date of a moment."""
        return moment.astimezone(self.zone).date()

    def at(self, day: date, clock: time = time(23, 59, 59)) -> datetime:
        """A local time of a day in UTC, its last second by default."""
        return local(day, clock, self.zone)

    def text(self, moment: datetime | None) -> str:
        """ISO 8601 with the school's offset and whole seconds; blank for null (L12)."""
        return moment.astimezone(UTC).astimezone(self.zone).isoformat() if moment else ""


def _as_change(change: AutoChange) -> Change:
    moment = Moment(change.after + SECOND, change.until, "interval")
    return Change(
        change.change_key,
        change.entity,
        change.entity_key,
        change.field,
        change.action,
        moment,
        change.changed_by,
    )


def in_force(row: Row, day: date) -> bool:
    """Half-open: from_on counts, to_on no longer does; a null end is open."""
    begun = row["from_on"] is None or row["from_on"] <= day
    return bool(begun and (row["to_on"] is None or day < row["to_on"]))


def has_topic(values: Values) -> bool:
    """At least three characters that are letters or digits."""
    topic: str = values.get("topic") or ""
    return sum(character.isalnum() for character in topic) >= 3


def has_homework(values: Values) -> bool:
    written = bool((values.get("homework") or "").strip())
    return written or values.get("homework_not_assigned") is True
