"""`zavuch report`: a report written on the server by the owner of the database, with the builders of the page.

The owner stands above the row policies; the scope it reads under is one school, whole. What is written is noted in the
log of access like every export, under the name of the person at the machine.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from dashboard import connection
from dashboard.access import Identity
from dashboard.filters import Filters
from dashboard.i18n import t
from dashboard.library import files
from dashboard.library.make import Made, OfPeriodError, body, read_report
from dashboard.library.registry import BY_CODE, REPORTS, Report
from dashboard.queries.origins import read_origins
from dashboard.reports.document import StampError
from dashboard.reports.files import KINDS, rendered
from etl.errors import SettingsError
from etl.warehouse.engine import owner_connection
from etl.warehouse.scope import Scope

ROLE = "server"
_NOTE = """
INSERT INTO access_event (at, school_id, user_id, class_id, row_count, kind, subject, full_name, role)
VALUES (clock_timestamp(), %s, 0, %s, %s, 'export', %s, %s, %s)
"""


def catalogue() -> list[tuple[str, str, str]]:
    """(code, grain, title) of every report."""
    return [(report.code, report.grain, t(report.title_key)) for report in REPORTS]


def write_report(
    url: str, code: str, out: Path, *, school: str, period: str = "", class_name: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:  # fmt: skip
    """Write the report to `out` (.docx, .pdf, .xlsx, or .zip for every class); returns how many documents it holds.

    `url` is the owner's; `school` a key, `period` a code as in the address of a page (`q1`, `year`, `m2026-10`), the
    running one without it. Raises SettingsError naming what is not known, also what the stamp lacks (003 4.5).
    """
    report = BY_CODE.get(code)
    if report is None:
        raise SettingsError(f"There is no report {code!r}.", advice=f"Choose one of {', '.join(BY_CODE)}.")
    kind = out.suffix.lower().removeprefix(".")
    if kind not in (*KINDS, "zip"):
        raise SettingsError(f"{out} ends in none of .docx, .pdf, .xlsx, .zip.", advice="Give --out such a name.")
    connection.connect_to(url)
    with owner_connection(url) as owner:
        scope, position = _place(owner, school, period)
        try:
            made = read_report(scope, position, report, datetime.now(UTC))
        except OfPeriodError as error:
            raise SettingsError(str(error), advice="Give --period a period of the school, as q1 or year.") from error
        if made is None:
            raise SettingsError(
                f"School {school!r} has no classes or periods for {code}.", advice="See `zavuch status`."
            )
        return _write(owner, out, kind, made, position, scope, class_name, progress)


def _place(owner: psycopg.Connection[tuple[object, ...]], school: str, period: str) -> tuple[Scope, Filters]:
    rows = owner.execute("SELECT school_key, school_id FROM dim_school ORDER BY 1").fetchall()
    known = {str(key): int(str(number)) for key, number in rows}
    if school not in known:
        raise SettingsError(f"There is no school {school!r}.", advice=f"Known keys: {', '.join(known)}.")
    school_id = known[school]
    scope = Scope(0, "director", "school", frozenset({school_id}), frozenset(), frozenset(), sees_names=True)
    return scope, Filters(school=school_id, period=period or None)


def _write(
    owner: psycopg.Connection[tuple[object, ...]], out: Path, kind: str, made: Made, position: Filters, scope: Scope,
    class_name: str, progress: Callable[[int, int], None],
) -> int:  # fmt: skip
    who = getpass.getuser()
    sender = files.Sender(Identity(0, who, who, ROLE), read_origins(scope, position.school), datetime.now(UTC))
    try:
        stamp = sender.stamp().complete()
    except StampError as error:
        raise SettingsError(str(error), advice="Load data that name their source, and install the act.") from error
    if kind == "zip":
        if class_name:
            raise SettingsError("A .zip holds every class.", advice="Leave --class out, or give --out another ending.")
        _note(owner, made.report, position, None, files.rows_of(made), who)
        out.write_bytes(files.archive(made, position, sender, progress))
        return len(made.classes)
    chosen = [one for one in made.classes if not class_name or one[1] == class_name]
    if len(chosen) != 1:
        names = ", ".join(name for _, name, _ in made.classes)
        raise SettingsError(
            f"{made.report.code} is a report of one class, and {class_name or 'none'!r} was named.",
            advice=f"Give --class one of {names}, or --out a .zip for all of them.",
        )
    class_id, name, teacher = chosen[0]
    document = body(made, class_id, name, teacher)
    position = position.changed(class_id=class_id)
    _note(owner, made.report, position, class_id, document.rows, who)
    out.write_bytes(rendered(files.document(made, document, position, stamp), kind))
    progress(1, 1)
    return 1


def _note(
    owner: psycopg.Connection[tuple[object, ...]], report: Report, place: Filters, class_id: int | None, rows: int,
    who: str,
) -> None:  # fmt: skip
    """Before a byte is written: what cannot be noted is not handed out."""
    with owner.transaction():
        owner.execute(_NOTE, [place.school, class_id, rows, report.subject, who, ROLE])
