"""Intervals and limits of shares, computed a second time in the slow obvious way."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import limits

counts = st.integers(1, 60).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole)))


def slow_wilson(part: int, whole: int, z: float) -> tuple[float, float]:
    """The shares p for which the observed one is not further than z of their own standard errors, found by halving."""

    def inside(p: float) -> bool:
        return abs(part / whole - p) <= z * math.sqrt(p * (1 - p) / whole) + 1e-15

    ends = []
    for far in (0.0, 1.0):
        near, out = part / whole, far
        if inside(out):
            ends.append(out)
            continue
        for _ in range(80):
            middle = (near + out) / 2
            near, out = (middle, out) if inside(middle) else (near, middle)
        ends.append(near)
    return ends[0], ends[1]


@given(counts)
def test_wilsons_interval_holds_the_shares_that_the_count_does_not_contradict(pair: tuple[int, int]) -> None:
    assert limits.wilson(*pair) == pytest.approx(slow_wilson(*pair, limits.INNER), abs=1e-9)


@given(counts, st.integers(0, 20))
def test_unknown_rows_only_widen_the_interval_to_both_readings(pair: tuple[int, int], unknown: int) -> None:
    part, whole = pair
    low, high = limits.wilson(part, whole, unknown)
    assert low == pytest.approx(slow_wilson(part, whole + unknown, limits.INNER)[0], abs=1e-9)
    assert high == pytest.approx(slow_wilson(part + unknown, whole + unknown, limits.INNER)[1], abs=1e-9)
    assert 0 <= low <= part / (whole + unknown) <= (part + unknown) / (whole + unknown) <= high <= 1


@pytest.mark.parametrize("wrong", [(0, 0), (3, 2), (-1, 2), (1, 2, -1)])
def test_what_is_no_share_is_refused(wrong: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="is no share"):
        limits.wilson(*wrong)


def slow_dispersion(pairs: list[tuple[int, int]]) -> float:
    share = sum(part for part, _ in pairs) / sum(whole for _, whole in pairs)
    if len(pairs) < 3 or share in (0, 1):
        return 1.0
    z = sorted((part / whole - share) / math.sqrt(share * (1 - share) / whole) for part, whole in pairs)

    def quantile(q: float) -> float:
        place = q * (len(z) - 1)
        below = math.floor(place)
        above = min(below + 1, len(z) - 1)
        return z[below] + (place - below) * (z[above] - z[below])

    low, high = quantile(limits.TRIM), quantile(1 - limits.TRIM)
    return max(1.0, sum(min(max(one, low), high) ** 2 for one in z) / len(z))


@given(st.lists(counts, min_size=1, max_size=12))
def test_the_dispersion_is_the_mean_square_of_winsorised_distances(pairs: list[tuple[int, int]]) -> None:
    done, due = (pl.Series(list(column), dtype=pl.Int64) for column in zip(*pairs, strict=True))
    phi = limits.dispersion(done, due)
    assert phi == pytest.approx(slow_dispersion(pairs), rel=1e-9)
    share = limits.common_share(done, due)
    for z, (part, whole) in zip(limits.z_scores(done, due, phi), pairs, strict=True):
        # a school lies outside the drawn limit exactly where its distance says so
        outside = abs(part / whole - share) > limits.margin(share, whole, phi, limits.OUTER)
        if abs(abs(z) - limits.OUTER) > 1e-9:
            assert outside == (abs(z) > limits.OUTER)
