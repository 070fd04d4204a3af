"""The demo generator against the sentences of the bundle contract, on the tier `tiny`."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from etl.errors import SourceError
from etl.sources.demo import generate
from etl.sources.demo.plan import plan_tier

AS_OF = date(2026, 11, 12)
EXTRACTED_AT = datetime.fromisoformat("2026-11-12T06:00:00+03:00")

# required columns of the contract's page, apart from school_key
REQUIRED = {
    "school": "name municipality timezone",
    "calendar_day": "date is_instructional is_staff_working",
    "period": "period_key school_year kind number starts_on ends_on grade_from grade_to",
    "school_class": "class_key school_year grade letter",
    "subject": "subject_key name",
    "staff": "staff_key full_name",
    "pupil": "pupil_key full_name",
    "study_group": "group_key class_key kind",
    "enrolment": "pupil_key class_key from_on",
    "group_member": "group_key pupil_key from_on",
    "teaching_load": "staff_key group_key subject_key",
    "curriculum": "group_key subject_key weekly_hours",
    "plan": "plan_key group_key subject_key",
    "plan_item": "plan_item_key plan_key seq topic",
    "lesson": "lesson_key group_key subject_key staff_key held_on slot status",
    "work": "work_key lesson_key kind",
    "mark": "mark_key lesson_key pupil_key value",
    "absence": "absence_key lesson_key pupil_key code",
    "period_mark": "period_mark_key pupil_key group_key subject_key period_key kind value",
    "change": "change_key entity entity_key action changed_at",
    "movement": "movement_key pupil_key kind effective_on",
    "assessment_schedule": "assessment_key group_key subject_key work_kind planned_on",
    "staff_absence": "staff_key from_on",
    "absence_document": "document_key pupil_key kind from_on presented_on",
    "edit_permission": "permission_no ground decided_on entity entity_key",
    "activity": "account_key role date logins",
    "account": "account_key role active",
    "card_field": "owner_kind owner_key field filled",
    "consent": "parent_key pupil_key status registered_on",
    "timetable_version": "version_key effective_from",
    "setup_section": "school_year section items",
}
OWN_KEY = {
    "calendar_day": "date",
    "enrolment": "pupil_key class_key from_on",
    "group_member": "group_key pupil_key from_on",
    "teaching_load": "staff_key group_key subject_key from_on",
    "curriculum": "group_key subject_key",
    "staff_absence": "staff_key from_on",
    "edit_permission": "permission_no entity entity_key",
    "activity": "account_key date",
    "card_field": "owner_kind owner_key field",
    "consent": "parent_key pupil_key",
    "setup_section": "school_year section",
    "school": "school_key",
}
ENTITY_TABLES = {
    "period_key": "period",
    "class_key": "school_class",
    "from_class_key": "school_class",
    "to_class_key": "school_class",
    "subject_key": "subject",
    "staff_key": "staff",
    "substitute_key": "staff",
    "homeroom_teacher_key": "staff",
    "recorded_by": "staff",
    "topic_recorded_by": "staff",
    "homework_recorded_by": "staff",
    "changed_by": "staff",
    "requested_by": "staff",
    "pupil_key": "pupil",
    "group_key": "study_group",
    "plan_key": "plan",
    "plan_item_key": "plan_item",
    "lesson_key": "lesson",
    "work_key": "work",
    "account_key": "account",
}
KEY_COLUMN = {"school_class": "class_key", "study_group": "group_key"}
WORK_KINDS = "oral written dictation essay test practical lab check project homework makeup"
CODED = {
    "school.settlement": "urban rural",
    "school.week_days": "5 6",
    "period.kind": "quarter trimester half_year year",
    "subject.component": "federal school extracurricular",
    "staff.role": "director deputy coordinator administrator teacher secretary",
    "pupil.sex": "f m",
    "study_group.kind": "class subgroup individual elective club after_school",
    "lesson.kind": "lesson elective club after_school",
    "lesson.status": "planned held cancelled moved replaced",
    "work.kind": WORK_KINDS,
    "plan_item.work_kind": WORK_KINDS,
    "assessment_schedule.work_kind": WORK_KINDS,
    "mark.value": " ".join(f"{digit}{sign}" for digit in "2345" for sign in ("", "+", "-")) + " .",
    "absence.code": "н ОТ Б УП НП О ОП",
    "period_mark.kind": "period year exam final",
    "period_mark.value": "5 4 3 2 1 н/а осв н/оц зач незач",
    "change.entity": "mark absence lesson work period_mark",
    "change.action": "create update delete",
    "movement.kind": "enrol leave class_transfer school_transfer promotion graduate",
    "absence_document.kind": "illness valid",
    "edit_permission.ground": "pupil_absence resit assessment_makeup teacher_absence other",
    "activity.role": "staff pupil parent",
    "card_field.owner_kind": "school staff pupil parent",
    "consent.status": "given refused",
}
Bundle = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tiny")
    generate(path, tier="tiny", seed=1, as_of=AS_OF)
    return path


@pytest.fixture(scope="module")
def bundle(folder: Path) -> Bundle:
    return {path.stem: pl.read_csv(path, infer_schema=False) for path in folder.glob("*.csv")}


def own_key(table: str) -> list[str]:
    return OWN_KEY.get(table, REQUIRED[table].split()[0]).split()


def days(frame: pl.DataFrame, column: str) -> pl.Series:
    return frame[column].str.to_date()


def mean(values: pl.Series) -> float:
    return float(values.cast(pl.Float64).to_frame().select(pl.all().mean()).item())


def latest(values: pl.Series) -> Any:
    return values.to_frame().select(pl.all().max()).item()


def moments(frame: pl.DataFrame, column: str) -> pl.Series:
    return frame[column].drop_nulls().str.to_datetime("%Y-%m-%dT%H:%M:%S%z", time_zone="UTC")


def hashes(path: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(path.iterdir())}


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    generate(tmp_path, tier="tiny", seed=1, as_of=AS_OF)
    assert hashes(tmp_path) == hashes(folder)


def test_another_seed_gives_other_pupils(bundle: Bundle, tmp_path: Path) -> None:
    generate(tmp_path, tier="tiny", seed=2, as_of=AS_OF)
    other = pl.read_csv(tmp_path / "pupil.csv", infer_schema=False)
    assert set(other["full_name"]) != set(bundle["pupil"]["full_name"])


def test_counts_returned_are_the_rows_of_the_files(tmp_path: Path) -> None:
    (made,) = generate(tmp_path, tier="tiny", seed=3, as_of=AS_OF)
    found = {path.stem: pl.read_csv(path, infer_schema=False).height for path in tmp_path.glob("*.csv")}
    assert made.counts == found
    assert made.school_keys == ("tiny-1",)


def test_the_manifest_states_a_snapshot_with_its_moment(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["format"] == "journal-bundle"
    assert manifest["mode"] == "snapshot"
    assert datetime.fromisoformat(manifest["extracted_at"]) == EXTRACTED_AT
    assert {"topics", "change_log"} <= set(manifest["capabilities"])


def test_every_table_of_the_contract_is_there_with_its_required_columns(bundle: Bundle) -> None:
    assert set(bundle) == set(REQUIRED)
    for table, columns in REQUIRED.items():
        missing = {"school_key", *columns.split()} - set(bundle[table].columns)
        assert not missing, table


@pytest.mark.parametrize("table", sorted(REQUIRED))
def test_required_cells_are_filled_and_the_table_has_rows(bundle: Bundle, table: str) -> None:
    frame = bundle[table].select("school_key", *REQUIRED[table].split())
    assert frame.height > 0
    assert frame.null_count().sum_horizontal().item() == 0


@pytest.mark.parametrize("table", sorted(REQUIRED))
def test_keys_are_unique(bundle: Bundle, table: str) -> None:
    assert not bundle[table].select(own_key(table)).is_duplicated().any()


@pytest.mark.parametrize("table", sorted(REQUIRED))
def test_references_resolve(bundle: Bundle, table: str) -> None:
    for column in set(bundle[table].columns) & set(ENTITY_TABLES):
        target = ENTITY_TABLES[column]
        known = bundle[target][KEY_COLUMN.get(target, f"{target}_key")]
        unknown = set(bundle[table][column].drop_nulls()) - set(known)
        assert not unknown, f"{table}.{column}"


@pytest.mark.parametrize("place", sorted(CODED))
def test_coded_columns_hold_values_of_the_contract_only(bundle: Bundle, place: str) -> None:
    table, column = place.split(".")
    assert set(bundle[table][column].drop_nulls()) <= set(CODED[place].split())


def test_no_entry_is_younger_than_the_extract(bundle: Bundle) -> None:
    checked = 0
    for table, frame in bundle.items():
        for column in frame.columns:
            if column.endswith("_at") and column not in ("starts_at", "ends_at"):
                found = moments(frame, column)
                assert found.is_empty() or latest(found) <= EXTRACTED_AT, f"{table}.{column}"
                checked += len(found)
    assert checked > 10_000


def test_intervals_are_not_empty(bundle: Bundle) -> None:
    for table in ("enrolment", "group_member", "teaching_load", "staff_absence", "absence_document"):
        rows = bundle[table].filter(pl.col("to_on").is_not_null())
        assert (days(rows, "from_on") < days(rows, "to_on")).all(), table


def test_lessons_stand_on_instructional_days_unless_moved(bundle: Bundle) -> None:
    closed = set(bundle["calendar_day"].filter(pl.col("is_instructional") == "false")["date"])
    terms = bundle["period"].filter(pl.col("kind") == "quarter")
    lessons = bundle["lesson"].filter(pl.col("status") != "moved")
    assert not set(lessons["held_on"]) & closed
    assert latest(days(lessons, "held_on").dt.weekday()) <= 5
    inside = pl.any_horizontal(
        pl.col("held_on").is_between(pl.lit(first), pl.lit(last))
        for first, last in terms.select("starts_on", "ends_on").iter_rows()
    )
    assert lessons.select(inside.all()).item()


def test_public_holidays_and_vacations_are_in_the_calendar(bundle: Bundle) -> None:
    calendar = {row["date"]: row for row in bundle["calendar_day"].iter_rows(named=True)}
    unity, vacation, transferred = calendar["2026-11-04"], calendar["2026-10-27"], calendar["2027-02-22"]
    assert (unity["is_instructional"], unity["is_staff_working"]) == ("false", "false")
    assert (vacation["is_instructional"], vacation["is_staff_working"]) == ("false", "true")
    assert transferred["is_staff_working"] == "false"
    assert calendar["2027-02-20"]["is_staff_working"] == "true"


def test_nobody_teaches_or_learns_in_two_places_at_once(bundle: Bundle) -> None:
    lessons = bundle["lesson"].filter(pl.col("status") != "cancelled")
    teacher = pl.coalesce("substitute_key", "staff_key").alias("teacher")
    assert not lessons.select(teacher, "held_on", "starts_at").is_duplicated().any()
    assert not lessons.select("group_key", "held_on", "starts_at").is_duplicated().any()


def test_roll_calls_and_absences_are_never_entered_before_the_lesson(bundle: Bundle) -> None:
    lessons = bundle["lesson"].with_columns(
        start=pl.format("{}T{}", "held_on", "starts_at").str.to_datetime("%Y-%m-%dT%H:%M")
    )
    rows = bundle["absence"].join(lessons.select("lesson_key", "start"), on="lesson_key")
    for frame, column in ((lessons, "attendance_confirmed_at"), (rows, "recorded_at")):
        entered = frame.filter(pl.col(column).is_not_null())
        local = entered[column].str.slice(0, 19).str.to_datetime()
        assert (local > entered["start"]).all()


def test_the_timetable_of_the_next_two_weeks_is_planned(bundle: Bundle) -> None:
    coming = bundle["lesson"].filter(pl.col("held_on") >= AS_OF.isoformat())
    assert set(coming["status"]) == {"planned"}
    assert date(2026, 11, 24) <= latest(days(coming, "held_on")) <= date(2026, 11, 28)
    assert not bundle["mark"].join(coming, on="lesson_key", how="semi").height


def test_grade_1_gets_no_period_digits_beyond_slips(bundle: Bundle) -> None:
    first = bundle["school_class"].filter(pl.col("grade") == "1")
    groups = bundle["study_group"].join(first, on="class_key", how="semi")
    values = bundle["period_mark"].join(groups, on="group_key", how="semi")["value"]
    assert mean(values == "н/оц") > 0.95
    homework = bundle["lesson"].join(groups, on="group_key", how="semi")["homework"].drop_nulls()
    assert mean(homework == "нет") > 0.9


def test_sizes_and_shares_are_those_of_a_school(bundle: Bundle) -> None:
    assert bundle["school_class"].height == 6
    assert 110 <= bundle["pupil"].height <= 190
    past = bundle["lesson"].filter((pl.col("held_on") < AS_OF.isoformat()) & (pl.col("status") != "cancelled"))
    assert 1_200 <= past.height <= 2_200
    assert 0.8 <= mean(past["topic"].is_not_null()) <= 0.99
    assert 3 <= bundle["mark"].height / past.height <= 7
    assert 0.6 <= bundle["absence"].height / past.height <= 2.5
    digits = bundle["mark"]["value"].filter(bundle["mark"]["value"].is_in(["2", "3", "4", "5"])).cast(pl.Int8)
    assert 3.6 <= mean(digits) <= 4.4


def test_period_marks_follow_the_current_marks(bundle: Bundle) -> None:
    quarter = bundle["period"].filter((pl.col("kind") == "quarter") & (pl.col("number") == "1"))
    journal = ["group_key", "subject_key"]
    marks = (
        bundle["mark"]
        .filter(pl.col("value").is_in(["2", "3", "4", "5"]))
        .join(bundle["lesson"].filter(pl.col("held_on") <= quarter["ends_on"][0]), on="lesson_key")
        .group_by(*journal, "pupil_key")
        .agg(pl.col("value").cast(pl.Float64).mean().alias("mean"))
    )
    given = bundle["period_mark"].filter(pl.col("value").is_in(["2", "3", "4", "5"]))
    both = given.join(marks, on=[*journal, "pupil_key"]).with_columns(pl.col("value").cast(pl.Float64))
    assert both.height > 500
    assert mean((both["value"] - both["mean"]).abs() <= 0.9) > 0.93


def test_changes_name_the_value_that_is_stored(bundle: Bundle) -> None:
    changed = bundle["change"].filter((pl.col("entity") == "mark") & (pl.col("action") == "update"))
    stored = changed.join(bundle["mark"], left_on="entity_key", right_on="mark_key")
    assert stored.height == changed.height > 0
    assert (stored["new_value"] == stored["value"]).all()
    assert (stored["old_value"] != stored["new_value"]).all()
    deleted = bundle["change"].filter(pl.col("action") == "delete")
    assert not set(deleted["entity_key"]) & set(bundle["mark"]["mark_key"])
    assert deleted["lesson_key"].null_count() == 0


def test_parquet_holds_the_same_rows(bundle: Bundle, tmp_path: Path) -> None:
    generate(tmp_path, tier="tiny", seed=1, as_of=AS_OF, file_format="parquet")
    lessons = pl.read_parquet(tmp_path / "lesson.parquet").with_columns(pl.all().cast(pl.String))
    assert lessons.equals(bundle["lesson"])
    assert not list(tmp_path.glob("*.csv"))


def test_progress_is_told_school_by_school(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    generate(tmp_path, tier="tiny", as_of=AS_OF, progress=lambda *step: told.append(step))
    assert [(done, total) for _, done, total in told] == [(1, 1)]


def test_a_date_without_lessons_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="Choose a date from 2026-09-08 on"):
        generate(tmp_path, tier="tiny", as_of=date(2026, 8, 20))


@pytest.mark.parametrize("as_of", [date(2026, 9, 8), date(2026, 10, 28), date(2027, 1, 13), date(2027, 7, 1)])
def test_any_day_of_the_year_can_be_the_day_of_the_extract(as_of: date, tmp_path: Path) -> None:
    (made,) = generate(tmp_path, tier="tiny", as_of=as_of)
    lessons = pl.read_csv(tmp_path / "lesson.csv", infer_schema=False)
    assert lessons["held_on"].min() == "2026-09-01"
    assert made.counts["mark"] > 0


def test_the_demo_municipality_shows_every_regulation_and_a_source_that_cannot_tell(tmp_path: Path) -> None:
    full, plain = generate(tmp_path, tier="demo", as_of=AS_OF)
    assert (full.path, plain.path) == (tmp_path / "demo-1", tmp_path / "demo-2")
    assert (len(full.school_keys), len(plain.school_keys)) == (5, 1)
    schools = pl.read_csv(full.path / "school.csv", infer_schema=False)
    acts = {"school7_oktyabrsky", "school16_korolev", "lindovskaya", "krasnodar_region", "school53_krasnodar"}
    assert set(schools["regulation"]) == acts
    assert set(schools["week_days"]) == {"5", "6"}
    manifest = json.loads((plain.path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["capabilities"] == []
    lessons = pl.read_csv(plain.path / "lesson.csv", infer_schema=False)
    assert not {"topic", "homework", "ends_at", "attendance_confirmed_at"} & set(lessons.columns)
    assert "recorded_at" not in pl.read_csv(plain.path / "mark.csv", infer_schema=False).columns
    assert not (plain.path / "change.csv").exists()


def test_one_school_of_the_demo_writes_local_times_and_another_its_own_offset(tmp_path: Path) -> None:
    full, _ = generate(tmp_path, tier="demo", as_of=AS_OF)
    marks = pl.read_csv(full.path / "mark.csv", infer_schema=False)
    endings = marks.group_by("school_key").agg(pl.col("recorded_at").str.slice(19).unique())
    found = {key: set(values) for key, values in endings.iter_rows()}
    assert found["demo-school-3"] == {"+05:00"}
    assert found["demo-school-4"] == {""}
    assert found["demo-school-5"] == {"+03:00"}


def test_the_city_is_sixty_schools_of_the_last_complete_year() -> None:
    plan = plan_tier("city", AS_OF, seed=1)
    (bundle,) = plan.bundles
    assert (plan.year_start, plan.extracted_at.date()) == (2025, date(2026, 6, 1))
    assert len({school.key for school in bundle.schools}) == 60
    assert len({school.municipality for school in bundle.schools}) == 3
