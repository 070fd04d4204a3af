"""Every page of every reader over a bundle of attacks, in Chromium: nothing runs, nothing is fetched from elsewhere, no
link, image, icon, formula or emphasis is made of data, and what is shown is what was sent.

One sign-in walks through all pages without loading the app anew: a page costs a third of a second.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page

from checks.runner import run_checks
from dashboard.pages_table import PAGES, is_open
from dashboard.serve import running
from etl.job import load_bundle
from etl.settings import Settings
from etl.sources.demo import generate
from etl.warehouse import embedded
from etl.warehouse.engine import app_url, owner_connection
from tests.browser.conftest import READY
from tests.conftest import CLASS_TEACHER, PASSWORD, _people
from tests.homes import open_new
from tests.hostile import EVIL, LITERAL, WORDS, write_hostile

pytestmark = pytest.mark.browser

WALKS = ("deputy", "inspector", "class_teacher", "teacher", "administrator", "secretary", "director", "coordinator",
         "region")  # fmt: skip
HOVERED = {
    "deputy": ("/attendance", "/performance", "/school"),
    "inspector": ("/overview", "/comparison"),
}
"""Pages whose charts are touched: what a mark says under the mouse is drawn by Plotly, outside our own tables."""
LOGINS = {"class_teacher": "class"}
FOLDED = ("/school", "/filling", "/loads", "/corrections")
"""Pages with tables under a fold."""
NARROWED = {"pupil", "journal", "class"}
"""Pages that ask which class where none is named."""
_PLACE = """
SELECT w.school_id, w.class_id, w.journal_id, max(l.lesson_id), (SELECT min(pupil_id) FROM fact_enrolment e
    WHERE e.school_id = w.school_id AND e.class_id = w.class_id), (SELECT min(finding_id) FROM finding f
    WHERE f.school_id = w.school_id)
FROM (SELECT DISTINCT school_id, class_id, journal_id FROM mart_duty_week) w JOIN fact_lesson l
    USING (school_id, journal_id) JOIN access_row a ON a.user_id = %s AND a.class_id = w.class_id AND a.level = 'class'
GROUP BY 1, 2, 3 ORDER BY count(*) DESC LIMIT 1
"""
_WATCH = "window.hits = []; window.zzhit = n => window.hits.push(n)"
_JUDGE = """([literal, evil]) => {
  const wrong = window.hits.map(n => `script ${n} ran`)
  const clean = text => text.replaceAll('\\u2060', '').replaceAll('\\u00a0', ' ').toLowerCase()
  const roots = [document]
  for (const root of roots)
    for (const one of root.querySelectorAll('*')) if (one.shadowRoot) roots.push(one.shadowRoot)
  let seen = 0
  for (const root of roots) {
    for (const one of root.querySelectorAll('a, img, iframe, object, embed, script[src], link, form, svg a')) {
      const to = [...one.attributes].map(a => `${a.name}=${a.value}`).join(' ')
      if (one.tagName !== 'LINK' && (/javascript:|mailto:|zz/i.test(to) || to.includes(evil)))
        wrong.push(`<${one.tagName} ${to.slice(0, 200)}>`)
      if (one.tagName === 'IMG' && one.alt.includes('treamlit')) wrong.push('the icon of Streamlit')
    }
    for (const one of root.querySelectorAll('.katex')) wrong.push(`formula ${one.textContent}`)
    const walker = document.createTreeWalker(root === document ? document.body : root, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node.parentElement?.closest('script, style')) continue
      const holder = node.parentElement  // the client cuts a text where an icon might have been
      const text = clean(holder && holder.childElementCount === 0 ? holder.textContent : node.data)
      if (text.includes('zz')) seen += 1
      if (text.includes('😄')) wrong.push('an emoji')
      for (const [word, whole] of Object.entries(literal))
        if (text.includes(word) && !text.includes(clean(whole)))
          wrong.push(`${word} in ${holder?.outerHTML.slice(0, 300)}`)
    }
  }
  return [wrong, seen]
}"""


@dataclass(frozen=True)
class Stage:
    """A server over the hostile school, and a place in it: school, class, journal, lesson, pupil, finding."""

    address: str
    place: tuple[int, ...]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    home = Path(tempfile.mkdtemp(prefix="zavuch-hostile-"))
    home.chmod(0o755)
    try:
        settings = Settings(home=home)
        url = open_new(settings)
        (bundle,) = generate(home / "bundles", tier="tiny", seed=7)
        load_bundle(write_hostile(bundle.path, home / "hostile"), url, home)
        with owner_connection(url) as connection, connection.cursor() as cursor:
            _people(cursor)
            cursor.execute("UPDATE access_user SET full_name = %s", [WORDS[1]])
        run_checks(url)
        with owner_connection(url) as connection:
            place: Any = connection.execute(_PLACE, [CLASS_TEACHER]).fetchone()
        assert place is not None and None not in place
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with running(Settings(home=home, port=port), app_url(settings, url)) as (address, _process):
            yield Stage(address, place)
    finally:
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)


def addresses(role: str, place: tuple[int, ...], seen: set[str]) -> list[str]:
    """All pages of the deputy and the inspector; of the others those that nobody showed yet and where they land."""
    school, class_id, journal, lesson, pupil, finding = place
    inside = f"school={school}&class={class_id}"
    rows = [row for row in PAGES if is_open(row.route, role)]
    if role not in ("deputy", "inspector"):
        rows = [row for row in rows if row.route not in seen or row.route == rows[0].route]
    seen |= {row.route for row in rows}
    found = [f"/{row.route}" for row in rows if row.route not in NARROWED]
    if role in ("deputy", "class_teacher"):
        found += [
            f"/class?{inside}", f"/pupil?{inside}&pupil={pupil}", f"/journal?{inside}&journal={journal}",
            f"/journal?{inside}&journal={journal}&lesson={lesson}",
        ]  # fmt: skip
    if role == "deputy":
        found += [f"/{route}?{inside}&period=q1" for route in ("attendance", "performance")]
        found += [f"/reports?{inside}", f"/findings?school={school}&finding={finding}", f"/school?{inside}"]
    if role == "inspector":
        found += [f"/school?school={school}", f"/comparison?school={school}"]
    return found


_GO = """place => {
  window.began = false
  const app = document.querySelector('[data-testid=stApp]')
  const look = new MutationObserver(() => { if (app.dataset.testScriptState !== 'notRunning') window.began = true })
  look.observe(app, { attributes: true })
  history.pushState(null, '', place)
  dispatchEvent(new PopStateEvent('popstate'))
}"""
_BEGUN = """() => new Promise(done => {
  const since = Date.now()
  const look = () => window.began || Date.now() - since > 1500 ? done() : setTimeout(look, 20)
  look()
})"""
"""A short run may begin and end between two looks of the observer: then a moment is waited."""


def open_at(page: Page, place: str) -> None:
    """Open another page of the running app, as Back does: the app itself is not loaded anew."""
    page.evaluate(_GO, place)
    page.evaluate(_BEGUN)  # or the page before would be judged
    page.wait_for_function(READY, timeout=60_000)


def unfold(page: Page) -> None:
    """Open what is folded: a table that is not shown was not sent either."""
    for summary in page.locator("[data-testid=stExpander] summary").all()[:4]:
        if summary.is_visible():
            summary.click()
    page.wait_for_timeout(100)
    page.wait_for_function(READY, timeout=60_000)


def hover(page: Page) -> int:
    """Touch the first mark of every chart; returns how many said something."""
    said = 0
    for chart in page.locator(".js-plotly-plot").all()[:3]:
        chart.scroll_into_view_if_needed()
        box = chart.locator(".nsewdrag").first.bounding_box()
        if box is None:
            continue
        for across in (0.1, 0.3, 0.5, 0.8):
            page.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] * 0.5)
            page.wait_for_timeout(60)
            if page.locator(".hovertext").count():
                said += 1
                break
    return said


def watched(context: BrowserContext, wrong: list[str]) -> Page:
    """A page that tells every request to another host and every dialog."""
    context.add_init_script(_WATCH)
    page = context.new_page()

    def dismiss(dialog: Dialog) -> None:
        wrong.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page.on("request", lambda request: wrong.append(f"asks {request.url}") if _is_far(request.url) else None)
    page.on("dialog", dismiss)
    return page


def test_no_word_of_a_hostile_bundle_runs_fetches_or_becomes_markup_on_any_page(browser: Browser, stage: Stage) -> None:
    wrong: list[str] = []
    told: dict[str, int] = {}
    seen: set[str] = set()
    hovered = 0
    for role in WALKS:
        context = browser.new_context(viewport={"width": 1440, "height": 1000}, locale="ru-RU")
        page = watched(context, wrong)
        page.set_default_timeout(60_000)
        page.goto(stage.address + "/guide")
        page.fill("input[name=login]", LOGINS.get(role, role))
        page.fill("input[name=password]", PASSWORD)
        page.click("form button")
        page.wait_for_function(READY, timeout=60_000)
        for place in addresses(role, stage.place, seen):
            open_at(page, place)
            if role == "deputy" and place in FOLDED:
                unfold(page)
            if place in HOVERED.get(role, ()):
                hovered += hover(page)
            found, count = page.evaluate(_JUDGE, [LITERAL, EVIL])
            wrong += [f"{role} {place}: {one}" for one in sorted(set(found))]
            if "Страница не открылась" in page.locator("body").inner_text():
                wrong.append(f"{role} {place}: failed")
            told[f"{role} {place}"] = count
        context.close()
    assert not wrong, "\n".join(wrong)
    assert hovered > 2, "no chart said anything under the mouse"
    silent = {re.split(r"[ ?]", place)[1] for place, count in told.items() if count == 0}
    assert {urlsplit(place.split(" ")[1]).path for place, count in told.items() if count > 2} >= {
        f"/{route}" for route in ("school", "filling", "attendance", "performance", "journal", "pupil", "class",
                                  "findings", "programme", "contingent", "corrections", "loads", "own")
    }, json.dumps([told, sorted(silent)], ensure_ascii=False)  # fmt: skip


def _is_far(url: str) -> bool:
    return urlsplit(url).scheme not in {"data", "blob"} and urlsplit(url).hostname not in {"127.0.0.1", "localhost"}
