"""The door of the app, opened on the shared warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from dashboard import connection
from dashboard.access import Identity
from dashboard.queries import door
from etl.settings import read_settings
from etl.warehouse.scope import Scope
from tests.conftest import Warehouse


@pytest.fixture
def scope_of(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Scope]]:
    """The scope of a person of the warehouse by user id; the app's own engine reads it."""
    monkeypatch.setenv("ZAVUCH_HOME", str(warehouse.home))
    monkeypatch.setenv("ZAVUCH_APP_DATABASE_URL", warehouse.app_url)
    _forget()

    def found(user_id: int) -> Scope:
        return connection.accounts().scope_of(Identity(user_id, "login", "Имя", "role"))

    yield found
    connection.app_engine().dispose()
    _forget()


def _forget() -> None:
    read_settings.cache_clear()
    connection.app_engine.cache_clear()
    connection.accounts.cache_clear()
    door.forget()
