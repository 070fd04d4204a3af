"""No view above a school, and no difference of two of them, tells of fewer persons than the limit."""

from __future__ import annotations

import random
from itertools import chain, combinations

import polars as pl
import pytest

from dashboard.small_groups import GROUP, MARKS, SPREAD, SUCCESS, Cells, is_cut, withheld

SCHOOLS, PERIODS = (1, 2, 3), ("q1", "q2", "q3")


def cube(cells: Cells, seed: int) -> pl.DataFrame:
    """Random atoms; parts lie in the base, inner parts in outer ones, most groups are near the limit."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    rows = []
    for school in SCHOOLS:
        for period in PERIODS:
            base = dice.choice((0, 2, 4, 5, 6, 9, 12, 20, 30))
            row: dict[str, object] = {"school_id": school, "period": period, cells.base: base}
            left = base
            for part in cells.parts:  # disjoint, then the nested ones are put inside
                row[part] = dice.randint(0, left)
                left -= int(str(row[part]))
            for inner, outer in cells.nested:
                row[inner] = dice.randint(0, int(str(row[outer])))
            row |= dict.fromkeys(cells.derived, 1)
            rows.append(row)
    return pl.DataFrame(rows)


def views(atoms: pl.DataFrame, measure: str) -> dict[frozenset[tuple[int, str]], int]:
    """Every sum on offer: any set of schools × one period or all of them; told by the atoms that really count in it."""
    found = {}
    chosen = chain.from_iterable(combinations(SCHOOLS, n) for n in range(1, len(SCHOOLS) + 1))
    for schools in chosen:
        for periods in (*((period,) for period in PERIODS), PERIODS):
            mine = atoms.filter(pl.col("school_id").is_in(schools) & pl.col("period").is_in(periods))
            counted = mine.filter(pl.col(measure).is_not_null())
            key = frozenset(zip(counted["school_id"].to_list(), counted["period"].to_list(), strict=True))
            found[key] = int(counted[measure].sum())
    return found


@pytest.mark.parametrize("cells", [SUCCESS, GROUP, SPREAD, MARKS], ids=["success", "group", "spread", "marks"])
@pytest.mark.parametrize("seed", range(12))
def test_no_pair_of_views_differs_by_a_small_group(cells: Cells, seed: int) -> None:
    limit = 5
    atoms = cube(cells, seed)
    shown = withheld(atoms, cells, dict.fromkeys(SCHOOLS, limit))
    measures = {name: views(shown, name) for name in (cells.base, *cells.parts)}
    for one in measures.values():
        for (larger, more), (smaller, fewer) in combinations(one.items(), 2):
            for inside, outside, difference in ((smaller, larger, more - fewer), (larger, smaller, fewer - more)):
                if inside <= outside:
                    assert difference == 0 or difference >= limit
        assert all(size == 0 or size >= limit for size in one.values())
    pairs = [(part, cells.base) for part in cells.parts] + list(cells.nested)
    for inner, outer in pairs:
        for atoms_of, size in measures[inner].items():
            if atoms_of in measures[outer]:
                rest = measures[outer][atoms_of] - size
                assert rest == 0 or rest >= limit
    for names in cells.together:
        assert len({tuple(shown[name].is_null().to_list()) for name in names}) == 1


def test_a_cube_without_withholding_would_fail_and_one_of_large_groups_is_whole() -> None:
    atoms = pl.DataFrame(
        {"school_id": [1, 1], "period": ["q1", "q2"], "pupil_count": [3, 40], "success_count": [3, 38],
         "quality_count": [1, 20]}
    )  # fmt: skip
    shown = withheld(atoms, SUCCESS, {})
    assert shown.rows() == [(1, "q2", 40, None, 20)] and is_cut(atoms, shown)
    large = atoms.with_columns(pl.lit(40).alias("pupil_count"), pl.lit(30).alias("success_count"),
                               pl.lit(20).alias("quality_count"))  # fmt: skip
    assert withheld(large, SUCCESS, {}).equals(large) and not is_cut(large, withheld(large, SUCCESS, {}))


def test_the_limit_is_the_schools_own() -> None:
    atoms = pl.DataFrame({"school_id": [1, 2], "month_pupil_count": [8, 8], "systematic_count": [0, 0]})
    assert withheld(atoms, SPREAD, {1: 10})["school_id"].to_list() == [2]
