"""Controls of a school: opened with a frozen snapshot, saved in versions, signed, re-checked (requirements B-33, S10).

Every table is only appended to; signing enters the act into the register `control_act` in the same statement, so the
next derivation sees it (control_act_missing).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from sqlalchemy.exc import IntegrityError, ProgrammingError

from checks.wording import act as act_words
from dashboard import control, measures, wording
from dashboard.access import cookie_secret
from dashboard.control import Indicator, Remark, Snapshot, State, Texts
from dashboard.control_privacy import hidden, hidden_texts, names_of, restored
from dashboard.filters import Filters
from dashboard.frame import short_name
from dashboard.i18n import percent
from dashboard.queries.decisions import may_decide
from dashboard.queries.door import append, for_storing, read, shows_pseudonyms
from dashboard.queries.findings import read_every
from dashboard.queries.origins import read_origins
from dashboard.queries.school import School, below_norm, read_school
from dashboard.wording import LedgerRow
from etl.settings import read_settings
from etl.warehouse.metrics import METRICS, sums
from etl.warehouse.scope import Scope

SHOWN_METRICS = ("completeness", "timeliness", "unfilled_count", "missing_count", "late_count")
_NEWEST = """
SELECT DISTINCT ON (v.school_id, v.package_no) v.school_id, v.package_no, v.version_no, v.state, v.texts, v.saved_at,
       v.saved_by, v.role
FROM control_version v WHERE v.school_id = ANY(:schools) ORDER BY v.school_id, v.package_no, v.version_no DESC
"""
_LIST = f"""
SELECT p.school_id, p.package_no, p.period, p.first_on, p.last_on, p.opened_at, p.opened_by, v.state, v.saved_at,
       v.texts::jsonb ->> 'act_no' AS act_no, v.texts::jsonb ->> 'repair_on' AS repair_on, s.timezone,
       p.snapshot::jsonb ->> 'label' AS label, jsonb_array_length(p.snapshot::jsonb -> 'remarks') AS remark_count
FROM control_package p JOIN ({_NEWEST}) v USING (school_id, package_no) JOIN dim_school s USING (school_id)
WHERE p.school_id = ANY(:schools) AND p.school_id = :school ORDER BY p.package_no DESC
"""
_ONE = f"""
SELECT p.*, v.version_no, v.state, v.texts, v.saved_at, v.saved_by, v.role AS saved_role, s.timezone
FROM control_package p JOIN ({_NEWEST}) v USING (school_id, package_no) JOIN dim_school s USING (school_id)
WHERE p.school_id = ANY(:schools) AND p.school_id = :school
  AND p.package_no = coalesce(CAST(:number AS int), (SELECT max(m.package_no) FROM control_package m
        WHERE m.school_id = :school AND m.last_on < CAST(:before AS date)))
"""
_NOW = """
SELECT school_id, finding_id, state, fixed_at FROM finding_row
WHERE school_id = ANY(:schools) AND school_id = :school AND finding_id = ANY(CAST(:findings AS int[]))
"""
# package, its first version: one statement, so that neither stands without the other
_OPEN = """
WITH opened AS (
    INSERT INTO control_package (school_id, package_no, previous_no, opened_at, until_at, first_on, last_on, user_id,
           profile_version, period, metric_version, opened_by, role, snapshot)
    SELECT s.school_id, (SELECT coalesce(max(q.package_no), 0) + 1 FROM control_package q
               WHERE q.school_id = s.school_id), CAST(:previous AS int), clock_timestamp(), s.extracted_at, :first_on,
           :last_on, u.user_id, CAST(:profile_version AS smallint), :period, :metric_version, u.full_name, u.role,
           :snapshot
    FROM dim_school s JOIN access_user u ON u.user_id = :user_id
    WHERE s.school_id = ANY(:schools) AND s.school_id = :school
    RETURNING school_id, package_no, opened_at, user_id, opened_by, role
)
INSERT INTO control_version (school_id, package_no, version_no, saved_at, user_id, state, saved_by, role, texts)
SELECT school_id, package_no, 1, opened_at, user_id, 'draft', opened_by, role, :texts FROM opened
"""
# the act enters the register in the statement that signs; `seen` = the version the person had before her eyes
_SAVE = """
WITH newest AS (
    SELECT v.school_id, v.package_no, v.version_no, v.state, p.first_on, p.last_on, p.period
    FROM control_version v JOIN control_package p USING (school_id, package_no)
    WHERE v.school_id = ANY(:schools) AND v.school_id = :school AND v.package_no = :number
    ORDER BY v.version_no DESC LIMIT 1
), going AS (
    SELECT n.*, u.user_id, u.full_name, u.role FROM newest n JOIN access_user u ON u.user_id = :user_id
    WHERE n.version_no = :seen AND n.state = ANY(CAST(:allowed AS text[]))
), entered AS (
    INSERT INTO control_act (school_id, control_act_id, month_on, period_id, act_on, council_on, entered_at, entered_by,
           author, author_role, role, act_no, findings)
    SELECT g.school_id, (SELECT coalesce(max(c.control_act_id), 0) + 1 FROM control_act c
               WHERE c.school_id = g.school_id),
           date_trunc('month', g.last_on)::date,
           CASE WHEN g.period !~ '^m' THEN (SELECT min(q.period_id) FROM dim_period q WHERE q.school_id = g.school_id
               AND q.starts_on = g.first_on AND q.ends_on = g.last_on) END,
           CAST(:act_on AS date), CAST(:council_on AS date), clock_timestamp(), g.user_id, g.full_name, g.role,
           g.role, nullif(CAST(:act_no AS text), ''), CAST(:findings AS text)
    FROM going g WHERE CAST(:state AS text) = 'signed'
    RETURNING school_id
), asked AS (
    INSERT INTO derivation_request (school_id, request_no, user_id, asked_at, attempt_count, register, state)
    SELECT e.school_id, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, CAST(:user_id AS int),
           clock_timestamp(), 0, 'control_act', 'waiting' FROM entered e
)
INSERT INTO control_version (school_id, package_no, version_no, saved_at, user_id, state, saved_by, role, texts)
SELECT g.school_id, g.package_no, g.version_no + 1, clock_timestamp(), g.user_id, CAST(:state AS text), g.full_name,
       g.role, CAST(:texts AS text)
FROM going g
"""


class Refused(StrEnum):
    """Why nothing was saved."""

    FORBIDDEN = "forbidden"
    NO_PERIOD = "no_period"
    STAMP = "stamp"
    """Source system or act are not known: a document could not leave the product (003 4.5)."""
    BUSY = "busy"
    """Somebody saved another version meanwhile, or the state does not allow it."""


@dataclass(frozen=True)
class Package:
    """A control: number, period code, days, moments (UTC), who opened it and its newest version."""

    school: int
    number: int
    period: str
    first_on: date
    last_on: date
    opened_at: datetime
    opened_by: str
    role: str
    profile_version: int | None
    metric_version: str
    snapshot: Snapshot
    version: int
    state: State
    texts: Texts
    saved_at: datetime
    saved_by: str
    saved_role: str


def metric_version() -> str:
    """Fingerprint of the definitions of the metrics: 12 hexadecimal digits, other where a formula is another."""
    text = "\n".join(repr(METRICS[name]) for name in sorted(METRICS)) + sums("duty")
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def read_packages(scope: Scope, school: int) -> pl.DataFrame:
    """Controls of the school, newest first: package_no, period, label, first_on, last_on, opened_at, opened_by, state,
    saved_at, act_no, repair_on, remark_count, timezone. One query, never remembered."""
    return read(scope, _LIST, {"school": school})


def read_package(scope: Scope, school: int, number: int | None, before: date | None = None) -> Package | None:
    """One control; with `number` None the last one that ends before the day. One query."""
    rows = read(scope, _ONE, {"school": school, "number": number, "before": before})
    return _package(rows.row(0, named=True)) if rows.height else None


def open_control(scope: Scope, filters: Filters, now: datetime) -> Refused | int:
    """Freeze what the screens show for the period where the data end; the number of the control. A constant number of
    queries. SQLAlchemyError of the database rises."""
    school = filters.school
    if school is None or not may_decide(scope, school):
        return Refused.FORBIDDEN
    with for_storing():
        return _opened(scope, school, filters, now)


def _opened(scope: Scope, school: int, filters: Filters, now: datetime) -> Refused | int:
    place = Filters(school=school, period=filters.period, year=filters.year)
    page = read_school(scope, place, now)
    span = page.choice.period.span.days_of(school) if page is not None and page.choice is not None else None
    if page is None or page.choice is None or span is None:
        return Refused.NO_PERIOD
    origin = read_origins(scope, school).row(0, named=True)
    if not origin["source_system"] or not origin["act_title"]:
        return Refused.STAMP
    snapshot = _snapshot(scope, page, place, origin, now)
    previous = read_package(scope, school, None, span[0])
    if previous is not None:
        snapshot = _with_before(scope, snapshot, previous)
    period = page.choice.period.code
    today = now.astimezone(ZoneInfo(snapshot.zone)).date()
    params = {
        "school": school, "previous": previous.number if previous else None, "first_on": span[0], "last_on": span[1],
        "profile_version": origin["profile_version"], "period": period, "metric_version": metric_version(),
        "snapshot": snapshot.to_json(), "texts": control.proposed(snapshot, today).to_json(),
    }  # fmt: skip
    try:
        if not append(scope, _OPEN, params, noted="control", school=school):
            return Refused.FORBIDDEN
    except IntegrityError:
        return Refused.BUSY
    except ProgrammingError:  # the row policy: rights were taken meanwhile
        return Refused.FORBIDDEN
    return int(read_packages(scope, school)["package_no"][0])


def save(scope: Scope, package: Package, texts: Texts, state: State) -> Refused | None:
    """Append a version in the state; None when it is done. Signing enters the act into the register."""
    if not may_decide(scope, package.school):
        return Refused.FORBIDDEN
    if read_settings().pseudonyms:
        texts = _restored(scope, package, texts)
    allowed = [before.value for before, after in control.NEXT.items() if state in after]
    params = {
        "school": package.school, "number": package.number, "seen": package.version, "state": state.value,
        "allowed": allowed, "texts": texts.to_json(), "act_on": texts.act_on or None,
        "council_on": texts.council_on or None, "act_no": texts.act_no, "findings": texts.conclusions,
    }  # fmt: skip
    try:
        return None if append(scope, _SAVE, params, noted="control_act", school=package.school) else Refused.BUSY
    except IntegrityError:
        return Refused.BUSY
    except ProgrammingError:
        return Refused.FORBIDDEN


def _restored(scope: Scope, package: Package, texts: Texts) -> Texts:
    """The words of a form that showed pseudonyms, with the names of the stored control."""
    with for_storing():
        stored = read_package(scope, package.school, package.number)
    if stored is None:
        return texts
    known = names_of(stored.snapshot, cookie_secret(read_settings().home))
    return restored(texts, stored.texts, known)


def recheck(scope: Scope, package: Package) -> Refused | None:
    """Compare the frozen findings with the register of now and close the control with what was found."""
    result = _became(scope, package)
    return save(scope, package, replace(package.texts, result=result), State.RECHECKED)


def read_outcome(scope: Scope, school: int, number: int | None) -> control.Outcome | None:
    """What became of a control's findings until now; two queries."""
    package = read_package(scope, school, number)
    return None if package is None else _became(scope, package)


def _became(scope: Scope, package: Package) -> control.Outcome:
    remarks = package.snapshot.remarks
    rows = read(scope, _NOW, {"school": package.school, "findings": [remark.finding for remark in remarks]})
    now = {row["finding_id"]: (row["state"], row["fixed_at"]) for row in rows.iter_rows(named=True)}
    return control.outcome(remarks, now, control.day_of(package.texts.repair_on), package.snapshot.zone)


def _with_before(scope: Scope, snapshot: Snapshot, previous: Package) -> Snapshot:
    before = control.compared(_became(scope, previous), previous.snapshot.remarks, snapshot.remarks)
    return replace(snapshot, before=before, before_label=previous.snapshot.label)


def _snapshot(scope: Scope, page: School, place: Filters, origin: dict[str, Any], now: datetime) -> Snapshot:
    """The figures of the page of the school and the open rows of the page of findings, for the same position."""
    if page.choice is None:
        raise ValueError("A page without periods has nothing to freeze.")
    rows = read_every(scope, place, now)
    remarks = tuple(_remark(row) for row in rows.iter_rows(named=True))
    faulty = {remark.staff for remark in remarks}
    teaching = set(page.teachers["staff_id"].drop_nulls().to_list())
    names = dict(page.names.select("staff_id", "full_name").iter_rows())
    clean = [short_name(names[key]) for key in teaching - faulty if key in names]
    regulated = {
        wording.BY_NUMBER[row["rule"]].name for row in page.clauses.iter_rows(named=True) if row["is_regulated"]
    }
    until = page.row["extracted_at"]
    span = page.choice.period.span.days_of(page.row["school_id"])
    return Snapshot(
        label=page.choice.period.label,
        school=page.row["label"],
        zone=page.row["timezone"],
        source=str(origin["source_system"]),
        until=wording.short_moment(until, page.row["timezone"]) if until else "",
        act=act_words(origin),
        version=str(origin["profile_version"] or ""),
        indicators=tuple(_indicator(name, page) for name in SHOWN_METRICS),
        remarks=remarks,
        clean=tuple(sorted(clean, key=wording.alphabetical)),
        journals=tuple(
            (row["class_name"], row["subject"], percent(row["value"]), int(row["unfilled"]))
            for row in below_norm(page).iter_rows(named=True)
        ),
        last=min(span[1], page.row["until_on"]).isoformat() if span else "",
        checks=() if page.choice.period.is_of_calendar else control.checklist(remarks, regulated),
    )


def _indicator(name: str, page: School) -> Indicator:
    found = METRICS[name].of(page.rules)
    share = METRICS[name].unit == "share"
    return Indicator(
        name, measures.in_words(found, page.rules), int(found.part), int(found.whole) if share and found.whole else None
    )


def _remark(row: dict[str, Any]) -> Remark:
    on = row["held_on"] or row["anchor_on"]
    return Remark(
        finding=row["finding_id"], rule=row["rule"], severity=row["severity"], journal=row["journal_id"],
        staff=row["staff_id"], what=wording.rule_name(row["rule"]),
        told=wording.told(LedgerRow.of(row, row["timezone"])), class_name=row["class_name"] or "",
        subject=row["subject"] or "", teacher=short_name(row["responsible"]) if row["responsible"] else "",
        on=on.isoformat() if on else "", clause=wording.clause(row), status=row["status"],
    )  # fmt: skip


def _package(row: dict[str, Any]) -> Package:
    snapshot, texts = Snapshot.of_json(row["snapshot"]), Texts.of_json(row["texts"])
    if shows_pseudonyms():  # the frozen text holds names that no column does
        known = names_of(snapshot, cookie_secret(read_settings().home))
        snapshot, texts = hidden(snapshot, known), hidden_texts(texts, known)
    return Package(
        row["school_id"], row["package_no"], row["period"], row["first_on"], row["last_on"], row["opened_at"],
        row["opened_by"], row["role"], row["profile_version"], row["metric_version"], snapshot, row["version_no"],
        State(row["state"]), texts, row["saved_at"], row["saved_by"], row["saved_role"],
    )  # fmt: skip
