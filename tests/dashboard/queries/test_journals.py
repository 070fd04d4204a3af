"""The journal and the card of a lesson, against the bundle's own rows and for every reader."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from dashboard import journal_sheet
from dashboard.filters import LARGEST_ID, Filters
from dashboard.lesson_rows import lesson_rows
from dashboard.queries.door import counted
from dashboard.queries.journals import Journal, held, read_journal, read_journals
from dashboard.queries.lesson import read_lesson
from dashboard.queries.rosters import is_member, joined_late
from etl.warehouse.engine import owner_connection
from etl.warehouse.ledger import RULE
from etl.warehouse.metrics import METRICS
from tests.conftest import CLASS_TEACHER, DEPUTY, INSPECTOR, SILENT_DEPUTY, STRANGER, TEACHER

NOW = datetime(2026, 11, 12, 5, 0, tzinfo=UTC)


@pytest.fixture
def ask(warehouse):
    """Rows of a query as the owner."""

    def asked(query: str, *values):
        with owner_connection(warehouse.url) as connection:
            return connection.execute(query, values or None).fetchall()

    return asked


@pytest.fixture
def some(ask, warehouse):
    """The journal of a whole class with quarters, with marks, that lacks the most topics."""
    return ask(
        "SELECT w.journal_id FROM mart_duty_week w JOIN dim_journal j USING (school_id, journal_id)"
        " JOIN dim_group g USING (school_id, group_id)"
        " JOIN dim_class c ON c.school_id = j.school_id AND c.class_id = j.class_id"
        " WHERE w.school_id = %s AND g.kind = 'class' AND c.grade BETWEEN 2 AND 9 AND w.rule = 1 AND w.status = 5"
        " AND EXISTS (SELECT 1 FROM fact_mark m WHERE m.school_id = w.school_id AND m.journal_id = w.journal_id)"
        " GROUP BY 1 ORDER BY sum(w.row_count) DESC, 1 LIMIT 1",
        warehouse.school_id,
    )[0][0]


@pytest.fixture
def page_of(scope_of, warehouse, some):
    def read(user=DEPUTY, journal=None, **position) -> Journal:
        page = read_journal(scope_of(user), Filters(school=warehouse.school_id, **position), journal or some, NOW)
        assert page is not None
        return page

    return read


def test_the_page_shows_the_lessons_of_the_period_in_order(page_of, ask, warehouse, some):
    page = page_of(period="q1")
    expected = ask(
        "SELECT lesson_id FROM fact_lesson WHERE school_id = %s AND journal_id = %s AND deleted_latest IS NULL"
        " AND held_on BETWEEN %s AND %s ORDER BY held_on, slot, lesson_id",
        warehouse.school_id, some, page.first, page.last,
    )  # fmt: skip
    assert page.lessons["lesson_id"].to_list() == [row[0] for row in expected]
    assert page.lessons.height > 5


def test_marks_and_absences_are_those_of_its_lessons(page_of, ask, warehouse, some):
    page = page_of(period="year")
    marks, absences = ask(
        "SELECT (SELECT count(*) FROM fact_mark WHERE school_id = %s AND journal_id = %s AND deleted_latest IS NULL),"
        " (SELECT count(*) FROM fact_absence WHERE school_id = %s AND journal_id = %s AND deleted_latest IS NULL)",
        warehouse.school_id, some, warehouse.school_id, some,
    )[0]  # fmt: skip
    kinds = dict(page.entries.group_by("kind").len().iter_rows())
    assert (kinds["mark"], kinds["absence"]) == (marks, absences)


def test_the_share_of_the_heading_is_that_of_the_marts(page_of, ask, warehouse, some):
    page = page_of(period="year")
    found = METRICS["completeness"].of(page.rows)
    done, base = ask(
        "SELECT sum(row_count) FILTER (WHERE is_made), sum(row_count) FILTER (WHERE is_made OR is_due)"
        " FROM mart_duty_week"
        " WHERE school_id = %s AND journal_id = %s AND rule IN (1, 2, 3) AND is_required AND excluded IS NULL",
        warehouse.school_id, some,
    )[0]  # fmt: skip
    assert (found.part, found.whole) == (done, base)
    assert 0 < found.part < found.whole
    assert "не внесено — " in journal_sheet.title(page)


def test_held_lessons_are_those_of_the_mart(page_of, ask, warehouse, some):
    expected = ask(
        "SELECT sum(held_count) FROM mart_learning WHERE school_id = %s AND journal_id = %s", warehouse.school_id, some
    )[0][0]
    assert held(page_of(period="year")).height == expected


def test_an_earlier_day_shows_nothing_that_was_entered_later(page_of):
    newest = page_of(period="q1")
    day = newest.lessons["held_on"][newest.lessons.height // 2]
    page = page_of(period="q1", as_of=day)
    assert page.lessons["held_on"].max() <= day
    assert (
        page.rows["done_latest"].is_null() | ~page.rows["is_made"] | (page.rows["done_latest"] <= page.rows["at"])
    ).all()
    assert page.rows["done"].sum() < newest.rows["done"].sum()


def test_names_are_in_russian_order_and_every_cell_has_its_pupil(page_of):
    page = page_of(period="q1")
    pupils = journal_sheet.pupil_rows(page)
    plain = [pupil.label.lower().replace("ё", "е\uffff") for pupil in pupils]
    assert plain == sorted(plain)
    ids = {pupil.id for pupil in pupils}
    cells = journal_sheet.grid_entries(page)
    assert {pupil for pupil, _ in cells} <= ids
    written = sum(len(entry.marks) for (_, lesson), entry in cells.items() if lesson > 0)
    assert written == page.entries.filter(pl.col("kind") == "mark").height


def test_a_lesson_that_lacks_something_is_marked_and_says_what(page_of):
    page = page_of(period="q1")
    lacking = page.rows.filter((pl.col("rule") == RULE["topic"].number) & (pl.col("status") == 5))[
        "lesson_id"
    ].to_list()
    assert lacking
    columns = {column.id: column for column in journal_sheet.lesson_columns(page)}
    for lesson in lacking:
        assert columns[lesson].state == "missing"
        assert "тема урока" in columns[lesson].hint


def test_a_closed_period_has_a_column_with_its_marks(page_of):
    page = page_of(period="q1")
    closing = journal_sheet.closing_columns(page)
    assert [(column.head, kind) for column, _, kind in closing] == [("I", "period")]
    column = closing[0][0]
    shown = [entry for (_, lesson), entry in journal_sheet.grid_entries(page).items() if lesson == column.id]
    assert sum(len(entry.marks) for entry in shown) == page.entries.filter(pl.col("kind") == "period").height


def test_every_lesson_of_the_list_opens_and_says_when_it_was_entered(page_of):
    page = page_of(period="q1")
    rows = lesson_rows(page)
    assert [row.id for row in rows] == page.lessons["lesson_id"].to_list()[::-1]
    notes = [cell.note for row in rows for cell in row.cells[1:4] if cell.note]
    assert any("внесено" in note and ":" in note for note in notes)


def test_the_card_of_a_lesson_has_every_ledger_row_with_its_clause(page_of, scope_of, ask, warehouse):
    page = page_of(period="q1")
    lesson = page.rows.filter((pl.col("rule") == 1) & (pl.col("status") == 5))["lesson_id"][0]
    card = read_lesson(scope_of(DEPUTY), Filters(school=warehouse.school_id, lesson=lesson), page.place)
    assert card is not None
    expected = ask(
        "SELECT count(*) FROM obligation WHERE school_id = %s AND lesson_id = %s AND is_required AND judgement_id = 0"
        " AND visible_on IS NOT NULL AND rule IN (1, 2, 3)",
        warehouse.school_id, lesson,
    )[0][0]  # fmt: skip
    assert card.rows.filter(pl.col("rule") <= 3).height == expected == 3
    assert card.rows.filter(pl.col("rule") == 1)["clause"][0]
    assert set(card.entries["pupil_id"].to_list()) <= set(card.names)


def test_a_lesson_of_another_journal_has_no_card(page_of, scope_of, ask, warehouse, some):
    page = page_of(period="q1")
    other = ask(
        "SELECT lesson_id FROM fact_lesson WHERE school_id = %s AND journal_id <> %s ORDER BY 1 LIMIT 1",
        warehouse.school_id,
        some,
    )[0][0]
    assert read_lesson(scope_of(DEPUTY), Filters(school=warehouse.school_id, lesson=other), page.place) is None


def test_a_silent_source_is_never_called_empty(scope_of, warehouse, ask):
    journal = ask("SELECT min(journal_id) FROM fact_mark WHERE school_id = %s", warehouse.silent_id)[0][0]
    page = read_journal(scope_of(SILENT_DEPUTY), Filters(school=warehouse.silent_id, period="q1"), journal, NOW)
    assert page is not None
    assert "нельзя оценить" in journal_sheet.title(page)
    assert {column.state for column in journal_sheet.lesson_columns(page) if not column.head} <= {
        "unknown",
        "cancelled",
    }
    told = {cell.note for row in lesson_rows(page) for cell in row.cells[1:3]}
    assert any("источник не передаёт темы уроков" in words for words in told)
    assert not any("просрочено" in words for words in told)


def test_readers_open_only_their_own_journals(scope_of, warehouse, ask, some):
    place = Filters(school=warehouse.school_id)
    whole = read_journals(scope_of(DEPUTY), place)
    own_class = read_journals(scope_of(CLASS_TEACHER), place)
    own = read_journals(scope_of(TEACHER), place)
    granted = ask("SELECT count(DISTINCT journal_id) FROM access_row WHERE user_id = %s", TEACHER)[0][0]
    assert set(own_class["class_id"].to_list()) == {warehouse.class_id}
    assert 0 < own_class.height < whole.height
    assert own.height == granted < whole.height
    for user in (INSPECTOR, STRANGER, SILENT_DEPUTY):
        assert read_journals(scope_of(user), place).is_empty()
        assert read_journal(scope_of(user), place, some, NOW) is None


def test_a_foreign_journal_answers_like_one_that_does_not_exist(scope_of, warehouse, ask):
    scope = scope_of(TEACHER)
    foreign = ask(
        "SELECT journal_id FROM dim_journal WHERE school_id = %s AND journal_id NOT IN"
        " (SELECT journal_id FROM access_row WHERE user_id = %s) ORDER BY 1 LIMIT 1",
        warehouse.school_id, TEACHER,
    )[0][0]  # fmt: skip
    for journal in (foreign, 999_999, LARGEST_ID):
        assert read_journal(scope, Filters(school=warehouse.school_id), journal, NOW) is None
        assert read_journals(scope, Filters(school=warehouse.school_id, journal=journal)).is_empty()


def test_a_lesson_alone_names_its_journal(scope_of, warehouse, page_of, some):
    lesson = page_of(period="q1").lessons["lesson_id"][0]
    found = read_journals(scope_of(DEPUTY), Filters(school=warehouse.school_id, lesson=lesson)).filter("is_asked")
    assert found["journal_id"].to_list() == [some]


def test_the_number_of_queries_does_not_depend_on_the_journal(scope_of, warehouse, ask, page_of):
    journals = ask("SELECT journal_id FROM dim_journal WHERE school_id = %s ORDER BY 1 LIMIT 5", warehouse.school_id)
    counts = set()
    for (journal,) in journals:
        with counted() as count:
            page_of(journal=journal)
        counts.add(count.queries)
    assert counts == {8}


def test_a_subgroup_is_its_members_while_they_are_enrolled(scope_of, warehouse, ask):
    journal, group = ask(
        "SELECT j.journal_id, j.group_id FROM dim_journal j JOIN dim_group g USING (school_id, group_id)"
        " WHERE j.school_id = %s AND g.kind = 'subgroup' ORDER BY 1 LIMIT 1",
        warehouse.school_id,
    )[0]  # fmt: skip
    page = read_journal(scope_of(DEPUTY), Filters(school=warehouse.school_id, period="year"), journal, NOW)
    assert page is not None
    members = {
        row[0]
        for row in ask(
            "SELECT pupil_id FROM fact_group_member WHERE school_id = %s AND group_id = %s", warehouse.school_id, group
        )
    }
    inside = set(page.roster.filter(pl.col("from_on").is_not_null())["pupil_id"].to_list())
    assert inside
    assert inside <= members


def test_intervals_are_half_open():
    start, end = date(2026, 9, 8), date(2026, 9, 15)
    assert is_member([(start, end)], start)
    assert not is_member([(start, end)], end)
    assert not is_member([(None, None)], start)
    assert joined_late([(start, end)], date(2026, 9, 1), date(2026, 10, 1)) == (start, end - timedelta(days=1))
    assert joined_late([(start, None)], start, date(2026, 10, 1)) == (None, None)
