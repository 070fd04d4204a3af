"""Accounts of people as their keeper changes them: who there is, what each may see, who may no longer sign in.

Grain: one `access_user` row per person, one `access_grant` row per thing she may see. Every change is one transaction
as the owner, refreshes the resolved rows and, where it closes an account, ends its sessions. Moments are aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from etl.errors import SettingsError
from etl.warehouse.access_rows import refresh_access
from etl.warehouse.engine import owner_connection
from etl.warehouse.outside_names import outside_name
from etl.warehouse.passwords import NO_PASSWORD, password_hash, refuse_weak
from etl.warehouse.roles import ROLES, GrantLevel, grants_of, opens

LONGEST_LOGIN = 128


@dataclass(frozen=True)
class Target:
    """What a grant is about: the region, a municipality by name (its sums, or the names of its teachers beside them),
    or a school, with a class or a member of staff in it, by keys.

    A class key may stand in several school years; the newest is meant.
    """

    municipality: str = ""
    school: str = ""
    class_key: str = ""
    staff_key: str = ""
    staff_names: bool = False
    region: bool = False

    @property
    def level(self) -> GrantLevel:
        """The level of the grant; raises SettingsError for a combination that says nothing or two things."""
        inside = self.school or self.class_key or self.staff_key
        if self.region and not (self.municipality or inside or self.staff_names):
            return "region"
        if self.municipality and not (inside or self.region):
            return "staff_names" if self.staff_names else "municipality"
        is_wider = self.municipality or self.region or self.staff_names
        if self.school and not is_wider and not (self.class_key and self.staff_key):
            return "class" if self.class_key else "teacher" if self.staff_key else "school"
        raise SettingsError(
            "This is not one thing to see.",
            advice="Name --region, or --municipality (also with --staff-names), or --school, or --school with --class"
            " or with --staff.",
        )


@dataclass(frozen=True)
class Account:
    """One line of the list; `state` is open, disabled or left; `grants` in words."""

    login: str
    name: str
    role: str
    state: str
    grants: tuple[str, ...]
    external_id: str


def add_account(
    url: str,
    login: str,
    *,
    role: str,
    name: str,
    password: str | None,
    staff: Target | None = None,
    external_id: str = "",
) -> None:
    """Open an account that sees nothing yet. `password` None: it signs in by OpenID Connect alone, as `external_id`.

    `staff` is the member of staff (school and key) whose employment ends the account, and whose journals a teacher's
    grant would show. Raises SettingsError for a taken login, an unknown role or person, or a weak password.
    """
    login = login.strip().lower()
    if not login or len(login) > LONGEST_LOGIN or not login.isprintable() or " " in login:
        raise SettingsError(f"{login[:40]!r} is no login.", advice=f"Take 1–{LONGEST_LOGIN} signs without spaces.")
    if role not in ROLES:
        raise SettingsError(f"There is no role {role!r}.", advice=f"Choose one of {', '.join(ROLES)}.")
    if password is None and not external_id:
        raise SettingsError(
            "An account needs a way to sign in.", advice="Give a password, or --external-id with --no-password."
        )
    if password is not None:
        refuse_weak(password, login=login, name=name)
    with owner_connection(url) as connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE access_user IN SHARE ROW EXCLUSIVE MODE")  # two that add at once get two numbers
        _refuse_taken(cursor, login, external_id)
        place = _place(cursor, staff) if staff else {}
        cursor.execute(
            "INSERT INTO access_user (user_id, login, password_hash, full_name, role, is_demo, staff_school_id,"
            " staff_id, external_id)"
            " SELECT coalesce(max(user_id), 0) + 1, %s, %s, %s, %s, false, %s, %s, %s FROM access_user",
            [
                login,
                NO_PASSWORD if password is None else password_hash(password),
                name.strip() or login,
                role,
                place.get("school_id"),
                place.get("staff_id"),
                outside_name(external_id) or None,
            ],
        )
        refresh_access(cursor)


def grant(url: str, login: str, target: Target) -> None:
    """Let the account see the target; doing it twice changes nothing. Raises SettingsError where the role may not."""
    with owner_connection(url) as connection, connection.cursor() as cursor:
        user_id, role = _user(cursor, login)
        if opens(role, target.level) is None:
            raise SettingsError(
                f"The role {role} cannot be granted a {target.level}.",
                advice=f"It may hold: {', '.join(grants_of(role)) or 'nothing'}.",
            )
        place = _place(cursor, target)
        row = [place.get(name) for name in ("municipality_id", "school_id", "class_id", "staff_id")]
        cursor.execute(
            "INSERT INTO access_grant (user_id, grant_no, level, municipality_id, school_id, class_id, staff_id)"
            " SELECT %s, coalesce(max(grant_no), 0) + 1, %s, %s, %s, %s, %s FROM access_grant WHERE user_id = %s"
            " HAVING count(*) FILTER (WHERE (level, municipality_id, school_id, class_id, staff_id)"
            " IS NOT DISTINCT FROM (%s, %s::int, %s::int, %s::int, %s::int)) = 0",
            [user_id, target.level, *row, user_id, target.level, *row],
        )
        if target.level == "teacher":  # her own journals: the account is hers, and ends with her employment
            _tie(cursor, user_id, place, only_untied=True)
        refresh_access(cursor)


def tie(url: str, login: str, person: Target) -> None:
    """Let the account end with this member of staff's employment, in place of the one it was tied to: for somebody who
    came back under another key. Raises SettingsError for an unknown account or person.
    """
    with owner_connection(url) as connection, connection.cursor() as cursor:
        user_id, _role = _user(cursor, login)
        _tie(cursor, user_id, _place(cursor, person), only_untied=False)
        refresh_access(cursor)


def _tie(cursor: psycopg.Cursor[Any], user_id: int, place: dict[str, int], *, only_untied: bool) -> None:
    cursor.execute(
        "UPDATE access_user SET staff_school_id = %s, staff_id = %s, valid_until = NULL"
        f" WHERE user_id = %s{' AND staff_id IS NULL' if only_untied else ''}",
        [place["school_id"], place["staff_id"], user_id],
    )


def revoke(url: str, login: str, target: Target | None) -> int:
    """Take one grant away, or all of them (None); returns how many there were. Open pages lose it at the next step."""
    with owner_connection(url) as connection, connection.cursor() as cursor:
        user_id, _role = _user(cursor, login)
        if target is None:
            gone = cursor.execute("DELETE FROM access_grant WHERE user_id = %s", [user_id]).rowcount
        else:
            place = _place(cursor, target)
            row = [place.get(name) for name in ("municipality_id", "school_id", "class_id", "staff_id")]
            gone = cursor.execute(
                "DELETE FROM access_grant WHERE user_id = %s"
                " AND (level, municipality_id, school_id, class_id, staff_id)"
                " IS NOT DISTINCT FROM (%s, %s::int, %s::int, %s::int, %s::int)",
                [user_id, target.level, *row],
            ).rowcount
        if not gone:
            raise SettingsError(f"{login} holds no such grant.", advice="See `zavuch user list`.")
        refresh_access(cursor)
        return gone


def disable(url: str, login: str) -> None:
    """Nobody signs in with this account any more, and its sessions end at once, on open pages too."""
    now = datetime.now(UTC)
    with owner_connection(url) as connection, connection.cursor() as cursor:
        user_id, _role = _user(cursor, login)
        cursor.execute(
            "UPDATE access_user SET disabled_at = coalesce(disabled_at, %s) WHERE user_id = %s", [now, user_id]
        )
        _end_sessions(cursor, user_id, now)


def enable(url: str, login: str) -> None:
    """The account may sign in again; a lock after wrong passwords is lifted too."""
    with owner_connection(url) as connection, connection.cursor() as cursor:
        user_id, _role = _user(cursor, login)
        cursor.execute("UPDATE access_user SET disabled_at = NULL WHERE user_id = %s", [user_id])
        _forgive(cursor, login)


def set_password(url: str, login: str, password: str) -> None:
    """Give another password; open sessions end, a lock after wrong passwords is lifted. Raises for a weak one."""
    with owner_connection(url) as connection, connection.cursor() as cursor:
        user_id, _role = _user(cursor, login)
        found = cursor.execute("SELECT full_name FROM access_user WHERE user_id = %s", [user_id]).fetchone()
        refuse_weak(password, login=login.strip().lower(), name=found[0] if found else "")
        cursor.execute(
            "UPDATE access_user SET password_hash = %s WHERE user_id = %s", [password_hash(password), user_id]
        )
        _end_sessions(cursor, user_id, datetime.now(UTC))
        _forgive(cursor, login)


def accounts(url: str) -> list[Account]:
    """Every account with its grants, by login."""
    with owner_connection(url) as connection:
        rows = connection.execute(_LIST, [datetime.now(UTC)]).fetchall()
    return [Account(login, name, role, state, tuple(seen), outside) for login, name, role, state, seen, outside in rows]


_LIST = """
SELECT u.login, u.full_name, u.role,
       CASE WHEN u.disabled_at IS NOT NULL THEN 'disabled' WHEN u.valid_until <= %s THEN 'left' ELSE 'open' END,
       array_remove(array_agg(CASE g.level
           WHEN 'region' THEN 'region'
           WHEN 'municipality' THEN 'municipality ' || m.name
           WHEN 'staff_names' THEN 'names of staff in ' || m.name
           WHEN 'class' THEN 'class ' || coalesce(c.class_key, '?') || ' of ' || s.school_key
           WHEN 'teacher' THEN 'journals of ' || coalesce(t.staff_key, '?') || ' in ' || s.school_key
           ELSE g.level || ' ' || s.school_key END ORDER BY g.grant_no), NULL),
       coalesce(u.external_id, '')
FROM access_user u
LEFT JOIN access_grant g ON g.user_id = u.user_id
LEFT JOIN dim_municipality m ON m.municipality_id = g.municipality_id
LEFT JOIN dim_school s ON s.school_id = g.school_id
LEFT JOIN dim_class c ON c.school_id = g.school_id AND c.class_id = g.class_id
LEFT JOIN dim_staff t ON t.school_id = g.school_id AND t.staff_id = g.staff_id
GROUP BY u.user_id, u.login, u.full_name, u.role ORDER BY u.login
"""


def _user(cursor: psycopg.Cursor[Any], login: str) -> tuple[int, str]:
    found = cursor.execute("SELECT user_id, role FROM access_user WHERE login = %s", [login.strip().lower()]).fetchone()
    if found is None:
        raise SettingsError(f"There is no account {login!r}.", advice="See `zavuch user list`.")
    return found[0], found[1]


def _refuse_taken(cursor: psycopg.Cursor[Any], login: str, external_id: str) -> None:
    if cursor.execute("SELECT 1 FROM access_user WHERE lower(login) = %s", [login]).fetchone():
        raise SettingsError(f"The login {login!r} is taken.", advice="Take another; `zavuch user list` shows them.")
    outside = outside_name(external_id)
    if outside and cursor.execute("SELECT 1 FROM access_user WHERE external_id = %s", [outside]).fetchone():
        raise SettingsError(f"{outside!r} at the provider is another account's.", advice="See `zavuch user list`.")


def _place(cursor: psycopg.Cursor[Any], target: Target) -> dict[str, int]:
    """Ids of the target's parts; raises SettingsError naming the key that is not there."""
    if target.level == "region":
        return {}
    if target.level in ("municipality", "staff_names"):
        name = target.municipality
        return {
            "municipality_id": _one(
                cursor, "municipality", name, "municipality_id FROM dim_municipality WHERE name = %s", [name]
            )
        }
    school_id = _one(
        cursor, "school", target.school, "school_id FROM dim_school WHERE school_key = %s", [target.school]
    )
    place = {"school_id": school_id}
    if target.class_key:
        condition = "class_id FROM dim_class WHERE school_id = %s AND class_key = %s ORDER BY school_year DESC LIMIT 1"
        place["class_id"] = _one(cursor, "class", target.class_key, condition, [school_id, target.class_key])
    if target.staff_key:
        condition = "staff_id FROM dim_staff WHERE school_id = %s AND staff_key = %s"
        place["staff_id"] = _one(cursor, "member of staff", target.staff_key, condition, [school_id, target.staff_key])
    return place


def _one(cursor: psycopg.Cursor[Any], what: str, key: str, selected: str, values: list[Any]) -> int:
    found = cursor.execute(f"SELECT {selected}", values).fetchone()
    if found is None:
        raise SettingsError(f"There is no {what} {key!r}.", advice="Load its bundle first, or correct the key.")
    number: int = found[0]
    return number


def _end_sessions(cursor: psycopg.Cursor[Any], user_id: int, now: datetime) -> None:
    cursor.execute("UPDATE access_session SET ended_at = %s WHERE user_id = %s AND ended_at IS NULL", [now, user_id])


def _forgive(cursor: psycopg.Cursor[Any], login: str) -> None:
    cursor.execute("DELETE FROM access_attempt WHERE login = %s AND NOT succeeded", [login.strip().lower()])
