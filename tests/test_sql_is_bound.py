"""No value of a person becomes part of the text of a statement of the app: statements are constants of their modules.

Values go beside them as bound parameters. What is built of tables of SQLAlchemy binds by itself.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from etl.settings import PROJECT

_CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")
_BUILDERS = {"select", "insert", "update", "delete", "text"}
ALLOWED = {
    ("dashboard/queries/door.py", "statement"),  # the door itself: what it is given is looked at where it is called
    ("dashboard/queries/door.py", "bound"),
    # a report's own reading, a function of the position: no statement
    ("dashboard/library/make.py", "Filters(school=place.school, period=place.period, as_of=place.as_of)"),
}


def unbound(source: str) -> Iterator[str]:
    """Texts of arguments that are statements and not constants, written without values of their own."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = {"read": 1, "append": 1, "text": 0, "execute": 0}.get(name)
            if place is not None and len(node.args) > place and not _is_fixed(node.args[place]):
                yield ast.unparse(node.args[place])


def _is_fixed(node: ast.expr) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return bool(_CONSTANT.fullmatch(name))
        case ast.Subscript(value=value):
            return _is_fixed(value)
        case ast.IfExp(body=one, orelse=other):
            return _is_fixed(one) and _is_fixed(other)
        case ast.Call():
            return _is_built(node)
    return False


def _is_built(node: ast.expr) -> bool:
    """`select(…).where(…)`, `statement.values(…)`, `self._alive(…)`: SQLAlchemy binds; `text(…)` is looked at."""
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return name in _BUILDERS
        case ast.Call(func=ast.Attribute(value=value, attr=name)):
            return name == "_alive" or _is_built(value) or (isinstance(value, ast.Name) and value.id == "statement")
        case ast.Attribute(value=value):
            return _is_built(value)
    return False


@pytest.mark.parametrize("path", sorted((PROJECT / "dashboard").rglob("*.py")), ids=lambda path: path.stem)
def test_every_statement_of_the_app_is_a_constant(path) -> None:
    place = str(path.relative_to(PROJECT))
    found = [text for text in unbound(path.read_text(encoding="utf-8")) if (place, text) not in ALLOWED]
    assert found == [], "bind the value as a parameter of a constant statement"


@pytest.mark.parametrize(
    "source",
    [
        "read(scope, f'SELECT {name}')",
        "read(scope, 'SELECT ' + name)",
        "read(scope, QUERY.format(name), {})",
        "read(scope, 'SELECT %s' % name)",
        "connection.execute(text(f'DELETE FROM {name}'))",
        "append(scope, words, {})",
    ],
)
def test_the_look_finds_what_it_looks_for(source: str) -> None:
    assert list(unbound(source))


def test_a_bound_value_is_no_fault() -> None:
    assert list(unbound("read(scope, QUERY, {'name': name})\nexecute(text('SELECT :name'), {'name': name})")) == []
