"""The record of the mutation runs: one file an idea, written by the tool, its explanations by a person.

It holds for the code behind the header, which is prose, and for what stands behind that of the test file, by hashes.
"""

import ast
import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "record"
HEAD = "# Written by python -m tests.mutation; only what stands behind why = is written by hand.\n"


@dataclass(frozen=True)
class Record:
    """One run: hashes, numbers, and the survivors by name with the reason why none of them can or need be killed."""

    code: str
    tests: str
    mutants: int
    survivors: Mapping[str, str] = field(default_factory=dict)
    out_of_time: int = 0
    by_contract: int = 0

    @property
    def unexplained(self) -> list[str]:
        """The survivors without a reason."""
        return [name for name, why in self.survivors.items() if not why]


def hash_code(code: str) -> str:
    """Return the hash of a file's text behind its docstring, which nothing executes."""
    header = ast.parse(code).body[0].end_lineno or 0
    behind = "".join(code.splitlines(keepends=True)[header:])
    return hashlib.sha256(behind.encode()).hexdigest()[:16]


def read_record(idea: str) -> Record | None:
    """Return what was recorded of an idea, or None."""
    file = FOLDER / f"{idea}.toml"
    if not file.is_file():
        return None
    told = tomllib.loads(file.read_text(encoding="utf-8"))
    groups = told.pop("survivors", [])
    return Record(**told, survivors={name: group["why"] for group in groups for name in group["mutants"]})


def write_record(idea: str, record: Record) -> None:
    """Write what was found, survivors of one reason together, those without one first."""
    numbers = {
        "code": record.code,
        "tests": record.tests,
        "mutants": record.mutants,
        "out_of_time": record.out_of_time,
        "by_contract": record.by_contract,
    }
    lines = [f"{key} = {_quoted(value)}" for key, value in numbers.items()]
    for why in sorted(set(record.survivors.values())):
        lines += ["", "[[survivors]]", f"why = {_quoted(why)}", "mutants = ["]
        lines += [f"  {_quoted(name)}," for name, reason in record.survivors.items() if reason == why]
        lines += ["]"]
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{idea}.toml").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


def explain(names: Sequence[str], before: Record | None) -> dict[str, str]:
    """Return the survivors with the reasons that were already given."""
    return {name: before.survivors.get(name, "") if before else "" for name in names}


def _quoted(value: object) -> str:
    # what JSON calls a string or a number, TOML calls the same
    return json.dumps(value, ensure_ascii=False)
