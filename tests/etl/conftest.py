"""One embedded server for the tests of this folder; every test begins with an empty database of the present schema."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etl.contract.ledger import RULE
from etl.job import load_bundle
from etl.run_log import LoadReport
from etl.settings import Settings
from etl.warehouse import embedded
from etl.warehouse.engine import owner_connection
from etl.warehouse.tables import BUNDLE, TEXTS, metadata
from tests.homes import open_new
from tests.oracle.builder import BundleBuilder

FACTS = ("dim_municipality", "dim_journal", "source_key", "id_counter", "fact_lesson_status", "obligation")
"""Besides the bundle's own tables: what a load of something known must not touch."""


class Store:
    """A database that bundles are loaded into, and readable looks at what became of them."""

    def __init__(self, url: str, home: Path, folder: Path) -> None:
        self.url, self.home, self.folder = url, home, folder
        self._number = 0

    def load(self, bundle: BundleBuilder | Path) -> LoadReport:
        """Load a bundle, written to a new folder when it is still being built."""
        return load_bundle(self.write(bundle) if isinstance(bundle, BundleBuilder) else bundle, self.url, self.home)

    def write(self, bundle: BundleBuilder) -> Path:
        self._number += 1
        return bundle.write(self.folder / f"bundle-{self._number}")

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with owner_connection(self.url) as connection:
            return connection.execute(query, values or None).fetchall()

    def value(self, query: str, *values: Any) -> Any:
        found = self.rows(query, *values)
        assert len(found) == 1, f"{len(found)} rows: {found}"
        return found[0][0]

    def rejected(self) -> list[tuple[Any, ...]]:
        """file, row number, column, value, reason of all rows set aside."""
        return self.rows(
            "SELECT file, row_number, column_name, value, reason FROM load_reject ORDER BY load_id, file,"
            " row_number, reason"
        )

    def marks(self) -> dict[str, str]:
        """Live marks: key → value."""
        return dict(self.rows("SELECT mark_key, value FROM fact_mark WHERE deleted_latest IS NULL ORDER BY mark_key"))

    def keys(self, table: str, column: str) -> list[str]:
        """Keys of the live rows of an analytical table."""
        return [row[0] for row in self.rows(f"SELECT {column} FROM {table} WHERE deleted_latest IS NULL ORDER BY 1")]

    def facts(self) -> dict[str, str]:
        """A fingerprint of every table with what the bundles said: equal when, and only when, their rows are."""
        names = [table.name for table in (*BUNDLE.values(), *TEXTS.values()) if table.name != "dim_school"]
        return self.fingerprints(*names, *FACTS)

    def everything(self) -> dict[str, str]:
        """The same of every table there is, runs and remarks included."""
        return self.fingerprints(*metadata.tables)

    def fingerprints(self, *names: str) -> dict[str, str]:
        found = {}
        # of a day without lessons there is a row as soon as the data reach it, whatever else stays
        kept = {"obligation": f"WHERE rule <> {RULE['no_timetable_day'].number}"}
        with owner_connection(self.url) as connection:
            for name in sorted(names):
                rows = connection.execute(f"SELECT t::text FROM {name} t {kept.get(name, '')} ORDER BY 1").fetchall()
                content = "\n".join(str(row[0]) for row in rows)
                found[name] = f"{len(rows)} rows, {hashlib.sha256(content.encode()).hexdigest()[:12]}"
        return found


@pytest.fixture(scope="session")
def load_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """URL and home of a server for the tests of loads."""
    home = tmp_path_factory.mktemp("load-server")
    url = open_new(Settings(home=home))
    with owner_connection(url) as connection:
        # the server outlives nothing here: commits need not wait for the disk
        connection.execute("ALTER DATABASE zavuch SET synchronous_commit = off")
    yield url, home
    embedded.stop(home)


@pytest.fixture
def store(load_server: tuple[str, Path], tmp_path: Path) -> Store:
    """An empty database."""
    url, home = load_server
    empty(url)
    return Store(url, home, tmp_path)


def empty(url: str) -> None:
    """Delete all rows; partitions stay, as in a database that has been used."""
    with owner_connection(url) as connection:
        for name in metadata.tables:
            connection.execute(f"DELETE FROM {name}")
