"""What a source can tell about a rule, and the sentences of the loader in Russian."""

from __future__ import annotations

import pytest

from dashboard.coverage import Counts, coverage
from dashboard.load_words import reject_reason, remark
from dashboard.tables_words import table_name
from etl.warehouse.ledger import RULE, RULES, needed_tables
from etl.warehouse.tables import metadata

EVERYTHING = ("lesson", "mark", "absence", "work", "period", "period_mark", "plan", "enrolment", "group_member")
ALL = ("topics", "homework", "attendance_confirmation", "substitutions", "work_kinds", "change_log", "exact_timestamps")


def tells(rule: str, counts: Counts | None, carried=EVERYTHING, capabilities=ALL) -> str:
    return coverage(RULE[rule].number, carried, capabilities, counts).tells


def test_exact_times_are_told_exactly_and_the_rest_by_what_most_entries_have():
    assert tells("topic", Counts(n=10, exact=9, unknown=1)) == "exact"
    assert tells("topic", Counts(n=10, date_only=8, exact=2)) == "date_only"
    assert tells("mark", Counts(n=10, interval=10)) == "interval"
    assert tells("mark", Counts(n=10, unknown=10)) == "cannot"


def test_rows_of_which_nothing_is_said_make_the_answer_partial():
    assert tells("attendance", Counts(n=10, exact=6, untold=4), capabilities=()) == "partly"
    assert tells("topic", Counts(n=10, untold=10), capabilities=()) == "cannot"


def test_a_table_that_no_bundle_carries_is_named():
    found = coverage(RULE["plan"].number, ("lesson",), ALL, Counts())
    assert found.tells == "cannot"
    assert "тематические планы" in found.details


def test_a_capability_that_the_source_lacks_is_named_also_where_nothing_is_counted():
    found = coverage(RULE["topic"].number, EVERYTHING, (), None)
    assert found.tells == "cannot"
    assert "темы уроков" in found.details


def test_without_rows_there_is_nothing_to_judge():
    assert tells("plan", Counts()) == "nothing"


def test_a_breach_is_seen_in_the_entries_themselves():
    assert tells("grade1_mark", Counts()) == "content"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_needs_only_tables_of_the_bundle(rule):
    for table in needed_tables(rule.name):
        assert table_name(table) != table


def test_every_table_that_a_load_counts_has_a_russian_name():
    facts = {name.removeprefix("fact_") for name in metadata.tables if name.startswith("fact_")}
    unnamed = {name for name in facts if table_name(name) == name} - {"lesson_text", "lesson_status", "assessment"}
    assert unnamed == set()


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("required cell is blank", "обязательная клетка пуста"),
        ("refers to a pupil that is in no accepted row", "ссылка на строку, которой нет в принятых: ученики"),
        ("not one of 5, 6", "не из списка: 5, 6"),
        ("not a date as 2024-09-30", "не дата вида 2024-09-30"),
        ("from_on is not before to_on", "начало не раньше конца"),
        ("a sentence of tomorrow", "a sentence of tomorrow"),
    ],
)
def test_the_reason_of_a_rejected_row_is_told_in_russian(sentence, expected):
    assert reject_reason(sentence) == expected


def test_remarks_keep_their_numbers_and_names():
    told = remark("mark.recorded_at: 12 moments are later than the export itself and count as not made")
    assert told == "mark.recorded_at: 12 моментов позже самой выгрузки — такие записи считаются не сделанными"
    lost = remark(
        "change: 3 changes are of entries that no bundle brought and name no lesson; they are not judged,"
        " the first is 'c3' of mark 'm 9'"
    )
    assert "— 3; они не оцениваются. Первая: 'c3' (отметки 'm 9')" in lost
    assert "старый" in remark(
        "school s1: the regulation 'старый' is not installed and was taken as none stated; installed: a, b"
    )
