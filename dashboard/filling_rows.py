"""The table of the page of filling: one line per person, class, subject or journal. Pure."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from dashboard import measures
from dashboard.frame import short_name
from dashboard.group_words import group_part
from dashboard.i18n import number, percent, t
from dashboard.queries.filling import Filling
from dashboard.queries.schools import natural_order
from etl.warehouse.ledger import RULE
from etl.warehouse.metrics import LESSON_RULES, METRICS
from etl.warehouse.metrics_filling import BUCKETS, FILLING, MEDIAN, NINE_TENTHS, RUSH_RULES, LagQuantile

GROUPS = ("staff", "class_id", "subject_id", "journal_id")
"""What a line of the table may be; `staff` stands for staff_id."""
SHARES = ("completeness_topic", "completeness_homework", "completeness_attendance", "completeness_period_mark")
TIMES = ("timeliness", "timeliness_marks")


def lines(page: Filling, group: str) -> pl.DataFrame:
    """One row per `group`: key, label, missing, base, and part, whole, value (null = cannot tell) of every metric as
    `<metric>.part` and so on; the most missing first, ties by name and key.
    """
    key = "staff_id" if group == "staff" else group
    subjects = page.dims.select("journal_id", "subject_id")
    sums = page.sums.join(subjects, on="journal_id", how="left")
    found = METRICS["completeness"].by(sums, key).filter(pl.col("whole") + pl.col("unknown") > 0)
    found = found.select(
        key,
        pl.when(pl.col("value").is_not_null()).then(pl.col("whole") - pl.col("part")).alias("missing"),
        pl.col("whole").alias("base"),
        pl.col("value").alias("filled"),
    )
    for name in (*SHARES, *TIMES):
        part = METRICS[name].by(sums, key)
        found = found.join(_prefixed(part, key, name), on=key, how="left", nulls_equal=True)
    lags = page.lags.join(subjects, on="journal_id", how="left")
    found = found.join(_prefixed(_rush_by(lags, key), key, "rush_share"), on=key, how="left", nulls_equal=True)
    named = found.join(labels(page, group), on=key, how="left").with_columns(
        pl.col("label").fill_null(t("filling.nobody") if group == "staff" else "—")
    )
    return named.sort(
        [pl.col("missing"), natural_order("label"), pl.col(key)], descending=[True, False, False], nulls_last=True
    ).rename({key: "key"})


def _rush_by(lags: pl.DataFrame, key: str) -> pl.DataFrame:
    n, rush = pl.col("row_count"), pl.col("rush")
    sums = lags.select(
        key,
        "rule",
        (n * rush.is_in([1, 2]).fill_null(value=False)).alias("rush"),
        (n * rush.is_in([0, 1, 2]).fill_null(value=False)).alias("rush_base"),
        (n * (rush == 3).fill_null(value=False)).alias("rush_unknown"),
    )
    return FILLING["rush_share"].by(sums, key)


def lag_sums(lags: pl.DataFrame) -> pl.DataFrame:
    """The histogram as the sums of `metrics_filling.LAG` that the page shows, one row per rule."""
    n, low, high = pl.col("row_count"), pl.col("lag_low"), pl.col("lag_high")
    made = high.is_not_null()
    buckets = [
        n.filter(low.is_between(first, last) & high.is_between(first, last)).sum().alias(f"lag_{code}")
        for code, first, last in BUCKETS
    ]
    return lags.group_by("rule").agg(
        *buckets,
        n.filter(~made & pl.col("is_told")).sum().alias("lag_never"),
        n.filter(~made & ~pl.col("is_told")).sum().alias("lag_untold"),
        n.filter(made | pl.col("is_told")).sum().alias("lag_base"),
        n.filter(pl.col("rush").is_in([1, 2])).sum().alias("rush"),
        n.filter(pl.col("rush") == 1).sum().alias("rush_period"),
        n.filter(pl.col("rush") == 2).sum().alias("rush_control"),
        n.filter(pl.col("rush").is_in([0, 1, 2])).sum().alias("rush_base"),
        n.filter(pl.col("rush") == 3).sum().alias("rush_unknown"),
    )


def _prefixed(part: pl.DataFrame, key: str, name: str) -> pl.DataFrame:
    return part.select(
        key,
        pl.col("part").alias(f"{name}.part"),
        pl.col("whole").alias(f"{name}.whole"),
        (pl.col("whole") + pl.col("unknown")).alias(f"{name}.all"),
        pl.col("value").alias(f"{name}.value"),
    )


def labels(page: Filling, group: str) -> pl.DataFrame:
    """key, label of every line of a grouping."""
    if group == "staff":
        names = [short_name(name) for name in page.names["full_name"]]
        return page.names.select("staff_id", pl.Series("label", names, dtype=pl.String))
    words: dict[str, Callable[[], pl.Expr]] = {
        "class_id": lambda: pl.col("class_name"),
        "subject_id": lambda: pl.col("subject"),
        "journal_id": lambda: pl.concat_str("class_name", "subject", group_part(), separator=", ", ignore_nulls=True),
    }
    return page.dims.select(group, words[group]().alias("label")).unique([group], keep="first", maintain_order=True)


def quantile_words(quantile: LagQuantile, lags: pl.DataFrame) -> str:
    """`2 дня`, `2–4 дня`, «не внесено» or «нельзя оценить»."""
    found = quantile.of(lags)
    if found is None:
        return t("number.cannot_tell") if lags.height else "—"
    return measures.days_words(*found)


def lag_lines(page: Filling) -> list[tuple[str, dict[str, str]]]:
    """(rule, words by column) for every kind of record with rows: buckets, never, median and nine tenths."""
    sums = {row["rule"]: row for row in lag_sums(page.lags).iter_rows(named=True)}
    found = []
    for rule in (*RUSH_RULES, "period_mark"):
        row = sums.get(RULE[rule].number)
        if row is None:
            continue
        mine = page.lags.filter(pl.col("rule") == RULE[rule].number)
        total = row["lag_base"] + row["lag_untold"]
        known = {code: row[f"lag_{code}"] for code, _, _ in BUCKETS} | {"never": row["lag_never"]}
        is_told = row["lag_untold"] + (row["lag_base"] - sum(known.values())) <= total / 2
        words = {name: percent(n / row["lag_base"]) if is_told and row["lag_base"] else "" for name, n in known.items()}
        found.append(
            (
                rule,
                {
                    **words,
                    "n": number(total),
                    "median": quantile_words(MEDIAN, mine),
                    "tenth": quantile_words(NINE_TENTHS, mine),
                },
            )
        )
    return found


def bucket_counts(page: Filling, rule: str) -> dict[str, int]:
    """Records of one kind by bucket, `never`, and `unknown` for those of which the day is not told."""
    rules = [RULE[name].number for name in (LESSON_RULES if rule == "all" else (rule,))]
    sums = lag_sums(page.lags.filter(pl.col("rule").is_in(rules)))
    found = {code: int(sums[f"lag_{code}"].sum()) for code, _, _ in BUCKETS} | {"never": int(sums["lag_never"].sum())}
    rest = int(sums["lag_base"].sum()) + int(sums["lag_untold"].sum()) - sum(found.values())
    return found | {"unknown": rest}
