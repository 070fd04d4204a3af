"""The table of annex P, written out by hand; blank = None."""

from __future__ import annotations

from dataclasses import dataclass

ALL_PERIODS = ("quarter", "trimester", "half_year", "year")
ELEVEN_SECTIONS = (
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
)


@dataclass(frozen=True)
class Profile:
    """The parameters that the rules use. The defaults are those of "null means" of annex P."""

    activity_kinds_in_scope: tuple[str, ...] = ("lesson",)
    topic_target: str | None = None
    topic_limit: str | None = None
    homework_anchor: str = "lesson_date"
    homework_end_scope: str | None = None
    homework_target: str | None = None
    homework_limit: str | None = None
    absence_target: str | None = None
    absence_limit: str | None = None
    absence_reason_limit: str | None = None
    absence_weekly_review: bool = False
    mark_anchor: str = "lesson_date"
    mark_target: str | None = None
    mark_limit: str | None = None
    written_mark_target: str | None = None
    written_mark_limit: str | None = None
    essay_mark_limit: str | None = None
    vshk_mark_limit: str | None = None
    future_marks_forbidden: bool = False
    mark_lock_days: int | None = None
    attendance_lock_days: int | None = None
    topic_lock_days: int | None = None
    work_type_lock_days: int | None = None
    vshk_mark_lock_days: int | None = None
    essay_mark_lock_days: int | None = None
    mark_correction_window_days: int | None = None
    period_mark_edit_after_end: str | None = None
    period_mark_lock_days: int | None = None
    post_lock_editor_roles: tuple[str, ...] | None = None
    edit_forbidden_after_period_mark: bool = False
    period_mark_mode: str | None = None
    period_mark_value: int | None = None
    period_types_covered: tuple[str, ...] = ALL_PERIODS
    period_mark_author_roles: tuple[str, ...] | None = None
    substitution_target: str | None = None
    substitution_limit: str | None = None
    cancellation_limit: str | None = None
    timetable_publish_lead_days: int | None = None
    ktp_due: str | None = None
    setup_sections: tuple[str, ...] = ()
    class_lists: bool = False
    setup_due: str | None = None
    movement_order_limit: str | None = None
    roster_change_limit: str | None = None
    first_grade_marks_forbidden: bool = False
    first_grade_homework_value: str | None = None
    first_grade_period_value: str | None = None
    first_grade_year_value: str | None = None
    teacher_scope: str | None = None
    class_teacher_may_edit_subjects: str | None = None
    consent_required: bool = False
    access_removed_on_exit: bool = False
    # The parameters of R20, from the table of the requirements (A7).
    topic_language: str | None = None
    work_type_required: bool = False
    ktp_hours_tolerance: int | None = None
    period_mark_justification_check: bool = False
    card_required_share: int | None = None
    homeroom_teacher_required: bool = False
    timetable_required: bool = False
    absence_kept_after_makeup: bool = False
    assessment_schedule_check: bool = False
    promotion_orders_due: str | None = None
    control_frequency: str | None = None
    control_roles: tuple[str, ...] = ()


# A school without a regulation.
SILENT = Profile()

_EVERY_KIND = ("lesson", "elective", "club", "after_school")

PROFILES: dict[str, Profile] = {
    "school7_oktyabrsky": Profile(
        activity_kinds_in_scope=("lesson",),
        topic_target="same_day",
        topic_limit="same_day",
        homework_anchor="class_last_lesson_end",
        homework_end_scope="pupil_group",
        homework_limit="1h+same_day",
        absence_target="same_day",
        absence_limit="3d",
        absence_weekly_review=True,
        mark_anchor="work_date",
        mark_target="same_day",
        mark_limit="7d",
        written_mark_limit="7d",
        essay_mark_limit="7d",
        vshk_mark_limit="7d",
        future_marks_forbidden=True,
        period_mark_mode="days_after_end",
        period_mark_value=3,
        period_types_covered=("quarter", "half_year", "year"),
        period_mark_author_roles=("subject_teacher",),
        substitution_limit="at_entry",
        setup_sections=("new_year",),
        setup_due="09-03",
        movement_order_limit="7d",
        first_grade_marks_forbidden=True,
        teacher_scope="own",
        class_teacher_may_edit_subjects="false",
        homeroom_teacher_required=True,
        timetable_required=True,
        promotion_orders_due="06-20",
        control_frequency="month",
        control_roles=("class_teacher",),
    ),
    "school16_korolev": Profile(
        activity_kinds_in_scope=_EVERY_KIND,
        topic_target="same_day",
        topic_limit="same_day",
        homework_anchor="class_last_lesson_end",
        homework_end_scope="class",
        homework_limit="1h",
        absence_target="same_day",
        absence_limit="same_day",
        mark_anchor="lesson_date",
        mark_target="same_day",
        mark_limit="same_day",
        written_mark_target="check_day",
        written_mark_limit="7d",
        essay_mark_limit="7d",
        vshk_mark_limit="3d",
        future_marks_forbidden=True,
        edit_forbidden_after_period_mark=True,
        period_mark_mode="last_week",
        period_types_covered=ALL_PERIODS,
        period_mark_author_roles=("subject_teacher",),
        substitution_target="at_entry",
        substitution_limit="same_day",
        cancellation_limit="same_day",
        timetable_publish_lead_days=1,
        setup_sections=ELEVEN_SECTIONS,
        setup_due="09-05",
        roster_change_limit="same_day",
        first_grade_marks_forbidden=True,
        teacher_scope="own",
        class_teacher_may_edit_subjects="false",
        consent_required=True,
        access_removed_on_exit=True,
        work_type_required=True,
        timetable_required=True,
        absence_kept_after_makeup=True,
        assessment_schedule_check=True,
    ),
    "lindovskaya": Profile(
        activity_kinds_in_scope=("lesson",),
        homework_anchor="lesson_date",
        mark_anchor="lesson_date",
        setup_sections=ELEVEN_SECTIONS,
        setup_due="09-05",
        teacher_scope="own",
        class_teacher_may_edit_subjects="false",
    ),
    "krasnodar_region": Profile(
        activity_kinds_in_scope=_EVERY_KIND,
        topic_target="same_day",
        homework_target="same_day",
        absence_target="same_day",
        mark_anchor="lesson_date",
        mark_target="same_day",
        period_types_covered=("quarter", "half_year", "year"),
        consent_required=True,
        card_required_share=1,
        homeroom_teacher_required=True,
    ),
    "school53_krasnodar": Profile(
        activity_kinds_in_scope=("lesson",),
        topic_target="same_day",
        topic_limit="2d",
        homework_target="same_day",
        homework_limit="2d",
        absence_target="same_day",
        absence_limit="2d",
        absence_reason_limit="2wd",
        mark_anchor="lesson_date",
        mark_target="same_day",
        mark_limit="2d",
        future_marks_forbidden=True,
        mark_lock_days=10,
        attendance_lock_days=10,
        topic_lock_days=10,
        work_type_lock_days=10,
        vshk_mark_lock_days=7,
        essay_mark_lock_days=10,
        mark_correction_window_days=14,
        period_mark_edit_after_end="forbidden",
        period_mark_lock_days=5,
        post_lock_editor_roles=("deputy",),
        period_mark_mode="on_end_day",
        period_types_covered=("quarter", "half_year"),
        period_mark_author_roles=("subject_teacher", "class_teacher"),
        ktp_due="08-31",
        class_lists=True,
        setup_due="09-05",
        roster_change_limit="7d",
        first_grade_marks_forbidden=True,
        first_grade_homework_value="нет",
        first_grade_period_value="н/оц",
        first_grade_year_value="осв",
        teacher_scope="own",
        class_teacher_may_edit_subjects="during_illness",
        consent_required=True,
        access_removed_on_exit=True,
        topic_language="ru",
        work_type_required=True,
        ktp_hours_tolerance=0,
        period_mark_justification_check=True,
        card_required_share=1,
        homeroom_teacher_required=True,
        assessment_schedule_check=True,
        control_frequency="month",
        control_roles=("director", "deputy"),
    ),
}
