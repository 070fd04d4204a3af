"""The tables of the journal bundle, version 1, written out literally from the bundle contract."""

from __future__ import annotations

from dataclasses import dataclass

# "name*" = required column; after the colon the type, or the allowed values separated by "|".
_TABLES = """
school: school_key* name* short_name municipality* region settlement:urban|rural timezone*:zone week_days:5|6 \
source_system regulation
calendar_day: school_key* date*:date is_instructional*:bool is_staff_working*:bool note
period: school_key* period_key* school_year*:year kind*:quarter|trimester|half_year|year number*:int starts_on*:date \
ends_on*:date grade_from*:grade grade_to*:grade
staff: school_key* staff_key* full_name* position role:director|deputy|coordinator|administrator|teacher|secretary \
employed_from:date employed_to:date
pupil: school_key* pupil_key* full_name* sex:f|m birth_year:int
subject: school_key* subject_key* name* component:federal|school|extracurricular
school_class: school_key* class_key* school_year*:year grade*:grade letter* shift week_days:5|6 homeroom_teacher_key
study_group: school_key* group_key* class_key* kind*:class|subgroup|individual|elective|club|after_school name
enrolment: school_key* pupil_key* class_key* from_on*:date to_on:date order_no order_on:date recorded_at:moment
group_member: school_key* group_key* pupil_key* from_on*:date to_on:date
teaching_load: school_key* staff_key* group_key* subject_key* from_on:date to_on:date weekly_hours:decimal
curriculum: school_key* group_key* subject_key* weekly_hours*:decimal annual_hours:decimal
plan: school_key* plan_key* group_key* subject_key* staff_key created_at:moment total_hours:decimal
plan_item: school_key* plan_item_key* plan_key* seq*:int planned_on:date hours:decimal topic* work_kind
lesson: school_key* lesson_key* group_key* subject_key* staff_key* substitute_key substitution_recorded_at:moment \
held_on*:date slot*:int starts_at:time ends_at:time kind:lesson|elective|club|after_school \
status*:planned|held|cancelled|moved|replaced status_recorded_at:moment topic topic_recorded_at:moment \
topic_recorded_by plan_item_key homework homework_recorded_at:moment homework_recorded_by homework_not_assigned:bool \
attendance_confirmed_at:moment
work: school_key* work_key* lesson_key* \
kind*:oral|written|dictation|essay|test|practical|lab|check|project|homework|makeup title weight:decimal \
performed_on:date checked_on:date is_monitoring:bool
mark: school_key* mark_key* lesson_key* work_key pupil_key* value*:mark recorded_at:moment recorded_by protocol_no \
protocol_on:date comment
absence: school_key* absence_key* lesson_key* pupil_key* code*:absence recorded_at:moment recorded_by \
reason_recorded_at:moment
period_mark: school_key* period_mark_key* pupil_key* group_key* subject_key* period_key* kind*:period|year|exam|final \
value*:mark recorded_at:moment recorded_by
change: school_key* change_key* entity*:mark|absence|lesson|work|period_mark entity_key* field \
action*:create|update|delete old_value new_value changed_at*:moment changed_by lesson_key pupil_key
movement: school_key* movement_key* pupil_key* \
kind*:enrol|leave|class_transfer|school_transfer|promotion|graduate order_no order_on:date effective_on*:date \
from_class_key to_class_key recorded_at:moment recorded_by
assessment_schedule: school_key* assessment_key* group_key* subject_key* work_kind* planned_on*:date is_monitoring:bool
staff_absence: school_key* staff_key* from_on*:date to_on:date reason
absence_document: school_key* document_key* pupil_key* kind*:illness|valid from_on*:date to_on*:date presented_on*:date
edit_permission: school_key* permission_no* requested_by \
ground*:pupil_absence|resit|assessment_makeup|teacher_absence|other decided_on*:date entity* entity_key* protocol_no
activity: school_key* account_key* role*:staff|pupil|parent person_key class_key date*:date logins*:int
account: school_key* account_key* role*:staff|pupil|parent person_key active*:bool created_at:moment \
deactivated_at:moment
card_field: school_key* owner_kind*:school|staff|pupil|parent owner_key* field* filled*:bool
consent: school_key* parent_key* pupil_key* status*:given|refused registered_on:date
timetable_version: school_key* version_key* class_key effective_from*:date published_at:moment
setup_section: school_key* school_year*:year section*:section items*:int attested_empty:bool recorded_at:moment
"""


@dataclass(frozen=True)
class Column:
    """One column: its name, whether the contract marks it as required, its type or its allowed values."""

    name: str
    required: bool
    kind: str


def _read_tables() -> dict[str, dict[str, Column]]:
    tables: dict[str, dict[str, Column]] = {}
    for line in _TABLES.strip().splitlines():
        name, columns = line.split(": ", 1)
        tables[name] = {}
        for word in columns.split():
            column, _, kind = word.partition(":")
            bare = column.rstrip("*")
            tables[name][bare] = Column(bare, column.endswith("*"), kind or "text")
    return tables


# In an order in which every reference points to an earlier table.
TABLES = _read_tables()

# Annex B10 for the tables without a key of their own; elsewhere the table's own *_key column.
KEYS: dict[str, tuple[str, ...]] = {
    "calendar_day": ("date",),
    "enrolment": ("pupil_key", "class_key", "from_on"),
    "group_member": ("group_key", "pupil_key", "from_on"),
    "teaching_load": ("staff_key", "group_key", "subject_key", "from_on"),
    "curriculum": ("group_key", "subject_key"),
    "staff_absence": ("staff_key", "from_on"),
    "edit_permission": ("permission_no", "entity", "entity_key"),
    "activity": ("account_key", "date"),
    "card_field": ("owner_kind", "owner_key", "field"),
    "consent": ("parent_key", "pupil_key"),
    "setup_section": ("school_year", "section"),
    "school_class": ("class_key",),
    "study_group": ("group_key",),
    "assessment_schedule": ("assessment_key",),
    "absence_document": ("document_key",),
    "timetable_version": ("version_key",),
}
for _table in TABLES:
    KEYS.setdefault(_table, (f"{_table}_key",))

# Annex B9: checked references. Authors, polymorphic keys (entity_key, person_key, owner_key) are not checked.
REFERENCES: dict[str, dict[str, str]] = {
    "school_class": {"homeroom_teacher_key": "staff"},
    "study_group": {"class_key": "school_class"},
    "enrolment": {"pupil_key": "pupil", "class_key": "school_class"},
    "group_member": {"group_key": "study_group", "pupil_key": "pupil"},
    "teaching_load": {"staff_key": "staff", "group_key": "study_group", "subject_key": "subject"},
    "curriculum": {"group_key": "study_group", "subject_key": "subject"},
    "plan": {"group_key": "study_group", "subject_key": "subject", "staff_key": "staff"},
    "plan_item": {"plan_key": "plan"},
    "lesson": {
        "group_key": "study_group",
        "subject_key": "subject",
        "staff_key": "staff",
        "substitute_key": "staff",
        "plan_item_key": "plan_item",
    },
    "work": {"lesson_key": "lesson"},
    "mark": {"lesson_key": "lesson", "work_key": "work", "pupil_key": "pupil"},
    "absence": {"lesson_key": "lesson", "pupil_key": "pupil"},
    "period_mark": {
        "pupil_key": "pupil",
        "group_key": "study_group",
        "subject_key": "subject",
        "period_key": "period",
    },
    "change": {"lesson_key": "lesson", "pupil_key": "pupil"},
    "movement": {"pupil_key": "pupil", "from_class_key": "school_class", "to_class_key": "school_class"},
    "assessment_schedule": {"group_key": "study_group", "subject_key": "subject"},
    "staff_absence": {"staff_key": "staff"},
    "absence_document": {"pupil_key": "pupil"},
    "activity": {"class_key": "school_class"},
    "consent": {"pupil_key": "pupil"},
    "timetable_version": {"class_key": "school_class"},
}

# Annex B17.
SETUP_SECTIONS = (
    "periods",
    "vacations",
    "subjects_federal",
    "subjects_school",
    "rooms",
    "staff",
    "classes",
    "groups",
    "individual_plans",
    "timetable",
    "monitoring_schedule",
    "new_year",
)
