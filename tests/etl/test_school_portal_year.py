"""A school year in five exports: what the warehouse knows of it is exactly what the exports can tell."""

from __future__ import annotations

import os
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

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
