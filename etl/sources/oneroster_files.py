"""The files of OneRoster 1.1 and 1.2 CSV: their columns, the required ones, and how headers are misspelt."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from etl.errors import SourceError
from etl.sources.bundle import DAMAGE, zip_members

_BASE = "sourcedId* status dateLastModified "
_COLUMNS: dict[str, str] = {
    "academicSessions": "title* type* startDate* endDate* parentSourcedId schoolYear*",
    "orgs": "name* type* identifier parentSourcedId",
    "users": "enabledUser* username* givenName* familyName* orgSourcedIds role userIds middleName identifier email sms"
    " phone agentSourcedIds grades password userMasterIdentifier preferredGivenName preferredMiddleName"
    " preferredFamilyName primaryOrgSourcedId pronouns resourceSourcedIds",
    "roles": "userSourcedId* roleType* role* beginDate endDate orgSourcedId* userProfileSourcedId",
    "courses": "title* orgSourcedId* schoolYearSourcedId courseCode grades subjects subjectCodes",
    "classes": "title* courseSourcedId* classType* schoolSourcedId* termSourcedIds* grades classCode location subjects"
    " subjectCodes periods",
    "enrollments": "classSourcedId* schoolSourcedId* userSourcedId* role* primary beginDate endDate",
    "categories": "title* weight",
    "lineItems": "title* assignDate* dueDate* classSourcedId* description categorySourcedId gradingPeriodSourcedId"
    " academicSessionSourcedId resultValueMin resultValueMax scoreScaleSourcedId schoolSourcedId",
    "results": "lineItemSourcedId* studentSourcedId* scoreStatus* scoreDate* score textScore comment classSourcedId"
    " scoreScaleSourcedId inProgress incomplete late missing",
}
COLUMNS: dict[str, tuple[str, ...]] = {
    name: tuple(word.rstrip("*") for word in (_BASE + words).split()) for name, words in _COLUMNS.items()
}
"""Columns of each file, both versions together, in the order of the specification's 1.1 where it has them."""
REQUIRED: dict[str, tuple[str, ...]] = {
    name: tuple(word[:-1] for word in (_BASE + words).split() if word.endswith("*")) for name, words in _COLUMNS.items()
}
ROSTER = ("orgs", "academicSessions", "users", "classes")
"""Without these there are no journals to speak of."""
_MISSPELT = {"datalastmodified": "dateLastModified", "prefferedgivenname": "preferredGivenName"}
"""Headers seen in real exports."""


@dataclass(frozen=True)
class Line:
    """One row: its file, its number there (the header is 1) and its cells, blank ones left out."""

    file: str
    row: int
    cells: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")

    @property
    def is_deleted(self) -> bool:
        return self["status"].lower() == "tobedeleted"

    def many(self, name: str) -> list[str]:
        """Cells that hold several values, separated by commas."""
        return [part.strip() for part in self[name].split(",") if part.strip()]


def members(path: Path) -> dict[str, str]:
    """File of the standard → its name in the folder or zip; {} where nothing can be read."""
    known = {name.lower(): name for name in (*COLUMNS, "manifest")}
    try:
        if path.is_dir():
            names = [entry.name for entry in path.iterdir() if entry.is_file()]
        else:
            names = list(zip_members(path))
    except (SourceError, *DAMAGE):
        return {}
    found: dict[str, str] = {}
    for name in sorted(names):
        pure = PurePosixPath(name)
        if pure.suffix.lower() == ".csv" and pure.stem.lower() in known:
            found.setdefault(known[pure.stem.lower()], name)
    return found


def read_properties(path: Path, name: str) -> dict[str, str]:
    """`manifest.csv` as property → value; SourceError where it cannot be read."""
    return {row[0].strip(): row[1].strip() for row in _rows(path, name) if len(row) > 1}


def read_lines(path: Path, kind: str, name: str) -> Iterator[Line]:
    """The rows of one file. Raises SourceError naming both lists of columns where a required one is missing."""
    rows = _rows(path, name)
    header = [_column(kind, text) for text in next(rows, [])]
    lacking = [column for column in REQUIRED[kind] if column not in header]
    if lacking:
        raise SourceError(
            f"{name} lacks the required columns {', '.join(lacking)}. Columns found: {', '.join(header) or 'none'};"
            f" required: {', '.join(REQUIRED[kind])}.",
            advice="Export OneRoster 1.1 or 1.2 CSV again; the names of columns are those of the specification.",
        )
    for number, row in enumerate(rows, 2):
        cells = {column: cell.strip() for column, cell in zip(header, row, strict=False) if cell.strip()}
        if cells:
            yield Line(name, number, cells)


def _column(kind: str, text: str) -> str:
    """The specification's name of a header, whatever its case and spaces, a known misspelling included."""
    plain = re.sub(r"[\s_]", "", text.strip().lstrip("\ufeff")).lower()
    return _MISSPELT.get(plain) or next((name for name in COLUMNS[kind] if name.lower() == plain), text.strip())


def _rows(path: Path, name: str) -> Iterator[list[str]]:
    try:
        if path.is_dir():
            with (path / name).open(encoding="utf-8-sig", newline="") as stream:
                yield from csv.reader(stream)
        else:
            with (
                zipfile.ZipFile(path) as archive,
                archive.open(name) as member,
                io.TextIOWrapper(member, encoding="utf-8-sig", newline="") as stream,
            ):
                yield from csv.reader(stream)
    except (*DAMAGE, csv.Error) as error:
        raise SourceError(f"{name} in {path.name} cannot be read: {error}.", advice="It is CSV in UTF-8.") from error
