"""The stage of the acceptance scenarios: schools of one bundle, loaded for real, and what ledger and register
then say.

The fixture is that of the scenarios: Europe/Moscow, 2024/25, first quarter 2 September to 25 October, the
second from 5 November, 4 November a public holiday, a five-day week.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self

from checks.runner import run_checks
from dashboard import connection
from dashboard.queries.door import forget
from etl.export import export_ledger
from etl.job import load_bundle
from etl.settings import read_settings
from etl.warehouse.ledger import RULE, Severity, Status
from etl.warehouse.scope import Scope
from tests.etl.conftest import Store
from tests.oracle.builder import ALL_CAPABILITIES, BundleBuilder

S7, S16, LIND, REGION, S53 = (
    "school7_oktyabrsky",
    "school16_korolev",
    "lindovskaya",
    "krasnodar_region",
    "school53_krasnodar",
)
YEAR_OVER = "2025-06-30T06:00:00+03:00"
BELLS = {
    1: ("08:00", "08:40"),
    2: ("08:50", "09:30"),
    3: ("09:50", "10:30"),
    4: ("10:50", "11:30"),
    5: ("11:40", "12:20"),
    6: ("12:30", "13:10"),
    7: ("13:20", "14:00"),
}
"""The first shift."""
EMPTY = (
    "study_group", "enrolment", "group_member", "teaching_load", "curriculum", "plan", "plan_item", "lesson",
    "work", "mark", "absence", "period_mark", "change", "movement", "assessment_schedule", "staff_absence",
    "absence_document", "edit_permission", "account", "card_field", "consent", "timetable_version",
    "setup_section",
)  # fmt: skip
"""The source carries every table: silence is a fact, not a lack."""


class School:
    """One school of a scene; its rows go into the scene's bundle. Teachers t1 (class teacher) and t2."""

    def __init__(self, bundle: BundleBuilder, key: str, regulation: str | None, **cells: Any) -> None:
        self.bundle, self.key = bundle, key
        self.add("school", regulation=regulation, **cells)
        self.add("calendar_day", date="2024-11-04", note="праздник")
        for number in (1, 2):
            self.add("staff", staff_key=f"t{number}", full_name=f"Учитель {number}")
        self.add("subject", subject_key="math").add("subject", subject_key="eng")
        self.add("period", period_key="q1")
        self.add("period", period_key="q2", number=2, starts_on="2024-11-05", ends_on="2024-12-28")

    def add(self, table: str, **cells: Any) -> Self:
        """A row of a bundle's table; what is not named has the defaults of BundleBuilder."""
        self.bundle.add(table, school_key=self.key, **cells)
        return self

    def add_class(
        self, class_key: str = "c1", pupils: Iterable[str] = ("p1", "p2"), group_key: str = "g1", **cells: Any
    ) -> Self:
        """A class, its group of kind class, its pupils enrolled from 1 September."""
        self.add("school_class", class_key=class_key, **cells)
        self.add("study_group", group_key=group_key, class_key=class_key)
        return self.add_pupils(pupils, class_key)

    def add_pupils(self, pupils: Iterable[str], class_key: str = "c1", **cells: Any) -> Self:
        for pupil in pupils:
            self.add("pupil", pupil_key=pupil).add("enrolment", pupil_key=pupil, class_key=class_key, **cells)
        return self

    def lesson(self, key: str, held_on: str, slot: int = 1, **cells: Any) -> Self:
        """A held lesson of mathematics of t1 for the whole class, by the bells of the first shift."""
        begin, end = BELLS[slot]
        given = {"starts_at": begin, "ends_at": end} | cells
        return self.add("lesson", lesson_key=key, held_on=held_on, slot=slot, **given)

    def mark(self, key: str, lesson: str, saved: str | None, **cells: Any) -> Self:
        return self.add("mark", mark_key=key, lesson_key=lesson, recorded_at=saved, **cells)

    def absence(self, key: str, lesson: str, saved: str | None, **cells: Any) -> Self:
        return self.add("absence", absence_key=key, lesson_key=lesson, recorded_at=saved, **cells)

    def edit(self, key: str, entity: str, entity_key: str, at: str, by: str = "t1", **cells: Any) -> Self:
        """An entry of the change log: an update of the entity's value, unless `cells` say otherwise."""
        field = {"mark": "value", "absence": "code", "lesson": "topic", "work": "kind", "period_mark": "value"}[entity]
        given = {"field": field, "changed_at": at, "changed_by": by} | cells
        return self.add("change", change_key=key, entity=entity, entity_key=entity_key, **given)


@dataclass(frozen=True)
class Line:
    """One line of the exported ledger; moments as the export writes them, "" = none."""

    status: str
    due: str
    target: str
    not_before: str
    done: str
    responsible: str
    clause: str


@dataclass(frozen=True)
class Finding:
    """One finding of the register."""

    status: str
    severity: str
    state: str


Ledger = dict[tuple[str, str, str], Line]
Register = dict[tuple[str, str, str], Finding]


class Scene:
    """Schools in one bundle, exported at `extracted_at` by a source that can tell everything."""

    def __init__(self, store: Store, extracted_at: str = YEAR_OVER, *, acts: Path | None = None) -> None:
        self.store, self.acts = store, acts
        self.bundle = BundleBuilder(extracted_at, capabilities=ALL_CAPABILITIES).add_empty(*EMPTY)

    def school(self, regulation: str | None, key: str | None = None, **cells: Any) -> School:
        """A school with the regulation; its key is the regulation's name unless given."""
        return School(self.bundle, key or regulation or "silent", regulation, **cells)

    def load(self) -> Self:
        """Load the bundle into the database, without any row set aside."""
        folder = self.store.write(self.bundle)
        load_bundle(folder, self.store.url, self.store.home, regulations=self.acts)
        assert self.store.rejected() == []
        return self

    def ledger(self, as_of: str | None = None) -> Ledger:
        """(school, rule, object key) → line of the exported ledger at T (None: where the data end)."""
        out = io.BytesIO()
        export_ledger(self.store.url, out, as_of=as_of)
        rows = csv.DictReader(io.StringIO(out.getvalue().decode()))
        return {
            (row["school_key"], row["rule"], row["object_key"]): Line(
                row["status"], row["due_at"], row["target_at"], row["not_before"], row["done_at"],
                row["responsible_key"], row["clause"],
            )
            for row in rows
        }  # fmt: skip

    def check(self, as_of: str | None = None) -> Register:
        """Run the checks at T; (school, rule, object key) → finding of the whole register."""
        run_checks(self.store.url, as_of=datetime.fromisoformat(as_of) if as_of else None)
        rules = {rule.number: rule.name for rule in RULE.values()}
        found = self.store.rows(_REGISTER)
        assert len({row[:3] for row in found}) == len(found), "an object has two findings of one rule"
        return {
            (school, rules[rule], key): Finding(Status(status).name, Severity(severity).name, state)
            for school, rule, key, status, severity, state in found
        }


@contextmanager
def reader(store: Store, role: str = "director") -> Iterator[Scope]:
    """The scope of somebody who reads what the pages read, of every school: as that role, with the names of people
    unless it stands above the schools. User 1 of the store, for what is written by pages.
    """
    store.rows(
        "INSERT INTO access_user VALUES (1, 'reader', '', 'Орлова Мария Петровна', %s, true, NULL)"
        " ON CONFLICT (user_id) DO UPDATE SET role = EXCLUDED.role RETURNING 1", role,
    )  # fmt: skip
    is_above = role in ("inspector", "region")
    schools = frozenset(row[0] for row in store.rows("SELECT school_id FROM dim_school"))
    store.rows("DELETE FROM access_row RETURNING 1")
    rights = "aggregate" if is_above else "school"
    store.rows("INSERT INTO access_row SELECT 1, school_id, %s FROM dim_school RETURNING 1", rights)
    level: Literal["municipality", "school"] = "municipality" if is_above else "school"
    connection.connect_to(store.url)
    forget()
    try:
        yield Scope(1, role, level, schools, frozenset(), frozenset(), sees_names=not is_above)
    finally:
        connection.app_engine().dispose()
        del os.environ["ZAVUCH_APP_DATABASE_URL"]
        for kept in (read_settings, connection.app_engine, connection.accounts):
            kept.cache_clear()
        forget()


_OBJECTS = ("lesson", "absence", "mark", "work", "change", "movement", "account")


def _named(noun: str, rules: Iterable[str]) -> str:
    """SQL: the source's key of the object of a finding of these rules."""
    numbers = ", ".join(str(RULE[name].number) for name in rules)
    return (
        f"WHEN f.rule IN ({numbers}) THEN (SELECT o.{noun}_key FROM fact_{noun} o"
        f" WHERE o.school_id = f.school_id AND o.{noun}_id = f.object_id)"
    )


_NAMED = " ".join(
    [_named("period_mark", ["period_mark_author"])]
    + [_named(noun, [rule.name for rule in RULE.values() if rule.object_type == noun]) for noun in _OBJECTS]
)


def _dimension(table: str, number: str) -> str:
    return (
        "(SELECT k.key FROM source_key k WHERE k.school_id = f.school_id"
        f" AND k.table_name = '{table}' AND k.id = {number})"
    )


_PLACE = ", ".join(
    _dimension(table, number)
    for table, number in (
        ("pupil", "f.pupil_id"),
        ("study_group", "j.group_id"),
        ("subject", "j.subject_id"),
        ("period", "f.period_id"),
    )
)
_REGISTER = f"""
SELECT s.school_key, f.rule, coalesce(CASE {_NAMED} END, f.object_key, concat_ws('|', {_PLACE})),
       f.status, f.severity, f.state
FROM finding f JOIN dim_school s USING (school_id)
LEFT JOIN dim_journal j ON j.school_id = f.school_id AND j.journal_id = f.journal_id AND f.object_id IS NULL
"""


def of_rule(found: dict[tuple[str, str, str], Any], school: str, rule: str) -> dict[str, Any]:
    """The lines or findings of one rule of one school: object key → line or finding."""
    return {key: row for (at, name, key), row in found.items() if (at, name) == (school, rule)}


def statuses(ledger: Ledger, school: str, rule: str) -> dict[str, str]:
    """object key → status of one rule of one school."""
    return {key: line.status for key, line in of_rule(ledger, school, rule).items()}


def severities(register: Register, school: str, rule: str) -> dict[str, str]:
    """object key → severity of the findings of one rule of one school."""
    return {key: finding.severity for key, finding in of_rule(register, school, rule).items()}
