"""The table of the acceptance scenarios at the end of a test run: 30 rows, what each says, what it lacks."""

from __future__ import annotations

import re

import pytest

SCENARIO = re.compile(r"test_(G\d\d)_(\w+)")
COUNT = 30
_NOTE = "scenario"


def note(item: pytest.Item) -> None:
    """Remember scenario and sentence with the item; they travel with its report."""
    found = SCENARIO.fullmatch(item.name)
    assert found is not None, item.name
    item.user_properties.append((_NOTE, (found[1], found[2].replace("_", " "))))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table when a scenario was run; a scenario without a test shows as such."""
    rows: dict[str, tuple[str, str, str]] = {}
    for outcome in ("passed", "xfailed", "skipped", "failed", "error"):
        for report in terminalreporter.getreports(outcome):
            for name, value in getattr(report, "user_properties", ()):
                if name == _NOTE:
                    key, sentence = value
                    lacks = getattr(report, "wasxfail", "").removeprefix("reason: ")
                    rows[key] = (sentence, outcome, lacks)
    if not rows:
        return
    terminalreporter.section("acceptance scenarios")
    for number in range(1, COUNT + 1):
        sentence, outcome, lacks = rows.get(f"G{number:02d}", ("", "not run", ""))
        later = f"  [lacks {lacks}]" if lacks else ""
        terminalreporter.line(f"G{number:02d}  {outcome:<7}  {sentence}{later}")
