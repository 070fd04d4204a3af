"""The register of findings on the screen: counts that add up, one page, each with its operands and its clause."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from dashboard import connection
from dashboard.access import Identity
from dashboard.filters import Filters, Severity, State, Status
from dashboard.finding_rows import finding_row
from dashboard.queries import door
from dashboard.queries.decisions import read_card
from dashboard.queries.findings import PAGE, Findings, read_every, read_findings
from etl.settings import Settings, read_settings
from etl.warehouse import ledger
from etl.warehouse.access_rows import refresh_access
from etl.warehouse.engine import app_url, owner_connection
from etl.warehouse.ledger import RULE, RULES
from tests.copies import copied

NOW = datetime(2026, 11, 12, 5, 0, tzinfo=UTC)
DEPUTY, TEACHER, INSPECTOR = 1, 2, 3


@pytest.fixture(scope="module")
def opened(checked) -> Iterator[str]:
    """URL of a checked copy, open to a deputy head, a teacher and an inspector."""
    with copied(checked) as url:
        with owner_connection(url) as owner, owner.cursor() as cursor:
            for user, role in ((DEPUTY, "deputy"), (TEACHER, "teacher"), (INSPECTOR, "inspector")):
                cursor.execute(
                    "INSERT INTO access_user (user_id, login, password_hash, full_name, role, is_demo)"
                    " VALUES (%s, %s, '', 'Имя', %s, false)",
                    [user, role, role],
                )
            for user, level in ((DEPUTY, "school"), (INSPECTOR, "municipality")):
                cursor.execute(
                    "INSERT INTO access_grant (user_id, grant_no, level, municipality_id, school_id)"
                    " SELECT %s, 1, %s, CASE WHEN %s = 'municipality' THEN municipality_id END,"
                    " CASE WHEN %s = 'school' THEN school_id END FROM dim_school",
                    [user, level, level, level],
                )
            cursor.execute(
                "INSERT INTO access_grant (user_id, grant_no, level, school_id, staff_id)"
                " SELECT %s, 1, 'teacher', school_id, staff_id FROM fact_lesson"
                " GROUP BY 3, 4, 5 ORDER BY count(*) DESC, 5 LIMIT 1",
                [TEACHER],
            )
            refresh_access(cursor)
        yield url


@pytest.fixture
def scope_of(opened, loaded, monkeypatch):
    url, home = opened, loaded.home
    monkeypatch.setenv("ZAVUCH_HOME", str(home))
    monkeypatch.setenv("ZAVUCH_APP_DATABASE_URL", app_url(Settings(home=home), url))
    _forget()
    yield lambda user: connection.accounts().scope_of(Identity(user, "login", "Имя", "role"))
    connection.app_engine().dispose()
    _forget()


def _forget() -> None:
    for cache in (read_settings, connection.app_engine, connection.accounts):
        cache.cache_clear()
    door.forget()


@pytest.fixture
def page_of(scope_of):
    def read(user=DEPUTY, **position) -> Findings:
        page = read_findings(scope_of(user), Filters(school=1, **{"period": "year", **position}), NOW)
        assert page is not None
        return page

    return read


def slow(opened, condition: str) -> int:
    with owner_connection(opened) as owner:
        found = owner.execute(f"SELECT count(*) FROM finding WHERE {condition}").fetchone()
    assert found is not None
    return int(found[0])


def test_open_findings_are_shown_first_and_all_of_them_on_demand(page_of, opened):
    assert page_of().total == slow(opened, "state = 'open'") > 0
    assert page_of(measure="all").total == slow(opened, "true")
    assert page_of(state=State.FIXED).total == slow(opened, "state = 'fixed'") > 0


def test_a_late_entry_is_found_though_it_is_fixed_at_once(page_of, opened):
    assert page_of(status=Status.LATE).total == slow(opened, "status = 3") > 0


def test_each_count_leaves_out_its_own_filter(page_of, opened):
    page = page_of(severity=Severity.MAJOR, rule="topic")
    counts = {
        (row["part"], row["severity"], row["state"], row["rule"]): row["n"] for row in page.counts.iter_rows(named=True)
    }
    topic = RULE["topic"].number
    assert page.total == slow(opened, f"state = 'open' AND severity = 2 AND rule = {topic}")
    assert counts[("severity", 1, None, None)] == slow(opened, f"state = 'open' AND severity = 1 AND rule = {topic}")
    assert counts[("state", None, "fixed", None)] == slow(
        opened, f"state = 'fixed' AND severity = 2 AND rule = {topic}"
    )
    homework = RULE["homework"].number
    assert counts[("rule", None, None, homework)] == slow(
        opened, f"state = 'open' AND severity = 2 AND rule = {homework}"
    )


@pytest.mark.parametrize("part", ["severity", "rule", "class", "staff", "school"])
def test_the_counts_of_every_grouping_add_up_to_the_list(page_of, part):
    page = page_of()
    assert page.counts.filter(pl.col("part") == part)["n"].sum() == page.total


def test_the_pages_hold_every_finding_once_in_the_order_of_gravity(page_of):
    first = page_of(measure="all")
    seen = []
    for number in range(1, first.pages + 1):
        rows = page_of(measure="all", page=number).rows
        assert rows.height == PAGE or number == first.pages
        seen += list(rows.select("severity", "finding_id").iter_rows())
    assert len(seen) == len({key for _, key in seen}) == first.total
    assert [severity for severity, _ in seen] == sorted(severity for severity, _ in seen)
    assert page_of(measure="all", page=10_000).page == first.pages


def test_a_period_holds_the_findings_of_its_days(page_of, opened):
    first = page_of(period="q1")
    start, end = first.choice.period.span.days_of(1)
    assert first.total == slow(opened, f"state = 'open' AND anchor_on BETWEEN '{start}' AND '{end}'")
    assert 0 < first.total < page_of().total


def test_every_finding_is_told_with_operands_place_person_and_clause(page_of):
    page = page_of(measure="all")
    for index, row in enumerate(page.rows.iter_rows(named=True)):
        finding, severity, where, who, clause, state = finding_row(row, index, several=False).cells
        assert finding.note
        assert severity.text
        assert where.text != "—"
        assert who.text
        assert clause.text
        assert state.text


def test_a_missing_topic_says_since_when_and_opens_its_lesson(page_of):
    page = page_of(rule="topic", state=State.OPEN)
    row = page.rows.row(0, named=True)
    shown = finding_row(row, 0, several=False)
    assert shown.cells[0].note.startswith("не внесено")
    assert "просрочено на" in shown.cells[0].note
    assert row["lesson_id"] is not None
    assert shown.id == 0


def test_a_late_mark_names_the_pupil_the_mark_and_the_lag(page_of):
    rules = {RULE[name].number for name in ("mark", "written_mark", "monitoring_mark")}
    page = page_of(status=Status.LATE)
    numbers = {row["rule"] for row in page.counts.filter(pl.col("part") == "rule").iter_rows(named=True)} & rules
    assert numbers
    name = next(rule for rule in ("mark", "written_mark", "monitoring_mark") if RULE[rule].number in numbers)
    row = page_of(status=Status.LATE, rule=name).rows.row(0, named=True)
    shown = finding_row(row, 0, several=False)
    assert "позже" in shown.cells[0].note
    assert f"«{row['mark']}»" in shown.cells[2].note
    assert row["pupil"].split()[0] in shown.cells[2].note


def test_a_teacher_sees_only_her_journals_and_an_inspector_nothing(page_of, opened):
    own = page_of(TEACHER, measure="all")
    granted = f"journal_id IN (SELECT journal_id FROM access_row WHERE user_id = {TEACHER})"
    assert own.total == slow(opened, granted) > 0
    assert own.total < page_of(measure="all").total
    assert page_of(INSPECTOR, measure="all").total == 0


def test_a_foreign_school_and_impossible_ids_give_nothing(scope_of):
    scope = scope_of(DEPUTY)
    assert read_findings(scope, Filters(school=99), NOW) is None
    assert read_findings(scope, Filters(school=2**31 - 1), NOW) is None
    nothing = read_findings(
        scope, Filters(school=1, period="year", class_id=2**31 - 1, staff=2**31 - 1, journal=2**31 - 1), NOW
    )
    assert nothing is not None
    assert nothing.total == 0


def test_the_number_of_queries_is_constant(page_of):
    counts = set()
    for position in ({}, {"measure": "all"}, {"rule": "topic", "page": 2}, {"class_id": 1}):
        with door.counted() as count:
            page_of(**position)
        counts.add(count.queries)
    assert counts == {5}


@pytest.mark.parametrize("day", [date(2026, 9, 25), date(2026, 10, 12), date(2026, 11, 5)])
def test_on_a_past_day_the_list_is_what_was_open_then(page_of, opened, scope_of, day):
    """Against a loop over the register: the deadline was over (or the entry made), and nobody had repaired it yet."""
    with owner_connection(opened) as owner:
        register = owner.execute(
            "SELECT finding_id, rule, state, status, due_at, done_at, first_seen_at, coalesce(fixed_at, last_seen_at)"
            " FROM finding WHERE school_id = 1 AND state IN ('open', 'fixed')"
        ).fetchall()
        ((timezone,),) = owner.execute("SELECT timezone FROM dim_school").fetchall()
    moment = datetime.combine(day, time(23, 59, 59), ZoneInfo(timezone))
    at_entry = {rule.number for rule in RULES if rule.kind in ("ban", "content")}
    expected = set()
    for number, rule, state, status, due, done, first, fixed in register:
        since = done if rule in at_entry or status == int(ledger.Status.early) else due
        is_there = first <= moment or (since is not None and (since < moment or (since is done and since <= moment)))
        if is_there and (state == "open" or fixed > moment):
            expected.add(number)
    page = page_of(as_of=day)
    every = read_every(scope_of(DEPUTY), Filters(school=1, period="year", as_of=day), NOW)
    assert set(every["finding_id"]) <= expected and page.total == len(expected) > 0
    assert page.total != page_of().total
    assert set(every["state"]) == {"open"} and int(ledger.Status.late) not in set(every["status"])
    assert not [at for at in every["done_latest"].drop_nulls().to_list() if at > moment]


def test_the_card_of_a_past_day_is_the_row_of_that_days_list(scope_of):
    day, scope = date(2026, 10, 12), scope_of(DEPUTY)
    year = Filters(school=1, period="year")
    fixed = set(read_every(scope, year.changed(state=State.FIXED), NOW)["finding_id"])
    listed = read_every(scope, year.changed(as_of=day), NOW).iter_rows(named=True)
    row = next(row for row in listed if row["finding_id"] in fixed)
    then = read_card(scope, 1, row["finding_id"], datetime.combine(day, time(23, 59, 59)))
    now, before = (
        read_card(scope, 1, row["finding_id"]),
        read_card(scope, 1, row["finding_id"], datetime.combine(date(2026, 8, 1), time())),
    )
    assert then is not None and now is not None and before is None
    assert {name: then.row[name] for name in row if name in then.row} == row
    assert (then.row["state"], then.row["fixed_at"], now.row["state"]) == ("open", None, "fixed")


def test_a_day_where_the_data_end_or_later_changes_nothing(page_of):
    now = page_of()
    assert page_of(as_of=date(2026, 11, 12)).counts.equals(now.counts)
