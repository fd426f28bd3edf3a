"""Reads what a header says of neutral values: at which settings of one idea another comes back."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from kb.records import Idea

Value = float | int | bool | str

_GIVES = re.compile(r"(?P<at>\w+=\S+(?:(?: with| and) \w+=\S+)*),? (?:nearly )?gives (?P<rest>.+)")
_SETTING = re.compile(r"(\w+)=([^\s,;]+)")
_WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+|[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Reduction:
    """Where one idea is another: settings of the one, settings of the other, and what the header says of it."""

    settings: Mapping[str, Value] = field(default_factory=dict)
    of_other: Mapping[str, Value] = field(default_factory=dict)
    told: str = ""


def find_reduction(idea: Idea, other: Idea) -> Reduction | None:
    """Return at which settings an idea is said to give another; None where its header says nothing of it."""
    for parameter in (*idea.parameters, *idea.gates):
        found = _GIVES.match(parameter.neutral)
        if found is None or _first_idea(found["rest"]) != other.slug:
            continue
        settings = _read(found["at"], idea)
        rest = found["rest"].partition(" with ")[2]
        of_other, own = _read(rest, other), _read(rest, idea)
        # "gives delta-rule with norm=false" may speak of either; a name that both have is the other's
        settings |= {name: value for name, value in own.items() if name not in of_other}
        return Reduction(settings, of_other, parameter.neutral)
    return None


def _first_idea(text: str) -> str:
    found = _WORD.match(text)
    return found[0] if found else ""


def _read(text: str, idea: Idea) -> dict[str, Value]:
    names = {one.name for one in (*idea.parameters, *idea.gates)}
    return {name: _read_value(value) for name, value in _SETTING.findall(text) if name in names}


def _read_value(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value if isinstance(value, int | float) else text
