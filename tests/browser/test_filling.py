"""From the landing page to an unfilled lesson of a teacher in three clicks, and back."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import READY

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]


def settle(page: Page) -> None:
    page.wait_for_function(READY, timeout=60_000)


def test_a_deputy_reaches_an_unfilled_lesson_of_a_teacher_in_three_clicks(open_page: Visit) -> None:
    page = open_page("/school?period=q1", "deputy")
    page.get_by_test_id("stMainBlockContainer").get_by_role("button", name="Заполнение", exact=True).click()  # 1
    page.wait_for_url(re.compile("/filling"))
    settle(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("не заполнено")
    page.locator("tbody button").first.click()  # 2: the teacher with the most missing
    page.wait_for_url(re.compile("staff="))
    settle(page)
    expect(page.get_by_role("heading", name="Незаполненные уроки")).to_be_visible()
    page.get_by_role("button", name=re.compile("Открыть урок")).first.click()  # 3
    page.wait_for_url(re.compile("/journal.*lesson="))
    settle(page)
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_back()
    settle(page)
    expect(page.get_by_role("heading", name="Незаполненные уроки")).to_be_visible()


@pytest.mark.parametrize("path", ["/filling?period=q1", "/programme", "/contingent", "/activity"])
def test_the_pages_stay_within_a_narrow_screen_and_speak_russian(open_page: Visit, path: str) -> None:
    page = open_page(path, "deputy", width=390, dark=True)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    expect(page.locator("body")).not_to_contain_text("Страница не открылась")
    page.evaluate("document.querySelectorAll('[data-testid*=Icon]').forEach(icon => icon.remove())")
    words = page.get_by_test_id("stMainBlockContainer").inner_text()
    assert not [
        word for word in re.findall(r"[A-Za-z]{3,}", words) if not re.fullmatch("[IVX]+|XLSX|CSV|Parquet", word)
    ]


# the control that has the focus, inside components too: its name and where it stands on the page
_FOCUSED = """() => {
  let at = document.activeElement
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
  if (!at || at === document.body) return null
  const box = at.getBoundingClientRect(), main = document.querySelector('[data-testid=stMain]')
  const isControl = at.matches('a, button, input, textarea, summary, td, [role]')
  const said = at.getAttribute('aria-label') || at.labels?.[0]?.innerText || at.innerText || at.title || ''
  const name = isControl ? said : '(scrolls)'
  return [name.trim().replace(/\\s+/g, ' '), Math.round(box.y + main.scrollTop)]
}"""


def test_the_keyboard_goes_from_the_first_control_to_the_last_in_the_order_of_the_page(open_page: Visit) -> None:
    page = open_page("/filling?period=q1", "deputy")
    settle(page)
    stops: list[tuple[str, int]] = []
    for _ in range(200):
        page.keyboard.press("Tab")
        found = page.evaluate(_FOCUSED)
        if found is None or (len(stops) > 1 and tuple(found) == stops[0]):
            break
        stops.append(tuple(found))
    names = [name for name, _ in stops]
    wanted = ("Школа", "Период", "Класс", "По учителям", "Открыть: ", "Скачать XLSX", "Замечания по этим записям")
    places = [next((i for i, name in enumerate(names) if wish in name), -1) for wish in wanted]
    assert -1 not in places and places == sorted(places), dict(zip(wanted, places, strict=True))
    assert "" not in names and names[-1].endswith("Замечания по этим записям"), names
    # nothing jumps back up the page by more than a row; the head stands apart from the body
    body = [y for name, y in stops[places[2] :]]
    assert all(after > before - 120 for before, after in pairwise(body)), stops
