"""`reportGlobalStatPersonal`: how often each member of staff signed in over a range of days (sources page, 5.2c)."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date

from etl.sources.keys import hidden
from etl.sources.school_portal.cells import Sheet
from etl.sources.school_portal.faults import Fault, fault
from etl.sources.school_portal.people import Teachers
from etl.sources.school_portal.words import cleaned, folded, name_tokens

USER, LOGINS, MOBILE, LAST = "пользователь", "входы", "мобильн", "последний вход"
_RANGE = re.compile(r"за промежуток с\s*(\d{1,2}\.\d{1,2}\.\d{4})\D*по\s*(\d{1,2}\.\d{1,2}\.\d{4})")


@dataclass(frozen=True)
class SignIns:
    """One member of staff: sign-ins of the whole range, in the browser and in the mobile app."""

    row: int
    name: str
    logins: int
    last_on: date | None


@dataclass(frozen=True)
class ActivityReport:
    """Both days inclusive."""

    sheet: Sheet
    first: date
    last: date
    users: tuple[SignIns, ...]
    faults: tuple[Fault, ...]


def is_activity(sheet: Sheet) -> bool:
    """It has the sentence with the range and the columns of users and sign-ins."""
    return _range(sheet) is not None and _heads(sheet) is not None


def _day(text: str) -> date | None:
    found = re.search(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text)
    try:
        return date(int(found[3]), int(found[2]), int(found[1])) if found else None
    except ValueError:
        return None


def _range(sheet: Sheet) -> tuple[date, date] | None:
    for cells in sheet.rows[:20]:
        for text in cells:
            if found := _RANGE.search(folded(text)):
                first, last = _day(found[1]), _day(found[2])
                return (first, last) if first and last and first <= last else None
    return None


def _heads(sheet: Sheet) -> tuple[int, list[str]] | None:
    for row, cells in enumerate(sheet.rows[:30]):
        words = [folded(text) for text in cells]
        if any(word.startswith(USER) for word in words) and any(word.startswith(LOGINS) for word in words):
            return row, words
    return None


def read_activity(sheet: Sheet) -> ActivityReport:
    """The report; a count of sign-ins that is no number is set aside. Raises ValueError for what is none."""
    days, heads = _range(sheet), _heads(sheet)
    if not days or not heads:
        raise ValueError(f"{sheet.file} is no report of sign-ins")
    top, words = heads
    user = next(column for column, word in enumerate(words) if word.startswith(USER))
    counted = [column for column, word in enumerate(words) if word.startswith(LOGINS)]
    last = next((column for column, word in enumerate(words) if word.startswith(LAST)), None)
    users, faults = [], []
    for row in range(top + 1, len(sheet.rows)):
        name = cleaned(sheet.at(row, user))
        texts = [sheet.at(row, column) for column in counted]
        if len(name_tokens(name)) < 2 or not any(texts):
            continue
        wrong = [column for column, text in zip(counted, texts, strict=True) if text and not text.isdigit()]
        if wrong:
            faults.append(fault("activity", sheet, row, wrong[0], "not a number of sign-ins"))
            continue
        total = sum(int(text) for text in texts if text)
        users.append(SignIns(row, name, total, _day(sheet.at(row, last)) if last is not None else None))
    return ActivityReport(sheet, *days, tuple(users), tuple(faults))


def activity_rows(report: ActivityReport, secret: bytes, school_key: str) -> dict[str, list[dict[str, str | None]]]:
    """Rows of staff, account and activity. The report sums days: the sum stands on the last sign-in inside the range,
    else on the range's last day.
    """
    school: dict[str, str | None] = {"school_key": school_key}
    teachers = Teachers(secret, school_key)
    teachers.know(user.name for user in report.users)
    seen: Counter[str] = Counter()
    accounts, days = [], []
    for user in report.users:
        person = teachers.key(user.name)
        seen[person] += 1
        key = hidden(secret, school_key, "account", person, str(seen[person]))
        day = user.last_on if user.last_on and report.first <= user.last_on <= report.last else report.last
        base = school | {"account_key": key, "role": "staff", "person_key": person}
        accounts.append(base | {"active": "true"})
        days.append(base | {"date": str(day), "logins": str(user.logins)})
    staff = [school | {"staff_key": key, "full_name": name} for key, name in teachers.names.items()]
    return {"staff": staff, "account": accounts, "activity": days}
