"""Standard output and standard error: what may go wrong with them, and how a document or a complaint is written."""

import contextlib
import io
import json
import math
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path

STOPPED = 130
"""What a shell expects of a program that ended at Ctrl-C: 128 and the signal's number."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_INVISIBLE = re.compile(r"[\x7f-\x9f\u2028\u2029]")
_BREAK = re.compile(rf"\s*{_CONTROL.pattern}+\s*")


def prepare() -> None:
    """Let no character be a reason to fail: what the terminal cannot show becomes a question mark."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def is_debugging() -> bool:
    """Tell whether tracebacks are wanted."""
    return os.environ.get("STEMMA_DEBUG", "") not in ("", "0")


def complain(message: str) -> None:
    """Write one line to standard error."""
    with contextlib.suppress(OSError):
        print(f"stemma: {plain(message)}", file=sys.stderr, flush=True)


def plain(text: str) -> str:
    """Return a text on one line without control characters: titles and messages may come from strangers."""
    return _BREAK.sub(" ", text).strip()


def plain_lines(text: str) -> str:
    """Return a text without control characters that keeps its lines and their indentation."""
    return "\n".join(_CONTROL.sub("", line.expandtabs(4)) for line in text.splitlines())


def abandon_stdout() -> None:
    """Point standard output to nowhere: what is left in its buffer cannot be written, and Python will try."""
    with contextlib.suppress(OSError, ValueError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def write_json(value: object) -> None:
    """Write one JSON document: records become objects, dates ISO texts, numbers that are not finite null."""
    write_json_text(json.dumps(to_json(value), ensure_ascii=not _is_utf8(), allow_nan=False, indent=2) + "\n")


def write_json_text(text: str) -> None:
    """Write a document that is JSON already, the control characters that JSON lets through escaped."""
    sys.stdout.write(_INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def _is_utf8() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def to_json(value: object) -> object:
    """Return a value made of JSON's types only."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): to_json(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)
