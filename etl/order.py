"""Which bundle may follow which: none that is older in the same school and scope, no two of one moment that overlap."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg

from etl.contract.tables import BY_NAME
from etl.errors import SourceError
from etl.sources.bundle import Bundle, Manifest
from etl.sources.spool import Spool
from etl.transforms.typed import type_rows

Line = tuple[int | None, int | None, int | None, int | None]
"""A line of a scope: school year, class, group, subject; None = all of them."""
ZERO = "\0"
"""The one character that PostgreSQL's text cannot hold: a school with it in its key is in no database."""
NOBODY = -1
"""Stands for a key that no bundle has brought: it is equal to no id."""
FRAME = ("school", "school_class")
"""Tables that every snapshot must hold: they do not make two bundles overlap."""


def refuse_out_of_order(cursor: psycopg.Cursor[Any], bundle: Bundle, spool: Spool) -> None:
    """Raise SourceError where annex B20 or B6 forbids this bundle after those that are loaded."""
    ours = bundle.manifest.extracted_at
    for school_id, school_key, load_id, moment, text, tables in _later_loads(cursor, bundle, spool):
        if not _overlap(
            _scope_of(cursor, bundle, spool, school_id, school_key), _stored_scope(cursor, school_id, load_id)
        ):
            continue
        if moment > ours:
            raise SourceError(
                f"The bundle of {bundle.manifest.extracted_text} is older than the one of {text} that is"
                f" loaded for school {school_key}.",
                advice="Load bundles in the order of their export; the newest is there already.",
            )
        shared = sorted(set(tables) & set(bundle.files) - set(FRAME))
        if shared:
            raise SourceError(
                f"Another bundle of the same moment {bundle.manifest.extracted_text} brought"
                f" the tables {', '.join(shared)} of school {school_key}.",
                advice="Give both files to one load, or state scopes that do not overlap in the manifests; for files"
                " of a journal system state the moment of each export with --extracted-at.",
            )


def newest_moment(cursor: psycopg.Cursor[Any], school_id: int) -> datetime | None:
    """Moment of the newest bundle that is loaded of a school; None before its first one."""
    row = cursor.execute(
        "SELECT max(r.extracted_at) FROM load_run r JOIN load_table t USING (load_id) WHERE t.school_id = %s",
        [school_id],
    ).fetchone()
    return row[0] if row else None


def _later_loads(cursor: psycopg.Cursor[Any], bundle: Bundle, spool: Spool) -> list[tuple[Any, ...]]:
    """Loads of the bundle's schools that are not older than it, the newest first; of the same files there is none."""
    school_keys = [key for key in sorted(spool.school_keys()) if ZERO not in key]
    return cursor.execute(
        "SELECT s.school_id, s.school_key, r.load_id, r.extracted_at, r.extracted_text, array_agg(t.table_name)"
        " FROM load_run r JOIN load_table t USING (load_id) JOIN dim_school s USING (school_id)"
        " WHERE s.school_key = ANY(%s) AND r.extracted_at >= %s AND r.content_hash <> %s GROUP BY 1, 2, 3,"
        " 4, 5 ORDER BY 4 DESC, 3 DESC, 1",
        [school_keys, bundle.manifest.extracted_at, bundle.content_hash],
    ).fetchall()


def _stored_scope(cursor: psycopg.Cursor[Any], school_id: int, load_id: int) -> list[Line]:
    query = "SELECT school_year, class_id, group_id, subject_id FROM load_scope WHERE school_id = %s AND load_id = %s"
    return list(cursor.execute(query, [school_id, load_id]).fetchall())


def _scope_of(cursor: psycopg.Cursor[Any], bundle: Bundle, spool: Spool, school_id: int, school_key: str) -> list[Line]:
    """The scope as stated, else every school year of the bundle's school_class rows (annex B6); none = everything."""
    stated = bundle.manifest.scope
    if stated is None:
        return [(year, None, None, None) for year in school_years(spool, school_key, bundle.manifest)]
    lines = [line for line in stated if line["school_key"] in (None, school_key)]
    names = {"school_class": "class_key", "study_group": "group_key", "subject": "subject_key"}
    keys = {table: [line[name] for line in lines if line[name]] for table, name in names.items()}
    ids = {
        (table, key): number
        for table, wanted in keys.items()
        for key, number in cursor.execute(
            "SELECT key, id FROM source_key WHERE school_id = %s AND table_name = %s AND key = ANY(%s)",
            [school_id, table, wanted],
        )
    }
    return [
        (
            int(line["school_year"][:4]) if line["school_year"] else None,
            *(ids.get((table, line[name]), NOBODY) if line[name] else None for table, name in names.items()),
        )  # type: ignore[misc]
        for line in lines
    ]


def school_years(spool: Spool, school_key: str, manifest: Manifest) -> list[int]:
    """First calendar years of the school years of a school's classes in the bundle, rows with bad cells apart."""
    text = spool.read("school_class", school_key)
    if text is None:
        return []
    return (
        type_rows(text, BY_NAME["school_class"], "UTC", manifest.extracted_at)
        .rows["school_year"]
        .unique()
        .sort()
        .to_list()
    )


def _overlap(ours: list[Line], theirs: list[Line]) -> bool:
    """Whether some journal may lie in both; a bundle without lines says nothing of its limits and overlaps with all."""
    if not ours or not theirs:
        return True
    return any(
        all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))
        for one in ours
        for other in theirs
    )
