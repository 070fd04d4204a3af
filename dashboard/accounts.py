"""Accounts and sessions in PostgreSQL: Argon2id passwords, a growing pause after failures, sessions that
can be ended.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, Select, and_, func, insert, select, text, update
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from dashboard.access import SESSION_LIFE, Identity, SlowDownError, new_token, session_of
from etl.warehouse.roles import opens
from etl.warehouse.scope import Level, Scope
from etl.warehouse.tables import access_attempt, access_grant, access_row, access_session, access_user

FREE_FAILURES = 4  # typing errors
TURN_WAIT = "2s"  # an attempt takes a tenth of a second; whoever waits longer stands in a crowd
LONGEST_PAUSE = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)
LONGEST_LOGIN, LONGEST_PASSWORD = 128, 1024  # longer input is not a sign-in, it is a load test

_LEVELS: tuple[Level, ...] = ("municipality", "school", "class", "teacher")  # widest first
_HASHER = PasswordHasher()  # Argon2id, 64 MiB, 3 passes: the library's RFC 9106 profile


class PostgresAccounts:
    """`access.AccountStore` over the tables `access_*`; `engine` is the app's own role, `clock` gives aware
    UTC moments.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._clock = clock

    def verify(self, login: str, password: str) -> Identity | None:
        """See the protocol. An unknown login costs the same time and the same pauses as a known one."""
        login = login.strip().lower()
        if not login or "\x00" in login or len(login) > LONGEST_LOGIN or len(password) > LONGEST_PASSWORD:
            return None
        with self._engine.begin() as connection:
            self._take_turn(connection, login)
            pause = self._pause(connection, login)
            if pause > 0:
                raise SlowDownError(pause)
            row = connection.execute(
                select(access_user).where(func.lower(access_user.c.login) == login, access_user.c.disabled_at.is_(None))
            ).one_or_none()
            right = _is_right(row.password_hash if row else _nobody(), password) and row is not None
            connection.execute(insert(access_attempt).values(login=login, at=self._clock(), succeeded=right))
        return Identity(row.user_id, row.login, row.full_name, row.role) if right and row is not None else None

    def open_session(self, user_id: int) -> str:
        """See the protocol."""
        token, now = new_token(), self._clock()
        row = {
            "token_hash": session_of(token),
            "user_id": user_id,
            "created_at": now,
            "expires_at": now + SESSION_LIFE,
        }
        with self._engine.begin() as connection:
            connection.execute(insert(access_session).values(row))
        return token

    def identity_of(self, token: str) -> Identity | None:
        """See the protocol."""
        return self.identity_of_session(session_of(token))

    def identity_of_session(self, session: str) -> Identity | None:
        """See the protocol. One indexed read."""
        with self._engine.connect() as connection:
            row = connection.execute(self._alive(session)).one_or_none()
        return Identity(row.user_id, row.login, row.full_name, row.role) if row else None

    def close_session(self, token: str) -> None:
        """See the protocol."""
        statement = update(access_session).where(
            access_session.c.token_hash == session_of(token), access_session.c.ended_at.is_(None)
        )
        with self._engine.begin() as connection:
            connection.execute(statement.values(ended_at=self._clock()))

    def scope_of(self, identity: Identity) -> Scope:
        """See the protocol. Two reads, under the person's own row policies."""
        with self._engine.begin() as connection:
            connection.execute(
                text("SELECT set_config('app.user_id', :user_id, true)"), {"user_id": str(identity.user_id)}
            )
            theirs = select(access_grant, access_user.c.role).join(
                access_user, access_user.c.user_id == access_grant.c.user_id
            )
            held = connection.execute(theirs.where(access_grant.c.user_id == identity.user_id)).all()
            schools = connection.execute(
                select(access_row.c.school_id)
                .where(
                    access_row.c.user_id == identity.user_id,
                    access_row.c.level.in_(("aggregate", "school", "upkeep", "cards")),
                )
                .distinct()
            ).scalars()
            school_ids = frozenset(schools)
        # a grant that the role may not hold opens nothing here either
        grants = [grant for grant in held if opens(grant.role, grant.level)]
        levels = {"municipality" if grant.level == "region" else grant.level for grant in grants}
        level: Level = next((name for name in _LEVELS if name in levels), "none")
        return Scope(
            user_id=identity.user_id,
            role=grants[0].role if grants else identity.role,
            level=level,
            school_ids=school_ids,
            class_ids=frozenset((g.school_id, g.class_id) for g in grants if g.level == "class"),
            staff_ids=frozenset((g.school_id, g.staff_id) for g in grants if g.level == "teacher"),
            sees_names=level in ("school", "class", "teacher"),
        )

    def is_reachable(self) -> bool:
        """See the protocol."""
        try:
            with self._engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True

    def _alive(self, session: str) -> Select[tuple[int, str, str, str]]:
        session_is_theirs = access_session.c.user_id == access_user.c.user_id
        return (
            select(access_user.c.user_id, access_user.c.login, access_user.c.full_name, access_user.c.role)
            .join(access_session, session_is_theirs)
            .where(
                and_(
                    access_session.c.token_hash == session,
                    access_session.c.ended_at.is_(None),
                    access_session.c.expires_at > self._clock(),
                    access_user.c.disabled_at.is_(None),
                )
            )
        )

    def _take_turn(self, connection: Connection, login: str) -> None:
        """One attempt per login at a time, or a crowd of parallel guesses would pass before the first one
        is counted. A second honest one waits its moment.
        """
        connection.execute(select(func.set_config("lock_timeout", TURN_WAIT, True)))
        try:
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"zavuch.sign_in.{login}", 0))))
        except OperationalError as error:
            if isinstance(error.orig, LockNotAvailable):
                raise SlowDownError(1) from error
            raise

    def _pause(self, connection: Connection, login: str) -> int:
        """Whole seconds to wait: none for the first failures, then 2, 4, 8 … from the last failure, at most
        15 minutes.
        """
        now = self._clock()
        mine = access_attempt.c.login == login
        last_success = (
            select(func.coalesce(func.max(access_attempt.c.at), datetime(1970, 1, 1, tzinfo=UTC)))
            .where(mine, access_attempt.c.succeeded)
            .scalar_subquery()
        )
        failures, last = connection.execute(
            select(func.count(), func.max(access_attempt.c.at)).where(
                mine,
                ~access_attempt.c.succeeded,
                access_attempt.c.at > last_success,
                access_attempt.c.at > now - FORGOTTEN_AFTER,
            )
        ).one()
        if failures <= FREE_FAILURES:
            return 0
        pause = min(timedelta(seconds=2 ** min(failures - FREE_FAILURES, 20)), LONGEST_PAUSE)
        seconds: float = (last + pause - now).total_seconds()
        return max(0, math.ceil(seconds))


def password_hash(password: str) -> str:
    """Argon2id hash of a password, with its own salt, for `access_user.password_hash`."""
    return _HASHER.hash(password)


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _HASHER.hash(new_token())


def _is_right(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
