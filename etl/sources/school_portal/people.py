"""Keys of pupils and teachers whom the files name and do not number; namesakes are kept apart and reported."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from etl.sources.keys import hidden
from etl.sources.school_portal.journals import Journal
from etl.sources.school_portal.words import cleaned, compact, name_tokens

Cohort = tuple[int, str]
"""Year in which the class was, or would have been, in grade 1, and its letter: a pupil keeps both from year to year."""
NOBODY = "Педагог не указан"


@dataclass
class Pupils:
    """Who sits in which row. A key is of the name, the cohort and the place among namesakes of the class, so it stays
    next year and does not depend on which sheets an export happens to hold.
    """

    secret: bytes
    school_key: str
    names: dict[str, str] = field(default_factory=dict)
    """pupil_key → name"""
    warnings: list[str] = field(default_factory=list)

    def rows_of(self, journals: list[Journal]) -> dict[tuple[str, str], list[tuple[int, str]]]:
        """(file, sheet) → rows with the pupil's key, in the order of the sheet."""
        most: dict[tuple[Cohort, str], int] = defaultdict(int)
        for journal in journals:
            for name, count in Counter(" ".join(name_tokens(name)) for _row, name in journal.pupils).items():
                place = (cohort(journal), name)
                most[place] = max(most[place], count)
        self._report(most)
        return {(journal.sheet.file, journal.sheet.name): self._rows(journal, most) for journal in journals}

    def _rows(self, journal: Journal, most: dict[tuple[Cohort, str], int]) -> list[tuple[int, str]]:
        there = Counter(" ".join(name_tokens(name)) for _row, name in journal.pupils)
        seen: Counter[str] = Counter()
        rows = []
        for row, name in journal.pupils:
            word = " ".join(name_tokens(name))
            seen[word] += 1
            place = cohort(journal)
            # a subgroup with one of two namesakes does not say which of them it is
            apart = compact(journal.place.group) if there[word] < most[place, word] and journal.place.group else ""
            key = hidden(self.secret, self.school_key, "pupil", word, str(place[0]), place[1], str(seen[word]), apart)
            self.names.setdefault(key, cleaned(name))
            rows.append((row, key))
        return rows

    def _report(self, most: dict[tuple[Cohort, str], int]) -> None:
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

    def _keep(self, tokens: tuple[str, ...], name: str) -> str:
        key = hidden(self.secret, self.school_key, "staff", *tokens)
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
