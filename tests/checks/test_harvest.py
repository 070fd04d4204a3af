"""What one finding tells is not told by a second one."""

from __future__ import annotations

from checks.runner import run_checks
from etl.warehouse.ledger import Severity, Status
from tests.etl.conftest import Store, load_server, store
from tests.scenarios.scene import S7, S53, Scene

__all__ = ["load_server", "store"]


def test_a_change_that_breaks_lock_and_window_is_one_finding_and_two_rows(store: Store) -> None:
    scene = Scene(store)
    school = scene.school(S53).add_class().lesson("mon", "2024-09-09").mark("M", "mon", "2024-09-10T12:00:00")
    school.edit("edit", "mark", "M", "2024-09-25T12:00:00")
    ledger = scene.load().ledger()
    rules = ("mark_lock", "mark_correction")
    assert {ledger[S53, rule, "edit"].status for rule in rules} == {"late"}

    def set_lock(status: Status) -> None:
        change = f"UPDATE obligation SET made_status = {int(status)} WHERE rule = 13 RETURNING 1"
        assert store.rows(change) == [(1,)]

    def states() -> dict[str, tuple[str, str | None]]:
        rows = "SELECT CASE rule WHEN 13 THEN 'mark_lock' ELSE 'mark_correction' END, state, reason FROM finding"
        return {rule: (state, reason) for rule, state, reason in store.rows(f"{rows} WHERE rule IN (13, 17)")}

    set_lock(Status.on_time)
    scene.check()
    assert states() == {"mark_correction": ("fixed", None)}
    set_lock(Status.late)
    for _run in range(2):
        scene.check()
        assert states() == {"mark_lock": ("fixed", None), "mark_correction": ("withdrawn", "lock")}
    counted = "SELECT check_id, violated_count FROM check_result WHERE check_id = ANY (%s) ORDER BY run_id DESC LIMIT 2"
    assert dict(store.rows(counted, list(rules))) == {"mark_lock": 1, "mark_correction": 1}


def test_a_result_is_as_grave_as_the_gravest_violation_of_the_school_s_act(store: Store) -> None:
    scene = Scene(store)
    for act in (S7, S53):
        school = scene.school(act).add_class().lesson("thu", "2024-09-12", topic=None, topic_recorded_at=None)
        school.mark("M", "thu", "2024-09-10T12:00:00")
    report = run_checks(scene.load().store.url)
    keys = dict(store.rows("SELECT school_id, school_key FROM dim_school"))
    graded = {(keys[row.school_id], row.check_id): row.severity for row in report.rows}
    # a contract default against a clause of the act; the expectation itself is major
    assert (graded[S7, "future_mark"], graded[S53, "future_mark"]) == (Severity.minor, Severity.critical)
    assert graded[S53, "mark_lock"] == Severity.major, "nothing is violated"
    broken = {row.severity for row in report.broken(Severity.critical) if row.rule == "future_mark"}
    assert broken == {Severity.critical}
