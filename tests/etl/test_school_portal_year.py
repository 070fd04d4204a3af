"""A school year in five exports: what the warehouse knows of it is exactly what the exports can tell."""

from __future__ import annotations

import os
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from etl.errors import SourceError
from etl.load_files import Loaded, load_files
from etl.settings import Settings
from tests.etl.conftest import Store
from tests.etl.sources.school_year import Truth, begin, go_on, write

ZONE = ZoneInfo("Europe/Moscow")
FIRST = datetime(2018, 11, 12, 18, 30, tzinfo=ZONE)
MOMENTS = [FIRST + timedelta(days=7 * number) for number in range(5)]
SEEDS = [int(seed) for seed in os.environ.get("PORTAL_SEEDS", "1").split(",")]
GIVEN = {"school_key": "s1", "timezone": "Europe/Moscow", "school_name": "Школа"}
_ENTRIES = """
SELECT 'mark', c.grade || c.letter || ' ' || s.name, l.held_on::text, n.full_name, lower(m.value),
  m.recorded_earliest, m.recorded_latest FROM fact_mark m JOIN fact_lesson l USING (school_id, school_year, lesson_id)
  JOIN dim_class c ON c.class_id = l.class_id JOIN dim_subject s ON s.subject_id = l.subject_id
  JOIN dim_pupil_name n ON n.pupil_id = m.pupil_id WHERE m.deleted_latest IS NULL
UNION ALL SELECT 'absence', c.grade || c.letter || ' ' || s.name, l.held_on::text, n.full_name, lower(m.code),
  m.recorded_earliest, m.recorded_latest FROM fact_absence m JOIN fact_lesson l
  USING (school_id, school_year, lesson_id) JOIN dim_class c ON c.class_id = l.class_id
  JOIN dim_subject s ON s.subject_id = l.subject_id JOIN dim_pupil_name n ON n.pupil_id = m.pupil_id
  WHERE m.deleted_latest IS NULL
UNION ALL SELECT 'period_mark', c.grade || c.letter || ' ' || s.name, '', n.full_name, lower(m.value),
  m.recorded_earliest, m.recorded_latest FROM fact_period_mark m JOIN dim_class c USING (class_id)
  JOIN dim_subject s ON s.subject_id = m.subject_id JOIN dim_pupil_name n ON n.pupil_id = m.pupil_id
  WHERE m.deleted_latest IS NULL
"""
_CHANGES = """
SELECT h.entity, h.action, c.grade || c.letter || ' ' || s.name, coalesce(l.held_on::text, ''),
  coalesce(n.full_name, ''), lower(coalesce(h.old_value, '')), lower(coalesce(h.new_value, '')),
  h.changed_earliest, h.changed_latest
  FROM fact_change h
  LEFT JOIN fact_mark m ON h.entity = 'mark' AND m.mark_key = h.entity_key
  LEFT JOIN fact_absence a ON h.entity = 'absence' AND a.absence_key = h.entity_key
  LEFT JOIN fact_period_mark p ON h.entity = 'period_mark' AND p.period_mark_key = h.entity_key
  LEFT JOIN fact_lesson l ON l.lesson_id = coalesce(m.lesson_id, a.lesson_id)
    OR (h.entity = 'lesson' AND l.lesson_key = h.entity_key)
  JOIN dim_class c ON c.class_id = coalesce(l.class_id, p.class_id)
  JOIN dim_subject s ON s.subject_id = coalesce(l.subject_id, p.subject_id)
  LEFT JOIN dim_pupil_name n ON n.pupil_id = coalesce(m.pupil_id, a.pupil_id, p.pupil_id)
"""


def load(store: Store, paths: tuple[Path, ...], **more: Any) -> Loaded:
    return load_files(list(paths), store.url, Settings(store.home), given={**GIVEN, **more})


def told(moment: datetime | None) -> str | None:
    return None if moment is None or moment.year < 2000 else moment.astimezone(ZONE).isoformat()


def after(moment: str | None) -> str | None:
    """An interval begins a second after the export that did not have the entry."""
    return (datetime.fromisoformat(moment) + timedelta(seconds=1)).isoformat() if moment else None


def stored_entries(store: Store) -> Counter[tuple[Any, ...]]:
    return Counter((*row[:5], told(row[5]), told(row[6])) for row in store.rows(_ENTRIES))


def stored_changes(store: Store) -> Counter[tuple[Any, ...]]:
    return Counter(
        (*row[:7], *(("", "") if row[0] == "lesson" else (told(row[7]), told(row[8])))) for row in store.rows(_CHANGES)
    )


def true_entries(truth: Truth) -> Counter[tuple[Any, ...]]:
    found = (truth.entries[key] for key in truth.live)
    return Counter((*entry, after(since), first) for entry, since, first in found)


def true_changes(truth: Truth) -> Counter[tuple[Any, ...]]:
    return Counter(
        {
            change if change[0] == "lesson" else (*change[:7], after(change[7]), change[8]): count
            for change, count in truth.changes.items()
        }
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_year_of_exports_tells_exactly_what_happened_between_them(store: Store, tmp_path: Path, seed: int) -> None:
    year, truth = begin(seed), Truth()
    for number, moment in enumerate(MOMENTS):
        events: list[str] = []
        if number:
            year, events = go_on(year, 9)
        loaded = load(store, write(year, tmp_path / str(number), moment))
        assert loaded.report.rejected_count == 0
        truth.see(year, moment.isoformat())
        where = f"seed {seed}, export {number}: {'; '.join(events)}"
        assert stored_entries(store) - true_entries(truth) == Counter(), where
        assert true_entries(truth) - stored_entries(store) == Counter(), where
        assert stored_changes(store) == true_changes(truth), where


def _lessons(store: Store) -> list[tuple[Any, ...]]:
    """Live lessons with topic, and how many marks and absences each has."""
    return store.rows(
        "SELECT l.lesson_key, t.topic, (SELECT count(*) FROM fact_mark m WHERE m.lesson_id = l.lesson_id"
        " AND m.deleted_latest IS NULL), (SELECT count(*) FROM fact_absence m WHERE m.lesson_id = l.lesson_id"
        " AND m.deleted_latest IS NULL) FROM fact_lesson l JOIN fact_lesson_text t USING (school_id, school_year,"
        " lesson_id) WHERE l.deleted_latest IS NULL ORDER BY 1"
    )


def test_journals_and_plans_given_apart_end_as_those_given_together(store: Store, tmp_path: Path) -> None:
    year = begin(5)
    first, plans = write(year, tmp_path / "one", MOMENTS[0])
    load(store, (first,))
    alone = stored_entries(store)
    assert load(store, (plans,)).report.rejected_count == 0  # the same moment, given later
    assert load(store, (plans,)).report.is_repeat
    truth = Truth()
    truth.see(year, MOMENTS[0].isoformat())
    assert stored_entries(store) == alone == true_entries(truth)
    # the КТП says which days that stand twice were one lesson with two works
    assert len(_lessons(store)) == sum(len(sheet.lessons) for sheet in year.journals)
    assert all(topic for _key, topic, *_rest in _lessons(store))
    year, _events = go_on(year, 9)
    for sheet in year.journals:
        sheet.has_marks = sheet.has_plan = True
    journals, plans = write(year, tmp_path / "two", MOMENTS[1])
    load(store, (plans,))
    load(store, (journals,))
    truth.see(year, MOMENTS[1].isoformat())
    plain = {(*row[:5],) for row in stored_entries(store)}
    assert plain == {(*row[:5],) for row in true_entries(truth)}
    assert Counter(row[:7] for row in stored_changes(store).elements()) == Counter(
        row[:7] for row in true_changes(truth).elements()
    )
    third = load(store, write(year, tmp_path / "three", MOMENTS[2]))
    assert third.differences == ["nothing differs"]


def test_an_older_export_is_refused_and_the_same_one_changes_nothing(store: Store, tmp_path: Path) -> None:
    year = begin(6)
    paths = write(year, tmp_path / "one", MOMENTS[1])
    load(store, paths)
    everything = store.facts()
    with pytest.raises(SourceError, match="older"):
        load(store, write(year, tmp_path / "old", MOMENTS[0]))
    assert load(store, paths).report.is_repeat
    assert store.facts() == everything
    other = write(year, tmp_path / "other", MOMENTS[2])
    with pytest.raises(SourceError, match="several days"):  # a КТП whose own name says another day
        load(store, (paths[0], paths[1].rename(tmp_path / "LessonPlanning-20.11.2018.zip")))
    assert load(store, other).differences == ["nothing differs"]
