"""All tables of the journal bundle, version 1 (docs/bundle in the app's guide; annex B10 for the keys)."""

from __future__ import annotations

from etl.contract.columns import BundleTable, Column, Entry, Kind


def _col(name: str, kind: Kind, note: str, *, ref: str = "", values: str = "") -> Column:
    """A trailing * marks a required column, as in the contract's own table."""
    return Column(name.rstrip("*"), kind, note, required=name.endswith("*"), ref=ref, values=tuple(values.split()))


SCHOOL_KEY = _col("school_key*", "text", "school, unique in the whole database")
_NOTE = _col("note", "text", "remark")


def _key(name: str, note: str) -> Column:
    return _col(name + "*", "key", note)


def _ref(name: str, table: str, note: str) -> Column:
    return _col(name, "ref", note, ref=table)


def _author(name: str, note: str = "who made the newest state of the entry; an unknown author has no role") -> Column:
    return _col(name, "author", note, ref="staff")


def _moment(name: str, note: str) -> Column:
    return _col(name, "moment", note)


_ROW = "row"

TABLES: tuple[BundleTable, ...] = (
    BundleTable(
        "school", "school", "one row per school", (
            SCHOOL_KEY,
            _col("name*", "text", "full name"),
            _col("short_name", "text", "short name"),
            _col("municipality*", "text", "municipality"),
            _col("region", "text", "region"),
            _col("settlement", "enum", "kind of settlement", values="urban rural"),
            _col("timezone*", "text", "IANA zone of every deadline of the school"),
            _col("week_days", "int", "length of the school week, 5 or 6", values="5 6"),
            _col("source_system", "text", "system the data come from"),
            _col("regulation", "text", "profile id of the school's act; blank = none stated"),
        ), key=("school_key",), required=True,
    ),
    BundleTable(
        "calendar_day", "calendar_day", "one row per school and exceptional date", (
            SCHOOL_KEY,
            _col("date*", "date", "the day"),
            _col("is_instructional*", "bool", "lessons are held"),
            _col("is_staff_working*", "bool", "staff work: deadlines roll to such a day"),
            _NOTE,
        ), key=("date",),
    ),
    BundleTable(
        "period", "period", "one row per period of a school year", (
            SCHOOL_KEY, _key("period_key", "period"),
            _col("school_year*", "school_year", "as 2024/2025; stored as its first calendar year"),
            _col("kind*", "enum", "kind of period", values="quarter trimester half_year year"),
            _col("number*", "int", "number within its kind"),
            _col("starts_on*", "date", "first day"),
            _col("ends_on*", "date", "last day, inclusive"),
            _col("grade_from*", "int", "first year of study it holds for"),
            _col("grade_to*", "int", "last year of study it holds for"),
        ), key=("period_key",), year_from="school_year",
    ),
    BundleTable(
        "staff", "staff", "one row per member of staff", (
            SCHOOL_KEY, _key("staff_key", "member of staff"),
            _col("full_name*", "text", "name"),
            _col("position", "text", "position"),
            _col("role", "enum", "role", values="director deputy coordinator administrator teacher secretary"),
            _col("employed_from", "date", "first day of employment"),
            _col("employed_to", "date", "first day that no longer counts"),
        ), key=("staff_key",), texts=("full_name",), text_table="dim_staff_name",
    ),
    BundleTable(
        "school_class", "class", "one row per class and school year", (
            SCHOOL_KEY, _key("class_key", "class"),
            _col("school_year*", "school_year", "as 2024/2025; stored as its first calendar year"),
            _col("grade*", "int", "year of study 1–11", values="1 2 3 4 5 6 7 8 9 10 11"),
            _col("letter*", "text", "letter"),
            _col("shift", "text", "shift"),
            _col("week_days", "int", "length of the class's week; blank = the school's", values="5 6"),
            _ref("homeroom_teacher_key", "staff", "class teacher"),
        ), key=("class_key",), year_from="school_year", required=True,
    ),
    BundleTable(
        "subject", "subject", "one row per subject", (
            SCHOOL_KEY, _key("subject_key", "subject"),
            _col("name*", "text", "name"),
            _col("component", "enum", "component", values="federal school extracurricular"),
        ), key=("subject_key",),
    ),
    BundleTable(
        "pupil", "pupil", "one row per pupil", (
            SCHOOL_KEY, _key("pupil_key", "pupil"),
            _col("full_name*", "text", "name"),
            _col("sex", "enum", "sex", values="f m"),
            _col("birth_year", "int", "year of birth"),
        ), key=("pupil_key",), texts=("full_name",), text_table="dim_pupil_name",
    ),
    BundleTable(
        "study_group", "group", "one row per group; a class has exactly one of kind class", (
            SCHOOL_KEY, _key("group_key", "group"),
            _ref("class_key*", "school_class", "its class"),
            _col("kind*", "enum", "kind", values="class subgroup individual elective club after_school"),
            _col("name", "text", "name"),
        ), key=("group_key",), year_from="class_key",
    ),
    BundleTable(
        "enrolment", "enrolment", "one row per pupil, class and interval", (
            SCHOOL_KEY,
            _ref("pupil_key*", "pupil", "pupil"),
            _ref("class_key*", "school_class", "class"),
            _col("from_on*", "date", "first day that counts"),
            _col("to_on", "date", "first day that no longer counts"),
            _col("order_no", "text", "number of the order"),
            _col("order_on", "date", "date of the order"),
            _moment("recorded_at", "first entry"),
        ), key=("pupil_key", "class_key", "from_on"), year_from="class_key",
        entries=(Entry("recorded_at", _ROW, ("pupil_key",)),), fact=True,
    ),
    BundleTable(
        "group_member", "group_member", "one row per pupil, group and interval (not for class groups)", (
            SCHOOL_KEY,
            _ref("group_key*", "study_group", "group"),
            _ref("pupil_key*", "pupil", "pupil"),
            _col("from_on*", "date", "first day that counts"),
            _col("to_on", "date", "first day that no longer counts"),
        ), key=("group_key", "pupil_key", "from_on"), year_from="group_key", fact=True,
    ),
    BundleTable(
        "teaching_load", "teaching_load", "one row per teacher, journal and interval", (
            SCHOOL_KEY,
            _ref("staff_key*", "staff", "teacher"),
            _ref("group_key*", "study_group", "group of the journal"),
            _ref("subject_key*", "subject", "subject of the journal"),
            _col("from_on", "date", "first day that counts"),
            _col("to_on", "date", "first day that no longer counts"),
            _col("weekly_hours", "decimal", "hours a week"),
        ), key=("staff_key", "group_key", "subject_key", "from_on"), year_from="group_key", fact=True,
    ),
    BundleTable(
        "curriculum", "curriculum", "one row per journal", (
            SCHOOL_KEY,
            _ref("group_key*", "study_group", "group of the journal"),
            _ref("subject_key*", "subject", "subject of the journal"),
            _col("weekly_hours*", "decimal", "hours a week"),
            _col("annual_hours", "decimal", "hours a year"),
        ), key=("group_key", "subject_key"), year_from="group_key", fact=True,
    ),
    BundleTable(
        "plan", "plan", "one row per thematic plan (КТП) of a journal", (
            SCHOOL_KEY, _key("plan_key", "plan"),
            _ref("group_key*", "study_group", "group of the journal"),
            _ref("subject_key*", "subject", "subject of the journal"),
            _ref("staff_key", "staff", "author"),
            _moment("created_at", "first entry"),
            _col("total_hours", "decimal", "hours planned"),
        ), key=("plan_key",), year_from="group_key",
        entries=(Entry("created_at", _ROW, ("plan_key",)),), fact=True,
    ),
    BundleTable(
        "plan_item", "plan_item", "one row per line of a plan", (
            SCHOOL_KEY, _key("plan_item_key", "line of a plan"),
            _ref("plan_key*", "plan", "its plan"),
            _col("seq*", "int", "place in the plan"),
            _col("planned_on", "date", "planned date"),
            _col("hours", "decimal", "hours"),
            _col("topic*", "text", "topic"),
            _col("work_kind", "text", "kind of the planned work"),
        ), key=("plan_item_key",), year_from="plan_key", fact=True,
    ),
    BundleTable(
        "lesson", "lesson", "one row per lesson of a journal", (
            SCHOOL_KEY, _key("lesson_key", "lesson"),
            _ref("group_key*", "study_group", "group of the journal"),
            _ref("subject_key*", "subject", "subject of the journal"),
            _ref("staff_key*", "staff", "assigned teacher"),
            _ref("substitute_key", "staff", "substitute"),
            _moment("substitution_recorded_at", "first entry of the substitution"),
            _col("held_on*", "date", "date of the lesson"),
            Column("slot", "int", "number of the lesson in the day; blank = unknown", required=True, may_be_blank=True),
            _col("starts_at", "time", "local start on held_on"),
            _col("ends_at", "time", "local end on held_on; blank = unknown"),
            _col("kind", "enum", "kind; blank = lesson", values="lesson elective club after_school"),
            _col("status*", "enum", "status", values="planned held cancelled moved replaced"),
            _moment("status_recorded_at", "first entry of the present status"),
            _col("topic", "text", "topic"),
            _moment("topic_recorded_at", "first entry of the topic"),
            _author("topic_recorded_by"),
            _ref("plan_item_key", "plan_item", "line of the plan"),
            _col("homework", "text", "homework"),
            _moment("homework_recorded_at", "first entry of the homework"),
            _author("homework_recorded_by"),
            _col("homework_not_assigned", "bool", "explicitly none set"),
            _moment("attendance_confirmed_at", "when the roll was called"),
        ), key=("lesson_key",), year_from="group_key",
        entries=(
            Entry("substitution_recorded_at", "substitute", ("substitute_key",)),
            Entry("status_recorded_at", "status", ("status",)),
            Entry("topic_recorded_at", "topic", ("topic",)),
            Entry("homework_recorded_at", "homework", ("homework", "homework_not_assigned")),
            Entry("attendance_confirmed_at", "attendance_confirmed", ("attendance_confirmed_at",), derived=False),
        ),
        texts=("topic", "homework"), text_table="fact_lesson_text", fact=True,
    ),
    BundleTable(
        "work", "work", "one row per work of a lesson", (
            SCHOOL_KEY, _key("work_key", "work"),
            _ref("lesson_key*", "lesson", "its lesson"),
            _col("kind*", "enum", "kind",
                 values="oral written dictation essay test practical lab check project homework makeup"),
            _col("title", "text", "title"),
            _col("weight", "decimal", "weight; blank = 1"),
            _col("performed_on", "date", "date of the work; blank = the lesson's"),
            _col("checked_on", "date", "day on which it was checked"),
            _col("is_monitoring", "bool", "work of the school's own monitoring (ВШК, ВСОКО)"),
        ), key=("work_key",), year_from="lesson_key", fact=True,
    ),
    BundleTable(
        "mark", "mark", "one row per mark in a cell", (
            SCHOOL_KEY, _key("mark_key", "mark"),
            _ref("lesson_key*", "lesson", "its lesson"),
            _ref("work_key", "work", "its work"),
            _ref("pupil_key*", "pupil", "pupil"),
            _col("value*", "mark", "5 4 3 2 1 with a modifier, н/а, осв, н/оц, зач, незач, or a dot"),
            _moment("recorded_at", "first entry"),
            _author("recorded_by"),
            _col("protocol_no", "text", "number of the protocol of a make-up"),
            _col("protocol_on", "date", "date of the protocol"),
            _col("comment", "text", "remark"),
        ), key=("mark_key",), year_from="lesson_key",
        entries=(Entry("recorded_at", _ROW, ("value",)),), fact=True,
    ),
    BundleTable(
        "absence", "absence", "one row per code of a pupil at a lesson", (
            SCHOOL_KEY, _key("absence_key", "absence"),
            _ref("lesson_key*", "lesson", "its lesson"),
            _ref("pupil_key*", "pupil", "pupil"),
            _col("code*", "absence_code", "н ОТ Б УП НП О ОП"),
            _moment("recorded_at", "first entry"),
            _author("recorded_by"),
            _moment("reason_recorded_at", "first entry of a known reason"),
        ), key=("absence_key",), year_from="lesson_key",
        entries=(
            Entry("recorded_at", _ROW, ("code",)),
            Entry("reason_recorded_at", "reason", ("code",)),
        ), fact=True,
    ),
    BundleTable(
        "period_mark", "period_mark", "one row per period mark", (
            SCHOOL_KEY, _key("period_mark_key", "period mark"),
            _ref("pupil_key*", "pupil", "pupil"),
            _ref("group_key*", "study_group", "group of the journal"),
            _ref("subject_key*", "subject", "subject of the journal"),
            _ref("period_key*", "period", "period"),
            _col("kind*", "enum", "kind", values="period year exam final"),
            _col("value*", "mark", "as marks"),
            _moment("recorded_at", "first entry"),
            _author("recorded_by"),
        ), key=("period_mark_key",), year_from="group_key",
        entries=(Entry("recorded_at", _ROW, ("value",)),), fact=True,
    ),
    BundleTable(
        "change", "change", "one row per change of an entry", (
            SCHOOL_KEY, _key("change_key", "change"),
            _col("entity*", "enum", "what was changed", values="mark absence lesson work period_mark"),
            _col("entity_key*", "text", "key of what was changed"),
            _col("field", "text", "column; blank = the entry's value"),
            _col("action*", "enum", "action", values="create update delete"),
            _col("old_value", "text", "value before"),
            _col("new_value", "text", "value after"),
            _moment("changed_at*", "moment of the change"),
            _author("changed_by", "who changed"),
            _col("lesson_key", "text", "lesson of an entity that is no longer in the source"),
            _col("pupil_key", "text", "pupil of an entity that is no longer in the source"),
        ), key=("change_key",), fact=True, log=True,
    ),
    BundleTable(
        "movement", "movement", "one row per movement of a pupil", (
            SCHOOL_KEY, _key("movement_key", "movement"),
            _ref("pupil_key*", "pupil", "pupil"),
            _col("kind*", "enum", "kind", values="enrol leave class_transfer school_transfer promotion graduate"),
            _col("order_no", "text", "number of the order"),
            _col("order_on", "date", "date of the order"),
            _col("effective_on*", "date", "day from which it holds"),
            _ref("from_class_key", "school_class", "class left"),
            _ref("to_class_key", "school_class", "class entered"),
            _moment("recorded_at", "first entry"),
            _author("recorded_by"),
        ), key=("movement_key",), entries=(Entry("recorded_at", _ROW, ("movement_key",)),), fact=True,
    ),
    BundleTable(
        "assessment_schedule", "assessment", "one row per scheduled work", (
            SCHOOL_KEY, _key("assessment_key", "scheduled work"),
            _ref("group_key*", "study_group", "group of the journal"),
            _ref("subject_key*", "subject", "subject of the journal"),
            _col("work_kind*", "text", "kind of work"),
            _col("planned_on*", "date", "planned date"),
            _col("is_monitoring", "bool", "work of the school's own monitoring"),
        ), key=("assessment_key",), year_from="group_key", fact=True,
    ),
    BundleTable(
        "staff_absence", "staff_absence", "one row per absence of a member of staff", (
            SCHOOL_KEY,
            _ref("staff_key*", "staff", "member of staff"),
            _col("from_on*", "date", "first day that counts"),
            _col("to_on", "date", "first day that no longer counts"),
            _col("reason", "text", "reason"),
        ), key=("staff_key", "from_on"), fact=True,
    ),
    BundleTable(
        "absence_document", "absence_document", "one row per document that explains absences", (
            SCHOOL_KEY, _key("document_key", "document"),
            _ref("pupil_key*", "pupil", "pupil"),
            _col("kind*", "enum", "kind", values="illness valid"),
            _col("from_on*", "date", "first day that counts"),
            _col("to_on*", "date", "first day that no longer counts"),
            _col("presented_on*", "date", "day on which it was presented"),
        ), key=("document_key",), fact=True,
    ),
    BundleTable(
        "edit_permission", "edit_permission", "one row per permitted object", (
            SCHOOL_KEY,
            _col("permission_no*", "text", "number"),
            _author("requested_by", "who asked"),
            _col("ground*", "enum", "ground",
                 values="pupil_absence resit assessment_makeup teacher_absence other"),
            _col("decided_on*", "date", "day of the decision"),
            _col("entity*", "enum", "what may be changed", values="mark absence lesson work period_mark"),
            _col("entity_key*", "text", "key of what may be changed"),
            _col("protocol_no", "text", "number of the protocol"),
        ), key=("permission_no", "entity", "entity_key"), fact=True,
    ),
    BundleTable(
        "activity", "activity", "one row per account and day", (
            SCHOOL_KEY,
            _col("account_key*", "text", "account"),
            _col("role*", "enum", "role", values="staff pupil parent"),
            _col("person_key", "text", "person"),
            _ref("class_key", "school_class", "class"),
            _col("date*", "date", "day"),
            _col("logins*", "int", "sign-ins of the day"),
        ), key=("account_key", "date"), fact=True,
    ),
    BundleTable(
        "account", "account", "one row per account of the source system", (
            SCHOOL_KEY, _key("account_key", "account"),
            _col("role*", "enum", "role", values="staff pupil parent"),
            _col("person_key", "text", "person"),
            _col("active*", "bool", "may sign in"),
            _moment("created_at", "when it was made"),
            _moment("deactivated_at", "when it was closed"),
        ), key=("account_key",), fact=True,
    ),
    BundleTable(
        "card_field", "card_field", "one row per card and field: only whether it is filled", (
            SCHOOL_KEY,
            _col("owner_kind*", "enum", "whose card", values="school staff pupil parent"),
            _col("owner_key*", "text", "owner"),
            _col("field*", "text", "field"),
            _col("filled*", "bool", "has a value"),
        ), key=("owner_kind", "owner_key", "field"), fact=True,
    ),
    BundleTable(
        "consent", "consent", "one row per parent and pupil", (
            SCHOOL_KEY,
            _col("parent_key*", "text", "parent"),
            _ref("pupil_key*", "pupil", "pupil"),
            _col("status*", "enum", "answer", values="given refused"),
            _col("registered_on", "date", "day of registration"),
        ), key=("parent_key", "pupil_key"), fact=True,
    ),
    BundleTable(
        "timetable_version", "timetable_version", "one row per published timetable", (
            SCHOOL_KEY, _key("version_key", "version"),
            _ref("class_key", "school_class", "class; blank = the school's"),
            _col("effective_from*", "date", "first day it holds"),
            _moment("published_at", "first publication"),
        ), key=("version_key",), year_from="class_key",
        entries=(Entry("published_at", _ROW, ("version_key",)),), fact=True,
    ),
    BundleTable(
        "setup_section", "setup_section", "one row per section of the year's set-up", (
            SCHOOL_KEY,
            _col("school_year*", "school_year", "as 2024/2025; stored as its first calendar year"),
            _col("section*", "text", "section (annex B17)"),
            _col("items*", "int", "how many items it has"),
            _col("attested_empty", "bool", "attested that there is nothing to enter"),
            _moment("recorded_at", "first entry"),
        ), key=("school_year", "section"), year_from="school_year",
        entries=(Entry("recorded_at", "section", ("items", "attested_empty")),), fact=True,
    ),
)
BY_NAME: dict[str, BundleTable] = {table.name: table for table in TABLES}
CAPABILITIES = (
    "topics", "homework", "exact_timestamps", "attendance_confirmation", "homework_not_assigned", "work_kinds",
    "substitutions", "change_log",
)
REGISTERS = ("absence_document", "edit_permission", "staff_absence", "consent", "setup_section")
"""Tables that people may also fill in the product itself; a bundle touches only rows it brought (annex B21)."""
