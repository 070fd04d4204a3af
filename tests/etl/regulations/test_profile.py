from datetime import date
from functools import cache

import pytest

from etl.regulations.parameters import PARAMETERS
from etl.regulations.profile import Clause, Origin, Profile
from etl.regulations.read import read_profiles
from etl.regulations.rules import RULE_PARAMETERS, Severity
from etl.regulations.values import value_text

IDS = ("school7_oktyabrsky", "school16_korolev", "lindovskaya", "krasnodar_region", "school53_krasnodar")
ALL_KINDS = "after_school, club, elective, lesson"
QHY, QTHY = "half_year, quarter, year", "half_year, quarter, trimester, year"
SECTIONS = (
    "periods", "vacations", "subjects_federal", "subjects_school", "rooms", "staff", "classes", "groups",
    "individual_plans", "timetable", "monitoring_schedule",
)  # fmt: skip
ELEVEN = ", ".join(f"{section} 09-05" for section in sorted(SECTIONS))

# Annex P, value by value in the order of IDS; "" is null.
ANNEX_P = {
    "activity_kinds_in_scope": ("lesson", ALL_KINDS, "lesson", ALL_KINDS, "lesson"),
    "topic_target": ("same_day", "same_day", "", "same_day", "same_day"),
    "topic_limit": ("same_day", "same_day", "", "", "2d"),
    "homework_anchor": ("class_last_lesson_end", "class_last_lesson_end", "", "lesson_date", "lesson_date"),
    "homework_end_scope": ("pupil_group", "class", "", "", ""),
    "homework_target": ("", "", "", "same_day", "same_day"),
    "homework_limit": ("1h+same_day", "1h", "", "", "2d"),
    "homework_required": ("if_assigned", "if_assigned", "", "", "always"),
    "absence_target": ("same_day", "same_day", "", "same_day", "same_day"),
    "absence_limit": ("3d", "same_day", "", "", "2d"),
    "absence_reason_limit": ("", "", "", "", "2wd"),
    "absence_weekly_review": ("true", "", "", "", ""),
    "mark_anchor": ("work_date", "lesson_date", "lesson_date", "lesson_date", "lesson_date"),
    "mark_target": ("same_day", "same_day", "", "same_day", "same_day"),
    "mark_limit": ("7d", "same_day", "", "", "2d"),
    "written_mark_target": ("", "check_day", "", "", ""),
    "written_mark_limit": ("7d", "7d", "", "", ""),
    "essay_mark_limit": ("7d", "7d", "", "", ""),
    "vshk_mark_limit": ("7d", "3d", "", "", ""),
    "future_marks_forbidden": ("true", "true", "", "", "true"),
    "mark_lock_days": ("", "", "", "", "10"),
    "attendance_lock_days": ("", "", "", "", "10"),
    "topic_lock_days": ("", "", "", "", "10"),
    "work_type_lock_days": ("", "", "", "", "10"),
    "vshk_mark_lock_days": ("", "", "", "", "7"),
    "essay_mark_lock_days": ("", "", "", "", "10"),
    "mark_correction_window_days": ("", "", "", "", "14"),
    "period_mark_edit_after_end": ("", "", "", "", "forbidden"),
    "period_mark_lock_days": ("", "", "", "", "5"),
    "post_lock_editor_roles": ("", "", "", "", "deputy"),
    "edit_forbidden_after_period_mark": ("", "true", "", "", ""),
    "period_mark_mode": ("days_after_end", "last_week", "", "", "on_end_day"),
    "period_mark_value": ("3", "", "", "", ""),
    "period_types_covered": (QHY, QTHY, "", QHY, "half_year, quarter"),
    "period_mark_author_roles": (
        "subject_teacher",
        "subject_teacher",
        "",
        "",
        "class_teacher, subject_teacher",
    ),
    "substitution_target": ("", "at_entry", "", "", ""),
    "substitution_limit": ("at_entry", "same_day", "", "", ""),
    "cancellation_limit": ("", "same_day", "", "", ""),
    "timetable_publish_lead_days": ("", "1", "", "", ""),
    "ktp_due": ("", "", "", "", "08-31"),
    "year_setup": ("new_year 09-03", ELEVEN, ELEVEN, "", "class_list:* 09-05"),
    "movement_order_limit": ("7d", "", "", "", ""),
    "roster_change_limit": ("", "same_day", "", "", "7d"),
    "first_grade_marks_forbidden": ("true", "true", "", "", "true"),
    "first_grade_homework_value": ("", "", "", "", "нет"),
    "first_grade_period_value": ("", "", "", "", "н/оц"),
    "first_grade_year_value": ("", "", "", "", "осв"),
    "teacher_scope": ("own", "own", "own", "", "own"),
    "class_teacher_may_edit_subjects": ("false", "false", "false", "", "during_illness"),
    "consent_required": ("", "true", "", "true", "true"),
    "access_removed_on_exit": ("", "true", "", "", "true"),
}

# Rules whose parameters stand in A7 only: annex P lists "only what the rules above use", these come later.
LATER = {
    "topic_language", "work_kind_missing", "plan_hours", "period_mark_unjustified", "card_incomplete",
    "homeroom_missing", "no_timetable_day", "absence_deleted_after_makeup", "void_after_incident",
    "scheduled_work_missing", "work_off_schedule", "promotion_missing", "control_act_missing",
}  # fmt: skip

# Values that annex P adds to what the act itself says.
WITHOUT_CLAUSE = {
    ("school7_oktyabrsky", "activity_kinds_in_scope"),
    ("school7_oktyabrsky", "homework_required"),
    ("school7_oktyabrsky", "future_marks_forbidden"),
    ("school7_oktyabrsky", "first_grade_marks_forbidden"),
    ("school7_oktyabrsky", "class_teacher_may_edit_subjects"),
    ("school16_korolev", "first_grade_marks_forbidden"),
    ("lindovskaya", "activity_kinds_in_scope"),
    ("lindovskaya", "mark_anchor"),
    ("krasnodar_region", "homework_anchor"),
    ("krasnodar_region", "mark_anchor"),
}


@cache
def shipped(profile_id: str) -> Profile:
    return read_profiles()[profile_id][-1]


@pytest.mark.parametrize("name", ANNEX_P)
def test_the_stated_values_are_those_of_annex_p(name: str) -> None:
    stated = [shipped(profile_id).stated(name) for profile_id in IDS]
    assert tuple("" if one is None else value_text(one.value) for one in stated) == ANNEX_P[name]


def test_annex_p_covers_what_the_rules_use() -> None:
    content = {rule for rule, names in RULE_PARAMETERS.items() if not names.governing}
    rules = set(RULE_PARAMETERS) - content - LATER
    used = {name for rule in rules for name in RULE_PARAMETERS[rule].governing}
    assert used <= set(ANNEX_P)


@pytest.mark.parametrize("profile_id", IDS)
def test_every_stated_value_has_a_clause_word_for_word_or_says_that_it_has_none(profile_id: str) -> None:
    profile = shipped(profile_id)
    without = set()
    for name, stated in profile.parameters.items():
        if stated.origin is Origin.CONTRACT_DEFAULT:
            assert stated.clause is None
            without.add((stated.layer, name))
        else:
            assert stated.clause is not None
            assert stated.clause.number
            assert len(stated.clause.quotation) > 10
    assert without == {pair for pair in WITHOUT_CLAUSE if pair[0] == profile_id and pair[1] in profile.parameters}


def test_a_clause_names_act_number_date_and_quotation() -> None:
    assert shipped("school53_krasnodar").clause("topic_limit") == Clause(
        act_title="Положение об электронном документообороте по учету успеваемости и посещаемости учащихся"
        " МАОУ СОШ № 53 г. Краснодар",
        act_number="№ 15",
        act_date=date(2024, 9, 2),
        number="3.8",
        quotation="прикрепление тем, домашних заданий, выставление текущих отметок и информации"
        " о пропусках уроков осуществлять не более чем в двухдневный срок"
        " после фактического проведения урока",
        layer="school53_krasnodar",
    )


def test_a_value_of_the_parent_keeps_the_parents_clause() -> None:
    clause = shipped("school53_krasnodar").clause("card_required_share")
    assert clause is not None
    assert (clause.layer, clause.number, clause.act_number) == ("krasnodar_region", "5.5", "№ 3581")


def test_silence_means_what_annex_p_says() -> None:
    silent = shipped("lindovskaya")
    assert silent.word("homework_required") == "if_assigned"
    assert silent.words("period_types_covered") == {"quarter", "trimester", "half_year", "year"}
    assert silent.word("deadline_roll_forward") == "next_working"
    assert silent.deadline("topic_limit") is None
    assert silent.flag("future_marks_forbidden") is False
    assert silent.count("mark_lock_days") is None
    assert dict(shipped("krasnodar_region").year_setup()) == {}


def test_a_parameter_is_not_read_as_another_type() -> None:
    profile = shipped("school53_krasnodar")
    with pytest.raises(TypeError, match="topic_required is a bool"):
        profile.count("topic_required")
    with pytest.raises(TypeError, match="topic_limit is a deadline"):
        profile.word("topic_limit")
    with pytest.raises(KeyError, match="topic_limt"):
        profile.value("topic_limt")


@pytest.mark.parametrize(
    ("profile_id", "rule", "target", "limit", "clause", "severity"),
    [
        ("school7_oktyabrsky", "topic", "same_day", "same_day", "Р-2.1", "major"),
        ("school7_oktyabrsky", "homework", "", "1h+same_day", "Р-2.2", "major"),
        ("school7_oktyabrsky", "written_mark", "same_day", "7d", "Р-2.4", "major"),
        ("school7_oktyabrsky", "future_mark", "", "", "", "minor"),
        ("school7_oktyabrsky", "period_mark", "", "", "П-6 №3", "critical"),
        ("school7_oktyabrsky", "mark_lock", "", "", "", "info"),
        ("school16_korolev", "monitoring_mark", "check_day", "3d", "УП-9", "major"),
        ("school16_korolev", "substitution", "at_entry", "same_day", "Р-2.5", "major"),
        ("school16_korolev", "edit_after_period_mark", "", "", "УП-1", "critical"),
        ("lindovskaya", "topic", "", "", "", "info"),
        ("lindovskaya", "year_setup", "", "", "3.2", "info"),
        ("krasnodar_region", "topic", "same_day", "", "Т-4.4", "minor"),
        ("school53_krasnodar", "written_mark", "same_day", "2d", "3.8", "major"),
        ("school53_krasnodar", "absence_reason", "", "2wd", "3.7", "major"),
        ("school53_krasnodar", "period_mark_lock", "", "", "3.8", "critical"),
        ("school53_krasnodar", "no_entry", "same_day", "2d", "3.8", "critical"),
        ("school53_krasnodar", "card_incomplete", "", "", "5.5", "major"),
        ("school53_krasnodar", "work_off_schedule", "", "", "8.3", "minor"),
        ("school53_krasnodar", "mark_while_absent", "", "", "", "major"),
    ],
)
def test_a_rule_finds_its_target_limit_clause_and_severity(
    profile_id: str, rule: str, target: str, limit: str, clause: str, severity: str
) -> None:
    profile = shipped(profile_id)
    found = profile.rule_clause(rule)
    assert value_text(profile.rule_target(rule)) == target
    assert value_text(profile.rule_limit(rule)) == limit
    assert ("" if found is None else found.number) == clause
    assert profile.rule_severity(rule) == Severity(severity)


def test_a_rule_without_a_word_in_the_act_is_not_regulated() -> None:
    silent = shipped("lindovskaya")
    assert [rule for rule in RULE_PARAMETERS if silent.is_regulated(rule)] == [
        "year_setup",
        "teacher_scope",
        "void_after_incident",
        "mark_while_absent",
        "mark_not_enrolled",
        "lesson_on_day_off",
        "two_marks_one_work",
        "topic_on_cancelled",
        "author_absent",
    ]


def test_a_late_mark_also_cites_the_ban_on_past_marks() -> None:
    assert [clause.number for clause in shipped("school16_korolev").rule_clauses("mark")] == ["Р-2.8", "УП-2"]
    assert [clause.number for clause in shipped("school7_oktyabrsky").rule_clauses("mark")] == ["П-6 №1"]


def test_every_parameter_is_stated_by_some_act_or_known_to_be_in_none() -> None:
    stated = {name for profile_id in IDS for name in shipped(profile_id).parameters}
    assert set(PARAMETERS) - stated == {
        "timezone",
        "school_week_days",
        "day_unit_default",
        "deadline_roll_forward",
        "same_day_cutoff",
        "municipal_report_due",
        "min_marks_per_period",
        "fill_thresholds",
        "min_lessons_share_for_fill",
        "min_cell_size",
    }
