"""What a digest says: computed by the queries of the pages under the recipient's own scope, so it holds nothing that
her pages do not. No pupil is named in any of them; subject lines hold counts of records, never a mark.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from dashboard import wording
from dashboard.class_rows import UNKNOWN_CODES, unfilled
from dashboard.filling_rows import lines
from dashboard.filters import Filters, State, url_of
from dashboard.i18n import count, day_short, number, t
from dashboard.measures import in_words
from dashboard.queries import periods, spans
from dashboard.queries import schools as asked
from dashboard.queries.filling import read_filling
from dashboard.queries.my_class import read_class
from dashboard.queries.overview import read_overview
from dashboard.queries.own import read_own
from dashboard.queries.school import read_school
from etl.warehouse.ledger import RULE, Status
from etl.warehouse.metrics import METRICS
from etl.warehouse.scope import Scope

LISTED = 10
"""Lines of a digest; the rest is behind its link."""
MINUTES = {RULE["topic"].number: 1, RULE["homework"].number: 2, RULE["attendance"].number: 2}
"""An estimate of ours for the length of the work; of any other record OTHER_MINUTES."""
OTHER_MINUTES = 3


@dataclass(frozen=True)
class Digest:
    """One digest of one person: `subject` without a date, `lines` = (words, route with parameters or empty), `link` =
    where the whole of it is."""

    kind: str
    subject: str
    lead: str
    lines: tuple[tuple[str, str], ...]
    link: str

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what it says: the same is not sent twice."""
        words = "\n".join((self.kind, self.subject, self.lead, *(line for line, _ in self.lines)))
        return hashlib.sha256(words.encode()).hexdigest()


def minutes(due: pl.DataFrame) -> int:
    """About how long the records take; `due` as of `read_own`, what is not listed counts at the mean of what is."""
    each = [MINUTES.get(rule, OTHER_MINUTES) * n for rule, n in due.select("rule", "n").iter_rows()]
    listed = int(due["n"].sum() or 0)
    total = sum(int(n) for n in due.group_by("status").agg(pl.col("entries_of").first())["entries_of"])
    return round(sum(each) * total / listed) if listed else 0


def teacher_weekly(scope: Scope, school: int, now: datetime) -> Digest | None:
    """«5 записей, около 12 минут»: what a teacher has to enter, overdue and due by the end of the week, with links."""
    page = read_own(scope, Filters(school=school), now)
    if page is None or page.due.is_empty():
        return None
    total = sum(int(n) for n in page.due.group_by("status").agg(pl.col("entries_of").first())["entries_of"])
    words = count(total, "entry")
    found = []
    for row in page.due.head(LISTED).iter_rows(named=True):
        on = day_short(row["anchor_on"]) if row["anchor_on"] else ""
        state = t("digest.overdue" if row["status"] == int(Status.missing) else "digest.ahead")
        place = Filters(school=school, class_id=row["class_id"], journal=row["journal_id"], lesson=row["lesson_id"])
        parts = (wording.rule_name(row["rule"]), row["subject"] or "", row["class_name"] or "", on, state)
        found.append((", ".join(part for part in parts if part), url_of("journal", place)))
    lead = t("digest.teacher_lead", n=words, minutes=count(minutes(page.due), "minute"))
    return Digest("teacher_weekly", t("digest.teacher_subject", n=words), lead, tuple(found),
                  url_of("own", Filters(school=school)))  # fmt: skip


def class_daily(scope: Scope, school: int, now: datetime) -> Digest | None:
    """Journals of a class teacher's own class with records not made, by teacher, and absences that wait for a reason
    (004 5-КР-3, 000 П-5.4); pupils are counted, not named."""
    found: list[tuple[str, str]] = []
    entries = waiting = 0
    for own_school, class_id in sorted(scope.class_ids):
        place = Filters(school=school, class_id=class_id)
        page = read_class(scope, place, now) if own_school == school else None
        if page is None:
            continue
        rows = unfilled(page.duties, page.attendance.dims)
        for row in rows.iter_rows(named=True) if rows.height else ():
            entries += row["unfilled"]
            words = t("digest.class_line", subject=row["subject"], n=count(row["unfilled"], "entry"),
                      teacher=row["teacher"] or t("filling.nobody"))  # fmt: skip
            found.append((words, url_of("journal", place.changed(journal=row["journal_id"]))))
        waiting += page.missed.filter(pl.col("code").is_in(UNKNOWN_CODES)).height if page.missed.height else 0
    if not entries and not waiting:
        return None
    lead = t("digest.class_lead", n=count(entries, "entry"), waiting=count(waiting, "absence"))
    link = url_of("class", Filters(school=school))
    return Digest(
        "class_daily", t("digest.class_subject", n=count(entries, "entry")), lead, tuple(found[:LISTED]), link
    )


def deputy_weekly(scope: Scope, school: int, now: datetime) -> Digest | None:
    """Who has records that are not made, by teacher, the most first: the table of the page of filling."""
    page = read_filling(scope, Filters(school=school), now)
    if page is None:
        return None
    rows = lines(page, "staff").filter(pl.col("missing") > 0)
    if rows.is_empty():
        return None
    found = [
        (t("digest.deputy_line", name=row["label"], n=count(row["missing"], "entry")),
         url_of("filling", Filters(school=school, staff=row["key"])))
        for row in rows.head(LISTED).iter_rows(named=True)
    ]  # fmt: skip
    total = count(int(rows["missing"].sum()), "entry")
    lead = t("digest.deputy_lead", n=total, teachers=count(rows.height, "teacher"))
    return Digest("deputy_weekly", t("digest.deputy_subject", n=total), lead, tuple(found),
                  url_of("filling", Filters(school=school)))  # fmt: skip


def director_monthly(scope: Scope, school: int, now: datetime) -> Digest | None:
    """The last whole month of the school: filled, in time, attendance, open findings, as on the page of the school."""
    listed = asked.read_schools(scope, now, school)
    if listed.is_empty():
        return None
    first = listed["until_on"][0].replace(day=1)
    span = spans.month_of(first.fromordinal(first.toordinal() - 1))
    place = Filters(school=school, period=span.code)
    page = read_school(scope, place, now)
    if page is None or page.choice is None:
        return None
    month = periods.span_label(span)
    found = [
        (t("digest.metric", name=t(f"report.metric_{name}"), value=in_words(METRICS[name].of(page.rules))), "")
        for name in ("completeness", "timeliness")
    ]
    attended = in_words(METRICS["attendance_share"].of(page.attendance))
    found.append((t("digest.metric", name=t("report.attended"), value=attended), ""))
    link = url_of("findings", place.changed(state=State.OPEN))
    found.append((t("digest.findings", n=count(page.findings or 0, "finding")), link))
    lead = t("digest.director_lead", school=page.row["label"], month=month)
    subject = t("digest.director_subject", month=month)
    return Digest("director_monthly", subject, lead, tuple(found), url_of("school", place))


def inspector_monthly(scope: Scope, _school: int, now: datetime) -> Digest | None:
    """Every school of the municipality in the running period: filled, in time, day of the data; no person at all."""
    page = read_overview(scope, Filters(), now)
    if page.choice is None or page.schools.is_empty():
        return None
    found = []
    for row in page.schools.iter_rows(named=True):
        mine = page.duties.filter(pl.col("school_id") == row["school_id"])
        values = (in_words(METRICS[name].of(mine)) for name in ("completeness", "timeliness"))
        filled, kept = values
        words = t("digest.inspector_line", school=row["label"], filled=filled, kept=kept, on=day_short(row["until_on"]))
        found.append((words, url_of("school", Filters(school=row["school_id"]))))
    stale = asked.stale(page.schools).height
    lead = t("digest.inspector_lead", schools=count(page.schools.height, "school"), stale=number(stale))
    return Digest("inspector_monthly", t("digest.inspector_subject"), lead, tuple(found), url_of("overview", Filters()))


@dataclass(frozen=True)
class Kind:
    """One kind of digest: for which roles, how often (day, week, month), and what makes it for one school."""

    code: str
    roles: frozenset[str]
    often: str
    make: Callable[[Scope, int, datetime], Digest | None]


KINDS: tuple[Kind, ...] = (
    Kind("teacher_weekly", frozenset({"teacher", "class_teacher"}), "week", teacher_weekly),
    Kind("class_daily", frozenset({"class_teacher"}), "day", class_daily),
    Kind("deputy_weekly", frozenset({"deputy", "coordinator"}), "week", deputy_weekly),
    Kind("director_monthly", frozenset({"director"}), "month", director_monthly),
    Kind("inspector_monthly", frozenset({"inspector"}), "month", inspector_monthly),
)


def kinds_of(role: str) -> tuple[Kind, ...]:
    """Digests that the role gets."""
    return tuple(kind for kind in KINDS if role in kind.roles)


def digests_of(scope: Scope, kind: Kind, now: datetime) -> list[Digest]:
    """The digests of one kind for one person, one per school of hers; above a school one for all of them."""
    schools = sorted(scope.all_school_ids)[: 1 if scope.is_above else None]
    found = (kind.make(scope, school, now) for school in schools)
    return [digest for digest in found if digest is not None]
