"""Rules of a control: proposals, deadlines, what became of remarks, and the documents at their edges. Pure."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime

import docx
import pypdf
import pytest

from dashboard.control import (
    CHECKLIST,
    Indicator,
    Outcome,
    Remark,
    Snapshot,
    State,
    Texts,
    checklist,
    compared,
    outcome,
    proposed,
    working_day_after,
)
from dashboard.control_causes import FAMILIES, causes
from dashboard.control_documents import KINDS, document
from dashboard.i18n import t
from dashboard.queries.control import Package
from dashboard.reports.document import StampError
from dashboard.reports.pdf import pdf_file
from dashboard.reports.word import docx_file
from etl.warehouse.ledger import RULE, Status

LONG = "Константинопольская-Преображенская Александра Владиславовна"  # 59 characters
MOSCOW = "Europe/Moscow"


def remark(n: int, rule: str = "topic", staff: int = 1, journal: int = 1) -> Remark:
    return Remark(n, RULE[rule].number, 2, journal, staff, "Тема урока", "не внесено, срок 05.10 23:59", "10А",
                  "Основы безопасности и защиты Родины", f"{LONG} {staff}", "2026-10-05", "п. 3.8")  # fmt: skip


def package(remarks: int = 3, state: State = State.SIGNED) -> Package:
    shot = Snapshot(
        "Октябрь 2026", "Лицей № 21", MOSCOW, "«Сетевой город»", "02.11.2026 06:00", "Положение", "1",
        (Indicator("completeness", "88,6 %", 1065, 1202),), tuple(remark(n) for n in range(remarks)),
    )  # fmt: skip
    at = datetime(2026, 11, 3, 6, 5, tzinfo=UTC)
    texts = proposed(shot, date(2026, 11, 3))
    return Package(1, 1, "m2026-10", date(2026, 10, 1), date(2026, 10, 31), at, LONG, "deputy", 1, "0123456789ab", shot,
                   2, state, texts, at, LONG, "deputy")  # fmt: skip


def words_of(data: bytes) -> str:
    return " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages).replace("\n", " ")


def test_the_deadline_is_five_working_days_and_the_recheck_the_next():
    texts = package().texts

    assert (texts.act_on, texts.repair_on, texts.recheck_on) == ("2026-11-03", "2026-11-10", "2026-11-11")
    assert working_day_after(date(2026, 11, 6), 1) == date(2026, 11, 9), "Friday, then Monday"


def said(*remarks: Remark, last: date = date(2026, 10, 31), before: Outcome | None = None) -> list[str]:
    """Codes of the causes that are proposed, in order."""
    codes = {t(f"control_cause.{name}").split("{")[0].split("(")[0]: name for name in (
        "missing", "late", "end", *FAMILIES, "nobody", "one_class", "repeated", "only", "few", "all")}  # fmt: skip
    lines = causes(remarks, last, before).splitlines()
    return [next(name for words, name in codes.items() if line.startswith(words)) for line in lines[1:]]


def test_causes_are_sentences_by_rule_and_each_rests_on_its_count():
    topics = [replace(remark(n, staff=n), status=Status.missing) for n in range(6)]
    locks = [replace(remark(n, "mark_lock", staff=9), status=Status.late) for n in range(6, 12)]

    assert said(*topics) == ["missing", "content", "all"]
    assert said(*topics, *locks) == ["missing", "late", "content", "changes", "few"]
    assert said(*topics, *(replace(row, rule=RULE["plan"].number) for row in locks[:2])) == [
        "missing",
        "content",
        "all",
    ]
    assert said(*topics[:3]) == ["missing", "content", "only"]
    text = causes([*topics, *locks], date(2026, 10, 31), None)
    assert (
        text.splitlines()[0]
        == "Всего 12\u00a0замечаний; чаще всего: Тема урока — 6; Правка отметки после закрытия — 6."
    )
    assert "(6 из 12)" in text and LONG not in text
    assert causes([], None, None) == t("control.causes_none")


def test_causes_see_the_end_of_the_period_one_class_nobody_and_what_came_back():
    spread = [replace(remark(n, staff=n), on=f"2026-10-{n:02d}") for n in (5, 26, 27, 28, 29)]
    classes = [replace(remark(n, staff=n), class_name=name) for n, name in enumerate("АБВГГГ")]
    nobody = [replace(remark(n), teacher="") for n in range(3)]

    assert "end" in said(*spread) and "end" not in said(*spread, last=date(2026, 10, 12))
    assert "end" not in said(*spread[1:]), "of one week every day is the end"
    assert "one_class" in said(*classes) and "one_class" not in said(*classes[3:])
    assert "nobody" in said(*nobody, remark(9))
    assert "repeated" in said(remark(1), before=Outcome(new=6, repeated=4))
    assert "repeated" not in said(remark(1), before=Outcome(new=40, repeated=4))
    assert {name for rules in FAMILIES.values() for name in rules} <= set(RULE)


def test_a_remark_is_fixed_in_time_until_the_last_second_of_the_schools_own_day():
    remarks = [remark(n) for n in range(6)]
    now = {
        0: ("fixed", datetime(2026, 11, 10, 20, 59, tzinfo=UTC)),  # 23:59 in Moscow
        1: ("fixed", datetime(2026, 11, 10, 21, 0, tzinfo=UTC)),  # midnight
        2: ("open", None),
        3: ("accepted", None),
        4: ("disputed", None),
    }
    found = outcome(remarks, now, date(2026, 11, 10), MOSCOW)

    assert found == Outcome(fixed=1, late=1, still=2, gone=2)
    assert found.share == pytest.approx(1 / 4)
    assert Outcome(gone=3).share is None


def test_a_fault_that_comes_back_is_repeated_and_another_is_new():
    old = [remark(1), remark(2)]
    new = [remark(2), remark(7), remark(8, staff=2), remark(9, rule="homework")]

    found = compared(Outcome(fixed=1, still=1), old, new)
    assert (found.repeated, found.new) == (1, 2)


def test_the_checklist_tells_what_the_act_does_not_ask():
    found = dict(checklist([remark(1, "plan_hours"), remark(2, "plan_hours")], {"period_mark", "plan"}))

    assert list(found) == list(CHECKLIST)
    assert (found["plan_hours"], found["period_marks"], found["objectivity"]) == (2, 0, None)


def test_what_was_frozen_is_read_back_as_it_was():
    shot = replace(
        package().snapshot, before=Outcome(1, 2, 3), checks=(("works", None),), journals=(("5А", "Труд", "90 %", 1),)
    )

    assert Snapshot.of_json(shot.to_json()) == shot
    texts = Texts("причины", result=Outcome(fixed=2))
    assert Texts.of_json(texts.to_json()) == texts


@pytest.mark.parametrize(("change", "words"), [
    ({"conclusions": ""}, "выводы"), ({"act_on": ""}, "дату справки"), ({"repair_on": ""}, "срок устранения"),
    ({"repair_on": "2026-11-01"}, "раньше даты справки"), ({"recheck_on": "2026-11-09"}, "раньше срока устранения"),
])  # fmt: skip
def test_what_cannot_be_signed_says_why(change, words):
    assert words in " ".join(replace(package().texts, **change).faults())
    assert package().texts.faults() == []


@pytest.mark.parametrize("remarks", [0, 1, 200])
@pytest.mark.parametrize("kind", KINDS)
def test_every_document_is_drawn_with_none_and_with_two_hundred_remarks(kind, remarks):
    made = document(kind, package(remarks), f"{LONG} 1")
    pdf, word = words_of(pdf_file(made)), docx.Document(io.BytesIO(docx_file(made)))

    rows = sum(len(table.rows) - 1 for table in word.tables if len(table.columns) >= 6)
    assert rows == (0 if kind == "sheet" else remarks)
    assert made.stamp.source in pdf and "Лист 1 из" in pdf
    if kind == "report":
        assert ("Замечаний не выявлено" in pdf) == (remarks == 0)


def test_a_draft_says_so_and_a_control_without_an_act_is_refused():
    draft = package(state=State.DRAFT)

    assert "ПРОЕКТ: не подписано" in words_of(pdf_file(document("report", draft)))
    assert "ПРОЕКТ" not in words_of(pdf_file(document("report", package())))
    with pytest.raises(StampError, match="локальный акт"):
        pdf_file(document("report", replace(draft, snapshot=replace(draft.snapshot, act=""))))
