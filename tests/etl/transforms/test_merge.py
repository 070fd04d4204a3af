"""The state before, a bundle's rows, the state after: compared with a model in plain Python (annex B2–B6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.contract.ledger import Quality
from etl.contract.tables import BY_NAME
from etl.transforms.merge import SCOPE, Arrival, Merged, Snapshot, in_scope, merge
from etl.transforms.moments import BEGINNING
from etl.transforms.resolve import JOURNAL, Keys, resolve
from etl.transforms.typed import ROW, type_rows
from etl.warehouse.frames import bundle_schema

START = datetime(2024, 9, 1, 3, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
MOVEMENT = BY_NAME["movement"]
COLUMNS = ["movement_key", "pupil_key", "kind", "effective_on", "order_no", "recorded_at"]
NO_JOURNALS = pl.DataFrame(schema=JOURNAL)


@dataclass
class Carried:
    """One bundle: its movements, None when it lacks the table; rows: key → (kind, order_no, day of recorded_at)."""

    rows: dict[str, tuple[str, str | None, int | None]] | None
    is_snapshot: bool = True
    has_orders: bool = True


@dataclass
class Known:
    """What a model of the annex says of one key."""

    kind: str
    order_no: str | None
    first: tuple[datetime, datetime, int]
    is_stated: bool
    deleted: tuple[datetime, datetime] | None = None
    carried_at: datetime = START


@dataclass
class Chain:
    """Bundles loaded one after the other, a day apart, into a state without a database."""

    keys: Keys = field(default_factory=lambda: Keys(carried=frozenset({"movement"})))
    state: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=bundle_schema(MOVEMENT)))
    snapshots: tuple[Snapshot, ...] = ()
    count: int = 0

    def load(self, bundle: Carried) -> Merged | None:
        self.count += 1
        moment = START + self.count * DAY
        columns = [name for name in COLUMNS if bundle.has_orders or name != "order_no"]
        merged = None
        if bundle.rows is not None:
            arrival = Arrival(
                self.count,
                moment,
                bundle.is_snapshot,
                {"movement": frozenset(columns)},
                pl.DataFrame(schema=SCOPE),
                self.snapshots,
            )
            typed = type_rows(as_text(bundle.rows, columns), MOVEMENT, "UTC", moment)
            assert typed.rejects == []
            rows, rejects = resolve(typed.rows, MOVEMENT, self.keys)
            assert rejects == []
            merged = merge(rows, self.state, MOVEMENT, arrival, NO_JOURNALS)
            self.state = merged.state
        if bundle.is_snapshot:
            tables = {"movement": frozenset(columns)} if bundle.rows is not None else {}
            self.snapshots = (Snapshot(moment, tables, pl.DataFrame(schema=SCOPE)), *self.snapshots)
        return merged


def as_text(rows: dict[str, tuple[str, str | None, int | None]], columns: list[str]) -> pl.DataFrame:
    lines = [
        (key, "p1", kind, "2024-09-02", order, None if day is None else (START + day * DAY).isoformat(), number)
        for number, (key, (kind, order, day)) in enumerate(rows.items(), 2)
    ]
    schema: dict[str, Any] = {**dict.fromkeys(COLUMNS, pl.String), ROW: pl.Int64}
    return pl.DataFrame(lines, schema=schema, orient="row").select(*columns, ROW)


def model(bundles: list[Carried]) -> dict[str, Known]:
    """The same by the sentences of the annex, key by key."""
    known: dict[str, Known] = {}
    proof = None
    for number, bundle in enumerate(bundles, 1):
        moment = START + number * DAY
        if bundle.rows is None:
            continue
        for key, (kind, order, day) in bundle.rows.items():
            stated = None if day is None else START + day * DAY
            before = known.get(key)
            if stated is not None:
                first = (stated, stated, int(Quality.exact))
            elif proof is None:
                first = (BEGINNING, moment, int(Quality.unknown))
            else:
                first = (proof + SECOND, moment, int(Quality.interval))
            if before is None:
                known[key] = Known(kind, order if bundle.has_orders else None, first, stated is not None, None, moment)
                continue
            before.kind, before.deleted, before.carried_at = kind, None, moment
            before.order_no = order if bundle.has_orders else before.order_no
            if stated is not None and (not before.is_stated or stated < before.first[0]):
                before.first, before.is_stated = first, True
        if bundle.is_snapshot:
            for key, row in known.items():
                if key not in bundle.rows and row.deleted is None:
                    row.deleted = (row.carried_at + SECOND, moment)
            proof = moment
    return known


KINDS, ORDERS, STATED = (
    st.sampled_from(["enrol", "leave"]),
    st.sampled_from([None, "1", "2"]),
    st.sampled_from([None, None, -3, -2, -1]),
)
ROWS = st.dictionaries(st.sampled_from("abcd"), st.tuples(KINDS, ORDERS, STATED), max_size=4)
BUNDLES = st.lists(
    st.builds(Carried, st.one_of(st.none(), ROWS, ROWS, ROWS), st.sampled_from([True, True, False]), st.booleans()),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(BUNDLES)
def test_any_chain_becomes_what_the_annex_says(bundles: list[Carried]) -> None:
    chain = Chain()
    for bundle in bundles:
        merged = chain.load(bundle)
        assert merged is None or merged.loaded_count + merged.unchanged_count == len(bundle.rows or {})
    found = {
        row["movement_key"]: (
            row["kind"],
            row["order_no"],
            (row["recorded_earliest"], row["recorded_latest"], row["recorded_quality"]),
            None if row["deleted_latest"] is None else (row["deleted_earliest"], row["deleted_latest"]),
        )
        for row in chain.state.iter_rows(named=True)
    }
    assert found == {key: (row.kind, row.order_no, row.first, row.deleted) for key, row in model(bundles).items()}
    assert chain.state["movement_id"].n_unique() == chain.state.height


@settings(max_examples=30, deadline=None)
@given(BUNDLES.filter(lambda bundles: any(bundle.rows for bundle in bundles)))
def test_a_snapshot_that_says_the_same_again_writes_nothing(bundles: list[Carried]) -> None:
    chain = Chain()
    for bundle in bundles:
        chain.load(bundle)
    last = next(bundle for bundle in reversed(bundles) if bundle.rows is not None)
    chain.load(Carried(last.rows, True, last.has_orders))
    again = chain.load(Carried(last.rows, True, last.has_orders))
    assert again is not None
    assert (again.written.height, again.loaded_count, again.deleted_count) == (0, 0, 0)


def place(
    year: int | None, class_id: int | None, group_id: int | None, subject_id: int | None
) -> tuple[int | None, ...]:
    return (year, class_id, group_id, subject_id)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], [False, False, False]),
        ([place(2024, None, None, None)], [True, True, False]),
        ([place(None, 1, None, None)], [True, False, True]),
        ([place(2024, None, 7, 5)], [True, False, False]),
        ([place(None, -1, None, None)], [False, False, False]),
        ([place(2024, None, 7, 5), place(2023, None, None, None)], [True, False, True]),
        ([place(None, None, None, None)], [True, True, True]),
    ],
)
def test_a_row_is_in_scope_when_a_line_fits_in_all_that_it_states(
    lines: list[tuple[int | None, ...]], expected: list[bool]
) -> None:
    rows = pl.DataFrame(
        {"school_year": [2024, 2024, 2023], "class_id": [1, 2, 1], "group_id": [7, 8, 7], "subject_id": [5, 5, 6]},
        schema=SCOPE,
    )
    scope = pl.DataFrame(lines, schema=SCOPE, orient="row")
    assert in_scope(rows, scope, BY_NAME["lesson"], NO_JOURNALS).to_list() == expected
    by_journal = rows.select("school_year", "class_id", pl.Series("journal_id", [1, 2, 3], dtype=pl.Int32))
    journals = pl.DataFrame({"journal_id": [1, 2, 3], "group_id": [7, 8, 7], "subject_id": [5, 5, 6]}).cast(pl.Int32)
    assert in_scope(by_journal, scope, BY_NAME["mark"], journals).to_list() == expected


def test_rows_without_a_class_are_in_every_scope_and_rows_without_a_subject_in_none_that_names_one() -> None:
    nothing = pl.DataFrame(schema=SCOPE)
    assert in_scope(pl.DataFrame({"pupil_id": [1, 2]}), nothing, BY_NAME["pupil"], NO_JOURNALS).to_list() == [
        True,
        True,
    ]
    classes = pl.DataFrame(
        {"school_year": [2024], "class_id": [1]}, schema={"school_year": pl.Int16, "class_id": pl.Int32}
    )
    named = pl.DataFrame([place(2024, None, None, 5)], schema=SCOPE, orient="row")
    assert in_scope(classes, named, BY_NAME["school_class"], NO_JOURNALS).to_list() == [False]


def test_a_late_bundle_adds_rows_without_a_class_and_changes_none() -> None:
    chain = Chain()
    chain.load(Carried({"a": ("enrol", "1", None)}))
    late = Arrival(9, START, True, {"movement": frozenset(COLUMNS)}, pl.DataFrame(schema=SCOPE), (), None, START + DAY)
    typed = type_rows(as_text({"a": ("leave", "2", None), "b": ("enrol", None, None)}, COLUMNS), MOVEMENT, "UTC", START)
    rows, _rejects = resolve(typed.rows, MOVEMENT, chain.keys)
    merged = merge(rows, chain.state, MOVEMENT, late, NO_JOURNALS)
    assert (merged.loaded_count, merged.unchanged_count, merged.deleted_count) == (1, 1, 0)
    assert sorted(merged.state.select("movement_key", "kind").rows()) == [("a", "enrol"), ("b", "enrol")]
