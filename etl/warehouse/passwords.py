"""Passwords of this product's accounts: Argon2id with the library's own recommended cost."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher()


def password_hash(password: str) -> str:
    """The stored form of a password."""
    return _HASHER.hash(password)


def is_right(stored: str, password: str) -> bool:
    """Whether the password fits; False for a stored value that is no hash."""
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
