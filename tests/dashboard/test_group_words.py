"""What tells a group of a class from the other one."""

from __future__ import annotations

import polars as pl
import pytest

from dashboard.group_words import group_part, short_group


@pytest.mark.parametrize(
    ("kind", "name", "short"),
    [
        ("subgroup", "7А английский, гр. 1", "гр. 1"),
        ("club", "Шахматы 5–6", "Шахматы 5–6"),
        ("club", "Шахматы", ""),
        ("elective", "Кружок, 7А", ""),
        ("class", "7А", ""),
        ("subgroup", None, ""),
    ],
)
def test_a_group_is_named_by_what_stands_not_beside_it_already(kind: str, name: str | None, short: str) -> None:
    assert short_group({"group_kind": kind, "group_name": name, "class_name": "7А", "subject": "Шахматы"}) == short


def test_a_column_names_groups_as_a_row_does_where_class_and_subject_are_unknown() -> None:
    names = [("class", "7А"), ("subgroup", "7А английский, гр. 2"), ("club", "Шахматы"), ("subgroup", None)]
    rows = pl.DataFrame(names, schema={"group_kind": pl.String, "group_name": pl.String}, orient="row")
    found = rows.select(group_part().alias("part"))["part"].fill_null("").to_list()
    assert found == [short_group(row) for row in rows.iter_rows(named=True)] == ["", "гр. 2", "Шахматы", ""]
