from datetime import date
from pathlib import Path

import pytest

from etl.regulations.act_files import RegulationError, read_acts
from etl.regulations.profile import Profile
from etl.regulations.read import SHIPPED_ACTS, build_profiles, profile_on, read_profiles


def write_act(folder: Path, name: str, *, head: str = "", level: str = "school", **limits: str) -> None:
    lines = [f'id = "{name.split("@")[0]}"', f'title = "Акт {name}"', f'level = "{level}"', head]
    for parameter, value in limits.items():
        lines += [f"[parameters.{parameter}]", f"value = {value}", 'clause = "1"', 'quotation = "слова акта"']
        lines += ['severity = "major"']
    (folder / f"{name}.toml").write_text("\n".join(lines), encoding="utf-8")


def profiles_of(folder: Path) -> dict[str, list[Profile]]:
    return build_profiles(read_acts([folder]))


def test_the_five_acts_are_shipped() -> None:
    assert {profile_id: len(versions) for profile_id, versions in read_profiles().items()} == {
        "krasnodar_region": 1,
        "lindovskaya": 1,
        "school16_korolev": 1,
        "school53_krasnodar": 1,
        "school7_oktyabrsky": 1,
    }
    assert len(list(SHIPPED_ACTS.glob("*.toml"))) == 5


def test_the_file_of_an_act_bears_its_id() -> None:
    for act in read_acts([SHIPPED_ACTS]):
        assert act.path.stem == act.layer.id


def test_the_lower_layer_wins_even_where_it_is_laxer(tmp_path: Path) -> None:
    write_act(tmp_path, "region", level="region", topic_limit='"same_day"', mark_limit='"3d"')
    write_act(tmp_path, "city", level="municipality", head='parent = "region"', topic_limit='"5d"')
    write_act(tmp_path, "school", head='parent = "city"', absence_limit='"1d"')
    school = profiles_of(tmp_path)["school"][0]
    assert [layer.id for layer in school.layers] == ["region", "city", "school"]
    assert school.parent == "city"
    assert {name: (str(one.value), one.layer) for name, one in school.parameters.items()} == {
        "topic_limit": ("5d", "city"),
        "mark_limit": ("3d", "region"),
        "absence_limit": ("1d", "school"),
    }
    assert str(school.overridden["topic_limit"].value) == "same_day"


def test_a_child_in_the_schools_own_folder_stands_on_a_shipped_act(tmp_path: Path) -> None:
    write_act(tmp_path, "lyceum4", head='parent = "krasnodar_region"', topic_limit='"1d"')
    lyceum = read_profiles(tmp_path)["lyceum4"][0]
    assert str(lyceum.deadline("topic_limit")) == "1d"
    assert str(lyceum.deadline("topic_target")) == "same_day"
    assert lyceum.source_system == "АИС «Сетевой город. Образование»"


def test_a_new_version_applies_from_its_day_and_the_first_covers_what_is_older(tmp_path: Path) -> None:
    write_act(tmp_path, "school@1", head="valid_from = 2023-09-01", topic_limit='"3d"')
    write_act(tmp_path, "school@2", head="valid_from = 2024-09-01", topic_limit='"1d"')
    profiles = profiles_of(tmp_path)
    assert [(one.version, one.valid_from) for one in profiles["school"]] == [
        (1, date(2023, 9, 1)),
        (2, date(2024, 9, 1)),
    ]
    assert profile_on(profiles, "school", date(2020, 1, 1)).version == 1
    assert profile_on(profiles, "school", date(2024, 8, 31)).version == 1
    assert profile_on(profiles, "school", date(2024, 9, 1)).version == 2


def test_a_new_version_of_a_shipped_act_in_the_own_folder_follows_it(tmp_path: Path) -> None:
    write_act(tmp_path, "lindovskaya@2", head="valid_from = 2025-01-01", topic_limit='"1d"')
    profiles = read_profiles(tmp_path)
    assert profile_on(profiles, "lindovskaya", date(2024, 12, 31)).deadline("topic_limit") is None
    assert str(profile_on(profiles, "lindovskaya", date(2025, 1, 1)).deadline("topic_limit")) == "1d"


def test_a_new_version_of_the_parent_makes_one_of_the_child(tmp_path: Path) -> None:
    write_act(tmp_path, "region@1", level="region", head="valid_from = 2020-01-01", topic_limit='"3d"')
    write_act(tmp_path, "region@2", level="region", head="valid_from = 2025-01-01", topic_limit='"2d"')
    write_act(tmp_path, "school", head='parent = "region"\nvalid_from = 2024-09-01', mark_limit='"7d"')
    versions = profiles_of(tmp_path)["school"]
    assert [(one.version, one.valid_from, str(one.deadline("topic_limit"))) for one in versions] == [
        (1, date(2024, 9, 1), "3d"),
        (2, date(2025, 1, 1), "2d"),
    ]
    assert versions[0].digest != versions[1].digest


def test_the_digest_changes_with_the_content_only(tmp_path: Path) -> None:
    write_act(tmp_path, "school", topic_limit='"3d"', mark_limit='"2d"')
    before = profiles_of(tmp_path)["school"][0].digest
    write_act(tmp_path, "school", mark_limit='"2d"', topic_limit='"3d"')
    assert profiles_of(tmp_path)["school"][0].digest == before
    write_act(tmp_path, "school", mark_limit='"2d"', topic_limit='"4d"')
    assert profiles_of(tmp_path)["school"][0].digest != before


def test_an_unknown_id_lists_the_installed_ones() -> None:
    with pytest.raises(RegulationError, match=r"No regulation 'school99'.*krasnodar_region, lindovskaya"):
        profile_on(read_profiles(), "school99", date(2024, 9, 1))


def test_an_unknown_parent_is_refused(tmp_path: Path) -> None:
    write_act(tmp_path, "school", head='parent = "nowhere"')
    with pytest.raises(RegulationError, match=r"school\.toml: parent = 'nowhere' is not installed\. Installed: school"):
        profiles_of(tmp_path)


@pytest.mark.parametrize("names", [("a", "b"), ("a",), ("b", "c", "d")])
def test_a_circle_of_parents_is_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name, parent in zip(names, (*names[1:], names[0]), strict=True):
        write_act(tmp_path, name, head=f'parent = "{parent}"')
    write_act(tmp_path, "aa_below_the_circle", head=f'parent = "{names[0]}"')
    with pytest.raises(RegulationError, match="closes a circle"):
        profiles_of(tmp_path)


def test_a_parent_of_a_lower_level_is_refused(tmp_path: Path) -> None:
    write_act(tmp_path, "school")
    write_act(tmp_path, "region", level="region", head='parent = "school"')
    with pytest.raises(RegulationError, match=r"parent = 'school' is of the lower level school"):
        profiles_of(tmp_path)


def test_two_files_of_one_version_are_refused_and_both_named(tmp_path: Path) -> None:
    write_act(tmp_path, "school@1", head="valid_from = 2024-09-01")
    write_act(tmp_path, "school@2", head="valid_from = 2024-09-01")
    with pytest.raises(RegulationError, match=r"school@2\.toml: .*2024-09-01 is already stated by .*school@1\.toml"):
        profiles_of(tmp_path)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"homework_limit": '"1h"'}, "homework_limit counts hours from a date"),
        ({"homework_anchor": '"class_last_lesson_end"'}, "homework_end_scope is missing"),
        ({"period_mark_mode": '"days_after_end"'}, "period_mark_value is missing"),
    ],
)
def test_values_that_need_each_other_are_refused_alone(tmp_path: Path, limits: dict[str, str], message: str) -> None:
    write_act(tmp_path, "school", **limits)
    with pytest.raises(RegulationError, match=message):
        profiles_of(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegulationError, match="nowhere is not a folder"):
        read_profiles(tmp_path / "nowhere")


def test_the_first_day_of_a_layer_above_makes_no_version_below(tmp_path: Path) -> None:
    write_act(tmp_path, "region", level="region", head="valid_from = 2021-11-29", mark_limit='"3d"')
    write_act(tmp_path, "school", head='parent = "region"', topic_limit='"1d"')
    assert [one.valid_from for one in profiles_of(tmp_path)["school"]] == [None]
