"""Databases of their own for tests that write: copies of one loaded tiny school."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

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


@pytest.fixture
def database(loaded: Loaded) -> Iterator[str]:
    """URL of a fresh copy of the loaded database."""
    name = f"copy_{next(_numbers)}"
    server = loaded.url.rsplit("/", 1)[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {loaded.url.rsplit('/', 1)[1].split('?')[0]}")
        yield f"{server}/{name}"
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sql(database: str) -> Iterator[psycopg.Cursor[tuple[object, ...]]]:
    """A cursor whose statements are committed at once, as another program would."""
    with owner_connection(database) as connection:
        connection.autocommit = True
        yield connection.cursor()
