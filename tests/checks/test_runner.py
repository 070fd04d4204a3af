import csv
import io
import os
import socket
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from checks.catalogue import read_catalogue
from checks.harvest import ELEMENTS, CheckError, assert_counts
from checks.runner import run_checks
from etl.errors import SettingsError
from etl.export import export_ledger
from etl.warehouse.ledger import RULES, Severity, Status
from etl.warehouse.locks import WRITE_LOCK

JUDGED = ("on_time", "amber", "early", "late", "missing")
VIOLATING = ("late", "missing", "early", "breached")
NAME = {rule.number: rule.name for rule in RULES}


def exported(url: str, as_of: str | None = None) -> list[dict[str, str]]:
    out = io.BytesIO()
    export_ledger(url, out, as_of=as_of)
    return list(csv.DictReader(io.StringIO(out.getvalue().decode())))


def ledger(url: str, as_of: str | None = None) -> Counter[tuple[str, str]]:
    """(rule, status) → rows, counted in Python over the exported ledger."""
    return Counter((row["rule"], row["status"]) for row in exported(url, as_of))


def register(sql):
    return sql.execute("SELECT * FROM finding ORDER BY school_id, finding_id").fetchall()


def test_counts_equal_those_of_the_exported_ledger(database):
    report = run_checks(database)
    rows = ledger(database)
    assert report.row_count == sum(rows.values())
    for one in read_catalogue():
        if one.dataset != "ledger":
            continue
        row = next(row for row in report.rows if row.check_id == one.check_id)
        judged = [status for status in JUDGED if one.check_id != "period_mark_early" or status != "missing"]
        assert row.applicable == sum(rows[one.rule, status] for status in (*judged, "breached"))
        assert row.unknown == rows[one.rule, "indeterminate"]
        assert report.answers[one.check_id].violated == row.violated
    assert sum(row.violated for row in report.rows if row.rule) == report.harvested > 0


def test_findings_are_the_violating_rows_of_the_ledger(database, sql):
    run_checks(database)
    found = sql.execute("SELECT rule, status, count(*) FROM finding GROUP BY 1, 2").fetchall()
    rows = [row for row in exported(database) if row["status"] in VIOLATING]
    empty = {row["object_key"] for row in rows if row["rule"] == "no_entry"}
    locked = {row["object_key"] for row in rows if row["rule"] == "mark_lock"}
    expected = Counter(
        (row["rule"], row["status"])
        for row in rows
        if not (row["rule"] in ELEMENTS and row["status"] == "missing" and row["object_key"] in empty)
        and not (row["rule"] == "mark_correction" and row["object_key"] in locked)
    )
    assert empty and locked
    assert {(NAME[rule], Status(status).name): count for rule, status, count in found} == expected
    numbers = sql.execute("SELECT count(*), max(finding_id), count(DISTINCT finding_id) FROM finding").fetchone()
    assert len(set(numbers)) == 1
    late = sql.execute("SELECT state, fixed_at = done_at, done_at > due_at FROM finding WHERE status = 3").fetchall()
    assert set(late) == {("fixed", True, True)}
    assert sql.execute("SELECT count(*) FROM finding WHERE status <> 3 AND state <> 'open'").fetchone() == (0,)


def test_a_verdict_compares_the_share_with_the_norm_of_the_act(database, sql):
    report = run_checks(database)
    for row in report.rows:
        kept = row.applicable - row.violated
        if row.verdict == "met":
            assert kept >= row.norm * (row.applicable + row.unknown) - 1e-6
        if row.verdict == "not_met":
            assert kept + row.unknown < row.norm * (row.applicable + row.unknown)
    assert {row.verdict for row in report.rows} >= {"met", "not_met"}
    sql.execute("UPDATE judgement_rule SET norm_share = 0.0001, is_regulated = rule <> 2")
    changed = {row.check_id: row.verdict for row in run_checks(database).rows}
    assert changed["topic"] == "met" and changed["homework"] == "not_regulated"


def test_what_cannot_be_told_gives_no_verdict(database, sql):
    sql.execute("UPDATE obligation SET done_earliest = NULL, done_latest = NULL, can_tell = false WHERE rule = 1")
    row = next(row for row in run_checks(database).rows if row.check_id == "topic")
    assert (row.applicable, row.verdict, row.share) == (0, "cannot_tell", None) and row.unknown > 0


def test_silence_proves_nothing_where_the_source_does_not_say_who_wrote(database, sql):
    sql.execute("DELETE FROM obligation WHERE rule IN (46, 47)")
    sql.execute("UPDATE load_table SET columns = array_remove(columns, 'recorded_by') WHERE table_name = 'mark'")
    sql.execute("UPDATE judgement_rule SET is_regulated = true")
    verdicts = {row.check_id: row.verdict for row in run_checks(database).rows}
    assert (verdicts["two_marks_one_work"], verdicts["teacher_scope"]) == ("met", "cannot_tell")


def test_a_second_run_changes_nothing_but_the_history(database, sql):
    run_checks(database)
    before, versions = register(sql), sql.execute("SELECT school_id, data_version FROM dim_school").fetchall()
    again = run_checks(database)
    assert register(sql) == before
    assert sql.execute("SELECT school_id, data_version FROM dim_school").fetchall() == versions
    assert again.merged.opened == again.merged.changed == again.merged.fixed == 0
    counts = sql.execute("SELECT run_id, count(*) FROM check_result GROUP BY 1 ORDER BY 1").fetchall()
    assert [run for run, _count in counts] == [1, 2] and counts[0][1] == counts[1][1]


def test_the_first_run_raises_the_data_version(database, sql):
    before = sql.execute("SELECT data_version FROM dim_school").fetchone()[0]
    run_checks(database)
    assert sql.execute("SELECT data_version FROM dim_school").fetchone()[0] == before + 1


@pytest.mark.parametrize("broken", ["no_such_column = 1", "1 / (rule_number - rule_number) = 1", "status IN ("])
def test_a_broken_predicate_leaves_the_others_standing(database, sql, broken):
    whole = run_checks(database)
    before = sql.execute("SELECT * FROM finding WHERE rule = 1 ORDER BY finding_id").fetchall()
    catalogue = [replace(one, violated_when=broken) if one.check_id == "topic" else one for one in read_catalogue()]
    report = run_checks(database, catalogue=catalogue)
    assert [one.check_id for one in report.left_out] == ["topic"]
    others = [row for row in whole.rows if row.check_id != "topic"]
    assert list(report.rows) == others
    assert sql.execute("SELECT * FROM finding WHERE rule = 1 ORDER BY finding_id").fetchall() == before != []
    kept = sql.execute("SELECT summary -> 'left_out' ? 'topic' FROM check_run WHERE run_id = 2").fetchone()
    assert kept == (True,)


def test_two_expectations_that_claim_the_same_rows_are_refused(database, sql):
    twin = next(replace(one, check_id="topic_again") for one in read_catalogue() if one.check_id == "topic")
    with pytest.raises(CheckError, match="topic"):
        run_checks(database, catalogue=[*read_catalogue(), twin])
    assert sql.execute("SELECT count(*) FROM check_run").fetchone() == (0,)


def test_harvested_rows_that_differ_from_the_counts_are_refused(database):
    report = run_checks(database)
    cells = {(7, int(Status.late)): ["mark"]}
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TEMP TABLE violation AS SELECT * FROM finding WHERE rule = 7")
        assert_counts(connection, cells, ["mark"], report.run_id)
        connection.execute("DELETE FROM violation WHERE finding_id = (SELECT min(finding_id) FROM violation)")
        with pytest.raises(CheckError, match="Expectation mark, school 1"):
            assert_counts(connection, cells, ["mark"], report.run_id)


def test_great_expectations_asks_one_statement_per_dataset(database):
    statements: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        run_checks(database)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    counting = [statement for statement in statements if "row_count" in statement]
    assert len(counting) == len(statements) == 5  # ledger, last_load, school, journal_volume, school × rule


def test_a_deep_check_also_reads_the_keys(database, sql):
    assert not any(row.check_id == "mark_key_unique" for row in run_checks(database).rows)
    first = "(SELECT min(lesson_id) FROM obligation WHERE rule = 1)"
    sql.execute(f"INSERT INTO obligation SELECT * FROM obligation WHERE rule = 1 AND lesson_id = {first}")
    deep = {row.check_id: (row.violated, row.verdict) for row in _deep(database, sql)}
    assert deep["lesson_key_unique"] == deep["mark_key_unique"] == (0, "met")
    assert deep["obligation_key_unique"] == (1, "not_met")


def _deep(database, sql):
    sql.execute("UPDATE obligation SET made_status = 1, excluded = 1 WHERE rule = 1")  # no finding may stand twice
    return run_checks(database, deep=True).rows


def test_a_load_that_does_not_balance_is_not_met(database, sql):
    sql.execute("UPDATE load_table SET rows_read = rows_read + 1 WHERE table_name = 'mark'")
    row = next(row for row in run_checks(database).rows if row.check_id == "load_balance")
    assert (row.violated, row.verdict, row.severity) == (1, "not_met", Severity.critical)


def test_cells_astray_that_belong_to_no_school_are_no_contradiction(database, sql):
    sql.execute("INSERT INTO load_table SELECT 0, load_id, table_name, columns, 3, 0, 0, 3, 0 FROM load_table LIMIT 1")
    row = next(row for row in run_checks(database).rows if row.check_id == "load_balance")
    assert (row.violated, row.verdict) == (0, "met")


def test_nothing_is_connected_to_but_the_database(database, monkeypatch):
    tried: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _self, address: tried.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_more: tried.append(address))
    run_checks(database)
    assert tried == []


def test_importing_the_runner_does_not_import_great_expectations():
    code = "import sys, checks.runner; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, env=os.environ).returncode == 0


def test_a_run_waits_for_a_load(database):
    steps: list[str] = []
    waiting = threading.Event()

    def told(step: str, _done: int, _all: int) -> None:
        steps.append(step)
        if step.startswith("waiting"):
            waiting.set()

    with psycopg.connect(database) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [WRITE_LOCK])
        run = threading.Thread(target=run_checks, args=[database], kwargs={"progress": told})
        run.start()
        assert waiting.wait(60)
    run.join(120)
    assert steps[0].startswith("waiting") and steps[-1] == "done"


def test_the_past_is_judged_as_it_was_and_the_register_goes_forward_only(database, sql):
    end = sql.execute("SELECT max(data_until) FROM ledger_horizon").fetchone()[0]
    past = (end - timedelta(days=60)).astimezone(UTC)
    early = run_checks(database, as_of=past)
    assert early.row_count == sum(ledger(database, past.isoformat()).values())
    assert sql.execute("SELECT DISTINCT first_seen_at FROM finding").fetchall() == [(past,)]
    missing = sql.execute("SELECT finding_id FROM finding WHERE status = 5").fetchall()
    later = run_checks(database)
    assert later.merged.opened and later.merged.changed
    with pytest.raises(SettingsError, match="earlier"):
        run_checks(database, as_of=past)
    repaired = sql.execute(
        "SELECT count(*) FROM finding WHERE finding_id = ANY(%s) AND status = 3 AND state = 'fixed'"
        " AND first_seen_at = %s AND done_at > first_seen_at",
        [[one for (one,) in missing], past],
    ).fetchone()[0]
    assert repaired > 0


def test_a_moment_without_an_offset_is_refused(database):
    with pytest.raises(SettingsError, match="no offset"):
        run_checks(database, as_of=datetime(2026, 1, 1))  # noqa: DTZ001 - the fault under test


def test_only_the_named_schools_are_checked(database, sql):
    assert run_checks(database, school_ids=[999]).rows == ()
    assert sql.execute("SELECT count(*) FROM finding").fetchone() == (0,)
    assert {row.school_id for row in run_checks(database, school_ids=[1]).rows} == {1}


def test_a_subject_that_vanished_from_a_class_is_found_and_a_vacation_is_not(database, sql):
    before = next(row for row in run_checks(database).rows if row.check_id == "journal_vanished")
    assert before.applicable > 0
    journal = sql.execute(
        "SELECT journal_id FROM fact_lesson WHERE kind = 'lesson' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
    ).fetchone()[0]
    last = "(SELECT (max(extracted_at) AT TIME ZONE 'Europe/Moscow')::date - 14 FROM dim_school)"
    sql.execute(f"DELETE FROM fact_lesson WHERE journal_id = {journal} AND held_on > {last}")
    gone = next(row for row in run_checks(database).rows if row.check_id == "journal_vanished")
    assert (gone.violated, gone.verdict) == (before.violated + 1, "not_met")
    sql.execute(f"DELETE FROM fact_lesson WHERE held_on > {last}")
    vacation = next(row for row in run_checks(database).rows if row.check_id == "journal_vanished")
    assert vacation.applicable == 0


@pytest.mark.parametrize(
    ("check_id", "setting", "reason"),
    [
        ("load_types", "rows_rejected = 1, rows_loaded = rows_loaded - 1", "not a whole number"),
        ("load_types", "rows_rejected = 1, rows_loaded = rows_loaded - 1", "the head of the column is neither"),
        (
            "load_keys",
            "rows_rejected = 1, rows_loaded = rows_loaded - 1",
            "refers to a pupil that is in no accepted row",
        ),
        ("load_vanished", "rows_deleted = rows_read", ""),
    ],
)
def test_the_contract_of_the_last_load_is_judged_by_kind_of_fault(database, sql, check_id, setting, reason):
    assert next(row for row in run_checks(database).rows if row.check_id == check_id).verdict == "met"
    sql.execute(f"UPDATE load_table SET {setting} WHERE table_name = 'mark'")
    if reason:
        sql.execute(
            "INSERT INTO load_reject (load_id, reject_no, school_id, file, reason, raw)"
            " SELECT max(load_id), 900, 1, %s, %s, '{}' FROM load_table",
            ["2018_2019_7а (7а).xlsx" if reason.startswith("the head") else "mark.csv", reason],
        )
    row = next(row for row in run_checks(database).rows if row.check_id == check_id)
    assert (row.violated, row.verdict) == (1, "not_met")
