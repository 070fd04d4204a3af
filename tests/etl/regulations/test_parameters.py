import pytest

from etl.regulations.deadlines import DEADLINE_FORMS
from etl.regulations.journal_parameters import JOURNAL_PARAMETERS
from etl.regulations.parameters import PARAMETERS, Kind, Parameter
from etl.regulations.rules import RULE_PARAMETERS
from etl.regulations.upkeep_parameters import UPKEEP_PARAMETERS
from etl.regulations.values import allowed_text, parse_value, value_text


def test_no_parameter_is_defined_twice() -> None:
    assert len(PARAMETERS) == sum(map(len, (*JOURNAL_PARAMETERS.values(), *UPKEEP_PARAMETERS.values())))


@pytest.mark.parametrize("parameter", PARAMETERS.values(), ids=lambda parameter: parameter.name)
def test_every_parameter_is_explained(parameter: Parameter) -> None:
    assert parameter.meaning.endswith(".")
    assert parameter.label
    assert allowed_text(parameter)
    if parameter.kind is Kind.DEADLINE:
        assert set(parameter.allowed) <= set(DEADLINE_FORMS)
    if parameter.kind in (Kind.ENUM, Kind.SET, Kind.YEAR_SETUP):
        assert parameter.allowed


@pytest.mark.parametrize("rule", RULE_PARAMETERS)
def test_every_rule_names_parameters_that_exist(rule: str) -> None:
    names = RULE_PARAMETERS[rule]
    assert {*names.governing, *names.also} <= set(PARAMETERS)
    assert names.governing or names.fixed is not None
    for name in (*names.limit, *names.target):
        assert PARAMETERS[name].kind is Kind.DEADLINE


def test_null_means_something_only_where_it_must() -> None:
    assert {name: value_text(p.default) for name, p in PARAMETERS.items() if p.default is not None} == {
        "activity_kinds_in_scope": "lesson",
        "deadline_roll_forward": "next_working",
        "homework_anchor": "lesson_date",
        "homework_required": "if_assigned",
        "mark_anchor": "lesson_date",
        "period_types_covered": "half_year, quarter, trimester, year",
    }


@pytest.mark.parametrize(
    ("name", "raw", "text"),
    [
        ("topic_limit", "2d", "2d"),
        ("topic_required", True, "true"),
        ("school_week_days", 6, "6"),
        ("card_required_share", 1, "1.0"),
        ("class_teacher_may_edit_subjects", False, "false"),
        ("class_teacher_may_edit_subjects", "during_illness", "during_illness"),
        ("post_lock_editor_roles", ["director", "deputy"], "deputy, director"),
        ("timezone", "Asia/Kamchatka", "Asia/Kamchatka"),
        ("same_day_cutoff", "18:00", "18:00:00"),
        ("ktp_due", "08-31", "08-31"),
        ("municipal_report_due", ["01-15", "09-10"], "01-15, 09-10"),
        ("min_marks_per_period", {"1": 3, "2": 5}, "1 3.0, 2 5.0"),
        ("year_setup", {"new_year": "09-03", "class_list:*": "09-05"}, "class_list:* 09-05, new_year 09-03"),
    ],
)
def test_a_value_of_every_kind_is_read(name: str, raw: object, text: str) -> None:
    assert value_text(parse_value(PARAMETERS[name], raw)) == text


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [
        ("topic_limit", 2, "is not a text"),
        ("topic_limit", "1h", "does not take"),
        ("substitution_limit", "2d", "does not take"),
        ("topic_required", "yes", "true or false"),
        ("school_week_days", 7, "out of range"),
        ("school_week_days", True, "whole number"),
        ("card_required_share", 1.5, "out of range"),
        ("teacher_scope", "all", "allowed words"),
        ("post_lock_editor_roles", ["janitor"], "'janitor'"),
        ("post_lock_editor_roles", [], "at least one item"),
        ("first_grade_homework_value", "  ", "blank"),
        ("timezone", "Moscow", "IANA"),
        ("same_day_cutoff", "25:00", "time of day"),
        ("ktp_due", "31.08", "MM-DD"),
        ("fill_thresholds", {"blue": 0.5}, "'blue'"),
        ("year_setup", {}, "at least one key"),
        ("year_setup", {"canteen": "09-05"}, "'canteen'"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_with_the_reason(name: str, raw: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_value(PARAMETERS[name], raw)
