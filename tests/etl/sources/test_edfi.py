"""Ed-Fi interchanges, written here by hand."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from etl.errors import SourceError
from etl.job import load_bundle
from etl.sources.answers import Answers
from etl.sources.registry import recognise
from tests.etl.conftest import Store

ANSWERS = Answers(
    timezone="America/Chicago",
    municipality="Grand Bend",
    extracted_at=datetime.fromisoformat("2022-06-01T00:00:00-05:00"),
    options={"edfi": {"scale": [[90, "5"], [70, "4"], [0, "2"]], "kinds": {"Quiz": "test"}}},
)
SCHOOL = "<SchoolReference><SchoolIdentity><SchoolId>1</SchoolId></SchoolIdentity></SchoolReference>"
SESSION = (
    "<SessionReference><SessionIdentity><SessionName>Fall</SessionName><SchoolYear>2021-2022</SchoolYear>"
    f"{SCHOOL}</SessionIdentity></SessionReference>"
)
OFFERING = f"<LocalCourseCode>ALG</LocalCourseCode>{SCHOOL}{SESSION}"
SECTION = f"<SectionIdentifier>A1</SectionIdentifier>{OFFERING}"


def pupil(key: str) -> str:
    return f"<StudentReference><StudentUniqueId>{key}</StudentUniqueId></StudentReference>"


def absence(day: str, category: str, place: str, kind: str = "Section") -> str:
    return (
        f"<Student{kind}AttendanceEvent><EventDate>{day}</EventDate><AttendanceEventCategory>uri://x#{category}"
        f"</AttendanceEventCategory>{pupil('7')}{place}</Student{kind}AttendanceEvent>"
    )


def result(key: str, grade: str) -> str:
    return (
        f"<StudentGradebookEntry><GradebookEntryIdentifier>{key}</GradebookEntryIdentifier>{pupil('7')}"
        f"<DateFulfilled>2021-09-02</DateFulfilled><NumericGradeEarned>{grade}</NumericGradeEarned></StudentGradebookEntry>"
    )


def written(folder: Path, prologue: str = "") -> Path:
    folder.mkdir()
    records = {
        "Organization": f"<School>{SCHOOL}<SchoolId>1</SchoolId><NameOfInstitution>High</NameOfInstitution><GradeLevel>"
        "uri://x#Ninth grade</GradeLevel></School>"
        "<Course><CourseCode>ALG</CourseCode><CourseTitle>Algebra</CourseTitle></Course>",
        "Schedule": f"<CourseOffering>{OFFERING}<CourseCode>ALG</CourseCode></CourseOffering>"
        f"<Section>{SECTION}</Section>",
        "Staff": "<Staff><StaffUniqueId>3</StaffUniqueId><FirstName>Ann</FirstName>"
        "<LastSurname>Lee</LastSurname></Staff>"
        f"<StaffSectionAssociation><StaffUniqueId>3</StaffUniqueId>{SECTION}<BeginDate>2021-08-23</BeginDate>"
        "<EndDate>2021-12-17</EndDate></StaffSectionAssociation>",
        "Student": "<Student><StudentUniqueId>7</StudentUniqueId><FirstName>Tom</FirstName>"
        "<LastSurname>Dyer</LastSurname></Student>",
        "Gradebook": f"<GradebookEntry><GradebookEntryIdentifier>g1</GradebookEntryIdentifier>{SECTION}<DateAssigned>"
        "2021-09-01</DateAssigned><GradebookEntryType>uri://x#Quiz</GradebookEntryType></GradebookEntry>"
        + result("g1", "74.00") + result("g9", "95"),
        "Attendance": absence("2021-09-01", "Tardy", SECTION) + absence("2021-09-02", "Excused Absence", SECTION)
        + absence("2021-09-03", "In Attendance", SECTION) + absence("2021-09-04", "Snow", SECTION)
        + absence("2021-09-06", "Unexcused Absence", SCHOOL, "School"),
    }  # fmt: skip
    for name, text in records.items():
        root = f"Interchange{name}"
        whole = f'<?xml version="1.0"?>{prologue}<{root} xmlns="http://ed-fi.org/5.2.0">{text}</{root}>'
        (folder / f"{name}.xml").write_text(whole, encoding="utf-8")
    return folder


def test_sections_results_and_absences_are_loaded_and_the_rest_is_set_aside_with_its_line(
    store: Store, tmp_path: Path
) -> None:
    path = written(tmp_path / "files")
    source, recognition = recognise(path)
    assert source.name == "edfi" and "cannot tell" in recognition.found[1]
    bundle = source.open(recognition, ANSWERS, tmp_path / "scratch", lambda *_: None)
    report = load_bundle(path, store.url, store.home, bundle=bundle)
    assert report.unbalanced() == []
    assert store.rows("SELECT value, recorded_quality, kind FROM fact_mark JOIN fact_work USING (work_id)") == [
        ("4", 4, "test")
    ]
    assert store.rows("SELECT held_on::text, code FROM fact_absence JOIN fact_lesson USING (lesson_id) ORDER BY 1") == [
        ("2021-09-01", "ОП"),
        ("2021-09-02", "УП"),
    ]
    assert store.rows("SELECT grade FROM dim_class") == [(9,)]
    assert any("the grade of 1 sections is not said" in message for _, message in report.warnings)
    assert {(row[0], row[2], row[3]) for row in store.rejected()} == {
        ("Attendance.xml", "AttendanceEventCategory", "Snow"),
        ("Attendance.xml", "EventDate", "2021-09-06"),
        ("Gradebook.xml", "GradebookEntryIdentifier", "g9"),
    }


def test_a_file_with_a_document_type_of_its_own_is_refused(tmp_path: Path) -> None:
    prologue = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    path = written(tmp_path / "files", prologue)
    source, recognition = recognise(path)
    with pytest.raises(SourceError, match="document type of its own"):
        source.open(recognition, ANSWERS, tmp_path / "scratch", lambda *_: None)
