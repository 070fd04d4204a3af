"""What becomes of single rows: loaded, unchanged or set aside with file, row, column, value, reason and the raw row."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from rich.console import Console

from etl.cli_print import print_load
from etl.errors import SourceError
from etl.load import Balance
from tests.etl.conftest import Store
from tests.etl.journal import delta, journal, moment
from tests.oracle.builder import BundleBuilder, tiny_school

BIG_KEY = "00900719925474099300000001"


def test_every_table_balances_and_the_balance_is_printed_and_stored(store: Store) -> None:
    bundle = journal()
    bundle.add("mark", mark_key="m3", lesson_key="l1", value="6")
    bundle.add("mark", mark_key="m1", lesson_key="l1", value="5", recorded_by="t1")
    bundle.add("mark", mark_key="m4", lesson_key="l1", school_key="s9").add(
        "mark", mark_key="m5", lesson_key="l1", school_key=""
    )
    path = store.write(bundle)
    with (path / "mark.csv").open("a", encoding="utf-8") as file:
        file.write("s1,m6\n")
    report = store.load(path)
    assert report.balances["mark"] == Balance(read=7, loaded=2, unchanged=1, rejected=4)
    assert all(it.read == it.loaded + it.unchanged + it.rejected for it in report.balances.values())
    assert report.balances.keys() == bundle.tables.keys()
    stored = store.rows(
        "SELECT table_name, sum(rows_read), sum(rows_loaded), sum(rows_unchanged), sum(rows_rejected),"
        " sum(rows_deleted)"
        " FROM load_table GROUP BY 1"
    )
    assert {row[0]: Balance(*map(int, row[1:])) for row in stored} == report.balances
    printed = StringIO()
    print_load(Console(file=printed, width=160), report)
    line = next(line for line in printed.getvalue().splitlines() if " mark " in line)
    assert [int(word) for word in line.split() if word.isdigit()] == [7, 2, 1, 4, 0]


def test_a_rejected_row_is_kept_with_file_number_column_value_reason_and_raw_row(store: Store) -> None:
    bundle = journal().add("mark", mark_key="m3", lesson_key="l1", value="6", comment='два "слова"')
    store.load(bundle)
    row = store.rows(
        "SELECT school_id IS NOT NULL, school_key, file, row_number, column_name, value, reason, raw FROM load_reject"
    )[0]
    assert row[:6] == (True, "s1", "mark.csv", 4, "value", "6")
    assert row[6].startswith("not a mark of the contract")
    raw = json.loads(row[7])
    assert (raw["mark_key"], raw["comment"], raw["recorded_at"]) == ("m3", 'два "слова"', None)
    assert store.marks() == {"m1": "5", "m2": "4"}


def test_a_key_column_that_a_file_may_lack_is_blank_in_its_rows(store: Store) -> None:
    def loads(day: int, weekly_hours: str) -> BundleBuilder:
        bundle = journal(day).add("teaching_load", group_key="g1", subject_key="math", weekly_hours=weekly_hours)
        return bundle.only_columns("teaching_load", "weekly_hours")

    assert store.load(loads(1, "5")).balances["teaching_load"] == Balance(read=1, loaded=1)
    assert store.load(loads(2, "5")).balances["teaching_load"] == Balance(read=1, unchanged=1)
    bad = loads(3, "6").add("teaching_load", group_key="g1", subject_key="eng", weekly_hours="много")
    assert store.load(bad).balances["teaching_load"] == Balance(read=2, loaded=1, rejected=1)
    query = "SELECT from_on, weekly_hours::int FROM fact_teaching_load WHERE deleted_latest IS NULL"
    assert store.rows(query) == [(None, 6)]
    dated = journal(4).add("teaching_load", group_key="g1", subject_key="math", weekly_hours="6", from_on="2024-09-02")
    balance = store.load(dated).balances["teaching_load"]
    assert (balance.loaded, balance.deleted) == (1, 1)


def test_each_fault_rejects_its_row_and_no_other(store: Store) -> None:
    bundle = journal(regulation=None)
    faults = {
        ("mark", "value", "6"): {"mark_key": "x1", "lesson_key": "l1"},
        ("mark", "lesson_key", "l9"): {"mark_key": "x2"},
        ("mark", "recorded_at", "вчера"): {"mark_key": "x3", "lesson_key": "l1"},
        ("mark", "pupil_key", ""): {"mark_key": "x4", "lesson_key": "l1"},
        ("mark", "protocol_on", "2024-02-30"): {"mark_key": "x5", "lesson_key": "l1"},
        ("absence", "code", "Я"): {"absence_key": "x1", "lesson_key": "l1"},
        ("lesson", "status", "done"): {"lesson_key": "x1", "held_on": "2024-09-13"},
        ("lesson", "held_on", "10.09.2024"): {"lesson_key": "x2"},
        ("lesson", "slot", "первый"): {"lesson_key": "x3", "held_on": "2024-09-13"},
        ("lesson", "starts_at", "8:00"): {"lesson_key": "x4", "held_on": "2024-09-13"},
        ("lesson", "homework_not_assigned", "yes"): {"lesson_key": "x5", "held_on": "2024-09-13"},
        ("enrolment", "to_on", "2024-09-01"): {"from_on": "2024-09-01"},
        ("period", "ends_on", "2024-09-01"): {"period_key": "x1", "starts_on": "2024-09-02"},
        ("school_class", "grade", "12"): {"class_key": "x1"},
        ("school_class", "school_year", "2024/2026"): {"class_key": "x2"},
        ("subject", "component", "regional"): {"subject_key": "x1"},
        ("pupil", "birth_year", "99999999999"): {"pupil_key": "x1"},
        ("work", "weight", "1,5"): {"work_key": "x1", "lesson_key": "l1"},
        ("calendar_day", "date", "0000-01-01"): {},
    }
    for (table, column, value), cells in faults.items():
        bundle.add(table, **{**cells, column: value})
    report = store.load(bundle)
    expected = {(f"{table}.csv", column, value or None) for table, column, value in faults}
    assert {(row[0], row[2], row[3]) for row in store.rejected()} == expected
    assert report.rejected_count == len(faults)
    assert store.marks() == {"m1": "5", "m2": "4"}


def test_rows_that_refer_to_a_rejected_row_are_rejected_too(store: Store) -> None:
    bundle = journal()
    bundle.add("lesson", lesson_key="l3", held_on="вчера").add("work", work_key="w3", lesson_key="l3")
    bundle.add("mark", mark_key="m3", lesson_key="l1", work_key="w3").add("absence", absence_key="a3", lesson_key="l3")
    store.load(bundle)
    assert [(row[0], row[2], row[3]) for row in store.rejected()] == [
        ("absence.csv", "lesson_key", "l3"),
        ("lesson.csv", "held_on", "вчера"),
        ("mark.csv", "work_key", "w3"),
        ("work.csv", "lesson_key", "l3"),
    ]


def test_references_into_a_table_that_nobody_has_carried_are_not_checked_and_later_ones_are(store: Store) -> None:
    bundle = journal()
    del bundle.tables["work"]
    bundle.add("mark", mark_key="m3", lesson_key="l1", work_key="w1")
    store.load(bundle)
    assert store.rejected() == []
    later = delta(2).add("work", work_key="w2", lesson_key="l1")
    later.add("mark", mark_key="m4", lesson_key="l1", work_key="w2").add(
        "mark", mark_key="m5", lesson_key="l1", work_key="w3"
    )
    store.load(later)
    assert [row[2:4] for row in store.rejected()] == [("work_key", "w3")]
    assert store.marks().keys() == {"m1", "m2", "m3", "m4"}


def test_references_resolve_among_rows_loaded_before_even_when_they_have_vanished(store: Store) -> None:
    store.load(journal())
    store.load(without_pupil(journal(2)))
    assert store.keys("dim_pupil", "pupil_key") == ["p1"]
    store.load(delta(3).add("mark", mark_key="m3", lesson_key="l1", pupil_key="p2"))
    assert store.rejected() == []
    assert "m3" in store.marks()


def without_pupil(bundle: BundleBuilder) -> BundleBuilder:
    for table in ("pupil", "enrolment", "mark"):
        bundle.tables[table] = [row for row in bundle.tables[table] if row["pupil_key"] != "p2"]
    return bundle


def test_an_unknown_author_is_no_fault(store: Store) -> None:
    store.load(journal().add("mark", mark_key="m3", lesson_key="l1", recorded_by="никто"))
    assert store.rejected() == []


def test_rows_of_an_unknown_school_and_without_a_school_are_set_aside(store: Store) -> None:
    bundle = journal().add("subject", subject_key="x", school_key="s2").add("subject", subject_key="y", school_key="")
    store.load(bundle)
    assert [row[1:] for row in store.rejected()] == [
        (4, "school_key", "s2", "refers to a school that is in no accepted row"),
        (5, "school_key", None, "required cell is blank"),
    ]
    assert store.rows("SELECT school_key FROM load_reject ORDER BY row_number") == [("s2",), (None,)]


def test_a_school_with_a_bad_cell_takes_its_rows_with_it_until_it_is_known(store: Store) -> None:
    bad = journal(1)
    bad.row("school", "s1")["timezone"] = "Moscow"
    report = store.load(bad)
    assert [row[2:4] for row in store.rejected() if row[0] == "school.csv"] == [("timezone", "Moscow")]
    assert report.rejected_count == sum(it.read for it in report.balances.values())
    assert report.school_count == 0
    store.load(journal(2))
    again = journal(3).add("mark", mark_key="m3", lesson_key="l1")
    again.row("school", "s1")["timezone"] = "Factory"
    again.tables["mark"] = again.tables["mark"][1:]
    store.load(again)
    # its own row is set aside, the state loaded before stands: rows resolve, but no absence is proved
    assert store.marks().keys() == {"m1", "m2", "m3"}
    assert store.value("SELECT timezone FROM dim_school") == "Europe/Moscow"


def test_ragged_rows_are_set_aside_with_their_raw_line(store: Store) -> None:
    path = store.write(journal(regulation=None))
    text = (path / "subject.csv").read_text(encoding="utf-8")
    (path / "subject.csv").write_text(text + 's1,sci\ns1,art,ИЗО,school,"x,y"\n', encoding="utf-8")
    report = store.load(path)
    assert store.rows("SELECT row_number, column_name, value, reason, raw FROM load_reject ORDER BY 1") == [
        (4, None, None, "the row has 2 cells, the header another number", "s1,sci"),
        (5, None, None, "the row has 5 cells, the header another number", 's1,art,ИЗО,school,"x,y"'),
    ]
    assert report.balances["subject"] == Balance(read=4, loaded=2, rejected=2)


def test_a_second_row_with_the_same_key_is_unchanged_when_identical_and_rejected_when_different(store: Store) -> None:
    bundle = journal(regulation=None)
    bundle.add("mark", mark_key="m3", lesson_key="l1", value="x")
    bundle.add("mark", mark_key="m3", lesson_key="l1", value="НА")
    bundle.add("mark", mark_key="m3", lesson_key="l1", value=" н/а ")
    bundle.add("mark", mark_key="m3", lesson_key="l1", value="5")
    bundle.add("enrolment", pupil_key="p1", class_key="c1", order_no="7")
    bundle.add("school", school_key="s1").add("school", school_key="s1", name="Другая")
    report = store.load(bundle)
    # the first that passes its column checks stays (annex B10)
    assert store.marks()["m3"] == "н/а"
    assert report.balances["mark"] == Balance(read=6, loaded=3, unchanged=1, rejected=2)
    assert report.balances["enrolment"] == Balance(read=3, loaded=2, rejected=1)
    assert report.balances["school"] == Balance(read=3, loaded=1, unchanged=1, rejected=1)
    assert store.value("SELECT name FROM dim_school") == "Школа"


def test_keys_keep_leading_zeros_spaces_case_and_length(store: Store) -> None:
    bundle = tiny_school(moment(1), None).add_class(pupils=(BIG_KEY, "007", "7", " 7", "a", "A"))
    bundle.add("lesson", lesson_key="9007199254740993", held_on="2024-09-10")
    bundle.add("lesson", lesson_key="9007199254740992", held_on="2024-09-10")
    bundle.add("mark", mark_key="1", lesson_key="9007199254740993", pupil_key=BIG_KEY)
    store.load(bundle)
    assert store.rejected() == []
    assert sorted(store.keys("dim_pupil", "pupil_key")) == sorted([BIG_KEY, "007", "7", " 7", "a", "A"])
    assert store.rows(
        "SELECT lesson_key, pupil_key FROM fact_mark JOIN fact_lesson USING (school_id, lesson_id) JOIN"
        " dim_pupil USING (school_id, pupil_id)"
    ) == [("9007199254740993", BIG_KEY)]


def test_the_same_keys_in_two_schools_are_two_rows(store: Store) -> None:
    first, second = journal(), journal()
    for table, rows in second.tables.items():
        first.tables[table] += [{**row, "school_key": "s2"} for row in rows]
    first.row("mark", "m1")["value"] = "2"
    report = store.load(first)
    assert report.school_count == 2
    assert store.rows(
        "SELECT school_key, mark_key, value FROM fact_mark JOIN dim_school USING (school_id) ORDER BY 1, 2"
    ) == [
        ("s1", "m1", "2"),
        ("s1", "m2", "4"),
        ("s2", "m1", "5"),
        ("s2", "m2", "4"),
    ]


def test_awkward_texts_come_back_as_they_were(store: Store) -> None:
    texts = [
        "\\.",
        "\\N",
        '"',
        "a\r\nb",
        "a\rb",
        "tab\there",
        " spaces ",
        "a,b;c",
        "NULL",
        "'; DROP TABLE x; --",
        "Ёж 🦔",
        "a\u2028b",
        "{}",
        "%s %(x)s",
    ]
    bundle = journal()
    for number, text in enumerate(texts):
        bundle.add("mark", mark_key=f"k{text}", lesson_key="l1", comment=text, protocol_no=text)
        bundle.add("lesson", lesson_key=f"t{number}", held_on="2024-09-13", topic=text, homework=text)
    report = store.load(bundle)
    assert store.rejected() == []
    assert sorted(
        store.rows("SELECT mark_key, comment, protocol_no FROM fact_mark WHERE mark_key LIKE 'k%'")
    ) == sorted((f"k{text}", text, text) for text in texts)
    assert sorted(store.rows("SELECT topic, homework FROM fact_lesson_text WHERE homework IS NOT NULL")) == sorted(
        (text, text) for text in texts
    )
    again = BundleBuilder(moment(2), capabilities=("topics", "homework", "work_kinds"))
    again.tables = bundle.tables
    before, report = store.facts(), store.load(again)
    assert sum(it.loaded + it.deleted for it in report.balances.values()) == 0
    assert store.facts() == before


def test_a_zero_character_rejects_its_row_wherever_it_stands(store: Store) -> None:
    bundle = journal(regulation=None)
    bundle.add("mark", mark_key="m\0", lesson_key="l1").add("mark", mark_key="m3", lesson_key="l1", comment="a\0b")
    bundle.add("subject", subject_key="x", school_key="s\0").add("school", school_key="s\0")
    path = store.write(bundle)
    with (path / "mark.csv").open("a", encoding="utf-8") as file:
        file.write("s1,\0\n")
    store.load(path)
    assert [(row[0], row[2], row[3]) for row in store.rejected()] == [
        ("mark.csv", "mark_key", "m\\u0000"),
        ("mark.csv", "comment", "a\\u0000b"),
        ("mark.csv", None, None),
        ("school.csv", "school_key", "s\\u0000"),
        ("subject.csv", "school_key", "s\\u0000"),
    ]
    assert store.marks() == {"m1": "5", "m2": "4"}


def test_days_and_moments_at_the_ends_of_time_load_or_are_set_aside(store: Store) -> None:
    bundle = journal()
    for year in ("0001", "1899", "1950", "2100", "9999"):
        day = f"{year}-12-31"
        bundle.add("lesson", lesson_key=f"d{year}", held_on=day, topic="Дроби", homework="Учить")
        bundle.add("account", account_key=f"d{year}", deactivated_at=day)
        bundle.add("account", account_key=f"t{year}", deactivated_at=f"{day}T23:59:59-12:00")
        bundle.add("staff", staff_key=f"s{year}", employed_to=day)
    store.load(bundle)
    assert sorted((row[0], row[3][:4]) for row in store.rejected()) == [
        ("account.csv", "0001"),
        ("account.csv", "0001"),
        ("account.csv", "1899"),
        ("lesson.csv", "0001"),
        ("lesson.csv", "1899"),
        ("lesson.csv", "9999"),
        ("staff.csv", "0001"),
        ("staff.csv", "1899"),
    ]
    assert sum(it.loaded for it in store.load(journal(2)).balances.values()) == 0


def test_an_unknown_regulation_is_taken_as_none_and_told_with_those_that_are_installed(store: Store) -> None:
    report = store.load(journal(regulation="school8"))
    assert store.value("SELECT regulation FROM dim_school") is None
    told = [message for _school, message in report.warnings if "'school8'" in message]
    assert len(told) == 1
    assert "school7_oktyabrsky" in told[0]
    assert store.value("SELECT count(*) FROM load_warning WHERE message = %s", told[0]) == 1


def test_unknown_columns_and_skewed_clocks_are_remarks(store: Store) -> None:
    path = store.write(journal().add("mark", mark_key="m3", lesson_key="l1", recorded_at="2024-10-01T06:00:01+03:00"))
    text = (path / "subject.csv").read_text(encoding="utf-8").splitlines()
    (path / "subject.csv").write_text(
        "\n".join([text[0] + ",цвет", *(line + ",x" for line in text[1:])]) + "\n", encoding="utf-8"
    )
    report = store.load(path)
    messages = [message for _school, message in report.warnings]
    assert messages == [
        "subject: unknown columns were not read: цвет",
        "mark.recorded_at: 1 moments are later than the export itself and count as not made",
    ]
    assert store.keys("dim_subject", "subject_key") == ["eng", "math"]


@pytest.mark.parametrize(
    ("table", "content", "said"),
    [
        ("mark", "school_key,mark_key\n", "lacks the required columns lesson_key, pupil_key, value"),
        ("mark", "школа;оценка\n", "separated by ';'"),
        ("mark", "", "mark.csv is empty"),
        ("mark", "school_key,mark_key,lesson_key,pupil_key,value\ns1,m1,l1,p1,н/а\n".encode("cp1251"), "not in UTF-8"),
        ("mark", "school_key,mark_key,lesson_key,pupil_key,value\n".encode("utf-16"), "UTF-16"),
        ("school", "school_key,name\n", "lacks the required columns municipality, timezone"),
    ],
)
def test_a_file_that_cannot_be_read_refuses_the_bundle_and_leaves_everything_as_it_was(
    store: Store, table: str, content: str | bytes, said: str
) -> None:
    store.load(journal())
    before = store.everything()
    path = store.write(journal(2))
    (path / f"{table}.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(SourceError) as caught:
        store.load(path)
    assert said in caught.value.message
    assert caught.value.advice
    assert store.everything() == before
    assert list((store.home / "spool").glob("load-*")) == []


def test_sex_and_year_of_birth_come_with_the_bundle_that_knows_them_and_are_unknown_until_then(store: Store) -> None:
    told = "SELECT pupil_key, sex, birth_year FROM dim_pupil ORDER BY 1"
    store.load(journal().only_columns("pupil"))
    assert store.rows(told) == [("p1", None, None), ("p2", None, None)]
    for day, sex, year in ((2, "f", 2011), (3, "m", 2012)):
        bundle = journal(day)
        bundle.row("pupil", "p1").update(sex=sex, birth_year=str(year))
        store.load(bundle)
        assert store.rows(told) == [("p1", sex, year), ("p2", None, None)]
