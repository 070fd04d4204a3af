"""The two forms of the horizons say the same."""

from __future__ import annotations

import pytest

from etl.warehouse.engine import owner_connection
from etl.warehouse.ledger import horizon_of_row, horizons
from tests.conftest import Warehouse

_COUNTED = """
SELECT r.school_id, r.rule, h.t, h.on_day, h.timezone, count(*)
FROM ledger_row r JOIN {join} WHERE r.judgement_id = 0 GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3
"""


@pytest.mark.parametrize("as_of", ["NULL::timestamptz", "'2025-10-06 12:00+03'::timestamptz"])
def test_the_horizon_of_a_row_is_the_horizon_of_its_school_and_rule(warehouse: Warehouse, as_of: str) -> None:
    with owner_connection(warehouse.url) as connection:
        plain = connection.execute(_COUNTED.format(join=f"{horizons(as_of)} h USING (school_id, rule)")).fetchall()
        lateral = connection.execute(_COUNTED.format(join=f"{horizon_of_row(as_of)} h ON h.t IS NOT NULL")).fetchall()
    assert lateral == plain
    assert len({row[1] for row in plain}) > 10


def test_rows_of_a_rule_without_a_horizon_are_left_out_and_the_other_rules_keep_theirs(warehouse: Warehouse) -> None:
    with owner_connection(warehouse.url) as connection, connection.transaction(force_rollback=True):
        connection.execute("DELETE FROM ledger_horizon WHERE rule IN (1, 3)")
        plain = connection.execute(_COUNTED.format(join=f"{horizons()} h USING (school_id, rule)")).fetchall()
        lateral = connection.execute(_COUNTED.format(join=f"{horizon_of_row()} h ON h.t IS NOT NULL")).fetchall()
    assert lateral == plain
    assert {1, 3}.isdisjoint(row[1] for row in lateral)
