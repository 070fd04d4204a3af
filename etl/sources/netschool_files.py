"""Saved reports of «Сетевой город. Образование», HTML or XLSX, as one shape: lines of the head, a grid, a footer.

Cells are found by their words, not by their places: a report may have more lines in its head, or fewer.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from lxml import etree, html
from python_calamine import CalamineError, load_workbook

from etl.errors import SourceError
from etl.sources.bundle import DAMAGE, zip_members
from etl.sources.unpacked import read_member, refuse_bomb

ENDINGS = {".html", ".htm", ".xlsx", ".xls"}
GREATEST_GRID = 1_000_000
"""Cells of one report, each counted as often as it spans rows and columns; the widest real ones have some thousands."""
_STATE = re.compile(r"Состояние на\s+(\d{1,2})\.(\d{2})\.(\d{4})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?")
_LABEL = re.compile(r"^\s*(Учебный год|Класс|Период|Ученик|Предмет|Учитель|Преподаватель|Месяц|Школа)\s*:\s*(.*)$")
FORMS = {
    "StudentTotal": "отчет об успеваемости и посещаемости ученика",
    "StudentTotalMarks": "итоговые отметки",
    "StudentGrades": "отчет об успеваемости ученика",
    "ClassAttendance": "отчет о посещаемости класса",
}


@dataclass(frozen=True)
class Report:
    """One saved report. `head` by label, `grid` as texts (merged cells repeat their text), `stated_at` from the footer,
    local and without a zone; `first_row` is the number in the file of the grid's first row.
    """

    file: str
    title: str
    school: str
    head: dict[str, str]
    grid: list[list[str]]
    stated_at: datetime | None
    first_row: int

    @property
    def form(self) -> str:
        """Which of the known reports it is, by what its grid says; "" when it is none."""
        words = {cell.casefold() for row in self.grid[:2] for cell in row}
        if any(word.startswith("дата выставления") for word in words):
            return "StudentGrades"
        if "предмет" in words and any(word in words for word in ("год", "экз", "экз.", "итог")):
            return "StudentTotalMarks"
        if "предмет" in words and any(word.startswith(("средн", "итог.")) for word in words):
            return "StudentTotal"
        return "ClassAttendance" if "посещаемост" in self.title.casefold() and "класс" in self.head else ""


def read_reports(path: Path) -> Iterator[Report]:
    """Every report of a file, folder or zip, in the order of the files' names. Raises SourceError for a damaged one."""
    for name, content in _contents(path):
        ending = PurePosixPath(name).suffix.lower()
        try:
            yield _of_html(name, content) if ending in (".html", ".htm") else _of_workbook(name, content)
        except (CalamineError, ValueError, etree.LxmlError) as error:
            raise SourceError(f"{name} cannot be read: {error}.", advice="Save the report again.") from error


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        if path.is_dir():
            for file in sorted(path.iterdir()):
                if file.is_file() and file.suffix.lower() in ENDINGS:
                    yield file.name, file.read_bytes()
        elif path.suffix.lower() in ENDINGS:
            yield path.name, path.read_bytes()
        else:
            with zipfile.ZipFile(path) as archive:
                for name in sorted(zip_members(path)):
                    if PurePosixPath(name).suffix.lower() in ENDINGS:
                        yield name, read_member(archive, archive.getinfo(name), name)
    except DAMAGE as error:
        raise SourceError(f"{path.name} cannot be read: {error}.", advice="Save the reports again.") from error


def _of_html(name: str, content: bytes) -> Report:
    """lxml reads the text only: nothing is fetched and no script runs. A page without a charset is cp1251 or UTF-8."""
    parser = html.HTMLParser(encoding=None if b"charset" in content[:4096].lower() else _encoding(content))
    root = html.document_fromstring(content, parser=parser)
    tables = [it for it in root.iter("table") if "table-print" in (it.get("class") or "")] or list(root.iter("table"))
    table = max(tables, key=lambda it: len(it.findall(".//tr")), default=None)
    grid = _grid(table) if table is not None else []
    lines = [_plain(it.text_content()) for it in root.iter("h2", "h5", "span", "p", "div", "td", "b") if len(it) < 4]
    title = next((_plain(it.text_content()) for it in root.iter("h2")), "")
    school = next((_plain(it.text_content()) for it in root.iter("h5")), "")
    whole = _plain(root.text_content())
    first = (table.sourceline or 1) if table is not None else 1
    return Report(name, title or whole[:120], school, _head(lines), grid, _stated_at(whole), first)


def _encoding(content: bytes) -> str:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1251"
    return "utf-8"


def _grid(table: html.HtmlElement) -> list[list[str]]:
    """Rows of texts; a cell that spans columns or rows stands in each of them."""
    grid: list[list[str]] = []
    hanging: dict[tuple[int, int], str] = {}
    filled = 0
    for number, row in enumerate(table.iter("tr")):
        cells: list[str] = []
        for cell in row.iter("td", "th"):
            while (number, len(cells)) in hanging:
                cells.append(hanging.pop((number, len(cells))))
            text = _plain(cell.text_content())
            for _ in range(_span(cell.get("colspan"))):
                filled += _span(cell.get("rowspan"))
                if filled > GREATEST_GRID:
                    raise ValueError(f"its table has more than {GREATEST_GRID:,} cells")
                for below in range(1, _span(cell.get("rowspan"))):
                    hanging[number + below, len(cells)] = text
                cells.append(text)
        while (number, len(cells)) in hanging:
            cells.append(hanging.pop((number, len(cells))))
        grid.append(cells)
    return grid


def _span(text: str | None) -> int:
    return min(400, max(1, int(text))) if text and text.isdigit() else 1


def _of_workbook(name: str, content: bytes) -> Report:
    refuse_bomb(name, content)
    sheet = load_workbook(io.BytesIO(content)).get_sheet_by_index(0)
    rows = [[_cell(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    filled = 0
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or []:
        for row in rows[top : bottom + 1]:  # a range may state more than the sheet has
            here = min(right + 1, len(row)) - left
            filled += max(0, here)
            if filled > GREATEST_GRID:
                raise ValueError(f"it merges more than {GREATEST_GRID:,} cells")
            row[left : left + here] = [rows[top][left]] * here
    start = next((n for n, row in enumerate(rows) if any(it.casefold() in ("предмет", "тип задания") for it in row)), 0)
    end = next((n for n, row in enumerate(rows) if n > start and "Состояние на" in " ".join(row)), len(rows))
    lines = [line for row in rows[:start] for line in _joined(row)]
    title = next((line for line in lines if "отч" in line.casefold() or "итогов" in line.casefold()), "")
    whole = " ".join(cell for row in rows for cell in row)
    grid = [row for row in rows[start:end] if any(row)]
    return Report(name, title, lines[0] if lines else "", _head(lines), grid, _stated_at(whole), start + 1)


def _joined(row: list[str]) -> list[str]:
    """A label and its value may stand in one cell or in two."""
    filled = list(dict.fromkeys(filter(None, row)))
    return [*filled, " ".join(filled)] if len(filled) > 1 and filled[0].endswith(":") else filled


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return _plain(str(value)) if value is not None else ""


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\xa0", " ")).strip()


def _head(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        match = _LABEL.match(line)
        if match and match[2]:
            found.setdefault(match[1].casefold(), match[2].strip())
    return found


def _stated_at(text: str) -> datetime | None:
    found = _STATE.search(text)
    if not found:
        return None
    day, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the school's zone is an answer
