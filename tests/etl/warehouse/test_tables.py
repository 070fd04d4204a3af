"""The schema keeps its promises: documented, distributable by school, reached by migrations."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Integer, PrimaryKeyConstraint

from etl.settings import Settings
from etl.warehouse import embedded
from etl.warehouse.engine import owner_connection
from etl.warehouse.ordering import class_order, russian_order
from etl.warehouse.partitions import PARTITIONED
from etl.warehouse.schema import migration_config, open_warehouse
from etl.warehouse.tables import metadata

WITHOUT_SCHOOL = {
    "digest_delivery",  # of a person, who may have several schools
    "digest_setting",
    "dim_municipality",
    "regulation",
    "regulation_parameter",
    "load_run",
    "load_warning",
    "load_reject",
    "check_run",
    "access_user",
    "access_session",
    "access_attempt",
    "access_grant",
    "access_row",
}
"""Reference-sized or about people of this product, not about a school's journals."""


def test_every_table_says_its_grain_and_every_column_its_meaning() -> None:
    silent = [table.name for table in metadata.sorted_tables if not table.comment]
    silent += [
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if not column.comment
    ]
    assert silent == []


def test_every_key_begins_with_the_school_and_no_foreign_key_or_sequence_exists() -> None:
    for table in metadata.sorted_tables:
        assert not table.foreign_keys, table.name
        assert all(column.identity is None and column.autoincrement in (False, "auto") for column in table.columns), (
            table.name
        )
        if table.name in WITHOUT_SCHOOL:
            continue
        keys = [
            constraint
            for constraint in table.constraints
            if isinstance(constraint, PrimaryKeyConstraint) and len(constraint.columns)
        ]
        names = [[column.name for column in key.columns] for key in keys] + [
            [column.name for column in index.columns] for index in table.indexes
        ]
        assert names, f"{table.name} has no key"
        assert all(columns[0] == "school_id" for columns in names), f"{table.name}: {names}"
        assert isinstance(table.columns["school_id"].type, Integer)


def test_a_partitioned_table_has_the_year_in_every_unique_key() -> None:
    for name in PARTITIONED:
        table = metadata.tables[name]
        unique = [index for index in table.indexes if index.unique]
        assert all("school_year" in [column.name for column in index.columns] for index in unique)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> object:
    home = tmp_path_factory.mktemp("home")
    yield open_warehouse(Settings(home=home))
    embedded.stop(home)


def test_migrations_reach_exactly_the_declared_tables(url: str) -> None:
    command.check(migration_config(url))


def test_opening_a_second_time_changes_nothing(url: str, tmp_path: Path) -> None:
    again = open_warehouse(Settings(home=tmp_path, database_url=url))
    with owner_connection(again) as connection:
        versions = connection.execute("SELECT count(*) FROM alembic_version").fetchone()
    assert versions == (1,)


def test_names_and_classes_are_ordered_as_russians_do(url: str) -> None:
    names = ["Жукова", "Ёлкина", "Еремеев", "Ёлка", "Елка", "Егорова", "ёжиков", "Абрамов"]
    classes = [(10, "А"), (5, "Б"), (5, "А"), (11, "В"), (9, "Ё"), (9, "Ж"), (9, "Е")]
    with owner_connection(url) as connection:
        ordered = [
            row[0]
            for row in connection.execute(
                f"SELECT x FROM unnest(%s::text[]) x ORDER BY {russian_order('x')}", [names]
            ).fetchall()
        ]
        rows = connection.execute(
            f"SELECT g, l FROM unnest(%s::int[], %s::text[]) c (g, l) ORDER BY {class_order('g', 'l')}",
            [[g for g, _ in classes], [letter for _, letter in classes]],
        ).fetchall()
    assert ordered == ["Абрамов", "Егорова", "ёжиков", "Елка", "Ёлка", "Ёлкина", "Еремеев", "Жукова"]
    assert rows == [(5, "А"), (5, "Б"), (9, "Е"), (9, "Ё"), (9, "Ж"), (10, "А"), (11, "В")]
