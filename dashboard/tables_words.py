"""Tables of the journal bundle as people call them. Pure."""

from __future__ import annotations

from dashboard.i18n import has, t

# in the loader's sentences a table is named by what one row is
_ROWS = {"group": "study_group", "class": "school_class"}


def table_name(table: str) -> str:
    """«Уроки» for `lesson`; the table's own name where nobody worded it."""
    key = f"table.{_ROWS.get(table, table)}"
    return t(key) if has(key) else table
