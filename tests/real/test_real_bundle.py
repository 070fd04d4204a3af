"""Every figure of learning, of any bundle, is confirmed by a second computation; what the source cannot
tell stays untold.

`make test-real BUNDLE=path` runs this on a bundle of your own; without BUNDLE it runs on generated ones.
"""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from etl.contract.ledger import RULE, Status
from etl.job import load_bundle
from etl.settings import Settings
from etl.sources.bundle import open_bundle
from etl.sources.demo import generate
from etl.warehouse import embedded
from etl.warehouse.engine import owner_connection
from etl.warehouse.ledger import EXISTS, STATUS, horizons
from tests.homes import open_new
from tests.real.slow_learning import SlowBundle, SlowSchool

pytestmark = pytest.mark.bundle
WITHOUT_TIMES = ("topic", "homework", "attendance", "absence", "mark", "period_mark")


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    stated = os.environ.get("BUNDLE")
    if stated:
        return [Path(stated)]
    return [bundle.path for bundle in generate(tmp_path_factory.mktemp("generated"), tier="demo", seed=11)]


@pytest.fixture(scope="module")
def loaded(bundles: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("home")
    url = open_new(Settings(home=home))
    reports = [load_bundle(path, url, home) for path in bundles]
    yield url, reports
    embedded.stop(home)


def _query(url: str, text: str) -> list[tuple[Any, ...]]:
    with owner_connection(url) as connection:
        return connection.execute(text).fetchall()


def test_every_table_balances(loaded: Any) -> None:
    _url, reports = loaded
    for report in reports:
        print(f"\nload of {report.source}")
        for table, it in report.balances.items():
            print(
                f"  {table:<20} read {it.read:>9,} loaded {it.loaded:>9,} unchanged {it.unchanged:>7,} rejected "
                f"{it.rejected:>7,}"
            )
            assert it.read == it.loaded + it.unchanged + it.rejected


def test_attendance_and_accumulation_equal_the_second_computation(bundles: list[Path], loaded: Any) -> None:
    url, _reports = loaded
    fast = {
        row[:3]: row[3:]
        for row in _query(
            url,
            "SELECT s.school_key, c.class_key, p.period_key, sum(held_count), sum(slot_count), "
            "sum(marked_lesson_count), sum(mark_count), sum(digit_count), sum(digit_sum),"
            " sum(missed_count), sum(missed_illness_count), sum(missed_valid_count), sum(missed_invalid_count), "
            "sum(missed_unknown_count)"
            " FROM mart_learning m JOIN dim_school s USING (school_id) JOIN dim_class c USING (school_id, class_id)"
            " LEFT JOIN dim_period p ON p.school_id = m.school_id AND p.period_id = m.period_id GROUP BY 1, 2, 3",
        )
    }
    slow = {}
    totals: dict[str, int] = defaultdict(int)
    for path in bundles:
        bundle = SlowBundle(path)
        for row in bundle.tables["school"]:
            for (class_key, period_key), it in SlowSchool(bundle, row["school_key"]).learning().items():
                slow[row["school_key"], class_key, period_key] = (
                    it.held,
                    it.slots,
                    it.marked_lessons,
                    it.marks,
                    it.digits,
                    it.digit_sum,
                    sum(it.missed.values()),
                    it.missed["illness"],
                    it.missed["valid"],
                    it.missed["invalid"],
                    it.missed["unknown"],
                )
                for name, value in (
                    ("held lessons", it.held),
                    ("slots", it.slots),
                    ("missed", sum(it.missed.values())),
                    ("marks", it.marks),
                ):
                    totals[name] += value
    print("\nboth computations: " + ", ".join(f"{name} {value:,}" for name, value in totals.items()))
    print(
        f"attendance {1 - totals['missed'] / totals['slots']:.2%}, marks per lesson "
        f"{totals['marks'] / totals['held lessons']:.2f}"
    )
    assert fast == slow


def test_success_and_quality_equal_the_second_computation(bundles: list[Path], loaded: Any) -> None:
    url, _reports = loaded
    fast = {
        row[:3]: row[3:]
        for row in _query(
            url,
            "SELECT s.school_key, c.class_key, p.period_key, m.pupil_count, m.success_count, m.quality_count FROM "
            "mart_period_success m JOIN dim_school s USING (school_id)"
            " JOIN dim_class c USING (school_id, class_id) JOIN dim_period p ON p.school_id = m.school_id AND "
            "p.period_id = m.period_id",
        )
    }
    slow = {}
    for path in bundles:
        bundle = SlowBundle(path)
        for row in bundle.tables["school"]:
            for (class_key, period_key), it in SlowSchool(bundle, row["school_key"]).success().items():
                slow[row["school_key"], class_key, period_key] = (it.pupils, it.succeed, it.good)
    pupils, succeed, good = (sum(values[place] for values in slow.values()) for place in range(3))
    print(
        f"\nboth computations: {pupils:,} pupil-periods, success {succeed / max(1, pupils):.2%}, quality "
        f"{good / max(1, pupils):.2%}"
    )
    assert fast == slow


def test_what_a_source_without_capabilities_cannot_tell_is_neither_kept_nor_broken(
    bundles: list[Path], loaded: Any
) -> None:
    url, _reports = loaded
    silent = [path for path in bundles if not open_bundle(path).manifest.capabilities]
    if os.environ.get("BUNDLE") is None:
        assert silent, "the generated bundles hold a source that can tell nothing"
    for path in silent:
        for row in SlowBundle(path).tables["school"]:
            for rule in WITHOUT_TIMES:
                judged, certain, every = _judged(url, row["school_key"], RULE[rule].number)
                print(
                    f"{row['school_key']} {rule}: judged {judged:,} of {every:,}, of them with a limit after the "
                    f"first snapshot {certain:,}"
                )
                if (
                    rule != "period_mark"
                ):  # a period mark that is not there at all is missing, whatever the source can tell of moments
                    assert judged == certain


def _judged(url: str, school_key: str, rule: int) -> tuple[int, int, int]:
    """Rows with a verdict, those of them whose limit is later than the first snapshot (so certainly kept),
    all rows.
    """
    judged = [int(status) for status in (Status.on_time, Status.amber, Status.late, Status.missing, Status.early)]
    rows = _query(
        url,
        f"SELECT count(*) FILTER (WHERE x.status = ANY(ARRAY{judged})), count(*) FILTER (WHERE x.status = "
        f"ANY(ARRAY{judged}) AND x.limit_at >= x.t), count(*)"
        f" FROM (SELECT {STATUS} AS status, coalesce(r.due_at, r.target_at) AS limit_at, h.t FROM ledger_row r "
        f"JOIN {horizons()} h USING (school_id, rule)"
        f" JOIN dim_school s ON s.school_id = r.school_id WHERE s.school_key = '{school_key}' AND r.rule = {rule} "
        f"AND {EXISTS}) x",
    )
    return rows[0]
