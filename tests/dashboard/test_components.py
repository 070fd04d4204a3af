"""What the components draw, and what they believe of a browser's answer."""

from __future__ import annotations

from datetime import date

import pytest

from dashboard.components.badges import severity_badge, state_badge, status_badge
from dashboard.components.figure import clicked_point
from dashboard.components.heat_grid import Axis, Cell, clicked, heat_payload
from dashboard.components.journal_grid import (
    Entry,
    JournalGrid,
    LessonColumn,
    PupilRow,
    clicked_lesson,
    journal_payload,
)
from dashboard.components.kpi_cards import Kpi, card_payload
from dashboard.components.palette import ALERT, step_of
from dashboard.components.source import ASSETS
from dashboard.components.word_grid import Word, WordGrid, word_payload
from dashboard.filters import Severity, State, Status

ROWS = [Axis(10, "Русский язык"), Axis(11, "Физика")]
COLUMNS = [Axis("5a", "5А"), Axis("5b", "5Б")]
LESSONS = [
    LessonColumn(100, date(2026, 11, 5)),
    LessonColumn(101, date(2026, 11, 6), "missing", "missing", "нет темы"),
]


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_alert_scale_darkens_with_every_step_and_brightens_in_the_dark_theme():
    light = [luminance(step.light[0]) for step in ALERT]
    dark = [luminance(step.dark[0]) for step in ALERT]
    assert light == sorted(light, reverse=True)
    assert dark == sorted(dark)
    assert len(set(light)) == len(set(dark)) == len(ALERT)


@pytest.mark.parametrize("step", ALERT, ids=lambda step: str(step.at_least))
def test_the_number_in_a_cell_can_be_read(step):
    assert contrast(*step.light) >= 4.5
    assert contrast(*step.dark) >= 4.5


def test_only_a_whole_share_is_full():
    assert step_of(1.0) == 0
    assert step_of(0.9999) == 1
    assert step_of(0.0) == len(ALERT) - 1


def test_a_grid_tells_nothing_due_from_cannot_tell_from_zero():
    cells = {(10, "5a"): Cell(0.0, 8), (10, "5b"): Cell(None, 8), (11, "5a"): Cell(1.0, 0)}
    payload = heat_payload(ROWS, COLUMNS, cells, caption="Доля")
    assert payload["cells"] == [[[0.0, 8], [None, 8]], [None, None]]
    assert payload["unknown"]


def test_a_share_just_below_one_does_not_become_full_on_its_way():
    payload = heat_payload(ROWS[:1], COLUMNS[:1], {(10, "5a"): Cell(0.99999, 100_000)}, caption="")
    assert payload["cells"][0][0][0] < 1


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ([0, 1], (10, "5b")),
        ([1, -1], (11, None)),
        ([-1, 0], (None, "5a")),
        ([-1, -1], None),
        ([2, 0], None),
        ([0, 9], None),
        (["0", "1"], None),
        ([0], None),
        ("01", None),
        (None, None),
        ([0, -5], None),
    ],
)
def test_a_forged_click_on_a_grid_is_no_click(place, expected):
    assert clicked(place, ROWS, COLUMNS) == expected


def test_a_grid_of_words_sends_its_cells_in_the_order_of_its_axes_and_an_unknown_place_opens_nothing():
    cells = {(10, "5a"): Word("2", "poor"), (11, "5b"): Word("", opens=False)}
    payload = word_payload(WordGrid(ROWS, COLUMNS, cells, "Ведомость", "Ученик"))
    assert payload["cells"] == [[["2", "poor", True], None], [None, ["", "", False]]]
    assert payload["columns"] == ["5А", "5Б"] and payload["rows"][0][0] == "Русский язык"


@pytest.mark.parametrize(
    ("column", "expected"),
    [(0, 100), (1, 101), (1.0, 101), (2, None), (-1, None), ("0", None), (True, None), (None, None)],
)
def test_a_forged_click_on_a_journal_is_no_click(column, expected):
    assert clicked_lesson(column, LESSONS) == expected


def test_a_journal_hatches_attendance_that_is_not_marked_in_red_only_once_it_is_overdue():
    lessons = [
        *LESSONS,
        LessonColumn(102, date(2026, 11, 7), "cancelled", "missing"),
        LessonColumn(103, date(2026, 11, 8), "unknown", "unknown"),
        LessonColumn(104, date(2026, 11, 9), "pending", "pending"),
    ]
    payload = journal_payload(JournalGrid([PupilRow(1, "Ёлкина В.")], lessons, {}, ""), selected=101)
    assert payload["hatches"] == ["", "unmarked", "", "untold", "waiting"]
    assert {*payload["hatches"]} - {""} <= set(payload["text"]["legend"])
    assert payload["selected"] == 1
    assert payload["lessons"][1][:4] == ["6", "нояб", "missing", "нет темы"]


def test_a_journal_sends_only_cells_in_which_something_stands():
    entries = {
        (1, 100): Entry(("5", "4")),
        (1, 101): Entry(absence="н"),
        (2, 100): Entry(("3",)),
        (1, 999): Entry(("2",)),
    }
    payload = journal_payload(JournalGrid([PupilRow(1, "А")], LESSONS, entries, ""))
    assert payload["entries"] == {"0:0": {"marks": ["5", "4"]}, "0:1": {"absence": "н"}}


def test_a_card_shows_its_denominator_and_its_change():
    payload = card_payload(Kpi("done", "Заполнено", 0.831, 1065, 1281, delta=-0.021, delta_note="к I четверти"))
    assert payload["value"].replace("\u00a0", " ") == "83,1 %"
    assert payload["detail"].replace("\u00a0", " ") == "1 065 из 1 281 урока"
    assert (payload["deltaKind"], payload["arrow"]) == ("bad", "↓")


def test_a_change_for_the_worse_is_bad_also_where_less_is_better():
    assert card_payload(Kpi("late", "С опозданием", 0.2, 2, 10, delta=0.05, better="down"))["deltaKind"] == "bad"
    assert card_payload(Kpi("n", "Уроков", 0.2, 2, 10, delta=0.05, better="none"))["deltaKind"] == ""


@pytest.mark.parametrize("card", [Kpi("x", "Темы"), Kpi("x", "Темы", 0.0, 0, 0)])
def test_a_card_that_cannot_tell_is_neither_zero_nor_all(card):
    payload = card_payload(card)
    assert payload["value"] == "нельзя оценить"
    assert payload["kind"] == "unknown"
    assert not payload["opens"]


def test_a_card_with_fewer_than_five_is_not_compared():
    payload = card_payload(Kpi("x", "Темы", 0.5, 2, 4, delta=0.3))
    assert payload["kind"] == "few"
    assert payload["delta"] == ""
    assert card_payload(Kpi("x", "Темы", 0.6, 3, 5, delta=0.3))["delta"] != ""


def test_what_is_left_out_of_a_card_is_counted():
    payload = card_payload(Kpi("x", "Темы", 0.5, 5, 10, excluded=(("урок отменён", 12), ("пусто", 0), ("ждёт", 3))))
    assert payload["excluded"] == [["урок отменён", "12"], ["ждёт", "3"]]
    assert "15" in payload["excludedTotal"]


def test_every_status_severity_and_state_has_a_badge_with_an_icon_and_a_word():
    badges = [status_badge(code) for code in Status] + [severity_badge(code) for code in Severity]
    badges += [state_badge(code) for code in State]
    assert all("-badge[:material/" in badge for badge in badges)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"selection": {"points": [{"customdata": ["12"]}]}}, "12"),
        ({"selection": {"points": [{"customdata": {"0": 12}}]}}, "12"),
        ({"selection": {"points": []}}, None),
        ({"selection": {"points": [{}]}}, None),
        (None, None),
    ],
)
def test_a_clicked_point_is_known_by_its_first_value(event, expected):
    assert clicked_point(event) == expected


def test_no_script_writes_markup_from_data():
    for path in ASSETS.glob("*.js"):
        assert not any(
            word in path.read_text(encoding="utf-8") for word in ("innerHTML", "outerHTML", "insertAdjacent")
        )
