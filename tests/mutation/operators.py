"""What may go wrong in a reference file: for every kind of node, the texts that could stand in its place.

Signs, terms, factors, indices of an einsum, dimensions, slices, diagonals, comparisons, constants, functions, names,
statements. Left alone is what only says on which device or in which type of numbers a tensor lies, or after whose
likeness it is made; and of an assertion all but its comparisons and numbers, for it says which inputs are valid, and
a mutant that refuses fewer of them computes the same of all the others.
"""

import ast
from collections.abc import Callable, Iterator
from itertools import combinations, pairwise

from tests.mutation.source import Mutant, Source

Operator = Callable[[Source, ast.AST], Iterator[tuple[str, ast.AST, str]]]

OPERATIONS = {
    ast.Add: ("+", ["-"]),
    ast.Sub: ("-", ["+"]),
    ast.Mult: ("*", ["/"]),
    ast.Div: ("/", ["*"]),
    ast.Pow: ("**", ["*"]),
    ast.FloorDiv: ("//", ["*"]),
    ast.Mod: ("%", ["//"]),
    ast.MatMult: ("@", []),
    ast.BitAnd: ("&", ["|"]),
    ast.BitOr: ("|", ["&"]),
    ast.BitXor: ("^", ["|"]),
    ast.LShift: ("<<", [">>"]),
    ast.RShift: (">>", ["<<"]),
}
COMPARISONS = {
    ast.Lt: ["<=", ">"],
    ast.LtE: ["<", ">="],
    ast.Gt: [">=", "<"],
    ast.GtE: [">", "<="],
    ast.Eq: ["!="],
    ast.NotEq: ["=="],
    ast.Is: ["is not"],
    ast.IsNot: ["is"],
    ast.In: ["not in"],
    ast.NotIn: ["in"],
}
_PAIRS = [
    pair.split()
    for pair in (
        *("sigmoid tanh", "relu abs", "softplus relu", "gelu relu", "silu relu", "exp expm1", "log log1p", "sin cos"),
        *("sinh cosh", "mean sum", "max min", "amax amin", "argmax argmin", "maximum minimum", "tril triu"),
        *("zeros ones", "new_zeros new_ones", "zeros_like ones_like", "floor ceil", "sqrt square", "rsqrt sqrt"),
        *("cumsum cumprod", "softmax log_softmax", "logsigmoid sigmoid", "cummax cummin", "any all", "mT mH"),
        *("std var", "erf tanh", "ceil round", "sum prod", "norm sum", "log2 log", "real imag"),
    )
]
#: A function and one that is taken for it, in both directions; where there are several, the first.
MISTAKEN = {one: other for pair in reversed(_PAIRS) for one, other in (pair[::-1], pair)}
#: Calls that only say where or as what numbers are kept, or are no step of their own.
PLACING = {"to", "new_tensor", "view", "reshape", "save_for_backward", "contiguous", "items", "manual_seed"}
#: Calls whose first argument is no tensor, so that nothing would be left.
STRUCTURE = {"einsum", "range", "len", "float", "zip", "enumerate"}
#: Calls whose arguments may stand in any order.
SYMMETRIC = {"max", "min", "maximum", "minimum", "logaddexp", "transpose"}
LIBRARIES = {"torch", "math", "functional", "F", "linalg", "fft", "autograd"}


def binary(source: Source, node: ast.BinOp) -> Iterator[tuple[str, ast.AST, str]]:
    """Another sign, one side only, the sides exchanged."""
    left, right = source.atom(node.left), source.atom(node.right)
    sign, others = OPERATIONS[type(node.op)]
    for other in others:
        yield "operation", node, source.placed(node, f"{left} {other} {right}")
    alone = {"-": f"-{right}", "/": f"1 / {right}"}.get(sign)
    yield "left side dropped", node, source.placed(node, alone) if alone else right
    yield "right side dropped", node, left
    if sign in ("-", "/", "**", "@", "//", "%"):
        yield "sides exchanged", node, source.placed(node, f"{right} {sign} {left}")


def augmented(source: Source, node: ast.AugAssign) -> Iterator[tuple[str, ast.AST, str]]:
    """Another sign, or set instead of added."""
    target, value = source.text(node.target), source.text(node.value)
    for other in OPERATIONS[type(node.op)][1]:
        yield "operation", node, f"{target} {other}= {value}"
    yield "set, not added", node, f"{target} = {value}"


def unary(source: Source, node: ast.UnaryOp) -> Iterator[tuple[str, ast.AST, str]]:
    """The sign dropped; for a number, also its neighbours."""
    yield "sign dropped", node, source.atom(node.operand)
    if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        value = -node.operand.value
        for other in _near(value):
            yield "number", node, f"({other})" if not _stands_alone(node) else str(other)


def _stands_alone(node: ast.AST) -> bool:
    return not isinstance(node.parent, (ast.BinOp, ast.Attribute, ast.UnaryOp))


def _near(value: complex) -> list[complex]:
    if isinstance(value, complex):
        return [-value, 2 * value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    return [2 * value, value / 2] if value else [1.0, -1.0]


def constant(source: Source, node: ast.Constant) -> Iterator[tuple[str, ast.AST, str]]:
    """A neighbouring number, the other truth value, a word that no one knows."""
    parent = node.parent
    if isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.USub):
        return
    if isinstance(node.value, bool):
        yield "truth value", node, str(not node.value)
    elif isinstance(node.value, str):
        yield from _word(source, node)
    elif isinstance(node.value, (int, float, complex)):
        for other in _near(node.value):
            text = str(other)
            yield "number", node, text if _stands_alone(node) or text[0] not in "-(" else f"({text})"


def _word(source: Source, node: ast.Constant) -> Iterator[tuple[str, ast.AST, str]]:
    word = str(node.value)
    if "->" in word:
        yield from _indices(node, word)
    elif word in ("inf", "-inf"):
        yield "sign", node, '"inf"' if word[0] == "-" else '"-inf"'
    elif isinstance(node.parent, ast.Subscript):
        keys = [
            one.slice.value
            for one in ast.walk(source.tree)
            if isinstance(one, ast.Subscript)
            and isinstance(one.slice, ast.Constant)
            and ast.unparse(one.value) == ast.unparse(node.parent.value)
        ]
        keys = list(dict.fromkeys(keys))
        place = keys.index(word)
        for other in dict.fromkeys([keys[place - 1], keys[(place + 1) % len(keys)]]):
            if other != word:
                yield "another weight", node, f'"{other}"'
    else:
        yield "word", node, '"XX"'


def _indices(node: ast.Constant, word: str) -> Iterator[tuple[str, ast.AST, str]]:
    """Two letters of an operand, or of the output, exchanged."""
    inputs, output = word.split("->")
    parts = [*inputs.split(","), output]
    for place, part in enumerate(parts):
        for one, other in combinations([letter for letter in part if letter.isalpha()], 2):
            swapped = part.translate(str.maketrans(one + other, other + one))
            changed = [*parts[:place], swapped, *parts[place + 1 :]]
            yield "indices", node, f'"{",".join(changed[:-1])}->{changed[-1]}"'


def compare(source: Source, node: ast.Compare) -> Iterator[tuple[str, ast.AST, str]]:
    """Another comparison, for each of a chain."""
    sides = [source.atom(side) for side in (node.left, *node.comparators)]
    signs = [source_sign(op) for op in node.ops]
    for place, op in enumerate(node.ops):
        for other in COMPARISONS[type(op)]:
            changed = [*signs[:place], other, *signs[place + 1 :]]
            yield (
                "comparison",
                node,
                sides[0] + "".join(f" {s} {t}" for s, t in zip(changed, sides[1:], strict=True)),
            )


def source_sign(op: ast.cmpop) -> str:
    """Return how a comparison is written."""
    return ast.unparse(ast.Compare(ast.Name("a"), [op], [ast.Name("b")])).removeprefix("a ").removesuffix(" b")


def logical(source: Source, node: ast.BoolOp) -> Iterator[tuple[str, ast.AST, str]]:
    """And for or, and each condition dropped."""
    parts = [source.atom(value) for value in node.values]
    sign, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    yield "and, or", node, f"({f' {other} '.join(parts)})"
    for place in range(len(parts)):
        yield "condition dropped", node, f"({f' {sign} '.join(parts[:place] + parts[place + 1 :])})"


def choice(source: Source, node: ast.IfExp) -> Iterator[tuple[str, ast.AST, str]]:
    """Always the one, always the other."""
    yield "always the first", node, source.atom(node.body)
    yield "always the second", node, source.atom(node.orelse)


def branch(source: Source, node: ast.If | ast.While) -> Iterator[tuple[str, ast.AST, str]]:
    """Always, or never."""
    yield "always", node.test, "True"
    yield "never", node.test, "False"


def call(source: Source, node: ast.Call) -> Iterator[tuple[str, ast.AST, str]]:
    """Left out, taken for another, arguments exchanged, a setting dropped."""
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name in PLACING:
        return
    owner = function.value if isinstance(function, ast.Attribute) else None
    from_library = owner is not None and ast.unparse(owner).split(".")[0] in LIBRARIES
    if name in MISTAKEN:
        given = [source.text(one) for one in (*node.args, *node.keywords)]
        before = f"{source.atom(owner)}." if owner is not None else "torch."
        if owner is not None or name not in ("max", "min", "sum", "any", "all"):
            yield "function", node, f"{before}{MISTAKEN[name]}({', '.join(given)})"
        else:
            yield "function", node, f"{MISTAKEN[name]}({', '.join(given)})"
    if owner is not None and not from_library:
        yield "call dropped", node, source.atom(owner)
    elif node.args and not isinstance(node.args[0], ast.Starred) and name not in STRUCTURE:
        yield "call dropped", node, source.atom(node.args[0])
    for one, other in pairwise(node.args) if name not in SYMMETRIC else ():
        if source.text(one) != source.text(other):
            yield from _exchanged(source, one, other)
    for keyword in node.keywords:
        if keyword.arg and keyword.arg not in ("device", "dtype", "generator"):
            rest = [source.text(one) for one in (*node.args, *node.keywords) if one is not keyword]
            yield f"{keyword.arg} dropped", node, f"{source.atom(function)}({', '.join(rest)})"


def _exchanged(source: Source, one: ast.AST, other: ast.AST) -> Iterator[tuple[str, ast.AST, str]]:
    between = ast.Constant(0)
    between.lineno, between.col_offset = one.lineno, one.col_offset
    between.end_lineno, between.end_col_offset = other.end_lineno, other.end_col_offset
    gap = source.text(between)[len(source.text(one)) : -len(source.text(other))]
    # a bracket around one of them would stand in the gap
    if "(" not in gap and ")" not in gap:
        yield "exchanged", between, f"{source.text(other)}{gap}{source.text(one)}"


def several(source: Source, node: ast.Tuple | ast.List) -> Iterator[tuple[str, ast.AST, str]]:
    """Two neighbours exchanged; one of a list dropped."""
    for one, other in pairwise(node.elts):
        if source.text(one) != source.text(other):
            yield from _exchanged(source, one, other)
    if isinstance(node, ast.List) and len(node.elts) > 1:
        for gone in node.elts:
            yield "item dropped", node, f"[{', '.join(source.text(one) for one in node.elts if one is not gone)}]"


def table(source: Source, node: ast.Dict) -> Iterator[tuple[str, ast.AST, str]]:
    """Two entries exchanged."""
    for one, other in pairwise(node.values):
        if source.text(one) != source.text(other):
            rest = {one: source.text(other), other: source.text(one)}
            entries = [
                f"{source.text(key) + ': ' if key else '**'}{rest.get(value, source.text(value))}"
                for key, value in zip(node.keys, node.values, strict=True)
            ]
            yield "exchanged", node, "{" + ", ".join(entries) + "}"


def attribute(source: Source, node: ast.Attribute) -> Iterator[tuple[str, ast.AST, str]]:
    """A transpose or a part left out or taken for another."""
    if node.attr in ("T", "mT", "mH", "real", "imag", "H"):
        yield "attribute dropped", node, source.atom(node.value)
    if node.attr in MISTAKEN and not (isinstance(node.parent, ast.Call) and node.parent.func is node):
        yield "attribute", node, f"{source.atom(node.value)}.{MISTAKEN[node.attr]}"


def cut(source: Source, node: ast.Slice) -> Iterator[tuple[str, ast.AST, str]]:
    """From another place on, up to another place: bounds dropped, and taken from the other end."""
    low, high = (source.text(part) if part else "" for part in (node.lower, node.upper))
    step = f":{source.text(node.step)}" if node.step else ""
    if step:
        yield "step dropped", node, f"{low}:{high}"
    if low:
        yield "bound dropped", node, f":{high}{step}"
        if not high:
            yield "other side", node, f":{low}{step}"
    if high:
        yield "bound dropped", node, f"{low}:{step}"
        if not low:
            yield "other side", node, f"{high}:{step}"
    if low == "1" and not high:
        yield "other end", node, f":-1{step}"
    if high == "-1" and not low:
        yield "other end", node, f"1:{step}"
    for bound in (low, high):
        if bound and not bound.lstrip("-").isdigit():
            for shift in ("+ 1", "- 1"):
                moved = f"({bound}) {shift}"
                yield "bound moved", node, f"{moved}:{high}{step}" if bound is low else f"{low}:{moved}{step}"


def name(source: Source, node: ast.Name) -> Iterator[tuple[str, ast.AST, str]]:
    """Another name of the same function."""
    parent = node.parent
    if not isinstance(node.ctx, ast.Load) or (isinstance(parent, ast.Call) and parent.func is node):
        return
    if isinstance(parent, ast.Attribute) and (parent.attr in ("dtype", "device") or parent.attr.startswith("new_")):
        return
    scope = next(one for one in _around(node) if isinstance(one, (ast.FunctionDef, ast.Module)))
    known = _names(scope)
    if node.id in known and len(known) > 1:
        place = known.index(node.id)
        for other in dict.fromkeys([known[place - 1], known[(place + 1) % len(known)]]):
            yield "another name", node, other


def gradient(source: Source, node: ast.Name | ast.Subscript) -> Iterator[tuple[str, ast.AST, str]]:
    """What comes in counts as a constant: a tensor of the function's, or one of its weights; tokens are constants."""
    if not isinstance(node.ctx, ast.Load) or (
        isinstance(node.parent, ast.Attribute)
        and (node.parent.attr in ("shape", "dtype", "device") or node.parent.attr.startswith("new_"))
    ):
        return
    if isinstance(node, ast.Subscript):
        if isinstance(node.value, ast.Name) and node.value.id == "w":
            yield "gradient cut", node, f"{source.text(node)}.detach()"
        return
    if any(isinstance(one, ast.Compare) for one in _around(node)):
        return
    scope = next(one for one in _around(node) if isinstance(one, (ast.FunctionDef, ast.Module)))
    given = [one for one in ast.walk(scope) if isinstance(one, ast.arg) and one.arg == node.id]
    if node.id != "tokens" and any(_is_tensor(one) for one in given):
        yield "gradient cut", node, f"{node.id}.detach()"


def _is_tensor(argument: ast.arg) -> bool:
    return argument.annotation is not None and ast.unparse(argument.annotation) in ("Tensor", "Tensor | None")


def _around(node: ast.AST) -> Iterator[ast.AST]:
    """Give what a node stands in, from the inside out."""
    while parent := getattr(node, "parent", None):
        yield (node := parent)


def _is_likeness(node: ast.AST) -> bool:
    """Say whether a node stands in what ``zeros_like`` and its kin are given, of which only the shape counts."""
    chain = [node, *_around(node)]
    return any(
        isinstance(outer, ast.Call) and ast.unparse(outer.func).endswith("_like") and inner is outer.args[0]
        for inner, outer in pairwise(chain)
    )


def _names(scope: ast.AST) -> list[str]:
    arguments = [one.arg for one in ast.walk(scope) if isinstance(one, ast.arg)]
    stored = [one.id for one in ast.walk(scope) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
    return [one for one in dict.fromkeys([*arguments, *stored]) if one != "_"]


def statement(source: Source, node: ast.stmt) -> Iterator[tuple[str, ast.AST, str]]:
    """Left out."""
    yield "statement dropped", node, "pass"


OPERATORS: dict[type[ast.AST], list[Operator]] = {
    ast.BinOp: [binary],
    ast.AugAssign: [augmented, statement],
    ast.UnaryOp: [unary],
    ast.Constant: [constant],
    ast.Compare: [compare],
    ast.BoolOp: [logical],
    ast.IfExp: [choice],
    ast.If: [branch],
    ast.While: [branch],
    ast.Call: [call],
    ast.Tuple: [several],
    ast.List: [several],
    ast.Dict: [table],
    ast.Attribute: [attribute],
    ast.Slice: [cut],
    ast.Name: [name, gradient],
    ast.Subscript: [gradient],
    ast.Assign: [statement],
    ast.Expr: [statement],
    ast.For: [statement],
    ast.Break: [statement],
    ast.Continue: [statement],
}
#: What may go wrong in an assertion.
GUARDS = {"comparison", "operation", "number"}


def list_mutants(code: str) -> list[Mutant]:
    """Return every one-fault variant of a reference file, in the order of its lines, none twice."""
    source = Source(code)
    found: dict[str, Mutant] = {}
    for node in source.nodes():
        guard = any(isinstance(one, ast.Assert) for one in _around(node))
        if _is_likeness(node):
            continue
        for operator in OPERATORS.get(type(node), []):
            for kind, place, new in operator(source, node):
                if guard and kind not in GUARDS:
                    continue
                mutant = source.mutant(kind, place, new)
                found.setdefault(mutant.code, mutant)
    found.pop(code, None)
    return sorted(found.values(), key=lambda mutant: mutant.line)
