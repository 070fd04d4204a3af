"""A school judged by another act beside its own: the same rows as a load under that act, and nothing else changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl.job import load_bundle
from etl.other_act import OtherActError, derive_by, remove_expired
from etl.rejudge import derive_schools
from etl.sources.demo import generate
from tests.etl.conftest import Store, empty
from tests.etl.journal import journal
from tests.etl.regulations.test_read import write_act
from tests.etl.test_rejudge import two_schools

OWN = (
    "ledger_horizon",
    "mart_duty_week",
    "mart_duty_journal",
    "mart_duty_school",
    "mart_duty_day",
    "mart_learning",
    "mart_period_mark",
)
OWN_JUDGED = ("obligation", "judgement", "judgement_rule")
JUDGED = "to_jsonb(t) - 'judgement_id'"
"""A row of a judgement without its number."""
RULES = f"SELECT ({JUDGED})::text FROM judgement_rule t WHERE judgement_id = %s ORDER BY 1"
LEDGER = f"SELECT ({JUDGED})::text FROM obligation t WHERE judgement_id = %s ORDER BY 1"
OWN_SUMS = (
    "SELECT school_year, rule, status, excluded, is_required, is_made, is_due, sum(row_count)::int"
    " FROM mart_duty_school GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7"
)
OTHER_SUMS = (
    "SELECT school_year, rule, status, excluded, is_required, is_made, is_due, row_count FROM mart_duty_judgement"
    " WHERE judgement_id = %s ORDER BY 1, 2, 3, 4, 5, 6, 7"
)


@pytest.fixture
def acts(tmp_path: Path) -> Path:
    """The folder of the school's own acts."""
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


def own(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the own judgement, of its marts and of the register, with the transaction that wrote it."""
    judged = {name: f"SELECT xmin::text, t::text FROM {name} t WHERE judgement_id = 0" for name in OWN_JUDGED}
    plain = {name: f"SELECT xmin::text, t::text FROM {name} t" for name in (*OWN, "finding", "check_result")}
    return {name: store.rows(f"{query} ORDER BY 2") for name, query in (judged | plain).items()}


def under(path: Path, regulation: str, folder: Path) -> Path:
    """The same bundle of a school that names another act."""
    folder.mkdir()
    for file in path.iterdir():
        content = file.read_bytes()
        if file.name == "school.csv":
            header, line = content.decode().splitlines()
            cells = line.split(",")
            cells[header.split(",").index("regulation")] = regulation
            content = f"{header}\n{','.join(cells)}\n".encode()
        (folder / file.name).write_bytes(content)
    return folder


def test_another_act_gives_the_ledger_of_a_load_under_that_act(store: Store) -> None:
    path = generate(store.folder / "demo", tier="tiny", seed=5)[0].path
    store.load(under(path, "school16_korolev", store.folder / "korolev"))
    before, version = own(store), store.value("SELECT data_version FROM dim_school")
    found = derive_by(store.url, 1, "school53_krasnodar", 1, keep_days=14)
    ledger, rules, sums = (store.rows(query, 1) for query in (LEDGER, RULES, OTHER_SUMS))
    assert found.judgement_id == 1 and found.obligation_count == len(ledger) > 1000
    assert own(store) == before
    assert store.value("SELECT data_version FROM dim_school") == version + 1
    assert ledger != store.rows(LEDGER, 0) and rules != store.rows(RULES, 0)
    empty(store.url)
    store.load(under(path, "school53_krasnodar", store.folder / "krasnodar"))
    assert ledger == store.rows(LEDGER, 0)
    assert rules == store.rows(RULES, 0)
    assert sums == store.rows(OWN_SUMS)


def test_one_version_of_an_act_judges_every_day(store: Store, acts: Path) -> None:
    write_act(acts, "lyceum4", head="valid_from = 2024-09-01", topic_limit='"2d"')
    write_act(acts, "lyceum4@2", head="valid_from = 2024-09-12", topic_limit='"same_day"')
    load_bundle(store.write(journal()), store.url, store.home, regulations=acts)
    derive_by(store.url, 1, "lyceum4", 2, keep_days=14, regulations=acts)
    limits = store.rows(
        "SELECT anchor_on::text, profile_version, (due_at AT TIME ZONE timezone)::date::text FROM obligation"
        " JOIN dim_school USING (school_id) WHERE judgement_id = 1 AND rule = 1 ORDER BY 1"
    )
    assert limits == [("2024-09-11", 2, "2024-09-11"), ("2024-09-12", 2, "2024-09-12")]


def test_the_same_act_keeps_its_number_and_another_takes_the_next(store: Store) -> None:
    store.load(journal())
    numbers = [
        derive_by(store.url, 1, act, 1, keep_days=14).judgement_id
        for act in ("lindovskaya", "school16_korolev", "lindovskaya")
    ]
    assert numbers == [1, 2, 1]
    assert store.rows("SELECT judgement_id, regulation, profile_version FROM judgement ORDER BY 1") == [
        (0, "school7_oktyabrsky", None),
        (1, "lindovskaya", 1),
        (2, "school16_korolev", 1),
    ]


@pytest.mark.parametrize("again", ["load", "derive"])
def test_new_data_or_a_new_derivation_remove_the_judgements_of_that_school_alone(store: Store, again: str) -> None:
    store.load(two_schools("school16_korolev"))
    for school in (1, 2):
        derive_by(store.url, school, "lindovskaya", 1, keep_days=14)
    if again == "load":
        store.load(journal(2, regulation="school16_korolev"))
    else:
        derive_schools(store.url, school_keys=["s1"])
    for table in ("judgement", "judgement_rule", "obligation", "mart_duty_judgement"):
        assert store.rows(f"SELECT DISTINCT school_id FROM {table} WHERE judgement_id = 1") == [(2,)], table


def test_a_judgement_is_removed_when_its_days_are_over_or_its_act_has_changed(store: Store, acts: Path) -> None:
    write_act(acts, "lyceum4", topic_limit='"2d"')
    load_bundle(store.write(journal()), store.url, store.home, regulations=acts)
    for act in ("lyceum4", "lindovskaya", "school16_korolev"):
        derive_by(store.url, 1, act, 1, keep_days=14, regulations=acts)
    kept = store.value("SELECT kept_until - derived_at FROM judgement WHERE judgement_id = 1")
    assert abs(kept - timedelta(days=14)) < timedelta(minutes=1)
    before, version = own(store), store.value("SELECT data_version FROM dim_school")
    assert remove_expired(store.url) == 0
    write_act(acts, "lyceum4", topic_limit='"3d"')
    derive_schools(store.url, regulations=acts)
    store.rows("UPDATE judgement SET kept_until = %s WHERE judgement_id = 2 RETURNING 1", datetime.now(UTC))
    assert remove_expired(store.url) == 2
    assert store.rows("SELECT DISTINCT judgement_id FROM obligation ORDER BY 1") == [(0,), (3,)]
    assert store.rows("SELECT judgement_id FROM judgement ORDER BY 1") == [(0,), (3,)]
    assert own(store) == before
    assert store.value("SELECT data_version FROM dim_school") == version + 1


def test_an_unknown_act_and_an_unknown_school_are_named(store: Store) -> None:
    store.load(journal())
    with pytest.raises(OtherActError, match="no version 9 of the regulation 'lindovskaya'") as act:
        derive_by(store.url, 1, "lindovskaya", 9, keep_days=14)
    with pytest.raises(OtherActError, match="There is no school 77") as school:
        derive_by(store.url, 77, "lindovskaya", 1, keep_days=14)
    assert (act.value.code, school.value.code) == ("act_gone", "school_gone")
