"""The files of a bundle as rows of text: encodings, quotation, ragged and empty lines, Parquet types."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest

from etl.contract.tables import BY_NAME
from etl.errors import SourceError
from etl.sources import rows as rows_module
from etl.sources.rows import ROW, FileReport, read_rows

HEADER = "school_key,subject_key,name\n"
Read = tuple[list[tuple[Any, ...]], FileReport]


def read(content: bytes | str, table: str = "subject", name: str = "subject.csv") -> Read:
    """Rows without their numbers, and the report."""
    report = FileReport()
    stream = io.BytesIO(content.encode() if isinstance(content, str) else content)
    frame = pl.concat(list(read_rows(stream, BY_NAME[table], name, report)))
    return frame.drop(ROW).rows(), report


def numbers(content: str) -> list[int]:
    stream = io.BytesIO(content.encode())
    return pl.concat(list(read_rows(stream, BY_NAME["subject"], "subject.csv", FileReport())))[ROW].to_list()


def refusal(content: bytes | str, name: str = "subject.csv") -> str:
    with pytest.raises(SourceError) as caught:
        read(content, name=name)
    assert caught.value.advice
    assert name in caught.value.message
    return caught.value.message


@pytest.mark.parametrize(
    "content",
    [
        HEADER + "s1,a,Алгебра\ns1,b,Химия\n",
        "\ufeff" + HEADER + "s1,a,Алгебра\ns1,b,Химия\n",
        (HEADER + "s1,a,Алгебра\ns1,b,Химия\n").replace("\n", "\r\n"),
        HEADER + "s1,a,Алгебра\ns1,b,Химия",
        HEADER + '"s1","a","Алгебра"\n"s1","b","Химия"\n',
        '\ufeff"school_key","subject_key","name"\n' + "s1,a,Алгебра\ns1,b,Химия\n",
        HEADER + "s1,a,Алгебра\n\n\r\ns1,b,Химия\n\n",
    ],
    ids=["plain", "BOM", "CRLF", "no last line break", "quoted", "BOM and quotes", "empty lines"],
)
def test_these_ways_of_writing_csv_are_the_same_rows(content: str) -> None:
    assert read(content)[0] == [("s1", "a", "Алгебра"), ("s1", "b", "Химия")]


def test_quoted_cells_may_hold_line_breaks_commas_and_quotation_marks() -> None:
    assert read(HEADER + 's1,a,"Вода,\r\nпар ""и"" лёд"\n')[0] == [("s1", "a", 'Вода,\r\nпар "и" лёд')]


def test_blank_cells_are_null_and_spaces_stay_in_keys() -> None:
    assert read(HEADER + 's1, 007 ,""\ns1,b,\u00a0 \n')[0] == [("s1", " 007 ", None), ("s1", "b", None)]


def test_words_that_mean_nothing_elsewhere_are_text() -> None:
    assert read(HEADER + "s1,NULL,nan\n")[0] == [("s1", "NULL", "nan")]


def test_columns_may_come_in_any_order_and_unknown_ones_are_named() -> None:
    found, report = read("name,цвет,subject_key,,school_key,\nХимия,red,a,,s1,\n")
    assert found == [("Химия", "a", "s1")]
    assert report.unknown == ("цвет", "(without a name)", "(without a name)")


def test_a_header_alone_is_an_empty_table_also_without_a_line_break() -> None:
    assert read(HEADER)[0] == []
    assert read(HEADER.strip())[0] == []
    assert read(HEADER.strip())[1].columns == ("school_key", "subject_key", "name")


@pytest.mark.parametrize("content", ["", "\ufeff", "\n", " \n"])
def test_a_file_without_a_header_is_empty(content: str) -> None:
    assert "is empty" in refusal(content)


def test_a_missing_required_column_names_both_lists() -> None:
    message = refusal("school_key,name,component\ns1,Химия,federal\n")
    assert "lacks the required columns subject_key" in message
    assert "Columns found: school_key, name, component" in message
    assert "required: school_key, subject_key, name" in message


def test_a_header_in_russian_is_shown_as_it_is_beside_what_is_required() -> None:
    message = refusal("школа,предмет,название\n1,2,3\n")
    assert "школа, предмет, название" in message
    assert "school_key, subject_key, name" in message


@pytest.mark.parametrize(("separator", "shown"), [(";", "';'"), ("\t", "'\\t'")])
def test_another_separator_is_recognised(separator: str, shown: str) -> None:
    assert f"separated by {shown}" in refusal(HEADER.replace(",", separator) + "s1;a;b\n")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_is_recognised(encoding: str) -> None:
    assert "is in UTF-16" in refusal((HEADER + "s1,a,Химия\n").encode(encoding))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (HEADER + "s1,a,b\ns1,b,Алгебра\n", 3),
        (HEADER + "s1,Алгебра\n", 2),
        ("школа,предмет,название\n", 1),
        (HEADER + "s1,a,Химия", 2),
    ],
    ids=["cell", "ragged line", "header", "last line"],
)
def test_windows_1251_is_told_with_its_first_line_in_letters(text: str, line: int) -> None:
    message = refusal(text.encode("cp1251"))
    assert f"not in UTF-8: line {line} is" in message
    assert text.split("\n")[line - 1] in message
    assert "Windows-1251" in message


def test_bytes_of_no_encoding_are_shown_as_bytes() -> None:
    assert "b's1,a,\\xff\\xfe\\x98'" in refusal(HEADER.encode() + b"s1,a,\xff\xfe\x98\n")


def test_utf_8_is_watched_across_the_borders_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "BLOCK", 4096)
    content = HEADER + "".join(f"s1,{number},Ж{'щ' * (number % 7)}\n" for number in range(20_000))
    found, _ = read(content)
    assert len(found) == 20_000
    spoiled = content.encode() + "s1,z,Я\n".encode("cp1251")
    assert "line 20002" in refusal(spoiled)


def test_ragged_lines_are_set_aside_with_number_text_and_count_and_the_others_stay() -> None:
    found, report = read(HEADER + 's1,a\ns1,b,Химия\ns1,"c",d,e\n')
    assert found == [("s1", "b", "Химия")]
    assert report.ragged == [(2, "s1,a", 2), (4, 's1,"c",d,e', 4)]


def test_rows_keep_their_numbers_beside_ragged_empty_and_broken_lines() -> None:
    content = HEADER + 's1,a,x\ns1,b\n\ns1,c,"two\nlines"\n,,\ns1,d,x\ns1\ns1,e,x\n'
    assert numbers(content) == [2, 5, 7, 9]


def test_rows_keep_their_numbers_when_the_file_is_read_in_many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "BLOCK", 2048)
    lines = ["s1,ragged" if number % 7 == 0 else f"s1,{number},Имя" for number in range(2, 5002)]
    content = HEADER + "\n".join(lines) + "\n"
    stream = io.BytesIO(content.encode())
    frame = pl.concat(list(read_rows(stream, BY_NAME["subject"], "subject.csv", FileReport())))
    assert frame[ROW].cast(pl.String).to_list() == frame["subject_key"].to_list()
    assert frame.height == sum(number % 7 != 0 for number in range(2, 5002))


def test_a_quotation_mark_that_is_never_closed_is_told_instead_of_swallowing_the_rest() -> None:
    assert "never closed" in refusal(HEADER + 's1,a,"Химия\ns1,b,Физика\ns1,c,Алгебра\n')


def test_a_lone_quotation_mark_inside_a_cell_is_a_character() -> None:
    assert read(HEADER + 's1,a,Диск 5"\ns1,b,x\n')[0] == [("s1", "a", 'Диск 5"'), ("s1", "b", "x")]


def test_a_known_column_that_comes_twice_is_refused() -> None:
    assert "column 'name' twice" in refusal("school_key,subject_key,name,name\ns1,a,b,c\n")


def test_noise_is_refused() -> None:
    assert refusal(bytes(range(256)) * 50)


def parquet(**columns: Any) -> bytes:
    buffer = io.BytesIO()
    pa_parquet.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def read_parquet(table: str, **columns: Any) -> dict[str, list[Any]]:
    report = FileReport()
    stream = io.BytesIO(parquet(**columns))
    return pl.concat(list(read_rows(stream, BY_NAME[table], f"{table}.parquet", report))).to_dict(as_series=False)


def test_parquet_columns_of_any_type_become_the_text_a_csv_would_hold() -> None:
    moment = datetime(2024, 9, 10, 10, 30, 5, tzinfo=UTC)
    found = read_parquet(
        "lesson",
        school_key=pa.array(["s1", "s1"]).dictionary_encode(),
        lesson_key=pa.array([9007199254740993, 2], pa.int64()),
        group_key=pa.array([17.0, float("nan")], pa.float64()),
        subject_key=pa.array([1e15, 2.5]),
        staff_key=pa.array([Decimal("12.00"), Decimal("13.00")]),
        held_on=pa.array([date(2024, 9, 10), None]),
        slot=pa.array([1, None], pa.int8()),
        starts_at=pa.array([time(8, 30), None]),
        status=pa.array([b"held", b"planned"], pa.binary()),
        homework_not_assigned=pa.array([True, None]),
        topic_recorded_at=pa.array([moment, None], pa.timestamp("ms", "Europe/Moscow")),
        homework_recorded_at=pa.array([moment.replace(tzinfo=None), None], pa.timestamp("ns")),
        attendance_confirmed_at=pa.array([date(2024, 9, 10), None]),
        homework=pa.array([None, None], pa.null()),
        topic=pa.array(["Дроби", ""], pa.large_string()),
    )
    del found[ROW]
    assert {name: cells[0] for name, cells in found.items()} == {
        "school_key": "s1",
        "lesson_key": "9007199254740993",
        "group_key": "17",
        "subject_key": "1000000000000000",
        "staff_key": "12",
        "held_on": "2024-09-10",
        "slot": "1",
        "starts_at": "08:30",
        "status": "held",
        "homework_not_assigned": "true",
        "topic_recorded_at": "2024-09-10T13:30:05.000000+03:00",
        "homework_recorded_at": "2024-09-10T10:30:05.000000",
        "attendance_confirmed_at": "2024-09-10",
        "homework": None,
        "topic": "Дроби",
    }
    assert [name for name, cells in found.items() if cells[1] is not None] == [
        "school_key",
        "lesson_key",
        "subject_key",
        "staff_key",
        "status",
    ]


def test_midnights_in_a_date_column_of_parquet_are_dates() -> None:
    found = read_parquet(
        "calendar_day",
        school_key=["s1"],
        date=pa.array([datetime(2024, 11, 4)], pa.timestamp("ns")),  # noqa: DTZ001 - a local date
        is_instructional=[False],
        is_staff_working=[False],
    )
    assert found["date"] == ["2024-11-04"]


def test_a_parquet_file_without_rows_is_a_table_that_is_present() -> None:
    empty = pa.array([], pa.string())
    assert read_parquet("subject", school_key=empty, subject_key=empty, name=empty)["name"] == []


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(40) + b"PAR1"])
def test_a_file_that_is_no_parquet_is_refused(content: bytes) -> None:
    assert "not a readable Parquet file" in refusal(content, "subject.parquet")


def test_a_damaged_parquet_file_is_refused() -> None:
    names = [f"Предмет {number}" for number in range(5000)]
    content = bytearray(parquet(school_key=["s1"] * 5000, subject_key=names, name=names))
    content[200:4000] = bytes(3800)
    assert "not a readable Parquet file" in refusal(bytes(content), "subject.parquet")


def test_a_parquet_column_that_is_no_text_is_named_with_its_type() -> None:
    message = refusal(parquet(school_key=["s1"], subject_key=["a"], name=[["x", "y"]]), "subject.parquet")
    assert "column name" in message
    assert "List" in message


def test_a_parquet_file_that_lacks_a_column_names_both_lists() -> None:
    assert "Columns found: school_key, имя" in refusal(parquet(school_key=["s1"], имя=["x"]), "subject.parquet")


def test_numbers_of_numpy_are_keys_without_a_point() -> None:
    keys = pa.array(np.array([1.0, 2.0**53 - 1]))
    assert read_parquet("subject", school_key=["1", "1"], subject_key=keys, name=["a", "b"])["subject_key"] == [
        "1",
        "9007199254740991",
    ]
