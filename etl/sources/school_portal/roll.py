"""Since when a pupil is in the lists of a class, and who is in none any more: the difference to earlier exports.

The files list pupils and do not say since when. Somebody who came or went in the middle of the year must not answer for
the periods before and after (period marks are due for whoever is enrolled on the last day of a period).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import product, takewhile

from etl.sources.earlier import StoredEnrolment
from etl.sources.school_portal.alignment import Known
from etl.sources.school_portal.journals import Journal
from etl.sources.school_portal.people import contents_of
from etl.sources.school_portal.place_keys import class_key, stem
from etl.sources.school_portal.words import name_tokens

Sat = tuple[str, str]
"""Class key and pupil key."""
Rows = dict[tuple[str, str], list[tuple[int, str]]]
"""(file, sheet) → rows with the pupil's key."""
FEW = 3
"""Fewer entries in common prove no change of a name."""


@dataclass
class Roll:
    """`since` by class and pupil; `gone` by class: pupil, first day, first day that no longer counts."""

    since: dict[Sat, date] = field(default_factory=dict)
    gone: dict[str, list[tuple[str, date, date]]] = field(default_factory=lambda: defaultdict(list))
    warnings: list[str] = field(default_factory=list)


def roll_of(
    journals: list[Journal], rows_of: Rows, names: dict[str, str], known: Known, secret: bytes, before: date | None
) -> Roll:
    """`before` is the local day of the newest earlier export of journals, None where this is the first. A newcomer is
    there from the day after it, or from the first entry; who is in no sheet of the class any more left on that day, if
    a list of the whole class that held an entry of hers was received.
    """
    roll = Roll()
    stored: dict[Sat, StoredEnrolment] = {}
    for each in known.earlier.enrolments:
        there = stored.get((each.class_key, each.pupil_key))
        if there is None or each.from_on > there.from_on:
            stored[each.class_key, each.pupil_key] = each
    first_entry = _first_entries(journals, rows_of)
    known_classes = {key for key, _pupil in stored}
    new: dict[str, list[str]] = defaultdict(list)
    for (key, pupil), entry in first_entry.items():
        year = date(int(key[:4]), 9, 1)
        if (key, pupil) in stored:
            roll.since[key, pupil] = stored[key, pupil].from_on
        elif before is None or key not in known_classes:
            roll.since[key, pupil] = year
        else:
            roll.since[key, pupil] = max(year, min(before + timedelta(days=1), entry or date.max))
            new[key].append(pupil)
    if before is None:
        return roll
    seen: dict[str, set[str]] = defaultdict(set)
    for journal in journals:
        if not journal.place.group:
            seen[class_key(journal.place)] |= known.seen_in(stem(journal.place, secret))
    for (key, pupil), each in stored.items():
        if each.to_on is None and (key, pupil) not in first_entry and pupil in seen.get(key, ()):
            roll.gone[key].append((pupil, each.from_on, max(before, each.from_on) + timedelta(days=1)))
    comers = {pupil for those in new.values() for pupil in those}
    contents: dict[str, dict[Hashable, str]] = defaultdict(dict)
    for journal in journals if comers else ():
        for row, pupil in rows_of[journal.sheet.file, journal.sheet.name]:
            if pupil in comers:
                contents[pupil] |= contents_of(journal, row, secret)
    _report(roll, new, names, Sheets(known, contents, {each.pupil_key: each.name for each in stored.values()}))
    return roll


@dataclass(frozen=True)
class Sheets:
    """What tells whether two are one: the stored entries, those of the newcomers, and the stored names."""

    known: Known
    contents: dict[str, dict[Hashable, str]]
    names: dict[str, str]


def _first_entries(journals: list[Journal], rows_of: Rows) -> dict[Sat, date | None]:
    """The day of the first entry of everybody who is listed, None without any."""
    found: dict[Sat, date | None] = {}
    for journal in journals:
        key = class_key(journal.place)
        days = sorted(journal.days, key=lambda column: column.day)
        for row, pupil in rows_of[journal.sheet.file, journal.sheet.name]:
            entry = next((column.day for column in days if journal.sheet.at(row, column.column)), None)
            there = found.get((key, pupil))
            found[key, pupil] = min(entry, there) if entry and there else entry or there
    return found


def _report(roll: Roll, new: dict[str, list[str]], names: dict[str, str], sheets: Sheets) -> None:
    """Newcomers and leavers by number, and those who may be one and the same; nobody is named."""
    came, went = sum(map(len, new.values())), sum(map(len, roll.gone.values()))
    if went:
        roll.warnings.append(
            f"{went} pupils are in no list of their class any more: taken as having left after the export before"
        )
    if came:
        roll.warnings.append(f"{came} pupils are new in the lists of their class: taken as having come since then")
    for to_class, from_class in product(new, roll.gone):
        for pupil, (old, _since, _until) in product(new[to_class], roll.gone[from_class]):
            if from_class == to_class:
                held = sheets.known.pupils.get(old, {}).items()
                if len(held) >= FEW and held <= sheets.contents[pupil].items():
                    roll.warnings.append(
                        f"a newcomer of {_plain(to_class)} has every entry of a pupil who left it: probably the same "
                        f"one under another name; the entries count as deleted and new"
                    )
            elif _grade_1(from_class) == _grade_1(to_class) and name_tokens(sheets.names[old]) == name_tokens(
                names[pupil]
            ):
                roll.warnings.append(
                    f"one name left {_plain(from_class)} and came to {_plain(to_class)}: probably a pupil who changed "
                    f"the class; they are kept as two"
                )


def _plain(key: str) -> str:
    return key.partition("|")[2]


def _grade_1(key: str) -> int:
    """Year in which the class was in grade 1."""
    return int(key[:4]) - int("".join(takewhile(str.isdigit, _plain(key))))
