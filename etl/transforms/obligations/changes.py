"""Changes of entries, their place and the permissions that cover them (annex B8, R8, R9). Grain: change."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from etl.contract.ledger import Quality
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.verdict import Permission

FIELDS: dict[str, tuple[str, bool]] = {
    "mark": ("value", True),
    "absence": ("code", True),
    "lesson": ("topic", False),
    "work": ("kind", False),
    "period_mark": ("value", True),
}
"""Entity → the field whose change counts; whether a blank field, the entry's value, counts too (annex R8)."""
_TYPED = ("mark", "absence", "period_mark")
_PLACED = {
    "lesson_id": pl.Int32,
    "work_id": pl.Int32,
    "pupil_id": pl.Int32,
    "period_id": pl.Int32,
    "journal_id": pl.Int32,
    "class_id": pl.Int32,
    "school_year": pl.Int16,
    "recorded_by_id": pl.Int32,
    "recorded_quality": pl.Int16,
}


def located_changes(context: Context, entities: Collection[str] = tuple(FIELDS)) -> pl.DataFrame:
    """Changes of these entities that are located and are no typing corrections; the field is not looked at yet.

    Columns: change_id, entity, field, action, changed_*, changed_by_id, lesson_id, work_id, pupil_id,
    period_id, journal_id, class_id, school_year, grade, group_id, subject_id, held_on (of lesson entries),
    recorded_* of the entity, permission and document (Permission), is_wrong_role (a permission in time, perhaps, and
    an author who surely may not use it).
    """
    changes = context.state["change"].select(
        "change_id",
        "entity",
        "entity_key",
        "field",
        "action",
        "changed_earliest",
        "changed_latest",
        "changed_quality",
        "changed_by_id",
        "lesson_key",
        "pupil_key",
    )
    placed = pl.concat(
        [_with_entity(changes.filter(pl.col("entity") == entity), entity, context) for entity in entities]
    )
    local = [
        pl.col(name).dt.convert_time_zone(context.zone).dt.date().alias(day)
        for name, day in (("changed_earliest", "first_on"), ("changed_latest", "last_on"))
    ]
    placed = placed.with_columns(local).filter(~_is_typing_correction(context.zone))
    return _with_permission(placed, context)


def is_about_the_entry(*, homework: bool = False) -> pl.Expr:
    """The change is of a field that counts; with `homework` that of a lesson counts as well (annex R11)."""
    built = pl.lit(value=False)
    for entity, (name, blank_counts) in FIELDS.items():
        field = pl.col("field")
        counts = (field == name) | ((field == "homework") if homework and entity == "lesson" else pl.lit(value=False))
        built = pl.when(pl.col("entity") == entity).then(counts.fill_null(value=blank_counts)).otherwise(built)
    return built


def _with_entity(changes: pl.DataFrame, entity: str, context: Context) -> pl.DataFrame:
    """The entity in its last state, deleted or not; a lost one is located by the lesson_key (annex B8)."""
    rows = context.state[entity].with_columns(pl.lit(value=True).alias("is_known"))
    known = [
        "is_known",
        *(name for name in _PLACED if name in rows.columns),
        *(name for name in ("recorded_earliest", "recorded_latest") if name in rows.columns),
    ]
    joined = changes.join(rows.select(pl.col(f"{entity}_key").alias("entity_key"), *known), on="entity_key", how="left")
    joined = joined.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in _PLACED.items() if name not in joined.columns
    )
    if "recorded_earliest" not in joined.columns:
        joined = joined.with_columns(
            pl.lit(None, joined.schema["changed_earliest"]).alias(name)
            for name in ("recorded_earliest", "recorded_latest")
        )
    pupils = context.state["pupil"].select("pupil_key", pl.col("pupil_id").alias("stated_pupil_id"))
    joined = joined.join(pupils, on="pupil_key", how="left").with_columns(
        pl.when(pl.col("is_known")).then("pupil_id").otherwise("stated_pupil_id").alias("pupil_id")
    )
    if entity == "period_mark":
        grades = context.classes.select("class_id", "grade")
        journals = context.journals.select("journal_id", "group_id", "subject_id")
        joined = (
            joined.filter(pl.col("is_known"))
            .join(grades, on="class_id", how="left")
            .join(journals, on="journal_id", how="left")
            .with_columns(pl.lit(None, pl.Date).alias("held_on"))
        )
        return _shaped(joined)
    keys = context.state["lesson"].select("lesson_key", pl.col("lesson_id").alias("stated_lesson_id"))
    joined = joined.join(keys, on="lesson_key", how="left").with_columns(
        pl.when(pl.col("is_known")).then("lesson_id").otherwise("stated_lesson_id").alias("lesson_id")
    )
    lessons = context.lessons.select(
        "lesson_id", "journal_id", "class_id", "school_year", "grade", "group_id", "subject_id", "held_on"
    )
    return _shaped(joined.drop("journal_id", "class_id", "school_year").join(lessons, on="lesson_id", how="inner"))


def _shaped(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "change_id",
        "entity",
        "entity_key",
        "field",
        "action",
        "changed_earliest",
        "changed_latest",
        "changed_quality",
        "changed_by_id",
        *_PLACED,
        "recorded_earliest",
        "recorded_latest",
        "group_id",
        "subject_id",
        "held_on",
        pl.col("grade").cast(pl.Int32),
    )


def _is_typing_correction(zone: str) -> pl.Expr:
    """An update on the local date of the entry's recorded_at by its recorder (annex R8)."""
    recorded_on = pl.col("recorded_earliest").dt.convert_time_zone(zone).dt.date()
    told = pl.col("recorded_quality").is_in([int(Quality.exact), int(Quality.date_only)])
    same_day = (pl.col("first_on") == recorded_on) & (pl.col("last_on") == recorded_on)
    found = (
        (pl.col("action") == "update")
        & pl.col("entity").is_in(_TYPED)
        & (pl.col("changed_by_id") == pl.col("recorded_by_id"))
        & told
        & same_day
    )
    return found.fill_null(value=False)


def _with_permission(changes: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Adds `permission`, in time and of an entitled role, `document`, for the lock of absences (R9), and
    `is_wrong_role`.
    """
    permissions = context.present("edit_permission").group_by("entity", "entity_key").agg(pl.col("decided_on").min())
    roles = context.present("staff").select(pl.col("staff_id").alias("changed_by_id"), "role")
    covered = changes.join(permissions, on=["entity", "entity_key"], how="left").join(
        roles, on="changed_by_id", how="left"
    )
    covered = covered.join(_documents(changes, context), on="change_id", how="left")
    covered = covered.with_columns(_in_time("decided_on").alias("in_time"), _entitled(context).alias("entitled"))
    nobody, somebody = pl.col("entitled") == int(Permission.none), pl.col("in_time") > int(Permission.none)
    return covered.with_columns(
        pl.min_horizontal("in_time", "entitled").alias("permission"),
        _in_time("presented_on").alias("document"),
        (nobody & somebody).alias("is_wrong_role"),
    ).drop("decided_on", "presented_on", "role", "entity_key", "in_time", "entitled")


def _in_time(day: str) -> pl.Expr:
    """Not later than the change: surely, perhaps (somewhere in its interval), or not."""
    return (
        pl.when(pl.col(day) <= pl.col("first_on"))
        .then(int(Permission.valid))
        .when(pl.col(day) <= pl.col("last_on"))
        .then(int(Permission.uncertain))
        .otherwise(int(Permission.none))
        .cast(pl.Int8)
    )


def _entitled(context: Context) -> pl.Expr:
    """The role of who changed is one that may edit after the lock, where the act names such roles."""
    stated = {
        version.version: ",".join(sorted(version.words("post_lock_editor_roles"))) or None
        for version in context.versions
    }
    allowed = context.by_version("allowed", pl.col("first_on"), stated, pl.String)
    return (
        pl.when(allowed.is_null())
        .then(int(Permission.valid))
        .when(pl.col("role").is_null())
        .then(int(Permission.uncertain))
        .when(allowed.str.split(",").list.contains(pl.col("role")))
        .then(int(Permission.valid))
        .otherwise(int(Permission.none))
        .cast(pl.Int8)
    )


def _documents(changes: pl.DataFrame, context: Context) -> pl.DataFrame:
    """change_id, presented_on: changed codes inside a document of the pupil; the first one presented."""
    codes = changes.filter(
        (pl.col("entity") == "absence") & (pl.col("action") == "update") & is_about_the_entry()
    ).select("change_id", "pupil_id", "held_on")
    documents = context.present("absence_document").select("pupil_id", "from_on", "to_on", "presented_on")
    covering = codes.join(documents, on="pupil_id", how="inner").filter(
        (pl.col("from_on") <= pl.col("held_on")) & (pl.col("held_on") < pl.col("to_on"))
    )
    return covering.group_by("change_id").agg(pl.col("presented_on").min())
