"""The table of floors, and what else holds the house: imports, owners of libraries, sizes, names.

Every import counts, at the top of a file, inside a function and under TYPE_CHECKING alike. An exception stands in a
table with its reason; nothing else is excused.
"""

import ast
import fnmatch
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: A room may import rooms on lower floors only. Within floor 0: errors below chinese and ids, these below the rest.
FLOORS = {
    "kb.errors": 0.0,
    "kb.chinese": 0.1,
    "kb.ids": 0.1,
    "kb.settings": 0.2,
    "kb.records": 0.2,
    "kb.store": 1,
    "kb.search": 2,
    "kb.graph": 2,
    "kb.reference": 2,
    "kb.runner": 2,
    "kb.claims": 3,
    "ingest": 3,
    "kb.library": 4,
    "kb.cli": 5,
    "kb.ui": 5,
    "app": 6,
}
#: Every library that is not Python's own, and the rooms that may import it.
OWNERS = {
    "alembic": {"kb.store"},
    "arxiv": {"ingest"},
    "networkx": {"kb.graph"},
    "numpy": {"kb.store", "kb.search", "kb.graph"},
    "onnx": {"kb.search"},
    "onnxruntime": {"kb.search"},
    "opencc": {"kb.chinese"},
    "orjson": {"ingest"},
    "platformdirs": {"kb.settings"},
    "pyarrow": {"ingest"},
    "pydantic": {"kb.settings", "kb.library"},  # the doctor tells a secret by its type
    "pydantic_settings": {"kb.settings"},
    "pyseccomp": {"kb.runner"},
    "requests": {"ingest"},
    "requests_cache": {"ingest"},
    "rich": {"kb.cli"},
    "safetensors": {"kb.search"},
    "sentence_transformers": {"kb.search"},
    "sqlalchemy": {"kb.store"},
    "stamina": {"ingest"},
    "streamlit": {"kb.ui", "app"},
    "streamlit_echarts": {"kb.ui", "app"},
    "threadpoolctl": {"kb.search"},
    "tokenizers": {"kb.search"},
    "torch": {"kb.reference", "kb.claims", "kb.search"},
    "trafilatura": {"ingest"},
    "lxml": {"ingest"},
    "typer": {"kb.cli"},
    "urllib3": {"ingest"},
}
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS = {"kb/store/migrations/versions/*.py": "a migration is a list of tables, read from top to bottom"}
MANY_PARAMETERS = {
    "kb/cli/*.py": "a command takes one parameter an option",
    "kb/reference/*.py": "a form's tensors and gates come first; of settings an idea has six at most (test_ideas)",
}
BANNED_MODULES = {"utils", "util", "common", "helpers", "helper", "base", "misc"}
#: How much a start may cost: none of these is loaded before it is needed.
HEAVY = {
    "torch",
    "streamlit",
    "sentence_transformers",
    "transformers",
    "onnxruntime",
    "networkx",
    "requests",
    "alembic",
}
TOP_LEVEL = {
    *("kb", "ingest", "app.py", "data", "tests", "pyproject.toml", "docs", ".ci", ".streamlit", ".gitignore"),
    *("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "NOTICE"),
}


@cache
def sources() -> dict[str, str]:
    """Return the text of every file of the house by its path from the root."""
    files = [*(ROOT / "kb").rglob("*.py"), *(ROOT / "ingest").rglob("*.py"), ROOT / "app.py"]
    return {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in sorted(files)}


@cache
def nodes_of(text: str) -> tuple[ast.AST, ...]:
    """Return everything that stands in a source text."""
    return tuple(ast.walk(ast.parse(text)))


def room_of(module: str) -> str:
    """Return the room of a module, empty for ``kb`` itself, which is only the map of the rooms."""
    parts = [part for part in module.split(".") if not part.startswith("__")]
    return parts[0] if parts[0] != "kb" else ".".join(parts[:2]) if len(parts) > 1 else ""


def list_imports(path: str, text: str) -> Iterator[tuple[int, str]]:
    """Give the line and the full name of everything that a file imports, wherever in it."""
    for node in nodes_of(text):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, one.name) for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = Path(path).with_suffix("").parts[: -node.level] if node.level else ()
            module = ".".join([*package, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{module}.{one.name}") for one in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            first = node.args[0].values[0] if isinstance(node.args[0], ast.JoinedStr) else node.args[0]
            if isinstance(first, ast.Constant):
                yield node.lineno, str(first.value).rstrip(".")


def list_breaches(path: str, text: str) -> list[str]:
    """Return the imports of a file that this table does not allow."""
    room = room_of(path.removesuffix(".py").replace("/", "."))
    breaches = []
    for line, name in list_imports(path, text):
        top, other = name.split(".")[0], room_of(name)
        if top in ("kb", "ingest", "app"):
            if other not in ("", room) and not FLOORS.get(other, 99) < FLOORS.get(room, -1):
                breaches.append(f"{path}:{line}: {room or 'kb'} imports {other}, which is not below it")
        elif top not in sys.stdlib_module_names and room not in OWNERS.get(top, set()):
            breaches.append(f"{path}:{line}: {top} belongs to {', '.join(sorted(OWNERS.get(top, {'nobody yet'})))}")
    return breaches


@pytest.mark.parametrize("path", sources())
def test_imports_point_down_and_libraries_stay_with_their_owner(path: str) -> None:
    assert not list_breaches(path, sources()[path])


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("kb/store/x.py", "from kb.graph import build"),
        ("kb/store/x.py", "from kb import graph"),
        ("kb/store/x.py", "def f():\n    import kb.library.door"),
        ("kb/search/x.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from kb.runner import run"),
        ("kb/search/x.py", "from ..runner import run"),
        ("kb/search/x.py", "from importlib import import_module\nimport_module('kb.library')"),
        ("kb/search/x.py", "import importlib\nimportlib.import_module(f'kb.claims.{1}')"),
        ("kb/settings.py", "from kb.records import Paper"),
        ("kb/errors.py", "from kb.ids import parse_id"),
        ("kb/__init__.py", "from kb.errors import KBError"),
        ("kb/claims/x.py", "from ingest.http import build_session"),
        ("ingest/x.py", "from kb.claims import registry"),
        ("kb/cli/x.py", "from kb.ui import links"),
        ("kb/ui/x.py", "import app"),
        ("kb/newroom/x.py", "from kb.errors import KBError"),
        ("kb/graph/x.py", "from sqlalchemy import select"),
        ("kb/library/x.py", "def f():\n    import torch.nn"),
        ("kb/graph/x.py", "import unheard_of"),
        ("app.py", "import requests"),
    ],
)
def test_a_breach_is_found(path: str, text: str) -> None:
    assert len(list_breaches(path, text)) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("kb/records/x.py", "from kb.ids import parse_id\nfrom kb.records.words import Kind\nimport dataclasses"),
        ("kb/store/x.py", "from kb.store.rows import chunked\nfrom sqlalchemy import select\nimport kb"),
        ("kb/library/x.py", "from ingest.pipeline import add_papers\nfrom kb.claims import verify"),
        ("kb/graph/x.py", "from . import build"),
        ("app.py", "import streamlit.web\nfrom kb.ui import router"),
    ],
)
def test_what_is_allowed_is_no_breach(path: str, text: str) -> None:
    assert not list_breaches(path, text)


@pytest.mark.parametrize("path", sources())
def test_files_are_short(path: str) -> None:
    lines = len(sources()[path].splitlines())
    limit = 200 if path.startswith("kb/reference/") and "Parents " in sources()[path] else 300
    assert path in LONG_FILES or lines <= limit, f"{path} has {lines} lines of {limit}: cut it by concern"


@pytest.mark.parametrize("path", sources())
def test_functions_are_short_and_take_few_parameters(path: str) -> None:
    for node in nodes_of(sources()[path]):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            place = f"{path}:{node.lineno}: {node.name}"
            body = node.body[ast.get_docstring(node) is not None :]
            lines = body[-1].end_lineno - body[0].lineno + 1 if body and body[-1].end_lineno else 0
            assert _is_listed(path, LONG_FUNCTIONS) or lines <= 50, f"{place} has {lines} lines"
            taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            count = sum(one.arg not in ("self", "cls") for one in taken)
            assert _is_listed(path, MANY_PARAMETERS) or count <= 6, f"{place} takes {count} parameters"


@pytest.mark.parametrize("path", sorted(file.relative_to(ROOT).as_posix() for file in (ROOT / "tests").rglob("*.py")))
def test_test_files_are_short(path: str) -> None:
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= 500


def _is_listed(path: str, table: dict[str, str]) -> bool:
    return any(fnmatch.fnmatch(path, pattern) for pattern in table)


def test_no_exception_is_out_of_date() -> None:
    for table in (LONG_FILES, LONG_FUNCTIONS, MANY_PARAMETERS):
        assert all(any(fnmatch.fnmatch(path, pattern) for path in sources()) for pattern in table)
    used = {name.split(".")[0] for path, text in sources().items() for _, name in list_imports(path, text)}
    assert OWNERS.keys() <= used, f"nobody imports {sorted(OWNERS.keys() - used)}: take it out of the table"


def test_names_say_what_a_file_is_about() -> None:
    everywhere = [*sources(), *(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py"))]
    assert not [path for path in everywhere if set(Path(path).with_suffix("").parts) & BANNED_MODULES]


@pytest.mark.parametrize("path", sources())
def test_every_file_says_why_it_exists(path: str) -> None:
    module = nodes_of(sources()[path])[0]
    assert isinstance(module, ast.Module)
    assert ast.get_docstring(module), f"{path} has no docstring"


def test_every_folder_of_code_is_a_package() -> None:
    folders = {Path(path).parent for path in sources()} - {Path()}
    bare = {folder.as_posix() for folder in folders if f"{folder.as_posix()}/__init__.py" not in sources()}
    # Alembic finds its revisions by file name; they are no modules of ours.
    assert bare == {"kb/store/migrations", "kb/store/migrations/versions"}


@pytest.mark.parametrize("path", [path for path in sources() if path.startswith(("kb/records/", "kb/store/tables/"))])
def test_no_field_is_called_source_or_target(path: str) -> None:
    names = {ast.unparse(node.target) for node in nodes_of(sources()[path]) if isinstance(node, ast.AnnAssign)}
    assert not {name for name in names if set(name.split("_")) & {"source", "target"}}


@pytest.mark.parametrize("module", ["kb", "kb.library", "kb.cli", "ingest"])
def test_starting_loads_nothing_heavy(module: str) -> None:
    code = f"import {module}, json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not HEAVY & set(json.loads(done.stdout))


def test_every_room_is_on_the_map() -> None:
    rooms = {room_of(path.removesuffix(".py").replace("/", ".")) for path in sources()} - {""}
    assert rooms == FLOORS.keys()
    drawn = sources()["kb/__init__.py"]
    for room, floor in FLOORS.items():
        if room != "app":
            name = room.removeprefix("kb.")
            lines = [line for line in drawn.splitlines() if line.strip().startswith(str(int(floor)))]
            assert any(name in line.replace(",", " ").split() for line in lines), f"{room} is not on the map of kb"


def test_the_top_level_holds_no_other_folder() -> None:
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()]
    here = {path.name for path in ROOT.iterdir()} - {".git"}
    stray = {name for name in here - TOP_LEVEL if not any(fnmatch.fnmatch(name, one) for one in ignored)}
    assert not stray
