"""The rosters and the gradebook as OneRoster 1.1 or 1.2 CSV, made from the open export: one zip, rows streamed.

The standard has no lessons, topics, homework or absences: those stay behind. Moments become days (`scoreDate`).
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Literal

from etl.errors import SettingsError
from etl.export_bundle import export_bundle
from etl.sources.oneroster import PERIOD_KINDS, WITHOUT_WORK, WORK_KINDS
from etl.sources.oneroster_files import COLUMNS

Version = Literal["1.1", "1.2"]
Row = dict[str, str]
_ONLY_1_2 = {
    "users": ("userMasterIdentifier", "preferredGivenName", "preferredMiddleName", "preferredFamilyName",
              "primaryOrgSourcedId", "pronouns", "resourceSourcedIds"),
    "categories": ("weight",),
    "lineItems": ("academicSessionSourcedId", "scoreScaleSourcedId", "schoolSourcedId"),
    "results": ("textScore", "classSourcedId", "scoreScaleSourcedId", "inProgress", "incomplete", "late", "missing"),
}  # fmt: skip
_ONLY_1_1 = {"users": ("orgSourcedIds", "role"), "lineItems": ("academicSessionSourcedId",)}
_SESSION_TYPES = {"year": "schoolYear", "half_year": "semester", "trimester": "term", "quarter": "gradingPeriod"}
_ROLES = {"director": "principal", "administrator": "administrator"}
HOMEROOM = "homeroom"


def export_oneroster(
    url: str,
    target: Path,
    *,
    version: Version = "1.2",
    school_keys: Collection[str] = (),
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, int]:
    """Write the zip and return the number of rows by file. Raises SettingsError as `export_bundle`."""
    if target.exists() or target.suffix != ".zip":
        raise SettingsError(f"{target} is no new .zip.", advice="Name a new FILE.zip for --out.")
    try:
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as folder:
            bundles = export_bundle(url, Path(folder) / "bundle", school_keys=school_keys, progress=progress)
            unfinished = Path(folder) / "whole.zip"
            tables = _Tables([bundle.path for bundle in bundles])
            with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
                counts = _write(archive, tables, version)
            unfinished.rename(target)
    except OSError as error:
        raise SettingsError(f"{target} cannot be written: {error.strerror}.", advice="Choose another --out.") from error
    return counts


class _Tables:
    """Rows of an exported bundle, school by school table; keys become unique in the whole export where they are not."""

    def __init__(self, folders: list[Path]) -> None:
        self._folders = folders
        self.schools = {row["school_key"]: row for row in self.rows("school")}
        manifest = json.loads((folders[-1] / "manifest.json").read_text(encoding="utf-8"))
        self.extracted_on = str(manifest["extracted_at"])[:10]

    def rows(self, table: str) -> Iterator[Row]:
        for folder in self._folders:
            path = folder / f"{table}.csv"
            if path.exists():
                with path.open(encoding="utf-8", newline="") as stream:
                    yield from csv.DictReader(stream)

    def unique(self, table: str, *key: str) -> list[Row]:
        """The newest row of each key: an older bundle repeats the tables of the frame."""
        return list({tuple(row[name] for name in ("school_key", *key)): row for row in self.rows(table)}.values())

    def id(self, row: Row, *parts: str) -> str:
        """`sourcedId`s are unique in the export, our keys in their school: several schools go before their keys."""
        return "|".join([row["school_key"], *parts] if len(self.schools) > 1 else parts)


def _write(archive: zipfile.ZipFile, tables: _Tables, version: Version) -> dict[str, int]:
    files: dict[str, Iterable[Row]] = {
        "orgs": _orgs(tables),
        "academicSessions": _sessions(tables),
        "users": _users(tables),
        "courses": _courses(tables),
        "classes": _classes(tables),
        "enrollments": _enrollments(tables),
        "categories": ({"sourcedId": name, "title": name} for name in (*WORK_KINDS, *PERIOD_KINDS, WITHOUT_WORK)),
        "lineItems": _line_items(tables),
        "results": _results(tables),
    }
    if version == "1.2":
        files["roles"] = (
            {
                "sourcedId": f"role|{user['sourcedId']}", "userSourcedId": user["sourcedId"], "roleType": "primary",
                "role": user["role"], "orgSourcedId": user["orgSourcedIds"],
            }
            for user in _users(tables)
        )  # fmt: skip
    counts = {name: _write_file(archive, name, rows, version) for name, rows in files.items()}
    archive.writestr("manifest.csv", _manifest(tables, counts, version))
    return counts


def _write_file(archive: zipfile.ZipFile, name: str, rows: Iterable[Row], version: Version) -> int:
    left_out = (_ONLY_1_2 if version == "1.1" else _ONLY_1_1).get(name, ())
    columns = [column for column in COLUMNS[name] if column not in left_out]
    count = 0
    with (
        archive.open(f"{name}.csv", "w", force_zip64=True) as member,
        io.TextIOWrapper(member, encoding="utf-8", newline="") as stream,
    ):
        writer = csv.DictWriter(stream, columns, restval="", extrasaction="ignore")
        writer.writeheader()
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _manifest(tables: _Tables, counts: Collection[str], version: Version) -> str:
    system = next((row["source_system"] for row in tables.schools.values()), "")
    known = [*COLUMNS, "demographics", "resources", "classResources", "courseResources"]
    lines = [
        ("propertyName", "value"),
        ("manifest.version", "1.0"),
        ("oneroster.version", version),
        *((f"file.{name}", "bulk" if name in counts else "absent") for name in known),
        ("source.systemName", system),
    ]
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    return out.getvalue()


def _orgs(tables: _Tables) -> Iterator[Row]:
    for name in sorted({row["municipality"] for row in tables.schools.values()}):
        yield {"sourcedId": f"municipality|{name}", "name": name, "type": "district"}
    for key, row in tables.schools.items():
        yield {
            "sourcedId": key, "name": row["name"], "type": "school",
            "parentSourcedId": f"municipality|{row['municipality']}",
        }  # fmt: skip


def _sessions(tables: _Tables) -> Iterator[Row]:
    years = _year_sessions(tables)
    yield from years.values()
    for row in tables.unique("period", "period_key"):
        if row["kind"] == "year":
            continue
        yield {
            "sourcedId": tables.id(row, row["period_key"]), "title": row["period_key"],
            "type": _SESSION_TYPES[row["kind"]], "startDate": row["starts_on"], "endDate": row["ends_on"],
            "parentSourcedId": years[row["school_key"], row["school_year"]]["sourcedId"],
            "schoolYear": row["school_year"][-4:],
        }  # fmt: skip


def _year_sessions(tables: _Tables) -> dict[tuple[str, str], Row]:
    """A session for each school's year: its period of kind `year`, else from the first of its periods to the last;
    the whole of it where no periods are known."""
    found: dict[tuple[str, str], Row] = {}
    periods = tables.unique("period", "period_key")
    for row in sorted(periods, key=lambda row: row["kind"] != "year"):
        place = row["school_key"], row["school_year"]
        if place not in found:
            of_year = [it for it in periods if (it["school_key"], it["school_year"]) == place]
            named = row["period_key"] if row["kind"] == "year" else f"year|{row['school_year']}"
            starts, ends = min(it["starts_on"] for it in of_year), max(it["ends_on"] for it in of_year)
            found[place] = _year(tables, row, named, starts, ends)
    for row in tables.unique("school_class", "class_key"):
        first, last = row["school_year"].split("/")
        place = row["school_key"], row["school_year"]
        if place not in found:
            found[place] = _year(tables, row, f"year|{row['school_year']}", f"{first}-09-01", f"{last}-08-31")
    return found


def _year(tables: _Tables, row: Row, key: str, starts_on: str, ends_on: str) -> Row:
    return {
        "sourcedId": tables.id(row, key), "title": row["school_year"], "type": "schoolYear", "startDate": starts_on,
        "endDate": ends_on, "schoolYear": row["school_year"][-4:],
    }  # fmt: skip


def _users(tables: _Tables) -> Iterator[Row]:
    for table, key in (("pupil", "pupil_key"), ("staff", "staff_key")):
        for row in tables.unique(table, key):
            family, given, middle = [*row["full_name"].split(maxsplit=2), "", ""][:3]
            role = "student" if table == "pupil" else _ROLES.get(row["role"], "teacher")
            user = tables.id(row, row[key])
            yield {
                "sourcedId": user, "enabledUser": "true", "username": user, "givenName": given or "—",
                "familyName": family, "middleName": middle, "role": role, "orgSourcedIds": row["school_key"],
                "primaryOrgSourcedId": row["school_key"],
            }  # fmt: skip


def _courses(tables: _Tables) -> Iterator[Row]:
    for key in tables.schools:
        row = {"school_key": key}
        yield {"sourcedId": tables.id(row, HOMEROOM), "title": "Классное руководство", "orgSourcedId": key}
    for row in tables.unique("subject", "subject_key"):
        yield {"sourcedId": tables.id(row, row["subject_key"]), "title": row["name"], "orgSourcedId": row["school_key"]}


def _journals(tables: _Tables) -> dict[tuple[str, str, str], str]:
    """(school, group, subject) → the teacher of its newest load, else of its last lesson."""
    found: dict[tuple[str, str, str], str] = {}
    for table in ("curriculum", "plan", "lesson", "teaching_load"):
        for row in tables.rows(table):
            place = row["school_key"], row["group_key"], row["subject_key"]
            found[place] = row.get("staff_key") or found.get(place, "")
    return found


def _classes(tables: _Tables) -> Iterator[Row]:
    classes = {(row["school_key"], row["class_key"]): row for row in tables.unique("school_class", "class_key")}
    groups = {(row["school_key"], row["group_key"]): row for row in tables.unique("study_group", "group_key")}
    subjects = {(row["school_key"], row["subject_key"]): row["name"] for row in tables.unique("subject", "subject_key")}
    years = _year_sessions(tables)
    for row in groups.values():
        if row["kind"] == "class":
            yield _class(tables, row, classes, years, HOMEROOM, "")
    for school, group, subject in sorted(_journals(tables)):
        row = groups[school, group]
        yield _class(tables, row, classes, years, subject, subjects[school, subject])


def _class(
    tables: _Tables,
    group: Row,
    classes: dict[tuple[str, str], Row],
    years: dict[tuple[str, str], Row],
    subject: str,
    subject_name: str,
) -> Row:
    school = group["school_key"]
    of_class = classes[school, group["class_key"]]
    name = of_class["grade"] + of_class["letter"]
    return {
        "sourcedId": tables.id(group, *([group["group_key"], subject] if subject_name else [group["group_key"]])),
        "title": " ".join(filter(None, (name, subject_name, group["name"] if group["kind"] != "class" else ""))),
        "grades": f"{int(of_class['grade']):02d}",
        "courseSourcedId": tables.id(group, subject),
        "classType": "scheduled" if subject_name else "homeroom",
        "schoolSourcedId": school,
        "termSourcedIds": years[school, of_class["school_year"]]["sourcedId"],
    }


def _enrollments(tables: _Tables) -> Iterator[Row]:
    groups = tables.unique("study_group", "group_key")
    members: dict[tuple[str, str], list[Row]] = {}
    of_class: dict[tuple[str, str], list[Row]] = {}
    for row in tables.unique("enrolment", "pupil_key", "class_key", "from_on"):
        of_class.setdefault((row["school_key"], row["class_key"]), []).append(row)
    for row in tables.unique("group_member", "group_key", "pupil_key", "from_on"):
        members.setdefault((row["school_key"], row["group_key"]), []).append(row)
    pupils = {
        (row["school_key"], row["group_key"]): of_class.get((row["school_key"], row["class_key"]), [])
        if row["kind"] == "class"
        else members.get((row["school_key"], row["group_key"]), [])
        for row in groups
    }
    for row in groups:
        if row["kind"] == "class":
            yield from _of_class(tables, row, row["group_key"], pupils[row["school_key"], row["group_key"]])
    for school, group, subject in sorted(journals := _journals(tables)):
        row = {"school_key": school}
        yield from _of_class(tables, row, f"{group}|{subject}", pupils[school, group])
        teacher = journals[school, group, subject]
        if teacher:
            yield _enrollment(tables, row, f"{group}|{subject}", teacher, "teacher", {})


def _of_class(tables: _Tables, row: Row, key: str, pupils: Iterable[Row]) -> Iterator[Row]:
    for pupil in pupils:
        yield _enrollment(tables, row, key, pupil["pupil_key"], "student", pupil)


def _enrollment(tables: _Tables, row: Row, key: str, person: str, role: str, dates: Row) -> Row:
    start = dates.get("from_on", "")
    return {
        "sourcedId": tables.id(row, key, person, role, start), "classSourcedId": tables.id(row, key),
        "schoolSourcedId": row["school_key"], "userSourcedId": tables.id(row, person), "role": role,
        "primary": "true" if role == "teacher" else "", "beginDate": start, "endDate": dates.get("to_on", ""),
    }  # fmt: skip


def _line_items(tables: _Tables) -> Iterator[Row]:
    """Works; lessons with marks that belong to no work; period marks of a journal."""
    bare = {(row["school_key"], row["lesson_key"]) for row in tables.rows("mark") if not row["work_key"]}
    places: dict[tuple[str, str], tuple[str, str, str]] = {}
    for row in tables.rows("lesson"):
        place = places[row["school_key"], row["lesson_key"]] = (row["group_key"], row["subject_key"], row["held_on"])
        if (row["school_key"], row["lesson_key"]) in bare:
            yield _item(tables, row, ("lesson", row["lesson_key"]), WITHOUT_WORK, place, "", "")
    for row in tables.rows("work"):
        place = places[row["school_key"], row["lesson_key"]]
        yield _item(tables, row, (row["work_key"],), row["kind"], place, row["performed_on"], row["title"])
    seen = set()
    ends = {(row["school_key"], row["period_key"]): row["ends_on"] for row in tables.unique("period", "period_key")}
    for row in tables.rows("period_mark"):
        key = _period_item(row)
        if (row["school_key"], key) not in seen:
            seen.add((row["school_key"], key))
            place = row["group_key"], row["subject_key"], ends.get((row["school_key"], row["period_key"]), "")
            item = _item(tables, row, key, row["kind"], place, "", row["period_key"])
            yield {**item, "gradingPeriodSourcedId": tables.id(row, row["period_key"])}


def _period_item(row: Row) -> tuple[str, ...]:
    return "period_mark", row["group_key"], row["subject_key"], row["period_key"], row["kind"]


def _item(
    tables: _Tables, row: Row, key: tuple[str, ...], kind: str, place: tuple[str, str, str], due_on: str, title: str
) -> Row:
    group, subject, day = place
    return {
        "sourcedId": tables.id(row, *key), "title": title or kind, "assignDate": day, "dueDate": due_on or day,
        "classSourcedId": tables.id(row, group, subject), "categorySourcedId": kind, "resultValueMin": "1",
        "resultValueMax": "5", "schoolSourcedId": row["school_key"],
    }  # fmt: skip


def _results(tables: _Tables) -> Iterator[Row]:
    for row in tables.rows("mark"):
        item = (row["work_key"],) if row["work_key"] else ("lesson", row["lesson_key"])
        yield _result(tables, row, row["mark_key"], item)
    for row in tables.rows("period_mark"):
        yield _result(tables, row, f"period_mark|{row['period_mark_key']}", _period_item(row))


def _result(tables: _Tables, row: Row, key: str, item: tuple[str, ...]) -> Row:
    """A score is a number; other marks go as text (1.2) and as the remark (1.1 has no place for them).

    The standard requires a day: where the entry's own is not known, it is the one by which it was certainly there.
    """
    value, remark = row["value"], row.get("comment") or ""
    digit = value if value.isdigit() else value[0] if value[0].isdigit() else ""
    statuses = {"осв": "exempt", ".": "not submitted"}
    moment = row["recorded_at"].split("/")[-1] or tables.extracted_on
    return {
        "sourcedId": tables.id(row, key), "lineItemSourcedId": tables.id(row, *item),
        "studentSourcedId": tables.id(row, row["pupil_key"]), "scoreStatus": statuses.get(value, "fully graded"),
        "score": digit, "textScore": "" if value == digit else value,
        "scoreDate": moment[:10],
        "comment": remark if value == digit else "; ".join(filter(None, (value, remark))),
    }  # fmt: skip
