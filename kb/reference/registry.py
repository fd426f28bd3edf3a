"""Finds the reference files by walking this folder and reads their headers; imports none of them, nor torch."""

import ast
import difflib
import hashlib
from functools import cache
from pathlib import Path

from kb.errors import InvalidQueryError, NotFoundError
from kb.records import DRAWN, Idea, Parameter
from kb.reference.header import parse_gates, parse_header, parse_parameters_section

FOLDER = Path(__file__).resolve().parent
_MACHINERY = frozenset(
    {
        *("__init__", "header", "registry", "parameters", "preconditions", "text", "inputs"),
        *("program", "comparing", "costing"),
    }
)


@cache
def list_ideas() -> tuple[Idea, ...]:
    """Return every reference implementation of this folder, by slug."""
    files = [path for path in FOLDER.glob("*.py") if path.stem not in _MACHINERY]
    ideas = sorted(path for path in files if not path.stem.startswith("guest"))
    return tuple(parse_idea(path.read_text(encoding="utf-8"), function=path.stem) for path in ideas)


def get_idea(name: str) -> Idea:
    """Return one idea by slug, function name or key, in any case.

    Raises
    ------
    NotFoundError : nothing here is called so; the message names the nearest
    """
    ideas = {idea.slug: idea for idea in list_ideas()}
    slug = name.strip().casefold().removeprefix("concept:").removeprefix("code:")
    slug = slug.replace("_", "-").replace(" ", "-")
    if slug in ideas:
        return ideas[slug]
    nearest = difflib.get_close_matches(slug, ideas, n=3, cutoff=0.3)
    hint = f"the nearest is {', '.join(nearest)}" if nearest else f"there are {', '.join(ideas)}"
    raise NotFoundError(f"no reference implementation is called {name!r}: {hint}")


def parse_idea(code: str, *, function: str = "") -> Idea:
    """Return the idea that the source text describes, shipped or edited by a user, without executing it.

    Parameters
    ----------
    code     : a whole reference file
    function : its public function; by default the last public function of the text

    Raises
    ------
    InvalidQueryError : the text is no Python, has no header, or lacks the function
    """
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError) as error:
        place = f" in line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise InvalidQueryError(f"the code cannot be read{place}: {error}; correct it and run it again") from error
    public = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[0] != "_"]
    function = function or (public[-1] if public else "")
    if function not in public:
        raise InvalidQueryError(f"the code defines no {function or 'public function'}: a reference file defines one")
    title, sections = parse_header(ast.get_docstring(tree, clean=False) or "")
    return Idea(
        slug=function.replace("_", "-"),
        title=title,
        form=sections["Form"],
        function=function,
        sections=sections,
        parameters=parse_parameters_section(sections["Parameters"]),
        gates=tuple(
            Parameter(gate.name, DRAWN, gate.low, gate.high, neutral=gate.neutral)
            for gate in parse_gates(sections.get("Gates", ""))
        ),
        code=code,
        code_hash=hashlib.sha256(code.encode()).hexdigest(),
    )
