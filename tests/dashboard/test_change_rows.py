"""What changed since the other moment, against a count one by one."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from dashboard.change_rows import NOTICED, SHOWN, changes, split
from etl.warehouse.metrics import DUTY

SIDE = st.dictionaries(
    st.integers(1, 12), st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 3)), max_size=12
)


def rows(side: dict[int, tuple[int, int, int]]) -> pl.DataFrame:
    """Sums of duty rows by person: done, not done, and what the source does not tell."""
    nothing = dict.fromkeys(DUTY, 0)
    made = [
        {"rule": 1, "staff_id": staff, **nothing, "done": done, "base": done + lacking, "unseen": unseen}
        for staff, (done, lacking, unseen) in side.items()
    ]
    schema = dict.fromkeys(("rule", "staff_id", *DUTY), pl.Int64)
    return pl.DataFrame(made, schema=schema)


@given(SIDE, SIDE)
def test_changes_are_those_of_whom_both_sides_tell_enough_the_greatest_first(then, now):
    expected = {}
    for staff in then.keys() & now.keys():
        shares = []
        for done, lacking, unseen in (then[staff], now[staff]):
            base = done + lacking
            if base >= 5 and unseen * 10 <= base + unseen:
                shares.append(done / base)
        if len(shares) == 2 and abs(shares[1] - shares[0]) >= NOTICED:
            expected[staff] = shares[1] - shares[0]
    found = changes("staff", rows(then), rows(now), {1: "Орлова М. П."})
    assert {change.id: change.difference for change in found} == expected
    assert [abs(change.difference) for change in found] == sorted(map(abs, expected.values()), reverse=True)
    worse, better = split(found)
    assert len(worse) == min(SHOWN, sum(value < 0 for value in expected.values()))
    assert len(better) == min(SHOWN, sum(value > 0 for value in expected.values()))
    assert all(change.name == ("Орлова М. П." if change.id == 1 else "") for change in found)


def test_without_an_earlier_side_nothing_changed():
    assert changes("staff", rows({}), rows({1: (5, 5, 0)}), {}) == []
