"""Every analytical table, declared once: its grain as the table's comment, each column's meaning as its comment.

Tables of the journal bundle are built from `etl.contract`, so a column of the contract has one definition.
Layout (DECISIONS 2): every key begins with school_id; facts of a class are partitioned by school year; no foreign key
crosses schools; no sequence takes part in a key. Names of people and free text of lessons stand in side tables,
because row policies hide rows and not columns.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Time,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeEngine

from etl.contract import columns as contract
from etl.contract.tables import TABLES

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)
MOMENT = DateTime(timezone=True)
BY_YEAR: dict[str, Any] = {"postgresql_partition_by": "LIST (school_year)"}

_TYPES: dict[str, TypeEngine[Any]] = {
    "key": Integer(),
    "ref": Integer(),
    "author": Integer(),
    "text": Text(),
    "int": Integer(),
    "decimal": Numeric(),
    "date": Date(),
    "time": Time(),
    "bool": Boolean(),
    "enum": Text(),
    "mark": Text(),
    "absence_code": Text(),
    "school_year": SmallInteger(),
}
# widest first: PostgreSQL pads every narrower column that stands before a wider one
_WIDTH = {
    SmallInteger: 4,
    DateTime: 0,
    Float: 1,
    Integer: 2,
    Date: 2,
    Boolean: 5,
    Time: 0,
    Numeric: 7,
    Text: 8,
}


def _column(name: str, kind: TypeEngine[Any], note: str, **options: Any) -> Column[Any]:
    return Column(name, kind, comment=note, **options)


def school_id() -> Column[Any]:
    return _column("school_id", Integer(), "school (dim_school)", nullable=False)


def school_year() -> Column[Any]:
    return _column("school_year", SmallInteger(), "first calendar year of the school year", nullable=False)


def _moment_columns(source: contract.Column) -> list[Column[Any]]:
    earliest, latest, quality = contract.moment_names(source.name)
    return [
        _column(earliest, MOMENT, f"{source.note}: earliest possible moment"),
        _column(latest, MOMENT, f"{source.note}: latest possible moment"),
        _column(quality, SmallInteger(), "1 exact, 2 date only, 3 interval between snapshots, 4 unknown"),
    ]


def _bundle_columns(table: contract.BundleTable) -> list[Column[Any]]:
    built: list[Column[Any]] = []
    for source in table.columns:
        if source.name == "school_key" or source.name in table.texts:
            continue
        if source.kind == "moment":
            built += _moment_columns(source)
            continue
        required = source.required and not source.may_be_blank
        built.append(_column(contract.stored_name(source), _TYPES[source.kind], source.note, nullable=not required))
        if source.kind == "key":
            built.append(_column(source.name, Text(), f"{source.note}: key in the source", nullable=False))
        if source.kind == "mark":
            built.append(_column("mark_code", SmallInteger(), "value as a number (transforms.values)", nullable=False))
    if "class_key" not in table.by_name and table.year_from in {"group_key", "lesson_key", "plan_key"}:
        built.append(_column("class_id", Integer(), "class, for the row policies", nullable=False))
    if table.name in {"lesson", "mark", "absence", "work", "period_mark"}:
        built.append(_column("journal_id", Integer(), "journal = group × subject (dim_journal)", nullable=False))
    if table.name == "school_class":
        built.append(_column("name", Text(), "grade and letter, as people say it", nullable=False))
    if table.name == "absence":
        built.append(_column("reason_known_first", Boolean(), "the code was known when the absence was first seen"))
    return built


def _origin_columns(table: contract.BundleTable) -> list[Column[Any]]:
    return [
        _column("deleted_earliest", MOMENT, "vanished after this moment; null = still in the source"),
        _column("deleted_latest", MOMENT, "vanished by this moment; null = still in the source"),
        _column("first_seen_at", MOMENT, "extracted_at of the first bundle that carried the row", nullable=False),
        _column(
            "last_seen_at",
            MOMENT,
            "extracted_at of the last bundle that changed it or was a delta with it",
            nullable=False,
        ),
        _column("load_id", Integer(), "load that last changed the row", nullable=False),
    ]


def _width(column: Column[Any]) -> int:
    return next(width for kind, width in _WIDTH.items() if isinstance(column.type, kind))


def is_partitioned(table: contract.BundleTable) -> bool:
    """Facts of a class lie in the partition of its school year; what has no class stays in one table."""
    return (
        table.fact
        and table.year_from in {"group_key", "lesson_key", "plan_key", "class_key"}
        and table.name != "timetable_version"
    )


def has_year(table: contract.BundleTable) -> bool:
    return is_partitioned(table) or bool(table.year_from)


def _bundle_table(table: contract.BundleTable) -> Table:
    if table.name == "school":
        return _school_table(table)
    columns = [school_id(), *_bundle_columns(table), *_origin_columns(table)]
    if has_year(table):
        columns = [column for column in columns if column.name != "school_year"]
        columns.insert(
            0,
            _column(
                "school_year",
                SmallInteger(),
                "first calendar year of the school year",
                nullable=is_partitioned(table) is False,
            ),
        )
    columns.sort(key=_width)
    keys = [contract.stored_name(table.by_name[name]) for name in table.key]
    lead = ["school_id", "school_year"] if is_partitioned(table) else ["school_id"]
    extra: list[Any]
    if table.own_key:
        extra = [PrimaryKeyConstraint(*lead, *keys)]
    else:
        unique = list(dict.fromkeys([*lead, *keys]))
        extra = [Index(f"uq_{table.warehouse_name}", *unique, unique=True, postgresql_nulls_not_distinct=True)]
    if table.name in {"lesson", "mark", "absence", "work", "period_mark"}:
        extra.append(Index(f"ix_{table.warehouse_name}_journal", "school_id", "school_year", "journal_id"))
    options: dict[str, Any] = dict(BY_YEAR) if is_partitioned(table) else {}
    return Table(table.warehouse_name, metadata, *columns, *extra, comment=table.grain, **options)


def _school_table(table: contract.BundleTable) -> Table:
    columns = [column for column in _bundle_columns(table) if column.name != "municipality"]
    return Table(
        "dim_school",
        metadata,
        _column("school_id", Integer(), "school", nullable=False, autoincrement=False),
        _column(
            "school_key",
            Text(),
            "key in the source, unique in the whole database",
            nullable=False,
            unique=True,
        ),
        _column("municipality_id", Integer(), "municipality (dim_municipality)", nullable=False),
        *columns,
        _column("regulation_named", Text(), "profile id that the newest bundle names, installed or not"),
        _column(
            "capabilities",
            ARRAY(Text()),
            "what the newest bundle of the school says its source can tell",
            nullable=False,
        ),
        _column("extracted_at", MOMENT, "moment of the newest bundle of the school", nullable=False),
        _column(
            "data_version",
            Integer(),
            "raised by every load, check, register or profile change",
            nullable=False,
        ),
        _column("is_demo", Boolean(), "generated, not real", nullable=False),
        _column("purged_until", SmallInteger(), "last school year whose journals were purged; null = none"),
        PrimaryKeyConstraint("school_id"),
        comment="one row per school",
    )


def _text_table(name: str, source: contract.BundleTable, *texts: str) -> Table:
    year = [school_year()] if is_partitioned(source) else []
    id_column = contract.stored_name(source.by_name[source.own_key])
    extra = [
        _column(part, Integer(), note, nullable=False)
        for part, note in (
            ("class_id", "class, for the row policies"),
            ("journal_id", "journal, for the row policies"),
        )
        if source.name == "lesson"
    ]
    return Table(
        name,
        metadata,
        school_id(),
        *year,
        _column(id_column, Integer(), f"{source.noun}", nullable=False),
        *extra,
        *(_column(text, Text(), source.by_name[text].note) for text in texts),
        PrimaryKeyConstraint("school_id", *(["school_year"] if year else []), id_column),
        comment=f"one row per {source.noun} with text a municipal reader may not see",
        **(BY_YEAR if year else {}),
    )


BUNDLE: dict[str, Table] = {table.name: _bundle_table(table) for table in TABLES}
TEXTS: dict[str, Table] = {
    table.name: _text_table(table.text_table, table, *table.texts) for table in TABLES if table.text_table
}

dim_municipality = Table(
    "dim_municipality",
    metadata,
    _column("municipality_id", Integer(), "municipality", primary_key=True, autoincrement=False),
    _column("name", Text(), "name as the bundle states it", nullable=False, unique=True),
    _column("region", Text(), "region"),
    comment="one row per municipality",
)
fact_lesson_status = Table(
    "fact_lesson_status",
    metadata,
    school_id(),
    school_year(),
    _column("lesson_id", Integer(), "lesson", nullable=False),
    _column("status", Text(), "cancelled, moved or replaced", nullable=False),
    _column("recorded_earliest", MOMENT, "first entry of this status: earliest possible moment"),
    _column("recorded_latest", MOMENT, "first entry of this status: latest possible moment"),
    _column("recorded_quality", SmallInteger(), "1 exact, 2 date only, 3 interval between snapshots, 4 unknown"),
    PrimaryKeyConstraint("school_id", "lesson_id", "status"),
    comment="one row per lesson and earlier status: a status that comes back keeps its first moment (annex B2)",
)
dim_journal = Table(
    "dim_journal",
    metadata,
    school_id(),
    school_year(),
    _column("journal_id", Integer(), "journal", nullable=False),
    _column("class_id", Integer(), "class of the group", nullable=False),
    _column("group_id", Integer(), "group", nullable=False),
    _column("subject_id", Integer(), "subject", nullable=False),
    PrimaryKeyConstraint("school_id", "journal_id"),
    comment="one row per journal = group × subject that occurs in lessons, loads, curricula or plans (annex B13)",
)
source_key = Table(
    "source_key",
    metadata,
    school_id(),
    _column("table_name", Text(), "bundle table", nullable=False),
    _column("key", Text(), "key in the source", nullable=False),
    _column("id", Integer(), "our id, given once and never again", nullable=False),
    PrimaryKeyConstraint("school_id", "table_name", "key"),
    comment="one row per source key of a dimension, and per key that was referred to before its own row came",
)
id_counter = Table(
    "id_counter",
    metadata,
    school_id(),
    _column("table_name", Text(), "bundle table", nullable=False),
    _column("last_id", Integer(), "greatest id given so far", nullable=False),
    PrimaryKeyConstraint("school_id", "table_name"),
    comment="one row per school and table: ids never return, even after rows are purged",
)

load_run = Table(
    "load_run",
    metadata,
    _column("load_id", Integer(), "load", primary_key=True, autoincrement=False),
    _column("source", Text(), "what was loaded, as the person named it", nullable=False),
    _column("content_hash", Text(), "SHA-256 over the names and contents of the files", nullable=False),
    _column("source_system", Text(), "as the manifest says"),
    _column("mode", Text(), "snapshot or delta", nullable=False),
    _column("extracted_at", MOMENT, "moment of the export, with its offset cut to the instant", nullable=False),
    _column("extracted_text", Text(), "the same, verbatim: part of the keys of automatic changes", nullable=False),
    _column("started_at", MOMENT, "start of the load", nullable=False),
    _column("finished_at", MOMENT, "end of the load", nullable=False),
    _column("is_demo", Boolean(), "generated, not real", nullable=False),
    _column("seconds", JSONB(), "seconds per stage", nullable=False),
    comment="one row per committed load; it is written in the transaction of the load itself",
)
load_table = Table(
    "load_table",
    metadata,
    school_id(),
    _column("load_id", Integer(), "load", nullable=False),
    _column("table_name", Text(), "bundle table that was present, an empty file included", nullable=False),
    _column("columns", ARRAY(Text()), "its columns: what is absent proves nothing", nullable=False),
    _column("rows_read", Integer(), "rows of this school in the file", nullable=False),
    _column("rows_loaded", Integer(), "inserted or changed", nullable=False),
    _column("rows_unchanged", Integer(), "already known as they are", nullable=False),
    _column("rows_rejected", Integer(), "set aside with a reason", nullable=False),
    _column("rows_deleted", Integer(), "known before and absent now (outside the balance)", nullable=False),
    PrimaryKeyConstraint("school_id", "load_id", "table_name"),
    comment="one row per load, school and table; rows read = loaded + unchanged + rejected",
)
load_scope = Table(
    "load_scope",
    metadata,
    school_id(),
    _column("load_id", Integer(), "load", nullable=False),
    _column("scope_no", Integer(), "number of the line", nullable=False),
    _column("school_year", SmallInteger(), "year; null = all"),
    _column("class_id", Integer(), "class; null = all"),
    _column("group_id", Integer(), "group; null = all"),
    _column("subject_id", Integer(), "subject; null = all"),
    PrimaryKeyConstraint("school_id", "load_id", "scope_no"),
    comment="one row per stated or default scope line of a snapshot: where absence proves deletion (annex B6)",
)
load_reject = Table(
    "load_reject",
    metadata,
    _column("load_id", Integer(), "load", nullable=False),
    _column("reject_no", Integer(), "number within the load", nullable=False),
    _column("school_id", Integer(), "school, where it could be told"),
    _column("school_key", Text(), "school as the row says"),
    _column("file", Text(), "file", nullable=False),
    _column("row_number", Integer(), "number of the row in the file, the header being row 1"),
    _column("column_name", Text(), "column that decided"),
    _column("value", Text(), "its value"),
    _column("reason", Text(), "why", nullable=False),
    _column("raw", Text(), "the whole row as it was read, as JSON or as the raw line", nullable=False),
    PrimaryKeyConstraint("load_id", "reject_no"),
    comment="one row per row that was set aside",
)
load_warning = Table(
    "load_warning",
    metadata,
    _column("load_id", Integer(), "load", nullable=False),
    _column("warning_no", Integer(), "number within the load", nullable=False),
    _column("school_id", Integer(), "school, where it concerns one"),
    _column("message", Text(), "what a person should know", nullable=False),
    PrimaryKeyConstraint("load_id", "warning_no"),
    comment="one row per remark of a load that did not stop it",
)

regulation = Table(
    "regulation",
    metadata,
    _column("regulation", Text(), "profile id", nullable=False),
    _column("profile_version", SmallInteger(), "version, from 1 by first day", nullable=False),
    _column("title", Text(), "title of the act", nullable=False),
    _column("level", Text(), "region, municipality or school", nullable=False),
    _column("act_number", Text(), "number of the act; empty = it bears none", nullable=False),
    _column("act_date", Date(), "date of the act"),
    _column("valid_from", Date(), "first day; null = no date. The first version also covers what is older"),
    _column("valid_until", Date(), "first day of the next version; null = none follows"),
    _column("layers", ARRAY(Text()), "ids of the acts it is made of, the highest first", nullable=False),
    _column("source_system", Text(), "system the act speaks of", nullable=False),
    _column("fingerprint", Text(), "of all versions: a school judged by another one is not up to date", nullable=False),
    PrimaryKeyConstraint("regulation", "profile_version"),
    comment="one row per known act and version; rewritten by loads and derivations from the acts' files",
)
regulation_parameter = Table(
    "regulation_parameter",
    metadata,
    _column("regulation", Text(), "profile id", nullable=False),
    _column("profile_version", SmallInteger(), "version", nullable=False),
    _column("parameter_no", SmallInteger(), "place in the dictionary of parameters", nullable=False),
    _column("parameter", Text(), "name of the parameter", nullable=False),
    _column("section", Text(), "part of the act it belongs to", nullable=False),
    _column("label", Text(), "what it is called in Russian", nullable=False),
    _column("kind", Text(), "type of the value", nullable=False),
    _column("unit", Text(), "unit of the value", nullable=False),
    _column("value", Text(), "value as JSON; null = the act leaves it unsaid"),
    _column("default_value", Text(), "what silence means, as JSON; null = nothing (annex P)"),
    _column("severity", SmallInteger(), "1 critical, 2 major, 3 minor, 4 info; null = unsaid"),
    _column("clause", Text(), "clause that states it, or that mentions it without a value"),
    _column("quotation", Text(), "the clause, verbatim"),
    _column("layer", Text(), "act of the chain that states it"),
    _column("act_number", Text(), "number of that act"),
    _column("act_date", Date(), "date of that act"),
    _column("valid_from", Date(), "first day of that act"),
    _column("origin", Text(), "act, contract default, mentioned or unsaid", nullable=False),
    _column("above_value", Text(), "value of the layer above that it replaces, as JSON"),
    _column("above_layer", Text(), "act of the chain that states that one"),
    _column("is_laxer", Boolean(), "it asks less than the layer above", nullable=False),
    _column("rules", ARRAY(SmallInteger()), "rules it regulates (contract.ledger)", nullable=False),
    PrimaryKeyConstraint("regulation", "profile_version", "parameter_no"),
    comment="one row per known act, version and parameter, stated or not: what people are shown of an act",
)
judgement = Table(
    "judgement",
    metadata,
    school_id(),
    _column("judgement_id", SmallInteger(), "0 = the school's own act", nullable=False),
    _column("regulation", Text(), "profile id; null = none stated"),
    _column(
        "fingerprint",
        Text(),
        "hash of the profile's values: a change re-derives this school alone",
        nullable=False,
    ),
    _column("derived_at", MOMENT, "when its obligations were derived", nullable=False),
    _column("profile_version", SmallInteger(), "the one version that judges every day; null = each day by its own"),
    _column("kept_until", MOMENT, "when it may be removed; null = never"),
    PrimaryKeyConstraint("school_id", "judgement_id"),
    comment="one row per school and act by which its entries are judged",
)
judgement_request = Table(
    "judgement_request",
    metadata,
    school_id(),
    _column("request_no", Integer(), "number within the school", nullable=False),
    _column("regulation", Text(), "profile id of the act to judge by", nullable=False),
    _column("profile_version", SmallInteger(), "version of the act, for every day", nullable=False),
    _column("user_id", Integer(), "account that asked", nullable=False),
    _column("asked_at", MOMENT, "when, by the clock of the database", nullable=False),
    _column("state", Text(), "waiting, running, done or failed", nullable=False),
    _column("progress", Float(), "share of the work that is done, 0 to 1", nullable=False),
    _column("attempt_count", SmallInteger(), "how often the worker began it", nullable=False),
    _column("message", Text(), "why it failed (code)"),
    _column("finished_at", MOMENT, "when it was done or failed"),
    PrimaryKeyConstraint("school_id", "request_no"),
    Index(
        "uq_judgement_request_open",
        "school_id",
        "regulation",
        "profile_version",
        unique=True,
        postgresql_where=text("state IN ('waiting', 'running')"),
    ),
    comment="one row per wish to see a school judged by another act; asked by people, worked off by the worker",
)
load_request = Table(
    "load_request",
    metadata,
    school_id(),
    _column("request_no", Integer(), "number within the school", nullable=False),
    _column("kind", Text(), "preview (nothing is kept) or load", nullable=False),
    _column("folder", Text(), "name of the folder of the files in the inbox, 32 hexadecimal digits", nullable=False),
    _column("file_names", ARRAY(Text()), "names of the files, as the person named them", nullable=False),
    _column("answers", Text(), "what the files cannot say, as JSON (sources.answers)", nullable=False),
    _column("user_id", Integer(), "account that asked", nullable=False),
    _column("asked_at", MOMENT, "when, by the clock of the database", nullable=False),
    _column("state", Text(), "waiting, running, done or failed", nullable=False),
    _column("progress", Float(), "share of the work that is done, 0 to 1", nullable=False),
    _column("attempt_count", SmallInteger(), "how often the worker began it", nullable=False),
    _column("stage", Text(), "what is being done"),
    _column("message", Text(), "why it failed: the sentence of the error"),
    _column("found", JSONB(), "what was recognised, counted, found different and set aside (etl.load_found)"),
    _column("finished_at", MOMENT, "when it was done or failed"),
    PrimaryKeyConstraint("school_id", "request_no"),
    Index(
        "uq_load_request_open",
        "school_id",
        unique=True,
        postgresql_where=text("state IN ('waiting', 'running')"),
    ),
    comment="one row per wish to preview or load files that a person saved; asked by people, worked off by the worker",
)
judgement_rule = Table(
    "judgement_rule",
    metadata,
    school_id(),
    _column("judgement_id", SmallInteger(), "by which act", nullable=False),
    _column("profile_version", SmallInteger(), "version of the act; 0 = no act stated", nullable=False),
    _column("rule", SmallInteger(), "rule (contract.ledger)", nullable=False),
    _column("is_regulated", Boolean(), "the act says what the rule judges", nullable=False),
    _column("severity", SmallInteger(), "1 critical, 2 major, 3 minor, 4 info: of a breach", nullable=False),
    _column(
        "missing_severity",
        SmallInteger(),
        "of an entry that is not there, where it differs (annex F2)",
        nullable=False,
    ),
    _column("early_severity", SmallInteger(), "of an entry that came too early (annex F2)", nullable=False),
    _column("norm_share", Float(), "share that must be kept for the verdict met", nullable=False),
    _column("target_text", Text(), "soft deadline as the act's profile writes it, as same_day"),
    _column("limit_text", Text(), "hard deadline as the act's profile writes it, as 2d"),
    _column("act_title", Text(), "title of the act"),
    _column("act_number", Text(), "number of the act"),
    _column("act_date", Date(), "date of the act"),
    _column("clause", Text(), "clause, as 3.8"),
    _column("quotation", Text(), "the clause, verbatim"),
    _column("origin", Text(), "act, contract default or none", nullable=False),
    _column("parameter", Text(), "parameter that regulates the rule (regulation_parameter)"),
    PrimaryKeyConstraint("school_id", "judgement_id", "profile_version", "rule"),
    comment="one row per school, act, version and rule: what people are shown of the act behind a finding",
)
ledger_horizon = Table(
    "ledger_horizon",
    metadata,
    school_id(),
    _column("rule", SmallInteger(), "rule (contract.ledger)", nullable=False),
    _column("data_until", MOMENT, "nothing is judged after this moment (annex L0)", nullable=False),
    PrimaryKeyConstraint("school_id", "rule"),
    comment="one row per school and rule: where the data end",
)
obligation = Table(
    "obligation",
    metadata,
    _column("not_before", MOMENT, "an entry made earlier is early"),
    _column("target_at", MOMENT, "soft deadline"),
    _column("due_at", MOMENT, "hard deadline; the latest possible one where it depends on an entry"),
    _column(
        "due_earliest",
        MOMENT,
        "earliest possible hard deadline, where it differs; of no_entry: when it can be said",
    ),
    _column("done_earliest", MOMENT, "earliest possible moment of the entry; null = no entry"),
    _column("done_latest", MOMENT, "latest possible moment of the entry"),
    _column("future_from", MOMENT, "rows of marks: start of the lesson's day where marks in advance are forbidden"),
    school_id(),
    _column("object_id", Integer(), "id of the object (lesson, mark, …); null for rules about journals and pairs"),
    _column("class_id", Integer(), "class", nullable=True),
    _column("journal_id", Integer(), "journal"),
    _column("lesson_id", Integer(), "lesson"),
    _column("pupil_id", Integer(), "pupil"),
    _column(
        "period_id",
        Integer(),
        "period of a period mark; else the finest period of the class on the anchor day",
    ),
    _column("staff_id", Integer(), "who answers for it"),
    _column("anchor_on", Date(), "event day: day 0 of the deadline", nullable=True),
    _column("visible_on", Date(), "first local day on which the row exists; null = always"),
    school_year(),
    _column("judgement_id", SmallInteger(), "by which act (judgement)", nullable=False),
    _column("rule", SmallInteger(), "rule (contract.ledger)", nullable=False),
    _column("excluded", SmallInteger(), "why it does not count (contract.ledger)"),
    _column(
        "made_status",
        SmallInteger(),
        "status once the entry is made: a comparison of the moments above",
        nullable=False,
    ),
    _column("done_quality", SmallInteger(), "1 exact, 2 date only, 3 interval, 4 unknown"),
    _column("profile_version", SmallInteger(), "version of the act in force on the anchor day", nullable=False),
    _column("is_required", Boolean(), "the entry must exist", nullable=False),
    _column("can_tell", Boolean(), "the source can tell that the entry is not there", nullable=False),
    _column("object_key", Text(), "key in the source, where the object has no id of its own"),
    _column(
        "severity",
        SmallInteger(),
        "of the entry as it was made, where it differs from the rule's in judgement_rule (annex F2)",
    ),
    Index("ix_obligation_journal", "school_id", "school_year", "journal_id"),
    comment="one row per duty, event or ban of a school and judgement (the obligation ledger, stored long)",
    **BY_YEAR,
)
mart_duty_week = Table(
    "mart_duty_week",
    metadata,
    school_id(),
    school_year(),
    _column("class_id", Integer(), "class"),
    _column("journal_id", Integer(), "journal"),
    _column("staff_id", Integer(), "who answers for it"),
    _column("week_on", Date(), "Monday of the anchor day; null = no anchor"),
    _column("month_on", Date(), "first day of the anchor day's month"),
    _column("period_id", Integer(), "finest period of the class on the anchor day"),
    _column("rule", SmallInteger(), "rule", nullable=False),
    _column("status", SmallInteger(), "status where the data end", nullable=False),
    _column("excluded", SmallInteger(), "why it does not count"),
    _column("is_required", Boolean(), "the entry must exist", nullable=False),
    _column("is_made", Boolean(), "an entry is there", nullable=False),
    _column("is_due", Boolean(), "its deadline is over, or, where there is none, its day", nullable=False),
    _column("row_count", Integer(), "ledger rows", nullable=False),
    Index("ix_mart_duty_week_school", "school_id", "school_year"),
    comment="one row per journal, person, week, rule and status of the school's own judgement, where the data end",
)
mart_duty_journal = Table(
    "mart_duty_journal",
    metadata,
    school_id(),
    school_year(),
    _column("class_id", Integer(), "class"),
    _column("journal_id", Integer(), "journal", nullable=False),
    _column("week_on", Date(), "Monday of the anchor day; null = no anchor"),
    _column("month_on", Date(), "first day of the anchor day's month"),
    _column("rule", SmallInteger(), "rule", nullable=False),
    _column("status", SmallInteger(), "status where the data end", nullable=False),
    _column("excluded", SmallInteger(), "why it does not count"),
    _column("is_required", Boolean(), "the entry must exist", nullable=False),
    _column("is_made", Boolean(), "an entry is there", nullable=False),
    _column("is_due", Boolean(), "its deadline is over, or, where there is none, its day", nullable=False),
    _column("row_count", Integer(), "ledger rows", nullable=False),
    Index("ix_mart_duty_journal_school", "school_id", "school_year"),
    comment="mart_duty_week without persons: the journals of a school for readers above it",
)
mart_duty_school = Table(
    "mart_duty_school",
    metadata,
    school_id(),
    school_year(),
    _column("week_on", Date(), "Monday of the anchor day; null = no anchor"),
    _column("month_on", Date(), "first day of the anchor day's month"),
    _column("rule", SmallInteger(), "rule", nullable=False),
    _column("status", SmallInteger(), "status where the data end", nullable=False),
    _column("excluded", SmallInteger(), "why it does not count"),
    _column("is_required", Boolean(), "the entry must exist", nullable=False),
    _column("is_made", Boolean(), "an entry is there", nullable=False),
    _column("is_due", Boolean(), "its deadline is over, or, where there is none, its day", nullable=False),
    _column("row_count", Integer(), "ledger rows", nullable=False),
    Index("ix_mart_duty_school_school", "school_id", "school_year"),
    comment="mart_duty_week without class, journal and person: what a municipal reader may see",
)
mart_duty_day = Table(
    "mart_duty_day",
    metadata,
    school_id(),
    school_year(),
    _column("anchor_on", Date(), "event day"),
    _column("visible_on", Date(), "first local day on which the rows exist; null = always"),
    _column("target_over_on", Date(), "first day at whose end the target is over"),
    _column("overdue_on", Date(), "first day at whose end the limit is over; null = never where the data end"),
    _column("done_earliest_on", Date(), "local day of the earliest possible entry"),
    _column("done_latest_on", Date(), "local day of the latest possible entry"),
    _column("rule", SmallInteger(), "rule", nullable=False),
    _column("made_status", SmallInteger(), "status once made", nullable=False),
    _column("excluded", SmallInteger(), "why it does not count"),
    _column("is_required", Boolean(), "the entry must exist", nullable=False),
    _column("can_tell", Boolean(), "the source can tell that the entry is not there", nullable=False),
    _column("row_count", Integer(), "ledger rows", nullable=False),
    Index("ix_mart_duty_day_school", "school_id", "school_year"),
    comment="histogram of the own judgement: the state at the end of any past day is a sum over it",
)
mart_duty_judgement = Table(
    "mart_duty_judgement",
    metadata,
    school_id(),
    school_year(),
    _column("judgement_id", SmallInteger(), "by which act (judgement), never 0", nullable=False),
    _column("rule", SmallInteger(), "rule", nullable=False),
    _column("status", SmallInteger(), "status where the data end", nullable=False),
    _column("excluded", SmallInteger(), "why it does not count"),
    _column("is_required", Boolean(), "the entry must exist", nullable=False),
    _column("is_made", Boolean(), "an entry is there", nullable=False),
    _column("is_due", Boolean(), "its deadline is over, or, where there is none, its day", nullable=False),
    _column("row_count", Integer(), "ledger rows", nullable=False),
    Index("ix_mart_duty_judgement_school", "school_id", "school_year"),
    comment="mart_duty_school without weeks, of the judgements by other acts than the school's own",
)
mart_duty_lag = Table(
    "mart_duty_lag",
    metadata,
    school_id(),
    _column("class_id", Integer(), "class"),
    _column("journal_id", Integer(), "journal"),
    _column("staff_id", Integer(), "who answers for it"),
    _column("week_on", Date(), "Monday of the anchor day"),
    _column("month_on", Date(), "first day of the anchor day's month"),
    _column("row_count", Integer(), "ledger rows", nullable=False),
    school_year(),
    _column("rule", SmallInteger(), "rule", nullable=False),
    _column(
        "lag_low", SmallInteger(), "days from the anchor to the earliest possible entry, 31 = over 30; null = none"
    ),
    _column("lag_high", SmallInteger(), "days from the anchor to the latest possible entry, 31 = over 30; null = none"),
    _column(
        "rush",
        SmallInteger(),
        "made in the last three days of a period (1), within 48 hours before a control (2), in neither (0), cannot "
        "tell (3); null = not counted",
    ),
    _column("is_told", Boolean(), "the source can tell whether the entry is there", nullable=False),
    Index("ix_mart_duty_lag_school", "school_id", "school_year"),
    comment="one row per journal, person, week, rule and lag in days of entries that count, where the data end",
)
mart_learning = Table(
    "mart_learning",
    metadata,
    school_id(),
    school_year(),
    _column("class_id", Integer(), "class", nullable=False),
    _column("journal_id", Integer(), "journal", nullable=False),
    _column("period_id", Integer(), "finest period of the class on the lesson's day; null = outside periods"),
    _column("month_on", Date(), "first day of the month", nullable=False),
    _column("held_count", Integer(), "held lessons", nullable=False),
    _column("marked_lesson_count", Integer(), "held lessons with at least one grade given", nullable=False),
    _column("slot_count", Integer(), "pupil × held lesson of the journal", nullable=False),
    _column("missed_count", Integer(), "of them missed", nullable=False),
    _column("missed_illness_count", Integer(), "missed through illness", nullable=False),
    _column("missed_valid_count", Integer(), "missed with another valid reason", nullable=False),
    _column("missed_invalid_count", Integer(), "missed without a valid reason", nullable=False),
    _column("missed_unknown_count", Integer(), "missed, reason not known", nullable=False),
    _column("late_count", Integer(), "came late", nullable=False),
    _column(
        "stray_count",
        Integer(),
        "absences of pupils who are not in the journal that day: outside the shares",
        nullable=False,
    ),
    _column("mark_count", Integer(), "grades given", nullable=False),
    _column("digit_count", Integer(), "of them digits", nullable=False),
    _column("digit_sum", Integer(), "sum of the digits", nullable=False),
    Index("ix_mart_learning_school", "school_id", "school_year"),
    comment="one row per journal, period and month: attendance and marks where the data end",
)
mart_period_mark = Table(
    "mart_period_mark",
    metadata,
    school_id(),
    school_year(),
    _column("class_id", Integer(), "class", nullable=False),
    _column("journal_id", Integer(), "journal", nullable=False),
    _column("period_id", Integer(), "period", nullable=False),
    _column("kind", Text(), "kind of period mark", nullable=False),
    _column("mark_code", SmallInteger(), "value", nullable=False),
    _column("row_count", Integer(), "period marks", nullable=False),
    Index("ix_mart_period_mark_school", "school_id", "school_year"),
    comment="one row per journal, period, kind and value of period marks",
)
mart_period_success = Table(
    "mart_period_success",
    metadata,
    school_id(),
    school_year(),
    _column("class_id", Integer(), "class", nullable=False),
    _column("period_id", Integer(), "period", nullable=False),
    _column("pupil_count", Integer(), "pupils with at least one period mark", nullable=False),
    _column("success_count", Integer(), "of them without 1, 2 and н/а", nullable=False),
    _column(
        "quality_count",
        Integer(),
        "of them with only 4 and 5 among the digits, and at least one digit",
        nullable=False,
    ),
    Index("ix_mart_period_success_school", "school_id", "school_year"),
    comment="one row per class and period: success and quality of learning (004 5-КР-8)",
)


def _attendance_counts() -> list[Column[Any]]:
    notes = {
        "held_count": "held lessons",
        "slot_count": "pupil × held lesson",
        "missed_count": "of them missed",
        "missed_illness_count": "missed through illness",
        "missed_valid_count": "missed with another valid reason",
        "missed_invalid_count": "missed without a valid reason",
        "missed_unknown_count": "missed, reason not known",
        "late_count": "came late",
        "stray_count": "absences of pupils who are not in the journal that day: outside the shares",
    }
    return [_column(name, Integer(), note, nullable=False) for name, note in notes.items()]


def _counts(**notes: str) -> list[Column[Any]]:
    return [_column(name, Integer(), note, nullable=False) for name, note in notes.items()]


mart_attendance_day = Table(
    "mart_attendance_day",
    metadata,
    school_id(),
    school_year(),
    _column("class_id", Integer(), "class", nullable=False),
    _column("journal_id", Integer(), "journal", nullable=False),
    _column("held_on", Date(), "day of the lessons", nullable=False),
    *_attendance_counts(),
    *_counts(
        marked_lesson_count="lessons with a grade",
        mark_count="grades given at them",
        digit_count="of them digits",
        digit_sum="sum of the digits",
    ),
    Index("ix_mart_attendance_day_school", "school_id", "school_year"),
    comment="one row per journal and day of lessons: attendance and current marks as they are known where the data end",
)
mart_attendance_school = Table(
    "mart_attendance_school",
    metadata,
    school_id(),
    school_year(),
    _column("held_on", Date(), "day of the lessons", nullable=False),
    *_attendance_counts(),
    Index("ix_mart_attendance_school_school", "school_id", "school_year"),
    comment="mart_attendance_day by school and day: what a municipal reader compares",
)
mart_pupil_month = Table(
    "mart_pupil_month",
    metadata,
    school_id(),
    school_year(),
    _column("class_id", Integer(), "class", nullable=False),
    _column("pupil_id", Integer(), "pupil", nullable=False),
    _column("month_on", Date(), "first day of the month", nullable=False),
    *[column for column in _attendance_counts() if column.name not in ("held_count", "stray_count")],
    *_counts(day_count="days with lessons", missed_day_count="days whose every lesson was missed"),
    Index("ix_mart_pupil_month_school", "school_id", "school_year", "class_id"),
    comment="one row per class, pupil and month: lessons and days missed (004 5-КР-8)",
)
mart_absence_spread = Table(
    "mart_absence_spread",
    metadata,
    school_id(),
    school_year(),
    _column("class_id", Integer(), "class", nullable=False),
    _column("month_on", Date(), "first day of the month", nullable=False),
    _column("step", SmallInteger(), "twentieths of the month's lessons missed, rounded down", nullable=False),
    *_counts(pupil_count="pupils"),
    Index("ix_mart_absence_spread_school", "school_id", "school_year"),
    comment="one row per class, month and share of lessons missed: how many pupils, no person",
)
mart_pupil_journal = Table(
    "mart_pupil_journal",
    metadata,
    school_id(),
    school_year(),
    _column("class_id", Integer(), "class", nullable=False),
    _column("journal_id", Integer(), "journal", nullable=False),
    _column("period_id", Integer(), "finest period of the class", nullable=False),
    _column("pupil_id", Integer(), "pupil", nullable=False),
    *_counts(
        lesson_count="held lessons while in the journal",
        missed_count="of them missed",
        mark_count="grades given",
        asked_count="lessons with a grade",
        digit_count="grades that are digits",
        digit_sum="sum of the digits",
        weight="sum of the digits' weights, hundredths",
        points="sum of weight × digit, hundredths",
    ),
    _column("needed_count", SmallInteger(), "norm of marks, scaled by lessons held and by the pupil's own"),
    _column("period_mark_code", SmallInteger(), "period mark"),
    _column("verdict", SmallInteger(), "the period mark against the weighted mean (contract.learning)"),
    _column("is_short", Boolean(), "too few lessons to be counted", nullable=False),
    _column("is_left", Boolean(), "not in the journal at the end", nullable=False),
    _column("is_norm_stated", Boolean(), "the norm is the act's own", nullable=False),
    _column("is_early", Boolean(), "the period runs and too few lessons were held for a norm", nullable=False),
    Index("ix_mart_pupil_journal_school", "school_id", "school_year", "class_id"),
    comment="one row per pupil, journal and period: marks against the norm and against the period mark",
)
metric_setting = Table(
    "metric_setting",
    metadata,
    school_id(),
    _column("setting", Text(), "name of the setting (contract.variants)", nullable=False),
    _column("value", Text(), "the school's value as JSON", nullable=False),
    _column("source", Text(), "where the school took it from, in its own words", nullable=False),
    PrimaryKeyConstraint("school_id", "setting"),
    comment="one row per school and setting of an indicator that the school states otherwise than the default",
)
mart_mark_fill = Table(
    "mart_mark_fill",
    metadata,
    school_id(),
    school_year(),
    _column("class_id", Integer(), "class", nullable=False),
    _column("journal_id", Integer(), "journal", nullable=False),
    _column("period_id", Integer(), "finest period of the class", nullable=False),
    *_counts(
        pupil_count="pupils counted",
        apart_count="pupils listed apart: few lessons, or gone",
        pupil_mark_count="grades of the pupils counted",
        unmarked_count="pupils without a grade",
        early_count="of the pupils counted: too early for a norm",
        one_mark_count="pupils with one grade",
        norm_count="pupils at the norm",
        capped_count="grades, at most the norm of each pupil",
        needed_count="sum of the norms",
        asked_count="pupil × lesson with a grade",
        present_count="pupil × lesson where the pupil was present",
        agrees_count="period marks that agree with the weighted mean",
        over_count="period marks above it",
        under_count="period marks below it",
        border_count="period marks on the border",
        too_few_count="period marks with too few grades for a verdict",
        without_marks_count="period marks without any grade",
        digit_count="grades of all pupils that are digits",
        digit_sum="sum of the digits",
    ),
    _column("weight_sum", BigInteger(), "sum of weights, hundredths", nullable=False),
    _column("point_sum", BigInteger(), "sum of weight × digit, hundredths", nullable=False),
    _column("is_norm_stated", Boolean(), "the norm is the act's own", nullable=False),
    Index("ix_mart_mark_fill_school", "school_id", "school_year"),
    comment="one row per journal and period: accumulation and objectivity of marks, no person",
)
mart_period_group = Table(
    "mart_period_group",
    metadata,
    school_id(),
    school_year(),
    _column("class_id", Integer(), "class", nullable=False),
    _column("period_id", Integer(), "finest period of the class", nullable=False),
    *_counts(
        listed_count="pupils at the end of the period",
        incomplete_count="pupils without a period mark in some subject",
        failing_count="pupils with 1, 2, н/а or незачёт",
        unattested_count="pupils with н/а",
        excellent_count="only 5",
        good_count="only 4 and 5, with a 4",
        one_four_count="5 but for one 4",
        one_three_count="4 and 5 but for one 3",
    ),
    Index("ix_mart_period_group_school", "school_id", "school_year"),
    comment="one row per class and period: pupils by their period marks, no person",
)

mart_mark_forecast = Table(
    "mart_mark_forecast",
    metadata,
    school_id(),
    school_year(),
    _column("class_id", Integer(), "class", nullable=False),
    _column("journal_id", Integer(), "journal", nullable=False),
    _column("period_id", Integer(), "finest period of the class, running where the data end", nullable=False),
    _column("pupil_id", Integer(), "pupil", nullable=False),
    *_counts(
        lesson_count="held lessons of the pupil in the period so far",
        ahead_count="lessons of the journal left in the period (timetable, plan, calendar)",
        mark_count="grades in the period so far",
        year_lesson_count="held lessons of the pupil since the school year began",
        year_mark_count="grades since the school year began",
    ),
    _column("needed_count", SmallInteger(), "norm of marks of the whole period, by the pupil's own lessons"),
    _column("forecast", SmallInteger(), "1 reaches the norm, 2 misses it, 3 cannot tell (contract.learning)"),
    _column("is_unmarked", Boolean(), "no grade yet when half of the lessons are over; null = too early"),
    _column("is_norm_stated", Boolean(), "the norm is the act's own"),
    Index("ix_mart_mark_forecast_school", "school_id", "school_year", "class_id"),
    comment="one row per pupil and journal of a running period: forecast of marks against the norm",
)
mart_programme_forecast = Table(
    "mart_programme_forecast",
    metadata,
    school_id(),
    school_year(),
    _column("class_id", Integer(), "class", nullable=False),
    _column("journal_id", Integer(), "journal", nullable=False),
    _column("period_id", Integer(), "finest period of the class, running where the data end", nullable=False),
    _column("planned_count", Float(), "hours of the dated plan until now", nullable=False),
    _column("planned_end_count", Float(), "hours of the dated plan until the end of the period", nullable=False),
    _column("lag", Float(), "hours short at the end of the period; null = cannot tell"),
    _column("held_count", Integer(), "lessons held since the school year began", nullable=False),
    Index("ix_mart_programme_forecast_school", "school_id", "school_year", "class_id"),
    comment="one row per journal with a dated plan in a running period: forecast of the lag of the programme",
)
mart_forecast_hit = Table(
    "mart_forecast_hit",
    metadata,
    school_id(),
    school_year(),
    _column("period_id", Integer(), "closed period", nullable=False),
    *_counts(
        made_count="forecasts that the same rule would have made, as far into the period as the running one is",
        right_count="of them right",
        warned_count="of them warnings",
        warned_right_count="warnings that came true",
        came_count="cases that came, foretold or not",
    ),
    _column("kind", Text(), "marks, period_mark or programme", nullable=False),
    PrimaryKeyConstraint("school_id", "school_year", "period_id", "kind"),
    comment="one row per closed period and kind of forecast: how often the rule was right, no person",
)

mart_lag_school = Table(
    "mart_lag_school",
    metadata,
    school_id(),
    _column("week_on", Date(), "Monday of the anchor day"),
    _column("month_on", Date(), "first day of the anchor day's month"),
    _column("row_count", Integer(), "ledger rows", nullable=False),
    school_year(),
    _column("rule", SmallInteger(), "rule", nullable=False),
    _column("lag_low", SmallInteger(), "least days to the entry, 31 = over 30; null = none"),
    _column("lag_high", SmallInteger(), "most days to the entry, 31 = over 30; null = none"),
    _column("rush", SmallInteger(), "as in mart_duty_lag"),
    _column("is_told", Boolean(), "the source can tell whether the entry is there", nullable=False),
    Index("ix_mart_lag_school_school", "school_id", "school_year"),
    comment="mart_duty_lag without class, journal and person: what a municipal reader compares",
)
mart_programme_journal = Table(
    "mart_programme_journal",
    metadata,
    school_id(),
    school_year(),
    _column("class_id", Integer(), "class", nullable=False),
    _column("journal_id", Integer(), "journal with a dated plan", nullable=False),
    _column("week_on", Date(), "Monday of the days", nullable=False),
    _column("month_on", Date(), "first day of their month", nullable=False),
    _column("planned_count", Float(), "hours of the dated plan, until the data end", nullable=False),
    _column("held_count", Integer(), "lessons held", nullable=False),
    Index("ix_mart_programme_journal_school", "school_id", "school_year"),
    comment="one row per journal and week: hours planned and lessons held where the data end, no person",
)
mart_card_school = Table(
    "mart_card_school",
    metadata,
    school_id(),
    school_year(),
    *_counts(
        filled_count="fields that are filled; 0 in the row of whole cards",
        field_count="fields",
        complete_count="cards without an empty field; 0 in the row of a field",
        card_count="cards",
    ),
    _column("owner_kind", Text(), "school, staff, pupil, parent", nullable=False),
    _column("field", Text(), "field; null = whole cards"),
    Index("ix_mart_card_school_school", "school_id", "school_year"),
    comment="one row per kind of card and field, where the data end: how many are filled, no person",
)
mart_activity_month = Table(
    "mart_activity_month",
    metadata,
    school_id(),
    school_year(),
    _column("month_on", Date(), "first day of the month", nullable=False),
    *_counts(
        account_count="accounts in use in the month",
        user_count="of them with a sign-in",
        login_count="their sign-ins",
        day_count="days of the month until the data end",
    ),
    _column("role", Text(), "staff, pupil, parent", nullable=False),
    PrimaryKeyConstraint("school_id", "school_year", "month_on", "role"),
    comment="one row per month and role: accounts and sign-ins, no person (003 А-2.3)",
)
mart_activity_day = Table(
    "mart_activity_day",
    metadata,
    school_id(),
    school_year(),
    _column("day_on", Date(), "day of the sign-ins", nullable=False),
    *_counts(user_count="accounts in use in the month with a sign-in on the day", login_count="their sign-ins"),
    _column("role", Text(), "staff, pupil, parent", nullable=False),
    PrimaryKeyConstraint("school_id", "school_year", "day_on", "role"),
    comment="one row per day and role with a sign-in; accounts stand by month in mart_activity_month (003 А-2.3)",
)
mart_review_month = Table(
    "mart_review_month",
    metadata,
    school_id(),
    school_year(),
    _column("month_on", Date(), "first day of the month", nullable=False),
    *_counts(class_count="classes", reviewed_count="of them with a tick of a review of personal data"),
    PrimaryKeyConstraint("school_id", "school_year", "month_on"),
    comment="one row per month since the first tick of a review: classes reviewed, at the last derivation (000 П-5.4)",
)


def _entered() -> list[Column[Any]]:
    return [
        _column("entered_at", MOMENT, "when the line was saved in the product", nullable=False),
        _column("entered_by", Integer(), "user who saved it (access_user)"),
    ]


def _versioned() -> list[Column[Any]]:
    """A line is never changed: a correction or a withdrawal is the next version, the greatest one counts."""
    return [
        *_entered(),
        _column("version_no", SmallInteger(), "1 = as first entered; the greatest counts", nullable=False,
                server_default=text("1")),
        _column("is_withdrawn", Boolean(), "the line counts no longer", nullable=False, server_default=text("false")),
        _column("author", Text(), "name of who saved it, then"),
        _column("author_role", Text(), "role of who saved it, then"),
        _column("correction", Text(), "why it was corrected or withdrawn; null in the first version"),
    ]  # fmt: skip


# Registers of the product itself: no bundle brings or touches them (annex B21), the ledger reads three of them.
control_act = Table(
    "control_act",
    metadata,
    school_id(),
    _column("control_act_id", Integer(), "control act", nullable=False),
    _column("month_on", Date(), "first day of the month that was controlled", nullable=False),
    _column("period_id", Integer(), "period that was controlled at its end; null = a monthly control"),
    _column("staff_id", Integer(), "who controlled"),
    _column("act_on", Date(), "date of the act (справка, приказ)", nullable=False),
    _column("council_on", Date(), "date of the council or meeting that heard it"),
    *_versioned(),
    _column("role", Text(), "in which role: director, deputy, class_teacher, …", nullable=False),
    _column("act_no", Text(), "number of the act"),
    _column("findings", Text(), "what was found, in words"),
    PrimaryKeyConstraint("school_id", "control_act_id", "version_no"),
    comment="one row per control of journals that was documented and version of the line (004 8.2, 8.4)",
)
control_package = Table(
    "control_package",
    metadata,
    _column("opened_at", MOMENT, "when it was opened, by the clock of the database", nullable=False),
    _column("until_at", MOMENT, "moment the data ended then", nullable=False),
    school_id(),
    _column("package_no", Integer(), "number within the school", nullable=False),
    _column("previous_no", Integer(), "the control it is compared with; null = there was none"),
    _column("first_on", Date(), "first day that was controlled", nullable=False),
    _column("last_on", Date(), "last day that was controlled", nullable=False),
    _column("user_id", Integer(), "account that opened it", nullable=False),
    _column("profile_version", SmallInteger(), "version of the act; null = no act stated"),
    _column("period", Text(), "period as in the URL: m2026-10, q1, 2025.q4", nullable=False),
    _column("metric_version", Text(), "fingerprint of the definitions of the metrics", nullable=False),
    _column("opened_by", Text(), "name of the person then", nullable=False),
    _column("role", Text(), "role of the person then", nullable=False),
    _column("snapshot", Text(), "indicators and findings as they stood then, JSON, no pupil", nullable=False),
    PrimaryKeyConstraint("school_id", "package_no"),
    comment="one row per opened control: figures frozen for ever (requirements B-33); appended to, never changed",
)
control_version = Table(
    "control_version",
    metadata,
    _column("saved_at", MOMENT, "when, by the clock of the database", nullable=False),
    school_id(),
    _column("package_no", Integer(), "control (control_package)", nullable=False),
    _column("version_no", Integer(), "number within the control; the last one counts", nullable=False),
    _column("user_id", Integer(), "account that saved it", nullable=False),
    _column("state", Text(), "draft, signed or rechecked: never back", nullable=False),
    _column("saved_by", Text(), "name of the person then", nullable=False),
    _column("role", Text(), "role of the person then", nullable=False),
    _column(
        "texts", Text(), "causes, conclusions, addressees, dates and what the re-check found, JSON", nullable=False
    ),
    PrimaryKeyConstraint("school_id", "package_no", "version_no"),
    comment="one row per saved state of a control's document; appended to, never changed",
)
incident = Table(
    "incident",
    metadata,
    _column("known_at", MOMENT, "when it became known", nullable=False),
    _column("notified_at", MOMENT, "when the head and the support were told; null = not yet"),
    _column("restored_at", MOMENT, "when the access was safe again; null = not yet"),
    _column("confirmed_at", MOMENT, "when the entries made meanwhile were confirmed; null = they stay void"),
    school_id(),
    _column("incident_id", Integer(), "incident", nullable=False),
    _column("staff_id", Integer(), "whose account was compromised", nullable=False),
    *_versioned(),
    _column("account_key", Text(), "account in the source, where it is known"),
    _column("note", Text(), "what happened, in words"),
    PrimaryKeyConstraint("school_id", "incident_id", "version_no"),
    comment="one row per compromised account of a member of staff and version of the line (001 4.3–4.4, 002 6.3–6.4)",
)
review_tick = Table(
    "review_tick",
    metadata,
    school_id(),
    _column("review_tick_id", Integer(), "tick", nullable=False),
    _column("class_id", Integer(), "class; null = the whole school"),
    _column("month_on", Date(), "first day of the month that was reviewed", nullable=False),
    _column("staff_id", Integer(), "who reviewed"),
    _column("ticked_on", Date(), "day of the review", nullable=False),
    *_versioned(),
    _column("subject", Text(), "what was reviewed: personal_data, marks, …", nullable=False),
    PrimaryKeyConstraint("school_id", "review_tick_id", "version_no"),
    comment="one row per class, month and thing that somebody attests to have reviewed, and version of the line "
    "(000 П-5.4, 004 5-АД-4)",
)
class_absence_summary = Table(
    "class_absence_summary",
    metadata,
    school_id(),
    _column("class_absence_summary_id", Integer(), "line", nullable=False),
    _column("class_id", Integer(), "class", nullable=False),
    _column(
        "missed_count", Integer(), "lessons missed by its pupils, as the class teacher counts them", nullable=False
    ),
    _column("illness_count", Integer(), "of them by illness; null = not told"),
    _column("invalid_count", Integer(), "of them without a valid reason; null = not told"),
    school_year(),
    *_versioned(),
    _column("period", Text(), "period as in the URL: q1, t1, h1, m2026-10", nullable=False),
    PrimaryKeyConstraint("school_id", "class_absence_summary_id", "version_no"),
    comment="one row per class and period whose missed lessons somebody counted, and version of the line "
    "(004 5-КР-1, «Пропуски по классам»)",
)
outage = Table(
    "outage",
    metadata,
    _column("from_at", MOMENT, "first moment without the system", nullable=False),
    _column("to_at", MOMENT, "last moment without it; null = it lasts"),
    school_id(),
    _column("outage_id", Integer(), "outage", nullable=False),
    *_versioned(),
    _column("memo_no", Text(), "number of the memo that reports it; without one nothing is excused"),
    _column("reason", Text(), "what the memo says"),
    PrimaryKeyConstraint("school_id", "outage_id", "version_no"),
    comment="one row per reported technical outage of the journal and version of the line (001 УП-12)",
)
absence_document_entry = Table(
    "absence_document_entry",
    metadata,
    school_id(),
    _column("absence_document_entry_id", Integer(), "line", nullable=False),
    _column("pupil_id", Integer(), "pupil", nullable=False),
    _column("from_on", Date(), "first day that counts", nullable=False),
    _column("to_on", Date(), "first day that no longer counts", nullable=False),
    _column("presented_on", Date(), "day on which it was presented", nullable=False),
    *_versioned(),
    _column("document_key", Text(), "key: that of the source where the line replaces one of its own", nullable=False),
    _column("kind", Text(), "illness or valid", nullable=False),
    _column("document_no", Text(), "number on the document"),
    PrimaryKeyConstraint("school_id", "absence_document_entry_id", "version_no"),
    comment="one row per document that explains absences, entered in the product, and version of the line; of two with "
    "one key this one counts and not the source's (annex B21)",
)
edit_permission_entry = Table(
    "edit_permission_entry",
    metadata,
    school_id(),
    _column("edit_permission_entry_id", Integer(), "line", nullable=False),
    _column("requested_by_id", Integer(), "who asked (dim_staff)"),
    _column("requested_on", Date(), "day of the written request"),
    _column("decided_on", Date(), "day of the decision", nullable=False),
    *_versioned(),
    _column("permission_no", Text(), "number", nullable=False),
    _column("ground", Text(), "pupil_absence, resit, assessment_makeup, teacher_absence or other", nullable=False),
    _column("entity", Text(), "what may be changed: mark, absence, lesson, work, period_mark", nullable=False),
    _column("entity_key", Text(), "key of what may be changed", nullable=False),
    _column("protocol_no", Text(), "number of the protocol"),
    PrimaryKeyConstraint("school_id", "edit_permission_entry_id", "version_no"),
    comment="one row per permitted object entered in the product, and version of the line (004 7.1–7.4); of two with "
    "one key (number, object) this one counts and not the source's (annex B21)",
)
print_line = Table(
    "print_line",
    metadata,
    school_id(),
    _column("print_line_id", Integer(), "line", nullable=False),
    _column("class_id", Integer(), "class; null = the whole school"),
    _column("period_id", Integer(), "period; null = the school year"),
    _column("printed_on", Date(), "day on which it was printed", nullable=False),
    _column("signed_on", Date(), "day of the director's visa and seal; null = not yet"),
    _column("archived_on", Date(), "day on which it went to the archive; null = not yet"),
    _column("destroy_after", Date(), "last day it must be kept: 5 or 25 years after the school year", nullable=False),
    school_year(),
    *_versioned(),
    _column("document", Text(), "journal, summary, change_table or other", nullable=False),
    _column("sha256", Text(), "checksum of the file that was printed, lower case hex"),
    _column("place", Text(), "where it lies: shelf, medium"),
    PrimaryKeyConstraint("school_id", "print_line_id", "version_no"),
    comment="one row per printed document of journals, its way to the archive, and version of the line (001 Пр-6, "
    "Р-3.4–3.7, 002 4.3, 004 1.8, 8.5, 8.6)",
)
printout_request = Table(
    "printout_request",
    metadata,
    school_id(),
    _column("printout_request_id", Integer(), "line", nullable=False),
    _column("class_id", Integer(), "class of the pupil then", nullable=False),
    _column("pupil_id", Integer(), "pupil", nullable=False),
    _column("requested_on", Date(), "day of the parents' application", nullable=False),
    _column("last_issued_on", Date(), "day of the newest printout; null = none yet"),
    _column("ended_on", Date(), "last day of the application; null = it stands"),
    *_versioned(),
    PrimaryKeyConstraint("school_id", "printout_request_id", "version_no"),
    comment="one row per application of parents for printouts and version of the line: each issue is a version "
    "(001 Р-1.6, 002 1.7, 004 3.13)",
)
municipal_report = Table(
    "municipal_report",
    metadata,
    school_id(),
    _column("municipal_report_id", Integer(), "line", nullable=False),
    _column("due_on", Date(), "last day, as the authority set it", nullable=False),
    _column("done_on", Date(), "day on which it was handed in; null = not yet"),
    *_versioned(),
    _column("title", Text(), "what is reported", nullable=False),
    _column("addressee", Text(), "to whom"),
    PrimaryKeyConstraint("school_id", "municipal_report_id", "version_no"),
    comment="one row per report that an authority asked for and version of the line (003 Т-4.6)",
)
derivation_request = Table(
    "derivation_request",
    metadata,
    school_id(),
    _column(
        "request_no",
        BigInteger(),
        "number within the school: microseconds of the clock",
        nullable=False,
    ),
    _column("user_id", Integer(), "account whose line asks for it", nullable=False),
    _column("asked_at", MOMENT, "when, by the clock of the database", nullable=False),
    _column("attempt_count", SmallInteger(), "how often the worker began it", nullable=False),
    _column("register", Text(), "register that was changed", nullable=False),
    _column("state", Text(), "waiting, running, done or failed", nullable=False),
    _column("message", Text(), "why it failed (code)"),
    _column("finished_at", MOMENT, "when it was done or failed"),
    PrimaryKeyConstraint("school_id", "request_no"),
    comment="one row per line of a register that the ledger has to hear of: asked for with it, done by the worker",
)

check_run = Table(
    "check_run",
    metadata,
    _column("run_id", Integer(), "run", primary_key=True, autoincrement=False),
    _column("started_at", MOMENT, "start", nullable=False),
    _column("finished_at", MOMENT, "end"),
    _column("as_of", MOMENT, "moment judged; null = where each school's data end"),
    _column("school_count", Integer(), "schools judged", nullable=False),
    _column("summary", JSONB(), "what Great Expectations answered per expectation", nullable=False),
    comment="one row per run of the checks",
)
check_cell = Table(
    "check_cell",
    metadata,
    school_id(),
    _column("rule", SmallInteger(), "rule", nullable=False),
    _column("status", SmallInteger(), "status at the moment judged", nullable=False),
    _column("row_count", Integer(), "ledger rows", nullable=False),
    PrimaryKeyConstraint("school_id", "rule", "status"),
    comment="one row per school, rule and status of the newest run of the checks: what Great Expectations judges; "
    "rewritten by every run",
    prefixes=["UNLOGGED"],
)
check_result = Table(
    "check_result",
    metadata,
    school_id(),
    _column("run_id", Integer(), "run", nullable=False),
    _column("check_id", Text(), "expectation", nullable=False),
    _column("rule", SmallInteger(), "rule"),
    _column("applicable_count", Integer(), "rows it applies to", nullable=False),
    _column("violated_count", Integer(), "of them violated", nullable=False),
    _column("unknown_count", Integer(), "rows of which it cannot be told", nullable=False),
    _column("norm_share", Float(), "share that must be kept", nullable=False),
    _column("verdict", Text(), "met, not_met, cannot_tell, not_regulated", nullable=False),
    PrimaryKeyConstraint("school_id", "run_id", "check_id"),
    comment="one row per run, school and expectation; kept as history",
)
finding = Table(
    "finding",
    metadata,
    _column("due_at", MOMENT, "hard deadline"),
    _column("done_at", MOMENT, "moment of the entry, once made"),
    _column("first_seen_at", MOMENT, "moment of the data when it was first seen", nullable=False),
    _column("last_seen_at", MOMENT, "moment of the data when it was last seen", nullable=False),
    _column("fixed_at", MOMENT, "moment of the entry that closed it"),
    school_id(),
    _column("finding_id", Integer(), "finding", nullable=False),
    _column("object_id", Integer(), "id of the object; null for journals and pairs"),
    _column("class_id", Integer(), "class"),
    _column("journal_id", Integer(), "journal"),
    _column("lesson_id", Integer(), "lesson"),
    _column("pupil_id", Integer(), "pupil"),
    _column("period_id", Integer(), "period"),
    _column("staff_id", Integer(), "who answers for it"),
    _column("anchor_on", Date(), "event day"),
    _column("run_id", Integer(), "run that last saw it", nullable=False),
    school_year(),
    _column("rule", SmallInteger(), "rule", nullable=False),
    _column("status", SmallInteger(), "status in the ledger", nullable=False),
    _column("severity", SmallInteger(), "1 critical, 2 major, 3 minor, 4 info", nullable=False),
    _column("reopened", SmallInteger(), "how often it came back", nullable=False),
    _column("profile_version", SmallInteger(), "version of the act", nullable=False),
    _column("state", Text(), "what the runs say: open, fixed, withdrawn, exempt", nullable=False),
    _column("object_key", Text(), "key in the source, where the object has no id of its own"),
    _column("reason", Text(), "why it was withdrawn (code)"),
    PrimaryKeyConstraint("school_id", "finding_id"),
    # identity (school, rule, object): objects with an id of their own; pairs such as pupil × journal × period
    Index(
        "uq_finding_object",
        "school_id",
        "rule",
        "object_id",
        unique=True,
        postgresql_where=text("object_id IS NOT NULL"),
    ),
    Index(
        "uq_finding_pair",
        "school_id",
        "rule",
        "journal_id",
        "pupil_id",
        "period_id",
        "object_key",
        unique=True,
        postgresql_where=text("object_id IS NULL"),
        postgresql_nulls_not_distinct=True,
    ),
    Index("ix_finding_journal", "school_id", "school_year", "journal_id"),
    comment="one row per (school, rule, object): a violation with its life",
)
finding_critical = Table(
    "finding_critical",
    metadata,
    school_id(),
    school_year(),
    _column("anchor_on", Date(), "event day"),
    _column("opened_on", Date(), "local day from whose end the violation was there", nullable=False),
    _column("closed_on", Date(), "local day of the entry that repaired it; null = open"),
    _column("row_count", Integer(), "findings", nullable=False),
    Index("ix_finding_critical_school", "school_id", "school_year"),
    comment="critical findings of a school by day, no person: how many were open at the end of any day; rewritten by "
    "every run of the checks",
)
finding_decision = Table(
    "finding_decision",
    metadata,
    _column("decided_at", MOMENT, "when, by the clock of the database", nullable=False),
    school_id(),
    _column("finding_id", Integer(), "finding", nullable=False),
    _column("decision_no", Integer(), "number within the finding; the last one counts", nullable=False),
    _column("class_id", Integer(), "class of the finding: who may see it may see this"),
    _column("journal_id", Integer(), "journal of the finding"),
    _column("user_id", Integer(), "account that decided", nullable=False),
    _column(
        "reopened",
        SmallInteger(),
        "how often the finding had come back then",
        nullable=False,
    ),
    _column("decision", Text(), "disputed, accepted, or reopened: the word before is taken back", nullable=False),
    _column("reason", Text(), "why, in the person's words", nullable=False),
    _column("decided_by", Text(), "name of the person then", nullable=False),
    _column("role", Text(), "role of the person then", nullable=False),
    PrimaryKeyConstraint("school_id", "finding_id", "decision_no"),
    comment="one row per word of a person about a finding; appended to, never changed, never touched by a run",
)

access_user = Table(
    "access_user",
    metadata,
    _column("user_id", Integer(), "user", primary_key=True, autoincrement=False),
    _column("login", Text(), "sign-in name", nullable=False, unique=True),
    _column("password_hash", Text(), "Argon2id", nullable=False),
    _column("full_name", Text(), "name shown", nullable=False),
    _column("role", Text(), "role", nullable=False),
    _column("is_demo", Boolean(), "demo account", nullable=False),
    _column("disabled_at", MOMENT, "since when it may not sign in"),
    _column("staff_school_id", Integer(), "school of the member of staff it belongs to"),
    _column("staff_id", Integer(), "member of staff it belongs to (dim_staff)"),
    _column("valid_until", MOMENT, "end of the last day of employment, school's time; from then on it is closed"),
    _column(
        "external_id", Text(), "who it is at the OpenID Connect provider: value of the configured claim", unique=True
    ),
    comment="one row per account of this product",
)
access_session = Table(
    "access_session",
    metadata,
    _column("token_hash", Text(), "SHA-256 of the token in the cookie", primary_key=True),
    _column("user_id", Integer(), "user", nullable=False),
    _column("created_at", MOMENT, "sign-in", nullable=False),
    _column("expires_at", MOMENT, "end at the latest", nullable=False),
    _column("ended_at", MOMENT, "sign-out or deactivation"),
    _column("seen_at", MOMENT, "last sign of a person, to the minute; none: the sign-in"),
    comment="one row per sign-in",
)
access_attempt = Table(
    "access_attempt",
    metadata,
    _column("login", Text(), "sign-in name tried", nullable=False),
    _column("at", MOMENT, "when", nullable=False),
    _column("succeeded", Boolean(), "whether it was right", nullable=False),
    _column("address", Text(), "network address it came from; none: not known"),
    Index("ix_access_attempt_login", "login", "at"),
    Index("ix_access_attempt_address", "address", "at"),
    comment="one row per attempt to sign in: slows guessing down",
)
access_grant = Table(
    "access_grant",
    metadata,
    _column("user_id", Integer(), "user", nullable=False),
    _column("grant_no", Integer(), "number within the user", nullable=False),
    _column("level", Text(), "municipality, school, class or teacher", nullable=False),
    _column("municipality_id", Integer(), "municipality; for level municipality"),
    _column("school_id", Integer(), "school; for the other levels"),
    _column("class_id", Integer(), "class; for level class"),
    _column("staff_id", Integer(), "member of staff; for level teacher"),
    PrimaryKeyConstraint("user_id", "grant_no"),
    comment="one row per thing a user may see; none = nothing",
)
access_row = Table(
    "access_row",
    metadata,
    _column("user_id", Integer(), "user", nullable=False),
    school_id(),
    _column("level", Text(), "aggregate, school, class or journal", nullable=False),
    _column("class_id", Integer(), "class; for level class"),
    _column("journal_id", Integer(), "journal; for level journal"),
    Index("ix_access_row_user", "user_id", "level"),
    comment="grants resolved to schools, classes and journals: what the row policies read",
)
_EVENT_KINDS = "view (of pupils by name), refused (a look at pupils that was not open), export, or register (a change)"
access_event = Table(
    "access_event",
    metadata,
    _column("at", MOMENT, "when, by the clock of the database", nullable=False),
    school_id(),
    _column("user_id", Integer(), "account (access_user)", nullable=False),
    _column("class_id", Integer(), "class that was looked at; null = none, or the whole school"),
    _column("pupil_id", Integer(), "pupil that was looked at; null = all of the page"),
    _column("row_count", Integer(), "rows of an export; null = not counted"),
    _column("as_of", Date(), "day the page was set to; null = the newest data"),
    _column("kind", Text(), _EVENT_KINDS, nullable=False),
    _column("subject", Text(), "page, table or register by its code", nullable=False),
    _column("full_name", Text(), "name of the person then", nullable=False),
    _column("role", Text(), "role of the person then", nullable=False),
    Index("ix_access_event_school", "school_id", "at"),
    comment="one row per view of pupils, export and change of a register; appended to, never changed (003 А-1.2)",
)
digest_setting = Table(
    "digest_setting",
    metadata,
    _column("set_at", MOMENT, "when, by the clock of the database", nullable=False),
    _column("user_id", Integer(), "account (access_user)", nullable=False),
    _column("name", Text(), "address, or the code of a digest", nullable=False),
    _column("value", Text(), "the e-mail address; of a digest on or off", nullable=False),
    PrimaryKeyConstraint("user_id", "name", "set_at"),
    comment="one row per choice of a person about her digests; the last one counts",
)
digest_delivery = Table(
    "digest_delivery",
    metadata,
    _column("at", MOMENT, "when", nullable=False),
    _column("user_id", Integer(), "account (access_user)", nullable=False),
    _column("kind", Text(), "code of the digest", nullable=False),
    _column("state", Text(), "sent, or failed", nullable=False),
    _column("fingerprint", Text(), "SHA-256 of what it says: the same is not sent twice", nullable=False),
    _column("address", Text(), "e-mail address it went to", nullable=False),
    _column("error", Text(), "what the mail server said; null = it was taken"),
    PrimaryKeyConstraint("user_id", "kind", "at"),
    comment="one row per digest that was sent or failed to be; one message may hold several",
)
saved_report = Table(
    "saved_report",
    metadata,
    _column("saved_at", MOMENT, "when, by the clock of the database", nullable=False),
    school_id(),
    _column("user_id", Integer(), "account whose report it is (access_user)", nullable=False),
    _column("saved_report_id", Integer(), "report of the account, by chance", nullable=False),
    _column("class_id", Integer(), "narrowed to this class; null = all"),
    _column("subject_id", Integer(), "narrowed to this subject; null = all"),
    _column("staff_id", Integer(), "narrowed to this person; null = all"),
    _column("version_no", SmallInteger(), "1 = as first saved; the greatest counts", nullable=False),
    _column("grade", SmallInteger(), "narrowed to this year of study; null = all"),
    _column("is_shared", Boolean(), "open to the whole school; never taken back, only withdrawn", nullable=False),
    _column("is_withdrawn", Boolean(), "deleted by its author, or by a head where it was shared", nullable=False),
    _column("author", Text(), "name of who saved this version, then", nullable=False),
    _column("author_role", Text(), "role of who saved this version, then", nullable=False),
    _column("title", Text(), "its name, as the author typed it; empty once it is deleted", nullable=False),
    _column("metrics", ARRAY(Text()), "names of its metrics (warehouse.metrics_catalogue), in order", nullable=False),
    _column("row_by", Text(), "code of what stands in the rows (class, staff, month, …)", nullable=False),
    _column("column_by", Text(), "code of what stands in the columns; null = nothing"),
    _column("period", Text(), "period as in the URL; null = the one that runs"),
    PrimaryKeyConstraint("school_id", "user_id", "saved_report_id", "version_no"),
    comment="one row per version of a table that a reader put together and saved (requirements B-47)",
)
