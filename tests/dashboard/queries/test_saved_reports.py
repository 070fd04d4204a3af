"""Saved tables of readers: saved, opened by others, changed, deleted; whose they are, and that nobody goes round it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import ProgrammingError
from streamlit.testing.v1 import AppTest

from dashboard.access import Identity
from dashboard.filters import Filters, to_params
from dashboard.page_costs import _page
from dashboard.queries import door
from dashboard.queries.door import append
from dashboard.queries.saved_reports import Refused, may_share, read_saved, save, withdraw
from dashboard.saved_report import Saved, kept_of
from etl.settings import read_settings
from etl.warehouse.engine import owner_connection
from etl.warehouse.scope import Scope
from tests.conftest import (
    ADMINISTRATOR,
    CLASS_TEACHER,
    COORDINATOR,
    DEPUTY,
    DIRECTOR,
    INSPECTOR,
    SILENT_DEPUTY,
    STRANGER,
    TEACHER,
    Warehouse,
)

ScopeOf = Callable[[int], Scope]
KEPT = kept_of(Filters(metrics="completeness.success", rows="class", period="q1", class_id=1, parallel=5))


@pytest.fixture
def school(warehouse: Warehouse) -> Iterator[int]:
    """The id of the school; reports that the test saves do not stay."""
    yield warehouse.school_id
    with owner_connection(warehouse.url) as owner:
        owner.execute("DELETE FROM saved_report")
        owner.execute("DELETE FROM access_event WHERE subject = 'saved_report'")
        owner.commit()


def titles(scope: Scope, school: int) -> list[str]:
    return [one.title for one in read_saved(scope, school)]


def only(scope: Scope, school: int) -> Saved:
    (found,) = read_saved(scope, school)
    return found


def test_a_report_is_saved_changed_renamed_and_deleted_by_its_author(scope_of: ScopeOf, school: int) -> None:
    teacher = scope_of(TEACHER)
    number = save(teacher, school, KEPT, title="Полнота")
    first = only(teacher, school)
    assert (first.report, first.title, first.kept, first.version) == (number, "Полнота", KEPT, 1)
    assert first.is_own and not first.is_shared and first.saved_by == "Иванова Анна Петровна"
    other = replace(KEPT, metrics=("late_count",), column_by="month", period=None)
    assert save(teacher, school, other, title=None, of=first) == number
    second = only(teacher, school)
    assert (second.title, second.kept, second.version) == ("Полнота", other, 2)
    assert save(teacher, school, KEPT, title="Другое", of=first) is Refused.GONE  # meanwhile there is a newer one
    assert save(teacher, school, other, title="Опоздания", of=second) == number
    assert withdraw(teacher, school, second) is Refused.GONE
    assert withdraw(teacher, school, only(teacher, school)) is None
    assert titles(teacher, school) == []


def test_a_private_report_is_its_authors_alone(scope_of: ScopeOf, school: int, warehouse: Warehouse) -> None:
    save(scope_of(TEACHER), school, KEPT, title="Моё")
    save(scope_of(DEPUTY), school, KEPT, title="Завуча")
    mine = only(scope_of(TEACHER), school)
    for user in (CLASS_TEACHER, DIRECTOR, COORDINATOR, INSPECTOR, STRANGER, SILENT_DEPUTY, ADMINISTRATOR):
        assert titles(scope_of(user), school) == []
        assert save(scope_of(user), school, KEPT, title="Чужое", of=replace(mine, is_own=True)) in list(Refused)
        assert withdraw(scope_of(user), school, replace(mine, is_own=True)) is Refused.GONE
    assert titles(scope_of(TEACHER), school) == ["Моё"]
    assert titles(scope_of(TEACHER), warehouse.silent_id) == []
    assert save(scope_of(TEACHER), warehouse.silent_id, KEPT, title="Там") is Refused.GONE


def test_a_head_opens_a_report_to_the_school_and_to_no_other(scope_of: ScopeOf, school: int) -> None:
    deputy = scope_of(DEPUTY)
    save(deputy, school, KEPT, title="Для всех", shared=True)
    for user in (TEACHER, CLASS_TEACHER, DIRECTOR, COORDINATOR):
        seen = only(scope_of(user), school)
        assert (seen.title, seen.is_own, seen.is_shared, seen.kept) == ("Для всех", False, True, KEPT)
        assert save(scope_of(user), school, KEPT, title="Моё", of=seen) is Refused.FORBIDDEN
    for user in (SILENT_DEPUTY, INSPECTOR, STRANGER, ADMINISTRATOR):
        assert titles(scope_of(user), school) == []
    for user in (TEACHER, CLASS_TEACHER, COORDINATOR):
        assert not may_share(scope_of(user), school)
        assert save(scope_of(user), school, KEPT, title="Моё", shared=True) is Refused.FORBIDDEN
        assert withdraw(scope_of(user), school, only(scope_of(user), school)) is Refused.FORBIDDEN
    # an open report is not closed by saving it; another head may delete it, for instance when its author has left
    save(deputy, school, KEPT, title=None, of=only(deputy, school))
    assert only(scope_of(TEACHER), school).version == 2
    assert withdraw(scope_of(DIRECTOR), school, only(scope_of(DIRECTOR), school)) is None
    assert titles(deputy, school) == titles(scope_of(TEACHER), school) == []


ROW = """INSERT INTO saved_report (school_id, user_id, saved_report_id, version_no, saved_at, author, author_role,
    title, metrics, row_by, is_shared, is_withdrawn)
SELECT s.school_id, {user}, 77, 1, {at}, {author}, {role}, 'Х', '{{}}', 'class', {shared}, {withdrawn}
FROM dim_school s JOIN access_user u ON u.user_id = :user_id
WHERE s.school_id = ANY(:schools) AND s.school_id = {school}"""


@pytest.mark.parametrize(
    ("user", "forged"),
    [
        (TEACHER, {"user": str(DEPUTY)}),
        (TEACHER, {"shared": "true"}),
        (COORDINATOR, {"shared": "true"}),
        (TEACHER, {"user": str(DEPUTY), "shared": "true", "withdrawn": "true"}),
        (TEACHER, {"author": "'Кто-то'"}),
        (TEACHER, {"role": "'director'"}),
        (TEACHER, {"at": "now() - interval '1 day'"}),
        (DEPUTY, {"user": str(TEACHER)}),
        (DEPUTY, {"user": str(TEACHER), "shared": "true"}),
        (ADMINISTRATOR, {}),
        (INSPECTOR, {}),
    ],
)
def test_the_database_refuses_what_the_page_would_not_offer(
    scope_of: ScopeOf, school: int, user: int, forged: dict[str, str]
) -> None:
    row = {"user": "u.user_id", "at": "clock_timestamp()", "author": "u.full_name", "role": "u.role",
           "shared": "false", "withdrawn": "false", "school": str(school)}  # fmt: skip
    with pytest.raises(ProgrammingError, match="row-level security"):
        append(scope_of(user), ROW.format(**{**row, **forged}), {})
    assert append(scope_of(TEACHER), ROW.format(**row), {}) == 1  # the same row, unforged, of one who may
    with pytest.raises(ProgrammingError, match="permission denied"):
        append(scope_of(TEACHER), "UPDATE saved_report SET title = '' WHERE school_id = ANY(:schools)", {})
    with pytest.raises(ProgrammingError, match="permission denied"):
        append(scope_of(TEACHER), "DELETE FROM saved_report WHERE school_id = ANY(:schools)", {})


def test_a_closed_account_has_no_reports_left_and_the_log_knows_who_saved_what(
    scope_of: ScopeOf, school: int, warehouse: Warehouse
) -> None:
    teacher = scope_of(TEACHER)
    save(teacher, school, KEPT, title="Моё")
    with owner_connection(warehouse.url) as owner:
        noted = owner.execute("SELECT user_id, kind, school_id FROM access_event WHERE subject = 'saved_report'")
        assert noted.fetchall() == [(TEACHER, "register", school)]
        owner.execute("UPDATE access_user SET disabled_at = now() WHERE user_id = %s", [TEACHER])
        owner.commit()
        try:
            assert read_saved(teacher, school) == []
            assert save(teacher, school, KEPT, title="Ещё") in list(Refused)
        finally:
            owner.execute("UPDATE access_user SET disabled_at = NULL WHERE user_id = %s", [TEACHER])
            owner.commit()
    assert titles(teacher, school) == ["Моё"]


def test_under_pseudonyms_no_title_and_no_author_is_shown_and_none_is_lost(
    scope_of: ScopeOf, school: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    deputy = scope_of(DEPUTY)
    save(deputy, school, KEPT, title="Журналы Ивановой", shared=True)
    monkeypatch.setenv("ZAVUCH_PSEUDONYMS", "on")
    read_settings.cache_clear()
    try:
        shown = only(deputy, school)
        assert "Иванов" not in shown.title + shown.saved_by
        save(deputy, school, KEPT, title=None, of=shown)
    finally:
        monkeypatch.delenv("ZAVUCH_PSEUDONYMS")
        read_settings.cache_clear()
    assert only(deputy, school).title == "Журналы Ивановой"


def drawn(scope: Scope, role: str, filters: Filters) -> AppTest:
    person = Identity(scope.user_id, role, "Иванова Анна Петровна", role)
    test = AppTest.from_function(
        _page, default_timeout=60, kwargs={"identity": person, "scope": scope, "route": "constructor"}
    )
    params: dict[str, Any] = dict(to_params(filters))
    test.query_params.update(params)
    return test.run()


def address(test: AppTest) -> dict[str, str]:
    return {name: value if isinstance(value, str) else value[0] for name, value in test.query_params.items()}


def test_the_page_chooses_saves_opens_and_deletes(scope_of: ScopeOf, school: int) -> None:
    door.forget()
    scope = scope_of(DEPUTY)
    page = drawn(scope, "deputy", Filters(school=school, period="q1"))
    assert not page.exception and page.title[0].value.startswith("Заполнено: темы, ДЗ, посещаемость по классам: всего")
    page.multiselect(key="pivot.metrics").set_value(["timeliness_topic"]).run()
    page.selectbox(key="pivot.rows").select("staff").run()
    page.selectbox(key="pivot.columns").select("month").run()
    assert not page.exception and "по учителям" in page.title[0].value
    assert (address(page)["metrics"], address(page)["rows"], address(page)["columns"]) == (
        "timeliness_topic", "staff", "month",
    )  # fmt: skip
    page.button(key="pivot_new").click().run()
    assert "Нужно название" in page.error[0].value
    page.text_input(key="pivot.title.0").set_value("Темы по учителям").run()
    page.toggle(key="pivot.share.0").set_value(True).run()
    page.button(key="pivot_new").click().run()
    assert not page.exception and page.success[0].value == "Сохранено."
    saved = only(scope, school)
    assert address(page)["report"] == str(saved.report) and saved.is_shared
    assert saved.kept == kept_of(Filters(metrics="timeliness_topic", rows="staff", columns="month", period="q1"))
    # a colleague opens it by its address alone and cannot change it
    other = drawn(scope_of(TEACHER), "teacher", Filters(school=school, report=saved.report))
    assert not other.exception and address(other)["columns"] == "month"
    assert any("Темы по учителям" in caption.value for caption in other.caption)
    keys = {button.key for button in other.button}
    assert "pivot_new" in keys and not {"pivot_over", "pivot_delete"} & keys
    # the author changes it, saves it again, and deletes it when sure
    page.selectbox(key="pivot.rows").select("grade").run()
    assert any("изменён и не сохранён" in caption.value for caption in page.caption)
    page.button(key="pivot_over").click().run()
    assert only(scope, school).kept.row_by == "grade" and not page.exception
    assert page.button(key="pivot_delete").disabled
    page.checkbox(key=f"pivot.sure.{saved.report}").check().run()
    page.button(key="pivot_delete").click().run()
    assert not page.exception and read_saved(scope, school) == [] and "report" not in address(page)
    gone = drawn(scope, "deputy", Filters(school=school, report=saved.report))
    assert any("по этому адресу нет" in one.value for one in gone.warning) and not gone.exception


def test_a_saved_report_whose_metric_is_gone_says_so(scope_of: ScopeOf, school: int) -> None:
    scope = scope_of(CLASS_TEACHER)
    kept = replace(KEPT, metrics=("completeness", "hearts_won"), row_by="class", class_id=None, grade=None)
    number = save(scope, school, kept, title="Старый")
    assert isinstance(number, int)
    page = drawn(scope, "class_teacher", Filters(school=school, report=number))
    assert not page.exception and any("больше нет: hearts" in one.value for one in page.warning)
    page.button(key="pivot_over").click().run()
    assert only(scope, school).kept.metrics == ("completeness",) and not page.exception
    assert not [one.value for one in page.warning if "больше нет" in one.value]
