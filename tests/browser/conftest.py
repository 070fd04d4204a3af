"""A real server over the shared warehouse and a real Chromium; a page that asks any outside host fails its test."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from dashboard.serve import running
from etl.settings import Settings
from tests.conftest import PASSWORD, Warehouse

READY = """() => {
  const app = document.querySelector('[data-testid=stApp]')
  return app && app.dataset.testScriptState === 'notRunning' && app.dataset.testConnectionState === 'CONNECTED'
    && !document.querySelector('[data-stale=true],[data-testid=stSkeleton]')
}"""
"""Streamlit has drawn everything; after a click wait for the address or a text first, or the run before is seen."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def address(warehouse: Warehouse) -> Iterator[str]:
    """Where the app answers."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with running(Settings(home=warehouse.home, port=port), warehouse.app_url) as (found, _process):
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; without one the run fails with the sentence that `make test` found.

    It ends with its file: while Playwright holds its event loop no other test of the process can run one of its own.
    """
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.fail(
            os.environ.get("NO_CHROMIUM", "No Chromium was found: run `make test`, which says how to get one."),
            pytrace=False,
        )
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens an address of the app, signed in as a login unless it is empty; every request must stay on
    this machine.
    """
    contexts, outside = [], []

    def visit(path: str, login: str = "", *, width: int = 1440, dark: bool = False) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 1000}, locale="ru-RU", color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: outside.append(request.url) if not _is_here(request.url) else None)
        page.set_default_timeout(60_000)
        page.goto(address + path)
        if login:
            page.fill("input[name=login]", login)
            page.fill("input[name=password]", PASSWORD)
            page.click("form button")
            page.wait_for_function(READY, timeout=60_000)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert outside == []


def _is_here(url: str) -> bool:
    return urlsplit(url).scheme in {"data", "blob"} or urlsplit(url).hostname in {"127.0.0.1", "localhost"}
