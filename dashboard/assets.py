"""Streamlit's own front end as we want to serve it: compressed scripts, a Russian index page without
foreign pointers.

Both fail open: whatever does not look as expected passes unchanged, and the browser tests notice.
"""

from __future__ import annotations

import gzip
import re
from functools import lru_cache
from pathlib import Path

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.i18n import t

FRONTEND = Path(streamlit.__file__).resolve().parent / "static"
COMPRESSED = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
YEAR = "public, max-age=31536000, immutable"  # the names carry a hash of the content


class CompressedAssets:
    """Serves `/static/*.js|css` gzipped from memory: Streamlit sends its 3–10 MB raw (measured), on a
    school's line.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory or pass on."""
        path = scope.get("path", "")
        if scope["type"] == "http" and scope["method"] == "GET" and path.startswith("/static/"):
            accepted = Headers(scope=scope).get("accept-encoding", "")
            body = _compressed(path) if "gzip" in accepted else None
            if body is not None:
                headers = {"content-encoding": "gzip", "cache-control": YEAR, "vary": "accept-encoding"}
                media_type = COMPRESSED[Path(path).suffix]
                await Response(body, headers=headers, media_type=media_type)(scope, receive, send)
                return
        await self._app(scope, receive, send)


@lru_cache(maxsize=512)
def _compressed(path: str) -> bytes | None:
    file = (FRONTEND / path.lstrip("/")).resolve()
    if file.suffix not in COMPRESSED or not file.is_relative_to(FRONTEND) or not file.is_file():
        return None
    return gzip.compress(file.read_bytes(), compresslevel=6, mtime=0)


class RussianIndex:
    """Rewrites Streamlit's index page: language, title, icon, words for a browser without scripts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Collect an HTML answer of Streamlit's and send it rewritten; pass everything else."""
        if (
            scope["type"] != "http"
            or scope["method"] != "GET"
            or "text/html" not in Headers(scope=scope).get("accept", "")
        ):
            await self._app(scope, receive, send)
            return
        # a compressed or half-sent page cannot be rewritten
        unwanted = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range")
        scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] not in unwanted]}
        start: Message | None = None
        body = b""

        async def collecting(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _is_html(message):
                start = message
            elif start is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    rewritten = russian_index(body.decode("utf-8")).encode("utf-8")
                    headers = MutableHeaders(scope=start)
                    headers["content-length"] = str(len(rewritten))
                    for name in ("etag", "last-modified"):
                        del headers[name]
                    await send(start)
                    await send({"type": "http.response.body", "body": rewritten})

        await self._app(scope, receive, collecting)


def _is_html(message: Message) -> bool:
    return Headers(raw=message["headers"]).get("content-type", "").startswith("text/html")


def russian_index(page: str) -> str:
    """Streamlit's index page in Russian; a page that is not Streamlit's comes back unchanged."""
    if "<title>Streamlit</title>" not in page:
        return page
    page = page.replace('<html lang="en">', '<html lang="ru">').replace(
        "<title>Streamlit</title>", f"<title>{t('app.title')}</title>"
    )
    page = page.replace('href="./favicon.png"', 'href="/app/static/favicon.png"')
    # pointer to the agent API (off here) and the preload of a font we do not use
    page = re.sub(r'<link rel="service-desc"[^>]*>', "", page)
    page = re.sub(r'<link\s+rel="preload"\s+href="[^"]*SourceSans[^>]*>', "", page)
    return re.sub(r"<noscript>.*?</noscript>", f"<noscript>{t('app.noscript')}</noscript>", page, flags=re.DOTALL)
