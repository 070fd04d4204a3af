"""A digest as an e-mail: one message with a text and an HTML part, and the way to unsubscribe; sent by SMTP."""

from __future__ import annotations

import html
import re
import smtplib
import ssl
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid

from dashboard.digests.content import Digest
from dashboard.i18n import NBSP, t
from etl.settings import Settings

TIMEOUT = 30.0
_ADDRESS = re.compile(r"[^\s@<>\"',;:\\()\[\]]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
_STYLE = "font: 15px/1.45 Arial, sans-serif; color: #1c2430; max-width: 640px"


def is_address(text: str) -> bool:
    """Whether it looks like one e-mail address; no line break, comma or second address passes."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def message(name: str, address: str, digests: Sequence[Digest], settings: Settings) -> EmailMessage:
    """One message for a person with all her digests; its subject is that of the first, and how many follow."""
    mail = EmailMessage()
    more = t("digest.more_subject", n=len(digests) - 1) if len(digests) > 1 else ""
    mail["Subject"] = _one_line(digests[0].subject + more)
    mail["From"] = settings.smtp_from
    user, _, domain = address.rpartition("@")
    mail["To"] = Address(_one_line(name), user, domain)
    mail["Message-ID"] = make_msgid(domain="zavuch.invalid")
    mail["Auto-Submitted"] = "auto-generated"
    stop = _link(settings, "/digests")
    if stop:
        mail["List-Unsubscribe"] = f"<{stop}>"
    mail.set_content(text_part(digests, settings), charset="utf-8")
    mail.add_alternative(html_part(digests, settings), subtype="html", charset="utf-8")
    return mail


def text_part(digests: Sequence[Digest], settings: Settings) -> str:
    """The words alone, each link on a line of its own."""
    found: list[str] = []
    for digest in digests:
        found += [digest.subject, "", digest.lead, ""]
        for words, route in digest.lines:
            link = _link(settings, route) if route else ""
            found.append(f"- {words}" + (f"\n  {link}" if link else ""))
        found += ["", f"{t('digest.whole')}: {_link(settings, digest.link)}", ""]
    found.append(f"{t('digest.why')} {_link(settings, '/digests')}")
    return _plain("\n".join(found))


def html_part(digests: Sequence[Digest], settings: Settings) -> str:
    """The same as HTML without pictures, scripts and foreign addresses."""
    found = [f'<!doctype html><html lang="ru"><body style="{_STYLE}">']
    for digest in digests:
        found.append(f"<h2>{html.escape(digest.subject)}</h2><p>{html.escape(digest.lead)}</p><ul>")
        for words, route in digest.lines:
            found.append(f"<li>{_anchor(words, _link(settings, route) if route else '')}</li>")
        found.append(f"</ul><p>{_anchor(t('digest.whole'), _link(settings, digest.link))}</p>")
    found.append(f"<p><small>{_anchor(t('digest.why'), _link(settings, '/digests'))}</small></p></body></html>")
    return "".join(found)


def _anchor(words: str, link: str) -> str:
    shown = html.escape(words)
    return f'<a href="{html.escape(link, quote=True)}">{shown}</a>' if link else shown


def _link(settings: Settings, route: str) -> str:
    return f"{settings.public_url.rstrip('/')}{route}" if settings.public_url else ""


def _plain(words: str) -> str:
    return words.replace(NBSP, " ")


def _one_line(words: str) -> str:
    """For a header: a line break in a name would begin another header, so the library refuses the whole message."""
    return " ".join("".join(char if char.isprintable() else " " for char in _plain(words)).split())


def send(mail: EmailMessage, settings: Settings) -> None:
    """Hand one message to the mail server; SMTPException or OSError where it is not taken."""
    context = ssl.create_default_context()
    if settings.smtp_security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.smtp_host, settings.smtp_port, timeout=TIMEOUT, context=context
        )
    else:
        server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=TIMEOUT)
    with server:
        if settings.smtp_security == "starttls":
            server.starttls(context=context)
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password)
        server.send_message(mail)
