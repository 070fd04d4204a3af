"""Whose norm a result is held against: that of the act in force where the data end."""

from __future__ import annotations

from pathlib import Path

from checks.runner import run_checks
from etl.job import load_bundle
from etl.warehouse.acts import ACT_IN_FORCE
from tests.etl.conftest import Store, load_server, store
from tests.etl.journal import journal
from tests.etl.regulations.test_read import write_act

__all__ = ["load_server", "store"]


def test_a_version_that_begins_after_the_data_end_has_no_say_yet(store: Store, tmp_path: Path) -> None:
    acts = tmp_path / "acts"
    acts.mkdir()
    write_act(acts, "lyceum4", topic_limit='"2d"')
    write_act(acts, "lyceum4@2", head="valid_from = 2024-10-01", topic_limit='"2d"')
    write_act(acts, "lyceum4@3", head="valid_from = 2024-10-02", topic_limit='"2d"')

    def held_against() -> tuple[object, ...]:
        store.rows("UPDATE judgement_rule SET norm_share = profile_version / 10.0 RETURNING 1")
        run = run_checks(store.url).run_id
        (norm,) = store.rows("SELECT norm_share FROM check_result WHERE run_id = %s AND rule = 1", run)
        return (*norm, *(row[1:] for row in store.rows(ACT_IN_FORCE)))

    load_bundle(store.write(journal(1, "lyceum4")), store.url, store.home, regulations=acts)
    assert held_against() == (0.2, ("lyceum4", 2))
    load_bundle(store.write(journal(2, "lyceum4")), store.url, store.home, regulations=acts)
    assert held_against() == (0.3, ("lyceum4", 3))
    store.rows("DELETE FROM regulation RETURNING 1")
    store.rows("UPDATE judgement_rule SET norm_share = 0.4 WHERE profile_version = 3 RETURNING 1")
    run = run_checks(store.url).run_id
    assert store.value("SELECT norm_share FROM check_result WHERE run_id = %s AND rule = 1", run) == 0.4
