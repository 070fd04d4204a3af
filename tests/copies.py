"""Databases of their own for tests that write: copies of one loaded tiny school, made once in each worker.

The fixtures stand in `tests/conftest.py`: imported into several modules each would make them anew.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from checks.runner import run_checks
from etl.job import load_bundle
from etl.settings import Settings
from etl.sources.demo import generate
from etl.warehouse import embedded
from etl.warehouse.engine import owner_connection, plain_url
from tests.homes import open_new

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Loaded:
    """The server's owner URL, its home and the bundle that was loaded."""

    url: str
    home: Path
    bundle: Path


@pytest.fixture(scope="session")
def loaded() -> Iterator[Loaded]:
    # a database that does not run as root cannot reach pytest's own closed folders
    root = Path(tempfile.mkdtemp(prefix="zavuch-checks-"))
    root.chmod(0o755)
    home = root / "home"
    try:
        url = open_new(Settings(home=home))
        bundle = next(iter(generate(root / "bundles", tier="tiny", seed=7))).path
        load_bundle(bundle, url, home, is_demo=True)
        yield Loaded(plain_url(url), home, bundle)
    finally:
        embedded.stop(home)
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def copied(url: str) -> Iterator[str]:
    """URL of a copy of the database, while it is open."""
    name = f"copy_{next(_numbers)}"
    server, original = url.split("?")[0].rsplit("/", 1)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {original}")
        yield f"{server}/{name}"
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def checked(loaded: Loaded) -> Iterator[str]:
    """URL of a copy that was checked once: for copies whose findings are there."""
    with copied(loaded.url) as url:
        run_checks(url)
        yield url


@pytest.fixture
def database(loaded: Loaded) -> Iterator[str]:
    """URL of a fresh copy of the loaded database."""
    with copied(loaded.url) as url:
        yield url


@pytest.fixture
def sql(database: str) -> Iterator[psycopg.Cursor[tuple[object, ...]]]:
    """A cursor whose statements are committed at once, as another program would."""
    with owner_connection(database) as connection:
        connection.autocommit = True
        yield connection.cursor()
