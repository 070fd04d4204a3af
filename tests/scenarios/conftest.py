"""A database for the scenarios, and the note of each test's scenario that the table at the end is made of."""

from __future__ import annotations

import pytest

from tests.etl.conftest import load_server, store
from tests.scenarios.table import SCENARIO, note

__all__ = ["load_server", "store"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "scenarios" and SCENARIO.match(item.name):
            note(item)
