"""What each reader came for, from her landing page, on the demo municipality: the deputy an unfilled lesson, the
director a past month, the inspector a school that stands out and the journals behind it.
"""

from __future__ import annotations

import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.frame import short_name
from dashboard.serve import running
from etl.demo import PASSWORD, make_demo
from etl.settings import Settings
from etl.warehouse import embedded
from etl.warehouse.engine import app_url, owner_connection
from tests.browser.conftest import READY
from tests.homes import open_new

pytestmark = [pytest.mark.browser, pytest.mark.slow]


class Demo:
    """The served demo municipality: signs its accounts in and knows every pupil."""

    def __init__(self, address: str, url: str, browser: Browser) -> None:
        self.address, self.url, self.browser = address, url, browser

    def sign_in(self, login: str) -> Page:
        """The page where the account lands."""
        context = self.browser.new_context(viewport={"width": 1440, "height": 1000}, locale="ru-RU")
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=self.address)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(self.address)
        page.fill("input[name=login]", login)
        page.fill("input[name=password]", PASSWORD)
        page.click("form button")
        settle(page)
        return page

    def pupils(self) -> list[str]:
        """The name of every pupil of every school."""
        with owner_connection(self.url) as connection:
            return [name for (name,) in connection.execute("SELECT DISTINCT full_name FROM dim_pupil_name")]


@pytest.fixture(scope="module")
def demo(browser: Browser) -> Iterator[Demo]:
    """Six generated schools behind a server of their own: one school alone stands apart from nobody."""
    # outside pytest's folders, which other users cannot reach: the database may run as one
    home = Path(tempfile.mkdtemp(prefix="zavuch-demo-"))
    home.chmod(0o755)
    settings = Settings(home=home)
    try:
        url = open_new(settings)
        make_demo(url, home)
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with running(Settings(home=home, port=port), app_url(settings, url)) as (address, _process):
            yield Demo(address, url, browser)
    finally:
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)


def number_of(cell: str) -> float | None:
    """The first number of a cell: `94,8 %` with its denominator beneath."""
    found = re.search(r"[-−+]?\d+(?:,\d+)?", cell)
    return float(found[0].replace(",", ".").replace("−", "-")) if found else None


def settle(page: Page) -> None:
    page.wait_for_function(READY, timeout=60_000)


def test_a_deputy_reaches_an_unfilled_lesson_in_three_clicks_and_sends_its_link(demo: Demo) -> None:
    page = demo.sign_in("deputy")
    assert urlsplit(page.url).path == "/school"
    page.get_by_role("button", name="Заполнение", exact=True).click()  # the first click
    page.wait_for_url(re.compile("/filling"))
    settle(page)
    teacher = page.get_by_role("table", name=re.compile("Заполнение и своевременность")).locator("tbody button").first
    who = teacher.inner_text().split()[0]
    teacher.click()  # the second
    page.wait_for_url(re.compile("staff="))
    settle(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text(who)
    lesson = page.get_by_role("table", name="Незаполненные уроки").locator("tbody button").first
    lesson.click()  # the third
    page.wait_for_url(re.compile("/journal.*lesson="))
    card = page.get_by_role("dialog")
    expect(card).to_contain_text("Не внесено, срок")
    shown = card.locator("[data-testid=stCode]").inner_text().strip()
    card.locator("[data-testid=stCode]").hover()
    card.get_by_role("button", name=re.compile("Скопировать|Copy")).click()
    copied = page.evaluate("navigator.clipboard.readText()").strip()
    assert copied == shown and copied.startswith(demo.address) and "lesson=" in copied
    heading = card.get_by_role("heading").first.text_content() or ""
    other = page.context.new_page()
    other.goto(copied)
    settle(other)
    again = other.get_by_role("dialog")
    expect(again.get_by_role("heading").first).to_have_text(heading)
    expect(again).to_contain_text("Не внесено, срок")
    assert again.locator("[data-testid=stCode]").inner_text().split("lesson=")[1] == shown.split("lesson=")[1]


def test_a_director_opens_last_month_and_reads_what_changed(demo: Demo) -> None:
    page = demo.sign_in("director")
    assert urlsplit(page.url).path == "/school"
    chosen = page.get_by_role("combobox", name=re.compile("Период"))
    chosen.click()
    page.get_by_role("option", name=re.compile("октябрь 2026", re.IGNORECASE)).click()
    page.wait_for_url(re.compile("period=m"))
    settle(page)
    block = page.locator(".st-key-school_changes")
    expect(block.get_by_role("heading", name="Что изменилось")).to_be_visible()
    expect(block).to_contain_text("сентябрь 2026")
    worse = block.get_by_role("table").first
    expect(worse.get_by_role("row").nth(1)).to_contain_text(re.compile(r"−\d+,\d\sп\.п\."))
    for row in worse.get_by_role("row").all()[1:]:  # what is said to have changed is the difference of what is shown
        was, now, change = (number_of(cell) for cell in row.get_by_role("cell").all_inner_texts()[-3:])
        assert was is not None and now is not None and change is not None and change < 0
        assert abs((now - was) - change) < 0.11
    worse.locator("tbody button").first.click()
    page.wait_for_url(re.compile(r"/(findings|filling|journal).*period=m"))
    settle(page)
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_an_inspector_finds_the_school_that_stands_out_its_cause_and_its_journals_without_a_childs_name(
    demo: Demo,
) -> None:
    page, seen = demo.sign_in("inspector"), []

    def look() -> None:
        settle(page)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        seen.append(page.locator("body").inner_text())
        seen.append(page.content())  # also what no eye meets: labels, hints, addresses

    assert urlsplit(page.url).path == "/overview"
    look()
    page.get_by_role("button", name="Сравнить школы по любому показателю").click()
    page.wait_for_url(re.compile("/comparison"))
    expect(page.get_by_role("heading", name="Отличаются заметно")).to_be_visible()
    look()
    expect(page.get_by_role("heading", level=1)).to_contain_text("вне обычного разброса")
    named = page.locator("[class*=st-key-out_]").first
    expect(named).to_contain_text("обычного разброса")
    expect(named).to_contain_text("Больше всего разницы")  # the cause is said before it is asked for
    school = named.get_by_role("button").inner_text().split("\n")[0].strip()
    named.get_by_role("button").click()
    page.wait_for_url(re.compile("school="))
    expect(page.get_by_role("heading", name="Почему так")).to_be_visible()
    look()
    expect(page.get_by_role("heading", level=1)).to_contain_text(school)
    journals = page.get_by_role("table", name=re.compile("Журналы школы"))
    expect(journals.get_by_role("row").nth(1)).to_be_visible()
    lost = [number_of(row.get_by_role("cell").last.inner_text()) for row in journals.get_by_role("row").all()[1:]]
    assert lost[0] and lost == sorted(lost, key=lambda n: -(n or 0))  # the journals behind it, the worst first
    page.get_by_role("button", name="Страница школы").click()
    page.wait_for_url(re.compile("/school"))
    look()
    page.goto(demo.address + "/monitoring")
    look()
    expect(page.get_by_role("table", name=re.compile("Свежесть, полнота"))).to_contain_text(school)
    pupils = demo.pupils()
    assert len(pupils) > 1000
    told = "\n".join(seen)
    shapes = {shape for name in pupils for shape in (name, " ".join(name.split()[:2]), short_name(name))}
    assert not [shape for shape in shapes if shape in told]  # a family alone may be a town's name in an act
