"""What the command line tells of a load: the coverage table of annex B16."""

from __future__ import annotations

import io

from rich.console import Console

from etl.cli_print import print_load
from etl.contract.ledger import RULES
from etl.contract.needs import Lack, lack_of, lacks, needed_tables
from etl.contract.tables import BY_NAME, CAPABILITIES, REGISTERS
from etl.run_log import LoadReport
from tests.etl.conftest import Store, load_server, store
from tests.etl.journal import journal
from tests.oracle.builder import ALL_CAPABILITIES

__all__ = ["load_server", "store"]


def coverage_of(report: LoadReport) -> list[list[str]]:
    """The rows of the coverage table as a person reads them."""
    told = io.StringIO()
    print_load(Console(file=told, width=400), report)
    lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in told.getvalue().splitlines()]
    return [cells for cells in lines if len(cells) == 4]


def test_rules_without_their_table_or_capability_are_counted_and_named(store: Store) -> None:
    report = store.load(journal(capabilities=("homework", "work_kinds")))
    head, *rows = coverage_of(report)
    assert head == ["s1", str(len(report.coverage["s1"])), "", ""]
    assert sum(int(row[1]) for row in rows) == int(head[1])
    by_reason = {row[2]: (int(row[1]), row[3].split(", ")) for row in rows}
    assert by_reason["no table plan, no table curriculum"] == (1, ["plan_hours"])
    assert by_reason["no table plan"] == (1, ["plan"])
    silent = ["topic", "no_entry", "topic_language", "topic_on_cancelled"]
    assert by_reason["cannot tell topics"] == (4, silent)
    assert "cannot tell homework" not in by_reason


def test_schools_that_lack_the_same_stand_together(store: Store) -> None:
    report = store.load(journal())
    report.coverage |= {"s2": report.coverage["s1"], "s3": report.coverage["s1"], "s4": (), "s5": report.coverage["s1"]}
    rows = coverage_of(report)
    assert rows[0][:2] == ["s1, s2, s3 and 1 more", str(len(report.coverage["s1"]))]
    assert rows[-1] == ["s4", "0", "tells all", ""]


def test_what_is_carried_once_is_no_lack_later(store: Store) -> None:
    first = journal(1).add_empty("plan", "curriculum")
    assert "plan_hours" not in {lack.rule for lack in store.load(first).coverage["s1"]}
    assert "plan_hours" not in {lack.rule for lack in store.load(journal(2)).coverage["s1"]}


def test_a_source_with_every_table_and_capability_lacks_nothing() -> None:
    assert lacks(BY_NAME, CAPABILITIES) == lacks(BY_NAME, ALL_CAPABILITIES) == ()
    assert {lack.rule for lack in lacks(BY_NAME, ())} == {
        "topic", "homework", "attendance", "substitution", "no_entry", "grade1_homework", "written_mark", "essay_mark",
        "monitoring_mark", "work_marked", "work_kind_missing", "work_off_schedule", "topic_language",
        "topic_on_cancelled",
    }  # fmt: skip
    assert lack_of("plan_hours", ["plan"], ()) == Lack("plan_hours", ("curriculum",), "")


def test_a_register_that_no_bundle_carries_is_an_empty_one() -> None:
    judged_by = {"consent", "setup_section"}  # two rules look for what is not in them
    needed = {table for rule in RULES for table in needed_tables(rule.name)}
    assert not needed & ({*REGISTERS, "calendar_day"} - judged_by)
    assert needed <= set(BY_NAME)
