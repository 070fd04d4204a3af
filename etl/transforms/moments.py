"""Timestamps of a bundle as intervals: the earliest and the latest moment at which an entry may have been
made.

All moments are UTC, cut to whole seconds (annex B5). BEGINNING stands for "before anything we know" (quality
unknown). NEVER as the earliest moment stands for "not made at any T" (clock skew); the latest one then keeps
what the cell said.
"""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from etl.contract.ledger import Quality

INSTANT = pl.Datetime("us", "UTC")
BEGINNING = datetime(1900, 1, 1, tzinfo=UTC)
NEVER = datetime(2999, 12, 31, tzinfo=UTC)
LAST = datetime(9999, 12, 30, tzinfo=UTC)
"""Later cells mean "never" and are cut to this moment, which lies in the year 9999 in every zone: Python
knows no later.
"""
_DATE_ONLY = r"^\d{4}-\d{2}-\d{2}$"
_WITH_OFFSET = r"(?:Z|z|[+-]\d{2}:?\d{2}|[+-]\d{2})$"
_SHAPE = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|z|[+-]\d{2}:?\d{2}|[+-]\d{2})?$"


def at_zone(naive: pl.Expr, zone: str) -> pl.Expr:
    """Local times of a zone as instants: one that occurs twice means the first, one that does not exist
    moves forward.
    """
    straight = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    before_gap = naive.dt.offset_by("-3h").dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return pl.coalesce(
        straight, before_gap.dt.convert_time_zone("UTC").dt.offset_by("3h").dt.convert_time_zone(zone)
    ).dt.convert_time_zone("UTC")


def end_of_day(day: pl.Expr, zone: str) -> pl.Expr:
    """23:59:59 of a local day, as an instant."""
    return at_zone(day.cast(pl.Datetime("us")).dt.offset_by("23h59m59s"), zone)


def start_of_day(day: pl.Expr, zone: str) -> pl.Expr:
    """00:00:00 of a local day, as an instant."""
    return at_zone(day.cast(pl.Datetime("us")), zone)


def parse_moments(text: pl.Series, zone: str, extracted_at: datetime) -> pl.DataFrame:
    """Columns earliest, latest, quality, is_bad (no timestamp), is_skewed (later than its own bundle, annex B5).

    Besides what the contract names, the open export writes `earliest/latest` where no single moment is known.
    """
    is_range = text.str.contains("/", literal=True).fill_null(value=False)
    if is_range.any():
        single = _parse_single(text.zip_with(~is_range, pl.Series([None], dtype=pl.String)), zone, extracted_at)
        ranges = _parse_ranges(text.zip_with(is_range, pl.Series([None], dtype=pl.String)), zone)
        return pl.select(
            pl.when(pl.lit(is_range)).then(pl.lit(ranges[name])).otherwise(pl.lit(single[name])).alias(name)
            for name in single.columns
        )
    return _parse_single(text, zone, extracted_at)


def _parse_ranges(text: pl.Series, zone: str) -> pl.DataFrame:
    """`earliest/latest` in ISO 8601: `..` begins what nobody saw (unknown), a bare date a moment known by its day."""
    ends = text.str.strip_chars().str.split_exact("/", 1).struct.unnest()
    start, last = _parse_single(ends["field_0"], zone, LAST), _parse_single(ends["field_1"], zone, LAST)
    open_start = ends["field_0"] == ".."
    parsed = pl.DataFrame(
        {
            "start": start["earliest"],
            "by": start["quality"],
            "last": last["earliest"],
            "by_last": last["quality"],
            "is_open": open_start,
        }
    ).with_columns(
        pl.when("is_open").then(pl.lit(BEGINNING, INSTANT)).otherwise("start").alias("start"),
        pl.when("is_open")
        .then(pl.lit(int(Quality.unknown)))
        .when(pl.col("by") == int(Quality.date_only))
        .then(pl.col("by"))
        .otherwise(pl.lit(int(Quality.interval)))
        .cast(pl.Int16)
        .alias("quality"),
    )
    never = (pl.col("start") == pl.lit(NEVER, INSTANT)).fill_null(value=False)
    good = (
        pl.col("start").is_not_null()
        & (pl.col("by_last") == int(Quality.exact)).fill_null(value=False)
        & (never | (pl.col("start") <= pl.col("last")).fill_null(value=False))
    )
    return parsed.select(
        pl.when(good).then("start").alias("earliest"),
        pl.when(good).then("last").alias("latest"),
        pl.when(good).then("quality").alias("quality"),
        (~good).alias("is_bad"),
        (good & never).alias("is_skewed"),
    )


def _parse_single(text: pl.Series, zone: str, extracted_at: datetime) -> pl.DataFrame:
    cells = pl.DataFrame({"text": text.str.strip_chars()})
    if cells["text"].null_count() == cells.height:
        return _nothing(cells.height)
    parsed = cells.with_columns(_exact(cells["text"], zone).alias("exact"))
    day = pl.when(pl.col("text").str.contains(_DATE_ONLY)).then(pl.col("text").str.to_date("%Y-%m-%d", strict=False))
    parsed = parsed.with_columns(
        pl.when(pl.col("exact") >= BEGINNING).then(pl.min_horizontal("exact", pl.lit(LAST, INSTANT))).alias("exact"),
        pl.when(day > BEGINNING.date()).then(pl.min_horizontal(day, pl.lit(LAST.date()))).alias("day"),
    )
    first = start_of_day(pl.col("day"), zone)
    last = end_of_day(pl.col("day"), zone)
    limit = pl.lit(extracted_at, INSTANT)
    skewed = (pl.col("exact") > limit) | (first > limit)
    never = pl.lit(NEVER, INSTANT)
    return parsed.select(
        pl.when(skewed).then(never).otherwise(pl.coalesce("exact", first)).alias("earliest"),
        pl.when(skewed)
        .then(pl.coalesce("exact", first))
        .otherwise(pl.coalesce(pl.col("exact"), pl.min_horizontal(last, limit)))
        .alias("latest"),
        pl.when(pl.col("exact").is_not_null())
        .then(pl.lit(int(Quality.exact)))
        .when(pl.col("day").is_not_null())
        .then(pl.lit(int(Quality.date_only)))
        .cast(pl.Int16)
        .alias("quality"),
        (pl.col("text").is_not_null() & pl.col("exact").is_null() & pl.col("day").is_null()).alias("is_bad"),
        skewed.fill_null(value=False).alias("is_skewed"),
    ).with_columns(pl.when(pl.col("quality").is_not_null()).then(pl.col("earliest", "latest")))


def without_skew(frame: pl.DataFrame) -> pl.DataFrame:
    """For judging: an entry with a skewed clock is never made, whatever its cell says."""
    stems = [name.removesuffix("_earliest") for name in frame.columns if name.endswith("_earliest")]
    never = pl.lit(NEVER, INSTANT)
    return frame.with_columns(
        pl.when(pl.col(f"{stem}_earliest") == never)
        .then(never)
        .otherwise(pl.col(f"{stem}_latest"))
        .alias(f"{stem}_latest")
        for stem in stems
    )


def _nothing(height: int) -> pl.DataFrame:
    return (
        pl.select(
            pl.lit(None, INSTANT).alias("earliest"),
            pl.lit(None, INSTANT).alias("latest"),
            pl.lit(None, pl.Int16).alias("quality"),
            pl.lit(value=False).alias("is_bad"),
            pl.lit(value=False).alias("is_skewed"),
        ).select(pl.all().repeat_by(height).explode())
        if height
        else pl.DataFrame(
            schema={
                "earliest": INSTANT,
                "latest": INSTANT,
                "quality": pl.Int16,
                "is_bad": pl.Boolean,
                "is_skewed": pl.Boolean,
            }
        )
    )


def _exact(text: pl.Series, zone: str) -> pl.Series:
    """Timestamps with a time of day as instants cut to seconds; null for anything else. Common shapes are
    parsed first.
    """
    fast = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%:z", strict=False, time_unit="us").dt.convert_time_zone("UTC")
    rest = (fast.is_null() & text.is_not_null() & text.str.contains(_SHAPE)).fill_null(value=False)
    if not rest.any():
        return fast.cast(INSTANT)
    return (
        fast.to_frame("fast")
        .select(
            pl.when(pl.lit(rest))
            .then(pl.lit(_any_shape(text.zip_with(rest, pl.Series([None], dtype=pl.String)), zone)))
            .otherwise("fast")
            .alias("exact")
        )["exact"]
        .cast(INSTANT)
    )


def _any_shape(text: pl.Series, zone: str) -> pl.Series:
    """ISO 8601 in its other shapes: a space, no seconds, fractions, Z, +03, +0300, or local time without
    an offset.
    """
    offset = pl.col("text").str.extract(f"({_WITH_OFFSET})")
    stem = pl.col("text").str.replace(_WITH_OFFSET, "").str.replace("T", " ", literal=True)
    seconds = stem.str.replace(r"[.,]\d+$", "")
    full = pl.when(seconds.str.len_chars() == 16).then(seconds + ":00").otherwise(seconds)
    normal = (
        pl.when(offset.str.to_uppercase() == "Z")
        .then(pl.lit("+00:00"))
        .when(offset.str.len_chars() == 3)
        .then(offset + ":00")
        .when(offset.str.len_chars() == 5)
        .then(offset.str.slice(0, 3) + ":" + offset.str.slice(3))
        .otherwise(offset)
    )
    frame = text.to_frame("text")
    return frame.select(
        pl.when(offset.is_not_null())
        .then(
            (full + normal)
            .str.to_datetime("%Y-%m-%d %H:%M:%S%:z", strict=False, time_unit="us")
            .dt.convert_time_zone("UTC")
        )
        .otherwise(at_zone(full.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us"), zone))
        .alias("exact")
    )["exact"]
