"""Severity of single rows (annex F2, S): null in the ledger where it is that of the rule."""

from __future__ import annotations

import polars as pl

from etl.contract.ledger import RULE, Severity
from etl.transforms.obligations.severities import not_graver_than_major
from tests.etl.conftest import Store, load_server, store
from tests.scenarios.scene import S16, S53, Scene, School

__all__ = ["load_server", "store"]

MAJOR, RULE_S = int(Severity.major), None
DAY_11, DAY_16 = "2024-09-20T12:00:00", "2024-09-25T12:00:00"


def graded(store: Store, rule: str) -> dict[str, int | None]:
    """school → severity of its one row of a rule about changes."""
    rows = store.rows(
        "SELECT s.school_key, o.severity FROM obligation o JOIN dim_school s USING (school_id) WHERE o.rule = %s",
        RULE[rule].number,
    )
    assert len(rows) == len(dict(rows))
    return dict(rows)


def marked(scene: Scene, key: str, saved: str | None = "2024-09-10T12:00:00", grade: int = 7, **work: object) -> School:
    """A mark of Monday 9 September in a school of act 004; `work` makes it one of a work."""
    school = scene.school(S53, key).add_class(grade=grade).add("staff", staff_key="head", role="deputy")
    school.lesson("mon", "2024-09-09")
    if work:
        school.add("work", work_key="W", lesson_key="mon", **work)
    return school.mark("M", "mon", saved, recorded_by="t1", work_key="W" if work else None)


def permitted(school: School, entity: str = "mark", key: str = "M", on: str = "2024-09-19") -> None:
    school.add("edit_permission", permission_no="1", decided_on=on, entity=entity, entity_key=key)


def test_an_edit_after_the_lock_is_major_while_the_mark_may_still_be_corrected(store: Store) -> None:
    scene = Scene(store)
    marked(scene, "last second").edit("e", "mark", "M", "2024-09-24T23:59:59")
    marked(scene, "window over").edit("e", "mark", "M", "2024-09-25T00:00:00")
    marked(scene, "saved late", "2024-09-16T12:00:00").edit("e", "mark", "M", DAY_16)
    marked(scene, "perhaps open", None).edit("e", "mark", "M", DAY_16)
    marked(scene, "deleted").edit("e", "mark", "M", DAY_11, action="delete")
    marked(scene, "monitoring", kind="test", is_monitoring=True).edit("e", "mark", "M", DAY_11)
    marked(scene, "essay", grade=10, kind="essay").edit("e", "mark", "M", DAY_11)
    marked(scene, "short essay", grade=9, kind="essay").edit("e", "mark", "M", DAY_11)
    scene.load()
    assert graded(store, "mark_lock") == {
        "last second": MAJOR,
        "window over": RULE_S,
        "saved late": MAJOR,
        "perhaps open": MAJOR,
        # a correction changes the value (annex R10); locks with a clause of their own know no window (G09)
        "deleted": RULE_S,
        "monitoring": RULE_S,
        "essay": RULE_S,
        "short essay": MAJOR,
    }
    assert set(graded(store, "mark_correction").values()) == {None}
    assert set(scene.ledger().values())


def test_a_permission_in_the_wrong_hands_makes_every_broken_lock_major(store: Store) -> None:
    scene = Scene(store)
    permitted(marked(scene, "wrong role").edit("e", "mark", "M", DAY_16))
    permitted(marked(scene, "permitted later").edit("e", "mark", "M", DAY_16), on="2024-09-26")
    permitted(marked(scene, "deputy").edit("e", "mark", "M", DAY_16, "head"))
    permitted(marked(scene, "topic").edit("e", "lesson", "mon", DAY_11), "lesson", "mon")
    marked(scene, "topic, none").edit("e", "lesson", "mon", DAY_11)
    register = scene.load().check()
    assert graded(store, "mark_lock") == {"wrong role": MAJOR, "permitted later": RULE_S, "deputy": RULE_S}
    assert graded(store, "topic_lock") == {"topic": MAJOR, "topic, none": RULE_S}
    found = {
        key[0]: finding.severity for key, finding in register.items() if key[2] in ("e", "mon") and "_lock" in key[1]
    }
    assert found == {
        "wrong role": "major",
        "permitted later": "critical",
        "topic": "major",
        "topic, none": "critical",
    }


def test_a_closed_period_mark_is_major_for_five_days_and_one_in_advance_is_critical(store: Store) -> None:
    scene = Scene(store)
    for key, at in (("day 5", "2024-10-30T23:59:59"), ("day 6", "2024-10-31T00:00:00")):
        school = scene.school(S53, key).add_class().lesson("mon", "2024-10-21")
        school.add("period_mark", period_mark_key="q1", recorded_at="2024-10-25T12:00:00", recorded_by="t1")
        school.edit("e", "period_mark", "q1", at)
    for act in (S53, S16):
        school = scene.school(act).add_class().lesson("autumn", "2024-11-06")
        for pupil, at in (("p1", "2024-11-04T23:59:59"), ("p2", "2024-11-05T00:00:00")):
            school.add("period_mark", period_mark_key=pupil, pupil_key=pupil, period_key="q2", recorded_at=at)
    register = scene.load().check()
    assert graded(store, "period_mark_lock") == {"day 5": MAJOR, "day 6": RULE_S}
    found = {key[::2]: finding.severity for key, finding in register.items() if key[1] == "period_mark"}
    assert {key: value for key, value in found.items() if "q2" in key[1]} == {
        (S53, "p1|g1|math|q2"): "critical",
        (S53, "p2|g1|math|q2"): "minor",
        # this act states a window and no ban
        (S16, "p1|g1|math|q2"): "minor",
        (S16, "p2|g1|math|q2"): "minor",
    }


def test_what_an_act_calls_minor_is_not_raised_to_major() -> None:
    stated = pl.DataFrame({"severity": [1, 2, 3, None]}, schema={"severity": pl.Int16})
    assert stated.select(not_graver_than_major(pl.col("severity"))).to_series().to_list() == [2, 2, 3, 2]
