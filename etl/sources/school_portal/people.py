"""Keys of pupils and teachers whom the files name and do not number; namesakes are kept apart and reported."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from etl.sources.keys import hidden
from etl.sources.school_portal.alignment import Known, aligned, words_of
from etl.sources.school_portal.journals import Journal
from etl.sources.school_portal.place_keys import stem
from etl.sources.school_portal.words import cleaned, compact, name_tokens

Cohort = tuple[int, str]
"""Year in which the class was, or would have been, in grade 1, and its letter: a pupil keeps both from year to year."""
Named = tuple[Cohort, str]
"""Pupils of one name in one class."""
NUMBERS = tuple(f"{half / 2:g}" for half in range(1, 13))
"""Numbers that namesakes may have: whole ones, and those between two."""
NOBODY = "Педагог не указан"


@dataclass
class Pupils:
    """Who sits in which row. A key is of the name, the cohort and the place among namesakes of the class, so it stays
    next year and does not depend on which sheets an export happens to hold: namesakes keep the keys that they had.
    """

    secret: bytes
    school_key: str
    names: dict[str, str] = field(default_factory=dict)
    """pupil_key → name"""
    warnings: list[str] = field(default_factory=list)

    def rows_of(self, journals: list[Journal], known: Known) -> dict[tuple[str, str], list[tuple[int, str]]]:
        """(file, sheet) → rows with the pupil's key, in the order of the sheet."""
        most: dict[Named, int] = defaultdict(int)
        for journal in journals:
            for name, count in Counter(" ".join(name_tokens(name)) for _row, name in journal.pupils).items():
                place = (cohort(journal), name)
                most[place] = max(most[place], count)
        self._report(most)
        numbers = {place: self._numbers(place, count, journals, known) for place, count in most.items()}
        return {(journal.sheet.file, journal.sheet.name): self._rows(journal, numbers, known) for journal in journals}

    def key(self, named: Named, number: str, apart: str = "") -> str:
        """The key of the `number`-th of this name in the class; `apart` is a group that does not say which."""
        (year, letter), word = named
        return hidden(self.secret, self.school_key, "pupil", word, str(year), letter, number, apart)

    def _numbers(self, named: Named, count: int, journals: list[Journal], known: Known) -> list[str]:
        """Numbers of the pupils of one name, in the order of the class's list."""
        stored = [number for number in NUMBERS if self.key(named, number) in known.earlier.pupil_keys]
        if len(stored) in (0, count):
            return stored or [str(number) for number in range(1, count + 1)]
        whole = [each for each in journals if cohort(each) == named[0] and len(_rows_named(each, named[1])) == count]
        arrivals: list[dict[Hashable, str]] = [{} for _ in range(count)]
        for journal in whole:
            for place, row in enumerate(_rows_named(journal, named[1])):
                arrivals[place] |= contents_of(journal, row, self.secret)
        slots = [(number, known.pupils.get(self.key(named, number), {})) for number in stored]
        return aligned(slots, arrivals, is_sure=False)

    def _rows(self, journal: Journal, numbers: dict[Named, list[str]], known: Known) -> list[tuple[int, str]]:
        there: dict[str, list[int]] = defaultdict(list)
        for row, name in journal.pupils:
            there[" ".join(name_tokens(name))].append(row)
        key_of: dict[int, str] = {}
        for word, rows in there.items():
            keys = self._keys(journal, (cohort(journal), word), rows, numbers[cohort(journal), word], known)
            key_of |= dict(zip(rows, keys, strict=True))
        for row, name in journal.pupils:
            self.names.setdefault(key_of[row], cleaned(name))
        return [(row, key_of[row]) for row, _name in journal.pupils]

    def _keys(self, journal: Journal, named: Named, rows: list[int], numbers: list[str], known: Known) -> list[str]:
        """Keys of one name's rows in a journal. A subgroup with one of two namesakes does not say which of them it is:
        it keeps the one that it had before, else it stands apart.
        """
        group = compact(journal.place.group)
        whole = [self.key(named, number) for number in numbers]
        if not group:
            return whole if len(rows) == len(whole) else whole[: len(rows)]
        apart = [self.key(named, number, group) for number in NUMBERS]
        earlier = known.seen_in(stem(journal.place, self.secret))
        before = [key for key in (*(self.key(named, number) for number in NUMBERS), *apart) if key in earlier]
        if not before or before == whole == [whole[0]]:
            at_first = [self.key(named, str(number), group) for number in range(1, len(rows) + 1)]
            return whole if len(rows) == len(whole) else at_first
        free = [key for key in (*(whole if len(rows) == len(whole) else ()), *apart) if key not in before]
        slots = [(str(number), known.pupils.get(key, {})) for number, key in enumerate(before, 1)]
        chosen = aligned(slots, [contents_of(journal, row, self.secret) for row in rows], is_sure=True)
        names = {str(number): key for number, key in enumerate(before, 1)}
        return [names[number] if number in names else free.pop(0) for number in chosen]

    def _report(self, most: dict[Named, int]) -> None:
        twice = sum(count - 1 for count in most.values() if count > 1)
        if twice:
            self.warnings.append(
                f"{twice} pupils have a namesake in their own class: they are told apart by their order in the list, "
                f"and stand apart once more in a subgroup that lists only one of them"
            )
        years = Counter((place[0], name) for place, name in most)
        moved = sum(count - 1 for count in years.values() if count > 1)
        if moved:
            self.warnings.append(
                f"{moved} names occur in two classes of one year of study: taken as namesakes; one may be a pupil who "
                f"changed the class"
            )


def contents_of(journal: Journal, row: int, secret: bytes) -> dict[Hashable, str]:
    """(stem, day) → text of all columns of the day, as `Known.pupils` has it."""
    texts: dict[Hashable, list[str]] = defaultdict(list)
    own = stem(journal.place, secret)
    for column in journal.days:
        if text := journal.sheet.at(row, column.column):
            texts[own, str(column.day)].append(words_of(text))
    return {place: " ".join(sorted(those)) for place, those in texts.items()}


def _rows_named(journal: Journal, word: str) -> list[int]:
    return [row for row, name in journal.pupils if " ".join(name_tokens(name)) == word]


def cohort(journal: Journal) -> Cohort:
    """The class without its year of study."""
    return journal.place.school_year - journal.place.grade, journal.place.letter


@dataclass
class Teachers:
    """Staff by name: the order of its parts does not matter, and initials are joined to the one full name they fit."""

    secret: bytes
    school_key: str
    names: dict[str, str] = field(default_factory=dict)
    """staff_key → name in the order of the journals"""
    full: dict[tuple[str, ...], str] = field(default_factory=dict)

    def know(self, names: Iterable[str]) -> None:
        """All names of the export, those in the order of the journals first."""
        for name in names:
            tokens = name_tokens(name)
            if tokens and all(len(part) > 1 for part in tokens):
                self.full.setdefault(tuple(sorted(tokens)), cleaned(name))

    def key(self, name: str) -> str:
        """The key of a name; a blank one is nobody's."""
        tokens = tuple(sorted(name_tokens(name)))
        if not tokens:
            return self._keep(("?",), NOBODY)
        if any(len(part) == 1 for part in tokens):
            fits = [full for full in self.full if _fits(tokens, full)]
            tokens = fits[0] if len(fits) == 1 else tokens
        return self._keep(tokens, self.full.get(tokens, cleaned(name)))

    def is_nobody(self, key: str) -> bool:
        """Whether it is the key of a blank name."""
        return key == self._hidden(("?",))

    def _hidden(self, tokens: tuple[str, ...]) -> str:
        return hidden(self.secret, self.school_key, "staff", *tokens)

    def _keep(self, tokens: tuple[str, ...], name: str) -> str:
        key = self._hidden(tokens)
        self.names.setdefault(key, name)
        return key


def _fits(short: tuple[str, ...], full: tuple[str, ...]) -> bool:
    """«Иванова М П» fits «Иванова Мария Петровна»: whole parts are equal, initials begin the others."""
    rest = list(full)
    for part in sorted(short, key=len, reverse=True):
        found = next((each for each in rest if (each == part if len(part) > 1 else each.startswith(part))), None)
        if found is None:
            return False
        rest.remove(found)
    return len(short) == len(full)
