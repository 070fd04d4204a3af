"""Which schools are compared, with whom, and what is said of those that stand apart."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from dashboard.comparison import CHOICES, Peers, groups_of, kind_of, lines_of, peers_of, standing_out
from dashboard.comparison_causes import causes, group_words
from dashboard.comparison_words import interval_words, value_words
from dashboard.i18n import has, t
from dashboard.limits import INNER
from dashboard.pages_table import ROLES, is_open, menu_of
from dashboard.views.comparison import table_row
from dashboard.views.comparison_school import journal_lines, journal_row
from etl.warehouse.ledger import RULE
from etl.warehouse.metrics import METRICS, SOURCES

FULL = ["topics", "homework", "attendance_confirmation", "exact_timestamps", "work_kinds"]
CARRIED = ["mark", "absence", "period_mark"]


def school(number: int, **facts: Any) -> dict[str, Any]:
    return {
        "school_id": number, "label": f"Школа {number}", "act_title": "Акт", "act_number": "№ 1", "capabilities": FULL,
        "carried": CARRIED, "working_days_old": 0, "days_old": 1, "until_on": date(2026, 11, 12), "settlement": "urban",
        "lowest": 1, "highest": 11, "pupil_count": 300, "min_cell": 5, "timezone": "Europe/Moscow",
    } | facts  # fmt: skip


def duties(parts: dict[int, tuple[int, int, int]], rule: str = "topic") -> pl.DataFrame:
    """School → done, base, unseen of one rule."""
    zero = dict.fromkeys(SOURCES["duty"], 0)
    return pl.DataFrame(
        [
            {"school_id": key, "rule": RULE[rule].number, **zero, "done": done, "base": base, "unseen": unseen}
            for key, (done, base, unseen) in parts.items()
        ]
    )


def lines(parts: dict[int, tuple[int, int, int]], group: str = "", **facts: Any) -> Any:
    rows = pl.DataFrame([school(key, **facts.get(f"s{key}", {})) for key in parts], infer_schema_length=None)
    return lines_of(rows, duties(parts), METRICS["completeness"], group)


EVEN = {number: (900 + number, 1000, 0) for number in range(1, 10)}


def test_a_school_far_below_is_found_and_its_neighbours_are_not():
    found = lines(EVEN | {10: (600, 1000, 0)})
    assert [line.school for line in standing_out(found)] == [10]
    assert all(line.interval[0] <= line.measured.value <= line.interval[1] for line in found)
    assert interval_words(found[0]).startswith("интервал ")


def test_a_share_that_is_better_the_lower_is_judged_from_above():
    rows = pl.DataFrame([school(number) for number in range(1, 9)])
    values = pl.DataFrame(
        {
            "school_id": range(1, 9),
            "missed_unknown_count": [50, 51, 52, 49, 50, 48, 10, 400],
            "missed_count": [1000] * 8,
        }
    )
    metric = CHOICES["absence_unknown_share"]
    assert [line.school for line in standing_out(lines_of(rows, values, metric))] == [8]


def test_a_silent_source_says_so_and_moves_nobody():
    with_silent = lines(EVEN | {10: (0, 0, 1000)})
    silent = with_silent[-1]
    assert silent.state == "cannot" and silent.distance is None and silent.interval is None
    assert value_words(silent) == t("comparison.cannot_say") and "0" not in value_words(silent)
    assert [line.distance for line in with_silent[:-1]] == [line.distance for line in lines(EVEN)]


def test_small_groups_are_hidden_and_not_compared():
    found = lines(EVEN | {10: (0, 4, 0), 11: (5, 5, 0)}, s11={"min_cell": 6})
    assert [line.state for line in found[-2:]] == ["few", "few"]
    assert all(line.distance is None for line in found[-2:])
    assert not any("0,0" in cell.text for cell in table_row(found[-2]).cells)


def test_a_table_that_no_bundle_carried_is_no_zero():
    row = school(1, carried=["mark"])
    values = pl.DataFrame({"school_id": [1], "attended_count": [100], "slot_count": [100], "stray_count": [0]})
    (line,) = lines_of(pl.DataFrame([row]), values, METRICS["attendance_share"])
    assert line.state == "cannot"


def test_two_schools_are_never_called_different():
    assert standing_out(lines({1: (1000, 1000, 0), 2: (1, 1000, 0)})) == []


@pytest.mark.parametrize(
    ("facts", "peers"),
    [
        ({"highest": 4, "pupil_count": 99}, Peers("primary.urban", "s")),
        ({"highest": 9, "pupil_count": 100, "settlement": "rural"}, Peers("basic.rural", "m")),
        ({"highest": 10, "pupil_count": 500, "settlement": None}, Peers("secondary", "l")),
        ({"lowest": 5, "pupil_count": 1000}, Peers("upper.urban", "xl")),
        ({"lowest": None, "highest": None, "pupil_count": None}, Peers("", "")),
    ],
)
def test_a_school_is_alike_by_its_grades_its_settlement_and_its_pupils(facts, peers):
    found = peers_of(school(1, **facts))
    assert found == peers
    assert all(group_words(code) for code in found.codes)


def test_within_a_group_the_common_share_is_the_groups_own():
    low = {number: (500 + number, 1000, 0) for number in range(11, 17)}
    small = {f"s{number}": {"pupil_count": 50} for number in low}
    every = lines(EVEN | low, "", **small)
    assert all(line.distance < 0 for line in every if line.school in low)
    among = lines(EVEN | low, "s:s", **small)
    assert {line.school for line in among} == set(low)
    assert min(line.distance for line in among) < 0 < max(line.distance for line in among)
    assert every[-1].alike_count == 5 and every[-1].alike == pytest.approx(0.5125, abs=0.001)
    assert groups_of(pl.DataFrame([line.row for line in every]))["s:s"] == 6


def test_causes_name_what_lies_outside_the_schools_work_first():
    parts = EVEN | {10: (600, 1000, 20)}
    facts = {
        "capabilities": ["topics"],
        "working_days_old": 9,
        "days_old": 12,
        "act_title": "Иной",
        "act_number": "№ 2",
    }
    found = lines(parts, s10=facts)
    said = causes(found[-1], found, duties(parts))
    words = [sentence.replace("\u00a0", " ") for sentence in said]
    assert "источник не говорит" in words[0] and "время записей" in words[1] and "12 дней" in words[2]
    assert "№ 2" in words[-2] and "Тема урока" in words[-1]
    pair = {10: (found[-1].measured, METRICS["completeness"].of(duties({10: (900, 1000, 0)})))}
    assert "по общей мерке — 90,0" in " ".join(causes(found[-1], found, duties(parts), pair))


def test_the_record_that_makes_the_difference_is_named_without_the_silent_schools():
    parts = EVEN | {10: (600, 1000, 0)}
    silent = duties({11: (0, 0, 1000)}, "homework")
    values = pl.concat([duties(parts, "topic"), duties(EVEN | {10: (950, 1000, 0)}, "homework"), silent])
    rows = pl.DataFrame([school(number) for number in range(1, 12)])
    found = lines_of(rows, values, METRICS["completeness"])
    said = " ".join(causes(found[9], found, values))
    assert "Тема урока" in said and "60,0" in said and "Домашнее" not in said


def test_only_shares_of_equal_cases_get_limits():
    kinds = {name: kind_of(metric) for name, metric in CHOICES.items()}
    assert kinds["sou"] == kinds["objectivity_balance"] == "score" and kinds["mean_mark"] == "mean"
    assert kinds["completeness"] == "share" and kinds["late_count"] == "count"
    assert lines(EVEN)[0].worse < INNER


def test_every_choice_has_a_name_and_an_explanation():
    for metric in CHOICES.values():
        assert has(f"comparison_metric.{metric.name}") and has(metric.passport_key), metric.name


def test_journals_of_few_records_are_hidden_and_the_emptiest_comes_first():
    def journal(number: int, subject: str, done: int, base: int) -> dict[str, Any]:
        place = {"class_id": 1, "journal_id": number, "subject": subject, "class_name": "5А", "grade": 5, "letter": "А"}
        counts = dict.fromkeys(SOURCES["duty"], 0) | {"done": done, "base": base}
        return place | {"group_kind": "class", "rule": RULE["topic"].number} | counts

    rows = pl.DataFrame([journal(1, "Алгебра", 240, 250), journal(2, "Химия", 100, 250), journal(3, "Труд", 1, 4)])
    found = [journal_row(line) for line in journal_lines(METRICS["completeness"], rows.drop("rule"), 5)]
    assert [row.cells[1].text for row in found] == ["Химия", "Алгебра", "Труд"]
    assert found[-1].cells[2].text == t("comparison.few_say") and found[-1].cells[3].text == "—"


def test_a_number_that_is_withheld_is_few_and_not_nothing():
    rows = pl.DataFrame([school(1, is_cut=True), school(2, is_cut=False)])
    none = pl.DataFrame(schema={"school_id": pl.Int64, "attended_count": pl.Int64, "slot_count": pl.Int64,
                                "stray_count": pl.Int64})  # fmt: skip
    found = lines_of(rows, none, METRICS["attendance_share"])
    assert [line.state for line in found] == ["few", "nothing"]


def test_only_readers_above_a_school_have_the_page():
    assert {role for role in ROLES if is_open("comparison", role)} == {"inspector", "region"}
    assert "comparison" in [row.route for row in menu_of("inspector")]
