"""What a frame may say of people when it leaves the database: the last look of `door.read`, by the columns. Pure.

The row policies decide which rows there are. Here free text is kept inside the school (requirements C: «ограниченные
сведения»), and for demonstrations and screenshots every name is replaced by a pseudonym that stays the same in this
installation (`ZAVUCH_PSEUDONYMS`).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import lru_cache

import polars as pl

from dashboard.free_text import without_people
from dashboard.i18n import t

NAMES = ("full_name", "pupil", "responsible", "decided_by", "teacher", "substitute", "staff", "opened_by", "saved_by")
"""Columns of queries that hold the name of a person; other names of columns must not (tested over every query)."""
FREE_TEXT = ("topic", "homework", "comment", "raw", "note", "saved_title")
"""Columns with words that somebody typed: about lessons and pupils, the name of a saved table."""
_TYPED_BESIDE = {"raw": ("raw", "value"), "decision": ("reason",), "saved_title": ("saved_title",)}
"""Where the first stands in a frame, the others may quote people."""


def without_free_text(rows: pl.DataFrame) -> pl.DataFrame:
    """The frame for a reader above a school: nothing in the columns of FREE_TEXT."""
    typed = [name for name in FREE_TEXT if rows.schema.get(name) == pl.String]
    return rows.with_columns(pl.lit(None, pl.String).alias(name) for name in typed)


def typed_columns(rows: pl.DataFrame) -> list[str]:
    """Columns of the frame that hold words somebody typed."""
    return [name for name in FREE_TEXT if rows.schema.get(name) == pl.String]


def scanned(rows: pl.DataFrame, surnames: re.Pattern[str] | None = None) -> pl.DataFrame:
    """The frame for a reader who sees no names: what somebody typed, without the people named in it."""
    return rows.with_columns(
        pl.Series(name, [text and without_people(text, surnames) for text in rows[name]], dtype=pl.String)
        for name in typed_columns(rows)
    )


def pseudonymised(rows: pl.DataFrame, secret: bytes) -> pl.DataFrame:
    """The frame with a pseudonym for every name, and nothing that may quote one."""
    named = [name for name in NAMES if rows.schema.get(name) == pl.String]
    quoting = {name for key, names in _TYPED_BESIDE.items() if key in rows.columns for name in names}
    hidden = [name for name in rows.columns if name in quoting and rows.schema[name] == pl.String]
    if not named and not hidden:
        return rows
    replaced = [_replaced(rows[name], secret) for name in named]
    quiet = [pl.when(pl.col(name).is_not_null()).then(pl.lit(t("privacy.hidden"))).alias(name) for name in hidden]
    return rows.with_columns(*replaced, *quiet)


def _replaced(names: pl.Series, secret: bytes) -> pl.Series:
    known = {name: pseudonym(name, secret) for name in names.unique().to_list() if name is not None}
    return pl.Series(names.name, [known.get(name) for name in names.to_list()], dtype=pl.String)


@lru_cache(maxsize=65536)
def pseudonym(name: str, secret: bytes) -> str:
    """`Савченко Т. Л.`: the same name is always the same person, and nobody can be found from it without the secret."""
    digest = hmac.new(secret, b"zavuch.pseudonym:" + name.encode(), hashlib.sha256).digest()
    surnames, letters = t("pseudonym.surnames").split(), t("pseudonym.initials").split()
    number = int.from_bytes(digest[:8], "big")
    number, surname = divmod(number, len(surnames))
    number, first = divmod(number, len(letters))
    return f"{surnames[surname]} {letters[first]}. {letters[number % len(letters)]}."
