"""Who is there: identities, the store of accounts as a protocol, the signed cookie, and the check on every
rerun.

Sign-in says who somebody is; what she sees is her `Scope`. The cookie holds an opaque token under a
signature; the database keeps only its SHA-256. A script never sees the token: the gate in front of
Streamlit hands it the hash.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal, Protocol

from itsdangerous import BadSignature, TimestampSigner

from etl.warehouse.scope import Scope

COOKIE = "zavuch_session"
SESSION_LIFE = timedelta(hours=12)  # a working day; nobody stays signed in on a shared computer overnight
IDLE_LIFE = timedelta(hours=1)  # a lesson and its break: a tab left open in a classroom closes
SEEN_STEP = timedelta(minutes=1)  # how exactly the last sign of a person is kept
TOKEN_BYTES = 32


@dataclass(frozen=True)
class Identity:
    """A person signed in; `role` is a code of `pages_table.ROLES`."""

    user_id: int
    login: str
    name: str
    role: str


class SlowDownError(Exception):
    """Too many failed attempts for this login or from this address: `seconds` until the next one is looked at.

    `reason` is `pause` (the next failures make it longer), `locked` (this login) or `address`.
    """

    def __init__(self, seconds: int, reason: Literal["pause", "locked", "address"] = "pause") -> None:
        super().__init__(seconds)
        self.seconds = seconds
        self.reason = reason


class AccountStore(Protocol):
    """Accounts and sessions, wherever they are kept."""

    def verify(self, login: str, password: str, address: str = "") -> Identity | None:
        """The person, or None for a wrong pair or a closed account; raises SlowDownError without looking
        at the password. `address` is the network address it comes from, empty where that is not known.
        """

    def by_external_id(self, external_id: str) -> Identity | None:
        """The person whose open account bears this name of an OpenID Connect provider, compared as `outside_name`."""

    def open_session(self, user_id: int) -> str:
        """Begin a session of `SESSION_LIFE`; returns its token, which is stored nowhere."""

    def identity_of(self, token: str) -> Identity | None:
        """Whose session it is; None once it ended, expired, lay idle for `IDLE_LIFE` or its account was closed."""

    def living(self, tokens: Collection[str]) -> frozenset[str]:
        """Those of the tokens whose sessions live, in one question."""

    def touch(self, token: str) -> None:
        """A sign of the person: the session's idle time begins anew."""

    def identity_of_session(self, session: str) -> Identity | None:
        """The same by the hash of the token, for the scripts behind the gate."""

    def close_session(self, token: str) -> None:
        """End the session for every open tab."""

    def scope_of(self, identity: Identity) -> Scope:
        """What the person's grants open at this moment; `EMPTY` in all but user and role where there are
        none.
        """

    def is_reachable(self) -> bool:
        """Whether the store answers."""


def new_token() -> str:
    """An opaque token of 256 random bits."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def session_of(token: str) -> str:
    """SHA-256 of a token in hexadecimal: the key of its session row."""
    return hashlib.sha256(token.encode()).hexdigest()


class CookieSigner:
    """Signs tokens with the secret of the installation, so that invented cookies never reach the database."""

    def __init__(self, secret: bytes) -> None:
        self._signer = TimestampSigner(secret, salt="zavuch.session", digest_method=hashlib.sha256)

    def sign(self, token: str) -> str:
        """The value of the cookie."""
        return self._signer.sign(token).decode()

    def token_of(self, cookie: str) -> str | None:
        """The token of a cookie we signed within `SESSION_LIFE`, else None."""
        try:
            return self._signer.unsign(cookie, max_age=int(SESSION_LIFE.total_seconds())).decode()
        except (BadSignature, UnicodeDecodeError):
            return None


def cookie_secret(home: Path) -> bytes:
    """The secret of this installation, made on first use (mode 0600): sessions survive a restart of the
    server.

    Two servers started at once agree: the file appears whole, under one name, and is never replaced.
    """
    path = home / "cookie_secret"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        draft = home / f".cookie_secret.{os.getpid()}.{secrets.token_hex(4)}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):  # another server was first; its secret stands
            os.link(draft, path)
        draft.unlink()
    return path.read_bytes()
