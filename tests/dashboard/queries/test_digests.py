"""What digests hold under real scopes, and a run from the choice of an address to the log of deliveries."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest

from dashboard.digests import run
from dashboard.digests.content import KINDS, digests_of, kinds_of
from dashboard.filters import Filters
from dashboard.queries.digests import choose, read_choices, read_deliveries
from dashboard.queries.own import read_own
from etl.errors import SettingsError
from etl.settings import Settings
from etl.warehouse.engine import owner_connection
from etl.warehouse.scope import Scope
from tests.conftest import CLASS_TEACHER, DEPUTY, DIRECTOR, INSPECTOR, STRANGER, TEACHER, Warehouse

NOW = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)
Scopes = Callable[[int], Scope]


@pytest.fixture
def clean(warehouse: Warehouse) -> Iterator[None]:
    """Choices and deliveries of the test are deleted: nobody else reads these tables."""
    yield
    with owner_connection(warehouse.url) as connection:
        connection.execute("DELETE FROM digest_setting")
        connection.execute("DELETE FROM digest_delivery")


@pytest.mark.parametrize("user_id", [TEACHER, CLASS_TEACHER, DEPUTY, DIRECTOR, INSPECTOR])
def test_a_digest_names_no_pupil_and_above_a_school_no_teacher(
    scope_of: Scopes, warehouse: Warehouse, user_id: int
) -> None:
    scope = scope_of(user_id)
    found = [digest for kind in kinds_of(scope.role) for digest in digests_of(scope, kind, NOW)]
    assert found
    words = "\n".join(" ".join((one.subject, one.lead, *(line for line, _ in one.lines))) for one in found)
    with owner_connection(warehouse.url) as connection:
        pupils = [row[0] for row in connection.execute("SELECT full_name FROM dim_pupil_name")]
        staff = [row[0] for row in connection.execute("SELECT full_name FROM dim_staff_name")]
    assert len(pupils) > 50 and not [name for name in pupils if name in words and name not in staff]
    if user_id == INSPECTOR:
        assert not [name for name in staff if name.split()[0] in words]


def test_the_letter_of_a_teacher_counts_what_her_page_counts(scope_of: Scopes, warehouse: Warehouse) -> None:
    scope = scope_of(TEACHER)
    page = read_own(scope, Filters(school=warehouse.school_id), NOW)
    assert page is not None
    total = sum(int(n) for n in page.due.group_by("status").first()["entries_of"])
    (digest,) = digests_of(scope, kinds_of("teacher")[0], NOW)
    assert f" {total}\u00a0" in digest.subject and len(digest.lines) == 10
    assert all(route.startswith("/journal?") for _, route in digest.lines)
    assert [digests_of(scope_of(STRANGER), kind, NOW) for kind in KINDS] == [[]] * len(KINDS)


def test_everybody_chooses_for_herself_and_the_last_choice_counts(
    scope_of: Scopes, warehouse: Warehouse, clean: None
) -> None:
    scope = scope_of(TEACHER)
    for value in ("off", "on", "off"):
        assert choose(scope, "teacher_weekly", value) == 1
    assert read_choices(scope) == {"teacher_weekly": "off"} and read_choices(scope_of(DEPUTY)) == {}
    assert choose(scope_of(STRANGER), "address", "x@y.ru") == 0


def test_a_run_sends_one_message_once_and_says_so_in_the_log(
    scope_of: Scopes, warehouse: Warehouse, clean: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=warehouse.home, smtp_host="mail.test", smtp_from="z@school.test",
                        app_database_url=warehouse.app_url)  # fmt: skip
    choose(scope_of(CLASS_TEACHER), "address", "class@school.test")
    choose(scope_of(DEPUTY), "address", "deputy@school.test")
    choose(scope_of(DEPUTY), "deputy_weekly", "off")
    taken: list[EmailMessage] = []
    monkeypatch.setattr(run, "send", lambda mail, _settings: taken.append(mail))

    def once(moment: datetime, *, dry_run: bool = False) -> tuple[int, int]:
        told = run.run_digests(warehouse.url, settings, now=moment, dry_run=dry_run)
        return told.sent, told.failed

    assert once(NOW.replace(hour=20)) == (0, 0)  # 23:00 in Moscow
    assert once(NOW, dry_run=True) == (1, 0) and not taken
    assert once(NOW) == (1, 0) and once(NOW + timedelta(hours=1)) == (0, 0)
    assert once(NOW + timedelta(days=1)) == (0, 0)  # due again, but nothing changed
    assert [mail["To"].addresses[0].addr_spec for mail in taken] == ["class@school.test"]
    log = read_deliveries(scope_of(CLASS_TEACHER))
    assert log["state"].to_list() == ["sent"] * log.height and log.height
    assert read_deliveries(scope_of(DEPUTY)).is_empty()

    def refused(_mail: EmailMessage, _settings: Settings) -> None:
        raise smtplib.SMTPRecipientsRefused({})

    monkeypatch.setattr(run, "send", refused)
    choose(scope_of(DEPUTY), "deputy_weekly", "on")
    assert once(NOW) == (0, 1) and read_deliveries(scope_of(DEPUTY))["state"].to_list() == ["failed"]


def test_without_a_mail_server_nothing_is_sent(warehouse: Warehouse) -> None:
    with pytest.raises(SettingsError, match="No mail server"):
        run.run_digests(warehouse.url, Settings(home=warehouse.home))
