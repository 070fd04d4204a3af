"""Who may ask how a school would stand by another act, what they see of it, and that nobody else notices."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from datetime import date
from typing import Any

import polars as pl
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from checks.runner import run_checks
from dashboard import connection
from dashboard.filters import Filters
from dashboard.queries.comparison import read_both_acts, read_standings
from dashboard.queries.door import data_versions, read
from dashboard.queries.findings import read_findings
from dashboard.queries.school import read_school
from dashboard.queries.what_if import Refused, ask, ask_all, may_ask, read_both, read_standing
from dashboard.small_groups import OF_PERSONS
from dashboard.what_if_rows import Pair, counts_breaches, difference, lessons_in_time, one_sided, other_words, pairs_of
from etl.export import export_ledger
from etl.other_act import derive_by
from etl.settings import PROJECT, Settings
from etl.warehouse.ledger import JUDGED, KEPT, RULE, Status
from etl.worker import work
from tests.dashboard.queries.test_decisions import DEPUTY, INSPECTOR, TEACHER, three_people
from tests.dashboard.queries.test_findings import NOW

ACT = "school16_korolev"
PAST = date(2026, 10, 15)
READS = re.compile(r"(?:FROM|JOIN) (ledger_row|obligation|judgement_rule|judgement)\b")


@pytest.fixture
def scope_of(database, loaded, monkeypatch):
    """Scopes of a deputy head, a teacher and an inspector of a fresh copy."""
    yield from three_people(database, loaded, monkeypatch)


@pytest.mark.parametrize("user", [DEPUTY, INSPECTOR])
def test_a_head_and_an_inspector_ask_and_see_the_answer(scope_of, database, loaded, user):
    scope = scope_of(user)
    before = data_versions(scope)
    never = read_standing(scope, 1, ACT, 1)
    assert never is not None and never.state is None and never.judgement_id is None
    assert ask(scope, 1, ACT, 1) is None
    waiting = read_standing(scope, 1, ACT, 1)
    assert waiting is not None and waiting.is_open and waiting.progress == 0
    assert ask(scope, 1, ACT, 1) is Refused.BUSY
    assert work(Settings(home=loaded.home), database, once=True) == 1
    done = read_standing(scope, 1, ACT, 1)
    assert done is not None and done.state == "done" and done.progress == 1 and done.judgement_id == 1
    assert done.derived_at is not None and done.kept_until is not None and done.derived_at < done.kept_until
    assert data_versions(scope) != before
    assert read_both(scope, None, 1, 1).height == 2 * (len(RULE) - (len(OF_PERSONS) if user == INSPECTOR else 0))


def test_the_sums_are_those_of_both_ledgers_counted_row_by_row(scope_of, database, sql):
    derive_by(database, 1, ACT, 1, keep_days=14)
    counted: dict[tuple[bool, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for judgement, rule, excluded, made, can_tell, required, first, last, due, until, seen, today, kind in sql.execute(
        "SELECT r.judgement_id, r.rule, r.excluded, r.made_status, r.can_tell, r.is_required, r.done_earliest,"
        " r.done_latest, r.due_at, z.data_until, r.visible_on, (z.data_until AT TIME ZONE s.timezone)::date, r.rule"
        " FROM ledger_row r JOIN ledger_horizon z USING (school_id, rule) JOIN dim_school s USING (school_id)"
        f" WHERE r.rule <= 4 AND r.rule <> {RULE['no_entry'].number}"
    ).fetchall():
        assert kind == rule
        if (seen is not None and seen > today) or (not required and not (first is not None and first <= until)):
            continue
        if excluded is not None or made == Status.not_regulated:
            continue
        if first is None or first > until:
            late = due is not None and due < until
            status = Status.indeterminate if not can_tell else Status.missing if late else Status.pending
        else:
            status = Status(made) if last <= until else Status.indeterminate
        sums = counted[judgement == 0, rule]
        sums["kept"] += status in KEPT
        sums["judged"] += status in JUDGED
        for name in ("late", "missing"):
            sums[name] += status == Status[name]
    both = read_both(scope_of(DEPUTY), None, 1, 1)
    names = ("kept", "judged", "late", "missing")
    shown = {
        (row["is_own"], row["rule"]): {name: row[name] for name in names}
        for row in both.iter_rows(named=True)
        if row["rule"] <= 4
    }
    assert shown == {key: {name: sums[name] for name in names} for key, sums in counted.items()}
    assert len({str(sums) for sums in shown.values()}) == 8


def test_what_one_act_leaves_unsaid_is_said_and_is_not_a_zero(scope_of, database):
    derive_by(database, 1, "krasnodar_region", 1, keep_days=14)
    both = read_both(scope_of(DEPUTY), None, 1, 1)
    pairs = pairs_of(both)
    own_only, other_only = one_sided(pairs)
    assert own_only and all(other_words(pair).text == "не регулируется" for pair in own_only)
    assert all(difference(pair) == "—" for pair in [*own_only, *other_only])
    topic = next(pair for pair in pairs if pair.rule == RULE["topic"].number)
    assert topic.other["is_target_only"] and other_words(topic).text == "есть цель, предельного срока нет"
    assert difference(topic) == "—"
    own, other, apart = lessons_in_time(both)
    assert own.endswith("%") and other == "предельного срока нет" and apart == ""


def pair(rule: str, own: dict[str, Any], other: dict[str, Any]) -> Pair:
    names = ("kept", "judged", "unsure", "cannot_tell", "late", "missing", "early", "amber", "breached", "pending")
    plain = {**dict.fromkeys(names, 0), "is_regulated": True, "is_target_only": False}
    return Pair(RULE[rule].number, plain | own, plain | other)


def test_a_difference_is_in_points_for_duties_and_in_breaches_for_bans():
    topic = pair("topic", {"kept": 9, "judged": 10, "late": 1}, {"kept": 6, "judged": 10, "missing": 4})
    assert difference(topic) == "−30,0\xa0п.п." and topic.is_changed
    assert other_words(topic).note == "в срок 6 из 10, нет записи\xa04"
    ban = pair("future_mark", {"early": 2, "kept": 5}, {"early": 5, "kept": 8, "cannot_tell": 1})
    assert counts_breaches(ban.rule) and difference(ban) == "+3"
    assert other_words(ban).text == "5\xa0нарушений" and other_words(ban).note == "нельзя оценить\xa01"
    same = pair("topic", {"kept": 1, "judged": 1}, {"kept": 1, "judged": 1})
    assert not same.is_changed
    unsure = pair("topic", {"kept": 9, "judged": 10}, {"kept": 1, "judged": 1, "unsure": 9})
    assert other_words(unsure).text == "нельзя оценить" and difference(unsure) == "—"


def test_a_teacher_may_not_ask_and_sees_no_requests(scope_of, sql):
    scope = scope_of(TEACHER)
    assert not may_ask(scope, 1) and ask(scope, 1, ACT, 1) is Refused.FORBIDDEN
    assert ask(scope_of(DEPUTY), 1, ACT, 1) is None
    assert read(scope, "SELECT school_id FROM judgement_request WHERE school_id = ANY(:schools)").is_empty()


def test_an_act_that_is_not_known_and_another_school_are_refused(scope_of):
    scope = scope_of(DEPUTY)
    assert ask(scope, 1, ACT, 9) is Refused.FORBIDDEN
    assert ask(scope, 2, ACT, 1) is Refused.FORBIDDEN
    assert read_standing(scope, 2, ACT, 1) is None


@pytest.mark.parametrize(
    ("user", "claimed", "school", "state", "act"),
    [
        (TEACHER, TEACHER, 1, "waiting", ACT),
        (DEPUTY, INSPECTOR, 1, "waiting", ACT),
        (DEPUTY, DEPUTY, 2, "waiting", ACT),
        (DEPUTY, DEPUTY, 1, "done", ACT),
        (DEPUTY, DEPUTY, 1, "waiting", "no_such_act"),
    ],
)
def test_the_database_refuses_a_wish_that_goes_round_the_door(scope_of, user, claimed, school, state, act):
    scope_of(user)
    wish = (
        "INSERT INTO judgement_request (school_id, request_no, regulation, profile_version, user_id, asked_at, state,"
        f" progress, attempt_count) VALUES ({school}, 1, '{act}', 1, {claimed}, now(), '{state}', 0, 0)"
    )
    with connection.app_engine().connect() as app:
        app.execute(text(f"SELECT set_config('app.user_id', '{user}', true)"))
        with pytest.raises(ProgrammingError, match="row-level security"):
            app.execute(text(wish))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE judgement_request SET state = 'done'",
        "DELETE FROM judgement_request",
        "DELETE FROM judgement",
        "INSERT INTO mart_duty_judgement SELECT * FROM mart_duty_judgement",
    ],
)
def test_the_app_only_asks(scope_of, statement):
    scope_of(DEPUTY)
    with connection.app_engine().connect() as app, pytest.raises(ProgrammingError, match="permission denied"):
        app.execute(text(statement))


def test_everything_else_stays_with_the_own_judgement(scope_of, database, sql):
    """The export, the pages, the checks and the register are the same with a second judgement in the ledger."""
    scope = scope_of(DEPUTY)
    run_checks(database)

    def seen() -> list[Any]:
        stream = io.BytesIO()
        export_ledger(database, stream, as_of="2026-10-15")
        school = read_school(scope, Filters(school=1, as_of=PAST), NOW)
        findings = read_findings(scope, Filters(school=1), NOW)
        assert school is not None and findings is not None
        register = sql.execute("SELECT finding_id, rule, status, state, due_at FROM finding ORDER BY 1").fetchall()
        results = sql.execute(
            "SELECT check_id, applicable_count, violated_count, unknown_count, verdict FROM check_result"
            " WHERE run_id = (SELECT max(run_id) FROM check_run) ORDER BY 1"
        ).fetchall()
        with pl.Config(tbl_rows=-1, tbl_cols=-1, fmt_str_lengths=1000):
            return [stream.getvalue(), str(school), str((findings.counts, findings.rows)), register, results]

    before = seen()
    derive_by(database, 1, ACT, 1, keep_days=14)
    run_checks(database)
    after = seen()
    assert len(before[0]) > 100_000 and len(before[3]) > 100
    for one, other in zip(before, after, strict=True):
        assert one == other


def test_every_statement_that_reads_judged_rows_names_the_judgement():
    files = [
        path
        for folder in ("checks", "dashboard", "etl")
        for path in (PROJECT / folder).rglob("*.py")
        if "migrations" not in path.parts and path.name not in ("ledger.py", "derive.py", "other_act.py")
    ]
    found = 0
    for path in files:
        content = path.read_text(encoding="utf-8")
        for match in READS.finditer(content):
            found += 1
            assert "judgement_id" in content[match.start() : match.start() + 700], f"{path}: {match[0]}"
    assert found > 20


def test_one_act_is_asked_for_all_schools_at_once_and_compared_with_their_own(scope_of, database, loaded):
    inspector = scope_of(INSPECTOR)
    schools = sorted(inspector.school_ids)
    assert ask_all(inspector, schools, ACT, 1) is None
    assert ask_all(inspector, schools, ACT, 1) is None  # whoever waits already is not asked for twice
    assert ask_all(scope_of(TEACHER), schools, ACT, 1) is Refused.FORBIDDEN
    assert ask_all(inspector, [*schools, 999], ACT, 1) is Refused.FORBIDDEN
    assert ask_all(inspector, schools, "no_such_act", 1) is Refused.FORBIDDEN
    assert set(read_standings(inspector, ACT, 1)["state"]) == {"waiting"}
    assert work(Settings(home=loaded.home), database, once=True) == len(schools)
    standings = read_standings(inspector, ACT, 1)
    assert standings["school_id"].to_list() == schools and standings["judgement_id"].null_count() == 0
    done = tuple(standings.select("school_id", "judgement_id").iter_rows())
    alone = read_both(inspector, None, schools[0], done[0][1])
    both = read_both_acts(inspector, alone["school_year"][0], done)
    for row in alone.filter(pl.col("rule") <= 3).iter_rows(named=True):
        same = both.filter(
            (pl.col("school_id") == schools[0]) & (pl.col("is_own") == row["is_own"]) & (pl.col("rule") == row["rule"])
        ).row(0, named=True)
        assert [same[name] for name in ("kept", "judged", "unsure")] == [row[n] for n in ("kept", "judged", "unsure")]
