"""«Отчёты»: every report the acts name, who needs it, by which clause, how often, when it was made last;
its preview and files, for one class or for all of them at once."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from dashboard import frame, wording
from dashboard.access import Identity
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.filters import Filters
from dashboard.i18n import count, listed, number, t
from dashboard.library import files
from dashboard.library.make import Body, Made, OfPeriodError, body, read_report
from dashboard.library.registry import BY_CODE, Report, reports_of
from dashboard.pages_table import is_open
from dashboard.queries import periods
from dashboard.queries import schools as asked
from dashboard.queries.access_log import record_export
from dashboard.queries.door import cached
from dashboard.queries.origins import read_origins
from dashboard.queries.reports_made import read_reports_made
from dashboard.reports.document import Paragraph, Section, Table, written
from dashboard.reports.files import rendered
from dashboard.views.document_buttons import document_buttons, scope_at_the_press
from dashboard.views.sections import chosen_school, section_head, unknown_school
from etl.warehouse.scope import Scope

PREVIEW_ROWS, PREVIEW_PARTS = 40, 8


def render(scope: Scope, filters: Filters) -> None:
    """Draw the list, or the report of `filters.measure`; two queries for the list beside the head, those of the report
    for a report."""
    school, now = chosen_school(scope, filters, t("page.reports"))
    if school is None:
        return
    filters = filters.changed(school=school)
    rows = asked.read_schools(scope, now, school)
    choice = None
    if rows.height:
        until = asked.until_of(rows, filters.as_of)
        terms = periods.read_periods(scope, school)
        choice = periods.choose(terms, filters, until, with_days=scope.sees_names)
    if choice is None:
        unknown_school(t("page.reports"), filters)
        return
    row, report = rows.row(0, named=True), BY_CODE.get(filters.measure or "")
    title = t(report.title_key) if report else t("report.title")
    section_head(title, "reports", row, choice, filters, scope.role)
    if report is None:
        _list(scope, filters, str(row["timezone"]), row["regulation"])
        return
    if st.button(t("report.back"), icon=":material/arrow_back:", type="tertiary"):
        frame.set_filters(filters.changed(measure=None, class_id=None))
    _open(scope, filters, report, now)


def _list(scope: Scope, filters: Filters, zone: str, own_act: str | None) -> None:
    made = dict(read_reports_made(scope, filters.school or 0).select("subject", "at").iter_rows())
    of_act = [report for report in reports_of(scope.role) if own_act in dict(report.sources)]
    mine = [*of_act, *(report for report in reports_of(scope.role) if report not in of_act)]
    for grain in ("class", "school"):
        reports = [report for report in mine if report.grain == grain]
        if not reports:
            continue
        with st.container(border=True):
            st.header(t("report.of_classes" if grain == "class" else "report.of_school"), anchor=False)
            st.caption(t("report.choose"))
            columns = [
                Column(t("report.column_report"), wide=True),
                Column(t("report.column_for")),
                Column(t("report.column_clause")),
                Column(t("report.column_often")),
                Column(t("report.column_made")),
            ]
            table = [
                _line(report, made.get(report.subject), zone, place, own_act) for place, report in enumerate(reports)
            ]
            clicked = row_table(f"reports_{grain}", columns, table, caption=t("report.list"))
            if clicked is not None:
                frame.set_filters(filters.changed(measure=reports[clicked].code))
    if is_open("constructor", scope.role):
        with st.container(border=True):
            st.caption(t("pivot_saved.reports_way"))
            if st.button(t("pivot_saved.reports_open"), icon=":material/pivot_table_chart:", key="reports_own"):
                frame.go("constructor", filters.common())


def _source_words(report: Report, own_act: str | None) -> tuple[str, str]:
    """The clauses of the school's own act, and in small those of the other acts that name the report."""
    own = [t("own.clause", clause=clause) for act, clause in report.sources if act == own_act]
    others = "; ".join(
        f"{t('own.clause', clause=clause)} — {t(f'report_act.{act}')}"
        for act, clause in report.sources
        if act != own_act
    )
    others = t("report.clause_others", clauses=others) if others else ""
    return (", ".join(own) if own else t("report.clause_not_own")), others


def _line(report: Report, at: datetime | None, zone: str, place: int, own_act: str | None) -> Row:
    words, others = _source_words(report, own_act)
    return Row(
        (
            Cell(t(report.title_key)),
            Cell(listed(t(f"role.{role}") for role in report.for_whom)),
            Cell(words, others, "quiet"),
            Cell(t(f"report_often.{report.often}")),
            Cell(wording.short_moment(at, zone) if at is not None else t("report.made_never")),
        ),
        place,
        t("report.open", title=t(report.title_key)),
    )


def _open(scope: Scope, filters: Filters, report: Report, now: datetime) -> None:
    position = Filters(school=filters.school, year=filters.year, period=filters.period, as_of=filters.as_of)
    try:
        made = cached(scope, position, _read, report.code, now, school=filters.school)
    except OfPeriodError as error:
        frame.empty(t("report.nothing_title"), frame.plain(str(error)))
        return
    if made is None:
        frame.empty(t("report.nothing_title"), t("report.nothing_here"))
        return
    chosen = _chosen(made, filters)
    can_leave = _can_leave(scope, made)
    if chosen is None:
        if can_leave:
            _archive(made, position)
        return
    class_id, name, teacher = chosen
    document = body(made, class_id, name, teacher)
    if can_leave:
        _buttons(made, document, position.changed(class_id=class_id))
    _preview(document)


def _can_leave(scope: Scope, made: Made) -> bool:
    """Whether files may be made: with a part of the stamp missing the page says which, and shows the report alone."""
    stamp = _sender(frame.identity(), scope, int(made.row["school_id"])).stamp()
    if names := stamp.missing():
        st.warning(t("documents.refused", parts=listed(names)), icon=":material/block:")
    return not names


def _read(scope: Scope, position: Filters, code: str, now: datetime) -> Made | None:
    return read_report(scope, position, BY_CODE[code], now)


def _chosen(made: Made, filters: Filters) -> tuple[int | None, str, str] | None:
    """The class that is looked at; None = all of them; the only one without asking."""
    if made.report.grain == "school" or len(made.classes) == 1:
        only = made.classes[0]
        if only[0] is not None and filters.class_id != only[0]:
            frame.set_filters(filters.changed(class_id=only[0]))  # the access log notes whose class is shown
        return only
    names: dict[int | None, str] = {None: t("report.every_class")}
    names |= {class_id: name for class_id, name, _ in made.classes}
    st.session_state["reports.class"] = filters.class_id if filters.class_id in names else None
    picked = st.selectbox(t("report.class"), list(names), format_func=lambda one: names[one], key="reports.class",
                          width=240)  # fmt: skip
    if picked != filters.class_id and not (picked is None and filters.class_id not in names):
        frame.set_filters(filters.changed(class_id=picked))
    return next((one for one in made.classes if one[0] == picked), None) if picked is not None else None


def _sender(person: Identity, scope: Scope, school: int) -> files.Sender:
    return files.Sender(person, read_origins(scope, school), datetime.now(UTC))


def _buttons(made: Made, document: Body, position: Filters) -> None:
    person, school = frame.identity(), int(made.row["school_id"])

    def made_of(kind: str) -> bytes:
        fresh = scope_at_the_press(person, school)
        paper = files.document(made, document, position, _sender(person, fresh, school).stamp())
        data = rendered(paper, kind)
        _record(fresh, made, position, document.rows)
        return data

    with st.container(horizontal=True, gap="small", key="zavuch_report_files"):
        document_buttons("report", files.name_of(made, document, datetime.now(UTC)), made_of)


def _record(scope: Scope, made: Made, position: Filters, rows: int) -> None:
    record_export(scope, made.report.subject, schools=[int(made.row["school_id"])], filters=position, rows=rows)


def _archive(made: Made, position: Filters) -> None:
    """Files of every class: made on demand with a bar, then handed out."""
    st.caption(t("report.zip_note"))
    key = f"reports.zip.{made.report.code}.{position}"
    if st.button(t("report.zip_make", n=count(len(made.classes), "class")), icon=":material/folder_zip:",
                 type="primary", key="report_zip_make"):  # fmt: skip
        bar = st.progress(0.0)
        school = int(made.row["school_id"])
        fresh = scope_at_the_press(frame.identity(), school)
        sender = _sender(frame.identity(), fresh, school)
        _record(fresh, made, position, files.rows_of(made))

        def told(done: int, total: int) -> None:
            bar.progress(done / total, t("report.zip_progress", done=number(done), total=number(total)))

        st.session_state[key] = files.archive(made, position, sender, told)
        bar.empty()
    packed = st.session_state.get(key)
    if packed is not None:
        st.download_button(
            t("report.zip_ready"),
            packed,
            key="report_zip",
            file_name=f"{made.report.code}-{datetime.now(UTC):%Y-%m-%d}.zip",
            mime="application/zip",
            icon=":material/download:",
            on_click="ignore",
        )


def _preview(document: Body) -> None:
    for place, part in enumerate(document.parts[:PREVIEW_PARTS]):
        with st.container(border=True):
            _part(part, place)
    if len(document.parts) > PREVIEW_PARTS:
        total = number(len(document.parts))
        st.caption(t("report.cut_parts", shown=number(PREVIEW_PARTS), total=total))


def _part(part: Section, place: int) -> None:
    st.header(frame.plain(part.title), anchor=False)
    for n, block in enumerate(part.blocks):
        if isinstance(block, Paragraph):
            st.caption(frame.plain(block.text))
        else:
            _table(block, f"report_part_{place}_{n}")


def _table(table: Table, key: str) -> None:
    columns = [
        Column(column.label, wide=place == 0, is_number=column.numeric) for place, column in enumerate(table.columns)
    ]
    rows = [Row(tuple(Cell(written(value)) for value in row)) for row in table.rows[:PREVIEW_ROWS]]
    row_table(
        key, columns, rows, caption=table.title, height=560 if len(rows) > 16 else None, as_file=False, sorts=False
    )
    if len(table.rows) > PREVIEW_ROWS:
        st.caption(t("report.cut", shown=number(PREVIEW_ROWS), total=number(len(table.rows))))
