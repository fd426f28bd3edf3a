"""The parameters that a user names on attaching code: ``decay = 0.9 in 0..1; steps in 1..500; mode = a of a | b``.

A default that is left out is the code's own. What is named refines what the code says: it may give another default of
the same kind, a range to a number and choices to a word.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

from kb.errors import InvalidQueryError
from kb.records import Parameter
from kb.reference.header import parse_parameters_section

Value = float | int | bool | str

_ENTRY = re.compile(r"(\w+)\s*(?:=\s*(.*?))?(?:\s+in\s+(\S+?)\s*\.\.\s*(\S+))?(?:\s+of\s+(.+))?")
_SYNTAX = "name = default in low..high, or name = a of a | b"


def refine_parameters(named: str, known: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """Return the parameters that the text names, in its order; each must be one that the code has.

    Parameters
    ----------
    named : entries parted by semicolons
    known : what the code itself says of each parameter, by name

    Raises
    ------
    InvalidQueryError : an entry cannot be read, names what the code does not have, or contradicts itself
    """
    found: dict[str, Parameter] = {}
    for entry in filter(None, (part.strip() for part in named.split(";"))):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise InvalidQueryError(f"the parameter {entry!r} cannot be read: write {_SYNTAX}")
        # as Python itself does with identifiers
        name = unicodedata.normalize("NFKC", match[1])
        if name not in known:
            offered = ", ".join(known) or "none that can be set"
            raise InvalidQueryError(f"the code has no parameter {name!r}: it has {offered}")
        if name in found:
            raise InvalidQueryError(f"the parameter {name!r} is named twice: name it once")
        found[name] = _refine(known[name], match[2], (match[3], match[4]), match[5])
    return found


def refine_by_label(text: str, known: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """Return the parameters that a label ``Parameters`` declares, as far as the code has them.

    Raises
    ------
    InvalidQueryError : the label cannot be read, or declares what the code does not have
    """
    found = {}
    for one in parse_parameters_section(text):
        if one.name not in known:
            offered = ", ".join(known) or "no parameter"
            raise InvalidQueryError(f"the label Parameters names {one.name!r}, but the function takes {offered}")
        default = _suit(one.name, one.default, known[one.name].default)
        found[one.name] = _check(replace(one, default=default))
    return found


def write_parameters(parameters: Sequence[Parameter], known: Mapping[str, Parameter] | None = None) -> str:
    """Return parameters as a text that can be read again; a default that is the code's own is left out."""
    return "; ".join(_write(one, (known or {}).get(one.name)) for one in parameters)


def loosen(parameter: Parameter) -> Parameter:
    """Return the parameter without a range or choices that its default does not keep to."""
    default, low, high = parameter.default, parameter.low, parameter.high
    if isinstance(default, bool | str) or (low is not None and high is not None and not low <= default <= high):
        parameter = replace(parameter, low=None, high=None)
    return parameter if default in parameter.choices else replace(parameter, choices=())


def _write(parameter: Parameter, known: Parameter | None) -> str:
    told = parameter.name
    if known is None or parameter.default != known.default:
        value = parameter.default
        told += f" = {str(value).lower() if isinstance(value, bool) else value}"
    if parameter.low is not None and parameter.high is not None:
        told += f" in {parameter.low:.15g}..{parameter.high:.15g}"
    return told + (f" of {' | '.join(parameter.choices)}" if parameter.choices else "")


def _refine(known: Parameter, default: str | None, span: tuple[str | None, str | None], of: str | None) -> Parameter:
    refined = known if default is None else loosen(replace(known, default=_read(known, default)))
    if span[0] is not None and span[1] is not None:
        low, high = (_number(known.name, text) for text in span if text is not None)
        refined = replace(refined, low=low, high=high, choices=())
    if of is not None:
        refined = replace(refined, choices=tuple(word.strip() for word in of.split("|")), low=None, high=None)
    return _check(refined)


def _read(known: Parameter, text: str) -> Value:
    if isinstance(known.default, str):
        return text
    if text.casefold() in ("true", "false"):
        return _suit(known.name, text.casefold() == "true", known.default)
    number = _number(known.name, text)
    return _suit(known.name, int(text) if re.fullmatch(r"[+-]?\d{1,15}", text) else number, known.default)


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise InvalidQueryError(f"{name}: {text!r} is no number; write {_SYNTAX}") from None
    if number - number != 0:
        raise InvalidQueryError(f"{name}: {text!r} is not finite; write a number")
    return number


def _suit(name: str, value: Value, own: Value) -> Value:
    """Return a default as the kind of value that the code's own default is."""
    if isinstance(own, float) and type(value) is int:
        return float(value)
    if type(value) is not type(own):
        kinds = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}
        raise InvalidQueryError(f"{name} must be {kinds[type(own)]}, as {own!r} in the code is, not {value}")
    return value


def _check(parameter: Parameter) -> Parameter:
    name, default = parameter.name, parameter.default
    if parameter.low is not None and parameter.high is not None:
        if isinstance(default, bool | str):
            raise InvalidQueryError(f"{name} is no number, so it has no range: leave 'in ..' out")
        if not parameter.low <= default <= parameter.high:
            span = f"{parameter.low:g}..{parameter.high:g}"
            raise InvalidQueryError(f"{name} = {default} is not in {span}: change the default or the range")
    if parameter.choices:
        if not isinstance(default, str):
            raise InvalidQueryError(f"{name} is no word, so it has no choices: give a range with 'in low..high'")
        if default not in parameter.choices or not all(parameter.choices):
            raise InvalidQueryError(f"{name} = {default} is not among {' | '.join(parameter.choices)}: add it")
    return parameter
