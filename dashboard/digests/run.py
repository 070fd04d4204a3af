"""`zavuch digest`: who gets what now. Recipients are read as the owner; what they are told is read as the app's own
role under each recipient's scope, so the row policies stand in between.
"""

from __future__ import annotations

import hashlib
import smtplib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from dashboard import connection
from dashboard.access import Identity
from dashboard.digests.content import Digest, Kind, digests_of, kinds_of
from dashboard.digests.mail import message, send, text_part
from dashboard.digests.schedule import Last, is_due, is_quiet, wants
from etl.errors import SettingsError
from etl.settings import Settings
from etl.warehouse.engine import app_url, owner_connection

_PEOPLE = """
SELECT u.user_id, u.login, u.full_name, u.role,
    coalesce((SELECT s.timezone FROM access_row a JOIN dim_school s USING (school_id) WHERE a.user_id = u.user_id
        ORDER BY a.school_id LIMIT 1), 'UTC') AS timezone,
    (SELECT json_object_agg(d.name, d.value) FROM (SELECT DISTINCT ON (name) name, value FROM digest_setting
        WHERE user_id = u.user_id ORDER BY name, set_at DESC) d) AS settings,
    (SELECT json_object_agg(d.kind, json_build_array(d.at, d.fingerprint)) FROM (SELECT DISTINCT ON (kind) kind, at,
        fingerprint FROM digest_delivery WHERE user_id = u.user_id AND state = 'sent' ORDER BY kind, at DESC) d) AS sent
FROM access_user u
WHERE u.disabled_at IS NULL AND (u.valid_until IS NULL OR u.valid_until > %(now)s)
  AND (%(login)s = '' OR lower(u.login) = lower(%(login)s))
ORDER BY u.user_id
"""
_LOG = """
INSERT INTO digest_delivery (at, user_id, kind, state, fingerprint, address, error)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""


@dataclass
class Told:
    """What a run did: messages sent, people for whom nothing was due, new or wanted, and messages that failed."""

    sent: int = 0
    quiet: int = 0
    failed: int = 0


def run_digests(
    url: str, settings: Settings, *, dry_run: bool = False, login: str = "", now: datetime | None = None,
    say: Callable[[str], None] = lambda words: None,
) -> Told:  # fmt: skip
    """Send one message to everybody who has an address and something due, changed and wanted; note it in the log.

    `dry_run` says what would be sent and neither sends nor notes. Raises SettingsError where no mail server is set.
    """
    if not dry_run and not (settings.smtp_host and settings.smtp_from):
        raise SettingsError(
            "No mail server is set.", advice="Set ZAVUCH_SMTP_HOST and ZAVUCH_SMTP_FROM, or use --dry-run."
        )
    moment = now or datetime.now(UTC)
    connection.connect_to(app_url(settings, url))
    told = Told()
    with owner_connection(url) as owner:
        owner.autocommit = True
        people = owner.execute(_PEOPLE, {"now": moment, "login": login}).fetchall()
        for user_id, name_of, full_name, role, zone, chosen, sent in people:
            person = Identity(user_id, name_of, full_name, role)
            local = moment.astimezone(ZoneInfo(zone))
            found = _news(person, local, settings, chosen or {}, sent or {})
            address = (chosen or {}).get("address", "")
            if not found or not address:
                told.quiet += 1
                continue
            _deliver(owner, person, address, found, settings, moment, told, say if dry_run else None)
    return told


def _news(
    person: Identity, local: datetime, settings: Settings, chosen: dict[str, str], sent: dict[str, list[Any]]
) -> list[tuple[Kind, list[Digest], str]]:
    """(kind, digests, fingerprint) that are wanted, due and differ from what was sent last; empty in quiet hours."""
    if is_quiet(local, settings.quiet_from, settings.quiet_to):
        return []
    found = []
    for kind in kinds_of(person.role):
        before = sent.get(kind.code)
        last = Last(datetime.fromisoformat(before[0]), before[1]) if before else None
        if not wants(chosen, kind.code) or not is_due(kind.often, last, local):
            continue
        digests = digests_of(connection.accounts().scope_of(person), kind, local.astimezone(UTC))
        mark = hashlib.sha256("".join(digest.fingerprint for digest in digests).encode()).hexdigest()
        if digests and (last is None or last.fingerprint != mark):
            found.append((kind, digests, mark))
    return found


def _deliver(
    owner: psycopg.Connection[Any], person: Identity, address: str, found: Sequence[tuple[Kind, list[Digest], str]],
    settings: Settings, moment: datetime, told: Told, say: Callable[[str], None] | None,
) -> None:  # fmt: skip
    digests = [digest for _, several, _ in found for digest in several]
    if say is not None:
        say(f"--- {person.login} <{address}>\n{text_part(digests, settings)}\n")
        told.sent += 1
        return
    error = None
    try:
        send(message(person.name, address, digests, settings), settings)
    except (smtplib.SMTPException, OSError) as refused:
        error = f"{type(refused).__name__}: {refused}"[:500]
    for kind, _, mark in found:
        row = [moment, person.user_id, kind.code, "failed" if error else "sent", mark, address, error]
        owner.execute(_LOG, row)
    told.failed += error is not None
    told.sent += error is None
