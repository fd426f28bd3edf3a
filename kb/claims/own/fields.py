"""What each field of a user's own claim may hold; another value is refused in one line that says what to write."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from kb.errors import InvalidQueryError
from kb.records import FAMILIES, ClaimCost, ClaimKind, Evidence, Holds

MOST_DRAWS = 200
"""Seeds of one execution; every one of them is a run of both sides."""
MOST_VARIANTS = 20
_MOST_IDEAS = 8
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST = {"id": 80, "name of a wrong variant": 120, "evidence": 200, "equation": 400, "inputs": 400}
_LONG = 600


def refuse(message: str) -> InvalidQueryError:
    """Return the refusal of a claim, to be raised."""
    return InvalidQueryError(f"the claim cannot be taken: {message}")


def read_text(name: str, value: object) -> str:
    """Return a text on one line, without control characters.

    Raises
    ------
    InvalidQueryError : it is no text, or too long to be read on a page
    """
    if not isinstance(value, str):
        raise refuse(f"{name} is {_tell(value)}, not a text in quotes")
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in value).split())
    most = _LONGEST.get(name, _LONG)
    if len(text) > most:
        raise refuse(f"{name} has {len(text):,} characters, of {most} at most; shorten it")
    return text


def _read_said(name: str, value: object) -> str:
    text = read_text(name, value)
    if not text:
        raise refuse(f"{name} is empty; write it")
    return text


def _read_id(name: str, value: object) -> str:
    text = _read_said(name, value)
    if not _ID.fullmatch(text):
        raise refuse(f"{name} is {text!r}; write small letters, digits and hyphens, as in my-first-claim")
    return text


def _read_equation(name: str, value: object) -> str:
    text = read_text(name, value)
    if "$" in text or "`" in text:
        raise refuse("equation holds a $ or a `; write LaTeX without dollars around it")
    return text


def _read_number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refuse(f"{name} is {_tell(value)}, not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise refuse(f"{name} is not finite; write a number such as 1e-12")
    return number


def _read_optional_number(name: str, value: object) -> float | None:
    return None if value is None else _read_number(name, value)


def _read_draws(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_DRAWS:
        raise refuse(f"{name} is {_tell(value)}; write a whole number in 1..{MOST_DRAWS}")
    return value


def _read_texts(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, tuple | list) or len(value) > _MOST_IDEAS:
        raise refuse(f'{name} is {_tell(value)}; write at most {_MOST_IDEAS} in brackets: ("linear-attention",)')
    return tuple(_read_said(name, one) for one in value)


def _read_evidence(name: str, value: object) -> Evidence:
    """Return who says so; the paper may be left empty by somebody who says so himself."""
    if not isinstance(value, Evidence):
        raise refuse(f'{name} is {_tell(value)}; write Evidence("arxiv:2006.16236", "Section 3.2")')
    return Evidence(read_text(name, value.paper), _read_said(name, value.locator))


def _choose(words: Sequence[str]) -> Callable[[str, object], str]:
    def read(name: str, value: object) -> str:
        if value not in words:
            raise refuse(f"{name} is {_tell(value)}; write one of {', '.join(words)}")
        return str(value)

    return read


def _tell(value: object) -> str:
    told = repr(value)
    return told if len(told) <= 40 else f"{told[:40]}…"


FIELDS: Mapping[str, Callable[[str, object], Any]] = {
    "id": _read_id,
    "statement": _read_said,
    "kind": _choose(get_args(ClaimKind)),
    "between": _read_texts,
    "evidence": _read_evidence,
    "inputs": _read_said,
    "bound": _read_number,
    "why_bound": _read_said,
    "family": _choose(FAMILIES),
    "executes": _read_texts,
    "holds": _choose(get_args(Holds)),
    "expected": _choose(("verified", "refuted")),
    "cost": _choose(get_args(ClaimCost)),
    "draws": _read_draws,
    "bound_single": _read_optional_number,
    "equation": _read_equation,
    "pitfall": read_text,
    "papers": _read_texts,
}
"""What a claim says, by field: read from literals."""
CODE = ("check", "subject", "wrong_variants", "smallest")
"""What a claim does: code, left to the confined process."""
NEEDED = (
    *("id", "statement", "kind", "between", "evidence", "inputs", "bound", "why_bound", "family", "executes"),
    *("check", "subject", "wrong_variants"),
)
"""The fields without a default."""
