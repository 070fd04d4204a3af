"""`zavuch regulations`: what it says of the shipped acts, of a school's own files and of broken ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from etl.cli import app
from etl.cli_print import out
from etl.errors import SettingsError
from etl.settings import read_settings
from tests.etl.regulations.test_read import write_act


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The configured folder of a school's own acts."""
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setenv("ZAVUCH_HOME", str(tmp_path))
    monkeypatch.setenv("ZAVUCH_REGULATIONS", str(own))
    monkeypatch.setattr(out, "_width", 1000)  # no cell is broken into lines
    read_settings.cache_clear()
    yield own
    read_settings.cache_clear()


def said(*arguments: str, code: int = 0) -> str:
    """What the command prints, white space and table lines folded; it must end with this exit code."""
    result = CliRunner().invoke(app, ["regulations", *arguments])
    if result.exit_code != code:
        raise AssertionError(f"exit code {result.exit_code}: {result.output}") from result.exception
    return " ".join("".join(char if char not in "│┃─━┏┓└┘├┤┼" else " " for char in result.output).split())


def test_the_shipped_acts_have_no_fault_and_what_they_leave_unsaid_is_listed(folder: Path) -> None:
    found = said("lint")
    assert "5 files; 0 cannot be used." in found
    assert "Laxer than the layer above (2)" in found and "Left unsaid (103 of 117 parameters)" in found


def test_a_broken_file_is_named_with_key_and_allowed_values_and_the_others_are_still_looked_at(folder: Path) -> None:
    write_act(folder, "lyceum4", topic_limit='"soon"')
    write_act(folder, "lyceum5", head='parent = "krasnodar_region"', topic_target='"2d"')
    found = said("lint", code=2)
    assert "lyceum4.toml: parameters.topic_limit.value = 'soon' is not a deadline. Allowed: same_day" in found
    assert "7 files; 1 cannot be used." in found
    assert "lyceum5, version 1 of 1" in found
    assert "Laxer than the layer above (1)" in found and "krasnodar_region: " in found


def test_files_that_do_not_fit_together_are_a_fault_too(folder: Path) -> None:
    write_act(folder, "lyceum4", head='parent = "moon"')
    assert "parent = 'moon' is not installed." in said("lint", code=2)


def test_a_file_is_tried_out_before_it_is_put_into_the_folder(folder: Path, tmp_path: Path) -> None:
    write_act(tmp_path, "lyceum4", topic_limit='"2d"')
    path = str(tmp_path / "lyceum4.toml")
    assert "lyceum4, version 1 of 1" in said("lint", "lyceum4", "--path", path)
    assert "lyceum4" not in said("list")


def test_the_list_shows_shipped_and_own_acts(folder: Path) -> None:
    write_act(folder, "lyceum4", head='parent = "krasnodar_region"')
    found = said("list")
    assert "6 regulations" in found and "lindovskaya" in found and "lyceum4" in found


def test_an_act_is_shown_with_value_clause_quotation_first_day_and_layer(folder: Path) -> None:
    found = said("show", "school53_krasnodar")
    assert "within 2 calendar days (major)" in found
    assert "3.8, № 15 of 2024-09-02" in found
    assert "school53_krasnodar, valid from 2024-09-02" in found and "krasnodar_region, valid from" in found
    assert "«прикрепление тем" in found
    assert "Left unsaid: timezone" in found


def test_the_first_version_says_that_it_covers_what_is_older_and_the_second_that_it_does_not(folder: Path) -> None:
    write_act(folder, "lyceum4", head="valid_from = 2023-09-01", topic_limit='"same_day"')
    write_act(folder, "lyceum4@2", head="valid_from = 2024-10-01", topic_limit='"2d"')
    first, second = said("show", "lyceum4@1"), said("show", "lyceum4")
    assert "judges every earlier lesson. It is followed by version 2 from 2024-10-01." in first
    assert "In force from 2024-10-01; older lessons stay judged by the version before." in second
    both = said("diff", "lyceum4@1", "lyceum4@2")
    assert "They differ in 1 of 117 parameters" in both
    assert "by the end of the same day [1]" in both and "within 2 calendar days [1]" in both


def test_two_acts_are_compared_with_both_clauses(folder: Path) -> None:
    found = said("diff", "school7_oktyabrsky", "school16_korolev")
    assert "They differ in 54 of 117 parameters" in found
    assert "протокол № 1 of 2017-08-30" in found and "№ 173 of 2017-06-24" in found
    assert "The two say the same." in said("diff", "lindovskaya", "lindovskaya")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("show", "moon"), "There is no regulation 'moon'. Installed: krasnodar_region, "),
        (("show", "lindovskaya@7"), "The regulation 'lindovskaya' has no version '7'. Versions: 1 to 1."),
        (("diff", "moon", "lindovskaya"), "There is no regulation 'moon'."),
        (("lint", "moon"), "There is no regulation 'moon'."),
    ],
)
def test_an_unknown_act_is_a_sentence(folder: Path, arguments: tuple[str, ...], sentence: str) -> None:
    result = CliRunner().invoke(app, ["regulations", *arguments])
    error = result.exception
    assert isinstance(error, SettingsError)
    assert sentence in f"{error.message} {error.advice}"


def test_markup_in_an_act_is_only_text(folder: Path) -> None:
    write_act(folder, "lyceum4", topic_limit='"2d"')
    path = folder / "lyceum4.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("слова акта", "[bold]слова[/] акта"), encoding="utf-8")
    assert "«[bold]слова[/] акта»" in said("show", "lyceum4")
