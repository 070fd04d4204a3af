"""promotion_missing: orders that move pupils up by 20 June (000 П-6, G26)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.etl.conftest import Store
from tests.etl.exported import breached
from tests.oracle.builder import BundleBuilder, tiny_school


def june(regulation: str | None = "school7_oktyabrsky", **cells: Any) -> BundleBuilder:
    """Class c1 of 2024/2025 with pupils p1 and p2, of whom p2 is promoted in time; no movement of p1 yet."""
    bundle = tiny_school("2025-07-01T06:00:00+03:00", regulation).add_class(**cells)
    return moved(bundle, "p2", recorded_at="2025-06-20T23:59:59")


def moved(bundle: BundleBuilder, pupil: str, **cells: Any) -> BundleBuilder:
    stated = {"kind": "promotion", "effective_on": "2025-09-01", "order_on": "2025-06-10", **cells}
    return bundle.add("movement", movement_key=f"v{len(bundle.tables.get('movement', []))}", pupil_key=pupil, **stated)


def test_g26_a_pupil_without_an_order_on_21_june_is_a_breach(store: Store) -> None:
    store.load(june())
    assert breached(store, "promotion_missing", "2025-06-20") == set()
    assert breached(store, "promotion_missing", "2025-06-21T00:00:00") == {"p1"}


def test_an_order_that_comes_late_ends_the_breach(store: Store) -> None:
    store.load(moved(june(), "p1", recorded_at="2025-06-25T10:00:00"))
    assert breached(store, "promotion_missing", "2025-06-25T09:59:59") == {"p1"}
    assert breached(store, "promotion_missing") == set()


@pytest.mark.parametrize(
    ("cells", "is_breach"),
    [
        ({"order_on": "", "effective_on": "2025-09-01"}, False),
        ({"order_on": "2024-06-10", "effective_on": "2024-09-01"}, True),  # ended the year before
        ({"order_on": "2026-01-10", "from_class_key": "c1"}, False),  # the class left names the year
        ({"kind": "graduate"}, False),
        ({"kind": "leave", "effective_on": "2025-06-10"}, True),  # and is still enrolled: what it lacks is an order
        ({"kind": "class_transfer", "effective_on": "2025-06-10"}, True),
    ],
)
def test_the_order_must_end_the_year(store: Store, cells: dict[str, str], is_breach: bool) -> None:
    store.load(moved(june(), "p1", recorded_at="2025-06-15T10:00:00", **cells))
    assert breached(store, "promotion_missing") == ({"p1"} if is_breach else set())


def test_who_is_enrolled_on_the_last_day_is_asked_for(store: Store) -> None:
    bundle = june()
    bundle.row("enrolment", "p1", "c1", "2024-09-01")["to_on"] = "2025-06-20"
    for pupil, span in {"until": ("2024-09-01", "2025-06-21"), "after": ("2025-06-21", "")}.items():
        bundle.add("pupil", pupil_key=pupil)
        bundle.add("enrolment", pupil_key=pupil, class_key="c1", from_on=span[0], to_on=span[1])
    store.load(bundle)
    assert breached(store, "promotion_missing") == {"until"}


@pytest.mark.parametrize("grade", ["9", "11"])
def test_pupils_of_the_last_grades_are_not_promoted(store: Store, grade: str) -> None:
    store.load(june(grade=grade))
    assert breached(store, "promotion_missing") == set()


def test_the_newest_year_whose_date_is_over_is_looked_at(store: Store) -> None:
    bundle = june()
    bundle.manifest["extracted_at"] = "2026-07-01T06:00:00+03:00"
    bundle.add_class(class_key="c2", group_key="g2", pupils=(), grade="8", school_year="2025/2026")
    bundle.row("enrolment", "p1", "c1", "2024-09-01")["to_on"] = "2025-09-01"
    bundle.add("enrolment", pupil_key="p1", class_key="c2", from_on="2025-09-01")
    moved(bundle, "p1", recorded_at="2026-06-19", order_on="2026-06-19", effective_on="2026-09-01")
    store.load(bundle)
    assert breached(store, "promotion_missing", "2026-06-20") == {"p1"}
    assert breached(store, "promotion_missing") == set()


@pytest.mark.parametrize("regulation", ["school16_korolev", "school53_krasnodar", None])
def test_an_act_without_a_date_asks_for_no_orders(store: Store, regulation: str | None) -> None:
    store.load(june(regulation))
    assert breached(store, "promotion_missing") == set()


@pytest.mark.parametrize("table", ["movement", "enrolment"])
def test_without_movements_or_enrolments_nothing_can_be_told(store: Store, table: str) -> None:
    bundle = june()
    del bundle.tables[table]
    store.load(bundle)
    assert breached(store, "promotion_missing") == set()
