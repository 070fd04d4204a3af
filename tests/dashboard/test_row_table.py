"""The table of sentences: what is sent to the browser and what a click may mean."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import dashboard
from dashboard.components.frame_table import frame_rows
from dashboard.components.row_table import Cell, Column, Row, clicked_row, table_payload

COLUMNS = (Column("Урок", wide=True), Column("Сколько", is_number=True))


def test_a_note_and_a_badge_carry_a_sign_beside_their_colour():
    rows = (Row((Cell("5 ноября", "не внесено", "bad"), Cell("грубое", tone="bad", badge=True))),)
    cells = table_payload(COLUMNS, rows, caption="Уроки")["rows"][0]["cells"]
    assert [cell[3] for cell in cells] == ["!", "!"]


def test_a_row_that_opens_nothing_has_no_button():
    payload = table_payload(COLUMNS, (Row((Cell("а"), Cell("1")), None, "Открыть а"),), caption="Уроки")
    assert payload["rows"][0]["opens"] == ""


def test_a_row_with_another_number_of_cells_is_refused():
    with pytest.raises(ValueError, match="1 cells"):
        table_payload(COLUMNS, (Row((Cell("а"),)),), caption="Уроки")


@pytest.mark.parametrize("index", [None, True, "0", -1, 2])
def test_what_the_browser_cannot_have_sent_opens_nothing(index):
    assert clicked_row(index, (Row((), 7), Row((), 8))) is None


def test_a_click_gives_the_id_of_the_row():
    assert clicked_row(1, (Row((), 7), Row((), 8))) == 8


def test_no_table_is_a_canvas_that_a_phone_and_a_reader_by_ear_cannot_read():
    package = Path(dashboard.__file__).parent
    drawn = [path.name for path in package.rglob("*.py") if "st.dataframe(" in path.read_text(encoding="utf-8")]
    assert drawn == []


def test_a_frame_is_drawn_with_words_of_its_kinds_and_a_dash_for_nothing():
    rows = pl.DataFrame(
        {"Класс": ["5А", "5Б"], "Уроков": [1200, None], "Доля": [0.98765, 1.0], "Средняя": [4.256, 3.0]}
    )
    columns, table = frame_rows(rows, shares=["Доля"], empty="—", opens=["", "Открыть"], digits=2)
    texts = [[cell.text.replace("\u00a0", " ") for cell in row.cells] for row in table]
    assert texts == [["5А", "1 200", "98,8 %", "4,26"], ["5Б", "—", "100,0 %", "3,00"]]
    assert [row.id for row in table] == [None, 1]
    assert [column.is_number for column in columns] == [False, True, True, True]
