"""Passwords of this product's accounts: Argon2id at the library's recommended cost, and which ones are refused."""

from __future__ import annotations

import secrets
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from etl.errors import SettingsError
from etl.warehouse.common_passwords import is_common

SHORTEST = 10
LONGEST = 1024
NO_PASSWORD = "-"  # noqa: S105 - no hash: nothing fits it
"""Stored for an account that signs in by OpenID Connect alone."""
_HASHER = PasswordHasher()  # Argon2id, 64 MiB, 3 passes: the library's RFC 9106 profile


def password_hash(password: str) -> str:
    """The stored form of a password, with its own salt."""
    return _HASHER.hash(password)


def is_right(stored: str | None, password: str) -> bool:
    """Whether the password fits. None or a value that is no hash is compared with a hash that nothing fits, so that an
    unknown account takes as long as a known one.
    """
    try:
        return _HASHER.verify(stored if stored and stored.startswith("$argon2") else _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _HASHER.hash(secrets.token_urlsafe(32))


def refuse_weak(password: str, *, login: str = "", name: str = "") -> None:
    """Raise SettingsError where a new password is too short, too long, common, or holds the login or a name of the
    person. Its text never names the password.
    """
    advice = f"Take at least {SHORTEST} characters, best a few words that do not belong together."
    if len(password) < SHORTEST:
        raise SettingsError(f"The password has {len(password)} characters.", advice=advice)
    if len(password) > LONGEST:
        raise SettingsError(f"The password is longer than {LONGEST} characters.", advice="Take a shorter one.")
    if is_common(password):
        raise SettingsError("The password is one of those that everybody tries first.", advice=advice)
    low = password.casefold()
    own = [word.casefold() for word in (login, *name.replace(".", " ").split()) if len(word) >= 4]
    if any(word in low for word in own):
        raise SettingsError("The password holds the login or the name of the person.", advice=advice)
