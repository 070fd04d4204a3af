"""How far shares differ by chance: control limits with over-dispersion, pure arithmetic.

Lessons cluster by teacher and class, so a plain binomial limit flags nearly every school. The dispersion φ
is estimated from the data itself after winsorising the z-scores at their 10th and 90th percentiles, and limits
widen by √φ: φ = Σ zᵂᵢ² ÷ I with zᵢ = (yᵢ − θ) ÷ √(θ(1 − θ) ÷ nᵢ), θ = Σ done ÷ Σ due, limits θ ± z·√(φ·θ(1 − θ) ÷ n)
(the multiplicative model of D. Spiegelhalter, Funnel plots for comparing institutional performance, Statistics
in Medicine 24 (2005), 1185–1202; φ < 1 counts as 1).
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


def wilson(part: int, whole: int, unknown: int = 0, width: float = INNER) -> tuple[float, float]:
    """Interval of a share in which its true value lies with 95 % (`width` standard errors), shares from 0 to 1.

    (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) ÷ (1 + z²/n), E. B. Wilson, Journal of the American Statistical
    Association 22 (1927), 209–212. `unknown` rows could fall on either side: the lower end takes them as not kept, the
    upper one as kept. It speaks of chance alone: that lessons of one teacher are alike is the funnel's matter.
    Raises ValueError without any row or where the part is no part.
    """
    total = whole + unknown
    if total <= 0 or not 0 <= part <= whole or unknown < 0:
        raise ValueError(f"{part} of {whole} (unknown {unknown}) is no share.")
    return _wilson(part, total, width)[0], _wilson(part + unknown, total, width)[1]


def _wilson(part: int, whole: int, width: float) -> tuple[float, float]:
    share, square = part / whole, width * width
    middle = (share + square / (2 * whole)) / (1 + square / whole)
    half = width * math.sqrt(share * (1 - share) / whole + square / (4 * whole * whole)) / (1 + square / whole)
    # the ends are exact at 0 and 1, where rounding would leave them just outside
    return (0.0 if part == 0 else max(0.0, middle - half)), (1.0 if part == whole else min(1.0, middle + half))
