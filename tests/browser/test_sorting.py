"""Tables are sorted by a press on a heading: as what is shown means, by mouse and keyboard, and honestly."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.components.source import source
from tests.browser.test_filling import settle

Visit = Callable[..., Page]
CASES = [
    (["1\u00a0200", "—", "85,5", "-4", "−10", "нельзя оценить"], True, ["−10", "-4", "85,5", "1\u00a0200", "—"]),
    (["9,1\u00a0%", "100,0\u00a0%", "", "23,4\u00a0%"], False, ["9,1\u00a0%", "23,4\u00a0%", "100,0\u00a0%", ""]),
    (["05.11.2026", "не входил", "31.10.2026", "05.11.2026 08:00"], False,
     ["31.10.2026", "05.11.2026", "05.11.2026 08:00", "не входил"]),
    (["10А", "2Б", "—", "2А", "ёлка", "Елена", "жук"], False, ["2А", "2Б", "10А", "Елена", "ёлка", "жук", "—"]),
    (["+4,5 п.п.", "0 п.п.", "-1,2 п.п."], True, ["-1,2 п.п.", "0 п.п.", "+4,5 п.п."]),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "is_number", "up"), CASES)
def test_cells_are_sorted_as_what_they_mean_and_what_says_nothing_stands_last(
    browser: Browser, texts: list[str], is_number: bool, up: list[str]
) -> None:
    page = browser.new_page()
    try:
        page.add_script_tag(content=source("shared.js", "sorting.js") + "\nwindow.sortedPlaces = sortedPlaces")
        order = {
            way: page.evaluate("([texts, number, way]) => sortedPlaces(texts, number, way)", [texts, is_number, way])
            for way in (1, -1, 0)
        }
    finally:
        page.close()
    assert [texts[place] for place in order[1]][: len(up)] == up
    assert order[0] == list(range(len(texts)))
    nothing = [place for place in order[1] if texts[place] in ("", "—", "нельзя оценить", "не входил")]
    told = [place for place in order[1] if place not in nothing]
    assert order[-1][len(told) :] == nothing and len(told) + len(nothing) == len(texts)
    assert [texts[place] for place in order[-1][: len(told)]] == [texts[place] for place in reversed(told)]


def test_a_heading_sorts_by_keyboard_and_a_row_still_opens_what_it_shows(open_page: Visit) -> None:
    page = open_page("/class", "class")
    settle(page)
    table = page.get_by_role("table", name="Ученики класса")
    head = table.get_by_role("columnheader", name="Пропущено", exact=True)
    expect(head.get_by_role("button")).to_be_visible()
    before = table.locator("tbody td:nth-child(2)").all_inner_texts()
    head.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    found = [int(text) for text in table.locator("tbody td:nth-child(2)").all_inner_texts()]
    assert found == sorted(found) and sorted(map(int, before)) == found
    page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    name = table.locator("tbody th").first.inner_text()
    table.locator("tbody button").first.click()
    page.wait_for_url("**/pupil**")
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def test_the_summary_sheet_sorts_by_a_subject_and_a_name_still_opens_its_pupil(open_page: Visit) -> None:
    page = open_page("/performance?class=2&period=q1", "deputy")
    settle(page)
    table = page.get_by_role("table", name="Сводная ведомость")
    table.scroll_into_view_if_needed()
    before = table.locator("tbody th").all_inner_texts()
    corner = table.get_by_role("columnheader").first
    corner.get_by_role("button").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(corner).to_have_attribute("aria-sort", "descending")
    assert table.locator("tbody th").all_inner_texts() == list(reversed(before)) and len(before) > 5
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Неудовлетворительные отметки: {before[-1]}")).to_be_visible()


def test_a_phone_sorts_by_a_choice_and_a_part_of_the_rows_is_not_sorted(open_page: Visit) -> None:
    page = open_page("/class", "class", width=390)
    settle(page)
    choice = page.get_by_label("Сортировать по").last
    choice.scroll_into_view_if_needed()
    choice.select_option(label="Пропущено: по убыванию")
    cells = page.get_by_role("table", name="Ученики класса").locator("tbody td:nth-child(2)").all_inner_texts()
    assert [int(text) for text in cells] == sorted(map(int, cells), reverse=True)
    part = page.get_by_role("table", name="Прогноз: кому не хватит отметок")
    expect(part.locator("thead button")).to_have_count(0)
