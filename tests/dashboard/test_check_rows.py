"""Verdicts as rows: the gravest breach first, and a share only where there is one."""

from __future__ import annotations

import polars as pl

from checks.catalogue import read_catalogue
from dashboard.check_rows import ordered, share_of, verdict_row
from dashboard.i18n import NBSP

CATALOGUE = {one.check_id: one for one in read_catalogue()}


def result(check: str, verdict: str, *, run: int = 2, applicable: int = 100, violated: int = 10) -> dict[str, object]:
    return {
        "run_id": run, "check_id": check, "rule": 1, "applicable_count": applicable, "violated_count": violated,
        "unknown_count": 0, "norm_share": 0.95, "verdict": verdict,
    }  # fmt: skip


def test_what_is_not_kept_comes_first_and_what_is_not_regulated_not_at_all():
    rows = [
        result("topic", "met"),
        result("absence", "not_met"),
        result("homework", "not_met"),
        result("plan", "not_regulated"),
        result("movement", "cannot_tell"),
        result("topic", "not_met", run=1),
    ]
    found = [row["check_id"] for row in ordered(pl.DataFrame(rows), 2, CATALOGUE)]
    assert found == ["homework", "absence", "movement", "topic"]


def test_a_rule_of_breaches_alone_has_no_share():
    assert share_of(result("grade1_mark", "not_met"), CATALOGUE["grade1_mark"]) is None
    assert share_of(result("topic", "met"), CATALOGUE["topic"]) == 0.9
    assert share_of(result("topic", "cannot_tell", applicable=0, violated=0), CATALOGUE["topic"]) is None


def test_the_trend_shows_the_verdicts_in_time_and_the_change_of_the_share():
    before = [result("topic", "not_met", run=1, violated=20), result("topic", "cannot_tell", run=0)]
    row = verdict_row(result("topic", "met"), before, CATALOGUE["topic"], 0)
    assert row.cells[-1].text == NBSP.join("?!✓")
    assert row.cells[-1].note.replace(NBSP, " ") == "+10,0 п.п."
    assert verdict_row(result("topic", "met"), [], CATALOGUE["topic"], None).cells[-1].text == "первая проверка"


def test_a_check_that_the_catalogue_has_no_more_is_shown_by_its_name():
    row = verdict_row(result("abolished", "met"), [], None, None)
    assert row.cells[0].text == "abolished" and row.id is None
