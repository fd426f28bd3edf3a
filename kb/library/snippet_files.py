"""A snippet in a file of its own, and a set of them in a folder or a zip: written, and read back as it was.

A file is plain Python that runs by itself. A comment above the code says what it is, and is what is read back; of a
set, ``manifest.json`` says the same for other programs. A zip is read in memory, and nothing of it is executed.
"""

import ast
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

from kb.errors import InvalidQueryError
from kb.records import Snippet, SnippetFile, SnippetReading
from kb.reference.variant import is_reporting
from kb.reference.variant.literals import parse_code

MOST_CODE = 1 << 20
"""Bytes in a user's program: more is no program but a mistake."""
_MOST_FILES = 1000

_FIRST = "# A snippet of Stemma. 'stemma attach' takes this file back as it is."
_FIELD = re.compile(r"# (name|attached|like|parameters|kept|sha256) +(\S.*)")
_REPORT = 'report = getattr(__import__("builtins"), "report", print)  # so that the file runs by itself'


def decode_code(content: bytes, name: str) -> str:
    """Return the text of a user's program, its lines ended as Python reads them.

    Raises
    ------
    InvalidQueryError : too large, empty, no UTF-8, or no text at all
    """
    if len(content) > MOST_CODE:
        raise InvalidQueryError(f"{name} is larger than {MOST_CODE // 1024} KiB; give a Python program")
    try:
        return clean_code(content.decode("utf-8-sig"), name)
    except UnicodeDecodeError:
        raise InvalidQueryError(f"{name} is no UTF-8 text; give a Python program") from None


def clean_code(text: str, name: str) -> str:
    """Return a program's text with plain line ends, as ``decode_code`` does."""
    code = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in code:
        raise InvalidQueryError(f"{name} holds null bytes, so it is no text; give a Python program")
    if not code.strip():
        raise InvalidQueryError(f"{name} is empty; give a Python program")
    if len(code.encode("utf-8", "surrogatepass")) > MOST_CODE:
        raise InvalidQueryError(f"{name} is larger than {MOST_CODE // 1024} KiB; give a Python program")
    return code


def write_file(snippet: Snippet) -> str:
    """Return a snippet as a file that runs by itself and says where it comes from."""
    when = snippet.changed_at or snippet.created_at
    told = {
        "name": snippet.name,
        "attached": snippet.key,
        "like": snippet.like,
        "parameters": snippet.parameters,
        "kept": f"{when:%Y-%m-%d}, version {snippet.version}",
        "sha256": snippet.code_hash,
    }
    header = [_FIRST, *(f"# {name:<10}  {' '.join(text.split())}" for name, text in told.items() if text), "", ""]
    return "\n".join(header) + _with_report(snippet.code)


def read_file(text: str) -> SnippetFile:
    """Return the code of a file and what the comment above it says; any other file is code and nothing else."""
    first, _, rest = text.partition("\n")
    if first.rstrip() != _FIRST:
        return SnippetFile(text)
    told: dict[str, str] = {}
    while match := _FIELD.match(rest):
        told[match[1]] = match[2].strip()
        rest = rest[match.end() :].removeprefix("\n")
    code = rest.removeprefix("\n").replace(f"{_REPORT}\n", "", 1)
    return SnippetFile(
        code, told.get("name", ""), told.get("attached", ""), told.get("like", ""), told.get("parameters", ""), True
    )


def name_file(snippet: Snippet) -> str:
    """Return a file name that any system takes: its number and its name."""
    name = re.sub(r"[^\w.-]+", "-", snippet.name.removesuffix(".py")).strip("-.")[:60]
    return f"{snippet.id:03}-{name or 'snippet'}.py"


def write_set(snippets: Sequence[tuple[Snippet, SnippetReading]]) -> dict[str, str]:
    """Return the files of a set by name: one a snippet, and the manifest."""
    files = {name_file(snippet): write_file(snippet) for snippet, _ in snippets}
    entries = [
        {
            "file": name_file(snippet),
            "name": snippet.name,
            "attached": snippet.key,
            "like": snippet.like,
            "kind": reading.kind,
            "form": reading.idea.form if reading.idea else "",
            "parameters": snippet.parameters,
            "version": snippet.version,
            "created_at": snippet.created_at.isoformat(),
            "sha256": snippet.code_hash,
        }
        for snippet, reading in snippets
    ]
    manifest = json.dumps({"snippets": entries}, ensure_ascii=False, indent=2) + "\n"
    return {**files, "manifest.json": manifest}


def pack(files: dict[str, str]) -> bytes:
    """Return files as a zip; the same files are the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text.encode(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def read_set(path: Path | IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """Give name and content of each program of a folder or a zip.

    Raises
    ------
    InvalidQueryError : it is neither, or holds no program, or too many
    """
    name = path.name if isinstance(path, Path) else "the file"
    if isinstance(path, Path) and path.is_dir():
        files = [one for one in sorted(path.glob("*.py")) if one.is_file()]
        yield from _bounded(((one.name, _read_start(one)) for one in files), name)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            names = [one for one in archive.namelist() if one.endswith(".py")]
            # one byte more than is allowed is enough to see that it is too large, whatever the zip says
            yield from _bounded(((one, archive.open(one).read(MOST_CODE + 1)) for one in names), name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise InvalidQueryError(f"{name} is no zip that can be read ({error}); export it again") from error


def _read_start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_CODE + 1)


def _bounded(files: Iterable[tuple[str, bytes]], name: str) -> Iterator[tuple[str, bytes]]:
    count = 0
    for count, one in enumerate(files, start=1):
        if count > _MOST_FILES:
            raise InvalidQueryError(f"{name} holds more than {_MOST_FILES} programs; take them in several parts")
        yield one
    if not count:
        raise InvalidQueryError(f"{name} holds no Python program; give what 'stemma snippets export' wrote")


def _with_report(code: str) -> str:
    """Return the code; where it reports figures, with a line that lets it do so outside of Stemma too."""
    try:
        tree = parse_code(code)
    except InvalidQueryError:
        return code  # it was kept by an earlier version, which kept anything
    if not is_reporting(tree):
        return code
    last, lines = 0, code.split("\n")
    for node in tree.body:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and not last
        if not is_text and not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            # where two statements share a line there is no place between them
            if node.lineno > last:
                break
            return code
        last = node.end_lineno or last
    return "\n".join([*lines[:last], _REPORT, *lines[last:]])
