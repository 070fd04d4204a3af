"""From a figure of attendance down to the lesson, from a figure of marks down to the journal; every reader's pages."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from playwright.sync_api import expect

from tests.browser.test_journey import Visit, settle
from tests.conftest import Warehouse

pytestmark = pytest.mark.browser
ROLES = ("class", "teacher")  # the others: test_accessibility


@pytest.mark.parametrize("login", ROLES)
@pytest.mark.parametrize("path", ["/attendance?period=m2026-10", "/performance?period=m2026-10"])
@pytest.mark.parametrize("width", [390])
def test_the_pages_of_learning_open_for_every_reader(open_page: Visit, login: str, path: str, width: int) -> None:
    page = open_page(path, login, width=width)
    settle(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("?")
    text = page.locator("body").inner_text()
    assert "Страница не открылась" not in text and "Traceback" not in text and "Данные на" in text
    # what scrolls is the main block: the document never does
    main = "[...document.querySelectorAll('[data-testid=stMain]')].map(e => e.scrollWidth - e.clientWidth)"
    assert page.evaluate(main) == [0]


@pytest.mark.parametrize("path", ["/attendance", "/performance"])
def test_an_inspector_opens_a_school_and_sees_no_class_and_no_name(
    open_page: Visit, warehouse: Warehouse, path: str
) -> None:
    page = open_page(f"{path}?period=q1&school={warehouse.school_id}&class={warehouse.class_id}", "inspector")
    settle(page)
    expect(page.get_by_role("table", name="Ученики класса")).to_have_count(0)
    page.goto(page.url.split("&class")[0])
    settle(page)
    expect(page.locator("body")).to_contain_text("не показываются")


def test_a_deputy_goes_from_the_attendance_of_a_class_to_a_missed_lesson(open_page: Visit) -> None:
    page = open_page("/attendance?period=year", "deputy")
    page.locator(".st-key-attendance_classes tbody th button").last.click()
    page.wait_for_url(re.compile("class="))
    settle(page)
    pupils = page.get_by_role("table", name="Ученики класса")
    pupils.locator("tbody button").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("pupil="))
    settle(page)
    page.get_by_role("table", name=re.compile("Пропущенные уроки")).locator("tbody button").first.click()
    page.wait_for_url(re.compile("/journal.*lesson="))
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_back()
    page.wait_for_url(re.compile("/attendance"))


def test_a_deputy_goes_from_few_marks_to_the_journal_and_takes_the_table(open_page: Visit) -> None:
    page = open_page("/performance?period=q1", "deputy")
    settle(page)
    with page.expect_download() as made:
        page.get_by_role("button", name="Показатели по журналам: XLSX").click()
    book = openpyxl.load_workbook(io.BytesIO(made.value.path().read_bytes()))
    assert book.worksheets[0].max_row > 20
    assert "хватает ли отметок" in str([cell.value for row in book["Сведения"] for cell in row])
    page.get_by_role("grid", name=re.compile("Предметы и классы")).locator("thead th button").last.click()
    page.wait_for_url(re.compile("class="))
    settle(page)
    page.get_by_role("table", name="Кого спросить").locator("tbody button").first.click()
    page.wait_for_url(re.compile("/journal"))


def test_a_deputy_goes_from_a_month_to_the_pupils_without_marks_and_to_their_journal(open_page: Visit) -> None:
    page = open_page("/performance?period=m2026-10", "deputy")
    settle(page)
    expect(page.locator("body")).to_contain_text("Процент участия")
    page.get_by_role("grid").locator("thead th button").last.click()
    page.wait_for_url(re.compile("period=m2026-10.*class="))
    settle(page)
    page.get_by_role("table", name="Без отметок и с одной отметкой").locator("tbody button").first.click()
    page.wait_for_url(re.compile("/journal"))
