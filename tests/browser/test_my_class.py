"""A class teacher from her landing page to a pupil and a lesson; a teacher's own view; what is ahead of a school."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from playwright.sync_api import expect

from tests.browser.test_journey import Visit, settle
from tests.conftest import Warehouse

pytestmark = pytest.mark.browser


def test_a_class_teacher_lands_on_her_class_and_opens_a_pupil_whose_name_stays_on_the_page(open_page: Visit) -> None:
    page = open_page("/", "class")
    page.wait_for_url(re.compile("/class"))
    settle(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("кому в классе нужна помощь?")
    button = page.get_by_role("table", name="Ученики класса").locator("tbody button").first
    name = button.inner_text()
    button.click()
    page.wait_for_url(re.compile(r"/pupil\?.*pupil=\d+"))
    settle(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    surname = name.split()[0]
    assert surname not in unquote(page.url) and surname not in page.title()
    expect(page.get_by_role("table", name="Отметки по предметам")).to_be_visible()
    page.go_back()
    page.wait_for_url(re.compile("/class"))


def test_a_teacher_lands_on_what_she_has_to_enter_and_opens_the_lesson(open_page: Visit) -> None:
    page = open_page("/", "teacher")
    page.wait_for_url(re.compile("/own"))
    settle(page)
    overdue = page.get_by_role("table", name="Просрочено")
    expect(overdue).to_contain_text("просрочено на")
    expect(overdue).to_contain_text("п. ")
    expect(page.locator("body")).to_contain_text("Прогноз: кому не хватит отметок")
    overdue.locator("tbody button").first.click()
    page.wait_for_url(re.compile("/journal"))


@pytest.mark.parametrize("login", ["inspector", "teacher"])
def test_the_sheet_of_a_pupil_is_closed_above_a_school_and_to_a_teacher_of_one_subject(
    open_page: Visit, warehouse: Warehouse, login: str
) -> None:
    page = open_page(f"/pupil?school={warehouse.school_id}&class={warehouse.class_id}&pupil=1", login)
    settle(page)
    expect(page.locator("body")).to_contain_text("не открывает страницу")
    expect(page.get_by_role("table")).to_have_count(0)


def test_a_deputy_sees_what_is_ahead_and_chooses_a_class_on_a_telephone(open_page: Visit) -> None:
    page = open_page("/school", "deputy", width=390)
    settle(page)
    expect(page.get_by_role("heading", name="Что будет на следующей неделе")).to_be_visible()
    expect(page.locator("body")).to_contain_text("Прогноз: до нормы не хватит отметок")
    page.goto(page.url.split("/school")[0] + "/class")
    settle(page)
    page.get_by_role("table", name="Какой класс открыть?").locator("tbody button").last.click()
    page.wait_for_url(re.compile(r"class=\d+"))
    expect(page.get_by_role("heading", name="Группа риска")).to_be_visible()
    settle(page)
    expect(page.locator("body")).not_to_contain_text("Страница не открылась")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth + 1")
