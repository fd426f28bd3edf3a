"""What the functions of a program take, from its text; and which of them has the signature of a form."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from kb.reference.header import FORMS
from kb.reference.variant.literals import Value, read_literal


@dataclass(frozen=True, slots=True)
class Signature:
    """The arguments of a public function of the top level."""

    node: ast.FunctionDef
    names: tuple[str, ...]
    """All that can be passed by name, in their order."""
    required: frozenset[str]
    defaults: dict[str, Value] = field(hash=False)
    """Those with a number, a switch or a word as their default."""
    takes_any: bool
    """Whether it takes ``**`` anything."""
    by_place: tuple[str, ...]
    """What can be passed by place only."""

    @property
    def name(self) -> str:
        return self.node.name

    def fits(self, form: str) -> bool:
        """Tell whether it takes the inputs of a form by their names."""
        inputs = FORMS[form]
        return all(one in self.names for one in inputs) if inputs else bool(self.names) and not self.required


def list_signatures(tree: ast.Module) -> list[Signature]:
    """Return the public functions; of two that share a name the last counts, as it does when they run."""
    nodes = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[0] != "_"}
    return [_read(node) for node in nodes.values()]


def guess_forms(signature: Signature) -> list[str]:
    """Return the forms whose inputs a function takes, those with the most inputs only."""
    fitting = [form for form, inputs in FORMS.items() if inputs and signature.fits(form)]
    most = max((len(FORMS[form]) for form in fitting), default=0)
    return [form for form in fitting if len(FORMS[form]) == most]


def _read(node: ast.FunctionDef) -> Signature:
    taken = dict(_pair(node.args))
    return Signature(
        node=node,
        names=tuple(taken),
        required=frozenset(name for name, default in taken.items() if default is None),
        defaults={name: value for name, default in taken.items() if (value := read_literal(default)) is not None},
        takes_any=node.args.kwarg is not None,
        by_place=tuple(one.arg for one in node.args.posonlyargs),
    )


def _pair(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr | None]]:
    """Give each argument that can be passed by name with its default."""
    placed = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(placed) - len(arguments.defaults)) + list(arguments.defaults)
    for one, default in zip(placed, defaults, strict=True):
        if one not in arguments.posonlyargs:
            yield one.arg, default
    for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield one.arg, default
