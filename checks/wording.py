"""One row of the ledger in Russian: its status, moments, lag, quality and clause. Pure: no database, no clock.

The sentences say what is compared with what, so that a reader can repeat the judgement by hand: «внесено 16.09 17:00,
срок 15.09 23:59, на 17 ч позже». Moments are on the school's own clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from checks.words import FOLDER, NBSP, Texts, day_short
from etl.warehouse.ledger import RULES, Excluded, Quality, Rule, Severity, Status

_TEXTS = Texts(FOLDER)
t, has, count = _TEXTS.t, _TEXTS.has, _TEXTS.count
BY_NUMBER: dict[int, Rule] = {rule.number: rule for rule in RULES}
_CHANGES = frozenset(rule.number for rule in RULES if rule.object_type == "change")
_BANS = frozenset(rule.number for rule in RULES if rule.kind == "ban")


@dataclass(frozen=True)
class LedgerRow:
    """What one sentence is made of. Moments are aware (any zone); `at` is the moment T of the status, `zone` the
    school's.
    """

    rule: int
    status: int
    zone: ZoneInfo
    at: datetime | None = None
    excluded: int | None = None
    quality: int | None = None
    can_tell: bool = True
    not_before: datetime | None = None
    target_at: datetime | None = None
    due_at: datetime | None = None
    due_earliest: datetime | None = None
    done_earliest: datetime | None = None
    done_latest: datetime | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any], zone: str) -> Self:
        """From a row with the columns of `ledger_row`, `status` and `at`; a column that is not there is unknown."""
        taken = {
            name: row[name]
            for name in cls.__dataclass_fields__
            if name in row and name not in ("zone", "quality", "can_tell")
        }
        can_tell = row.get("can_tell")
        return cls(
            **taken, quality=row.get("done_quality"), can_tell=can_tell is None or bool(can_tell), zone=ZoneInfo(zone)
        )

    @property
    def name(self) -> str:
        """The rule's name in the contract."""
        return BY_NUMBER[self.rule].name

    @property
    def is_made(self) -> bool:
        """An entry may be there at T: certainly, or within its interval."""
        return self.done_latest is not None and (
            self.at is None or self.done_earliest is None or self.done_earliest <= self.at
        )


def rule_name(rule: int) -> str:
    """«Тема урока»; the contract's own name for a rule that nobody worded."""
    key = f"rule.{BY_NUMBER[rule].name}"
    return t(key) if has(key) else BY_NUMBER[rule].name


def status_name(rule: int, status: int) -> str:
    """«с опозданием»; of a ban «запрет нарушен» or «разрешено» (annex L0a)."""
    if rule in _BANS and status in (Status.late, Status.early):
        return t("told.banned")
    if rule in _BANS and status == Status.on_time:
        return t("told.allowed")
    return t(f"status.{Status(status).name}")


def severity_name(severity: int) -> str:
    """«грубое»."""
    return t(f"severity.{Severity(severity).name}")


def why_withdrawn(code: str) -> str:
    """Why a finding is no longer due (annex F1), by the register's code; an unknown code as it is."""
    return next((t(key) for key in (f"withdrawn.{code}", f"left_out.{code}") if has(key)), code)


def told(row: LedgerRow) -> str:
    """The operands of the judgement in one sentence without a full stop, beginning with a small letter."""
    if row.excluded is not None:
        return t("told.excluded", why=t(f"left_out.{Excluded(row.excluded).name}"))
    return _SENTENCES[Status(row.status)](row)


def clause(row: Mapping[str, Any]) -> str:
    """«п. Р-2.1, протокол № 1 от 30.08.2017» of a row of `judgement_rule`; why there is none where there is none."""
    if not row.get("clause"):
        return t("clause.default") if row.get("origin") == "contract default" else t("clause.none")
    number_and_date = _act_number(row)
    return (
        t("clause.short", clause=row["clause"], act=number_and_date)
        if number_and_date
        else t("clause.bare", clause=row["clause"])
    )


def act(row: Mapping[str, Any]) -> str:
    """«Положение …, протокол № 1 от 30.08.2017» with what of it is known; empty without an act."""
    return ", ".join(part for part in (row.get("act_title"), _act_number(row)) if part)


def _act_number(row: Mapping[str, Any]) -> str:
    act_number, on = row.get("act_number"), row.get("act_date")
    if on is None:
        return act_number or ""
    return t("clause.dated", number=act_number or "", date=day_short(on)).strip()


def lag(seconds: float) -> str:
    """«40 мин», «17 ч», «2 дня»: whole units, never 0."""
    if seconds < 3600:
        return t("told.minutes", n=max(1, int(seconds // 60))).replace(" ", NBSP)
    if seconds < 24 * 3600:
        return t("told.hours", n=int(seconds // 3600)).replace(" ", NBSP)
    return count(int(seconds // (24 * 3600)), "day")


def moment(at: datetime, row: LedgerRow) -> str:
    """`16.09 17:00` on the school's clock, never broken; with the year where it is another than that of T."""
    local = at.astimezone(row.zone)
    same_year = row.at is None or row.at.astimezone(row.zone).year == local.year
    return f"{local:%d.%m}{NBSP}{local:%H:%M}" if same_year else f"{local:%d.%m.%Y}{NBSP}{local:%H:%M}"


def when_made(row: LedgerRow) -> str:
    """When the entry was made, as well as it is known (annex B2); «не внесено» where it is not there."""
    verb = "changed" if row.rule in _CHANGES else "made"
    if not row.is_made or row.done_latest is None:
        return t("told.not_made")
    if row.quality == Quality.date_only:
        local = (row.done_earliest or row.done_latest).astimezone(row.zone)
        return t(f"told.{verb}_day", at=moment(local, row)[:-6])
    if row.quality == Quality.interval and row.done_earliest is not None:
        # an interval (t1, t2] begins one second after the export t1 (annex B5)
        first = row.done_earliest - timedelta(seconds=1)
        return t(f"told.{verb}_between", first=moment(first, row), last=moment(row.done_latest, row))
    if row.quality == Quality.unknown:
        return t(f"told.{verb}_before", last=moment(row.done_latest, row))
    return t(f"told.{verb}", at=moment(row.done_latest, row))


def why_untold(row: LedgerRow) -> str:
    """Why the row cannot be judged."""
    if row.is_made and row.due_at is None and row.target_at is None and row.not_before is None:
        return t("untold.no_end")
    if row.is_made:
        return t("untold.straddles", done=when_made(row), limit=_limits(row))
    if row.can_tell:
        return t("untold.no_end")
    key = f"untold.{row.name}"
    return t(key) if has(key) else t("untold.other")


def _limits(row: LedgerRow) -> str:
    words = []
    if row.target_at is not None and row.target_at != row.due_at:
        words.append(t("told.target", at=moment(row.target_at, row)))
    if row.due_at is not None and row.due_earliest is not None and row.due_earliest != row.due_at:
        words.append(t("told.limit_between", first=moment(row.due_earliest, row), last=moment(row.due_at, row)))
    elif row.due_at is not None:
        words.append(t("told.limit", at=moment(row.due_at, row)))
    elif row.target_at is not None:
        words.append(t("told.no_limit"))
    elif row.not_before is not None:
        words.append(t("told.not_before", at=moment(row.not_before, row)))
    return ", ".join(words) if words else t("told.not_regulated")


def _lateness(row: LedgerRow) -> str:
    if row.due_at is None or row.done_latest is None:
        return ""
    if row.quality == Quality.date_only:
        days = (row.done_latest.astimezone(row.zone).date() - row.due_at.astimezone(row.zone).date()).days
        return t("told.late_by", lag=count(days, "day")) if days > 0 else ""
    if row.quality in (Quality.interval, Quality.unknown):
        least = ((row.done_earliest or row.done_latest) - row.due_at).total_seconds()
        return t("told.late_at_least", lag=lag(least)) if least > 0 else ""
    return t("told.late_by", lag=lag((row.done_latest - row.due_at).total_seconds()))


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _kept(row: LedgerRow) -> str:
    return _joined(when_made(row), _limits(row))


def _late(row: LedgerRow) -> str:
    return _joined(when_made(row), _limits(row), _lateness(row))


def _early(row: LedgerRow) -> str:
    first = t("told.not_before", at=moment(row.not_before, row)) if row.not_before is not None else ""
    return _joined(when_made(row), first)


def _missing(row: LedgerRow) -> str:
    over = ""
    if row.due_at is not None and row.at is not None:
        over = t("told.overdue", lag=lag((row.at - row.due_at).total_seconds()))
    return _joined(t("told.not_made"), _limits(row), over)


def _pending(row: LedgerRow) -> str:
    if row.due_at is None and row.target_at is not None and row.at is not None and row.target_at < row.at:
        return _joined(t("told.not_made"), _limits(row), t("told.target_over"))
    return _joined(t("told.not_made"), _limits(row), t("told.ahead"))


def _cannot(row: LedgerRow) -> str:
    return t("told.cannot", why=why_untold(row))


def _not_regulated(row: LedgerRow) -> str:
    if not row.is_made and not row.can_tell:
        return _joined(why_untold(row), t("told.not_regulated"))
    return _joined(when_made(row), t("told.not_regulated"))


def _exempt(row: LedgerRow) -> str:
    return _joined(when_made(row), t("told.exempt"))


def _breached(row: LedgerRow) -> str:
    key = f"breach.{row.name}"
    return t(key) if has(key) else t("status.breached")


_SENTENCES = {
    Status.on_time: _kept,
    Status.amber: _kept,
    Status.late: _late,
    Status.early: _early,
    Status.missing: _missing,
    Status.pending: _pending,
    Status.indeterminate: _cannot,
    Status.exempt: _exempt,
    Status.not_regulated: _not_regulated,
    Status.not_applicable: lambda _row: t("status.not_applicable"),
    Status.breached: _breached,
}
