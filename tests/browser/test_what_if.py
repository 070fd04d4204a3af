"""What the worker does for a page: a deputy head asks for another act, and gives files of her journal system."""

from __future__ import annotations

import re
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Page, expect

from dashboard.serve import running, working
from etl.job import load_bundle
from etl.settings import Settings
from etl.sources.demo import generate
from etl.warehouse import embedded
from etl.warehouse.engine import app_url, owner_connection, plain_url
from etl.warehouse.locks import WRITE_LOCK
from tests.browser.conftest import READY
from tests.conftest import _people
from tests.etl.sources.school_portal_writer import Grid, journal_bytes, zip_cp866
from tests.homes import open_new

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
ASK = "Как было бы по этому регламенту"


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A loaded school of its own: the shared one is not written to."""
    home = Path(tempfile.mkdtemp(prefix="zavuch-what-if-"))
    home.chmod(0o755)
    try:
        url = open_new(Settings(home=home))
        for bundle in generate(home / "bundles", tier="tiny", seed=7):
            load_bundle(bundle.path, url, home)
        with owner_connection(url) as connection, connection.cursor() as cursor:
            _people(cursor)
        yield home
    finally:
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """The server and the worker, started as `zavuch serve` starts them: pages and files come from two processes."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = Settings(home=home, port=port, processes=2)
    url = embedded.start(home).url
    with running(settings, app_url(settings, url)) as (found, _process), working(settings) as worker:
        yield found
        assert worker.process.poll() is None


def settle(page: Page) -> None:
    page.wait_for_function(READY, timeout=60_000)


def test_another_act_is_asked_for_watched_and_compared(open_page: Visit, home: Path) -> None:
    page = open_page("/regulation?whatif=school16_korolev:1", "deputy")
    with psycopg.connect(plain_url(embedded.start(home).url)) as load:
        load.execute("SELECT pg_advisory_xact_lock(%s)", [WRITE_LOCK])  # a load at work: the worker has to wait for it
        page.get_by_role("button", name=ASK).click()
        expect(page.get_by_text("Считаем: строим сроки")).to_be_visible(timeout=30_000)
        expect(page.get_by_role("button", name=ASK)).to_have_count(0)
    table = page.get_by_role("table", name="Правила, по которым оценка изменилась бы")
    expect(table).to_be_visible(timeout=60_000)
    settle(page)
    expect(table).to_contain_text("Выбранный: № 173 от 24.06.2017")
    expect(table).to_contain_text("п.п.")
    expect(page.get_by_text(re.compile("Рассчитано .* хранится до .* или до новых данных"))).to_be_visible()
    page.get_by_text(re.compile("Оценивает только один из актов")).click()
    apart = page.get_by_role("table", name="Правила, о которых один из актов молчит")
    expect(apart).to_contain_text("не регулируется")
    assert page.get_by_role("progressbar").count() == 0


def test_an_inspector_may_ask_and_a_teacher_is_not_offered_it(open_page: Visit) -> None:
    page = open_page("/regulation?school=1&whatif=lindovskaya:1", "inspector")
    expect(page.get_by_role("button", name=ASK)).to_be_visible()
    page = open_page("/regulation?school=1", "teacher")
    settle(page)
    expect(page.get_by_role("heading", name="Два акта рядом")).to_be_visible()
    expect(page.get_by_role("heading", name="Как было бы по другому регламенту")).to_have_count(0)


@pytest.mark.parametrize("width", [768, 390])
def test_the_result_does_not_widen_a_narrow_page(open_page: Visit, width: int) -> None:
    page = open_page("/regulation?whatif=school16_korolev:1", "deputy", width=width, dark=width == 390)
    expect(page.get_by_text("Темы, задания и посещаемость внесены в срок")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth + 1")


def test_a_deputy_gives_files_and_sees_the_preview(open_page: Visit, tmp_path: Path) -> None:
    grid = Grid("Алг 7а", "7а (7а)", "Алгебра", "Иванова М.П.", [date(2018, 9, 3)], ["Белов А."], {(0, 0): "ы!"})
    path = zip_cp866(
        tmp_path / "journals-12.11.2018.zip", {"7а.xlsx": journal_bytes([grid])}, (2018, 11, 12, 18, 30, 0)
    )
    page = open_page("/loads", "deputy")
    expect(page.get_by_text("каждый до 200 МБ")).to_be_visible()
    page.set_input_files("input[type=file]", str(path))
    expect(page.get_by_text("journal")).not_to_have_count(0)
    page.get_by_role("button", name="Показать предпросмотр").click()
    expect(page.get_by_text("Предпросмотр: journals-12.11.2018.zip")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Алг 7а!C10")).to_be_visible()
    settle(page)
    # not pressed: demo accounts end with the first real school, and other tests share this server
    expect(page.get_by_role("button", name="Загрузить")).to_be_visible()
