"""A deputy head reads a finding, disputes it with a reason, takes it back; and sees the verdicts of the checks."""

from __future__ import annotations

import csv
import io
import re
import shutil
import socket
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pypdf
import pytest
from playwright.sync_api import Locator, Page, expect

from checks.runner import run_checks
from dashboard.serve import running
from etl.job import load_bundle
from etl.settings import Settings
from etl.sources.demo import generate
from etl.warehouse import embedded
from etl.warehouse.engine import app_url, owner_connection
from tests.browser.conftest import READY
from tests.conftest import _people
from tests.homes import open_new

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
COUNT_CLICKS = """() => {
  window.clicks = 0
  addEventListener('click', event => { window.clicks += event.isTrusted }, true)
}"""
"""Clicks of a person, counted in the page: it is never loaded anew on the way, else the count is lost and fails."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server over a checked school of its own: the shared one is not written to."""
    home = Path(tempfile.mkdtemp(prefix="zavuch-findings-"))
    home.chmod(0o755)
    try:
        settings = Settings(home=home)
        url = open_new(settings)
        for bundle in generate(home / "bundles", tier="tiny", seed=7):
            load_bundle(bundle.path, url, home)
        with owner_connection(url) as connection, connection.cursor() as cursor:
            _people(cursor)
        run_checks(url)
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with running(Settings(home=home, port=port), app_url(settings, url)) as (found, _process):
            yield found
    finally:
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)


def settle(page: Page) -> None:
    page.wait_for_function(READY, timeout=60_000)


def test_a_finding_is_disputed_with_a_reason_and_taken_back(open_page: Visit) -> None:
    page = open_page("/findings?period=year", "deputy")
    page.get_by_role("button", name=re.compile("^подробнее")).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Что сделать.")).to_be_visible()
    assert "finding=" in page.url
    dialog.get_by_role("button", name="Записать решение").click()
    expect(dialog.get_by_text("Напишите причину")).to_be_visible()
    dialog.get_by_role("textbox").fill("урок прошёл в музее")
    dialog.get_by_role("button", name="Записать решение").click()
    expect(dialog).not_to_be_visible(timeout=30_000)
    settle(page)
    assert "finding=" not in page.url
    page.goto(page.url + "&state=disputed")
    settle(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("оспорено 1")
    expect(page.get_by_text("урок прошёл в музее")).to_be_visible()
    page.get_by_role("button", name=re.compile("^подробнее")).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Иванова Анна Петровна, заместитель директора")).to_be_visible()
    dialog.get_by_role("textbox").fill("ошиблась уроком")
    dialog.get_by_role("button", name="Записать решение").click()
    expect(dialog).not_to_be_visible(timeout=30_000)
    expect(page.get_by_text("Замечаний нет", exact=True)).to_be_visible()


def test_a_class_teacher_reads_the_card_and_is_offered_no_decision(open_page: Visit) -> None:
    page = open_page("/findings?period=year", "class")
    page.get_by_role("button", name=re.compile("^подробнее")).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Что сделать.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Записать решение")).to_have_count(0)


def test_the_list_is_saved_as_a_table_with_its_origin(open_page: Visit) -> None:
    page = open_page("/findings?period=year&rule=topic", "deputy")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    content = Path(str(download.value.path())).read_bytes().decode("utf-8-sig")
    assert download.value.suggested_filename.endswith(".csv")
    assert "Кто сформировал;Иванова Анна Петровна, заместитель директора" in content
    assert ";Тема урока;не внесено, " in content


def test_a_group_opens_its_list_and_back_returns(open_page: Visit) -> None:
    page = open_page("/findings?period=year&group=rule", "deputy")
    expect(page.get_by_role("heading", name="Замечания по видам")).to_be_visible()
    page.get_by_role("button", name="Показать список: Тема урока").click()
    page.wait_for_url(re.compile("rule=topic"))
    settle(page)
    expect(page.get_by_role("heading", name="Список")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 768, 390])
def test_the_checks_tell_apart_what_is_not_kept_and_what_nobody_regulates(open_page: Visit, width: int) -> None:
    page = open_page("/checks", "deputy", width=width)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Проверки")
    expect(page.get_by_text("Не установлено регламентом").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth + 1")
    page.get_by_role("button", name=re.compile("^Открыть замечания: Тема урока")).click()
    page.wait_for_url(re.compile("/findings.*rule=topic"))


def saved(page: Page, button: Locator) -> bytes:
    with page.expect_download() as download:
        button.click()
    return Path(str(download.value.path())).read_bytes()


def test_from_the_findings_of_october_to_a_signed_docx_and_pdf_in_five_clicks(open_page: Visit) -> None:
    page = open_page("/findings?period=m2026-10", "deputy")
    total = page.get_by_role("heading", level=1).inner_text()
    export = saved(page, page.get_by_role("button", name="CSV", exact=True)).decode("utf-8-sig").splitlines()
    page.evaluate(COUNT_CLICKS)

    page.get_by_role("button", name="Открыть контроль за этот период").click()
    page.wait_for_url(re.compile("/control"))
    settle(page)
    page.get_by_role("button", name="Открыть контроль: Октябрь 2026").click()
    expect(page.get_by_text("проект", exact=True)).to_be_visible(timeout=30_000)
    settle(page)
    page.get_by_role("button", name="Подписать").click()
    expect(page.get_by_text("подписана", exact=True)).to_be_visible(timeout=30_000)
    settle(page)
    files = page.locator(".st-key-control_report")
    word = docx.Document(io.BytesIO(saved(page, files.get_by_role("button", name="DOCX"))))
    pdf = pypdf.PdfReader(io.BytesIO(saved(page, files.get_by_role("button", name="PDF"))))
    assert page.evaluate("window.clicks") == 5

    book = openpyxl.load_workbook(io.BytesIO(saved(page, files.get_by_role("button", name="XLSX"))))
    on_screen = [plain(text) for text in page.get_by_test_id("stMetric").all_inner_texts()]
    figures = {tuple(row) for row in cells(next(table for table in word.tables if len(table.columns) == 4))}
    text = plain(" ".join(sheet.extract_text() for sheet in pdf.pages))
    shown = {row[0]: row[1] for row in figures if row[0] != "Показатель"}
    assert len(shown) == len(on_screen) == 6
    for name, value in shown.items():
        assert f"{name} {value}" in on_screen, "the screen says what the DOCX says"
        assert value in text, "and so does the PDF"
    assert {tuple(row[:2]) for row in sheet_rows(book["Показатели"])} == set(shown.items())
    count = int(shown["Замечания"])
    assert f"открыто {count}," in plain(total)
    assert f"Строк;{count}" in [plain(line) for line in export]
    listed = cells(next(table for table in word.tables if len(table.columns) == 7))
    assert len(listed) == len(list(sheet_rows(book["Замечания"]))) == count
    told = Counter(row[5] for row in listed)
    assert told == Counter(plain(str(row[5])) for row in sheet_rows(book["Замечания"]))
    head = next(n for n, line in enumerate(export) if line.startswith("Школа;Тяжесть"))
    assert told == Counter(plain(row[3]) for row in csv.reader(export[head + 1 :], delimiter=";"))
    assert "ПРОЕКТ" not in text and "подписано" in text
    page.goto(re.sub(r"/control.*", "/school?period=m2026-10", page.url))
    settle(page)
    for name in ("Заполнено", "Внесено в срок", "Не заполнено"):
        words = re.compile(re.escape(shown[name]).replace("\\ ", r"\s"))
        expect(page.get_by_text(words).filter(visible=True).first).to_be_visible()


def plain(text: str) -> str:
    return " ".join(text.split())


def cells(table: Any) -> list[list[str]]:
    return [[plain(cell.text) for cell in row.cells] for row in table.rows[1:]]


def sheet_rows(sheet: Any) -> Iterator[tuple[Any, ...]]:
    yield from sheet.iter_rows(min_row=2, values_only=True)
