"""A report as documents: one of a class or the school, a ZIP of every class; each with the stamp that every document
bears (003 4.5). Nothing is asked here: everything was read before.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from dashboard.access import Identity
from dashboard.filters import Filters
from dashboard.i18n import day_short, t
from dashboard.library.make import Body, Made, bodies
from dashboard.library.registry import Report
from dashboard.reports.document import Document, Paragraph, Section, Signature, Stamp
from dashboard.reports.files import KINDS, rendered
from dashboard.reports.origin import stamp_of
from dashboard.table_export import file_name

WIDE = 7
"""More columns than this lie across the page."""
_FIXED = (1980, 1, 1, 0, 0, 0)  # members of an archive bear no clock: the same report is the same file


@dataclass(frozen=True)
class Sender:
    """Who makes a report and when: what the stamp says. `origins` as of `read_origins`, `now` aware."""

    person: Identity
    origins: pl.DataFrame
    now: datetime

    def stamp(self) -> Stamp:
        """The stamp of everything that is made now; parts that are not known are blank."""
        return stamp_of(self.origins, f"{self.person.name}, {t(f'role.{self.person.role}')}", self.now)


def document(made: Made, body: Body, filters: Filters, stamp: Stamp) -> Document:
    """One document: a report of a class or of the school."""
    names = ((t("report.signature_teacher"), body.teacher), (t("report.signature_deputy"), ""))
    about = [] if filters.as_of is None else [(t("finding_export.about_as_of"), day_short(filters.as_of))]
    about.append((t("finding_export.about_left_out"), t("report.analytic")))
    return Document(
        made.report.subject,
        body.title,
        stamp,
        _sections(made.report, body, stamp),
        subtitle=made.period,
        school=body.place,
        signatures=tuple(Signature(post, name) for post, name in names) if made.report.is_signed else (),
        landscape=any(len(table.columns) > WIDE for part in body.parts for table in part.tables()),
        narrowed=tuple(about),
    )


def _sections(report: Report, body: Body, stamp: Stamp) -> tuple[Section, ...]:
    """The parts; a sheet that is handed out by itself says on its own page where it comes from."""
    if not report.is_handed_out:
        return body.parts
    said = Paragraph(" · ".join((body.place, stamp.source, stamp.as_of, stamp.executor)), "note")
    return tuple(
        replace(part, blocks=(said, *part.blocks), new_page=place > 0) if part.new_page else part
        for place, part in enumerate(body.parts)
    )


def name_of(made: Made, body: Body, now: datetime) -> str:
    """Name of the file without its ending: report, class or school, period, day."""
    short = next((name for class_id, name, _ in made.classes if class_id == body.class_id and name), "")
    words = " ".join(word for word in (body.title, short or str(made.row["label"]), made.period) if word)
    return file_name(words, now.date())


def archive(
    made: Made, filters: Filters, sender: Sender, progress: Callable[[int, int], None] = lambda done, total: None
) -> bytes:
    """A ZIP with every kind of file of every class, in their order; `progress` hears how many are done.

    StampError where the stamp is not complete.
    """
    out, total, stamp = io.BytesIO(), len(made.classes), sender.stamp().complete()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for done, body in enumerate(bodies(made), start=1):
            paper = document(made, body, filters, stamp)
            for kind in KINDS:
                member = zipfile.ZipInfo(f"{done:02d}-{name_of(made, body, sender.now)}.{kind}", _FIXED)
                member.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(member, rendered(paper, kind))
            progress(done, total)
    return out.getvalue()


def rows_of(made: Made) -> int:
    """Lines of all documents of the report."""
    return sum(body.rows for body in bodies(made))
