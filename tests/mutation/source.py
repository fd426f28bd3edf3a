"""A reference file as text whose parts are found through its syntax tree, and one-fault variants of it.

A mutant replaces one stretch of the text and leaves the rest as it stands, comments and all.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

#: What binds less tightly than a name, a call or an index: set in brackets when it is moved.
LOOSE = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Lambda, ast.NamedExpr, ast.Starred)


@dataclass(frozen=True)
class Mutant:
    """One fault: what kind, in which line, the whole statement text before and after, and the faulty file."""

    kind: str
    line: int
    before: str
    after: str
    code: str

    @property
    def name(self) -> str:
        """What a record calls it: the line as it stands and as it became."""
        return f"{self.before}  =>  {self.after}"


class Source:
    """The text of a reference file, its tree, and the stretch of text that a node stands for."""

    def __init__(self, code: str) -> None:
        self.tree = ast.parse(code)
        self._bytes = code.encode()
        for parent in ast.walk(self.tree):
            for child in ast.iter_child_nodes(parent):
                child.parent = parent  # type: ignore[attr-defined]

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self._bytes.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        return starts

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Return where a node's text begins and ends, in bytes."""
        begin = self._starts[node.lineno - 1] + node.col_offset
        return begin, self._starts[node.end_lineno - 1] + node.end_col_offset

    def text(self, node: ast.AST) -> str:
        """Return a node's text as it stands."""
        begin, end = self.span(node)
        return self._bytes[begin:end].decode()

    def atom(self, node: ast.AST) -> str:
        """Return a node's text, in brackets where it would fall apart elsewhere."""
        return f"({self.text(node)})" if isinstance(node, LOOSE) else self.text(node)

    def placed(self, node: ast.AST, new: str) -> str:
        """Return a sum, a product or a power that stands in for a node, in brackets where it would fall apart."""
        begin, end = self.span(node)
        parent: ast.AST = node.parent  # type: ignore[attr-defined]
        before, behind = self._bytes[:begin].rstrip()[-1:], self._bytes[end:].lstrip()[:1]
        tight = (*LOOSE, ast.Attribute) if node is not getattr(parent, "slice", None) else ()
        held = isinstance(parent, tight) or (isinstance(parent, ast.Subscript) and parent.value is node)
        return f"({new})" if held and (before, behind) != (b"(", b")") else new

    def mutant(self, kind: str, node: ast.AST, new: str) -> Mutant:
        """Return the file with a node's text replaced."""
        begin, end = self.span(node)
        code = self._bytes[:begin] + new.encode() + self._bytes[end:]
        first = self._bytes.rfind(b"\n", 0, begin) + 1
        last = self._bytes.find(b"\n", end)
        after = code[first : last + len(code) - len(self._bytes)]
        return Mutant(kind, node.lineno, _joined(self._bytes[first:last]), _joined(after), code.decode())

    def nodes(self) -> Iterator[ast.AST]:
        """Give all that computes: no text for readers, no annotation, no message, no import."""
        yield from _walk(self.tree)


def _joined(text: bytes) -> str:
    return " ".join(text.decode().split())


def _is_type(node: ast.AST) -> bool:
    """Say whether a statement of the file names a type, as in ``State = tuple[Tensor, ...]``."""
    value = getattr(node, "value", None)
    return (
        isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name) and value.value.id in ("tuple", "dict")
    )


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    for name, field in ast.iter_fields(node):
        if name in ("annotation", "returns", "msg", "decorator_list", "bases", "ctx", "parent"):
            continue
        for child in field if isinstance(field, list) else [field]:
            if not isinstance(child, ast.AST) or isinstance(child, (ast.Import, ast.ImportFrom, ast.Raise)):
                continue
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue
            if isinstance(node, ast.Module) and isinstance(child, ast.Assign) and _is_type(child):
                continue
            yield child
            # positions inside an f-string are not those of the file before Python 3.12
            if not isinstance(child, ast.JoinedStr):
                yield from _walk(child)
