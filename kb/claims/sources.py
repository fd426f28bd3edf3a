"""Which files a claim's check rests on: its own and, through its imports, helpers and reference files."""

import hashlib
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_ROOMS = ("kb.claims", "kb.reference")
# Parsing a hundred files takes half a second; imports of one's own package have one form here.
_IMPORT = re.compile(r"^[ \t]*from (kb\.[\w.]+) import (?:\(([^)]*)\)|([^\n(]*))", re.MULTILINE)


def list_sources(file: Path) -> tuple[Path, ...]:
    """Return a file and every file of claims and reference code that it imports, directly or not, by path."""
    found, waiting = set[Path](), [file]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += _imported(one)
    return tuple(sorted(found))


def hash_sources(file: Path) -> str:
    """Return the SHA-256 of all the files that a check in this one rests on."""
    return hashlib.sha256("".join(_hash(one) for one in list_sources(file)).encode()).hexdigest()


@cache
def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@cache
def _imported(file: Path) -> tuple[Path, ...]:
    found = []
    for module, many, few in _IMPORT.findall(file.read_text(encoding="utf-8")):
        if module.startswith(_ROOMS):
            names = [name.split()[0] for name in (many or few).split(",") if name.split()]
            found += [_file_of(module), *(_file_of(f"{module}.{name}") for name in names)]
    return tuple(one for one in found if one is not None)


@cache
def _file_of(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next((one for one in (path.with_suffix(".py"), path / "__init__.py") if one.is_file()), None)
