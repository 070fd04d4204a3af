"""Errors sorted by what the caller should do; people see the sentence, logs see the traceback."""

from __future__ import annotations


class ZavuchError(Exception):
    """Something a person can mend: what happened (with the offending value) and what to do next.

    The command line prints `message` and `advice` and exits with `exit_code`; no traceback unless asked for.
    """

    exit_code = 1

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


class SettingsError(ZavuchError):
    """A setting has a value that cannot be used."""

    exit_code = 2


class SourceError(ZavuchError):
    """The input as a whole cannot be read; nothing was loaded."""

    exit_code = 3


class DatabaseError(ZavuchError):
    """The database cannot be started, reached or used."""

    exit_code = 4


class BusyError(ZavuchError):
    """Somebody else holds what this run needs; trying again later helps."""

    exit_code = 5
