"""The rules of the suites: what each asks, how grave it is, its norm and its answers for the reader.

A suite is a TOML file in `checks/suites`: a dataset, predicates that its expectations share, and they.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.datasets import DATASETS
from etl.errors import ZavuchError
from etl.warehouse.ledger import RULE, Severity

SUITES = Path(__file__).parent / "suites"
WHEN_NOTHING = ("met", "not_met", "cannot_tell")
_ID = re.compile(r"[a-z][a-z0-9_]*")
_SUITE_KEYS = {"dataset", "applies_when", "violated_when", "unknown_when", "only_breaches", "expectation"}
_ENTRY_KEYS = {
    "id", "rule", "applies_when", "violated_when", "unknown_when", "severity", "norm", "when_nothing",
    "needs", "title", "what", "why", "how",
}  # fmt: skip


class CatalogueError(ZavuchError):
    """A suite file cannot be used; the message names the file, the key and the allowed values."""

    exit_code = 2


@dataclass(frozen=True)
class Expectation:
    """One question to one dataset, as SQL predicates over the dataset's columns.

    A row is judged when `applies_when`, breaks the rule when also `violated_when`, and cannot be judged when
    `unknown_when`. `norm` is the share of judged rows that must keep it, unless the school's act has its own.
    """

    check_id: str
    dataset: str
    rule: str
    """Name of the ledger's rule; "" = no rule of an act."""
    applies_when: str
    violated_when: str
    unknown_when: str
    severity: Severity
    norm: float
    when_nothing: str
    """Verdict where not a single row can be judged."""
    needs: tuple[str, ...]
    """Capabilities and `table.column`s of the bundle without which silence proves nothing."""
    only_breaches: bool
    """The dataset has rows of breaches alone: their share says nothing."""
    title: str
    what: str
    """Russian: what is checked."""
    why: str
    """Russian: when it matters."""
    how: str
    """Russian: how to resolve."""

    @property
    def proof(self) -> tuple[str, ...]:
        """`needs` and the bundle table that the rule's entries come from."""
        table = RULE[self.rule].done_table if self.rule else ""
        return (table, *self.needs) if table else self.needs

    @property
    def rule_number(self) -> int | None:
        return RULE[self.rule].number if self.rule else None


def read_catalogue(folder: Path = SUITES) -> tuple[Expectation, ...]:
    """Every expectation of every suite file, files in the order of their names.

    Raises CatalogueError for an unknown key or value, a missing text or an id that comes twice.
    """
    found = [expectation for path in sorted(folder.glob("*.toml")) for expectation in _read_suite(path)]
    seen: set[str] = set()
    for expectation in found:
        if expectation.check_id in seen:
            raise CatalogueError(
                f"The expectation {expectation.check_id!r} stands twice in {folder}.", advice="Rename one."
            )
        seen.add(expectation.check_id)
    return tuple(found)


def of_dataset(expectations: Sequence[Expectation], dataset: str) -> tuple[Expectation, ...]:
    return tuple(one for one in expectations if one.dataset == dataset)


def expectation_of(expectations: Sequence[Expectation], rule: str, status: str) -> Expectation | None:
    """The expectation that speaks of this rule of the ledger, before all the one whose violations name the status."""
    of_rule = [one for one in expectations if one.rule == rule]
    naming = [one for one in of_rule if f"'{status}'" in one.violated_when]
    return next(iter(naming or of_rule), None)


def _read_suite(path: Path) -> list[Expectation]:
    try:
        suite = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path} cannot be read as TOML: {error}.", advice="Correct the file.") from error
    _refuse_unknown(path, suite, _SUITE_KEYS)
    if suite.get("dataset") not in DATASETS:
        raise CatalogueError(
            f"{path}: the dataset {suite.get('dataset')!r} is unknown.",
            advice=f"Known: {', '.join(DATASETS)}.",
        )
    return [_read_entry(path, suite, entry) for entry in suite.get("expectation", [])]


def _read_entry(path: Path, suite: dict[str, Any], entry: dict[str, Any]) -> Expectation:
    _refuse_unknown(path, entry, _ENTRY_KEYS)
    shared = {key: suite.get(key, "false") for key in ("applies_when", "violated_when", "unknown_when")}
    stated = shared | {"rule": "", "when_nothing": "cannot_tell", "needs": []} | entry
    for key in _ENTRY_KEYS:
        if key not in stated or (stated[key] == "" and key != "rule"):
            raise CatalogueError(f"{path}: expectation {entry.get('id')!r} has no {key!r}.", advice="Write it.")
    _refuse_other(path, entry, "rule", stated["rule"], ("", *RULE))
    _refuse_other(path, entry, "severity", stated["severity"], tuple(Severity.__members__))
    _refuse_other(path, entry, "when_nothing", stated["when_nothing"], WHEN_NOTHING)
    if not _ID.fullmatch(stated["id"]):
        raise CatalogueError(
            f"{path}: the id {stated['id']!r} is no name.", advice="Use small Latin letters, digits and _."
        )
    if not 0 < float(stated["norm"]) <= 1:
        raise CatalogueError(
            f"{path}: the norm {stated['norm']!r} of {stated['id']} is no share.",
            advice="Write 0 < norm ≤ 1.",
        )
    only = f"rule = '{stated['rule']}' AND " if stated["rule"] else ""
    return Expectation(
        check_id=stated["id"], dataset=suite["dataset"], rule=stated["rule"],
        applies_when=f"{only}({stated['applies_when']})", violated_when=f"{only}({stated['violated_when']})",
        unknown_when=f"{only}({stated['unknown_when']})", severity=Severity[stated["severity"]],
        norm=float(stated["norm"]), when_nothing=stated["when_nothing"], needs=tuple(stated["needs"]),
        only_breaches=bool(suite.get("only_breaches", False)),
        title=stated["title"], what=stated["what"], why=stated["why"], how=stated["how"],
    )  # fmt: skip


def _refuse_unknown(path: Path, table: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise CatalogueError(
            f"{path}: unknown keys {', '.join(unknown)}.", advice=f"Known: {', '.join(sorted(known))}."
        )


def _refuse_other(path: Path, entry: dict[str, Any], key: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise CatalogueError(
            f"{path}: {key} of {entry.get('id')!r} is {value!r}.",
            advice=f"Allowed: {', '.join(filter(None, allowed))}.",
        )
