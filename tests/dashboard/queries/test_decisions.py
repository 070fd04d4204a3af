"""The word of a person about a finding: who may say it, what it does, and that nobody can go round the door."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from checks.runner import run_checks
from dashboard import connection
from dashboard.access import Identity
from dashboard.filters import Filters, State
from dashboard.queries.decisions import Decision, Refused, decide, may_decide, read_card
from dashboard.queries.door import data_versions
from dashboard.queries.findings import read_findings
from etl.settings import Settings
from etl.warehouse.engine import app_url, owner_connection
from tests.copies import copied
from tests.dashboard.queries.test_findings import NOW, _forget

DEPUTY, TEACHER, INSPECTOR = 1, 2, 3


@pytest.fixture
def database(checked):
    """URL of a fresh copy that has been checked."""
    with copied(checked) as url:
        yield url


@pytest.fixture
def scope_of(database, loaded, monkeypatch):
    """Scopes of three people of that copy: a deputy head, a teacher, an inspector."""
    yield from three_people(database, loaded, monkeypatch)


def three_people(database, loaded, monkeypatch):
    """Open a database to a deputy head, a teacher and an inspector; yields the scope by user id."""
    with owner_connection(database) as owner, owner.cursor() as cursor:
        for user, role in ((DEPUTY, "deputy"), (TEACHER, "teacher"), (INSPECTOR, "inspector")):
            cursor.execute(
                "INSERT INTO access_user VALUES (%s, %s, '', 'Орлова Мария Петровна', %s, true, NULL)",
                [user, role, role],
            )
        cursor.execute("INSERT INTO access_row SELECT %s, school_id, 'school' FROM dim_school", [DEPUTY])
        cursor.execute("INSERT INTO access_row SELECT %s, school_id, 'aggregate' FROM dim_school", [INSPECTOR])
        cursor.execute(
            "INSERT INTO access_grant (user_id, grant_no, level, school_id) SELECT %s, 1, 'school', 1", [DEPUTY]
        )
        cursor.execute(
            "INSERT INTO access_grant (user_id, grant_no, level, school_id, staff_id) SELECT %s, 1, 'teacher', 1, 1",
            [TEACHER],
        )
        cursor.execute(
            "INSERT INTO access_row (user_id, school_id, level, journal_id)"
            " SELECT %s, 1, 'journal', journal_id FROM dim_journal",
            [TEACHER],
        )
        cursor.execute(
            "INSERT INTO access_grant (user_id, grant_no, level, municipality_id) SELECT %s, 1, 'municipality', 1",
            [INSPECTOR],
        )
    monkeypatch.setenv("ZAVUCH_HOME", str(loaded.home))
    monkeypatch.setenv("ZAVUCH_APP_DATABASE_URL", app_url(Settings(home=loaded.home), database))
    _forget()
    roles = {DEPUTY: "deputy", TEACHER: "teacher", INSPECTOR: "inspector"}
    yield lambda user: connection.accounts().scope_of(Identity(user, "login", "Имя", roles[user]))
    connection.app_engine().dispose()
    _forget()


@pytest.fixture
def missing(scope_of, sql) -> int:
    found = sql.execute("SELECT finding_id FROM finding WHERE rule = 1 AND status = 5 ORDER BY 1 LIMIT 1").fetchone()
    return int(found[0])


def test_a_deputy_disputes_with_a_reason_and_takes_it_back(scope_of, missing):
    scope = scope_of(DEPUTY)
    before = data_versions(scope)
    assert decide(scope, 1, missing, Decision.DISPUTED, "  урок провели   в музее ") is None
    assert data_versions(scope) != before  # remembered pages are drawn anew
    card = read_card(scope, 1, missing)
    assert card is not None
    assert (card.row["state"], card.row["reason"]) == ("disputed", "урок провели в музее")
    assert card.row["decided_by"] == "Орлова Мария Петровна" and card.row["decided_at"] is not None
    shown = read_findings(scope, Filters(school=1, period="year", state=State.DISPUTED), NOW)
    assert shown is not None and shown.rows["finding_id"].to_list() == [missing]
    assert decide(scope, 1, missing, Decision.DISPUTED, "ещё раз то же") is Refused.GONE
    assert decide(scope, 1, missing, Decision.REOPENED, "ошиблась уроком") is None
    again = read_card(scope, 1, missing)
    assert again is not None and again.row["state"] == "open"
    assert again.history["decision"].to_list() == ["reopened", "disputed"]


def test_a_run_of_the_checks_keeps_the_word(scope_of, missing, database):
    decide(scope_of(DEPUTY), 1, missing, Decision.ACCEPTED, "уважительная причина")
    run_checks(database)
    card = read_card(scope_of(DEPUTY), 1, missing)
    assert card is not None and card.row["state"] == "accepted"


@pytest.mark.parametrize("reason", ["", "    ", "так", "а" * 1001])
def test_a_word_without_a_reason_is_refused(scope_of, missing, reason):
    assert decide(scope_of(DEPUTY), 1, missing, Decision.DISPUTED, reason) is Refused.REASON


@pytest.mark.parametrize("user", [TEACHER, INSPECTOR])
def test_only_heads_decide(scope_of, missing, user):
    assert not may_decide(scope_of(user), 1)
    assert decide(scope_of(user), 1, missing, Decision.DISPUTED, "без права голоса") is Refused.FORBIDDEN


def test_a_head_decides_about_her_own_school_alone(scope_of, missing):
    assert decide(scope_of(DEPUTY), 2, missing, Decision.DISPUTED, "чужая школа") is Refused.FORBIDDEN
    assert decide(scope_of(DEPUTY), 1, 2**31 - 1, Decision.DISPUTED, "нет такого") is Refused.GONE


@pytest.mark.parametrize(
    ("user", "claimed", "school"), [(TEACHER, TEACHER, 1), (DEPUTY, TEACHER, 1), (DEPUTY, DEPUTY, 2)]
)
def test_the_database_refuses_a_word_that_goes_round_the_door(scope_of, user, claimed, school):
    scope_of(user)
    row = (
        f"INSERT INTO finding_decision VALUES (now(), {school}, 1, 1, NULL, NULL, {claimed}, 0, 'disputed', 'обход',"
        " 'Никто', 'deputy')"
    )
    with connection.app_engine().connect() as app:
        app.execute(text(f"SELECT set_config('app.user_id', '{user}', true)"))
        with pytest.raises(ProgrammingError, match="row-level security"):
            app.execute(text(row))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE finding SET state = 'fixed'",
        "DELETE FROM finding",
        "UPDATE finding_decision SET reason = ''",
        "DELETE FROM finding_decision",
        "UPDATE dim_school SET data_version = 0",
    ],
)
def test_the_app_changes_and_deletes_nothing_of_the_register(scope_of, statement):
    scope_of(DEPUTY)
    with connection.app_engine().connect() as app, pytest.raises(ProgrammingError, match="permission denied"):
        app.execute(text(statement))
