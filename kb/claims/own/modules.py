"""Which of the shipped files, and which of a user's snippets, a claim imports: found in its text, sent along to the
confined process, which has torch but not this package."""

import ast
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from kb.claims.own.fields import refuse
from kb.reference.variant.literals import parse_code

Sources = Mapping[str, str]
"""The text of each module by its full name; a package's by its own name."""

_ROOT = Path(__file__).resolve().parents[2]
_STANDS_FOR = {
    "kb.records": "".join(
        f"from kb.records.{part} import *\n" for part in ("words", "literature", "claiming", "running")
    )
}
"""Instead of a package's own text: the parts of it that a claim can need; the others need more of this house."""
_ROOMS = ("kb.claims", "kb.reference", "kb.records", "kb.errors")
_ALWAYS = ("kb.claims.claim", "kb.claims.draw")
_SNIPPET = re.compile(r"snippet_([1-9][0-9]{0,17})")


def gather(code: str, snippets: Sources) -> dict[str, str]:
    """Return the text of everything of this house that a claim imports, directly or through what it imports.

    Raises
    ------
    InvalidQueryError : it imports from another room of this house, or what is not there
    """
    found: dict[str, str] = {}
    for name in (*_ALWAYS, *_list_imports(code)):
        if _SNIPPET.fullmatch(name):
            if name not in snippets:
                number = name.removeprefix("snippet_")
                raise refuse(f"it imports {name}, and there is no snippet {number}; 'stemma snippets' lists them")
            found[name] = snippets[name]
            for other in _list_imports(snippets[name]):
                _add(other, found, is_asked=False)
        else:
            _add(name, found, is_asked=name not in _ALWAYS)
    return found


def list_snippets(code: str) -> list[int]:
    """Return the numbers of the snippets that a text imports."""
    return [int(found[1]) for name in _list_imports(code) if (found := _SNIPPET.fullmatch(name))]


def _add(name: str, found: dict[str, str], *, is_asked: bool) -> None:
    """Add a module with its packages and with what it imports itself."""
    if name.partition(".")[0] != "kb" or name in found or name == "kb":
        return
    if not any(name == room or name.startswith(f"{room}.") for room in _ROOMS):
        if is_asked:
            raise refuse(f"it imports {name}; of this house it can use {', '.join(_ROOMS)}")
        return
    file = _find(name)
    if file is None:
        package, _, last = name.rpartition(".")
        if is_asked and (_find(package) is None or not _defines(package, last)):
            raise refuse(f"it imports {name}, which is not there; correct the name")
        # a name inside a module, not a module
        _add(package, found, is_asked=is_asked)
        return
    found[name] = _STANDS_FOR.get(name) or _read(file)
    for other in (name.rpartition(".")[0], *_list_imports(found[name])):
        _add(other, found, is_asked=False)


@cache
def _find(name: str) -> Path | None:
    """Return the file of a module or of a package; None where there is none."""
    parts = name.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    place = _ROOT.joinpath(*parts[1:])
    for file in (place.with_suffix(".py"), place / "__init__.py"):
        if file.is_file():
            return file
    return None


@cache
def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@cache
def _defines(module: str, name: str) -> bool:
    """Tell whether a module's top level binds a name; a star stands for all of them."""
    file = _find(module)
    if file is None:
        return False
    tree = ast.parse(_read(file))
    bound = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(one.asname or one.name).partition(".")[0] for one in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            bound |= {part.id for one in targets for part in ast.walk(one) if isinstance(part, ast.Name)}
    return name in bound or name == "*"


@lru_cache(maxsize=512)
def _list_imports(code: str) -> tuple[str, ...]:
    """Return the full names of all that a text imports, wherever in it: of ``from a import b`` both a and a.b."""
    names: list[str] = []
    for node in ast.walk(parse_code(code)):
        if isinstance(node, ast.Import):
            names += [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
    return tuple(dict.fromkeys(names))
