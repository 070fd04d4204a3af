"""The sentences of one ledger row: every status, quality and lag, on the school's own clock."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from checks import wording
from checks.wording import LedgerRow, has, told
from checks.words import NBSP
from etl.warehouse.ledger import RULE, RULES, Excluded, Quality, Status

ZONE = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 9, 20, 6, 0, tzinfo=ZONE)


def at(text: str) -> datetime:
    return datetime.strptime(f"2026.{text}", "%Y.%d.%m %H:%M:%S").replace(tzinfo=ZONE)


def row(rule: str = "topic", status: Status = Status.on_time, **values) -> LedgerRow:
    return LedgerRow(RULE[rule].number, int(status), ZONE, NOW, **values)


def words(of: LedgerRow) -> str:
    return told(of).replace(NBSP, " ")


LIMIT: dict[str, Any] = {"due_at": at("15.09 23:59:59")}


def made(text: str, quality: Quality = Quality.exact) -> dict[str, Any]:
    return {"done_earliest": at(text), "done_latest": at(text), "quality": quality}


def test_a_late_entry_is_told_with_its_moment_its_limit_and_its_lag():
    late = row(status=Status.late, **LIMIT, **made("16.09 17:00:00"))
    assert words(late) == "внесено 16.09 17:00, срок 15.09 23:59, на 17 ч позже"


def test_an_entry_in_time_is_told_without_a_lag():
    assert words(row(**LIMIT, **made("15.09 12:00:00"))) == "внесено 15.09 12:00, срок 15.09 23:59"


def test_an_entry_after_the_target_names_both_deadlines():
    amber = row(status=Status.amber, target_at=at("14.09 23:59:59"), **LIMIT, **made("15.09 12:00:00"))
    assert words(amber) == "внесено 15.09 12:00, цель 14.09 23:59, срок 15.09 23:59"


def test_a_missing_entry_says_how_long_it_is_overdue():
    assert words(row(status=Status.missing, **LIMIT)) == "не внесено, срок 15.09 23:59, просрочено на 4 дня"


def test_a_pending_entry_says_that_there_is_time():
    pending = row(status=Status.pending, due_at=at("25.09 23:59:59"))
    assert words(pending) == "не внесено, срок 25.09 23:59, срок ещё не наступил"


def test_a_target_without_a_limit_is_never_called_overdue():
    pending = row(status=Status.pending, target_at=at("15.09 23:59:59"))
    assert words(pending) == "не внесено, цель 15.09 23:59, предельный срок не установлен, цель прошла"


def test_a_bare_date_is_told_as_a_date_and_its_lag_in_days():
    day: dict[str, Any] = {
        "done_earliest": at("17.09 00:00:00"),
        "done_latest": at("17.09 23:59:59"),
        "quality": Quality.date_only,
    }
    late = row(status=Status.late, **LIMIT, **day)
    assert words(late) == "внесено 17.09 (известна дата, без времени), срок 15.09 23:59, на 2 дня позже"


def test_an_interval_names_both_exports_and_the_least_lag():
    span: dict[str, Any] = {
        "done_earliest": at("16.09 06:00:01"),
        "done_latest": at("17.09 06:00:00"),
        "quality": Quality.interval,
    }
    late = row(status=Status.late, **LIMIT, **span)
    expected = "внесено между выгрузками 16.09 06:00 и 17.09 06:00, срок 15.09 23:59, позже не меньше чем на 6 ч"
    assert words(late) == expected


def test_an_entry_of_unknown_time_cannot_be_judged_and_says_why():
    before = datetime(1900, 1, 1, tzinfo=UTC)
    unknown: dict[str, Any] = {"done_earliest": before, "done_latest": at("18.09 06:00:00"), "quality": Quality.unknown}
    cannot = row(status=Status.indeterminate, **LIMIT, **unknown)
    expected = "нельзя оценить: внесено до первой выгрузки 18.09 06:00, когда — неизвестно, а срок 15.09 23:59"
    assert words(cannot) == expected


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("topic", "источник не передаёт темы уроков"),
        ("homework", "источник не передаёт домашние задания"),
        ("attendance", "источник не сообщает, проверена ли посещаемость, когда все на месте"),
        ("plan", "источник не сообщает, сделана ли запись"),
    ],
)
def test_a_silent_source_is_named_as_the_reason(rule, why):
    assert words(row(rule, Status.indeterminate, can_tell=False, **LIMIT)) == f"нельзя оценить: {why}"


def test_a_deadline_that_cannot_be_computed_says_so():
    assert words(row("homework", Status.indeterminate)) == (
        "нельзя оценить: неизвестно, когда кончились уроки: срок вычислить нельзя"
    )


def test_without_a_regulation_the_moment_is_told_and_no_deadline():
    free = row(status=Status.not_regulated, **made("16.09 17:00:00"))
    assert words(free) == "внесено 16.09 17:00, срок не установлен"
    assert words(row(status=Status.not_regulated)) == "не внесено, срок не установлен"


def test_a_silent_source_without_a_regulation_is_not_called_empty():
    silent = row(status=Status.not_regulated, can_tell=False)
    assert words(silent) == "источник не передаёт темы уроков, срок не установлен"


@pytest.mark.parametrize("excluded", list(Excluded))
def test_an_excluded_row_says_why_it_does_not_count(excluded):
    sentence = words(row(status=Status.not_applicable, excluded=int(excluded)))
    assert sentence.startswith("не требуется: ")
    assert len(sentence) > len("не требуется: ") + 5


def test_a_mark_in_advance_names_the_first_lawful_moment():
    early = row("future_mark", Status.early, not_before=at("17.09 00:00:00"), **made("15.09 12:00:00"))
    assert words(early) == "внесено 15.09 12:00, можно не раньше 17.09 00:00"


def test_a_change_is_told_as_changed_and_a_broken_ban_as_broken():
    late = row("mark_lock", Status.late, **LIMIT, **made("16.09 17:00:00"))
    assert words(late) == "изменено 16.09 17:00, срок 15.09 23:59, на 17 ч позже"
    assert wording.status_name(RULE["mark_lock"].number, Status.late) == "запрет нарушен"
    assert wording.status_name(RULE["mark_lock"].number, Status.on_time) == "разрешено"
    assert wording.status_name(RULE["topic"].number, Status.late) == "с опозданием"


def test_the_clock_is_the_schools_own():
    utc = datetime(2026, 9, 16, 21, 30, tzinfo=UTC)
    there = LedgerRow(1, int(Status.on_time), ZoneInfo("Asia/Kamchatka"), NOW)
    assert wording.moment(utc, there).replace(NBSP, " ") == "17.09 09:30"


def test_another_year_is_written_out():
    old = row(status=Status.on_time, due_at=datetime(2025, 12, 30, 23, 59, tzinfo=ZONE), **made("01.09 10:00:00"))
    assert words(old) == "внесено 01.09 10:00, срок 30.12.2025 23:59"


def test_an_entry_made_after_t_is_not_made():
    later = row(status=Status.missing, **LIMIT, **made("25.09 10:00:00"))
    assert words(later).startswith("не внесено, ")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(1, "1 мин"), (3599, "59 мин"), (3600, "1 ч"), (86399, "23 ч"), (86400, "1 день"), (5 * 86400, "5 дней")],
)
def test_a_lag_is_told_in_whole_units(seconds, expected):
    assert wording.lag(seconds).replace(NBSP, " ") == expected


def test_a_clause_is_told_with_number_and_date_of_its_act():
    act = {"clause": "Р-2.1", "act_number": "протокол № 1", "act_date": date(2017, 8, 30), "act_title": "Положение"}
    assert wording.clause(act) == "п. Р-2.1, протокол № 1 от 30.08.2017"
    assert wording.act(act) == "Положение, протокол № 1 от 30.08.2017"
    assert wording.clause({**act, "act_number": None}) == "п. Р-2.1, от 30.08.2017"
    assert wording.clause({"clause": "3.8"}) == "п. 3.8"
    assert wording.clause({"clause": None, "origin": "none"}) == "регламент об этом молчит"
    assert wording.clause({"clause": None, "origin": "contract default"}) == "значение по умолчанию: акт об этом молчит"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_words_and_every_breach_a_sentence(rule):
    assert wording.rule_name(rule.number) != rule.name
    if rule.kind == "content":
        assert has(f"breach.{rule.name}")


@pytest.mark.parametrize("status", list(Status))
def test_every_status_makes_a_sentence_without_a_full_stop(status):
    sentence = words(row(status=status, **LIMIT, **made("16.09 17:00:00")))
    assert sentence
    assert not sentence.endswith(".")
