"""Files that were loaded before are nothing new, whatever came after them; with other answers they are told again."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from etl.errors import SourceError
from etl.load_files import AGAIN, Loaded, load_files
from etl.settings import Settings
from tests.etl.conftest import Store
from tests.etl.sources.school_year import begin, write

MOMENT = datetime(2018, 11, 12, 18, 30, tzinfo=ZoneInfo("Europe/Moscow"))
GIVEN = {"school_key": "s1", "timezone": "Europe/Moscow"}


def load(store: Store, *paths: Path, **more: Any) -> Loaded:
    return load_files(list(paths), store.url, Settings(store.home), given={**GIVEN, **more})


def test_files_given_again_are_nothing_new_and_other_answers_are_taken(store: Store, tmp_path: Path) -> None:
    year = begin(11)
    journals, plans = write(year, tmp_path / "one", MOMENT)
    first = load(store, journals)
    load(store, plans)
    before = store.everything()
    again = load(store, journals)  # older than the КТП, and known
    assert again.report.is_repeat
    assert again.report.load_id == first.report.load_id
    both = load(store, journals, plans)
    assert both.report.is_repeat
    assert len(both.reports) == 2
    assert store.everything() == before
    # a person who sees that the act was not named gives the same files with it
    told = load(store, journals, plans, regulation="school16_korolev")
    assert not told.report.is_repeat
    assert AGAIN in [text for _school, text in told.report.warnings]
    assert told.differences == ["nothing differs"]
    assert told.report.extracted_at == MOMENT + timedelta(seconds=2)
    assert store.value("SELECT regulation FROM dim_school") == "school16_korolev"
    assert load(store, journals, plans, regulation="school16_korolev").report.is_repeat


def test_other_answers_for_an_older_export_are_refused(store: Store, tmp_path: Path) -> None:
    year = begin(12)
    older = write(year, tmp_path / "one", MOMENT)
    load(store, *older)
    load(store, *write(year, tmp_path / "two", MOMENT + timedelta(days=7)))
    assert load(store, *older).report.is_repeat
    with pytest.raises(SourceError, match="older"):
        load(store, *older, regulation="school16_korolev")


def test_files_of_another_school_are_new(store: Store, tmp_path: Path) -> None:
    paths = write(begin(13), tmp_path / "one", MOMENT)
    load(store, *paths)
    assert not load(store, *paths, school_key="s2").report.is_repeat


def test_what_was_answered_once_holds_for_the_next_export(store: Store, tmp_path: Path) -> None:
    year = begin(14)
    stated = {
        "school_name": "Школа № 7",
        "municipality": "Королёв",
        "regulation": "school16_korolev",
        "timezone": "Asia/Omsk",
        "periods": [
            {"kind": "trimester", "number": 1, "starts_on": date(2018, 9, 1), "ends_on": date(2018, 11, 30)},
        ],
    }
    look = (
        "SELECT s.name, m.name, s.timezone, s.regulation, (SELECT count(*) FROM fact_period_mark JOIN dim_period"
        " USING (school_id, period_id)) > 0 FROM dim_school s JOIN dim_municipality m USING (municipality_id)"
    )
    load(store, *write(year, tmp_path / "one", MOMENT), **stated)
    before = store.rows(look)
    assert before == [("Школа № 7", "Королёв", "Asia/Omsk", "school16_korolev", True)]
    paths = write(year, tmp_path / "two", MOMENT + timedelta(days=7))
    later = load_files(list(paths), store.url, Settings(store.home), given={"school_key": "s1"})
    assert later.differences == ["nothing differs"]
    assert store.rows(look) == before
