"""`zavuch bench screens`: the pages of a reader with what they cost."""

from __future__ import annotations

import pytest

from dashboard.pages_table import PAGES
from etl.bench_cli import measure_screens, print_screens
from etl.errors import SettingsError
from etl.settings import Settings
from tests.conftest import Warehouse


def test_every_page_of_a_reader_is_measured_and_printed_slowest_first(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    found = measure_screens(Settings(home=warehouse.home), warehouse.url, ["teacher"])
    pages = {page["name"]: page for page in found["pages"]}
    assert set(pages) == {row.route for row in PAGES if row.presence("teacher") != "none"} | {"lesson"}
    assert all(page["message_bytes"] > 1000 and page["warm_seconds"] > 0 for page in pages.values())
    assert pages["journal"]["cold_queries"] > pages["journal"]["warm_queries"] > 0 and pages["journal"]["rows"] > 10
    print_screens({**found, "pages": [pages["guide"] | {"warm_seconds": 0.0}, pages["journal"]]})
    printed = capsys.readouterr().out
    assert 0 < printed.index("journal") < printed.index("guide")


def test_an_unknown_account_is_named(warehouse: Warehouse) -> None:
    with pytest.raises(SettingsError, match="nobody"):
        measure_screens(Settings(home=warehouse.home), warehouse.url, ["deputy", "nobody"])
