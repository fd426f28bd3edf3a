"""A claim to begin with: a file that runs as it stands, with a comment at every place that its author fills in.

It compares two ideas of one form. Where the header of one says at which value it gives the other, that is the claim;
otherwise it says that they are one function, which the author corrects.
"""

import json
import re
import textwrap

from kb.claims.own.inputs import list_inputs, write_call
from kb.claims.own.neutral import Reduction, find_reduction
from kb.errors import InvalidQueryError
from kb.records import Idea

_HEAD = '''"""A claim of your own: two ideas, what is said about them, and the check that holds it against a bound.

Change what you like, then: stemma claim run FILE. It runs confined. To keep it: stemma claim add FILE.
"""

import torch

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence
'''

_CHECK = """

# The check: it draws inputs, hands them to the subject, and returns one figure a draw, here how far the two sides
# are apart, relative to the largest output. Only numbers that draw gives, so that a seed gives the same again.
def _check(subject: Subject, draw: Draw) -> Measurement:
    inputs = {inputs}
    found, expected = subject(inputs)
    return Measurement(relative(found, expected))


# The subject: both sides of what is claimed. First {newer}, then {older}.
{told}def _subject(inputs):
{neutral}    return _newer(inputs{settings}), _older(inputs{of_other})


# A wrong variant: a misreading that the check has to reject, or it proves nothing. The better it is chosen, the more
# the claim says; several are better than one.
def _wrong(inputs):
{wrong}


def _newer(inputs, **settings):
    {import_newer}

    returned = {call_newer}
    return _output(returned)


def _older(inputs, **settings):
    {import_older}

    returned = {call_older}
    return _output(returned)


def _output(returned):
    # some ideas return their state as well
    {output}
"""

_CLAIM = """

# What is said here is read without running the file, so it is written out: no f-strings, nothing computed.
CLAIMS = (
    Claim(
        # words that state it, with hyphens
        id={id},
        # what holds, and within which limits, in a sentence that ends with a full stop
        statement={statement},
        # equality, reduction, limit, scaling, ordering, count, inequality; or separation, for what is believed and
        # false: then the statement is the belief, and expected="refuted"
        kind="{kind}",
        # the ideas that it is about, the ancestor first; the lane of the map that it belongs to
        between={between},
        family="{family}",
        # who says so, and where: a paper's key and its section, or yourself
        evidence=Evidence("", "my own"),
        # what the check draws
        inputs={inputs},
        equation="",
        # the figure of every draw keeps the bound, or the claim is refuted. Think before you measure: why this bound?
        bound=1e-12,
        why_bound="Both sides are the same sums in float64, in another order: they differ by rounding, near 1e-15.",
        # "at most", or "at least" for a margin
        holds="at most",
        draws={draws},
        check=_check,
        subject=_subject,
        wrong_variants={{{wrong}: _wrong}},
        # the reference implementations that the check runs
        executes={executes},
    ),
)
"""

_UNSLUG = re.compile(r"[^a-z0-9]+")
_LONGEST = 80


def build_claim_template(one: Idea, other: Idea, *, name: str = "", family: str = "fast-weights") -> str:
    """Return the file for two ideas, in either order.

    Raises
    ------
    InvalidQueryError : they are one, or have no form in common
    """
    if one.slug == other.slug:
        raise InvalidQueryError(f"{one.slug} cannot be compared with itself; name two ideas")
    if one.form != other.form:
        raise InvalidQueryError(
            f"{one.slug} ({one.form}) and {other.slug} ({other.form}) have no form in common; name two of one form"
        )
    older, newer, reduction = one, other, find_reduction(other, one)
    if reduction is None and (turned := find_reduction(one, other)):
        older, newer, reduction = other, one, turned
    return f"{_HEAD}{_write_check(newer, older, reduction)}{_write_claim(newer, older, reduction, name, family)}"


def make_id(text: str) -> str:
    """Return an id made of the words of a text; empty where it has none."""
    return _UNSLUG.sub("-", text.casefold()).strip("-")[:_LONGEST].strip("-")


def _write_check(newer: Idea, older: Idea, reduction: Reduction | None) -> str:
    reduced = reduction or Reduction()
    gates = {gate.name for gate in newer.gates}
    neutral = "".join(
        f'    inputs = inputs | {{"{name}": torch.full_like(inputs["{name}"], {float(value)})}}\n'
        for name, value in reduced.settings.items()
        if name in gates
    )
    settings = _write_settings({name: value for name, value in reduced.settings.items() if name not in gates})
    of_other = _write_settings(reduced.of_other)
    away = f"    return _newer(inputs), _older(inputs{of_other})"
    back = f"    return _newer(inputs{settings}), -_older(inputs{of_other})"
    return _CHECK.format(
        inputs=textwrap.indent(list_inputs(newer, older), "    ").lstrip(),
        newer=_title(newer),
        older=_title(older),
        told=_tell_header(newer, reduction),
        neutral=neutral,
        settings=settings,
        of_other=of_other,
        wrong=away if _is_away(newer, reduced) else back,
        import_newer=_import(newer),
        import_older=_import(older),
        call_newer=write_call(newer, newer),
        call_older=write_call(older, newer),
        output=_OUTPUTS.get(newer.form, _OUTPUT),
    )


def _tell_header(newer: Idea, reduction: Reduction | None) -> str:
    told = (
        f"The header of {newer.function} says: {reduction.told}."
        if reduction
        else "No header says where they agree: they are set side by side as they stand. Change that."
    )
    return textwrap.fill(told, 116, initial_indent="# ", subsequent_indent="# ") + "\n"


_OUTPUT = "return returned[0] if isinstance(returned, tuple) else returned"
_OUTPUTS = {"features": "return returned @ returned.mT  # features may differ in number: compared are their products"}


def _is_away(newer: Idea, reduced: Reduction) -> bool:
    """Tell whether the newer idea as it is by default is away from where it gives the older."""
    defaults = {one.name: one.default for one in (*newer.parameters, *newer.gates)}
    return any(defaults.get(name) != value for name, value in reduced.settings.items())


def _write_claim(newer: Idea, older: Idea, reduction: Reduction | None, name: str, family: str) -> str:
    slugs = [idea.slug for idea in (older, newer) if ":" not in idea.slug]
    away = reduction is not None and _is_away(newer, reduction)
    where = _speak(reduction.settings) if reduction else ""
    told = f"{_title(newer)}{f' at {where}' if where else ''} is {_title(older)}"
    told += f" with {_speak(reduction.of_other)}" if reduction and reduction.of_other else ""
    drawn = ", ".join(re.findall(r'^    "(\w+)', list_inputs(newer, older), re.MULTILINE))
    listed = tuple(slugs).__repr__().replace("'", '"')
    return _CLAIM.format(
        id=json.dumps(make_id(name) or make_id(told)),
        statement=json.dumps(f"{told}.", ensure_ascii=False),
        kind="reduction" if reduction and reduction.settings else "equality",
        between=listed,
        family=family,
        inputs=json.dumps(f"random {drawn}; float64" if drawn else "nothing is drawn"),
        draws=20 if drawn else 1,
        wrong='"away from that value"' if away else '"with the other sign"',
        executes=listed,
    )


def _write_settings(settings: object) -> str:
    return "".join(f", {name}={value!r}" for name, value in dict(settings).items()).replace("'", '"')  # type: ignore[call-overload]


def _speak(settings: object) -> str:
    return " and ".join(f"{name}={str(value).lower()}" for name, value in dict(settings).items())  # type: ignore[call-overload]


def _title(idea: Idea) -> str:
    return " ".join(idea.title.partition(":")[0].split())[:60] or idea.slug


def _import(idea: Idea) -> str:
    """Return how a claim imports an idea; a user's own is a module called after its number."""
    if ":" in idea.slug:
        return f"from {idea.slug.replace(':', '_')} import {idea.function}"
    return f"from kb.reference.{idea.function} import {idea.function}"
