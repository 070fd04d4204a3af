"""Files that were loaded before: with the same answers they are nothing new, with others the same state told again.

Both would else be refused once anything newer of the school is loaded (annex B20), or as a second bundle of one moment.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from etl.raw_store import RawLoad, kept_loads
from etl.settings import Settings
from etl.warehouse.engine import owner_connection

ANSWERS = ".toml"
"""A file of answers is no file of the source, wherever it lies."""
_LOADS = (
    "SELECT DISTINCT r.load_id, r.extracted_at, s.timezone FROM load_run r JOIN load_table t USING (load_id)"
    " JOIN dim_school s USING (school_id) WHERE s.school_key = %s ORDER BY 2, 1"
)


@dataclass(frozen=True)
class Before:
    """The loads that these very files were of; `newest_at`, local to the school, is set where nothing of the school is
    newer than they.
    """

    load_ids: tuple[int, ...]
    has_same_answers: bool
    newest_at: datetime | None

    @property
    def next_moment(self) -> datetime | None:
        """A second later: the moment of the same state with other answers; None where newer bundles are loaded."""
        return self.newest_at + timedelta(seconds=1) if self.newest_at else None


def loaded_before(
    settings: Settings,
    url: str,
    paths: Sequence[Path],
    *,
    source: str,
    school_key: str,
    given: Mapping[str, Any],
    answers_file: Path | None,
) -> Before | None:
    """None where any of the files is new to the school, or where files are not kept (`raw_days = 0`)."""
    wanted = {_digest(path) for top in paths for path in _files(top) if path.suffix.lower() != ANSWERS}
    kept = [load for load in kept_loads(settings) if load.source == source and wanted & _held(load)]
    if not wanted or not kept:
        return None
    with owner_connection(url) as connection:
        stored = connection.execute(_LOADS, [school_key]).fetchall()
    moments = {load_id: moment for load_id, moment, _zone in stored}
    kept = [load for load in kept if any(moments.get(each) == _moment(load) for each in load.load_ids)]
    if not wanted <= set().union(*map(_held, kept)):
        return None
    answers = _told(given), _digest(answers_file) if answers_file else ""
    alike = [load for load in kept if (_told(load.given), _answers_digest(load)) == answers]
    is_same = wanted <= set().union(*map(_held, alike))
    loads = tuple(dict.fromkeys(each for load in (alike if is_same else kept) for each in load.load_ids))
    _load_id, newest, zone = stored[-1]
    is_newest = newest in {moments[each] for each in loads if each in moments}
    return Before(loads, is_same, newest.astimezone(ZoneInfo(zone)) if is_newest else None)


def _files(top: Path) -> list[Path]:
    return [top] if top.is_file() else [path for path in top.rglob("*") if path.is_file()]


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _held(load: RawLoad) -> set[str]:
    return {each.sha256 for each in load.files}


def _moment(load: RawLoad) -> datetime:
    return datetime.fromisoformat(load.extracted_at)


def _told(given: Mapping[str, Any]) -> str:
    """Answers as they are kept, in one spelling."""
    stated = {name: value for name, value in given.items() if value not in (None, "")}
    return json.dumps(stated, sort_keys=True, default=str)


def _answers_digest(load: RawLoad) -> str:
    return next((each.sha256 for each in load.files if load.answers_file and each.name == load.answers_file), "")
