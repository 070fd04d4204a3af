"""The adversarial generator is reproducible and reaches what it was made for."""

from __future__ import annotations

from pathlib import Path

from tests.oracle.adversarial import as_of_moments, write_chain
from tests.oracle.bundle import read_chain
from tests.oracle.ledger import RULES_DONE, ledger

SEEDS = range(12)
STATUSES = {
    "not_applicable",
    "not_regulated",
    "indeterminate",
    "early",
    "on_time",
    "amber",
    "late",
    "missing",
    "pending",
    "breached",
}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_seed_writes_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        write_chain(tmp_path / name, seed, snapshots=3)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert contents(tmp_path / "a") != contents(tmp_path / "c")


def test_a_handful_of_seeds_reaches_every_status_and_most_rules(tmp_path: Path) -> None:
    rules, statuses, rejected, automatic = set(), set(), 0, 0
    for seed in SEEDS:
        chain = write_chain(tmp_path / str(seed), seed, snapshots=seed % 4 + 1, timestamps=seed % 3 > 0)
        database = read_chain(chain)
        rejected += sum(len(bundle.rejected) for bundle in database.bundles)
        automatic += sum(len(state.auto_changes) for state in database.schools.values())
        for as_of in as_of_moments(seed)[-3:]:
            rows = ledger(chain, as_of)
            rules |= {row.rule for row in rows}
            statuses |= {row.status for row in rows}
    assert statuses >= STATUSES
    assert rules <= RULES_DONE
    assert len(RULES_DONE - rules) <= 4, f"never seen: {sorted(RULES_DONE - rules)}"
    assert rejected > 50
    assert automatic > 20
