"""Every page of the inspector, and those that a class teacher or a teacher alone has, can be read by everybody
(`accessible`).
"""

from __future__ import annotations

import pytest

from tests.browser.accessible import walk
from tests.browser.test_journey import Visit
from tests.conftest import Warehouse

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("login", ["inspector", "class", "teacher"])
def test_every_page_of_a_reader_can_be_read_by_everybody(
    open_page: Visit, address: str, warehouse: Warehouse, login: str
) -> None:
    walk(open_page, address, warehouse, login)
