"""A school's own settings of indicators: the file, what is wrong with it, and what a change of it derives anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from etl.cli import app
from etl.contract.variants import (
    BY_NAME,
    DEFAULTS,
    VARIANTS,
    VariantError,
    Variants,
    from_text,
    read_variant,
    to_text,
    with_values,
)
from etl.errors import SettingsError
from etl.metric_files import read_metric_files
from etl.settings import read_settings
from tests.etl.conftest import Store
from tests.etl.test_rejudge import derive, derived, load, places, two_schools

GOOD = {
    "mark_norms": {"1": 2, "2.5": 4},
    "accumulation": "share",
    "early_lessons": 0,
    "objectivity_within": 0.6,
    "objectivity_by_subject": {" Физкультура": 0.8},
    "objectivity_border": 0,
    "objectivity_marks": 4,
    "sou_weights": {"5": 100, "not_attested": 0},
    "absent_day": "any_lesson",
    "systematic_share": 0.15,
    "control_works": "control",
    "control_works_marks": 3,
}


def write(folder: Path, text: str, name: str = "one") -> Path:
    """A file of settings in the folder of the acts; returns that folder."""
    (folder / "metrics").mkdir(exist_ok=True, parents=True)
    (folder / "metrics" / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def test_every_setting_has_a_default_a_reason_and_a_value_that_is_read() -> None:
    assert {variant.name for variant in VARIANTS} == set(Variants.__dataclass_fields__) == set(GOOD)
    assert all(variant.reason and variant.expects for variant in VARIANTS)
    own = with_values({name: read_variant(name, value) for name, value in GOOD.items()})
    assert all(getattr(own, name) != getattr(DEFAULTS, name) for name in GOOD)
    assert own.objectivity_by_subject == (("физкультура", 80),) and own.mark_norms == ((1.0, 2), (2.5, 4))
    assert dict(own.sou_weights) == {5: 100, 4: 64, 3: 36, 2: 16, 1: 0, 10: 0}
    for name in GOOD:
        assert from_text(name, to_text(getattr(own, name))) == getattr(own, name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mark_norms", {}), ("mark_norms", {"1": 5, "2": 3}), ("mark_norms", {"x": 3}), ("mark_norms", [3, 5, 7]),
        ("accumulation", "median"), ("early_lessons", -1), ("early_lessons", True), ("early_lessons", 2.5),
        ("objectivity_within", 0), ("objectivity_within", 3), ("objectivity_by_subject", {"Музыка": 0}),
        ("sou_weights", {"6": 100}), ("sou_weights", {"5": 101}), ("absent_day", "never"),
        ("systematic_share", 0.07), ("systematic_share", 0), ("systematic_share", 30), ("systematic_share", "0.3"),
        ("control_works", "all"), ("control_works_marks", 0),
    ],
)  # fmt: skip
def test_a_value_that_a_setting_cannot_have_is_named_with_what_is_expected(name: str, value: object) -> None:
    with pytest.raises(VariantError) as raised:
        read_variant(name, value)
    assert str(raised.value).startswith(f"{name} = ") and BY_NAME[name].expects in str(raised.value)


@given(st.sampled_from(sorted(BY_NAME)), st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=5,
))  # fmt: skip
def test_any_value_is_read_or_refused_and_what_is_read_survives_the_database(name: str, value: object) -> None:
    try:
        found = read_variant(name, value)
    except VariantError:
        return
    assert from_text(name, to_text(found)) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("school = ", "cannot be read as TOML"),
        ("systematic_share = 0.25", "does not say whose settings"),
        ('school = "s1"\nsystematic_share = 0.25', "does not say where its values come from"),
        ('school = "s1"\nsource = "Приказ"\nsystematik = 0.25', "'systematik' is no setting of an indicator"),
        ('school = "s1"\nsource = "Приказ"\nsystematic_share = 25', "systematic_share = 25: expected a share"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_metric_files(write(tmp_path, text))
    assert said in str(raised.value) and "one.toml" in str(raised.value)


def test_two_files_of_one_school_are_refused(tmp_path: Path) -> None:
    write(tmp_path, 'school = "s1"\nsource = "Приказ"\n', "a")
    with pytest.raises(SettingsError, match="another file"):
        read_metric_files(write(tmp_path, 'school = "s1"\nsource = "Приказ"\n', "b"))


def test_the_command_lists_defaults_and_what_a_school_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAVUCH_HOME", str(tmp_path))
    monkeypatch.setenv("ZAVUCH_REGULATIONS", str(tmp_path))
    read_settings.cache_clear()
    write(tmp_path, 'school = "s1"\nsource = "Приказ № 12"\nsystematic_share = 0.25\n')
    everything = CliRunner().invoke(app, ["metrics"], env={"COLUMNS": "300"})
    one = CliRunner().invoke(app, ["metrics", "s1"], env={"COLUMNS": "300"})
    unknown = CliRunner().invoke(app, ["metrics", "s9"])
    read_settings.cache_clear()
    assert everything.exit_code == 0 and "s1: systematic_share = 0.25 — Приказ № 12" in everything.output
    assert one.exit_code == 0 and "Приказ № 12" in one.output
    assert isinstance(unknown.exception, SettingsError) and "s9" in str(unknown.exception)


def test_a_change_derives_its_school_alone_and_only_where_the_marts_hold_it(store: Store, tmp_path: Path) -> None:
    acts = tmp_path / "own"
    acts.mkdir()
    load(store, two_schools("school7_oktyabrsky"), acts)
    derive(store, acts)
    other, before = places(store, "s2"), derived(store)
    version = "SELECT data_version FROM dim_school WHERE school_key = 's1'"
    first = store.value(version)
    write(acts, 'school = "s1"\nsource = "Приказ"\nsystematic_share = 0.25\n')
    assert derive(store, acts).schools == [] and store.value(version) == first + 1
    write(acts, 'school = "s1"\nsource = "Приказ"\nmark_norms = { "1" = 9 }\nearly_lessons = 0\n')
    assert [school.school_key for school in derive(store, acts).schools] == ["s1"]
    after = derived(store)
    assert after["obligation"] == before["obligation"] and after["mart_pupil_journal"] != before["mart_pupil_journal"]
    assert derive(store, acts).schools == [] and derived(store) == after
    write(acts, 'school = "s9"\nsource = "Приказ"\n')
    report = derive(store, acts)
    assert [school.school_key for school in report.schools] == ["s1"] and derived(store) == before
    assert report.warnings == ["settings of indicators: there is no school 's9'; its file waits"]
    assert places(store, "s2") == other and store.value("SELECT count(*) FROM metric_setting") == 0
