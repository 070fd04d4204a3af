"""Files that were loaded are kept encrypted, read back as they were, and forgotten in time."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl.errors import SettingsError, SourceError
from etl.raw_store import forget_before, forget_old, keep, kept_loads, raw_key, replay, restore
from etl.settings import Settings

WORDS = "Класс: 7а, Иванов И.".encode()
MOMENT = datetime(2018, 11, 12, 15, 30, tzinfo=UTC)


@pytest.fixture
def given(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "journals.xlsx").write_bytes(WORDS * 100)
    (folder / "school.toml").write_text('school_key = "s1"')
    return folder


def _keep(settings: Settings, path: Path, moment: datetime = MOMENT, load: int = 1) -> None:
    keep(
        settings,
        [path],
        source="school_portal",
        extracted_at=moment,
        load_ids=[load],
        given={"school_key": "s1", "timezone": ""},
        answers_file=path.parent / "school.toml",
    )


def test_a_kept_file_is_compressed_and_unreadable_and_comes_back_as_it_was(tmp_path: Path, given: Path) -> None:
    settings = Settings(tmp_path / "home")
    _keep(settings, given / "journals.xlsx")
    stored = [path.read_bytes() for path in (settings.home / "raw" / "files").iterdir()]
    assert len(stored) == 2 and max(map(len, stored)) < 500
    assert not any(WORDS[:20] in each for each in stored)
    (load,) = kept_loads(settings)
    assert load.given == {"school_key": "s1"}
    restore(settings, load, tmp_path / "back")
    assert (tmp_path / "back" / "journals.xlsx").read_bytes() == WORDS * 100
    assert (settings.home / "raw.key").stat().st_mode & 0o077 == 0


def test_loads_are_replayed_in_the_order_of_their_moments_with_their_answers(tmp_path: Path, given: Path) -> None:
    settings = Settings(tmp_path / "home")
    _keep(settings, given / "journals.xlsx", MOMENT, 2)
    _keep(settings, given / "journals.xlsx", MOMENT - timedelta(days=7), 1)
    seen = []
    replay(
        settings, lambda paths, stated, answers: seen.append((paths[0].read_bytes(), stated, answers and answers.name))
    )
    assert [stated["extracted_at"][:10] for _content, stated, _answers in seen] == ["2018-11-05", "2018-11-12"]
    assert [(content, answers) for content, _stated, answers in seen] == [(WORDS * 100, "school.toml")] * 2


def test_another_key_opens_nothing_and_says_so(tmp_path: Path, given: Path) -> None:
    settings = Settings(tmp_path / "home", raw_key=base64.urlsafe_b64encode(b"1" * 32).decode())
    _keep(settings, given / "journals.xlsx")
    other = replace(settings, raw_key=base64.urlsafe_b64encode(b"2" * 32).decode())
    with pytest.raises(SourceError, match="cannot be read back"):
        restore(other, kept_loads(settings)[0], tmp_path / "back")
    with pytest.raises(SettingsError, match="32 bytes"):
        raw_key(replace(settings, raw_key="short"))
    assert settings.raw_key not in repr(settings)


def test_what_is_over_is_forgotten_and_shared_files_stay(tmp_path: Path, given: Path) -> None:
    settings = Settings(tmp_path / "home", raw_days=30)
    _keep(settings, given / "journals.xlsx")
    assert forget_old(settings) == 0
    assert forget_old(settings, datetime.now(UTC) + timedelta(days=31)) == 2
    assert kept_loads(settings) == []
    _keep(settings, given / "journals.xlsx")
    moment = datetime.fromisoformat(kept_loads(settings)[0].extracted_at)
    assert forget_before(settings, moment) == 0
    assert forget_before(settings, moment + timedelta(seconds=1)) == 2, "the years of what it holds are over"
    _keep(replace(settings, raw_days=0), given / "journals.xlsx")
    assert kept_loads(settings) == []
