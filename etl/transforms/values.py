"""Raw vocabularies of marks and absence codes in their one canonical spelling (bundle.md, annex B14)."""

from __future__ import annotations

import polars as pl

NOT_ATTESTED, EXEMPT, NOT_GRADED, PASSED, FAILED, DEBT = 10, 11, 12, 13, 14, 0
WORD_CODES: dict[str, int] = {
    "н/а": NOT_ATTESTED,
    "осв": EXEMPT,
    "н/оц": NOT_GRADED,
    "зач": PASSED,
    "незач": FAILED,
    ".": DEBT,
}
SPELLINGS: dict[str, str] = {
    **{word: word for word in WORD_CODES},
    "на": "н/а",
    "осв.": "осв",
    "зачёт": "зач",
    "зачет": "зач",
    "незачёт": "незач",
    "незачет": "незач",
}
GRADES_GIVEN = (1, 2, 3, 4, 5, PASSED, FAILED)
"""Codes of marks that are grades given; н/а, осв, н/оц are allowed values but no grades (annex B14)."""
ALLOWED_CODES = (*GRADES_GIVEN, NOT_ATTESTED, EXEMPT, NOT_GRADED)
ABSENCE_CODES = ("Н", "ОТ", "Б", "УП", "НП", "О", "ОП")
MISSED_CODES = ("Н", "ОТ", "Б", "УП", "НП")
REASON_CODES = ("Б", "УП", "НП")
LATE_CODES = ("О", "ОП")


def canonical_mark(raw: pl.Expr) -> pl.Expr:
    """`5`, `4+`, `3-`, `н/а`, `осв`, `н/оц`, `зач`, `незач` or `.`; null for any other value."""
    text = raw.str.strip_chars().str.to_lowercase()
    digit = text.str.replace("−", "-", literal=True)
    word = text.replace_strict(SPELLINGS, default=None, return_dtype=pl.String)
    return pl.when(digit.str.contains(r"^[1-5][+-]?$")).then(digit).otherwise(word)


def mark_code(canonical: pl.Expr) -> pl.Expr:
    """1–5 for digits, whatever their modifier, and the numbers of WORD_CODES; Int16."""
    digit = canonical.str.slice(0, 1).cast(pl.Int16, strict=False)
    word = canonical.replace_strict(WORD_CODES, default=None, return_dtype=pl.Int16)
    return pl.coalesce(word, digit)


def canonical_absence(raw: pl.Expr) -> pl.Expr:
    """One of ABSENCE_CODES; null for any other value."""
    text = raw.str.strip_chars().str.to_uppercase()
    return pl.when(text.is_in(ABSENCE_CODES)).then(text)


def has_topic(topic: pl.Expr) -> pl.Expr:
    """A topic is there when it has at least three characters that are letters or digits (ledger.md, rule topic)."""
    return topic.str.count_matches(r"[\p{L}\p{N}]").fill_null(0) >= 3


def has_text(text: pl.Expr) -> pl.Expr:
    """Homework is there when it is not blank."""
    return (text.str.strip_chars() != "").fill_null(value=False)
