"""The way to the source system: templates of the school, nothing else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from dashboard.source_links import address_of, read_templates
from etl.errors import SettingsError

KEYS = {
    "school_key": "school-7", "class_key": "7А", "group_key": "g1", "subject_key": "s/1", "lesson_key": "л 5",
    "date": date(2026, 11, 12),
}  # fmt: skip


def written(folder: Path, text: str) -> Path:
    path = folder / "source_links.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_keys_are_put_into_the_template_of_the_school_and_escaped(tmp_path: Path) -> None:
    templates = read_templates(
        written(
            tmp_path,
            '["school-7"]\nlesson = "https://j.example/l/{lesson_key}?on={date}&s={subject_key}"\n'
            '[default]\njournal = "https://d.example/{class_key}"\n',
        )
    )
    assert address_of(templates, "lesson", KEYS) == "https://j.example/l/%D0%BB%205?on=2026-11-12&s=s%2F1"
    assert address_of(templates, "journal", KEYS) == "https://d.example/7%D0%90"
    assert address_of(templates, "lesson", KEYS | {"school_key": "other"}) is None
    assert address_of(templates, "lesson", KEYS | {"lesson_key": None}) is None
    assert address_of({}, "lesson", KEYS) is None


def test_without_a_file_there_are_no_templates(tmp_path: Path) -> None:
    assert read_templates(tmp_path / "source_links.toml") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[a]\nlesson = "http://j.example/{lesson_key}"', "https"),
        ('[a]\nlesson = "javascript:alert(1)"', "https"),
        ('[a]\nlesson = "https://{lesson_key}/"', "plain host"),
        ('[a]\nlesson = "https://me:pass@j.example/"', "plain host"),
        ('[a]\nlesson = "https://j.example/{pupil_key}"', "pupil_key"),
        ('[a]\njournal = "https://j.example/{lesson_key}"', "lesson_key"),
        ('[a]\nlesson = "https://j.example/{lesson_key.__class__}"', "__class__"),
        ('[a]\nlesson = "https://j.example/{"', "no address"),
        ('[a]\nlesson = "https://j.example/{date:%Y}"', "date:%Y"),
        ('[a]\npupil = "https://j.example/"', "pupil"),
        ("[a]\nlesson = 5", "5"),
        ('lesson = "https://j.example/"', "no table"),
        ("[a", "TOML"),
    ],
)
def test_a_wrong_template_is_refused_with_its_value(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as error:
        read_templates(written(tmp_path, text))
    assert said in str(error.value)
