"""Values of acts in Russian, and which lessons a version judges."""

from __future__ import annotations

import re
from datetime import date

import pytest

from dashboard.i18n import NBSP
from dashboard.regulation_words import act_name, deadline_words, value_words, version_notice, word
from dashboard.views.regulation import rule_row
from dashboard.views.regulation_acts import condition_row, silent_row
from etl.regulations.catalogue import act_rows, parameter_rows
from etl.regulations.parameters import PARAMETERS, Kind
from etl.regulations.read import read_profiles


def plain(text: str) -> str:
    return text.replace(NBSP, " ")


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("same_day", "в тот же день"),
        ("2d", "не позже чем через 2 календарных дня"),
        ("1wd", "не позже чем через 1 рабочий день"),
        ("5id", "не позже чем через 5 учебных дней"),
        ("1h+same_day", "не позже чем через 1 час, но в тот же день"),
        ("check_day", "в день проверки работы"),
        (None, ""),
    ],
)
def test_a_limit_is_a_phrase(limit: str | None, expected: str) -> None:
    assert plain(deadline_words(limit)) == expected


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        ("mark_lock_days", "10", "10 календарных дней"),
        ("topic_required", "true", "да"),
        ("homework_required", '"none"', "не требуется"),
        ("deadline_roll_forward", '"none"', "не переносится"),
        ("control_frequency", '"quarter"', "каждую четверть"),
        ("print_schedule", '["quarter", "year"]', "год, четверть"),
        ("ktp_due", '"08-31"', "31 августа"),
        ("year_setup", '{"class_list:*": "09-05"}', "5 сентября: список каждого класса"),
        ("year_setup", '{"rooms": "09-05", "classes": "09-05"}', "5 сентября: кабинеты, классы"),
        ("fill_thresholds", '{"green": 0.95}', "зелёный: 95 %"),
        ("card_required_share", "1.0", "100 %"),
        ("first_grade_homework_value", '"нет"', "нет"),
        ("topic_limit", None, "молчит"),
    ],
)
def test_a_value_is_worded_by_its_kind_and_unit(parameter: str, value: str | None, expected: str) -> None:
    known = PARAMETERS[parameter]
    assert plain(value_words(parameter, str(known.kind), known.unit, value)) == expected


def test_every_word_an_act_may_use_is_russian() -> None:
    codes = [
        (name, code)
        for name, parameter in PARAMETERS.items()
        if parameter.kind in (Kind.ENUM, Kind.SET, Kind.YEAR_SETUP)
        for code in parameter.allowed
    ]
    assert len(codes) > 100
    assert [(name, code) for name, code in codes if re.search("[A-Za-z_]", word(name, code))] == []


def test_every_condition_of_every_shipped_act_is_worded_without_latin_letters() -> None:
    profiles = read_profiles()
    acts, parameters = act_rows(profiles), parameter_rows(profiles)
    levels = {act["regulation"]: act["level"] for act in acts}
    rows = [condition_row(row, levels) if row["value"] else silent_row(row) for row in parameters]
    assert len(rows) == 5 * len(PARAMETERS)
    texts = [cell.text for row in rows for cell in row.cells] + [row.cells[1].note for row in rows]
    codes = re.compile(r"[a-z]+_[a-z]+|\d(d|wd|id|h)\b")
    assert [text for text in texts if codes.search(text)] == []


def test_a_condition_that_is_laxer_than_the_layer_above_says_so() -> None:
    rows = [row for row in parameter_rows(read_profiles()) if row["is_laxer"]]
    cells = [condition_row(row, {"krasnodar_region": "region", "school53_krasnodar": "school"}).cells for row in rows]
    assert [cell[1].tone for cell in cells] == ["warn", "warn"]
    assert all(cell[1].note.startswith("мягче, чем у региона: ") for cell in cells)
    assert plain(cells[0][3].text) == "школа, с 02.09.2024"


def act(version: int, start: date | None, until: date | None) -> dict[str, object]:
    return {
        "profile_version": version,
        "valid_from": start,
        "valid_until": until,
        "title": "Положение",
        "act_number": "№ 1",
        "act_date": date(2024, 9, 2),
    }


def test_the_first_version_says_that_it_covers_what_is_older() -> None:
    first, second = date(2023, 9, 1), date(2024, 9, 2)
    assert "уроки до этого дня тоже оценены по нему" in version_notice(act(1, first, None), 1)
    assert "Акт не датирован" in version_notice(act(1, None, None), 1)
    both = version_notice(act(1, first, second), 2)
    assert "действовала до 02.09.2024" in both and "все уроки до 01.09.2023" in both
    assert "все уроки до 02.09.2024" in version_notice(act(1, None, second), 2)
    assert version_notice(act(2, second, None), 2).startswith("2-я редакция из 2: действует с 02.09.2024")
    assert "действовала с 01.09.2023 до 02.09.2024" in version_notice(act(2, first, second), 3)


def test_an_act_with_several_versions_is_named_with_its_version() -> None:
    assert act_name(act(1, None, None)) == "№ 1 от 02.09.2024 · Положение"
    assert act_name(act(2, None, None)) == "№ 1 от 02.09.2024 · Положение (редакция 2)"


def rule(**cells: object) -> dict[str, object]:
    given: dict[str, object] = {
        "rule": 1,
        "severity": 2,
        "norm_share": 0.95,
        "target_text": None,
        "limit_text": None,
        "act_number": "№ 15",
        "act_date": date(2024, 9, 2),
        "clause": "3.8",
        "quotation": "слова акта",
        "origin": "act",
        "parameter": "topic_limit",
    }
    return {**given, **cells}


def test_a_rule_shows_target_limit_norm_clause_and_the_words_of_the_act() -> None:
    cells = rule_row(rule(target_text="same_day", limit_text="2d"), {}).cells
    assert [plain(cell.text) for cell in cells] == [
        "Тема урока",
        "в тот же день",
        "не позже чем через 2 календарных дня",
        "95 %",
        "п. 3.8, № 15 от 02.09.2024",
    ]
    assert cells[0].note == "существенное" and cells[4].note == "«слова акта»"


def test_a_rule_without_a_limit_of_time_shows_what_it_demands() -> None:
    days = {"label": "отметки: дни до запрета правки", "parameter": "mark_lock_days", "kind": "int", "value": "10"}
    ban = {"label": "отметки вперёд запрещены", "parameter": "future_marks_forbidden", "kind": "bool", "value": "true"}
    named = {one["parameter"]: {**one, "unit": "calendar days"} for one in (days, ban)}
    lock = rule_row(rule(parameter="mark_lock_days"), named).cells[2]
    assert plain(lock.text) == "10 календарных дней" and lock.note == days["label"]
    assert rule_row(rule(parameter="future_marks_forbidden"), named).cells[2].text == ban["label"]
    assert "общее правило" in rule_row(rule(origin="none", clause=None, parameter=None), named).cells[2].text
    assert rule_row(rule(target_text="same_day"), named).cells[2].text == "срок не установлен"
