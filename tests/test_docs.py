"""What the README and the help say is what there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from etl.cli import app
from etl.contract.document import PAGE, page
from etl.contract.tables import TABLES
from etl.settings import PROJECT, SETTINGS

COMMANDS = (
    "demo",
    "generate",
    "load",
    "check",
    "serve",
    "status",
    "rejected",
    "export",
    "version",
    "derive",
    "work",
    "metrics",
    "bench screens",
    "regulations lint",
    "regulations list",
    "regulations show",
    "regulations diff",
    "db start",
    "db stop",
    "db url",
    "user add",
    "user tie",
    "user grant",
    "user revoke",
    "user disable",
    "user enable",
    "user passwd",
    "user list",
    "backup",
    "restore",
    "retention",
    "watch",
    "raw list",
    "raw replay",
    "report",
    "digest",
)
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def test_the_readme_lists_every_setting_with_its_key_and_meaning() -> None:
    listed = re.findall(r"^\| `(ZAVUCH_\w+)` \| (?:`(\w+)`)? ?\| (.+) \|$", README, re.MULTILINE)
    assert {variable: (key, meaning) for variable, key, meaning in listed} == SETTINGS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    shown = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert "Example:" in shown.output and "zavuch" in shown.output.split("Example:")[1]


def test_the_readme_names_every_command() -> None:
    for name in {command.split()[0] for command in COMMANDS}:
        assert re.search(rf"`(zavuch )?{name}\b", README), name


def test_the_list_of_commands_is_that_of_the_program() -> None:
    found = {" ".join(path) for path in _commands(get_command(app))}
    assert found == set(COMMANDS)


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of every command that does something."""
    children: dict[str, Any] = getattr(command, "commands", {})
    if not children:
        yield path
    for name, child in children.items():
        yield from _commands(child, (*path, name))


def test_the_readmes_how_tos_are_six_steps_or_fewer() -> None:
    how_tos = re.findall(r"^\*\*a \w+\*\*(.+?)(?=^\*\*|\Z|^## )", README, re.MULTILINE | re.DOTALL)
    assert len(how_tos) == 4
    for text in how_tos:
        assert 1 <= len(re.findall(r"\b\d\. ", text)) <= 6


def test_the_page_of_the_input_format_is_what_the_declared_tables_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m etl.contract.document`"
    assert all(f"### `{table.name}`" in page() for table in TABLES)
