"""A report as files: PDF and XLSX of one class, a ZIP of every class; each says whose, of when, by which act, by whom
(003 4.5). Nothing is asked here: everything was read before.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from dashboard.access import Identity
from dashboard.filters import Filters
from dashboard.i18n import number, t
from dashboard.library.make import Body, Made, bodies
from dashboard.library.pdf import pdf_file
from dashboard.stamp import Head, stamp
from dashboard.table_export import About, Sheet, file_name
from dashboard.workbook import book_file
from etl.warehouse.scope import Scope

KINDS = ("pdf", "xlsx")
_FIXED = (1980, 1, 1, 0, 0, 0)  # members of an archive bear no clock: the same report is the same file


@dataclass(frozen=True)
class Sender:
    """Who makes a report and when: what the stamp says. `origins` as of `read_origins`, `now` aware."""

    scope: Scope
    person: Identity
    origins: pl.DataFrame
    now: datetime


def about(made: Made, body: Body, filters: Filters, sender: Sender) -> About:
    """The words about one document: name and value, in order."""
    head = Head(
        title=body.title,
        path=(body.place,),
        period=made.period,
        as_of=filters.as_of,
        school=made.row["school_id"],
        left_out=(t("report.analytic"),),
        position=filters,
    )
    rows = number(body.rows)
    return stamp(body.title, head, sender.origins, sender.person, sender.scope, sender.now, rows)


def report_file(kind: str, made: Made, body: Body, filters: Filters, sender: Sender) -> bytes:
    """One document; ValueError for a kind that is none of KINDS."""
    words = about(made, body, filters, sender)
    if kind == "pdf":
        return pdf_file(body, words, made.period)
    if kind == "xlsx":
        return book_file(
            body.title, [_with_sheet(body, part.title, part.sheet, part.notes) for part in body.parts], words
        )
    raise ValueError(f"{kind!r} is not one of {', '.join(KINDS)}.")


def _with_sheet(body: Body, title: str, sheet: Sheet | None, notes: tuple[str, ...]) -> tuple[Sheet, tuple[str, ...]]:
    """A part without a table has its sentences alone."""
    return (sheet or Sheet(title, (), []), notes)


def name_of(made: Made, body: Body, sender: Sender) -> str:
    """Name of the file without its ending: report, class or school, period, day."""
    short = next((name for class_id, name, _ in made.classes if class_id == body.class_id and name), "")
    words = " ".join(word for word in (body.title, short or str(made.row["label"]), made.period) if word)
    return file_name(words, sender.now.date())


def archive(
    made: Made, filters: Filters, sender: Sender, progress: Callable[[int, int], None] = lambda done, total: None
) -> bytes:
    """A ZIP with PDF and XLSX of every class, in their order; `progress` hears how many are done."""
    out = io.BytesIO()
    total = len(made.classes)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for done, body in enumerate(bodies(made), start=1):
            for kind in KINDS:
                member = zipfile.ZipInfo(f"{done:02d}-{name_of(made, body, sender)}.{kind}", _FIXED)
                member.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(member, report_file(kind, made, body, filters, sender))
            progress(done, total)
    return out.getvalue()


def rows_of(made: Made) -> int:
    """Lines of all documents of the report."""
    found: Iterator[Body] = bodies(made)
    return sum(body.rows for body in found)
