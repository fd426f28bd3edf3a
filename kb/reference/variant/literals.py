"""The constants that a program assigns at its top level: listed, and replaced by others; the rest stays."""

import ast
import math
import re
from collections import Counter
from collections.abc import Mapping

from kb.errors import InvalidQueryError

Value = float | int | bool | str

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_GREATEST = 999_999_999
"""The greatest whole number that can be set."""
_LONGEST = 200
"""Characters of a text that can be set as a parameter; a longer one is data, no setting."""


def parse_code(code: str) -> ast.Module:
    """Return the syntax tree of a program.

    Raises
    ------
    InvalidQueryError : it is no Python; the message names the line
    """
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        place = f" in line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        words = error.msg if isinstance(error, SyntaxError) else str(error) or "it is nested too deeply"
        raise InvalidQueryError(f"the code cannot be read{place}: {words}; correct it and try again") from error


def read_literal(node: ast.expr | None) -> Value | None:
    """Return the number, switch or short text that stands here; None for anything else."""
    if node is None:
        return None
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    if isinstance(value, str):
        return value if len(value) <= _LONGEST and value.isprintable() else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, int) and abs(value) <= _GREATEST else None


def list_literals(tree: ast.Module) -> dict[str, Value]:
    """Return the constants by name: what is assigned once, at the top level, from a number, a switch or a text."""
    return {name: value for name, node in _find_assigned(tree).items() if (value := read_literal(node)) is not None}


def replace_literals(code: str, values: Mapping[str, Value]) -> str:
    """Return the program with other constants in the places of its own; every other character stays.

    Raises
    ------
    InvalidQueryError : the code is no Python, or assigns no constant of such a name
    """
    assigned = _find_assigned(parse_code(code))
    for name in values:
        if name not in assigned or read_literal(assigned[name]) is None:
            raise InvalidQueryError(f"the program sets no constant {name!r}: one is set once, at the top level")
    # positions are counted in bytes; from the last to the first, so that they stay true
    lines = [line.encode() for line in _LINE.findall(code)]
    for name, node in sorted(assigned.items(), key=lambda one: (one[1].lineno, one[1].col_offset), reverse=True):
        if name in values and values[name] != read_literal(node):
            _replace(lines, node, repr(values[name]).encode())
    return b"".join(lines).decode()


def _find_assigned(tree: ast.Module) -> dict[str, ast.expr]:
    """Return what the top level assigns to single names; a name that is set again is no constant."""
    often: Counter[str] = Counter()
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign | ast.AugAssign):
            targets = [node.target]
        names = [part.id for one in targets for part in ast.walk(one) if isinstance(part, ast.Name)]
        often.update(names)
        if len(targets) == 1 and isinstance(targets[0], ast.Name) and isinstance(node, ast.Assign | ast.AnnAssign):
            found |= {names[0]: node.value} if node.value else {}
    return {name: value for name, value in found.items() if often[name] == 1}


def _replace(lines: list[bytes], node: ast.expr, text: bytes) -> None:
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    before, after = lines[first][: node.col_offset], lines[last][node.end_col_offset :]
    lines[first : last + 1] = [before + text + after]
