"""Reports of a whole school: movement, sizes of classes, results, activity, completeness, programme, control works
(requirements B-11, B-14, B-15, B-19, B-20, B-31…B-33, B-41; 004 5-ЗД-5, 001 ЗД-12, СА-3.5, 003 А-2.2). Pure.

Each takes what the query of its page gives, so its figures are those of the page.
"""

from __future__ import annotations

import polars as pl

from dashboard.filling_rows import GROUPS, SHARES, TIMES, lines
from dashboard.frame import short_name
from dashboard.i18n import has, month, t
from dashboard.library import marks_reports
from dashboard.library.parts import Field, facts, table
from dashboard.people_sums import balanced, contingent_sums
from dashboard.programme_rows import journal_lines, programme_sums
from dashboard.queries.activity import Activity
from dashboard.queries.class_reports import ClassFrames
from dashboard.queries.contingent import Contingent
from dashboard.queries.filling import Filling
from dashboard.queries.programme import Programme
from dashboard.reports.document import Section
from dashboard.table_export import Share
from etl.warehouse.metrics import METRICS
from etl.warehouse.metrics_learning import LEARNING_METRICS
from etl.warehouse.metrics_people import CONTINGENT
from etl.warehouse.metrics_programme import PROGRAMME

_MOVES = ("opening", "arrived", "moved_in", "moved_out", "left_school", "closing", "difference")


def movement(page: Contingent) -> list[Section]:
    """«Динамика движения обучающихся по школе»: balance of every class, then movements by month and kind."""
    if "enrolment" not in page.carried:
        return [table(t("report.movement"), pl.DataFrame(), [], nothing=t("contingent.why_rolls"))]
    classes = balanced(page.classes)
    told = _MOVES if "movement" in page.carried else ("opening", "closing")
    total = classes.select(pl.lit(t("contingent.total")).alias("class_name"), *(pl.col(name).sum() for name in told))
    rows = pl.concat([classes.select("class_name", *told), total], how="vertical_relaxed")
    columns = [
        Field("class_name", t("filling.by_class_one"), "text"),
        *(Field(name, t(f"contingent.column_{name}")) for name in told),
    ]
    notes = () if "movement" in page.carried else (t("contingent.why_moves"),)
    return [table(t("report.movement"), rows, columns, notes=notes), _moves(page)]


def _moves(page: Contingent) -> Section:
    months = [month(on) for on in page.moves["month_on"]]
    kinds = [t(f"movement_kind.{kind}") for kind in page.moves["kind"]]
    rows = page.moves.with_columns(
        pl.Series("month", months, dtype=pl.String), pl.Series("words", kinds, dtype=pl.String)
    )
    columns = [
        Field("month", t("contingent.column_month"), "text"),
        Field("words", t("contingent.column_kind"), "text"),
        Field("n", t("contingent.column_n")),
        Field("without_order", t("report.column_without_order")),
    ]
    return table(t("contingent.moves"), rows, columns, nothing=t("contingent.moves_none"))


def class_sizes(page: Contingent) -> list[Section]:
    """«Наполняемость классов»: pupils of every class on the last day, mean and greatest."""
    if "enrolment" not in page.carried:
        return [table(t("report.class_sizes"), pl.DataFrame(), [], nothing=t("contingent.why_rolls"))]
    rows = page.classes.filter(pl.col("closing") > 0)
    mean = CONTINGENT["class_size"].of(contingent_sums(page)).value
    whole = facts(
        t("report.class_sizes_total"),
        [
            (t("report.classes"), rows.height),
            (t("report.pupils"), int(rows["closing"].sum())),
            (t("report.mean_size"), None if mean is None else round(mean, 1)),
            (t("report.greatest_size"), int(rows["closing"].max() or 0)),  # type: ignore[arg-type]
        ],
    )
    grades = rows.group_by("grade").agg(pl.len().alias("classes"), pl.col("closing").sum()).sort("grade")
    return [
        whole,
        table(t("report.class_sizes"), rows, [Field("class_name", t("filling.by_class_one"), "text"),
                                              Field("closing", t("report.pupils"))]),
        table(t("report.by_grade"), grades, [Field("grade", t("report.column_grade")),
                                             Field("classes", t("report.classes")),
                                             Field("closing", t("report.pupils"))]),
    ]  # fmt: skip


def results(frames: ClassFrames) -> list[Section]:
    """«Итоговые данные по учащимся»: success, quality, mean, СОУ and the groups of pupils, by class."""
    success = METRICS["success"].by(frames.success, "class_id") if frames.success.width else pl.DataFrame()
    if success.is_empty():
        return [table(t("report.school_results"), pl.DataFrame(), [], nothing=t("report.no_period_marks"))]
    rows = frames.classes.join(_share(success, "success"), on="class_id", how="inner")
    for name, metric, source in (
        ("quality", METRICS["quality"], frames.success),
        ("sou", LEARNING_METRICS["sou"], frames.marks),
    ):
        rows = rows.join(_share(metric.by(source, "class_id"), name), on="class_id", how="left")
    mean = METRICS["mean_period_mark"]
    means = frames.marks.group_by("class_id").agg(
        (pl.col(mean.numerator).sum() / pl.col(mean.denominator).sum()).round(2).fill_nan(None).alias("mean")
    )
    counts = frames.groups.group_by("class_id").agg(
        pl.col("listed_count").sum(), *(pl.col(LEARNING_METRICS[name].numerator).sum() for name in marks_reports.GROUPS)
    )
    rows = rows.join(means, on="class_id", how="left").join(counts, on="class_id", how="left")
    columns = [
        Field("name", t("filling.by_class_one"), "text"),
        Field("listed_count", t("report.listed")),
        Field("success", t("performance.card_success"), "share"),
        Field("quality", t("performance.card_quality"), "share"),
        Field("mean", t("report.column_mean")),
        Field("sou", t("performance.card_sou"), "share"),
        *(Field(LEARNING_METRICS[name].numerator, t(f"report.group_{name}")) for name in marks_reports.GROUPS),
    ]
    return [
        facts(t("report.school_whole"), [
            (t("performance.card_success"), marks_reports.share(METRICS["success"], frames.success)),
            (t("performance.card_quality"), marks_reports.share(METRICS["quality"], frames.success)),
            (t("performance.card_sou"), marks_reports.share(LEARNING_METRICS["sou"], frames.marks)),
        ]),
        table(t("report.school_results"), rows.sort("grade", "letter", "class_id"), columns),
    ]  # fmt: skip


def _share(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    return rows.select("class_id", pl.col("value").alias(name))


def activity(page: Activity) -> list[Section]:
    """«Отчет об активности пользователей» (001 СА-3.5): accounts by role, pupils and parents by class, teachers."""
    if not {"account", "activity"} <= page.carried:
        return [table(t("report.activity"), pl.DataFrame(), [], nothing=t("report.no_activity"))]
    roles = [t(f"activity.role_{role}") if has(f"activity.role_{role}") else role for role in page.roles["role"]]
    by_role = page.roles.with_columns(
        pl.Series("words", roles, dtype=pl.String), (pl.col("active") / pl.col("accounts")).alias("share")
    )
    names = [short_name(name) if name else t("filling.nobody") for name in page.teachers["full_name"]]
    known = "consent" in page.carried
    classes = page.classes.with_columns(pl.when(pl.lit(known)).then(pl.col("reached")).alias("reached"))
    return [
        table(t("report.activity_roles"), by_role, [
            Field("words", t("report.column_role"), "text"), Field("accounts", t("report.column_accounts")),
            Field("active", t("report.column_active")), Field("share", t("report.column_share"), "share"),
            Field("logins", t("report.column_logins")), Field("last_on", t("activity.column_last"), "day"),
        ]),
        table(t("report.activity_classes"), classes, [
            Field("class_name", t("filling.by_class_one"), "text"), Field("enrolled", t("report.pupils")),
            Field("active_pupils", t("activity.column_pupils")), Field("reached", t("activity.column_reached")),
        ], notes=() if known else (t("report.no_parents"),)),
        table(t("activity.teachers"), page.teachers.with_columns(pl.Series("name", names, dtype=pl.String)), [
            Field("name", t("filling.by_staff_one"), "text"), Field("last_on", t("activity.column_last"), "day"),
            Field("made", t("activity.column_made")), Field("due", t("report.column_due")),
        ]),
    ]  # fmt: skip


def completeness(page: Filling) -> list[Section]:
    """«Полнота и своевременность заполнения» (001 ЗД-12): the whole school, then by teacher, class and subject."""
    names = ("completeness", *SHARES, *TIMES)
    whole = []
    for name in names:
        value = METRICS[name].of(page.sums).value
        whole.append((t(f"report.metric_{name}"), None if value is None else Share(value)))
    index = [
        value for label, value in whole if label in (t("report.metric_completeness"), t("report.metric_timeliness"))
    ]
    both = None if None in index else Share(sum(float(value or 0) for value in index) / 2)
    parts = [facts(t("report.school_whole"), [*whole, (t("report.index"), both)], notes=(t("report.index_note"),))]
    for group in GROUPS[:3]:
        columns = [
            Field("label", t(f"report.by_{group}_one"), "text"),
            Field("missing", t("report.column_missing")),
            *(Field(f"{name}.value", t(f"report.metric_{name}"), "share") for name in (*SHARES, *TIMES)),
        ]
        parts.append(table(t(f"report.by_{group}"), lines(page, group), columns))
    return parts


def curriculum(page: Programme) -> list[Section]:
    """«Выполнение учебных планов» (001 ЗД-12): hours of the curriculum, of the plan and held, by journal."""
    sums = programme_sums(page)
    names = ("programme_done", "plan_of_curriculum", "programme_linked")
    values = [(name, PROGRAMME[name].of(sums).value) for name in names]
    whole = [(t(f"report.metric_{name}"), None if value is None else Share(value)) for name, value in values]
    columns = [
        Field("label", t("report.column_journal"), "text"),
        Field("curriculum_hours", t("report.column_curriculum")),
        Field("plan_hours", t("report.column_plan")),
        Field("planned", t("report.column_planned")),
        Field("held", t("report.column_held")),
        Field("lag", t("report.column_lag")),
        Field("done", t("report.column_done"), "share"),
        *(Field(name, t(f"report.column_{name}")) for name in ("substituted", "moved", "cancelled")),
    ]
    rows = journal_lines(page).sort("class_id", "label", "journal_id")
    return [facts(t("report.school_whole"), whole), table(t("report.curriculum"), rows, columns)]


def control_works(page: Programme) -> list[Section]:
    """«Контрольные работы»: scheduled, held and marked (001 ЗД-4, ЗД-10, ЗД-12; 004 8.3)."""
    if not {"work", "assessment_schedule"} <= page.carried:
        return [table(t("report.control_works"), pl.DataFrame(), [], nothing=t("report.no_schedule"))]
    label = pl.concat_str("class_name", "subject", separator=", ", ignore_nulls=True)
    named = page.works.join(page.dims.select("journal_id", label.alias("label")), on="journal_id", how="left")
    kinds = [t(f"work.{kind}") if kind and has(f"work.{kind}") else kind or "—" for kind in named["kind"]]
    is_due = pl.col("planned_on") <= page.until
    state = (
        pl.when(pl.col("is_off")).then(pl.lit(t("report.work_off")))
        .when(pl.col("work_id").is_not_null()).then(pl.lit(t("report.work_held")))
        .when(is_due).then(pl.lit(t("report.work_missing"))).otherwise(pl.lit(t("report.work_ahead")))
    )  # fmt: skip
    rows = named.with_columns(
        pl.Series("words", kinds, dtype=pl.String), state.alias("state"),
        pl.coalesce("planned_on", "held_on").alias("on"), pl.col("marked").cast(pl.Int64),
    ).sort("on", "label", "words")  # fmt: skip
    columns = [
        Field("on", t("attendance.column_date"), "day"),
        Field("label", t("report.column_journal"), "text"),
        Field("words", t("report.column_work"), "text"),
        Field("state", t("report.column_state"), "text"),
        Field("marked", t("report.column_marked")),
    ]
    found = PROGRAMME["scheduled_held"].of(programme_sums(page))
    off = PROGRAMME["off_schedule_count"].of(programme_sums(page))
    whole = [
        (t("report.works_due"), found.whole), (t("report.works_held"), found.part),
        (t("report.metric_scheduled_held"), None if found.value is None else Share(found.value)),
        (t("report.work_off"), off.part),
    ]  # fmt: skip
    return [facts(t("report.school_whole"), whole), table(t("report.control_works"), rows, columns)]


def cards(page: Contingent) -> list[Section]:
    """«Полнота данных карточек» (003 5.5, 5.6, А-1.1): filled of mandatory fields, by card and field."""
    if page.cards.is_empty():
        return [table(t("report.cards"), page.cards, [], nothing=t("contingent.why_cards"))]
    owner = [t(f"contingent.owner_{kind}") for kind in page.cards["owner_kind"]]
    field = [None if name is None else t(f"card_field.{name}") if has(f"card_field.{name}") else name
             for name in page.cards["field"]]  # fmt: skip
    rows = page.cards.with_columns(
        pl.Series("owner", owner, dtype=pl.String), pl.Series("words", field, dtype=pl.String),
        (pl.col("filled") / pl.col("fields")).alias("share"),
    )  # fmt: skip
    kinds = [Field("owner", t("report.column_card"), "text")]
    counts = [
        Field("filled", t("contingent.column_filled")), Field("fields", t("report.column_fields")),
        Field("share", t("report.column_share"), "share"),
    ]  # fmt: skip
    whole = [*kinds, Field("cards", t("report.column_cards")), Field("complete", t("report.column_complete")), *counts]
    of_fields = rows.filter(pl.col("field").is_not_null()).sort("owner_kind", "share", "field")
    return [
        table(t("report.cards"), rows.filter(pl.col("field").is_null()), whole),
        table(
            t("report.card_fields"), of_fields, [*kinds, Field("words", t("contingent.column_field"), "text"), *counts]
        ),
    ]
