"""What is made of an answer is made once, kept with that answer and handed to nobody else."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field

import polars as pl

from dashboard import derived as module
from dashboard.derived import MOST, derived


@dataclass(frozen=True)
class _Answer:
    values: pl.DataFrame
    made: list[str] = field(default_factory=list)


def _joined(answer: _Answer, mark: str = "-", *, last: str = "") -> list[str]:
    answer.made.append(mark)
    return [mark.join(answer.values["word"].to_list()) + last]


def _answer(*words: str) -> _Answer:
    return _Answer(pl.DataFrame({"word": words}))


def test_it_is_made_once_for_the_same_arguments() -> None:
    answer = _answer("а", "б")
    assert derived(answer, _joined, "+") is derived(answer, _joined, "+")
    assert answer.made == ["+"]


def test_other_arguments_make_another_result() -> None:
    answer = _answer("а", "б")
    assert derived(answer, _joined, "+") == ["а+б"]
    assert derived(answer, _joined, "+", last="!") == ["а+б!"]
    assert answer.made == ["+", "+"]


def test_an_equal_answer_of_somebody_else_shares_nothing() -> None:
    mine, theirs = _answer("а"), _answer("а")
    assert derived(mine, _joined) is not derived(theirs, _joined)


def test_it_goes_when_the_answer_goes() -> None:
    answer = _answer("а")
    derived(answer, _joined)
    mine = id(answer)
    assert mine in module._kept
    del answer
    gc.collect()
    assert mine not in module._kept


def test_of_one_answer_only_the_last_results_are_kept() -> None:
    answer = _answer("а", "б")
    for number in range(MOST + 1):
        derived(answer, _joined, str(number))
    derived(answer, _joined, str(MOST))
    assert len(answer.made) == MOST + 1
    derived(answer, _joined, "0")
    assert answer.made[-1] == "0"
