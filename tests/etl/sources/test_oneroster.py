"""OneRoster files, written here by hand as foreign systems write them, and our own export read back."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from etl.errors import SettingsError, SourceError
from etl.export_oneroster import Version, export_oneroster
from etl.job import load_bundle
from etl.run_log import LoadReport
from etl.sources.answers import Answers
from etl.sources.registry import recognise
from tests.etl.conftest import Store, empty
from tests.etl.journal import journal

ANSWERS = Answers(timezone="Europe/Moscow", municipality="Город")
FILES = {  # @ stands for the three columns that begin every file
    "manifest": "propertyName,value\nmanifest.version,1.0\noneroster.version,1.2\nfile.orgs,bulk\n"
    "source.systemName,Foreign",
    "orgs": "sourcedId,status,dataLastModified,name,type,identifier,parentSourcedId\n"
    "d,,,Район,district,,\ns1,,2024-10-01T06:00:00Z,Школа,school,,d",
    "academicSessions": "@,title,type,startDate,endDate,parentSourcedId,schoolYear\n"
    "y,,,2024,schoolYear,2024-09-02,2025-05-26,,2025\n"
    "q1,,,I,gradingPeriod,2024-09-02,2024-10-27,y,2025\nq2,,,II,gradingPeriod,2024-11-05,2024-12-28,y,2025\n"
    "q3,,,III,gradingPeriod,2025-01-09,2025-03-23,y,2025\nq4,,,IV,gradingPeriod,2025-04-01,2025-05-26,y,2025",
    "users": "@,enabledUser,username,givenName,familyName,middleName,prefferedGivenName\n"
    "p1,,,true,p1,Пётр,Петров,,Петя\np2,,,true,p2,Анна,Иванова,,\nt1,,,true,t1,Ольга,Сидорова,Ивановна,\n"
    "gone,tobedeleted,,true,x,X,X,,",
    "roles": "@,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId\n"
    "r1,,,p1,primary,student,,,s1\nr2,,,p2,primary,student,,,s1\nr3,,,t1,primary,teacher,,,s1\n"
    "r4,,,gone,primary,student,,,s1",
    "courses": "@,title,orgSourcedId\nmath,,,Математика,s1",
    "classes": "@,title,grades,courseSourcedId,classType,schoolSourcedId,termSourcedIds\n"
    "h7,,,7Б,07,home,homeroom,s1,y\nm7,,,Математика 7Б,07,math,scheduled,s1,y\nz,,,Кружок,12,math,scheduled,s1,y",
    "enrollments": "@,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate\n"
    "e1,,,h7,s1,p1,student,,,\ne2,,,h7,s1,p2,student,,2024-09-05,\ne3,,,m7,s1,p1,student,,,\ne4,,,m7,s1,p2,student,,,\n"
    "e5,,,m7,s1,t1,teacher,true,,\ne6,,,nowhere,s1,p1,student,,,",
    "categories": "@,title\nc1,,,test\nc2,,,Kahoot",
    "lineItems": "@,title,assignDate,dueDate,classSourcedId,categorySourcedId,resultValueMax\n"
    "i1,,,Тест 1,2024-09-10,2024-09-12,m7,c1,5\ni2,,,Игра,2024-09-11,2024-09-11,m7,c2,100",
    "results": "@,lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment\n"
    "m1,,,i1,p1,fully graded,5,2024-09-13,молодец\nm2,,,i1,p2,fully graded,87,2024-09-13,\n"
    "m3,,,i2,p2,exempt,,2024-09-14,\nm4,,,i2,p1,not submitted,,2024-09-14,\nm5,,,i9,p1,fully graded,4,2024-09-14,",
}  # fmt: skip


def written(folder: Path, **changed: str) -> Path:
    folder.mkdir()
    for name, text in {**FILES, **changed}.items():
        if text:
            whole = text.replace("@,", "sourcedId,status,dateLastModified,")
            (folder / f"{name}.csv").write_text("\ufeff" + whole + "\n", encoding="utf-8")
    return folder


def load(store: Store, path: Path, answers: Answers = ANSWERS) -> LoadReport:
    source, recognition = recognise(path)
    assert source.name == "oneroster"
    bundle = source.open(recognition, answers, store.folder / f"scratch-{path.name}", lambda *_: None)
    return load_bundle(path, store.url, store.home, bundle=bundle)


def test_a_roster_with_misspelt_headers_is_loaded_and_what_is_no_mark_is_set_aside_with_its_line(
    store: Store, tmp_path: Path
) -> None:
    report = load(store, written(tmp_path / "files"))
    assert report.unbalanced() == []
    assert store.rows("SELECT kind, number FROM dim_period ORDER BY starts_on, kind DESC")[:3] == [
        ("year", 1),
        ("quarter", 1),
        ("quarter", 2),
    ]
    assert store.rows("SELECT grade, letter FROM dim_class") == [(7, "Б")]
    assert store.rows("SELECT full_name FROM dim_pupil_name ORDER BY 1") == [("Иванова Анна",), ("Петров Пётр",)]
    marks = (
        "SELECT mark_key, value, recorded_quality, w.kind, comment FROM fact_mark LEFT JOIN fact_work w USING (work_id)"
    )
    assert store.rows(marks + " ORDER BY 1") == [("m1", "5", 2, "test", "молодец"), ("m3", "осв", 2, None, None)]
    found = {(file, row, place, value) for file, row, place, value, _reason in store.rejected()}
    assert {
        ("classes.csv", 4, "grade", "12"),
        ("enrollments.csv", 7, "classSourcedId", "nowhere"),
        ("results.csv", 3, "score", "87"),
        ("results.csv", 6, "lineItemSourcedId", "i9"),
    } <= found
    assert any("'Kahoot'" in message and "kinds" in message for _, message in report.warnings)
    assert store.value("SELECT capabilities FROM dim_school") == []


def test_a_stated_scale_and_stated_kinds_make_marks_and_works(store: Store, tmp_path: Path) -> None:
    options = {"oneroster": {"scale": [[85, "5"], [0, "2"]], "kinds": {"Kahoot": "oral"}}}
    load(store, written(tmp_path / "files"), Answers(timezone="Europe/Moscow", options=options))
    assert store.marks() == {"m1": "2", "m2": "5", "m3": "осв"}
    assert store.rows("SELECT kind FROM fact_work ORDER BY 1") == [("oral",), ("test",)]


def test_a_missing_required_column_is_named_with_both_lists(tmp_path: Path) -> None:
    path = written(tmp_path / "files", courses="sourcedId,title\nmath,Математика")
    source, recognition = recognise(path)
    with pytest.raises(
        SourceError, match=r"courses.csv lacks the required columns orgSourcedId.*found: sourcedId, title"
    ):
        source.open(recognition, ANSWERS, tmp_path / "scratch", lambda *_: None)


def test_what_the_files_do_not_say_is_asked_for(tmp_path: Path) -> None:
    source, recognition = recognise(written(tmp_path / "files"))
    with pytest.raises(SettingsError, match="timezone"):
        source.open(recognition, Answers(), tmp_path / "scratch", lambda *_: None)
    assert any("cannot tell" in sentence for sentence in recognition.found)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_what_we_export_is_read_back_with_the_same_marks(store: Store, tmp_path: Path, version: Version) -> None:
    bundle = journal(1, None)
    bundle.add("work", work_key="w1", lesson_key="l1", kind="test", performed_on="2024-09-13")
    bundle.row("mark", "m1").update(work_key="w1", recorded_at="2024-09-14T10:00:00+03:00", value="5-")
    bundle.row("mark", "m2").update(value="зач")
    bundle.add("period_mark", period_mark_key="pm1", value="4", recorded_at="2024-09-30")
    store.load(bundle)
    counts = export_oneroster(store.url, tmp_path / "out.zip", version=version)
    assert counts["results"] == 3 and counts["lineItems"] == 3 and ("roles" in counts) == (version == "1.2")
    empty(store.url)
    at = datetime(2024, 10, 1, 3, tzinfo=UTC)
    report = load(store, tmp_path / "out.zip", replace(ANSWERS, extracted_at=at))
    assert report.rejected_count == (1 if version == "1.1" else 0), store.rejected()
    marks = "SELECT mark_key, value, recorded_quality FROM fact_mark ORDER BY 1"
    assert store.rows(marks) == ([("m1", "5", 2)] if version == "1.1" else [("m1", "5-", 2), ("m2", "зач", 2)])
    period = "SELECT pm.value, p.period_key FROM fact_period_mark pm JOIN dim_period p USING (period_id)"
    assert store.rows(period) == [("4", "q1")]
    assert store.rows("SELECT kind, performed_on::text FROM fact_work") == [("test", "2024-09-13")]


def test_the_export_states_every_file_in_its_manifest(store: Store, tmp_path: Path) -> None:
    store.load(journal(1))
    export_oneroster(store.url, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        stated = dict(csv.reader(io.StringIO(archive.read("manifest.csv").decode())))
        held = {name.removesuffix(".csv") for name in archive.namelist()} - {"manifest"}
    assert {name for name, state in stated.items() if state == "bulk"} == {f"file.{name}" for name in held}
    assert stated["oneroster.version"] == "1.2" and stated["file.demographics"] == "absent"
