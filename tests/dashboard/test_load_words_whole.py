"""Every sentence that a load can say about files has a Russian text: the sources are read for them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.load_words import failure, reject_reason, remark

ROOT = Path(__file__).parents[2] / "etl"
PLACES = sorted(
    path
    for path in (*ROOT.glob("sources/**/*.py"), *ROOT.glob("transforms/*.py"), *ROOT.glob("*.py"))
    if "demo" not in path.parts and path.name not in {"rejudge.py", "derive.py", "demo.py"}
)
SAMPLE = "7"
"""Stands where a sentence has a number, a name or a day."""


def _words(node: ast.AST) -> str | None:
    """The sentence of a literal, with the sample in its places."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else SAMPLE for part in node.values)
    return None


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _called(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _remarks(tree: ast.AST) -> Iterator[str]:
    for call in _called(tree):
        owner = call.func.value if isinstance(call.func, ast.Attribute) else call.func
        if _name(call.func) == "append" and "warnings" in _name(owner):
            for arg in call.args:
                parts = arg.elts if isinstance(arg, ast.Tuple) else [arg]
                yield from filter(None, map(_words, parts))
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign) and "warnings" in _name(node.target):
            for each in ast.walk(node.value):
                words = _words(each)
                if words and " " in words and isinstance(each, ast.JoinedStr):
                    yield words


def _reasons(tree: ast.AST) -> Iterator[str]:
    at = {"fault": 4, "Fault": 5, "set_aside": 5, "_column_faults": 3, "reject_rows": 2}
    for call in _called(tree):
        place = at.get(_name(call.func))
        if place is None or len(call.args) <= place:
            continue
        for each in ast.walk(call.args[place]):
            words = _words(each)
            if words and " " in words and words[0] not in " ," and words[-1] != " ":  # no piece of a longer one
                yield words.replace("say its 7", "say its subject")


def _failures(tree: ast.AST) -> Iterator[str]:
    for call in _called(tree):
        if _name(call.func) in {"SourceError", "SettingsError"} and call.args:
            words = _words(call.args[0])
            advice = next((_words(each.value) for each in call.keywords if each.arg == "advice"), "") or ""
            if words:
                yield f"{words} {advice}".strip()


def _found(kind: str) -> list[str]:
    reader = {"remark": _remarks, "reason": _reasons, "failure": _failures}[kind]
    return sorted({words for path in PLACES for words in reader(ast.parse(path.read_text(encoding="utf-8")))})


@pytest.mark.parametrize("kind", ["remark", "reason", "failure"])
def test_every_sentence_of_a_load_is_told_in_russian(kind: str) -> None:
    sentences = _found(kind)
    assert len(sentences) > 8
    told = {"remark": remark, "reason": reject_reason, "failure": failure}[kind]
    untold = [words for words in sentences if not re.search("[а-яё]", told(words)) or told(words) == words]
    assert untold == []
