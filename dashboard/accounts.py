"""Accounts and sessions in PostgreSQL: Argon2id passwords, a growing pause and a lock after failures, sessions that
can be ended and end by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta

from psycopg.errors import LockNotAvailable
from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, func, insert, or_, select, text, update
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from dashboard.access import (
    IDLE_LIFE,
    SEEN_STEP,
    SESSION_LIFE,
    Identity,
    SlowDownError,
    new_token,
    session_of,
)
from etl.warehouse.outside_names import outside_name
from etl.warehouse.passwords import is_right
from etl.warehouse.public_rights import SIGN_IN_LOCK
from etl.warehouse.roles import opens
from etl.warehouse.scope import Level, Scope
from etl.warehouse.tables import access_attempt, access_grant, access_row, access_session, access_user

FREE_FAILURES = 4  # typing errors
LOCK_FAILURES = 10  # nobody mistypes that often: the login is locked
LOCK = timedelta(minutes=30)
ADDRESS_FAILURES = 40  # a school has one address for all its teachers: many more than for one login
TURN_WAIT = "2s"  # an attempt takes a tenth of a second; whoever waits longer stands in a crowd
LONGEST_PAUSE = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)
TOUCHES_REMEMBERED = 10_000
LONGEST_LOGIN, LONGEST_PASSWORD = 128, 1024  # longer input is not a sign-in, it is a load test

_LEVELS: tuple[Level, ...] = ("municipality", "school", "class", "teacher")  # widest first


class PostgresAccounts:
    """`access.AccountStore` over the tables `access_*`; `engine` is the app's own role, `clock` gives aware
    UTC moments.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._clock = clock
        self._touched: dict[str, datetime] = {}

    def verify(self, login: str, password: str, address: str = "") -> Identity | None:
        """See the protocol. An unknown login costs the same time and the same pauses as a known one."""
        login = login.strip().lower()
        if not login or "\x00" in login or len(login) > LONGEST_LOGIN or len(password) > LONGEST_PASSWORD:
            return None
        with self._engine.begin() as connection:
            self._take_turn(connection, login)
            self._refuse_hurry(connection, login, address)
            row = connection.execute(
                select(access_user).where(func.lower(access_user.c.login) == login, self._is_open())
            ).one_or_none()
            right = is_right(row.password_hash if row else None, password) and row is not None
            connection.execute(
                insert(access_attempt).values(login=login, at=self._clock(), succeeded=right, address=address or None)
            )
        return Identity(row.user_id, row.login, row.full_name, row.role) if right and row is not None else None

    def by_external_id(self, external_id: str) -> Identity | None:
        """See the protocol."""
        with self._engine.connect() as connection:
            row = connection.execute(
                select(access_user).where(access_user.c.external_id == outside_name(external_id), self._is_open())
            ).one_or_none()
        return Identity(row.user_id, row.login, row.full_name, row.role) if row and external_id.strip() else None

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
            row = connection.execute(self._alive([session])).one_or_none()
        return Identity(row.user_id, row.login, row.full_name, row.role) if row else None

    def living(self, tokens: Collection[str]) -> frozenset[str]:
        """See the protocol. One read, whatever the number of open pages."""
        sessions = {session_of(token): token for token in tokens}
        with self._engine.connect() as connection:
            found = connection.execute(self._alive(list(sessions)).with_only_columns(access_session.c.token_hash))
            return frozenset(sessions[session] for session in found.scalars())

    def touch(self, token: str) -> None:
        """See the protocol. Writes at most once in `SEEN_STEP`, and asks the database no oftener."""
        now, session = self._clock(), session_of(token)
        if now - self._touched.get(session, now - SEEN_STEP) < SEEN_STEP:
            return
        seen = func.coalesce(access_session.c.seen_at, access_session.c.created_at)
        statement = update(access_session).where(
            access_session.c.token_hash == session,
            access_session.c.ended_at.is_(None),
            seen < now - SEEN_STEP,
            seen > now - IDLE_LIFE,
        )
        with self._engine.begin() as connection:
            connection.execute(statement.values(seen_at=now))
        self._touched[session] = now
        while len(self._touched) > TOUCHES_REMEMBERED:
            self._touched.pop(next(iter(self._touched)), None)

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
            held = connection.execute(
                select(access_grant, access_user.c.role)
                .join(access_user, access_user.c.user_id == access_grant.c.user_id)
                .where(access_grant.c.user_id == identity.user_id)
            ).all()
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

    def _alive(self, sessions: list[str]) -> Select[tuple[int, str, str, str]]:
        session_is_theirs = access_session.c.user_id == access_user.c.user_id
        return (
            select(access_user.c.user_id, access_user.c.login, access_user.c.full_name, access_user.c.role)
            .join(access_session, session_is_theirs)
            .where(
                and_(
                    access_session.c.token_hash.in_(sessions),
                    access_session.c.ended_at.is_(None),
                    access_session.c.expires_at > self._clock(),
                    func.coalesce(access_session.c.seen_at, access_session.c.created_at) > self._clock() - IDLE_LIFE,
                    self._is_open(),
                )
            )
        )

    def _is_open(self) -> ColumnElement[bool]:
        """An account that nobody disabled and whose person is still employed."""
        return and_(
            access_user.c.disabled_at.is_(None),
            or_(access_user.c.valid_until.is_(None), access_user.c.valid_until > self._clock()),
        )

    def _take_turn(self, connection: Connection, login: str) -> None:
        """One attempt per login at a time, or a crowd of parallel guesses would pass before the first one
        is counted. A second honest one waits its moment.
        """
        connection.execute(select(func.set_config("lock_timeout", TURN_WAIT, True)))
        try:
            connection.execute(select(func.pg_advisory_xact_lock(SIGN_IN_LOCK, func.hashtext(login))))
        except OperationalError as error:
            if isinstance(error.orig, LockNotAvailable):
                raise SlowDownError(1) from error
            raise

    def _refuse_hurry(self, connection: Connection, login: str, address: str) -> None:
        """Raise SlowDownError while the login is paused or locked, or its network address is paused."""
        last_success = (
            select(func.coalesce(func.max(access_attempt.c.at), datetime(1970, 1, 1, tzinfo=UTC)))
            .where(access_attempt.c.login == login, access_attempt.c.succeeded)
            .scalar_subquery()
        )
        mine = and_(access_attempt.c.login == login, access_attempt.c.at > last_success)
        failures, last = self._failures(connection, mine)
        wait = self._until(last, pause_after(failures))
        if wait:
            raise SlowDownError(wait, "locked" if failures >= LOCK_FAILURES else "pause")
        if address:
            # a right password does not wash an address clean: else one account would pay for guessing at all others
            failures, last = self._failures(connection, access_attempt.c.address == address)
            wait = self._until(last, address_pause_after(failures))
            if wait:
                raise SlowDownError(wait, "address")

    def _failures(self, connection: Connection, which: ColumnElement[bool]) -> tuple[int, datetime | None]:
        found = connection.execute(
            select(func.count(), func.max(access_attempt.c.at)).where(
                which, ~access_attempt.c.succeeded, access_attempt.c.at > self._clock() - FORGOTTEN_AFTER
            )
        ).one()
        return found[0], found[1]

    def _until(self, last: datetime | None, pause: timedelta) -> int:
        """Whole seconds until a pause that began at `last` is over."""
        if last is None:
            return 0
        seconds: float = (last + pause - self._clock()).total_seconds()
        return max(0, math.ceil(seconds))


def pause_after(failures: int) -> timedelta:
    """How long a login waits: not for the first failures, then 2, 4, 8 … seconds, then it is locked."""
    if failures <= FREE_FAILURES:
        return timedelta()
    return LOCK if failures >= LOCK_FAILURES else timedelta(seconds=2 ** (failures - FREE_FAILURES))


def address_pause_after(failures: int) -> timedelta:
    """How long an address waits: 2, 4, 8 … seconds, at most 15 minutes, after more failures than a school makes."""
    if failures <= ADDRESS_FAILURES:
        return timedelta()
    return min(timedelta(seconds=2 ** min(failures - ADDRESS_FAILURES, 20)), LONGEST_PAUSE)
