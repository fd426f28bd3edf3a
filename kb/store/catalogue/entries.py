"""Read the hand-written TOML of ``data/`` into typed values, each knowing its file and line.

``tomllib`` forgets where things stand, so the line of each record is found by its ``[[header]]`` and the line of a
field by its name below it: exact for files in the form that CONTRIBUTING shows.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

from kb.errors import CuratedDataError

T = TypeVar("T")


@dataclass(slots=True)
class Entry:
    """One record of a TOML file. Reading a field marks it as known; ``close`` refuses the rest."""

    file: Path
    line: int
    values: Mapping[str, object]
    text: tuple[str, ...]
    """The record's own lines, to find a field's line."""
    seen: set[str] = field(default_factory=set)

    def fail(self, message: str, name: str = "") -> CuratedDataError:
        """Return the error that names this record's file and the line of the field."""
        word = re.escape(name)
        pattern = re.compile(rf"\s*(?:{word}\s*[.=]|\[\w+\.{word}\])") if name else None
        offset = next((i for i, line in enumerate(self.text) if pattern and pattern.match(line)), 0)
        return CuratedDataError(message, self.file, self.line + offset)

    def words(self, name: str, default: str | None = None) -> str:
        """Return a text with its line breaks and runs of spaces collapsed; refuses an empty one that is needed."""
        value = " ".join(self._take(name, str, default).split())
        if not value and default is None:
            raise self.fail(f"{name} is empty", name)
        return value

    def number(self, name: str, default: int | None = None) -> int:
        return self._take(name, int, default)

    def flag(self, name: str, default: bool = False) -> bool:
        return self._take(name, bool, default)

    def day(self, name: str) -> date | None:
        return self._take(name, date, None) if name in self.values else None

    def names(self, name: str) -> tuple[str, ...]:
        """Return a list of texts, empty where the field is absent; refuses a text listed twice."""
        value = self._take(name, list, [])
        if not all(isinstance(one, str) and one.strip() for one in value):
            raise self.fail(f"{name} must be a list of non-empty texts", name)
        twice = sorted({one for one in value if value.count(one) > 1})
        if twice:
            raise self.fail(f"{name} lists {twice[0]!r} twice", name)
        return tuple(value)

    def table(self, name: str) -> dict[str, str]:
        """Return a table of texts, empty where the field is absent."""
        value = self._take(name, dict, {})
        if not all(isinstance(one, str) for one in value.values()):
            raise self.fail(f"{name} must hold texts only", name)
        return dict(value)

    def tables(self, name: str) -> list[dict[str, object]]:
        value = self._take(name, list, [])
        if not all(isinstance(one, dict) for one in value):
            raise self.fail(f"{name} must be a list of tables", name)
        return value

    def close(self) -> None:
        """Refuse a field that nobody asked for: most often a slip of the pen."""
        unknown = sorted(self.values.keys() - self.seen)
        if unknown:
            raise self.fail(f"unknown field {unknown[0]!r}; known here: {', '.join(sorted(self.seen))}", unknown[0])

    def _take(self, name: str, kind: type[T], default: T | None) -> T:
        self.seen.add(name)
        if name not in self.values:
            if default is None:
                raise self.fail(f"the field {name!r} is missing")
            return default
        value = self.values[name]
        # Exactly this type: a bool is no number, and a time stamp is no day.
        if type(value) is not kind:
            raise self.fail(f"{name} must be a {kind.__name__}, not {value!r}", name)
        return value


def read_entries(folder: Path, header: str) -> Iterator[Entry]:
    """Give the records under ``[[header]]`` of all TOML files of a folder, files in order of their names.

    Raises
    ------
    CuratedDataError : the folder is missing, a file is no TOML or holds something else
    """
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise CuratedDataError("no TOML file here; is the data folder complete?", folder, 1)
    for file in files:
        yield from read_file(file, header)


def read_file(file: Path, header: str) -> Iterator[Entry]:
    """Give the records under ``[[header]]`` of one file."""
    try:
        text = file.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except OSError as error:
        raise CuratedDataError(f"cannot be read: {error.strerror}", file, 1) from error
    except UnicodeDecodeError as error:
        raise CuratedDataError(f"is not UTF-8 at byte {error.start}", file, 1) from error
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        raise CuratedDataError(f"is no TOML: {error}", file, int(found[1]) if found else 1) from error
    stray = sorted(content.keys() - {header})
    if stray:
        raise CuratedDataError(f"only [[{header}]] records belong here, not {stray[0]!r}", file, 1)
    lines = text.split("\n")
    starts = [i for i, line in enumerate(lines, start=1) if line.strip() == f"[[{header}]]"]
    records = content.get(header, [])
    if len(starts) != len(records):
        raise CuratedDataError(f"write each [[{header}]] header alone on its line", file, 1)
    for start, stop, values in zip(starts, [*starts[1:], len(lines) + 1], records, strict=True):
        yield Entry(file, start, values, tuple(lines[start - 1 : stop - 1]))
