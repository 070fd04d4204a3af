"""What people do: sign in, see what is not filled, go down to a lesson by clicks, come back, send a link."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import READY

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]


def settle(page: Page) -> None:
    page.wait_for_function(READY, timeout=60_000)


def test_without_a_sign_in_there_is_a_form_and_no_data(open_page: Visit, address: str) -> None:
    page = open_page("/school")
    assert urlsplit(page.url).path == "/login"
    for path in ("/_stcore/stream", "/media/anything", "/api/session"):
        assert page.request.get(address + path, max_redirects=0).status in (303, 401, 403, 404), path


def test_a_wrong_password_is_told_in_russian_and_opens_nothing(open_page: Visit) -> None:
    page = open_page("/login")
    page.fill("input[name=login]", "deputy")
    page.fill("input[name=password]", "неверно")
    page.click("form button")
    expect(page.locator("body")).to_contain_text(re.compile("[Пп]арол"))
    assert urlsplit(page.url).path == "/login"


def test_a_deputy_goes_from_the_school_to_a_journal_and_a_lesson_and_back(open_page: Visit) -> None:
    page = open_page("/school", "deputy")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    cell = page.locator("tbody td button").filter(has_text=re.compile(r"^\d+$")).first
    cell.scroll_into_view_if_needed()
    cell.click()
    page.wait_for_url(re.compile("/journal"))
    settle(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("·")
    page.locator("thead button").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    link = page.url
    assert "lesson=" in link
    page.go_back()
    settle(page)
    page.go_back()
    page.wait_for_url(re.compile("/school"))


def test_a_link_to_a_foreign_school_shows_a_sentence_and_no_data(open_page: Visit) -> None:
    page = open_page("/school?school=999", "deputy")
    expect(page.locator("body")).not_to_contain_text("Traceback")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_signing_out_ends_every_tab(open_page: Visit, address: str) -> None:
    page = open_page("/guide", "deputy")
    page.request.post(address + "/logout", headers={"Origin": address})
    page.goto(address + "/school")
    assert urlsplit(page.url).path == "/login"


def test_two_acts_are_compared_and_the_choice_stands_in_the_address(open_page: Visit) -> None:
    page = open_page("/regulation?act=school53_krasnodar:1&with=school16_korolev:1", "deputy")
    settle(page)
    table = page.get_by_role("table", name="Условия, на которые два акта отвечают по-разному").first
    expect(table).to_contain_text("не позже чем через 2 календарных дня")
    expect(table).to_contain_text("п. 3.8, № 15 от 02.09.2024")
    chosen = page.get_by_role("combobox", name=re.compile("Второй акт"))
    chosen.scroll_into_view_if_needed()
    chosen.click()
    chosen.fill("Линдовская")
    expect(page.get_by_role("option")).to_have_count(1)
    chosen.press("Enter")
    page.wait_for_url(re.compile("with=lindovskaya"))
    settle(page)
    expect(page.locator("body")).to_contain_text("Говорит только один акт")
