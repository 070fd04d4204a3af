"""Every page of a reader, in light and in dark, at full width, at 200 % zoom and on a phone: no serious finding of axe,
no sideways scroll, no word in Latin letters that nobody meant.

One sign-in walks through all pages: a page costs a second, a context and a password three. The walks are in two files
of tests, so that two processes share them.
"""

from __future__ import annotations

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

from dashboard.pages_table import PAGES
from etl.warehouse.engine import owner_connection
from tests.browser.test_journey import Visit, settle
from tests.conftest import Warehouse

WIDTHS = (720, 390)
"""A window of 1440 at 200 % zoom has 720 CSS pixels; a phone has 390."""
GRAVE = ("serious", "critical")
KNOWN: dict[str, str] = {}
"""Findings of Streamlit's own elements that we cannot mend: rule of axe → why. None are left on our pages."""
MEANT = {"CSV", "Parquet", "XLSX", "PDF", "DOCX", "ZIP", "Tab", "Enter", "Shift", "Esc", "zavuch", "load"}
MEANT |= {"HTML", "XML", "XLS", "Europe", "Moscow", "OneRoster"}
"""Names of formats, standards, keys and commands: they are written in Latin letters everywhere."""

_SAID = """() => {
  const skipped = '[data-testid=stIconMaterial], code, pre, script, style, noscript, [translate=no], [aria-hidden=true]'
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const said = []
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    if (node.parentElement && !node.parentElement.closest(skipped)) said.push(node.data)
  for (const name of ['aria-label', 'title', 'placeholder', 'alt'])
    for (const element of document.body.querySelectorAll(`[${name}]`))
      if (!element.closest(skipped)) said.push(element.getAttribute(name))
  return said.join('\\n')
}"""
_WIDER = (
    "[document.documentElement, ...document.querySelectorAll('[data-testid=stMain]')]"
    ".some(block => block.scrollWidth > block.clientWidth + 1)"
)  # the main block scrolls, the document never does
_GROUND = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
_PLACE = """
SELECT w.school_id, w.class_id, w.journal_id, (SELECT max(lesson_id) FROM fact_lesson l
    WHERE l.school_id = w.school_id AND l.journal_id = w.journal_id) AS lesson_id,
    (SELECT min(pupil_id) FROM fact_enrolment e WHERE e.school_id = w.school_id AND e.class_id = w.class_id)
FROM mart_duty_week w WHERE w.school_id = %s AND w.class_id = %s AND w.journal_id IS NOT NULL
GROUP BY 1, 2, 3 ORDER BY sum(w.row_count) DESC, 3 LIMIT 1
"""


def _addresses(login: str, warehouse: Warehouse) -> list[str]:
    """Every page of the deputy and of the inspector; of the others the pages that only they have or land on."""
    if login == "class":
        return ["/class", "/own"]
    if login == "teacher":
        return ["/own", "/school"]
    if login == "inspector":
        found = [f"/{row.route}" for row in PAGES if row.presence("inspector") != "none"]
        return [*found, f"/school?school={warehouse.school_id}", f"/comparison?school={warehouse.school_id}"]
    with owner_connection(warehouse.url) as connection:
        row = connection.execute(_PLACE, [warehouse.school_id, warehouse.class_id]).fetchone()
    assert row is not None and None not in row
    school, class_id, journal, lesson, pupil = row
    place = f"school={school}&class={class_id}"
    narrowed = {"pupil", "journal", "class"}  # drawn for the class; without one they ask which
    found = [f"/{row.route}" for row in PAGES if row.presence("deputy") != "none" and row.route not in narrowed]
    return [
        *found, f"/class?{place}", f"/pupil?{place}&pupil={pupil}", f"/attendance?{place}&pupil={pupil}&period=q1",
        f"/performance?{place}&period=q1", f"/journal?{place}&journal={journal}",
        f"/journal?{place}&journal={journal}&lesson={lesson}",
    ]  # fmt: skip


def walk(open_page: Visit, address: str, warehouse: Warehouse, login: str) -> None:
    """Fails with everything that is wrong on the pages of the reader."""
    page = open_page("/guide", login)
    page.emulate_media(color_scheme="light")
    theme, wrong = "light", []
    for place in _addresses(login, warehouse):
        page.set_viewport_size({"width": 1440, "height": 1000})
        page.goto(address + place)
        page.locator("h1").first.wait_for()
        settle(page)
        wrong += [f"{place}, {theme}: {found}" for found in [*_grave(page), *_odd(page)]]
        page.set_viewport_size({"width": 1440, "height": 1000})
        # no colour is read halfway to the next
        page.add_style_tag(content="* {transition: none !important; animation: none !important}")
        before = page.evaluate(_GROUND)
        # every other page begins in dark: a change of theme draws the page anew, one of them is enough
        theme = "dark" if theme == "light" else "light"
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.wait_for_function(f"{_GROUND} !== '{before}'")
        settle(page)
        # its rules about colours; all else that axe looks for knows no theme
        colours = _grave(page, runOnly=["color-contrast", "link-in-text-block"])
        if colours:  # a busy machine may be drawing the other theme still; what is ours stays
            page.wait_for_timeout(2000)
            settle(page)
            colours = _grave(page, runOnly=["color-contrast", "link-in-text-block"])
        wrong += [f"{place}, {theme}: {found}" for found in colours]
    assert not wrong, "\n".join(wrong)


def _odd(page: Page) -> list[str]:
    """Errors, words in Latin letters, and widths at which the page scrolls sideways."""
    text = page.locator("body").inner_text()
    found = [bad for bad in ("Страница не открылась", "Traceback") if bad in text]
    latin = set(re.findall(r"[A-Za-z]{3,}", page.evaluate(_SAID))) - MEANT
    found += [f"Latin {sorted(latin)}"] if latin else []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        settle(page)
        found += [f"scrolls sideways at {width}"] if page.evaluate(_WIDER) else []
    return found


def _grave(page: Page, **options: Any) -> list[str]:
    """Serious and critical findings, but for those KNOWN."""
    answer = Axe().run(page, options={"resultTypes": ["violations"], **options}).response
    found: list[dict[str, Any]] = answer["violations"]
    return [
        f"{one['id']} ({one['impact']}) × {len(one['nodes'])}: {one['nodes'][0]['target']}"
        for one in found
        if one["impact"] in GRAVE and one["id"] not in KNOWN
    ]
