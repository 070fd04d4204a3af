"""A database whose operator made views that follow the bundle's tables: `school`, `school_class`, `lesson` …

What is given is a small TOML file that says where: `[source.sql_view]` with `url_env` (the name of an environment
variable that holds the SQLAlchemy URL) or `url`, optionally `schema`, `prefix` of the views' names, `capabilities`,
`mode`. Columns are named as in the contract; missing views are missing tables. All views are read in one transaction,
in chunks through a cursor of the server; the URL's password is never shown.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, Table, create_engine, inspect, select
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from etl.contract.columns import BundleTable
from etl.contract.tables import TABLES
from etl.errors import SourceError
from etl.sources.answers import Answers
from etl.sources.bundle import Bundle
from etl.sources.draft import BundleDraft
from etl.sources.registry import Recognition, Told

CHUNK = 10_000
NAME = "sql_view"
_ADVICE = "See the example of [source.sql_view] in the users' guide."


class SqlView:
    """A TOML file with `[source.sql_view]`."""

    name = NAME
    title = "a database with views as the bundle's tables"

    def recognise(self, path: Path) -> Recognition | None:
        stated = _stated(path)
        if stated is None:
            return None
        return Recognition(
            self.name,
            self.title,
            path,
            (f"database: {shown(_url(stated))}",),
            dict.fromkeys(("mark", "lesson"), "exact"),
        )

    def open(self, recognition: Recognition, answers: Answers, scratch: Path, told: Told) -> Bundle:
        stated = _stated(recognition.path) or {}
        url = _url(stated)
        moment = answers.extracted_at or datetime.now(UTC).replace(microsecond=0)
        draft = BundleDraft(
            scratch,
            source_system=str(stated.get("source_system") or shown(url)),
            extracted_at=moment,
            mode="delta" if stated.get("mode") == "delta" else "snapshot",
            capabilities=list(stated.get("capabilities", ())),
        )
        try:
            engine = create_engine(url, hide_parameters=True)
            with draft, engine.connect() as connection:
                _read(connection, stated, draft, told)
                bundle = draft.finish(recognition.path)
            engine.dispose()
        except (SQLAlchemyError, ImportError) as error:
            raise SourceError(
                f"The database {shown(url)} cannot be read: {_safe(error, url)}.",
                advice="Check the URL and the rights.",
            ) from None  # the driver's own error may hold the password
        return bundle


def shown(url: URL) -> str:
    """The URL as people may see it: without password and without parameters, which may hold secrets too."""
    return url.set(query={}).render_as_string(hide_password=True)


def _safe(error: Exception, url: URL) -> str:
    text = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
    secrets = [str(url.password or ""), *(str(value) for value in url.query.values())]
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    return re.sub(r"://[^@\s]*@", "://***@", text)


def _stated(path: Path) -> dict[str, Any] | None:
    if path.suffix.lower() != ".toml" or not path.is_file():
        return None
    try:
        whole = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return None
    stated = whole.get("source", {}).get(NAME) if isinstance(whole.get("source", {}), dict) else None
    return stated if isinstance(stated, dict) else None


def _url(stated: Mapping[str, Any]) -> URL:
    variable = str(stated.get("url_env") or "")
    text = os.environ.get(variable, "") if variable else str(stated.get("url") or "")
    if not text:
        named = f"The environment variable {variable} is not set." if variable else "[source.sql_view] states no url."
        raise SourceError(named, advice=_ADVICE)
    try:
        url = make_url(text)
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError):
        raise SourceError("The url of [source.sql_view] is no SQLAlchemy URL.", advice=_ADVICE) from None
    return url


def _read(connection: Connection, stated: Mapping[str, Any], draft: BundleDraft, told: Told) -> None:
    schema, prefix = stated.get("schema"), str(stated.get("prefix", ""))
    look = inspect(connection)
    there = {*look.get_view_names(schema=schema), *look.get_table_names(schema=schema)}
    found = [table for table in TABLES if prefix + table.name in there]
    if not found:
        raise SourceError(
            f"The database has no view {prefix}school{f' in the schema {schema}' if schema else ''}.", advice=_ADVICE
        )
    for table in found:
        view = Table(prefix + table.name, MetaData(), schema=schema, autoload_with=connection, resolve_fks=False)
        _read_view(connection, view, table, prefix, draft, told)


def _read_view(
    connection: Connection, view: Table, table: BundleTable, prefix: str, draft: BundleDraft, told: Told
) -> None:
    columns = [column.name for column in table.columns if column.name in view.columns]
    lacking = [name for name in table.required_columns if name not in columns]
    if lacking:
        raise SourceError(
            f"The view {view.name} lacks the required columns {', '.join(lacking)}. Columns found:"
            f" {', '.join(view.columns.keys())}; required: {', '.join(table.required_columns)}.",
            advice="Name the view's columns as the bundle contract does.",
        )
    unknown = [name for name in view.columns.keys() if name not in table.by_name]  # noqa: SIM118 - a column collection
    if unknown:
        draft.warnings.append(f"{view.name}: unknown columns were not read: {', '.join(unknown)}")
    draft.table(table.name, columns)
    for number, row in enumerate(_rows(connection, view, columns), 1):
        draft.add(table.name, f"{prefix}{table.name}", number, **dict(zip(columns, map(_text, row), strict=True)))
        if number % CHUNK == 0:
            told(f"reading {table.name}", number, 0)


def _rows(connection: Connection, view: Table, columns: list[str]) -> Iterator[Any]:
    query = select(*(view.columns[name] for name in columns))
    with connection.execution_options(yield_per=CHUNK).execute(query) as result:
        for rows in result.partitions(CHUNK):
            yield from rows


def _text(value: Any) -> Any:
    """Typed cells as the text of a CSV; what the contract cannot read is then set aside by the typed stage."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


SOURCE = SqlView()
