"""void_after_incident (G22) and control_act_missing (G28): rules over the product's own registers."""

from __future__ import annotations

from tests.etl.conftest import Store
from tests.etl.exported import breached, responsible
from tests.oracle.builder import BundleBuilder, tiny_school

OCTOBER = [f"2024-{month:02d}|{role}" for month in (9, 10) for role in ("deputy", "director")]


def enter(store: Store, table: str, **cells: object) -> None:
    """One line of a register of the first school, as the product's own page would save it."""
    values = {f"{table}_id": 1 + store.value(f"SELECT count(*) FROM {table}"), **cells}
    store.rows(
        f"INSERT INTO {table} (school_id, entered_at, {', '.join(values)})"
        f" SELECT school_id, now(), {', '.join(['%s'] * len(values))} FROM dim_school RETURNING 1",
        *values.values(),
    )


def staff(store: Store, key: str) -> int:
    return store.value("SELECT staff_id FROM dim_staff WHERE staff_key = %s", key)


def marks(day: int, regulation: str = "school16_korolev") -> BundleBuilder:
    """G22: t1 saves a mark at each of these moments, the notice being of 3 October 11:00."""
    bundle = tiny_school(f"2024-10-{day:02d}T06:00:00+03:00", regulation).add_class()
    bundle.add("lesson", lesson_key="l", held_on="2024-10-02", substitute_key="t2")
    moments = {
        "before": "2024-10-03T10:59:59", "at": "2024-10-03T11:00:00", "after": "2024-10-03T15:00:00",
        "day": "2024-10-03", "last": "2024-10-04T08:59:59", "restored": "2024-10-04T09:00:00",
    }  # fmt: skip
    for key, moment in moments.items():
        bundle.add("mark", mark_key=key, lesson_key="l", recorded_at=moment, recorded_by="t1")
    bundle.add("mark", mark_key="other", lesson_key="l", recorded_at="2024-10-03T15:00:00", recorded_by="t2")
    return bundle.add(
        "mark", mark_key="debt", lesson_key="l", value=".", recorded_at="2024-10-03T15:00:00", recorded_by="t1"
    )


def test_g22_marks_after_the_notice_are_void_until_the_access_is_safe(store: Store) -> None:
    store.load(marks(10))
    assert breached(store, "void_after_incident") == set()
    enter(
        store, "incident", staff_id=staff(store, "t1"), known_at="2024-10-01 10:00+03",
        notified_at="2024-10-03 11:00:00.5+03", restored_at="2024-10-04 09:00+03",
    )  # fmt: skip
    assert breached(store, "void_after_incident") == set(), "seen by the next derivation"
    store.load(marks(11))
    assert breached(store, "void_after_incident") == {"at", "after", "last"}
    assert breached(store, "void_after_incident", "2024-10-03T14:59:59") == {"at"}
    assert responsible(store, "void_after_incident")["at"] == "t2"


def test_an_incident_stays_open_until_it_is_restored_and_void_until_confirmed(store: Store) -> None:
    store.load(marks(10))
    enter(store, "incident", staff_id=staff(store, "t1"), known_at="2024-10-01", notified_at="2024-10-03 20:59:59+00")
    store.load(marks(11))
    assert breached(store, "void_after_incident") == {"last", "restored"}
    store.rows("UPDATE incident SET confirmed_at = '2024-10-12 12:00+03' RETURNING 1")
    store.load(marks(14))
    assert breached(store, "void_after_incident", "2024-10-12T11:59:59") == {"last", "restored"}
    assert breached(store, "void_after_incident") == set()


def test_nothing_is_void_without_a_notice_or_where_the_act_says_nothing(store: Store) -> None:
    store.load(marks(10))
    enter(store, "incident", staff_id=staff(store, "t1"), known_at="2024-10-01")
    store.load(marks(11))
    assert breached(store, "void_after_incident") == set()
    store.rows("UPDATE incident SET notified_at = '2024-10-02' RETURNING 1")
    store.load(marks(12, "school53_krasnodar"))
    assert breached(store, "void_after_incident") == set()


def control(day: str, regulation: str | None = "school53_krasnodar") -> BundleBuilder:
    return tiny_school(f"{day}T06:00:00+03:00", regulation).add_class()


def test_g28_each_role_controls_every_month(store: Store) -> None:
    store.load(control("2024-11-01"))
    assert breached(store, "control_act_missing") == set(OCTOBER)
    assert breached(store, "control_act_missing", "2024-09-30") == set()
    enter(store, "control_act", month_on="2024-09-01", role="deputy", act_on="2024-09-27")
    store.load(control("2024-11-02"))
    assert breached(store, "control_act_missing", "2024-10-01") == {"2024-09|director"}
    assert breached(store, "control_act_missing") == set(OCTOBER) - {"2024-09|deputy"}
    assert set(responsible(store, "control_act_missing").values()) == {""}


def test_an_act_of_a_later_day_ends_the_breach(store: Store) -> None:
    store.load(control("2024-10-09"))
    enter(store, "control_act", month_on="2024-09-15", role="director", act_on="2024-10-03")
    store.load(control("2024-10-10"))
    assert breached(store, "control_act_missing", "2024-10-02") == {"2024-09|deputy", "2024-09|director"}
    assert breached(store, "control_act_missing", "2024-10-03T00:00:00") == {"2024-09|deputy"}


def test_the_months_of_control_are_september_to_may(store: Store) -> None:
    store.load(control("2025-09-01", "school7_oktyabrsky"))
    months = ["2024-09", "2024-10", "2024-11", "2024-12", *(f"2025-{month:02d}" for month in range(1, 6))]
    assert breached(store, "control_act_missing") == {f"{month}|class_teacher" for month in months}


def test_an_act_without_a_frequency_asks_for_no_acts(store: Store) -> None:
    for number, regulation in enumerate(("school16_korolev", "lindovskaya", "krasnodar_region", None), 1):
        store.load(control(f"2024-11-0{number}", regulation))
        assert breached(store, "control_act_missing") == set()
