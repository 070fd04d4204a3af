from pathlib import Path

import pytest

from etl.regulations.lint import difference, laxer, unregulated_rules, unstated
from etl.regulations.parameters import PARAMETERS
from etl.regulations.read import build_profiles, read_profiles
from tests.etl.regulations.test_read import profiles_of, write_act


def test_what_an_act_leaves_unsaid_is_listed_with_its_default_and_the_rules_it_disarms() -> None:
    found = {one.parameter: one for one in unstated(read_profiles()["lindovskaya"][0])}
    assert len(found) == len(PARAMETERS) - 14
    assert found["homework_required"].default == "if_assigned"
    assert found["topic_limit"].rules == ("topic", "no_entry")
    mention = found["topic_limit"].mention
    assert mention is not None
    assert mention.clause.number == "1.2"
    assert found["mark_limit"].mention is None


def test_a_stated_parameter_is_not_unstated() -> None:
    assert "topic_limit" not in {one.parameter for one in unstated(read_profiles()["school53_krasnodar"][0])}


def test_rules_that_judge_nothing_are_listed() -> None:
    region = unregulated_rules(read_profiles()["krasnodar_region"][0])
    assert {"period_mark", "mark_lock", "year_setup"} <= set(region)
    assert not {"topic", "mark", "consent_missing", "mark_while_absent"} & set(region)


def test_the_school_is_laxer_than_its_region_where_it_covers_less() -> None:
    assert {one.parameter for one in laxer(read_profiles()["school53_krasnodar"][0])} == {
        "activity_kinds_in_scope",
        "period_types_covered",
    }


@pytest.mark.parametrize(
    ("parameter", "above", "own", "expected"),
    [
        ("topic_limit", '"same_day"', '"2d"', True),
        ("topic_limit", '"2d"', '"same_day"', False),
        ("topic_limit", '"2d"', '"2d"', False),
        ("topic_limit", '"2d"', '"2wd"', True),
        ("written_mark_target", '"2d"', '"check_day"', False),
        ("topic_required", "true", "false", True),
        ("mark_lock_days", "10", "14", True),
        ("timetable_publish_lead_days", "3", "1", True),
        ("ktp_due", '"08-31"', '"01-10"', True),
        ("ktp_due", '"01-10"', '"08-31"', False),
        ("post_lock_editor_roles", '["deputy"]', '["deputy", "teacher"]', True),
        ("post_lock_editor_roles", '["deputy"]', '["teacher"]', False),
        ("teacher_scope", '"own"', '"any"', True),
        ("mark_anchor", '"work_date"', '"lesson_date"', False),
    ],
)
def test_laxer_knows_which_way_each_parameter_leans(
    tmp_path: Path, parameter: str, above: str, own: str, expected: bool
) -> None:
    write_act(tmp_path, "region", level="region", **{parameter: above})
    write_act(tmp_path, "school", head='parent = "region"', **{parameter: own})
    found = laxer(profiles_of(tmp_path)["school"][0])
    assert [one.parameter for one in found] == ([parameter] if expected else [])


def test_two_acts_differ_where_their_values_do() -> None:
    profiles = read_profiles()
    found = difference(profiles["school7_oktyabrsky"][0], profiles["school16_korolev"][0])
    by_name = {one.parameter: one for one in found}
    assert "topic_limit" not in by_name
    assert str(getattr(by_name["mark_limit"].first, "value", None)) == "7d"
    assert by_name["absence_weekly_review"].second is None
    assert difference(profiles["lindovskaya"][0], profiles["lindovskaya"][0]) == []


def test_no_acts_make_no_profiles() -> None:
    assert build_profiles([]) == {}
