import json
import shutil
from datetime import datetime, timedelta

import polars as pl
import pytest

from checks.findings import Merged
from checks.runner import run_checks
from etl.job import load_bundle
from etl.warehouse.ledger import Excluded, Severity, Status
from tests.copies import copied

MISSING, LATE = int(Status.missing), int(Status.late)
FIELDS = "status, state, reason, reopened, first_seen_at, due_at, done_at, fixed_at"


@pytest.fixture
def database(checked):
    """URL of a fresh copy that has been checked."""
    with copied(checked) as url:
        yield url


def one_missing_topic(sql):
    """(finding, lesson) of a topic that is not there."""
    return sql.execute(
        "SELECT finding_id, object_id FROM finding WHERE rule = 1 AND status = 5 ORDER BY 1 LIMIT 1"
    ).fetchone()


def read(sql, finding: int) -> dict[str, object]:
    row = sql.execute(f"SELECT {FIELDS} FROM finding WHERE finding_id = %s", [finding]).fetchone()
    return dict(zip(FIELDS.split(", "), row, strict=True))


def set_topic(sql, lesson: int, setting: str) -> None:
    assert sql.execute(f"UPDATE obligation SET {setting} WHERE rule = 1 AND object_id = %s", [lesson]).rowcount == 1


_DAY_LATE = "due_at + interval '1 day'"
ENTERED_LATE = f"done_earliest = {_DAY_LATE}, done_latest = {_DAY_LATE}, made_status = {LATE}"


def test_an_entry_made_in_a_later_load_fixes_the_finding_and_keeps_its_lag(database, sql, loaded, tmp_path):
    found = sql.execute(
        "SELECT f.finding_id, l.lesson_key, f.first_seen_at, f.due_at"
        " FROM finding f JOIN fact_lesson l ON l.lesson_id = f.object_id"
        " WHERE f.rule = 1 AND f.status = 5 ORDER BY f.finding_id LIMIT 1"
    ).fetchone()
    finding, key, first_seen, due = found
    bundle = tmp_path / "later"
    shutil.copytree(loaded.bundle, bundle)
    manifest = json.loads((bundle / "manifest.json").read_text())
    end = datetime.fromisoformat(manifest["extracted_at"])
    entered = end + timedelta(hours=5)
    manifest["extracted_at"] = (end + timedelta(days=1)).isoformat()
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    lessons = pl.read_csv(bundle / "lesson.csv", infer_schema=False)
    this = pl.col("lesson_key") == key
    lessons.with_columns(
        topic=pl.when(this).then(pl.lit("Решение задач")).otherwise("topic"),
        topic_recorded_at=pl.when(this).then(pl.lit(entered.isoformat())).otherwise("topic_recorded_at"),
    ).write_csv(bundle / "lesson.csv")
    load_bundle(bundle, database, tmp_path, is_demo=True)
    report = run_checks(database)
    after = read(sql, finding)
    assert (after["status"], after["state"], after["reopened"]) == (LATE, "fixed", 0)
    assert after["first_seen_at"] == first_seen == end and after["due_at"] == due
    assert after["fixed_at"] == after["done_at"] == entered and entered > due
    assert report.merged.changed > 0
    seen = sql.execute("SELECT DISTINCT last_seen_at FROM finding WHERE state = 'open'").fetchall()
    assert seen == [(end + timedelta(days=1),)]


def test_a_cancelled_lesson_withdraws_its_finding_with_the_reason(database, sql):
    finding, lesson = one_missing_topic(sql)
    set_topic(sql, lesson, f"excluded = {int(Excluded.cancelled)}")
    assert run_checks(database).merged.withdrawn == 1
    assert (read(sql, finding)["state"], read(sql, finding)["reason"]) == ("withdrawn", "cancelled")


def test_a_finding_that_comes_back_is_reopened_and_not_doubled(database, sql):
    count = sql.execute("SELECT count(*) FROM finding").fetchone()
    finding, lesson = one_missing_topic(sql)
    sql.execute(f"CREATE TABLE kept AS SELECT * FROM obligation WHERE rule = 1 AND object_id = {lesson}")
    sql.execute("DELETE FROM obligation WHERE rule = 1 AND object_id = %s", [lesson])
    run_checks(database)
    assert (read(sql, finding)["state"], read(sql, finding)["reason"]) == ("withdrawn", "gone")
    sql.execute("INSERT INTO obligation SELECT * FROM kept")
    run_checks(database)
    back = read(sql, finding)
    assert (back["state"], back["reason"], back["reopened"], back["status"]) == ("open", None, 1, MISSING)
    assert sql.execute("SELECT count(*) FROM finding").fetchone() == count


def test_a_permission_makes_the_finding_exempt(database, sql):
    finding, lesson = one_missing_topic(sql)
    set_topic(sql, lesson, ENTERED_LATE.replace(f"= {LATE}", f"= {int(Status.exempt)}"))
    assert run_checks(database).merged.exempt == 1
    assert read(sql, finding)["state"] == "exempt"


def test_an_entry_found_to_be_in_time_fixes_what_was_missing(database, sql):
    finding, lesson = one_missing_topic(sql)
    set_topic(sql, lesson, "done_earliest = due_at, done_latest = due_at, made_status = 1")
    assert run_checks(database).merged.fixed == 1
    after = read(sql, finding)
    assert after["state"] == "fixed" and after["fixed_at"] == after["due_at"]
    assert run_checks(database).merged == Merged()


def say(sql, finding: int, word: str, reason: str = "урок заменён") -> None:
    sql.execute(
        "INSERT INTO finding_decision (decided_at, school_id, finding_id, decision_no, user_id, reopened,"
        " decision, reason, decided_by, role) SELECT now(), school_id, finding_id, (SELECT count(*) FROM"
        " finding_decision) + 1, 1,"
        " reopened, %s, %s, 'Орлова', 'deputy' FROM finding WHERE finding_id = %s",
        [word, reason, finding],
    )


def seen(sql, finding: int):
    row = "SELECT state, reason, decided_by FROM finding_row WHERE finding_id = %s"
    return sql.execute(row, [finding]).fetchone()


@pytest.mark.parametrize("word", ["disputed", "accepted"])
def test_the_word_of_a_person_outlives_the_runs_until_the_violation_is_gone(database, sql, word):
    finding, lesson = one_missing_topic(sql)
    assert seen(sql, finding) == ("open", None, None)
    say(sql, finding, word)
    for _run in range(2):
        assert seen(sql, finding) == (word, "урок заменён", "Орлова")
        run_checks(database)
    set_topic(sql, lesson, ENTERED_LATE)
    run_checks(database)
    assert seen(sql, finding) == (word, "урок заменён", "Орлова") and read(sql, finding)["status"] == LATE
    set_topic(sql, lesson, f"excluded = {int(Excluded.cancelled)}")
    run_checks(database)
    assert seen(sql, finding) == ("withdrawn", "cancelled", None)


def test_a_word_is_taken_back_and_the_history_keeps_all(database, sql):
    finding, _lesson = one_missing_topic(sql)
    for word in ("disputed", "reopened", "accepted"):
        say(sql, finding, word)
        assert seen(sql, finding)[0] == ("open" if word == "reopened" else word)
    run_checks(database)
    assert sql.execute("SELECT decision FROM finding_decision ORDER BY decision_no").fetchall() == [
        ("disputed",),
        ("reopened",),
        ("accepted",),
    ]


def test_a_word_about_an_earlier_time_is_void_when_the_finding_comes_back(database, sql):
    finding, lesson = one_missing_topic(sql)
    say(sql, finding, "accepted")
    set_topic(sql, lesson, f"excluded = {int(Excluded.cancelled)}")
    run_checks(database)
    set_topic(sql, lesson, "excluded = NULL")
    run_checks(database)
    assert seen(sql, finding) == ("open", None, None)


def test_what_was_disputed_and_then_found_in_time_is_fixed(database, sql):
    finding, lesson = one_missing_topic(sql)
    say(sql, finding, "disputed")
    set_topic(sql, lesson, "done_earliest = due_at, done_latest = due_at, made_status = 1")
    run_checks(database)
    assert seen(sql, finding)[0] == "fixed"


def test_severity_is_that_of_the_status_in_the_school_s_act(database, sql):
    sql.execute("UPDATE judgement_rule SET severity = 2, missing_severity = 1, early_severity = 4")
    run_checks(database)
    found = sql.execute("SELECT DISTINCT status, severity FROM finding").fetchall()
    expected = {
        LATE: Severity.major, MISSING: Severity.critical, int(Status.early): Severity.info,
        int(Status.breached): Severity.major,
    }  # fmt: skip
    assert {status: Severity(severity) for status, severity in found} == expected
    sql.execute("UPDATE judgement_rule SET missing_severity = 3")
    assert run_checks(database).merged.changed > 0
    assert sql.execute("SELECT DISTINCT severity FROM finding WHERE status = 5").fetchall() == [(3,)]


def test_a_lesson_with_nothing_at_all_is_one_finding_until_something_is_entered(database, sql):
    report = run_checks(database)
    finding, lesson, due = sql.execute(
        "SELECT finding_id, object_id, due_at FROM finding WHERE rule = 26 ORDER BY finding_id LIMIT 1"
    ).fetchone()
    elements = "SELECT rule, state FROM finding WHERE rule IN (1, 2, 3) AND status = 5 AND object_id = %s ORDER BY rule"
    assert report.suppressed > 0 and sql.execute(elements, [lesson]).fetchall() == []
    sql.execute(
        "UPDATE obligation SET done_earliest = %s, done_latest = %s WHERE rule = 26 AND object_id = %s",
        [due] * 2 + [lesson],
    )
    set_topic(sql, lesson, ENTERED_LATE)
    run_checks(database)
    assert read(sql, finding)["state"] == "fixed"
    missing = sql.execute(elements, [lesson]).fetchall()
    assert missing and {state for _rule, state in missing} == {"open"}
    assert sql.execute("SELECT state FROM finding WHERE rule = 1 AND object_id = %s", [lesson]).fetchall() == [
        ("fixed",)
    ]


def test_a_lesson_with_nothing_at_all_that_is_cancelled_is_withdrawn(database, sql):
    finding, lesson = sql.execute("SELECT finding_id, object_id FROM finding WHERE rule = 26 LIMIT 1").fetchone()
    sql.execute("DELETE FROM obligation WHERE rule = 26 AND object_id = %s", [lesson])
    set_topic(sql, lesson, f"excluded = {int(Excluded.cancelled)}")
    run_checks(database)
    assert read(sql, finding)["state"] == "withdrawn"


def test_a_breach_that_is_no_more_is_fixed(database, sql):
    finding, rule, until = sql.execute(
        "SELECT finding_id, rule, last_seen_at FROM finding WHERE status = 11 ORDER BY 1 LIMIT 1"
    ).fetchone()
    assert read(sql, finding)["done_at"] is None
    sql.execute("DELETE FROM obligation WHERE rule = %s", [rule])
    assert run_checks(database).merged.fixed > 0
    assert (read(sql, finding)["state"], read(sql, finding)["fixed_at"]) == ("fixed", until)
    assert run_checks(database).merged == Merged()
