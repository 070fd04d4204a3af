"""The documents of a control from its frozen snapshot and its words: справка, приказ, лист ознакомления, записка.

Every figure comes from the snapshot, so the same control gives the same documents for ever; a draft
says that it is one. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

from dashboard import wording
from dashboard.control import Outcome, Remark, State, day_of
from dashboard.i18n import count, day, day_short, has, percent, t
from dashboard.queries.control import Package
from dashboard.reports.document import Column, Document, Paragraph, Section, Signature, Stamp, Table

Kind = Literal["report", "order", "sheet", "memo"]
KINDS: tuple[Kind, ...] = ("report", "order", "sheet", "memo")
_OUTCOME = ("fixed", "late", "still", "gone", "new", "repeated")


def document(kind: Kind, package: Package, teacher: str = "") -> Document:
    """The document; `teacher` as in the snapshot for a memo. It was composed when the newest version was saved."""
    made = {"report": _report, "order": _order, "sheet": _sheet}
    return _memo(package, teacher) if kind == "memo" else made[kind](package)


def executor(package: Package) -> str:
    """Who made the newest version, with the role in words."""
    role = t(f"role.{package.saved_role}") if has(f"role.{package.saved_role}") else package.saved_role
    return f"{package.saved_by}, {role}"


def stamp(package: Package) -> Stamp:
    """The stamp of every document of the control."""
    shot = package.snapshot
    return Stamp(
        shot.source,
        package.saved_at.astimezone(ZoneInfo(shot.zone)),
        executor(package),
        shot.until,
        shot.act,
        shot.version,
    )


def _report(package: Package) -> Document:
    shot, words = package.snapshot, package.texts
    parts = [
        Section("", (Paragraph(_w("basis", act=shot.act, version=shot.version)),)),
        Section(_w("section_clean"), (Paragraph(", ".join(shot.clean) if shot.clean else t("control.clean_none")),)),
        Section(_w("section_figures"), (_figures(package),)),
        Section(_w("section_before"), _before(package)),
        Section(_w("section_causes"), _lines(words.causes)),
        Section(_w("section_conclusions"), _lines(words.conclusions)),
        Section(_w("section_decisions"), (*_lines(words.decisions, "item"), *_terms(package))),
    ]
    if words.result is not None:
        parts.append(Section(_w("result"), (_outcome(words.result, t("control.share"), everything=False),)))
    parts += [
        Section(_w("annex_remarks"), (_remarks(shot.remarks),), new_page=True),
        Section(_w("annex_journals"), (_journals(package),)),
    ]
    if shot.checks:
        parts.append(Section(_w("annex_checks"), (_checks(package),)))
    return _of(package, "report", _w("report"), _period(package), tuple(parts), _signatures(package))


def _order(package: Package) -> Document:
    shot, words = package.snapshot, package.texts
    body = Section(
        "",
        (
            Paragraph(_w("order_preamble", label=_period(package))),
            *_lines(words.decisions, "item"),
            *_terms(package),
            Paragraph(_w("order_last")),
        ),
    )
    annex = Section(_w("annex_remarks"), (_remarks(shot.remarks),), new_page=True)
    return _of(package, "order", _w("order"), shot.label, (body, annex), (Signature(_w("director")),))


def _sheet(package: Package) -> Document:
    shot = package.snapshot
    names = sorted({*shot.clean, *(name for name, _ in shot.by_teacher() if name)}, key=wording.alphabetical)
    table = Table(
        "", (Column(_w("no"), 0.08, True), Column(_w("teacher"), 0.46), Column(_w("date"), 0.2),
             Column(_w("signature"), 0.26)),
        [(n, name, " ", " ") for n, name in enumerate(names, start=1)], t("control.clean_none"),
    )  # fmt: skip
    body = Section("", (Paragraph(_w("acquainted")), table))
    return _of(package, "sheet", _w("sheet"), _w("sheet_for", label=shot.label), (body,), ())


def _memo(package: Package, teacher: str) -> Document:
    shot, words = package.snapshot, package.texts
    own = dict(shot.by_teacher()).get(teacher, ())
    until = day_of(words.repair_on)
    said = (
        _w("memo_text", label=shot.label, n=count(len(own), "finding"), day=day(until) if until else "—")
        if own
        else _w("memo_none", label=shot.label)
    )
    body = Section("", (Paragraph(said), *((_remarks(own, with_teacher=False),) if own else ())))
    return _of(
        package,
        "memo",
        _w("memo"),
        _w("memo_for", label=shot.label),
        (body,),
        _signatures(package)[:1],
        above=(teacher,),
    )


def _of(
    package: Package, code: Kind, title: str, subtitle: str, sections: tuple[Section, ...],
    signatures: tuple[Signature, ...], above: tuple[str, ...] = (),
) -> Document:  # fmt: skip
    shot, on = package.snapshot, day_of(package.texts.act_on)
    no = package.texts.act_no
    dated = (
        ""
        if on is None
        else _w("number_and_date", no=no, day=day_short(on))
        if no
        else _w("date_only", day=day_short(on))
    )
    frozen = wording.short_moment(package.opened_at, shot.zone)
    return Document(
        f"control_{code}", title, stamp(package), sections, subtitle, shot.school,
        place=dated if package.state is not State.DRAFT else _w("draft"), above=above, signatures=signatures,
        narrowed=((_w("frozen"), frozen), (_w("metric_version"), package.metric_version)),
    )  # fmt: skip


def _figures(package: Package) -> Table:
    rows = [(t(f"control.indicator_{row.name}"), row.shown, row.part, row.whole) for row in package.snapshot.indicators]
    rows.append((t("control.remarks"), str(len(package.snapshot.remarks)), None, None))
    columns = (
        Column(_w("indicator"), 0.5),
        Column(_w("value"), 0.2),
        Column(_w("n"), 0.15, True),
        Column(_w("of"), 0.15, True),
    )
    return Table(t("control.figures"), columns, rows)


def _before(package: Package) -> tuple[Paragraph | Table, ...]:
    found = package.snapshot.before
    if found is None:
        return (Paragraph(_w("before_none")),)
    return (_outcome(found, t("control.before", label=package.snapshot.before_label)),)


def _outcome(found: Outcome, title: str, *, everything: bool = True) -> Table:
    names = _OUTCOME if everything else _OUTCOME[:4]
    rows: list[tuple[str, str]] = [(t(f"control.{name}"), str(getattr(found, name))) for name in names]
    rows.append((t("control.share"), percent(found.share)))
    return Table(title, (Column(_w("item"), 0.7), Column(_w("n"), 0.3, True)), rows)


def _remarks(remarks: Sequence[Remark], *, with_teacher: bool = True) -> Table:
    who = (Column(_w("teacher"), 0.16),) if with_teacher else ()
    columns = (
        Column(_w("no"), 0.05, True), *who, Column(_w("where"), 0.15), Column(_w("on"), 0.11), Column(_w("what"), 0.17),
        Column(_w("told"), 0.24), Column(_w("clause"), 0.12),
    )  # fmt: skip
    ordered = sorted(
        remarks,
        key=lambda row: (
            not row.teacher,
            wording.alphabetical(row.teacher),
            row.severity,
            row.on,
            row.rule,
            row.finding,
        ),
    )
    rows = [
        (
            n, *((row.teacher or _w("nobody"),) if with_teacher else ()),
            " · ".join(part for part in (row.class_name, row.subject) if part),
            day_of(row.on), row.what, row.told, row.clause,
        )
        for n, row in enumerate(ordered, start=1)
    ]  # fmt: skip
    return Table(t("control.remarks"), columns, rows, t("control.remarks_none"))


def _journals(package: Package) -> Table:
    columns = (Column(_w("where"), 0.6), Column(_w("share"), 0.2), Column(_w("missing"), 0.2, True))
    rows = [(f"{name} · {subject}", share, missing) for name, subject, share, missing in package.snapshot.journals]
    return Table(t("control.journals"), columns, rows, t("control.journals_none"))


def _checks(package: Package) -> Table:
    rows = [(t(f"control.check_{item}"), checked(n)) for item, n in package.snapshot.checks]
    return Table(t("control.checks"), (Column(_w("item"), 0.65), Column(_w("found"), 0.35)), rows)


def checked(n: int | None) -> str:
    """The answer of one item of the checklist in words."""
    if n is None:
        return t("control.check_untold")
    return count(n, "finding") if n else t("control.check_clear")


def _terms(package: Package) -> tuple[Paragraph, ...]:
    words = package.texts
    repair, again, council = day_of(words.repair_on), day_of(words.recheck_on), day_of(words.council_on)
    found = [Paragraph(_w("addressees", names=words.addressees.rstrip(".")))] if words.addressees else []
    if repair:
        found.append(Paragraph(_w("repair", day=_day(repair), recheck=_day(again))))
    return (*found, Paragraph(_w("council", day=_day(council)))) if council else tuple(found)


def _signatures(package: Package) -> tuple[Signature, ...]:
    on = day_of(package.texts.act_on) if package.state is not State.DRAFT else None
    role = "director" if package.saved_role == "director" else "deputy"
    own = Signature(_w(role), package.saved_by, on)
    return (own,) if role == "director" else (own, Signature(_w("director")))


def _period(package: Package) -> str:
    return _w(
        "report_for", label=package.snapshot.label, first=day_short(package.first_on), last=day_short(package.last_on)
    )


def _lines(words: str, kind: Literal["plain", "item"] = "plain") -> tuple[Paragraph, ...]:
    return tuple(Paragraph(line.strip(), kind) for line in words.splitlines() if line.strip())


def _day(on: date | None) -> str:
    return day(on) if on else "—"


def _w(name: str, **values: object) -> str:
    return t(f"control_document.{name}", **values)
