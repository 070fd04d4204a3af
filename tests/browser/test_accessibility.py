"""Every page of the deputy can be read by everybody (`accessible`)."""

from __future__ import annotations

import pytest

from tests.browser.accessible import walk
from tests.browser.test_journey import Visit
from tests.conftest import Warehouse

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_every_page_of_a_deputy_can_be_read_by_everybody(open_page: Visit, address: str, warehouse: Warehouse) -> None:
    walk(open_page, address, warehouse, "deputy")
