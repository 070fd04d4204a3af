"""Files made to harm whoever reads them: entities, foreign files, bombs, lying addresses, depth, spans. Each reader
refuses them with the file's name, in a moment and without reading anything else of the machine.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from etl.errors import SourceError
from etl.sources import unpacked
from etl.sources.edfi_files import interchanges, read_records
from etl.sources.netschool_files import read_reports
from etl.sources.oneroster_files import members
from etl.sources.registry import recognise
from etl.sources.school_portal.archive import read_workbooks
from etl.sources.school_portal.cells import read_sheets
from etl.sources.unpacked import read_member, refuse_bomb
from tests.etl.sources.test_unpacked import workbook

SECRET = "zz-of-this-machine"
_LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
PARTS = {
    "a billion laughs": (f'<!DOCTYPE w [<!ENTITY a0 "ha">{_LAUGHS}]>', "&a9;"),
    "a file of the machine": ('<!DOCTYPE w [<!ENTITY x SYSTEM "{file}">]>', "&x;"),
    "a parameter entity": ('<!DOCTYPE w [<!ENTITY % p SYSTEM "{file}"> %p;]>', "x"),
    "a foreign document type": ('<!DOCTYPE w SYSTEM "{file}">', "x"),
    "an address": ('<!DOCTYPE w SYSTEM "http://127.0.0.1:9/w.dtd">', "x"),
}
"""What a hostile XML says before its root, and in a text of it."""
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@pytest.fixture(params=PARTS)
def entity(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET, encoding="utf-8")
    prologue, text = PARTS[request.param]
    return prologue.replace("{file}", secret.as_uri()), text


def changed(change: Callable[[str, bytes], bytes | tuple[str, bytes]], content: bytes | None = None) -> bytes:
    """A workbook with every member passed through `change`: other bytes, or another name with them."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content or workbook(A1="Предмет"))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            told = change(name, old.read(name))
            new.writestr(*(told if isinstance(told, tuple) else (name, told)))
    return out.getvalue()


def sheet(cells: str, after: str = "") -> bytes:
    """A workbook whose only sheet is written by hand."""
    whole = f'<?xml version="1.0"?><worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData>{after}</worksheet>'
    return changed(lambda name, old: whole.encode() if "worksheets/" in name else old)


def cell(attributes: str) -> str:
    return f'<c {attributes} t="inlineStr"><is><t>y</t></is></c>'


def at(*places: str) -> str:
    return "".join(cell(f"r='{place}'") for place in places)


def row(cells: str) -> str:
    return f"<row>{cells}</row>"


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def zipped(*files: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


def refusals(path: Path) -> Iterator[str]:
    """What every reader of workbooks says of a file; AssertionError for a reader that takes it."""
    for read in (
        lambda: [sheet for book in read_workbooks((path,)) for sheet in read_sheets(book.file, book.content)],
        lambda: list(read_reports(path)),
    ):
        try:
            read()
        except (SourceError, ValueError) as error:
            yield str(error)
        else:
            raise AssertionError(f"{path.name} was read")


@pytest.mark.parametrize("member", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "xl/extra.xml"])
def test_entities_in_any_part_of_a_workbook_are_refused_by_name_also_inside_a_zip(
    entity: tuple[str, str], member: str, tmp_path: Path
) -> None:
    prologue, text = entity

    def poisoned(name: str, old: bytes) -> bytes:
        if name != member:
            return old
        whole = old.decode().removeprefix('<?xml version="1.0"?>')
        return f'<?xml version="1.0"?>{prologue}{whole.replace("Предмет", text).replace("Sheet", text, 1)}'.encode()

    content = changed(poisoned)
    if member == "xl/extra.xml":
        content = changed(lambda name, old: old)
        with zipfile.ZipFile(out := io.BytesIO(content), "a") as archive:
            archive.writestr(member, f"{prologue}<w>{text}</w>")
        content = out.getvalue()
    for path in (put(tmp_path, "7a.xlsx", content), put(tmp_path, "all.zip", zipped(("7a.xlsx", content)))):
        for said in refusals(path):
            assert "7a.xlsx" in said and "document type of its own" in said and SECRET not in said


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_in_an_interchange_of_ed_fi_are_refused_by_name(
    entity: tuple[str, str], encoding: str, tmp_path: Path
) -> None:
    prologue, text = entity
    whole = (
        f'<?xml version="1.0" encoding="{encoding}"?>{prologue}<InterchangeStudent xmlns="http://ed-fi.org/5">'
        f"<Student><StudentUniqueId>{text}</StudentUniqueId></Student></InterchangeStudent>"
    )
    path = put(tmp_path, "pupils.xml", whole.encode(encoding))
    for place in (path, put(tmp_path, "all.zip", zipped(("pupils.xml", whole.encode(encoding))))):
        with pytest.raises(SourceError, match=r"pupils\.xml brings a document type of its own"):
            list(read_records(place, "pupils.xml", ["Student"]))


def test_entities_and_frames_in_a_saved_page_stay_letters(entity: tuple[str, str], tmp_path: Path) -> None:
    prologue, text = entity
    (tmp_path / "own.txt").write_text(SECRET, encoding="utf-8")
    frame = f'<iframe src="{(tmp_path / "own.txt").as_uri()}"></iframe><object data="own.txt"></object>'
    page = f"{prologue}<html><body>{frame}<h2>{text}</h2><table><tr><td>Предмет {text}</td></tr></table></body></html>"
    (report,) = read_reports(put(tmp_path, "report.html", page.encode()))
    assert report.grid == [[f"Предмет {text}".strip()]] and report.title == text
    assert SECRET not in str(report)


FAR = "XFD1048576"
HIDDEN = {
    "small letters": row(at("A1")) + row(at("xfd1048576")),
    "blanks": row(at("A1")) + row(cell(f"r = '{FAR}'")),
    "an escape": row(at("A1")) + row(at("&#88;FD1048576")),
    "a bracket": row(cell(f"x='>' r='{FAR}'")),
    "comments": '<!-- <c x=" -->' + row(at(FAR)) + '<!-- " -->',
    "no addresses": row(at("A1")) + '<row r="1048576">' + cell("") * 40 + "</row>",
    "a far column": row(at("ZZZZZZ9")),
    "a far row": row(at("A4000000000")),
}


def under_another_name(name: str, old: bytes) -> bytes | tuple[str, bytes]:
    return ("xl/zz/s.dat", old) if "worksheets/" in name else old.replace(b"worksheets/sheet1.xml", b"zz/s.dat")


@pytest.mark.parametrize("kind", [*HIDDEN, "another name"])
def test_a_sheet_that_hides_how_large_it_is_is_refused_before_it_is_made(kind: str, tmp_path: Path) -> None:
    content = sheet(HIDDEN[kind]) if kind in HIDDEN else changed(under_another_name, sheet(row(at(FAR))))
    for said in refusals(put(tmp_path, "7a.xlsx", content)):
        assert "7a.xlsx has a sheet of" in said


def test_many_sheets_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacked, "GREATEST_CELLS", 1_000)
    one = f"<worksheet><sheetData>{row(at('T40'))}</sheetData></worksheet>".encode()
    refuse_bomb("7a.xlsx", zipped(("xl/worksheets/1.xml", one)))
    with pytest.raises(SourceError, match=r"7a\.xlsx has sheets of 1,600 cells"):
        refuse_bomb("7a.xlsx", zipped(("xl/worksheets/1.xml", one), ("xl/worksheets/2.xml", one)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (zipped(("mimetype", b"x"), ("content.xml", b"<x/>")), "is no XLSX: it holds content.xml"),
        (zipped(("xl/workbook.bin", b"x")), "is no XLSX: it holds xl/workbook.bin"),
        (zipped(("xl/worksheets/sheet1.xml", "<sheetData/>".encode("utf-16"))), "in UTF-16"),
        (zipped(("xl/a.xml", b"<a/>"), ("XL/a.xml", b"<a/>")), "holds a file twice"),
        (sheet(row(at("A-1"))), "has a cell at 'A-1'"),
        (zipped(("xl/worksheets/sheet1.xml", b"<sheetData><row>")), "is damaged"),
    ],
    ids=["OpenDocument", "binary", "UTF-16", "twice", "no address", "cut"],
)
def test_what_only_looks_like_a_workbook_is_refused_by_name(content: bytes, said: str, tmp_path: Path) -> None:
    for words in refusals(put(tmp_path, "7a.xlsx", content)):
        assert "7a.xlsx" in words and said in words


def test_a_merged_range_beyond_the_sheet_is_cut_and_too_many_are_refused(tmp_path: Path) -> None:
    one = '<mergeCell ref="A1:XFD1048576"/>'
    path = put(tmp_path, "one.xlsx", sheet(row(at("A1", "C1")), f"<mergeCells>{one}</mergeCells>"))
    assert [report.grid for report in read_reports(path)] == [[["y", "y", "y"]]]
    rows = "".join(row(at(f"CV{number}")) for number in range(1, 101))
    path = put(tmp_path, "many.xlsx", sheet(rows, f"<mergeCells>{one * 200}</mergeCells>"))
    with pytest.raises(SourceError, match=r"many\.xlsx cannot be read: it merges more than"):
        list(read_reports(path))


def test_cells_of_a_page_that_span_a_town_are_refused(tmp_path: Path) -> None:
    page = f"<table><tr>{'<td colspan=400 rowspan=400>y</td>' * 100}</tr></table>"
    with pytest.raises(SourceError, match=r"report\.html cannot be read: its table has more than"):
        list(read_reports(put(tmp_path, "report.html", page.encode())))


@pytest.mark.parametrize("depth", [240, 100_000])
def test_depth_harms_no_reader(depth: int, tmp_path: Path) -> None:
    page = "<div><table><tr><td>" * depth + "Предмет"
    list(read_reports(put(tmp_path, "report.html", page.encode())))
    deep = f'<row r="1"><c r="A1" t="inlineStr"><is>{"<r>" * depth}<t>y</t>{"</r>" * depth}</is></c></row>'
    assert read_sheets("7a.xlsx", sheet(deep))[0].rows
    whole = f'<InterchangeStudent xmlns="http://ed-fi.org/5"><Student>{"<a>" * depth}x{"</a>" * depth}</Student>'
    path = put(tmp_path, "pupils.xml", f"{whole}</InterchangeStudent>".encode())
    if depth > 1000:
        with pytest.raises(SourceError, match=r"pupils\.xml .* cannot be read: Excessive depth"):
            list(read_records(path, "pupils.xml", ["Student"]))
    else:
        assert len(list(read_records(path, "pupils.xml", ["Student"]))) == 1


def test_a_text_without_end_is_refused_in_an_interchange(tmp_path: Path) -> None:
    path = put(tmp_path, "pupils.xml", b'<InterchangeStudent xmlns="ed-fi.org"><Student>' + b"x" * 11_000_000)
    with pytest.raises(SourceError, match=r"pupils\.xml .* cannot be read"):
        list(read_records(path, "pupils.xml", ["Student"]))


def test_a_member_that_unpacks_to_more_than_fits_is_refused_by_every_reader(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(unpacked, "GREATEST_MEMBER", 1_000_000)
    for inner in ("7a.xlsx", "report.html", "journals.zip"):
        path = put(tmp_path, "all.zip", zipped((inner, b" " * 2_000_000)))
        read = list if inner == "report.html" else lambda found: [book.content for book in found]
        with pytest.raises(SourceError, match=rf"{inner} would unpack to 2,000,000 bytes"):
            read(read_reports(path) if inner == "report.html" else read_workbooks((path,)))
    with zipfile.ZipFile(path) as archive, pytest.raises(SourceError, match="would unpack"):
        read_member(archive, archive.infolist()[0], "journals.zip")


HOSTILE_ZIPS = {
    "slip": (zipped(("../../etc/cron.d/x.xml", b"<InterchangeStudent ed-fi.org/>")), "a path that leaves it"),
    "bomb": (zipped(("users.csv", b"0" * 60 * 2**20)), "would unpack from"),
}


@pytest.mark.parametrize("kind", HOSTILE_ZIPS)
def test_a_hostile_zip_is_nobodys_and_told_as_such(kind: str, tmp_path: Path) -> None:
    content, said = HOSTILE_ZIPS[kind]
    path = put(tmp_path, "all.zip", content)
    assert interchanges(path) == [] and members(path) == {}
    with pytest.raises(SourceError, match=said):
        recognise(path)
    with pytest.raises(SourceError, match=said):
        list(read_reports(path))
    with pytest.raises(SourceError, match=said):
        list(read_workbooks((path,)))
    assert not (tmp_path.parent / "etc").exists()
