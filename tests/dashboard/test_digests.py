"""Digests: when they are due, what a letter is, and that a mail server really takes it."""

from __future__ import annotations

import email
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, time
from email import policy
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from dashboard.digests.content import Digest, minutes
from dashboard.digests.mail import html_part, is_address, message, send
from dashboard.digests.schedule import Last, is_due, is_quiet, wants
from etl.settings import Settings
from etl.warehouse.ledger import RULE, Status
from tests.hostile import WORDS

MOSCOW = ZoneInfo("Europe/Moscow")
MONDAY = datetime(2026, 11, 16, 8, 0, tzinfo=MOSCOW)
SETTINGS = Settings(
    home=Path("/nowhere"), smtp_from="zavuch@school.test", public_url="https://z.test/", smtp_security="none"
)
DIGEST = Digest(
    "teacher_weekly", "Журнал: внести 5\u00a0записей", "Около <12> минут.", (("Тема, 7А", "/journal?school=1"),), "/own"
)


@pytest.fixture
def server() -> Iterator[tuple[int, list[str]]]:
    """A mail server that takes one message: its port, and the lines it heard."""
    heard: list[str] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        thread = threading.Thread(target=_serve, args=(listening, heard), daemon=True)
        thread.start()
        yield listening.getsockname()[1], heard
        thread.join(5)


def _serve(listening: socket.socket, heard: list[str]) -> None:
    connection, _ = listening.accept()
    with connection, connection.makefile("rw", encoding="utf-8", newline="\r\n") as talk:
        is_data = False
        talk.write("220 test\r\n")
        talk.flush()
        for line in talk:
            heard.append(line)
            word = line.split(" ")[0].strip().upper()
            if is_data:
                is_data = line.strip() != "."
                answer = "" if is_data else "250 taken"
            elif word == "DATA":
                is_data, answer = True, "354 go on"
            else:
                answer = "221 bye" if word == "QUIT" else "250 ok"
            if answer:
                talk.write(f"{answer}\r\n")
                talk.flush()
            if word == "QUIT" and not is_data:
                return


def test_a_mail_server_takes_one_message_with_a_text_and_an_html_part(server: tuple[int, list[str]]) -> None:
    port, heard = server
    settings = replace(SETTINGS, smtp_host="127.0.0.1", smtp_port=port)
    send(message("Орлова М. С.", "orlova@school.test", [DIGEST, DIGEST], settings), settings)
    begin = next(place for place, line in enumerate(heard) if line.strip().lower() == "data")
    mail = email.message_from_string("".join(heard[begin + 1 :]), policy=policy.default)
    assert mail["Subject"] == "Журнал: внести 5 записей и ещё писем: 1"
    assert mail["To"].addresses[0].addr_spec == "orlova@school.test"
    assert mail["List-Unsubscribe"] == "<https://z.test/digests>" and mail["Auto-Submitted"] == "auto-generated"
    parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
    assert set(parts) == {"text/plain", "text/html"}
    assert "Около <12> минут." in parts["text/plain"] and "https://z.test/journal?school=1" in parts["text/plain"]
    assert "Около &lt;12&gt; минут." in parts["text/html"] and 'href="https://z.test/own"' in parts["text/html"]


def test_hostile_words_make_no_header_no_markup_and_no_link_of_a_letter() -> None:
    hostile = " ".join(WORDS)
    digest = replace(
        DIGEST, subject=f"x\r\nBcc: all@evil.example\n\n{hostile}", lead=hostile, lines=((hostile, "/findings"),)
    )
    made = message(
        f"О\nBcc: a@evil.example {hostile}", "orlova@school.test", [digest], replace(SETTINGS, public_url="")
    )
    again = email.message_from_bytes(made.as_bytes())
    assert again["Bcc"] is None and set(again.keys()) == set(made.keys())
    assert "\n" not in made["Subject"] and made["To"].addresses[0].addr_spec == "orlova@school.test"
    assert len(made["To"].addresses) == 1
    page = html_part([digest], replace(SETTINGS, public_url=""))
    tags = re.findall(r"<[^>]+>", page)
    known = ["!doctype", "html", "body", "h2", "p", "ul", "li", "small"]
    assert {tag.strip("</>").split(" ")[0] for tag in tags} <= set(known)
    assert not [tag for tag in tags if "zz" in tag]


def test_without_a_public_address_a_letter_has_no_links() -> None:
    assert "href" not in html_part([DIGEST], replace(SETTINGS, public_url=""))


@pytest.mark.parametrize(
    "text", ["a@b", "a b@school.ru", "a@school.ru\nBcc: x@y.ru", "a@school.ru,b@school.ru", "", "@s.ru"]
)
def test_what_is_not_one_address_is_refused(text: str) -> None:
    assert not is_address(text) and is_address("orlova.m@school7.ru")


@pytest.mark.parametrize(
    ("at", "quiet"), [("06:59", True), ("07:00", False), ("18:59", False), ("19:00", True), ("00:10", True)]
)
def test_nobody_is_written_to_at_night_or_on_a_weekend(at: str, quiet: bool) -> None:
    moment = datetime.combine(MONDAY.date(), time.fromisoformat(at), MOSCOW)
    assert is_quiet(moment, time(19), time(7)) is quiet
    assert is_quiet(datetime(2026, 11, 15, 12, 0, tzinfo=MOSCOW), time(19), time(7))
    assert is_quiet(MONDAY.replace(hour=13), time(12), time(14)) and not is_quiet(MONDAY, time(12), time(14))


def test_a_digest_comes_once_in_its_day_week_and_month() -> None:
    friday = Last(datetime(2026, 11, 13, 8, 0, tzinfo=MOSCOW), "")
    today = Last(MONDAY.replace(hour=0, minute=30), "")  # still Sunday in UTC
    assert all(is_due(often, None, MONDAY) for often in ("day", "week", "month"))
    assert [is_due(often, friday, MONDAY) for often in ("day", "week", "month")] == [True, True, False]
    assert [is_due(often, today, MONDAY) for often in ("day", "week", "month")] == [False, False, False]
    with pytest.raises(ValueError, match="hour"):
        is_due("hour", friday, MONDAY)


def test_who_says_no_to_one_kind_keeps_the_others() -> None:
    assert wants({"class_daily": "off"}, "teacher_weekly") and not wants({"class_daily": "off"}, "class_daily")


def test_the_estimate_counts_what_is_not_listed_at_the_mean_of_what_is() -> None:
    due = pl.DataFrame(
        {
            "rule": [RULE["topic"].number, RULE["homework"].number],
            "n": [1, 1],
            "status": [int(Status.missing)] * 2,
            "entries_of": [10, 10],
        }
    )
    assert minutes(due) == 15 and minutes(due.clear()) == 0


def test_the_same_words_have_the_same_fingerprint_whatever_their_links() -> None:
    assert DIGEST.fingerprint == replace(DIGEST, link="/school").fingerprint
    assert DIGEST.fingerprint != replace(DIGEST, lead="Около 13 минут.").fingerprint
