"""A deputy head tries a line of a register, reads the corrections and the duties; nothing is written."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_a_faulty_line_is_told_and_the_pages_of_control_lead_to_each_other(open_page: Callable[..., Page]) -> None:
    page = open_page("/registers?measure=municipal_report", "deputy")
    page.get_by_role("button", name="Добавить запись").click()
    page.get_by_role("button", name="Сохранить", exact=True).click()
    expect(page.get_by_text("«Отчёт»: заполните это поле.")).to_be_visible()
    page.get_by_role("button", name="Исправления", exact=True).click()
    expect(page.get_by_role("heading", name="Разрешения за учебный год")).to_be_visible()
    page.get_by_role("button", name="Обязанности", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("ноябрь 2026")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth + 1")
