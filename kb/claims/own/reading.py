"""Reads a user's own claim from the text of its file; nothing of it is executed."""

import ast
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kb.claims.own.fields import CODE, FIELDS, MOST_VARIANTS, NEEDED, read_text, refuse
from kb.claims.own.modules import Sources, gather
from kb.errors import NotFoundError
from kb.records import ClaimCard, Evidence
from kb.reference.registry import get_idea
from kb.reference.variant.literals import parse_code

_LAST_LINE = "a claim's file ends in CLAIMS = (Claim(...),)"
_NOTHING: Sources = {}


def read_claim(code: str, snippets: Sources = _NOTHING) -> ClaimCard:
    """Return what a claim says of itself; its id there is its name here, for its address is given by the library.

    Parameters
    ----------
    snippets : the code of the user's snippets that it may import, by module: ``snippet_12``

    Raises
    ------
    InvalidQueryError : the text is no Python, holds no claim or several, or says what a claim cannot say
    """
    tree = parse_code(code)
    constants = _list_constants(tree)
    call = _find_claim(tree)
    given = _read_keywords(call)
    said = {
        name: read(name, _evaluate(name, given[name], constants)) for name, read in FIELDS.items() if name in given
    }
    variants = _read_variants(given["wrong_variants"], constants)
    has_example = "smallest" in given and not _is_none(given["smallest"])
    sources = gather(code, snippets)
    _refuse_unknown(said["executes"])
    card = ClaimCard(
        **{"expected": "verified", "cost": "exact"} | said,
        wrong_variants=variants,
        code_hash=_hash(code, sources),
        has_example=has_example,
        own=True,
        name=said["id"],
    )
    if (card.kind == "separation") != (card.expected == "refuted"):
        raise refuse('what is expected to be "refuted" is a belief, of kind "separation", and the other way round')
    return replace(card, executes=_list_executed(sources, card.executes))


def _find_claim(tree: ast.Module) -> ast.Call:
    assigned = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    found = [node.value for node in assigned if "CLAIMS" in _targets(node)]
    if len(found) != 1:
        raise refuse(f"it assigns CLAIMS {len(found) or 'nowhere'}{' times' if found else ''}; {_LAST_LINE}")
    value = found[0]
    calls = value.elts if isinstance(value, ast.Tuple | ast.List) else []
    if len(calls) != 1:
        raise refuse(f"CLAIMS holds {len(calls)} claims; {_LAST_LINE}, one claim a file")
    call = calls[0]
    if not (isinstance(call, ast.Call) and _write(call.func).split(".")[-1] == "Claim"):
        raise refuse(f"CLAIMS holds no Claim(...) written out; {_LAST_LINE}")
    return call


def _targets(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [one.id for one in targets if isinstance(one, ast.Name)]


def _read_keywords(call: ast.Call) -> dict[str, ast.expr]:
    given = {word.arg: word.value for word in call.keywords if word.arg}
    if call.args or len(given) != len(call.keywords):
        raise refuse("Claim(...) takes each field by its name, written out: id=..., statement=...")
    if unknown := [name for name in given if name not in FIELDS and name not in CODE]:
        raise refuse(f"there is no field {unknown[0]!r}; there are {', '.join((*FIELDS, *CODE))}")
    if missing := [name for name in NEEDED if name not in given]:
        hint = ": a claim that rejects nothing proves nothing" if missing[0] == "wrong_variants" else ""
        raise refuse(f"the field {missing[0]} is missing{hint}; add it, or begin with 'stemma claim new'")
    return given


def _list_constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Return what the top level assigns to single names, each once."""
    found: dict[str, ast.expr] = {}
    often: dict[str, int] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for name in _targets(node):
                found[name], often[name] = node.value, often.get(name, 0) + 1
    return {name: node for name, node in found.items() if often[name] == 1}


def _evaluate(name: str, node: ast.expr, constants: Mapping[str, ast.expr]) -> Any:
    """Return the value that stands written out in a field."""
    if isinstance(node, ast.Name) and node.id in constants:
        node = constants[node.id]
    if isinstance(node, ast.Call) and _write(node.func) == "Evidence":
        words = {word.arg: word.value for word in node.keywords}
        parts = [*node.args, *(words[one] for one in ("paper", "locator") if one in words)]
        if len(parts) == 2:
            return Evidence(*(_evaluate(name, part, constants) for part in parts))
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        told = _write(node)[:40]
        raise refuse(f"{name} is computed ({told}), and it is read without running the file; write it out") from None


def _write(node: ast.expr) -> str:
    """Return an expression on one line; three dots where it is nested too deeply to be written."""
    try:
        return " ".join(ast.unparse(node).split())
    except RecursionError:
        return "..."


def _read_variants(node: ast.expr, constants: Mapping[str, ast.expr]) -> tuple[str, ...]:
    if isinstance(node, ast.Name) and node.id in constants:
        node = constants[node.id]
    if not isinstance(node, ast.Dict) or None in node.keys:
        raise refuse('wrong_variants is a dictionary written out: {"the decay one step early": _early}')
    names = [
        read_text("name of a wrong variant", _evaluate("name of a wrong variant", one, constants))
        for one in node.keys
        if one is not None
    ]
    if not names:
        raise refuse("it has no wrong variant, and a claim that rejects nothing proves nothing; name one misreading")
    if len(names) > MOST_VARIANTS:
        raise refuse(f"it has {len(names)} wrong variants, of {MOST_VARIANTS} at most; keep the likeliest")
    if not all(names) or len(set(names)) < len(names):
        raise refuse("a wrong variant has no name, or the name of another; name each for what it gets wrong")
    return tuple(names)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _refuse_unknown(executes: tuple[str, ...]) -> None:
    for slug in executes:
        if not slug.startswith("snippet:"):
            try:
                get_idea(slug)
            except NotFoundError as error:
                raise refuse(f"executes: {error}") from error


def _list_executed(sources: Sources, said: tuple[str, ...]) -> tuple[str, ...]:
    """Return what is executed, ideas by slug: what the file says, and what it imports without saying so."""
    imported = [name.rpartition(".")[2].replace("_", "-") for name in sources if name.startswith("kb.reference.")]
    ideas = []
    for slug in imported:
        try:
            ideas.append(get_idea(slug).slug)
        except NotFoundError:
            continue  # a part of the machinery, no idea
    known = [get_idea(one).slug for one in said if not one.startswith("snippet:")]
    return tuple(dict.fromkeys((*known, *ideas)))


def _hash(code: str, sources: Sources) -> str:
    """Return the SHA-256 of the file and of every reference file and snippet that it imports."""
    digest = hashlib.sha256(code.encode("utf-8", "surrogatepass"))
    for name in sorted(sources):
        if name.startswith(("kb.reference.", "snippet_")):
            digest.update(f"{name}\n{sources[name]}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
