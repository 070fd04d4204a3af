from pathlib import Path

import psycopg
import pytest

from checks.catalogue import CatalogueError, read_catalogue
from checks.datasets import DATASETS
from etl.warehouse.ledger import FINDING_STATUSES, RULES

CATALOGUE = read_catalogue()
POSSIBLE = {"duty": {"late", "missing"}, "event": {"late"}, "ban": {"early", "late"}, "content": {"breached"}}
ENTRY = """
dataset = "ledger"
[[expectation]]
id = "topic"
rule = "topic"
severity = "critical"
norm = 0.95
title = "т"
what = "ч"
why = "к"
how = "п"
"""


@pytest.mark.parametrize("one", CATALOGUE, ids=lambda one: one.check_id)
def test_every_expectation_answers_the_reader_in_russian(one):
    for words in (one.title, one.what, one.why, one.how):
        assert words.strip() == words and any("а" <= letter <= "я" for letter in words.lower())
    assert one.what.endswith(".") and one.why.endswith(".") and one.how.endswith(".")
    assert one.dataset in DATASETS


def test_ids_are_unique():
    assert len({one.check_id for one in CATALOGUE}) == len(CATALOGUE)


def test_every_violation_of_a_rule_is_claimed_by_exactly_one_expectation(database):
    ledger = [one for one in CATALOGUE if one.dataset == "ledger"]
    cells = ", ".join(f"('{rule.name}', '{status.name}')" for rule in RULES for status in FINDING_STATUSES)
    claims = ", ".join(f"('{one.check_id}', ({one.applies_when}) AND ({one.violated_when}))" for one in ledger)
    with psycopg.connect(database) as connection:
        claimed = connection.execute(
            f"SELECT rule, status, count(*) FROM (SELECT DISTINCT * FROM (VALUES {cells}) c (rule, status)) d"
            f" CROSS JOIN LATERAL (VALUES {claims}) x (check_id, hit) WHERE x.hit GROUP BY 1, 2"
        ).fetchall()
    assert {count for *_cell, count in claimed} == {1}
    expected = {(rule.name, status) for rule in RULES for status in POSSIBLE[rule.kind]}
    expected -= {("no_entry", "late")}  # it has a row only while nothing is entered
    assert {(rule, status) for rule, status, _count in claimed} >= expected | {("period_mark", "early")}


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ('severity = "critical"', 'severity = "fatal"', "'fatal'"),
        ('rule = "topic"', 'rule = "topik"', "'topik'"),
        ("norm = 0.95", "norm = 95", "95"),
        ('how = "п"', "", "'how'"),
        ('how = "п"', 'how = "п"\nhint = "п"', "hint"),
        ('dataset = "ledger"', 'dataset = "ledgers"', "'ledgers'"),
        ('id = "topic"', 'id = "Topic; DROP"', "'Topic; DROP'"),
        ('id = "topic"', "id = topic", "TOML"),
    ],
)
def test_a_wrong_suite_is_refused_by_file_and_value(tmp_path: Path, before, after, named):
    (tmp_path / "wrong.toml").write_text(ENTRY.replace(before, after), encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"wrong\.toml") as refused:
        read_catalogue(tmp_path)
    assert named in str(refused.value)


def test_an_expectation_that_stands_twice_is_refused(tmp_path: Path):
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(ENTRY, encoding="utf-8")
    with pytest.raises(CatalogueError, match="stands twice"):
        read_catalogue(tmp_path)
