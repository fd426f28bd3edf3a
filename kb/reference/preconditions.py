"""What a reference file asserts of its settings, read from its text and said in a line before anything runs.

Assertions at the top of the function's body are read where they speak of parameters, sizes and numbers only, such as
``assert D % heads == 0``. All others are left to the run; nothing of the text is executed here.
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kb.errors import InvalidQueryError
from kb.records import Idea

_OPERATORS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_SHAPE = re.compile(r"\.shape(\[[^]]*\])?$")


class _UnreadableError(Exception):
    """The assertion speaks of something else than settings."""


def refuse_unfit(idea: Idea, values: Mapping[str, Any]) -> None:
    """Raise InvalidQueryError where parameters and sizes break an assertion of the idea's file.

    Parameters
    ----------
    values : of all parameters and sizes, by name
    """
    body = _read_body(idea)
    reassigned = _list_reassigned(body)
    known = {name: value for name, value in values.items() if name not in reassigned}
    for assertion in (one for one in body if isinstance(one, ast.Assert)):
        try:
            broken = "" if _evaluate(assertion.test, known) else _tell(assertion, known, idea.slug)
        except (_UnreadableError, ArithmeticError, TypeError, RecursionError):
            continue
        if broken:
            raise InvalidQueryError(f"{broken}: change one of them")


def _read_body(idea: Idea) -> list[ast.stmt]:
    functions = [node for node in ast.parse(idea.code).body if isinstance(node, ast.FunctionDef)]
    return next(one.body for one in functions if one.name == idea.function)


def _list_reassigned(body: Sequence[ast.stmt]) -> set[str]:
    """Return the names that the body gives another meaning: all that it assigns but from the shape of a tensor."""
    others = (node for one in body if not _reads_shape(one) for node in ast.walk(one))
    return {node.id for node in others if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _reads_shape(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Assign):
        return False
    parts = statement.value.elts if isinstance(statement.value, ast.Tuple) else [statement.value]
    return all(_SHAPE.search(ast.unparse(part)) for part in parts)


def _evaluate(node: ast.expr, values: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name) and node.id in values:
        return values[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _evaluate(node.left, values), _evaluate(node.right, values)
        if isinstance(left, int | float) and isinstance(right, int | float):
            return _OPERATORS[type(node.op)](left, right)
    if isinstance(node, ast.BoolOp):
        # both sides are read, so that one that cannot be read is never passed over
        sides = [bool(_evaluate(side, values)) for side in node.values]
        return all(sides) if isinstance(node.op, ast.And) else any(sides)
    if isinstance(node, ast.Compare) and all(type(one) in _OPERATORS for one in node.ops):
        chain = [_evaluate(one, values) for one in (node.left, *node.comparators)]
        pairs = zip(node.ops, chain, chain[1:], strict=False)
        return all(_OPERATORS[type(one)](left, right) for one, left, right in pairs)
    raise _UnreadableError


def _tell(assertion: ast.Assert, values: Mapping[str, Any], slug: str) -> str:
    """Return which numbers do not fit, and what the file says of them."""
    test, told = ast.unparse(assertion.test), {}
    for node in ast.walk(assertion.test):
        if isinstance(node, ast.Name):
            told[node.id] = f"{node.id}={values[node.id]}"
    if not told:
        raise _UnreadableError
    if match := re.fullmatch(r"(\w+) % (\w+) == 0", test):
        return f"{told[match[2]]} must divide {told[match[1]]} in {slug}"
    said = assertion.msg
    reason = str(said.value) if isinstance(said, ast.Constant) else f"{test} must hold"
    return f"{' and '.join(told.values())} do not fit in {slug}, {reason}"
