"""Numbers, dates and words as a Russian reader expects them."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from checks import words
from dashboard import i18n
from dashboard.components.shell import streamlit_words
from dashboard.filters import Severity, State, Status
from dashboard.pages_table import PAGES, ROLES
from dashboard.views.guide import guide_sections

DASHBOARD = Path(i18n.__file__).resolve().parent


def plain(text: str) -> str:
    return text.replace(i18n.NBSP, " ")


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.831, "83,1 %"),
        (1, "100,0 %"),
        (0, "0,0 %"),
        (0.9999, ">99,9 %"),
        (0.0001, "<0,1 %"),
        (None, "нельзя оценить"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(share, expected):
    assert plain(i18n.percent(share)) == expected


def test_a_number_never_breaks_from_its_sign_or_noun():
    for text in (
        i18n.percent(0.5),
        i18n.count(1281, "lesson"),
        i18n.points(-0.021),
        i18n.out_of(1065, 1281, "lesson"),
    ):
        assert not re.search(r"\d \S|\d [%п]", text.replace(" из", i18n.NBSP + "из")), text


@pytest.mark.parametrize(
    ("n", "expected"),
    [(1, "1 урок"), (2, "2 урока"), (5, "5 уроков"), (11, "11 уроков"), (21, "21 урок"), (112, "112 уроков")],
)
def test_nouns_follow_their_number(n, expected):
    assert plain(i18n.count(n, "lesson")) == expected


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(1065, 1281, "1 065 из 1 281 урока"), (3, 1280, "3 из 1 280 уроков"), (0, 2, "0 из 2 уроков")],
)
def test_a_denominator_stands_in_the_genitive(part, whole, expected):
    assert plain(i18n.out_of(part, whole, "lesson")) == expected


@pytest.mark.parametrize(
    ("difference", "expected"),
    [(-0.0214, "−2,1 п.п."), (0.009, "+0,9 п.п."), (0.0, "0 п.п."), (-0.0001, "0 п.п."), (None, "")],
)
def test_a_difference_bears_its_sign_and_a_minus_is_no_hyphen(difference, expected):
    assert plain(i18n.points(difference)) == expected


@pytest.mark.parametrize(
    "said",
    [
        "СОШ № 14",
        "п. 3.8, № 173 от 02.09.2024",
        "от 90 % до 95 %",
        "Школа — 87,3 %",
        "в школе № 7 п. Октябрьский",
        "Орлова М. П., гр. 1",
    ],
)
def test_a_number_keeps_its_sign_and_a_dash_begins_no_line(said):
    bound = i18n.unbroken(said)
    assert plain(bound) == said
    assert not re.search(r"№ |п\. | %| — |М\. П|гр\. ", bound)


def test_texts_of_the_pages_are_bound_and_those_of_the_checks_stay_as_files_repeat_them():
    ours = {key: text for key, text in i18n.texts().items() if key not in words.Texts(words.FOLDER).all}
    assert not [key for key, text in ours.items() if re.search(r"№ [\d{]|[\d}] %", text)]
    assert all(i18n.texts()[key] == text for key, text in words.Texts(words.FOLDER).all.items())


def test_dates_are_russian_and_a_naive_moment_is_refused():
    assert plain(i18n.moment(datetime(2026, 11, 12, 6, 0, tzinfo=UTC))) == "12 ноября 2026, 06:00"
    assert i18n.day_short(date(2026, 11, 5)) == "05.11.2026"
    assert plain(i18n.day_of_week(date(2026, 11, 12))) == "12 ноября, четверг"
    assert plain(i18n.month(date(2026, 11, 12))) == "ноябрь 2026"
    with pytest.raises(ValueError, match="time zone"):
        i18n.moment(datetime(2026, 11, 12, 6, 0))  # noqa: DTZ001 - a naive moment is the point


def test_every_key_the_code_names_has_a_text():
    named = set()
    for path in DASHBOARD.rglob("*.py"):
        named |= set(re.findall(r"""\bt\(\s*["']([a-z_.]+)["']""", path.read_text(encoding="utf-8")))
    assert len(named) > 40
    assert not {key for key in named if not i18n.has(key)}


def test_every_code_has_its_words():
    keys = [f"status.{code}" for code in Status] + [f"severity.{code}" for code in Severity]
    keys += [f"finding_state.{code}" for code in State] + [f"role.{role}" for role in ROLES]
    keys += [row.title_key for row in PAGES]
    keys += [f"status_meaning.{code}" for code in Status] + [f"severity_meaning.{code}" for code in Severity]
    assert not [key for key in keys if not i18n.has(key)]


def test_every_noun_has_all_four_forms():
    nouns = {key.split(".")[1] for key in i18n.texts() if key.startswith("noun.")}
    for noun in nouns:
        assert all(i18n.has(f"noun.{noun}.{form}") for form in ("one", "few", "many", "other")), noun


def test_no_text_is_latin():
    allowed = re.compile(r"\{\w+\}|JavaScript|CSV|XLSX?|Parquet|ZIP|HTML|XML|PDF|DOCX|TOML|PostgreSQL|[IVX]+\b"
                         r"|SHA-256|OneRoster|Ed-Fi|zavuch [a-z]+|\{\{ body \}\}|orlova@school7\.ru"
                         r"|\b(?:zip|xlsx|xls|html|csv|xml)\b")  # fmt: skip
    latin = {key: text for key, text in i18n.texts().items() if re.search("[A-Za-z]{2}", allowed.sub("", text))}
    assert not latin


def test_a_missing_text_is_an_error_and_not_an_empty_place():
    with pytest.raises(i18n.MissingTextError):
        i18n.t("no.such.text")


def test_the_words_of_streamlit_are_translated_by_patterns_a_browser_understands():
    words = streamlit_words()
    assert all(re.search("[А-Яа-яЁё]", text) for text in words["words"].values())
    for pattern, text in words["patterns"]:
        groups = re.compile(pattern).groups
        assert all(int(n) <= groups for n in re.findall(r"\{(\d)\}", text)), pattern


def test_text_files_are_toml_without_repeated_keys():
    files = [*words.FOLDER.glob("*.toml"), *i18n.TEXTS.glob("*.toml")]
    assert sum(len(list(words.flat(tomllib.loads(f.read_text(encoding="utf-8"))))) for f in files) == len(i18n.texts())


def test_the_guide_has_sections_with_text():
    sections = guide_sections()
    assert len(sections) >= 8
    assert all(title and body for _, title, body in sections)
    assert len({anchor for anchor, _, _ in sections}) == len(sections)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("200MB per file • ZIP, XLSX", "до 200 МБ на файл"),
        ("1.2KB", "1.2 КБ"),
        ("12.0MB", "12.0 МБ"),
        ("800.0B", "800.0 Б"),
        ("journals-12.11.2018.zip, 1.2KB", "journals-12.11.2018.zip, 1.2 КБ"),
        ("Remove journals-12.11.2018.zip", "Убрать journals-12.11.2018.zip"),
        ("Cancel upload of 2018_2019_7а (7а).xlsx", "Не отправлять 2018_2019_7а (7а).xlsx"),
        ("File must be 200.0MB or smaller.", "Файл больше 200.0 МБ."),
        ("Remove the lid", None),
        ("5B", None),
        ("Дробь, 2B", None),
    ],
)
def test_what_streamlit_says_of_a_file_is_russian(theirs: str, ours: str | None) -> None:
    found = (
        re.sub(r"\{(\d)\}", lambda number: match[int(number[1])], words)
        for pattern, words in streamlit_words()["patterns"]
        if (match := re.fullmatch(pattern, theirs))
    )
    assert next(found, None) == ours
