"""How far shares differ by chance: control limits with over-dispersion, pure arithmetic.

Lessons cluster by teacher and class, so a plain binomial limit flags nearly every school. The dispersion φ
is estimated from the data itself after winsorising the z-scores at their 10th and 90th percentiles
(Spiegelhalter 2005), and limits widen by √φ.
"""

from __future__ import annotations

import math

import polars as pl

TRIM = 0.1
INNER, OUTER = 1.96, 3.09  # 95 % and 99.8 % of a normal distribution
CONTROL = 3.0


def common_share(done: pl.Series, due: pl.Series) -> float:
    """Σ done ÷ Σ due; NaN where nothing was due."""
    total = float(due.sum())
    return float(done.sum()) / total if total else math.nan


def dispersion(done: pl.Series, due: pl.Series) -> float:
    """φ ≥ 1: the mean square of winsorised z-scores; 1 where fewer than three counts can be compared."""
    share = common_share(done, due)
    if done.len() < 3 or not 0 < share < 1:
        return 1.0
    z = (done / due - share) / (share * (1 - share) / due).sqrt()
    low, high = z.quantile(TRIM, "linear"), z.quantile(1 - TRIM, "linear")
    squares: list[float] = (z.clip(low, high) ** 2).to_list()
    return max(1.0, sum(squares) / len(squares))


def margin(share: float, due: float, phi: float, width: float) -> float:
    """Half the width of the limits at `due` entries, in shares."""
    return width * math.sqrt(phi * share * (1 - share) / due) if due else math.nan


def z_scores(done: pl.Series, due: pl.Series, phi: float) -> pl.Series:
    """Distance of each share from the common one in standard errors widened by √φ; 0 where all shares are
    equal.
    """
    share = common_share(done, due)
    if not 0 < share < 1:
        return pl.Series([0.0] * done.len(), dtype=pl.Float64)
    return (done / due - share) / (phi * share * (1 - share) / due).sqrt()
