"""`python -m tests.bench.transfer HOME`: what a browser with an empty cache fetches for a page, on the wire.

HOME is a folder of state (ZAVUCH_HOME) with loaded schools and demo accounts. Opens a page with Plotly charts and one
without in Chromium, each in a profile of its own after the sign-in, and adds up the bytes of Chromium's network events
(compressed, with headers, websocket messages included). Aim: below 3.3 MB with Plotly, 1.5 MB without.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.table import Table

from dashboard.serve import running
from etl.settings import Settings
from etl.warehouse.engine import app_url
from etl.warehouse.schema import open_warehouse
from tests.bench.sessions import sign_in
from tests.browser.conftest import FLAGS, READY

PAGES = (("deputy", "/school"), ("deputy", "/findings"), ("deputy", "/filling"), ("inspector", "/overview"),
         ("deputy", "/guide"))  # fmt: skip
AIM = {True: 3.3, False: 1.5}  # MB with Plotly and without
LARGEST = 6  # files named
_PLOTLY = "plotly"


@dataclass
class Fetched:
    """Bytes on the wire by address, and of the websocket's messages."""

    by_url: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    messages: float = 0

    @property
    def megabytes(self) -> float:
        """All of it."""
        return (sum(self.by_url.values()) + self.messages) / 1_000_000

    @property
    def has_plotly(self) -> bool:
        """Whether the chart library came."""
        return any(_PLOTLY in url.lower() for url in self.by_url)


def cold(browser: Browser, address: str, path: str, login: str) -> Fetched:
    """Open one page with an empty cache as somebody signed in."""
    name, value = sign_in(address, login).split("=", 1)
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, locale="ru-RU")
    context.add_cookies([{"name": name, "value": value, "url": address}])
    page = context.new_page()
    found, urls = Fetched(), {}
    events = context.new_cdp_session(page)
    events.send("Network.enable")

    def began(event: dict[str, Any]) -> None:
        urls[event["requestId"]] = event["request"]["url"]

    def ended(event: dict[str, Any]) -> None:
        found.by_url[urls.get(event["requestId"], "?")] += event["encodedDataLength"]

    def message(event: dict[str, Any]) -> None:
        found.messages += len(event["response"]["payloadData"]) * 3 / 4  # binary messages are told in base64

    events.on("Network.requestWillBeSent", began)
    events.on("Network.loadingFinished", ended)
    events.on("Network.webSocketFrameReceived", message)
    page.goto(address + path)
    page.wait_for_function(READY, timeout=60_000)
    page.wait_for_timeout(1_500)  # what is loaded lazily after the last message
    context.close()
    return found


def main() -> None:
    """Serve, fetch, print."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    settings = Settings(home=Path(sys.argv[1]).resolve())
    url = open_warehouse(settings)
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    console, table = Console(width=120), Table(title="a page with an empty cache, MB on the wire")
    for head in ("page", "reader", "Plotly", "MB", "aim", "messages, KB", "largest"):
        table.add_column(head, justify="right" if head in ("MB", "aim", "messages, KB") else "left")
    with (
        running(Settings(home=settings.home, port=port), app_url(settings, url)) as (address, _server),
        sync_playwright() as driver,
    ):
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        for login, path in PAGES:
            found = cold(browser, address, path, login)
            largest = sorted(found.by_url.items(), key=lambda pair: -pair[1])[:LARGEST]
            names = ", ".join(f"{urlsplit(url).path.rsplit('/', 1)[-1]} {size / 1000:.0f} KB" for url, size in largest)
            table.add_row(
                path, login, "yes" if found.has_plotly else "no", f"{found.megabytes:.2f}",
                f"< {AIM[found.has_plotly]}", f"{found.messages / 1000:.0f}", names,
            )  # fmt: skip
        browser.close()
    console.print(table)


if __name__ == "__main__":
    main()
