"""What tells a group of a class from the other one."""

from __future__ import annotations

import polars as pl
import pytest

from dashboard.group_words import group_part, short_group

GROUPS = [
    ("subgroup", "7А английский, гр. 1", "гр. 1"),
    ("club", "Шахматы 5–6", "Шахматы 5–6"),
    ("club", "Шахматы", ""),
    ("elective", "Кружок, 7А", ""),
    ("class", "7А", ""),
    ("subgroup", None, ""),
]


@pytest.mark.parametrize(("kind", "name", "short"), GROUPS)
def test_a_group_is_named_by_what_stands_not_beside_it_already(kind: str, name: str | None, short: str) -> None:
    assert short_group({"group_kind": kind, "group_name": name, "class_name": "7А", "subject": "Шахматы"}) == short


def test_a_column_names_groups_as_a_row_does_where_class_and_subject_are_unknown() -> None:
    names = [("class", "7А"), ("subgroup", "7А английский, гр. 2"), ("club", "Шахматы"), ("subgroup", None)]
    found, rows = drawn([(*pair, None, None) for pair in names])
    assert found == [short_group(row) for row in rows] == ["", "гр. 2", "Шахматы", ""]


def test_a_column_says_neither_class_nor_subject_twice_as_a_row_does() -> None:
    found, rows = drawn([(kind, name, "7А", "Шахматы") for kind, name, _ in GROUPS])
    assert found == [short_group(row) for row in rows] == [short for *_, short in GROUPS]


def drawn(names: list[tuple[str | None, ...]]) -> tuple[list[str], list[dict[str, str | None]]]:
    """(the column's words, the rows) of (kind, group, class, subject)."""
    schema = dict.fromkeys(("group_kind", "group_name", "class_name", "subject"), pl.String)
    rows = pl.DataFrame(names, schema=schema, orient="row")
    return rows.select(group_part().alias("part"))["part"].fill_null("").to_list(), rows.to_dicts()
