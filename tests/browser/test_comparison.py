"""An inspector goes from the municipality to a school, its cause and the journals behind it, and sees no child."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from etl.warehouse.engine import owner_connection
from tests.browser.conftest import READY
from tests.conftest import Warehouse

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]


def test_the_inspector_reaches_the_journals_behind_a_number_without_a_name(
    open_page: Visit, warehouse: Warehouse
) -> None:
    page = open_page("/overview?period=q1", "inspector")
    page.get_by_role("button", name="Сравнить школы по любому показателю").click()
    table = page.get_by_role("table", name=re.compile("Школы по алфавиту: показатель"))
    expect(table).to_contain_text("нельзя оценить")  # the silent school is no zero
    expect(table).not_to_contain_text("0,0")
    expect(page.get_by_text("Нельзя оценить: Тихая школа")).to_be_visible()
    first = table.get_by_role("button", name=re.compile("^Разобрать|СОШ|школа", re.IGNORECASE)).first
    first.focus()
    page.keyboard.press("Enter")  # by keyboard alone
    expect(page.get_by_role("heading", name="Почему так")).to_be_visible()
    page.wait_for_function(READY)
    journals = page.get_by_role("table", name=re.compile("Журналы школы"))
    expect(journals.get_by_role("row").nth(1)).to_be_visible()
    assert "school=" in page.url and "period=q1" in page.url
    text = page.locator("body").inner_text()
    with owner_connection(warehouse.url) as connection:
        people = connection.execute("SELECT full_name FROM dim_pupil_name UNION SELECT full_name FROM dim_staff_name")
        assert not [name for (name,) in people if name in text or name.split()[0] in text.split()]


@pytest.mark.parametrize("width", [768, 390])
def test_the_comparison_does_not_widen_a_narrow_page(open_page: Visit, width: int) -> None:
    page = open_page("/comparison?measure=attendance_share", "inspector", width=width, dark=width == 390)
    expect(page.get_by_role("heading", name="Школы по алфавиту")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth + 1")


def test_a_deputy_does_not_see_other_schools(open_page: Visit) -> None:
    page = open_page("/comparison", "deputy")
    expect(page.get_by_text("Страница закрыта для вашей роли")).to_be_visible()
