"""OneRoster 1.1 and 1.2 CSV as a journal bundle: rosters, and the gradebook as works and marks.

The standard knows no lessons, topics, homework, absences or moments of entry: what it cannot tell stays untold. A day
with a line item becomes a lesson without topic; `scoreDate` is the moment of a mark known by its day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from etl.contract.tables import BY_NAME
from etl.errors import SourceError
from etl.sources.answers import Answers
from etl.sources.bundle import Bundle
from etl.sources.draft import BundleDraft
from etl.sources.oneroster_files import ROSTER, Line, members, read_lines, read_properties
from etl.sources.registry import Recognition, Told
from etl.sources.scale import mark_of
from etl.transforms.moments import BEGINNING

WORK_KINDS = BY_NAME["work"].by_name["kind"].values
PERIOD_KINDS = BY_NAME["period_mark"].by_name["kind"].values
"""Titles of categories that our own export writes; others become kinds by the option `kinds`."""
WITHOUT_WORK = "lesson"
"""Category of our own export for marks that belong to no work."""
_ROLES = {
    "teacher": "teacher",
    "administrator": "administrator",
    "principal": "director",
    "systemadministrator": "administrator",
}
_SESSIONS = {4: "quarter", 3: "trimester", 2: "half_year"}
NO_LETTER = "—"
"""Letter of the class that holds the sections of a grade where the files name no home rooms."""


class OneRoster:
    """A folder or zip with the standard's files."""

    name = "oneroster"
    title = "OneRoster 1.1 or 1.2 CSV"

    def recognise(self, path: Path) -> Recognition | None:
        found = members(path)
        if not set(ROSTER) <= set(found):
            return None
        kinds = ", ".join(name for name in found if name != "manifest")
        return Recognition(
            self.name,
            self.title,
            path,
            (
                f"files: {kinds}",
                "cannot tell: lessons, topics, homework, absences, substitutions, who entered and when but for the day"
                " of a mark",
            ),
            {"mark": "day"},
        )

    def open(self, recognition: Recognition, answers: Answers, scratch: Path, told: Told) -> Bundle:
        return _Reading(recognition.path, answers, told).write(scratch)


class _Reading:
    """One reading of the files; rosters are held, results stream."""

    def __init__(self, path: Path, answers: Answers, told: Told) -> None:
        self.path, self.answers, self.told = path, answers, told
        self.found = members(path)
        self.stated = read_properties(path, self.found["manifest"]) if "manifest" in self.found else {}
        self.newest = ""
        self.lines = {
            kind: {line["sourcedId"]: line for line in self._read(kind)}
            for kind in self.found
            if kind != "manifest" and kind != "results"
        }
        self.options: Mapping[str, Any] = answers.options.get("oneroster", {})
        self.teachers: dict[str, str] = {}
        self.journals: dict[str, tuple[str, str, str]] = {}
        self.years: dict[str, str] = {}

    def _read(self, kind: str) -> list[Line]:
        self.told(f"reading {kind}", 0, 0)
        lines = list(read_lines(self.path, kind, self.found[kind]))
        self.newest = max([self.newest, *(line["dateLastModified"] for line in lines)])
        return [line for line in lines if not line.is_deleted]

    def write(self, scratch: Path) -> Bundle:
        is_delta = any(value == "delta" for name, value in self.stated.items() if name.startswith("file."))
        mode: Literal["snapshot", "delta"] = "delta" if is_delta else "snapshot"
        system = self.stated.get("source.systemName") or "OneRoster"
        draft = BundleDraft(scratch, source_system=system, extracted_at=self._moment(), mode=mode)
        with draft:
            self._schools(draft)
            self._sessions(draft)
            self._people(draft)
            self._classes(draft)
            self._enrollments(draft)
            if "lineItems" in self.found:
                self._gradebook(draft)
            return draft.finish(self.path)

    def _moment(self) -> datetime:
        if self.answers.extracted_at:
            return self.answers.extracted_at
        try:
            moment = datetime.fromisoformat(self.newest)
        except ValueError:
            moment = BEGINNING
        if moment.tzinfo is None or moment <= BEGINNING:
            return self.answers.need("extracted_at", "2024-10-01T06:00:00+03:00")  # type: ignore[no-any-return]
        return moment

    def _schools(self, draft: BundleDraft) -> None:
        orgs = self.lines["orgs"]
        schools = [line for line in orgs.values() if line["type"].lower() == "school"]
        if not schools:
            raise SourceError(f"{self.found['orgs']} names no org of type school.", advice="Export the schools too.")
        for line in schools:
            parent = orgs.get(line["parentSourcedId"])
            municipality = self.answers.municipality or (parent["name"] if parent else "")
            draft.add(
                "school",
                line.file,
                line.row,
                school_key=line["sourcedId"],
                name=line["name"],
                municipality=municipality or self.answers.need("municipality", "'Город'"),
                region=self.answers.region,
                timezone=self.answers.need("timezone", "Europe/Moscow"),
                week_days=self.answers.week_days,
                source_system=self.stated.get("source.systemName") or "OneRoster",
                regulation=self.answers.regulation,
            )
        self.schools = [line["sourcedId"] for line in schools]

    def _sessions(self, draft: BundleDraft) -> None:
        """Grading periods by their number in the year, and the year itself, for the schools whose classes use them."""
        sessions = sorted(self.lines["academicSessions"].values(), key=lambda it: (it["startDate"], it["sourcedId"]))
        used: dict[str, set[str]] = {}
        for line in self.lines["classes"].values():
            for term in line.many("termSourcedIds"):
                used.setdefault(self._root(term), set()).add(line["schoolSourcedId"])
        counted: Counter[tuple[str, str]] = Counter()
        for line in sessions:
            year = line["schoolYear"]
            self.years[line["sourcedId"]] = f"{int(year) - 1}/{year}" if year.isdigit() else year
            counted[line["type"].lower(), self._root(line["sourcedId"])] += 1
        seen: Counter[tuple[str, str]] = Counter()
        for line in sessions:
            kind, root = line["type"].lower(), self._root(line["sourcedId"])
            seen[kind, root] += 1
            named = {"schoolyear": "year", "semester": "half_year"}.get(kind) or _SESSIONS.get(counted[kind, root])
            if named is None:
                draft.set_aside(
                    "period", line.file, line.row, "type", line["type"],
                    f"{counted[kind, root]} such sessions in a year are neither quarters, trimesters nor half-years",
                    dict(line.cells),
                )  # fmt: skip
                continue
            for school in sorted(used.get(root, self.schools)):
                draft.add(
                    "period", line.file, line.row, school_key=school, period_key=line["sourcedId"],
                    school_year=self.years[line["sourcedId"]], kind=named, number=seen[kind, root],
                    starts_on=line["startDate"], ends_on=line["endDate"], grade_from=1, grade_to=11,
                )  # fmt: skip

    def _root(self, session: str) -> str:
        """The session that has no parent: the school year."""
        line, passed = self.lines["academicSessions"].get(session), {session}
        while line and line["parentSourcedId"] and line["parentSourcedId"] not in passed:
            session = line["parentSourcedId"]
            passed.add(session)
            line = self.lines["academicSessions"].get(session)
        return session

    def _homes(self) -> dict[str, str]:
        """Class of the standard → the home room in which at least half of its pupils are."""
        rooms = {key for key, line in self.lines["classes"].items() if line["classType"].lower() == "homeroom"}
        pupils = [it for it in self.lines.get("enrollments", {}).values() if it["role"].lower() == "student"]
        home = {it["userSourcedId"]: it["classSourcedId"] for it in pupils if it["classSourcedId"] in rooms}
        sizes: Counter[str] = Counter()
        shares: dict[str, Counter[str]] = {}
        for it in pupils:
            if it["classSourcedId"] not in rooms:
                sizes[it["classSourcedId"]] += 1
                shares.setdefault(it["classSourcedId"], Counter())[home.get(it["userSourcedId"], "")] += 1
        best = {key: count.most_common(1)[0] for key, count in shares.items()}
        return {key: room for key, (room, count) in best.items() if room and 2 * count >= sizes[key]}

    def _people(self, draft: BundleDraft) -> None:
        """1.1 states role and orgs with the user, 1.2 in a file of its own."""
        roles = [
            (line["userSourcedId"], line["orgSourcedId"], line["role"]) for line in self.lines.get("roles", {}).values()
        ]
        for line in self.lines["users"].values():
            roles += [(line["sourcedId"], org, line["role"]) for org in line.many("orgSourcedIds") if line["role"]]
        for user, org, role in roles:
            person = self.lines["users"].get(user)
            if person is None or org not in self.schools:
                continue
            name = " ".join(filter(None, (person["familyName"], person["givenName"], person["middleName"])))
            word = role.lower()
            if word == "student":
                draft.add_once("pupil", person.file, person.row, school_key=org, pupil_key=user, full_name=name)
            elif word not in ("parent", "guardian", "relative"):
                draft.add_once(
                    "staff", person.file, person.row, school_key=org, staff_key=user, full_name=name, position=role,
                    role=_ROLES.get(word),
                )  # fmt: skip

    def _classes(self, draft: BundleDraft) -> None:
        courses, homes = self.lines.get("courses", {}), self._homes()
        self.homes = homes
        ordered = sorted(self.lines["classes"].values(), key=lambda it: it["classType"].lower() != "homeroom")
        for line in ordered:
            school, key = line["schoolSourcedId"], line["sourcedId"]
            year = next((self.years[term] for term in line.many("termSourcedIds") if term in self.years), "")
            grade = next((text.lstrip("0") for text in line.many("grades") if text.isdigit()), "")
            is_home = line["classType"].lower() == "homeroom"
            class_key = key if is_home else homes.get(key, f"{year}|{grade or '?'}")
            if key not in homes:
                draft.add_once(
                    "school_class",
                    line.file,
                    line.row,
                    school_key=school,
                    class_key=class_key,
                    school_year=year,
                    grade=grade,
                    letter=line["title"].lstrip("0123456789 -") or NO_LETTER if is_home else NO_LETTER,
                )
            if is_home:
                draft.add(
                    "study_group", line.file, line.row, school_key=school, group_key=key, class_key=key, kind="class"
                )
                self.journals[key] = (school, class_key, "")
                continue
            course = courses.get(line["courseSourcedId"])
            draft.add(
                "study_group", line.file, line.row, school_key=school, group_key=key, class_key=class_key,
                kind="subgroup", name=line["title"],
            )  # fmt: skip
            title = course["title"] if course else line["title"]
            place = course or line
            draft.add_once(
                "subject", place.file, place.row, school_key=school, subject_key=line["courseSourcedId"], name=title
            )
            self.journals[key] = (school, class_key, line["courseSourcedId"])

    def _enrollments(self, draft: BundleDraft) -> None:
        for table in ("enrolment", "group_member", "teaching_load"):
            draft.table(table)
        for line in self.lines.get("enrollments", {}).values():
            user, key = line["userSourcedId"], line["classSourcedId"]
            if key not in self.journals:
                draft.set_aside(
                    "group_member", line.file, line.row, "classSourcedId", key, "refers to a class that is in no row",
                    dict(line.cells),
                )  # fmt: skip
                continue
            school, class_key, subject = self.journals[key]
            start, end = line["beginDate"] or self._start(key), line["endDate"]
            role = line["role"].lower()
            if role == "student":
                if not subject or key not in self.homes:
                    draft.add_once(
                    "enrolment", line.file, line.row, school_key=school, pupil_key=user, class_key=class_key,
                    from_on=start, to_on=end,
                )  # fmt: skip
                if subject:
                    draft.add(
                        "group_member", line.file, line.row, school_key=school, group_key=key, pupil_key=user,
                        from_on=start, to_on=end,
                    )  # fmt: skip
            elif role == "teacher" and subject:
                if line["primary"].lower() == "true" or key not in self.teachers:
                    self.teachers[key] = user
                draft.add(
                    "teaching_load", line.file, line.row, school_key=school, staff_key=user, group_key=key,
                    subject_key=subject, from_on=line["beginDate"], to_on=end,
                )  # fmt: skip

    def _start(self, class_key: str) -> str:
        terms = (
            self.lines["academicSessions"].get(term) for term in self.lines["classes"][class_key].many("termSourcedIds")
        )
        return min((term["startDate"] for term in terms if term), default="")

    def _gradebook(self, draft: BundleDraft) -> None:
        for table in ("lesson", "work", "mark", "period_mark"):
            draft.table(table)
        kinds: Mapping[str, str] = self.options.get("kinds", {})
        unknown: Counter[str] = Counter()
        told: dict[str, tuple[str, str]] = {}
        for key, line in self.lines["lineItems"].items():
            journal = self.journals.get(line["classSourcedId"])
            if journal is None:
                draft.set_aside(
                    "work", line.file, line.row, "classSourcedId", line["classSourcedId"],
                    "refers to a class that is in no row", dict(line.cells),
                )  # fmt: skip
                continue
            category = self.lines.get("categories", {}).get(line["categorySourcedId"])
            title = category["title"] if category else ""
            kind = kinds.get(title, title)
            if kind in PERIOD_KINDS:
                told[key] = ("", kind)
                continue
            lesson, work = self._lesson(draft, line, journal), ""
            if kind in WORK_KINDS:
                work = key
                draft.add(
                    "work", line.file, line.row, school_key=journal[0], work_key=key, lesson_key=lesson, kind=kind,
                    title=line["title"],
                    performed_on=line["dueDate"][:10] if line["dueDate"][:10] != line["assignDate"][:10] else None,
                )  # fmt: skip
            elif kind != WITHOUT_WORK:
                unknown[title] += 1
            told[key] = (lesson, work)
        if unknown:
            names = ", ".join(repr(name) for name in sorted(unknown))
            draft.warnings.append(
                f"{unknown.total()} line items of the categories {names} are marks without a work: their kind is not"
                f" known; name it in [source.oneroster.kinds], one of {', '.join(WORK_KINDS)}"
            )
        if "results" in self.found:
            for number, line in enumerate(read_lines(self.path, "results", self.found["results"])):
                if number % 10000 == 0:
                    self.told("reading results", number, 0)
                if not line.is_deleted:
                    self._result(draft, line, told)

    def _lesson(self, draft: BundleDraft, line: Line, journal: tuple[str, str, str]) -> str:
        """The journal's day of the line item: the standard has no lessons."""
        day, group = line["assignDate"][:10], line["classSourcedId"]
        key = f"{group}|{day}"
        draft.add_once(
            "lesson", line.file, line.row, school_key=journal[0], lesson_key=key, group_key=group,
            subject_key=journal[2], staff_key=self.teachers.get(group), held_on=day, status="held",
        )  # fmt: skip
        return key

    def _result(self, draft: BundleDraft, line: Line, told: Mapping[str, tuple[str, str]]) -> None:
        item = self.lines["lineItems"].get(line["lineItemSourcedId"])
        if item is None or line["lineItemSourcedId"] not in told:
            draft.set_aside(
                "mark", line.file, line.row, "lineItemSourcedId", line["lineItemSourcedId"],
                "refers to a line item that is in no accepted row", dict(line.cells),
            )  # fmt: skip
            return
        status = line["scoreStatus"].lower()
        text = line["textScore"] or line["score"]
        if status == "not submitted" and not text:
            return  # nothing was handed in and nothing is marked
        value, reason = ("осв", "") if status == "exempt" and not text else mark_of(text, self.options.get("scale"))
        school, _class, subject = self.journals[item["classSourcedId"]]
        lesson, work = told[line["lineItemSourcedId"]]
        table = "mark" if lesson else "period_mark"
        if not value:
            draft.set_aside(table, line.file, line.row, "score", text, reason, dict(line.cells))
            return
        common = {
            "school_key": school, "pupil_key": line["studentSourcedId"], "value": value,
            "recorded_at": line["scoreDate"],
        }  # fmt: skip
        if lesson:
            draft.add(
                "mark", line.file, line.row, mark_key=line["sourcedId"], lesson_key=lesson, work_key=work,
                comment=line["comment"], **common,
            )  # fmt: skip
            return
        draft.add(
            "period_mark", line.file, line.row, period_mark_key=line["sourcedId"], group_key=item["classSourcedId"],
            subject_key=subject, period_key=item["gradingPeriodSourcedId"] or item["academicSessionSourcedId"],
            kind=work, **common,
        )  # fmt: skip


SOURCE = OneRoster()
