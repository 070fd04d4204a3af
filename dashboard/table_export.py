"""A table as a file, CSV or a workbook, with what it shows, of when and for whom. Pure.

CSV has semicolons and a byte-order mark, because Russian table programs open such a file by a double click. In both
kinds a text that a table program would take for a formula is written with an apostrophe before it, and a workbook's
cells are written by their type: nothing is guessed from a text.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from dashboard.i18n import NBSP, day_short, number, t

MOST_IN_WORKBOOK = 50_000
"""Rows above which a workbook takes seconds to make and a table program long to open: a ZIP with CSV instead."""
_UNSEEN = " \u00a0\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff\x00"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_GROUPED = r"[-−]?(?:0|[1-9]\d{0,2}(?:[ \u00a0\u202f]\d{3})+|[1-9]\d*)(?:,\d+)?"
_NUMBER = re.compile(_GROUPED)
_PERCENT = re.compile(rf"({_GROUPED})[ \u00a0\u202f]?%")
_DAY = re.compile(r"(\d\d)\.(\d\d)\.(\d{4})")


class Share(float):
    """A share from 0 to 1: files show it in percent."""


Value = str | int | float | date | datetime | None
About = Sequence[tuple[str, str]]
"""What is said about a table: names and words, in order."""


@dataclass(frozen=True)
class Sheet:
    """A table to be saved: `title`, the words of the columns (all different), and the rows of values by column.

    A value is a text, a number, a `Share`, a day, an aware moment (written on its own clock) or None, an empty cell.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Value]]


def sheet_of_frame(title: str, frame: pl.DataFrame, shares: Iterable[str] = ()) -> Sheet:
    """A sheet of a frame whose columns are named in Russian; `shares` names those that hold shares from 0 to 1."""
    percent = set(shares)
    columns = [
        [None if value is None else Share(value) for value in frame[name]] if name in percent else frame[name].to_list()
        for name in frame.columns
    ]
    return Sheet(title, tuple(frame.columns), list(zip(*columns, strict=True)) if columns else [])


def sheet_of_words(title: str, columns: Sequence[tuple[str, bool]], rows: Sequence[Sequence[tuple[str, str]]]) -> Sheet:
    """A sheet of cells as they are shown: `columns` are (label, whether numbers stand there), cells (text, note).

    Numbers, shares and days get back the type they had. The notes of a column, where there are any, are a column
    beside it; a column in which nothing stands is left out. «—» is an empty cell.
    """
    labels, values = [], []
    for place, (label, is_number) in enumerate(columns):
        texts = [row[place][0] for row in rows]
        notes = [row[place][1] for row in rows]
        if label or any(texts):
            labels.append(label or t("export.unnamed"))
            values.append([typed(text, is_number=is_number) for text in texts])
        if any(notes):
            labels.append(t("export.note", column=label) if label else t("export.unnamed"))
            values.append([typed(note) for note in notes])
    return Sheet(title, tuple(distinct(labels)), list(zip(*values, strict=True)) if rows else [])


def typed(text: str, *, is_number: bool = False) -> Value:
    """The value that a text shows: a day, a share, where `is_number` a number; else the text; None for a blank or «—».

    `85,3 %` is 0.853, `12.11.2026` a day; `0018` stays a text.
    """
    words = text.strip()
    if words in ("", "—"):
        return None
    if found := _DAY.fullmatch(words):
        try:
            return date(int(found[3]), int(found[2]), int(found[1]))
        except ValueError:  # 31.02.2026 is no day: the text stays as it is
            return text
    if found := _PERCENT.fullmatch(words):
        return Share(round(_number(found[1]) / 100, 6))
    if is_number and _NUMBER.fullmatch(words):
        value = _number(words)
        return value if "," in words else int(value)
    return text


def distinct(labels: Iterable[str]) -> list[str]:
    """The labels made different from each other, whatever their case: «Класс», «Класс (2)»."""
    seen: dict[str, int] = {}
    found = []
    for label in labels:
        times = seen[label.casefold()] = seen.get(label.casefold(), 0) + 1
        found.append(label if times == 1 else f"{label} ({times})")
    return found


def csv_file(sheet: Sheet, about: About) -> bytes:
    """The words about the table, an empty line, the header, the rows; decimal commas, shares in percent."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerows([safe(name), safe(value)] for name, value in about)
    writer.writerow([])
    writer.writerow([safe(name) for name in sheet.columns])
    writer.writerows([_written(value) for value in row] for row in sheet.rows)
    return out.getvalue().encode("utf-8-sig")


def zip_file(sheet: Sheet, about: About, name: str) -> bytes:
    """The CSV in a ZIP: for tables too long for a workbook."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.csv", csv_file(sheet, about))
    return out.getvalue()


def safe(text: str) -> str:
    """The text as no table program calculates it; no-break spaces become plain ones, so that words are found."""
    plain = text.replace(NBSP, " ")
    # some programs drop the spaces and marks of direction before they look at the first sign
    return f"'{plain}" if plain.startswith(_FORMULA) or plain.lstrip(_UNSEEN).startswith(_FORMULA) else plain


def file_name(title: str, day: date) -> str:
    """A name without the ending: the title's letters and digits, and the day the file was made."""
    words = re.sub(r"[^\w№-]+", "-", title).strip("-")[:60].strip("-")
    return f"{words or t('sections.file')}-{day:%Y-%m-%d}"


def _written(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        raise TypeError("A table for people has words and not truth values.")
    if isinstance(value, Share):
        return f"{_decimal(value * 100, 2)}%"
    if isinstance(value, float):
        return _decimal(value, 4)
    if isinstance(value, datetime):
        return f"{day_short(value)} {value:%H:%M}"
    if isinstance(value, date):
        return day_short(value)
    return str(value) if isinstance(value, int) else safe(value)


def _decimal(value: float, digits: int) -> str:
    return number(value, digits).rstrip("0").rstrip(",").replace(NBSP, "")


def _number(words: str) -> float:
    return float(re.sub(r"[ \u00a0\u202f]", "", words).replace("−", "-").replace(",", "."))
