"""Parameters about people, the year, control and keeping: everything around the journal itself."""

from __future__ import annotations

from etl.regulations.parameter import (
    EVERY,
    EVERY_CLASS_LIST,
    SETUP_SECTIONS,
    STAFF_ROLES,
    Kind,
    Parameter,
    count,
    deadline,
    month_day,
    word,
    words,
    yes_no,
)

_PEOPLE = (
    word(
        "teacher_scope",
        "чей журнал ведёт учитель",
        "Whether a teacher may write only in own journals.",
        ("own", "any"),
        "more",
        inert=("any",),
    ),
    word(
        "class_teacher_may_edit_subjects",
        "правит ли классный руководитель",
        "Whether the class teacher may write in others' subjects.",
        ("false", "during_illness", "true"),
        "more",
    ),
    yes_no("homeroom_teacher_required", "классный руководитель назначен", "Every class has a class teacher."),
    count(
        "incident_notify_working_days",
        "утечка пароля: срок уведомления",
        "Working days to report a compromised account.",
        "working days",
        30,
        "more",
    ),
    yes_no(
        "void_ops_after_incident",
        "операции после утечки недействительны",
        "Entries of a compromised account are void after the notice.",
    ),
    yes_no(
        "access_removed_on_exit", "доступ снимается при выбытии", "Accounts of those who left are closed."
    ),
    yes_no(
        "consent_required", "согласие на обработку данных", "A parent's consent or refusal is registered."
    ),
    yes_no("acknowledgement_required", "ознакомление родителей", "Parents' acknowledgement is registered."),
)

_YEAR = (
    month_day("setup_due", "открытие года: срок", "Last day for setting up the sections of the year."),
    words("setup_sections", "разделы нового года", "Sections that the act lists.", SETUP_SECTIONS, "less"),
    month_day("new_year_created_due", "новый учебный год: срок", "Last day for creating the school year."),
    month_day("class_lists_due", "списки классов: срок", "Last day for entering class lists."),
    Parameter(
        "year_setup",
        Kind.YEAR_SETUP,
        "что открыто к началу года",
        "Sections the rule year_setup judges, each with its last day; class_list:* is every class (R16).",
        unit="MM-DD",
        allowed=(*SETUP_SECTIONS, EVERY_CLASS_LIST),
    ),
    month_day("group_lists_due", "списки групп: срок", "Last day for entering group lists."),
    word(
        "subgroup_split_frequency",
        "деление на подгруппы",
        "How often classes are split into subgroups.",
        EVERY,
        "more",
    ),
    month_day("ktp_due", "КТП: срок", "Last day for the calendar plan («до начала учебного года» = 08-31)."),
    count(
        "ktp_hours_tolerance",
        "КТП: расхождение часов",
        "Allowed difference of plan hours and curriculum hours.",
        "hours",
        100,
        "more",
    ),
    deadline(
        "movement_order_limit",
        "приказ о движении: срок",
        "Hard limit of entering a movement order, from the order.",
    ),
    month_day("promotion_orders_due", "приказы о переводе: срок", "Last day for promotion orders."),
    deadline(
        "roster_change_limit",
        "изменение состава: срок",
        "Hard limit of changing the class list, from the order.",
    ),
    deadline(
        "pupil_card_limit",
        "карточка ученика: срок",
        "Hard limit of filling the pupil's card, from the enrolment order.",
    ),
    Parameter(
        "card_required_share",
        Kind.RATIO,
        "заполненность карточек",
        "Share of the mandatory card fields that are filled.",
        unit="share 0–1",
        laxer="less",
    ),
    word(
        "personal_data_check_frequency",
        "сверка личных данных",
        "How often personal data are checked.",
        EVERY,
        "more",
    ),
    word(
        "personal_data_check_role",
        "кто сверяет личные данные",
        "Who checks personal data.",
        (*STAFF_ROLES, "class_teacher"),
    ),
)

_CONTROL = (
    word(
        "control_frequency",
        "контроль журнала",
        "How often the keeping of journals is checked.",
        EVERY,
        "more",
    ),
    words(
        "control_roles",
        "кто контролирует",
        "Who checks the keeping of journals.",
        (*STAFF_ROLES, "class_teacher"),
    ),
    word(
        "class_teacher_control_frequency",
        "контроль классного руководителя",
        "How often the class teacher checks the class's journals.",
        EVERY,
        "more",
    ),
    yes_no(
        "period_end_control",
        "проверка в конце периода",
        "Journals are checked with special care at the end of each period.",
    ),
    yes_no(
        "assessment_schedule_check", "график оценочных процедур", "Works are held by the approved schedule."
    ),
    word(
        "activity_report_frequency",
        "отчёт об активности",
        "How often users' activity is reported.",
        EVERY,
        "more",
    ),
    count(
        "parent_printout_days",
        "распечатка родителям",
        "Days between printouts for parents who ask for them.",
        "calendar days",
        366,
        "more",
    ),
    Parameter(
        "municipal_report_due",
        Kind.MONTHDAYS,
        "отчёты муниципалитету",
        "Dates of reports to the municipality.",
        unit="MM-DD",
    ),
    words(
        "print_schedule",
        "когда печатается журнал",
        "After which periods the journal is printed.",
        EVERY,
        "less",
    ),
    month_day("print_due", "печать за год: срок", "Last day of the yearly print."),
    word(
        "summary_archive_mode",
        "сводная ведомость в архив",
        "When or where the yearly summary is kept.",
        ("must_immediately", "kept_by_deputy", "may"),
    ),
    count(
        "journal_retention_years", "хранение журналов", "Years that journals are kept.", "years", 100, "less"
    ),
    count(
        "summary_retention_years",
        "хранение сводных ведомостей",
        "Years that summaries are kept.",
        "years",
        100,
        "less",
    ),
    count(
        "archive_copies_min",
        "копий архива",
        "Media on which the archive is kept, at least.",
        "copies",
        10,
        "less",
    ),
    yes_no(
        "archive_separate_rooms",
        "архив в разных помещениях",
        "The archive copies are kept in separate rooms.",
    ),
    word("backup_frequency", "резервные копии", "How often backups are made.", EVERY, "more"),
    word(
        "print_stamp_required",
        "заверение распечаток",
        "What a printed document must carry.",
        ("certified", "director_visa", "system_date_executor"),
    ),
    yes_no("audit_required", "протокол действий", "Who changed what and when is logged."),
    yes_no("history_required", "история изменений", "Changed information is kept with its history."),
    word(
        "pd_scope",
        "доступ к личным данным",
        "Who sees pupils' data.",
        ("school_only", "need_to_know", "role_based", "restricted"),
    ),
    word(
        "municipal_pd_level",
        "личные данные выше школы",
        "What the municipal level sees of persons.",
        ("aggregates", "limited", "user"),
    ),
    yes_no(
        "tech_outage_excuse",
        "сбой как уважительная причина",
        "A reported technical failure excuses a late entry.",
    ),
    Parameter(
        "min_marks_per_period",
        Kind.NUMBERS,
        "отметок за период, не менее",
        "Least number of marks per weekly hours of the subject.",
        unit="marks",
    ),
    Parameter(
        "fill_thresholds",
        Kind.NUMBERS,
        "пороги наполняемости",
        "Shares from which a fill rate is shown green and amber.",
        unit="share 0–1",
        allowed=("green", "amber"),
    ),
    Parameter(
        "min_lessons_share_for_fill",
        Kind.RATIO,
        "доля уроков для наполняемости",
        "Pupils with a smaller share of the period's lessons are listed apart.",
        unit="share 0–1",
    ),
    count(
        "min_cell_size",
        "наименьшая группа в отчёте",
        "Fewer persons than this are not shown above school level.",
        "persons",
        100,
        "less",
    ),
)

UPKEEP_PARAMETERS: tuple[Parameter, ...] = (*_PEOPLE, *_YEAR, *_CONTROL)
