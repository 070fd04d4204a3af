"""A school's own settings of indicators: small TOML files in the folder `metrics` beside its own regulations.

school = "demo-1"                                # the key of the school in its bundles
source = "Приказ № 12 от 01.09.2026"             # where the values come from; people read it beside the figures
systematic_share = 0.25
mark_norms = { "1" = 3, "2" = 6, "3" = 8 }
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from etl.contract.variants import BY_NAME, VariantError, Variants, from_text, read_variant, to_text, with_values
from etl.errors import SettingsError

FOLDER = "metrics"


@dataclass(frozen=True)
class Stated:
    """What one school states: values by name, as `variants.Variants` holds them, and the words on their origin."""

    school_key: str
    source: str
    values: Mapping[str, Any] = field(default_factory=dict)


def read_metric_files(regulations: Path | None) -> dict[str, Stated]:
    """Settings by school key from `<regulations>/metrics/*.toml`; empty without such a folder.

    Raises SettingsError that names the file, the line's key and value, and what is expected; also where two files speak
    of one school.
    """
    found: dict[str, Stated] = {}
    folder = regulations / FOLDER if regulations is not None else None
    for path in sorted(folder.glob("*.toml")) if folder is not None and folder.is_dir() else ():
        stated = _read(path)
        if stated.school_key in found:
            raise SettingsError(
                f"{path} states settings of the school {stated.school_key!r}, and so does another file of the folder.",
                advice="Keep one file per school.",
            )
        found[stated.school_key] = stated
    return found


def _read(path: Path) -> Stated:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read as TOML: {error}.", advice="Correct the file.") from error
    school, source = content.pop("school", None), content.pop("source", None)
    if not isinstance(school, str) or not school:
        raise SettingsError(
            f"{path} does not say whose settings it holds.", advice='Begin it with: school = "the school\'s key".'
        )
    if not isinstance(source, str) or not source.strip():
        raise SettingsError(
            f"{path} does not say where its values come from.",
            advice='State it in words people will read: source = "Приказ № 12 от 01.09.2026".',
        )
    try:
        values = {name: read_variant(name, value) for name, value in content.items()}
    except VariantError as error:
        raise SettingsError(f"{path}: {error}", advice="Correct the value or delete the line.") from error
    return Stated(school, source.strip(), values)


def store_metric_files(cursor: psycopg.Cursor[Any], stated: Mapping[str, Stated]) -> set[int]:
    """Bring the table `metric_setting` to what the files say; returns the schools whose marts depend on what changed.

    Runs in the caller's transaction under the lock of the loads, and raises the data version of every school whose
    settings changed, so that pages ask anew.
    """
    schools = dict(cursor.execute("SELECT school_key, school_id FROM dim_school").fetchall())
    wanted = {
        (schools[key], name, to_text(value), of.source)
        for key, of in stated.items()
        if key in schools
        for name, value in of.values.items()
    }
    stored = set(cursor.execute("SELECT school_id, setting, value, source FROM metric_setting").fetchall())
    gone, come = stored - wanted, wanted - stored
    if not gone and not come:
        return set()
    touched = sorted({row[0] for row in gone | come})
    cursor.executemany("DELETE FROM metric_setting WHERE school_id = %s AND setting = %s", [row[:2] for row in gone])
    cursor.executemany(
        "INSERT INTO metric_setting (school_id, setting, value, source) VALUES (%s, %s, %s, %s)", sorted(come)
    )
    cursor.execute("UPDATE dim_school SET data_version = data_version + 1 WHERE school_id = ANY(%s)", [touched])
    values = {row[:3] for row in gone} ^ {row[:3] for row in come}  # another source of the same value derives nothing
    return {school for school, name, _value in values if name not in BY_NAME or BY_NAME[name].is_stored}


def read_variants(cursor: psycopg.Cursor[Any], school_id: int) -> Variants:
    """The settings in force for a school, as its derivation reads them."""
    rows = cursor.execute("SELECT setting, value FROM metric_setting WHERE school_id = %s", [school_id]).fetchall()
    return with_values({name: from_text(name, value) for name, value in rows if name in BY_NAME})


def unknown_schools(cursor: psycopg.Cursor[Any], stated: Mapping[str, Stated]) -> list[str]:
    """Keys of files whose school is not in the warehouse."""
    known = {row[0] for row in cursor.execute("SELECT school_key FROM dim_school").fetchall()}
    return sorted(set(stated) - known)
