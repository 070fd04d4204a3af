"""Small groups are withheld from readers above a school, in the one place where sums leave the queries. Pure.

A view on offer above a school is a sum of atoms: the finest cells that any view could be put together from (school ×
period, school × month). What is small is withheld in the atom and so in all sums: a total and its parts, a year and its
quarters, two days and the whole municipality and its schools differ by atoms, none of which is small. Withheld are,
with their source `min_cell_size` (requirements C; 001 СА-3.1):
a group with fewer persons than the limit, with all that is said of it; a part of a group that is small itself, or whose
complement is; the smaller of two parts that lie in each other and differ by few; parts that other views add up,
together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from etl.warehouse.ledger import RULES

OF_PERSONS = [rule.number for rule in RULES if rule.object_type in ("account", "card", "movement", "pupil")]
"""Rules that judge persons one by one. Where pages show every rule (checks, what if) a reader above a school gets no
number of theirs: two runs or two acts that differ by one tell of one child."""
DEFAULT_LIMIT = 5
"""Where the school's act states no `min_cell_size`."""


@dataclass(frozen=True)
class Cells:
    """What a frame counts: `base` persons, `parts` of them; `nested` pairs (inner, outer) of parts; `together` parts
    whose sum another view shows; `derived` column → the columns it is computed from.
    """

    base: str
    parts: tuple[str, ...] = ()
    nested: tuple[tuple[str, str], ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    derived: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


SUCCESS = Cells("pupil_count", ("success_count", "quality_count"), nested=(("quality_count", "success_count"),))
GROUP = Cells(
    "listed_count",
    (
        "incomplete_count", "failing_count", "unattested_count", "excellent_count", "good_count", "one_four_count",
        "one_three_count",
    ),
    nested=(("unattested_count", "failing_count"), ("one_four_count", "good_count")),
    together=(("excellent_count", "good_count"),),
    derived={"complete_count": ("listed_count", "incomplete_count")},
)  # fmt: skip
SPREAD = Cells("month_pupil_count", ("systematic_count",))
MARKS = Cells(
    "graded_count",
    ("mark_2_count", "mark_3_count", "mark_4_count", "mark_5_count", "unattested_mark_count"),
    together=(("mark_2_count", "mark_3_count", "mark_4_count", "mark_5_count", "unattested_mark_count"),),
    derived={"period_good_count": ("mark_4_count", "mark_5_count")},
)
FILL = Cells("pupil_count")
ATTENDANCE = Cells("slot_count")
CURRENT = Cells("slot_count", ("digit_count",), derived={"digit_sum": ("digit_count",)})
CARDS = Cells("cards", ("complete",))
SIGN_INS = Cells("accounts", ("users",), derived={f"users_{role}": ("users",) for role in ("staff", "pupil", "parent")})
SIGN_IN_DAYS = Cells(
    "accounts", ("users", "month_users"), nested=(("users", "month_users"),), derived={"logins": ("users",)}
)
"""A day beside its month: who came in the month and not on the day is a group too. Sign-ins of a handful are theirs."""
NOBODY = 2**31 - 1
"""The limit of a school that has fewer pupils than its limit: all that is said of its pupils is withheld."""


def withheld(atoms: pl.DataFrame, cells: Cells, limits: Mapping[int, int]) -> pl.DataFrame:
    """The atoms (one row each, with school_id) with null in place of what is withheld; rows whose base is small are
    gone. `limits` = least size by school, DEFAULT_LIMIT where none is stated.
    """
    if atoms.is_empty():
        return atoms
    limit = pl.col("school_id").replace_strict(dict(limits), default=DEFAULT_LIMIT, return_dtype=pl.Int64)
    rows = atoms.filter(~_small(pl.col(cells.base), limit))
    hidden = {part: _small(pl.col(part), limit) | _small(pl.col(cells.base) - pl.col(part), limit) for part in
              cells.parts}  # fmt: skip
    for inner, outer in cells.nested:
        hidden[inner] = hidden[inner] | _small(pl.col(outer) - pl.col(inner), limit)
    for names in cells.together:
        any_of = pl.any_horizontal(*(hidden[name] for name in names))
        hidden |= dict.fromkeys(names, any_of)
    for name, sources in cells.derived.items():
        hidden[name] = pl.any_horizontal(*(hidden.get(source, pl.lit(False)) for source in sources))
    return rows.with_columns(pl.when(~condition).then(pl.col(name)).alias(name) for name, condition in hidden.items())


def is_cut(atoms: pl.DataFrame, shown: pl.DataFrame) -> bool:
    """Whether anything was withheld: the page says so."""
    return shown.height < atoms.height or any(shown[name].null_count() > atoms[name].null_count() for name in
                                              shown.columns)  # fmt: skip


def _small(size: pl.Expr, limit: pl.Expr) -> pl.Expr:
    return (size > 0) & (size < limit)
