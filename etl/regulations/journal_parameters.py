"""Parameters about the entries of a journal: when due, what they must be, how long they may be edited."""

from __future__ import annotations

from collections.abc import Mapping

from etl.regulations.parameter import (
    AUTHOR_ROLES,
    DAY_FORMS,
    EVERY,
    GROUNDS,
    HOUR_FORMS,
    LESSON_KINDS,
    PERIOD_KINDS,
    STAFF_ROLES,
    WORK_KINDS,
    Kind,
    Parameter,
    count,
    deadline,
    word,
    words,
    yes_no,
)

_TIME_AND_SCOPE = (
    Parameter("timezone", Kind.TEXT, "часовой пояс", "IANA time zone of the school; the bundle's own value wins."),
    Parameter(
        "school_week_days",
        Kind.INT,
        "учебная неделя",
        "Days of the school week; the bundle's own value wins.",
        unit="days",
        low=5,
        high=6,
    ),
    word(
        "day_unit_default",
        "какие дни имеются в виду",
        "What a bare «дней» counts. Interpreted when the file was written.",
        ("calendar", "working", "instructional"),
    ),
    word(
        "deadline_roll_forward",
        "перенос срока с нерабочего дня",
        "Where a limit in calendar days goes when its last day is off.",
        ("none", "next_working", "next_instructional"),
        "more",
        default="next_working",
    ),
    Parameter(
        "same_day_cutoff",
        Kind.TIME,
        "конец учебного дня",
        "When «текущий день» ends.",
        unit="HH:MM[:SS] local",
    ),
    words(
        "activity_kinds_in_scope",
        "виды занятий в журнале",
        "Lesson kinds whose entries the act demands.",
        LESSON_KINDS,
        "less",
        default=frozenset({"lesson"}),
    ),
)

_LESSONS = (
    deadline("topic_target", "тема: желательный срок", "Soft limit of the topic, from the lesson date."),
    deadline("topic_limit", "тема: предельный срок", "Hard limit of the topic, from the lesson date."),
    yes_no("topic_required", "тема обязательна", "Every held lesson has a topic."),
    yes_no("topic_matches_ktp", "тема по плану", "The topic is the item of the calendar plan (КТП)."),
    word("topic_language", "язык записей", "Language of topics.", ("ru",)),
    yes_no("work_type_required", "вид работы обязателен", "Every mark names the kind of work it is for."),
    yes_no(
        "work_topic_required",
        "тема работы обязательна",
        "Practical, laboratory, test works and excursions have their own topic.",
    ),
    yes_no("assignment_type_required", "тип задания обязателен", "The lesson names its tasks and their type."),
    deadline(
        "cancellation_limit",
        "отмена и перенос: срок",
        "Hard limit of registering a cancelled, moved or replaced lesson.",
    ),
    deadline(
        "substitution_target",
        "замена: желательный срок",
        "Soft limit of registering a substitution.",
        ("at_entry", "same_day"),
    ),
    deadline(
        "substitution_limit",
        "замена: предельный срок",
        "Hard limit of registering a substitution.",
        ("at_entry", "same_day"),
    ),
    count(
        "timetable_publish_lead_days",
        "расписание: за сколько дней",
        "Days before it takes effect that a timetable is published.",
        "calendar days",
        60,
        "less",
    ),
    yes_no(
        "timetable_required",
        "расписание на каждый день",
        "Every class has a timetable on every instructional day.",
    ),
    deadline("homework_target", "задание: желательный срок", "Soft limit of the homework.", HOUR_FORMS),
    word(
        "homework_anchor",
        "задание: отсчёт от",
        "What the homework limit is counted from.",
        ("lesson_date", "class_last_lesson_end"),
        default="lesson_date",
    ),
    deadline("homework_limit", "задание: предельный срок", "Hard limit of the homework.", HOUR_FORMS),
    word(
        "homework_end_scope",
        "чей последний урок",
        "Whose last lesson of the day ends the count: of the class, or of the group's pupils.",
        ("class", "pupil_group"),
    ),
    word(
        "homework_required",
        "задание обязательно",
        "Whether every lesson needs homework or an explicit «не задано».",
        ("always", "if_assigned", "none"),
        "more",
        default="if_assigned",
        inert=("none",),
    ),
)

_MARKS = (
    deadline("mark_target", "отметка: желательный срок", "Soft limit of an ordinary mark."),
    deadline("mark_limit", "отметка: предельный срок", "Hard limit of an ordinary mark."),
    word(
        "mark_anchor",
        "отметка: отсчёт от",
        "Date an ordinary mark is counted from.",
        ("lesson_date", "work_date"),
        default="lesson_date",
    ),
    deadline(
        "written_mark_target",
        "письменная работа: желательный срок",
        "Soft limit of written, essay and monitoring works; null falls back to mark_target.",
        (*DAY_FORMS, "check_day"),
    ),
    deadline(
        "written_mark_limit",
        "письменная работа: предельный срок",
        "Hard limit from the work's date; null falls back to mark_limit.",
    ),
    deadline(
        "essay_mark_limit",
        "сочинение 10–11 класса: предельный срок",
        "Hard limit from the work's date; null falls back to mark_limit.",
    ),
    deadline(
        "vshk_mark_limit",
        "работа ВШК: предельный срок",
        "Hard limit of a monitoring work; null falls back to mark_limit.",
    ),
    yes_no("past_marks_forbidden", "отметки задним числом запрещены", "No marks for lessons of past days."),
    words(
        "long_check_work_types",
        "работы долгой проверки",
        "Works that the ban on past marks does not touch.",
        (*WORK_KINDS, "monitoring"),
        "more",
    ),
    yes_no("future_marks_forbidden", "отметки вперёд запрещены", "No mark before the day of its lesson."),
    yes_no(
        "future_period_marks_forbidden",
        "итоговые отметки вперёд запрещены",
        "No period mark before its period starts.",
    ),
)

_EDITS = (
    count(
        "mark_correction_window_days",
        "исправление отметки: окно",
        "Days after it was first set in which a mark may be corrected.",
        "calendar days",
        366,
        "more",
    ),
    count(
        "mark_lock_days",
        "отметки: дни до запрета правки",
        "Days after the lesson in which a mark may be edited.",
        "calendar days",
        366,
        "more",
    ),
    count(
        "attendance_lock_days",
        "пропуски: дни до запрета правки",
        "Days after the lesson in which an absence may be edited.",
        "calendar days",
        366,
        "more",
    ),
    count(
        "topic_lock_days",
        "темы: дни до запрета правки",
        "Days after the lesson in which a topic may be edited.",
        "calendar days",
        366,
        "more",
    ),
    count(
        "work_type_lock_days",
        "виды работ: дни до запрета правки",
        "Days after the lesson in which a kind of work may be edited.",
        "calendar days",
        366,
        "more",
    ),
    count(
        "vshk_mark_lock_days",
        "работа ВШК: дни до запрета правки",
        "Days after a monitoring work; null falls back to mark_lock_days.",
        "calendar days",
        366,
        "more",
    ),
    count(
        "essay_mark_lock_days",
        "сочинение: дни до запрета правки",
        "Days after the essay; null falls back to mark_lock_days.",
        "calendar days",
        366,
        "more",
    ),
    yes_no(
        "edit_forbidden_after_period_mark",
        "правка после итоговых запрещена",
        "No edit in a journal once its period marks are set.",
    ),
    yes_no(
        "post_lock_permission_required",
        "правка по разрешению",
        "An edit after the lock needs the director's written permission.",
    ),
    words(
        "post_lock_permission_grounds",
        "основания правки",
        "Grounds on which a permission may be given.",
        GROUNDS,
        "more",
    ),
    words(
        "post_lock_editor_roles",
        "кто правит после запрета",
        "Staff roles that may make the permitted edit.",
        STAFF_ROLES,
        "more",
    ),
    yes_no("change_table_required", "таблица учёта изменений", "A table of edits belongs to the printed summary."),
)

_ABSENCES = (
    yes_no(
        "attendance_daily_required",
        "посещаемость ежедневно",
        "Attendance is entered on every day with lessons.",
    ),
    deadline(
        "absence_target",
        "пропуски: желательный срок",
        "Soft limit of roll call and absences, from the lesson date.",
    ),
    deadline(
        "absence_limit",
        "пропуски: предельный срок",
        "Hard limit of roll call and absences, from the lesson date.",
    ),
    deadline(
        "absence_reason_limit",
        "причина пропуска: срок",
        "Hard limit of the reason, from the day the document is presented.",
    ),
    yes_no(
        "absence_weekly_review",
        "пропуски проверяются еженедельно",
        "The class teacher explains last week's absences every week.",
    ),
    yes_no(
        "absence_kept_after_makeup",
        "пропуск остаётся после пересдачи",
        "A make-up mark does not remove the absence.",
    ),
    word(
        "class_absence_summary_frequency",
        "сводка пропусков класса",
        "How often the class absence totals are entered.",
        EVERY,
        "more",
    ),
)

_PERIODS = (
    word(
        "period_mark_mode",
        "итоговая отметка: окно",
        "The window of period marks around the end of the period.",
        ("last_week", "on_end_day", "days_after_end"),
    ),
    count(
        "period_mark_value",
        "итоговая отметка: дней после периода",
        "Days after the period's end, for days_after_end.",
        "calendar days",
        60,
        "more",
    ),
    words(
        "period_types_covered",
        "какие периоды",
        "Kinds of period whose marks the act demands.",
        PERIOD_KINDS,
        "less",
        default=frozenset(PERIOD_KINDS),
    ),
    yes_no("period_mark_required_for_all", "итоговая каждому", "Every pupil gets a period mark."),
    words(
        "period_mark_codes",
        "допустимые итоговые",
        "What a period mark may be: a grade or one of the codes.",
        ("grades", "осв", "н/а", "н/оц", "зач", "незач"),
        "more",
    ),
    words("period_mark_author_roles", "кто ставит итоговые", "Who may set period marks.", AUTHOR_ROLES, "more"),
    word(
        "period_mark_edit_after_end",
        "правка итоговых после периода",
        "Whether a period mark may be edited after the period.",
        ("forbidden", "allowed"),
        "more",
        inert=("allowed",),
    ),
    count(
        "period_mark_lock_days",
        "итоговые: дни до запрета правки",
        "Days after the period's end in which its marks may be edited.",
        "calendar days",
        366,
        "more",
    ),
    yes_no(
        "period_mark_justification_check",
        "обоснованность итоговых",
        "Period marks follow from the current marks.",
    ),
    yes_no("first_grade_marks_forbidden", "1 класс без отметок", "No marks in grade 1."),
    Parameter(
        "first_grade_period_value",
        Kind.TEXT,
        "1 класс: за период",
        "What stands for a period mark in grade 1.",
    ),
    Parameter("first_grade_year_value", Kind.TEXT, "1 класс: за год", "What stands for the year's mark in grade 1."),
    Parameter(
        "first_grade_homework_value",
        Kind.TEXT,
        "1 класс: домашнее задание",
        "What stands in the homework field in grade 1.",
    ),
)

JOURNAL_PARAMETERS: Mapping[str, tuple[Parameter, ...]] = {
    "scope": _TIME_AND_SCOPE,
    "lessons": _LESSONS,
    "marks": _MARKS,
    "edits": _EDITS,
    "absences": _ABSENCES,
    "periods": _PERIODS,
}
"""Section → its parameters, in the order in which people are shown them."""
