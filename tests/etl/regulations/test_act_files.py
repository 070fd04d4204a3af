from pathlib import Path

import pytest

from etl.errors import ZavuchError
from etl.regulations.act_files import RegulationError, read_act

HEAD = """
id = "gymnasium1"
title = "Положение об электронном журнале"
level = "school"
"""
TOPIC = """
[parameters.topic_limit]
value = "2d"
clause = "3.1"
quotation = "не позднее двух дней"
severity = "major"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "gymnasium1.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_small_act_is_read(tmp_path: Path) -> None:
    act = read_act(written(tmp_path, HEAD + TOPIC))
    assert act.layer.id == "gymnasium1"
    assert act.layer.valid_from is None
    assert str(act.parameters["topic_limit"].value) == "2d"


def changed(old: str, new: str) -> str:
    assert old in HEAD + TOPIC
    return (HEAD + TOPIC).replace(old, new)


MENTIONED = """
[mentioned.topic_limit]
clause = "1.2"
quotation = "своевременно"
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            HEAD + TOPIC + "colour = 1",
            "parameters.topic_limit.colour is an unknown key. Allowed: clause, note, or",
        ),
        (changed("topic_limit", "topic_limt"), "parameters.topic_limt is an unknown key. Allowed: abs"),
        (
            (HEAD + TOPIC).replace('id = "gymnasium1"', 'id = "Гимназия 1"'),
            "id = 'Гимназия 1' is no id. Allowed: up to 50 of",
        ),
        ("director = 1" + HEAD, "director is an unknown key. Allowed: act_date, act_number, id"),
        (
            changed("2d", "2 days"),
            "topic_limit.value = '2 days' is not a deadline. Allowed: same_day, <n>d (cal",
        ),
        (
            changed("2d", "at_entry"),
            "topic_limit.value = 'at_entry' is a deadline of the form at_entry, which",
        ),
        (changed('value = "2d"', ""), "parameters.topic_limit.value is missing. Allowed: same_day"),
        (changed('"major"', '"huge"'), "severity = 'huge' is not known. Allowed: critical, major"),
        (changed('severity = "major"', ""), "topic_limit.severity is missing. Allowed: critical"),
        (changed('clause = "3.1"', ""), "topic_limit.clause is missing. Cite the clause"),
        (changed("не позднее двух дней", " "), "topic_limit.quotation is missing. Cite the clause"),
        (HEAD + TOPIC + 'origin = "contract default"', "has a clause and origin = 'contract default'. Keep"),
        (HEAD + TOPIC + 'origin = "rumour"', "origin = 'rumour' is not known. Allowed: act, contract d"),
        (
            changed('"school"', '"village"'),
            "level = 'village' is not known. Allowed: region, municipality, school",
        ),
        (changed('id = "gymnasium1"', ""), "id is missing."),
        (HEAD + 'valid_from = "2024-09-01"', "valid_from = '2024-09-01' is not a date. Write it without"),
        (
            HEAD + "[parameters]\ntopic_limit = 2",
            "parameters.topic_limit is not a table. Write [parameters.t",
        ),
        (HEAD + TOPIC + MENTIONED, "mentioned.topic_limit is also a stated parameter. Keep one"),
        (HEAD + "[[[", "cannot be read as TOML"),
    ],
)
def test_a_bad_file_is_refused_with_file_key_value_and_what_is_allowed(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(RegulationError) as refused:
        read_act(path)
    assert isinstance(refused.value, ZavuchError)
    assert str(refused.value).startswith(f"{path}: ")
    assert message in str(refused.value)
    assert refused.value.advice
