"""The exported ledger is, row for row, the one the slow oracle of the tests computes from the same bundles.

Seeds make small schools full of boundaries (tests.oracle.adversarial): every act, chains of snapshots,
missing tables.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from etl.contract.ledger import RULE
from etl.export import export_ledger
from tests.etl.conftest import Store
from tests.oracle.adversarial import as_of_moments, write_chain
from tests.oracle.ledger import RULES_DONE, Row, ledger

CERTAIN = tuple(range(18))
CONTESTED = tuple(range(100, 107))
"""Seeds of the situations on which the texts allow two readings (READINGS.md)."""
COLUMNS = tuple(Row.__annotations__)


def _exported(url: str, as_of: str) -> list[tuple[str, ...]]:
    out = io.BytesIO()
    export_ledger(url, out, as_of=as_of)
    rows = csv.DictReader(io.StringIO(out.getvalue().decode()))
    return [tuple(row[name] for name in COLUMNS) for row in rows]


def _expected(chain: list[Path], as_of: str) -> list[tuple[str, ...]]:
    return [tuple(getattr(row, name) for name in COLUMNS) for row in ledger(chain, as_of)]


def _moments(seed: int) -> list[str]:
    """Three of the seed's moments, the one after everything included."""
    return as_of_moments(seed)[seed % 2 :: 2][:2] + as_of_moments(seed)[-1:]


@pytest.mark.parametrize(
    ("seed", "contested"), [(seed, False) for seed in CERTAIN] + [(seed, True) for seed in CONTESTED]
)
def test_the_export_is_row_for_row_what_the_oracle_says(
    store: Store, tmp_path: Path, seed: int, contested: bool
) -> None:
    chain = write_chain(
        tmp_path / "chain", seed, snapshots=1 + seed % 3, timestamps=seed % 5 != 4, contested=contested
    )
    for bundle in chain:
        store.load(bundle)
    for as_of in dict.fromkeys(_moments(seed)):
        ours, theirs = _exported(store.url, as_of), _expected(chain, as_of)
        assert sorted(set(ours) - set(theirs)) == sorted(set(theirs) - set(ours)) == [], f"T {as_of}"
        assert ours == theirs, f"T {as_of}: the same rows in another order, or a row twice"


def test_the_oracle_judges_every_rule_that_the_product_derives() -> None:
    assert set(RULE) == RULES_DONE


def test_the_seeds_reach_every_rule_and_every_status(tmp_path: Path) -> None:
    seen: set[tuple[str, str]] = set()
    for seed in CERTAIN[:8]:
        chain = write_chain(tmp_path / str(seed), seed, snapshots=1 + seed % 3, timestamps=seed % 5 != 4)
        seen |= {(row.rule, row.status) for row in ledger(chain, as_of_moments(seed)[-1])}
    assert {rule for rule, _ in seen} == set(RULE)
