"""Ed-Fi XML interchanges (Data Standard 3–5) as a journal bundle.

The standard has sections, gradebook entries and attendance events, but no lessons, topics, homework, plans or moments
of entry (`DateFulfilled` is the pupil's day, not the teacher's): a day of a section with an entry becomes a lesson
without topic. An absence from school for a whole day names no lesson and is set aside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from etl.contract.tables import BY_NAME
from etl.errors import SourceError
from etl.sources.answers import Answers
from etl.sources.bundle import Bundle
from etl.sources.draft import BundleDraft
from etl.sources.edfi_files import Record, interchanges, read_records
from etl.sources.registry import Recognition, Told
from etl.sources.scale import mark_of

ROSTER = (
    "School", "LocalEducationAgency", "Session", "GradingPeriod", "Course", "CourseOffering", "Section", "Staff",
    "StaffSchoolAssociation", "StaffEducationOrganizationAssignmentAssociation", "StaffSectionAssociation",
    "StaffLeave", "Student", "StudentSchoolAssociation", "StudentSectionAssociation", "GradebookEntry",
)  # fmt: skip
EVENTS = ("StudentGradebookEntry", "StudentSectionAttendanceEvent", "StudentSchoolAttendanceEvent")
WORK_KINDS = BY_NAME["work"].by_name["kind"].values
_GRADES = {
    word: number
    for number, word in enumerate(
        [
            "First",
            "Second",
            "Third",
            "Fourth",
            "Fifth",
            "Sixth",
            "Seventh",
            "Eighth",
            "Ninth",
            "Tenth",
            "Eleventh",
            "Twelfth",
        ],
        1,
    )
}
_ROLES = {"Teacher": "teacher", "Principal": "director", "Assistant Principal": "deputy"}
_CODES = {"Excused Absence": "УП", "Unexcused Absence": "НП", "Tardy": "ОП", "Absence": "н"}
"""Categories of attendance as codes of the contract; «In Attendance» is no absence, others are set aside."""
_POSTS = ("StaffEducationOrganizationAssignmentAssociation", "StaffSchoolAssociation", "StaffSectionAssociation")
_PERIODS = {4: "quarter", 3: "trimester", 2: "half_year"}
NO_LETTER = "—"


class EdFi:
    """A folder or zip of interchanges, or one of them."""

    name = "edfi"
    title = "Ed-Fi XML interchanges"

    def recognise(self, path: Path) -> Recognition | None:
        files = interchanges(path)
        if not files:
            return None
        return Recognition(
            self.name,
            self.title,
            path,
            (
                f"interchanges: {', '.join(files)}",
                "cannot tell: lessons, topics, homework, substitutions, plans, when and by whom anything was entered",
            ),
        )

    def open(self, recognition: Recognition, answers: Answers, scratch: Path, told: Told) -> Bundle:
        moment = answers.need("extracted_at", "2024-10-01T06:00:00+03:00")
        reading = _Reading(recognition.path, answers, told)
        with BundleDraft(scratch, source_system="Ed-Fi", extracted_at=moment) as draft:
            reading.write(draft)
            return draft.finish(recognition.path)


class _Reading:
    """One reading: rosters are held, events stream."""

    def __init__(self, path: Path, answers: Answers, told: Told) -> None:
        self.path, self.answers, self.told = path, answers, told
        self.options: Mapping[str, Any] = answers.options.get("edfi", {})
        self.files = interchanges(path)
        self.records: dict[str, list[Record]] = {kind: [] for kind in ROSTER}
        for number, name in enumerate(self.files):
            told("reading rosters", number, len(self.files))
            for record in read_records(path, name, ROSTER):
                self.records[record.kind].append(record)
        self.students = {record["StudentUniqueId"]: record for record in self.records["Student"]}
        self.sections: dict[str, tuple[str, str, str]] = {}
        self.teachers: dict[str, str] = {}
        self.entries: dict[str, tuple[str, str, str]] = {}

    def write(self, draft: BundleDraft) -> None:
        if not self.records["School"]:
            raise SourceError("The interchanges name no school.", advice="Add the interchange EducationOrganization.")
        self._schools(draft)
        self._periods(draft)
        self._staff(draft)
        self._sections(draft)
        self._rosters(draft)
        self._entries(draft)
        for number, name in enumerate(self.files):
            self.told("reading events", number, len(self.files))
            for record in read_records(self.path, name, EVENTS):
                getattr(self, f"_{record.kind}")(draft, record)

    def _schools(self, draft: BundleDraft) -> None:
        agencies = [record["NameOfInstitution"] for record in self.records["LocalEducationAgency"]]
        for record in self.records["School"]:
            draft.add(
                "school", record.file, record.line, school_key=record["SchoolId"] or record["IdentificationCode"],
                name=record["NameOfInstitution"], short_name=record["ShortNameOfInstitution"],
                municipality=self.answers.municipality or (agencies or [""])[0] or None,
                region=self.answers.region, timezone=self.answers.need("timezone", "America/Chicago"),
                week_days=self.answers.week_days, source_system="Ed-Fi", regulation=self.answers.regulation,
            )  # fmt: skip

    def _periods(self, draft: BundleDraft) -> None:
        """Semesters from the sessions, quarters or trimesters from the grading periods when there are four or three."""
        sessions = sorted(self.records["Session"], key=lambda it: it["BeginDate"])
        halves: Counter[tuple[str, str]] = Counter((it["SchoolId"], it["SchoolYear"]) for it in sessions)
        seen: Counter[tuple[str, str]] = Counter()
        for record in sessions:
            place = record["SchoolId"], record["SchoolYear"]
            seen[place] += 1
            self._period(draft, record, record["SessionName"], _PERIODS.get(halves[place], ""), seen[place])
        for (school, year), _count in halves.items():
            mine = [it for it in sessions if (it["SchoolId"], it["SchoolYear"]) == (school, year)]
            draft.add(
                "period", mine[0].file, mine[0].line, school_key=school, period_key=f"year|{year}",
                school_year=_year(year), kind="year", number=1, starts_on=mine[0]["BeginDate"],
                ends_on=max(it["EndDate"] for it in mine), grade_from=1, grade_to=11,
            )  # fmt: skip
        grading = sorted(self.records["GradingPeriod"], key=lambda it: it["BeginDate"])
        counted = Counter((it["SchoolId"], it["SchoolYear"]) for it in grading)
        seen.clear()
        for record in grading:
            place = record["SchoolId"], record["SchoolYear"]
            seen[place] += 1
            self._period(draft, record, record["GradingPeriodName"], _PERIODS.get(counted[place], ""), seen[place])

    def _period(self, draft: BundleDraft, record: Record, key: str, kind: str, number: int) -> None:
        if not kind:
            draft.set_aside(
                "period", record.file, record.line, record.kind, key,
                "there are neither four, three nor two of them in the year", record.texts,
            )  # fmt: skip
            return
        draft.add(
            "period", record.file, record.line, school_key=record["SchoolId"], period_key=key,
            school_year=_year(record["SchoolYear"]), kind=kind, number=number, starts_on=record["BeginDate"],
            ends_on=record["EndDate"], grade_from=1, grade_to=11,
        )  # fmt: skip

    def _staff(self, draft: BundleDraft) -> None:
        people = {record["StaffUniqueId"]: record for record in self.records["Staff"]}
        schools = {record["SchoolId"] or record["IdentificationCode"] for record in self.records["School"]}
        assigned: dict[str, Record] = {
            record["StaffUniqueId"]: record
            for record in self.records["StaffEducationOrganizationAssignmentAssociation"]
        }
        places = [
            (record["StaffUniqueId"], record["SchoolId"] or record["EducationOrganizationId"])
            for kind in (
                "StaffEducationOrganizationAssignmentAssociation",
                "StaffSchoolAssociation",
                "StaffSectionAssociation",
            )
            for record in self.records[kind]
        ]
        for key, school in places:
            if school in schools and key in people:
                record, post = people[key], assigned.get(key)
                draft.add_once(
                    "staff", record.file, record.line, school_key=school, staff_key=key, full_name=_name(record),
                    position=post["PositionTitle"] if post else None,
                    role=_ROLES.get(post.word("StaffClassification")) if post else None,
                )  # fmt: skip
        homes = dict(places)
        for record in self.records["StaffLeave"]:
            if homes.get(record["StaffUniqueId"]) in schools:
                draft.add_once(
                    "staff_absence", record.file, record.line, school_key=homes[record["StaffUniqueId"]],
                    staff_key=record["StaffUniqueId"], from_on=record["BeginDate"], to_on=_after(record["EndDate"]),
                    reason=record.word("StaffLeaveEventCategory"),
                )  # fmt: skip

    def _sections(self, draft: BundleDraft) -> None:
        titles = {record["CourseCode"]: record["CourseTitle"] for record in self.records["Course"]}
        courses = {
            (record["SchoolId"], record["LocalCourseCode"]): record["CourseCode"]
            for record in self.records["CourseOffering"]
        }
        for record in self.records["StaffSectionAssociation"]:
            if record.word("ClassroomPosition") == "Teacher of Record" or _section(record) not in self.teachers:
                self.teachers[_section(record)] = record["StaffUniqueId"]
        grades = self._grades()
        unsaid: Counter[str] = Counter()
        for record in self.records["Section"]:
            school, year, code = record["SchoolId"], _year(record["SchoolYear"]), record["LocalCourseCode"]
            key = _section(record)
            grade = grades.get(key)
            if grade is None:
                unsaid[school] += 1
                grade = self.options.get("grade") or self._lowest(school)
            class_key = f"{year}|{grade}"
            self.sections[key] = (school, class_key, code)
            draft.add_once(
                "school_class", record.file, record.line, school_key=school, class_key=class_key, school_year=year,
                grade=grade, letter=NO_LETTER,
            )  # fmt: skip
            draft.add_once(
                "study_group", record.file, record.line, school_key=school, group_key=key, class_key=class_key,
                kind="subgroup", name=record["SectionName"] or record["SectionIdentifier"],
            )  # fmt: skip
            title = titles.get(courses.get((school, code), code)) or code
            draft.add_once("subject", record.file, record.line, school_key=school, subject_key=code, name=title)
        if unsaid:
            draft.warnings.append(
                f"the grade of {unsaid.total()} sections is not said (no StudentSchoolAssociation): they stand in the"
                " school's lowest grade, or in `grade` of [source.edfi]; do not trust rules that depend on grades"
            )
        for record in self.records["StaffSectionAssociation"]:
            place = self.sections.get(_section(record))
            if place:
                draft.add_once(
                    "teaching_load", record.file, record.line, school_key=place[0], staff_key=record["StaffUniqueId"],
                    group_key=_section(record), subject_key=place[2], from_on=record["BeginDate"],
                    to_on=_after(record["EndDate"]),
                )  # fmt: skip

    def _grades(self) -> dict[str, int]:
        """Section → the grade of most of its pupils."""
        of_pupil = {
            record["StudentUniqueId"]: _grade(record.word("EntryGradeLevel"))
            for record in self.records["StudentSchoolAssociation"]
        }
        counts: dict[str, Counter[int]] = {}
        for record in self.records["StudentSectionAssociation"]:
            grade = of_pupil.get(record["StudentUniqueId"])
            if grade:
                counts.setdefault(_section(record), Counter())[grade] += 1
        return {key: count.most_common(1)[0][0] for key, count in counts.items()}

    def _lowest(self, school: str) -> int | None:
        taught = [
            grade
            for record in self.records["School"]
            if (record["SchoolId"] or record["IdentificationCode"]) == school
            for word in record.words("GradeLevel")
            if (grade := _grade(word))
        ]
        return min(taught, default=None)

    def _rosters(self, draft: BundleDraft) -> None:
        for record in self.records["StudentSchoolAssociation"]:
            self._pupil(draft, record["StudentUniqueId"], record["SchoolId"])
        for record in self.records["StudentSectionAssociation"]:
            place = self.sections.get(_section(record))
            if place is None:
                continue
            school, class_key, _subject = place
            pupil = record["StudentUniqueId"]
            self._pupil(draft, pupil, school)
            dates = {"from_on": record["BeginDate"], "to_on": _after(record["EndDate"])}
            draft.add_once(
                "enrolment", record.file, record.line, school_key=school, pupil_key=pupil, class_key=class_key, **dates
            )
            draft.add_once(
                "group_member", record.file, record.line, school_key=school, group_key=_section(record),
                pupil_key=pupil, **dates,
            )  # fmt: skip

    def _pupil(self, draft: BundleDraft, key: str, school: str) -> None:
        """A pupil belongs to a school where something says so: the interchange of students alone does not."""
        record = self.students.get(key)
        if record is not None:
            sex = {"Female": "f", "Male": "m"}.get(record.word("BirthSex") or record.word("Sex"))
            draft.add_once(
                "pupil", record.file, record.line, school_key=school, pupil_key=key, full_name=_name(record), sex=sex,
                birth_year=record["BirthDate"][:4],
            )  # fmt: skip

    def _lesson(self, draft: BundleDraft, record: Record, section: str, day: str) -> str:
        school, _class, subject = self.sections[section]
        key = f"{section}|{day}"
        draft.add_once(
            "lesson", record.file, record.line, school_key=school, lesson_key=key, group_key=section,
            subject_key=subject, staff_key=self.teachers.get(section), held_on=day, status="held",
        )  # fmt: skip
        return key

    def _entries(self, draft: BundleDraft) -> None:
        kinds: Mapping[str, str] = self.options.get("kinds", {})
        for record in self.records["GradebookEntry"]:
            section = _section(record)
            if section not in self.sections:
                draft.set_aside(
                    "lesson", record.file, record.line, "SectionIdentifier", record["SectionIdentifier"],
                    "refers to a section that is in no row", record.texts,
                )  # fmt: skip
                continue
            key, day, due_on = record["GradebookEntryIdentifier"], record["DateAssigned"], record["DueDate"]
            lesson = self._lesson(draft, record, section, day)
            kind = kinds.get(record.word("GradebookEntryType"), record.word("GradebookEntryType").lower())
            self.entries[key] = (section, lesson, key if kind in WORK_KINDS else "")
            if kind in WORK_KINDS:
                draft.add_once(
                    "work", record.file, record.line, school_key=self.sections[section][0], work_key=key,
                    lesson_key=lesson, kind=kind, title=record["Title"], performed_on=due_on if due_on != day else None,
                )  # fmt: skip

    def _StudentGradebookEntry(self, draft: BundleDraft, record: Record) -> None:
        entry = self.entries.get(record["GradebookEntryIdentifier"])
        text = record["LetterGradeEarned"] or record["NumericGradeEarned"]
        if entry is None or not text:
            if text:
                draft.set_aside(
                    "mark", record.file, record.line, "GradebookEntryIdentifier", record["GradebookEntryIdentifier"],
                    "refers to a gradebook entry that is in no accepted row", record.texts,
                )  # fmt: skip
            return
        section, lesson, work = entry
        school, pupil = self.sections[section][0], record["StudentUniqueId"]
        self._pupil(draft, pupil, school)
        value, reason = mark_of(text, self.options.get("scale"))
        if not value:
            draft.set_aside("mark", record.file, record.line, "NumericGradeEarned", text, reason, record.texts)
            return
        draft.add(
            "mark", record.file, record.line, school_key=school,
            mark_key=f"{record['GradebookEntryIdentifier']}|{pupil}",
            lesson_key=lesson, work_key=work, pupil_key=pupil, value=value, comment=record["DiagnosticStatement"],
        )  # fmt: skip

    def _StudentSectionAttendanceEvent(self, draft: BundleDraft, record: Record) -> None:
        section, category = _section(record), record.word("AttendanceEventCategory")
        code = _CODES.get(category)
        if category == "In Attendance":
            return
        if section not in self.sections or code is None:
            known = section in self.sections
            draft.set_aside(
                "absence", record.file, record.line, "AttendanceEventCategory" if known else "SectionIdentifier",
                category if known else record["SectionIdentifier"],
                f"not one of {', '.join(_CODES)}" if known else "refers to a section that is in no row", record.texts,
            )  # fmt: skip
            return
        school, pupil = self.sections[section][0], record["StudentUniqueId"]
        self._pupil(draft, pupil, school)
        lesson = self._lesson(draft, record, section, record["EventDate"])
        draft.add_once(
            "absence", record.file, record.line, school_key=school, absence_key=f"{lesson}|{pupil}|{code}",
            lesson_key=lesson, pupil_key=pupil, code=code,
        )  # fmt: skip

    def _StudentSchoolAttendanceEvent(self, draft: BundleDraft, record: Record) -> None:
        self._pupil(draft, record["StudentUniqueId"], record["SchoolId"])
        if record.word("AttendanceEventCategory") != "In Attendance":
            draft.set_aside(
                "absence", record.file, record.line, "EventDate", record["EventDate"],
                "an absence from school for the day: the standard names no lessons it could belong to", record.texts,
            )  # fmt: skip


def _section(record: Record) -> str:
    """A section is one of its school, course and session."""
    parts = (record["SectionIdentifier"], record["SchoolId"], record["LocalCourseCode"], record["SessionName"])
    return "|".join(parts)


def _name(record: Record) -> str:
    return " ".join(filter(None, (record["LastSurname"], record["FirstName"], record["MiddleName"])))


def _year(text: str) -> str:
    return text.replace("-", "/")


def _grade(word: str) -> int | None:
    return _GRADES.get(word.split(" ")[0]) if word else None


def _after(day: str) -> str | None:
    """Their last day counts, our end is the first that does not."""
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat() if day else None


SOURCE = EdFi()
