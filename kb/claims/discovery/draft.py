"""Writes a relation that was found as a claim: a file that runs, in the form in which a user writes one.

The check draws inputs that the search has not seen. Its wrong variants leave out one condition each: a relation whose
conditions can all be left out would not have been shown with them.
"""

import json
import re
from collections.abc import Iterator, Sequence

from kb.claims.discovery.draft_code import list_shapes, write_condition, write_factor, write_own, write_settings
from kb.claims.discovery.telling import join_words, tell, tell_evidence
from kb.claims.own.inputs import list_inputs, write_call
from kb.claims.own.template import make_id
from kb.records import DiscoveredRelation, Idea, Side

Variant = tuple[str, list[int], tuple[int, int]]
"""In words, which conditions stay, which setting of either side is left out (-1 for none)."""

_HEAD = '''"""Found by search: {title}

{evidence}
"""

import torch

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence


def _check(subject: Subject, draw: Draw) -> Measurement:
    inputs = {inputs}
    apart = relative(*subject(inputs))
    # what is not finite is as far apart as can be
    return Measurement(apart if apart < 1e300 else 1e300)


'''
_PAIR = """def {name}(inputs):
{change}    return {one}, {other}


"""
_RUN = """def {name}(inputs, without="", **settings):
{change}    {imported}

    returned = {call}
    output = returned[0] if isinstance(returned, tuple) else returned
    {shown}


"""
_CLAIM = """CLAIMS = (
    Claim(
        id={id},
        statement={statement},
        kind="{kind}",
        between={between},
        family="{family}",
        evidence=Evidence("", "found by search"),
        inputs={inputs},
        equation="",
        bound={bound},
        why_bound={why},
        holds="at most",
        draws=20,
        check=_check,
        subject=_subject,
        wrong_variants={{{variants}}},
        executes={between},
    ),
)
"""
_WINDOW = 16
_ROW = "return output - output.mean(dim=-1, keepdim=True)  # what a softmax over keys can see"


def write_draft(relation: DiscoveredRelation, one: Idea, other: Idea, *, family: str) -> str:
    """Return the file; it is ``own`` in form, so ``stemma claim run`` and ``stemma claim add`` take it.

    Parameters
    ----------
    one, other : the ideas of the relation's sides, in their order
    """
    sizes = _choose_sizes(relation, one, other)
    variants = _list_variants(relation, (one, other), sizes["T"])
    told = "".join(_write_pairs(relation, variants, one, other))
    runs = "".join(
        _write_run(side, idea, one, other, relation.up_to_rows)
        for side, idea in zip(relation.sides, (one, other), strict=True)
    )
    head = _HEAD.format(
        title=tell(relation), evidence=tell_evidence(relation), inputs=_indent(list_inputs(one, other, sizes))
    )
    slugs = tuple(idea.slug for idea in (one, other) if ":" not in idea.slug)
    return f"{head}{told}{runs}{_write_claim(relation, [words for words, *_ in variants], slugs, family)}"


def _choose_sizes(relation: DiscoveredRelation, *ideas: Idea) -> dict[str, int]:
    """Return sizes at which every condition shows: more tokens than a chunk or a window has, but no more than fit."""
    whole = [one.default for idea in ideas for one in idea.parameters if type(one.default) is int]
    tokens = 3 * max((one for one in whole if one <= _WINDOW), default=2) + 1
    fitting = {"T": 4} if "keys-orthonormal" in relation.condition_names else {"T": tokens}
    return {"B": 2, "H": 2, "K": 8, "V": 8, "D": 8, "F": 12, "R": 4, "C": 16, "A": 3, "N": 8} | fitting


def _write_pairs(relation: DiscoveredRelation, variants: Sequence[Variant], one: Idea, other: Idea) -> Iterator[str]:
    """Yield the subject, and for each condition a wrong variant that leaves it out."""
    shapes = list_shapes(one, other)
    times = write_factor(relation.factor, relation.sides, one)
    settings = ["".join(write_settings(side, one)) for side in relation.sides]
    lines = [write_condition(name, shapes) for name in relation.condition_names]
    sides = [f"_{_function(side)}(inputs{more})" for side, more in zip(relation.sides, settings, strict=True)]
    yield _PAIR.format(name="_subject", change="".join(lines), one=sides[0], other=f"{sides[1]}{times}")
    for number, (_, kept, left) in enumerate(variants):
        fewer = [line for place, line in enumerate(lines) if place in kept]
        calls = []
        for side, skipped in zip(relation.sides, left, strict=True):
            more = "".join(write_settings(side, one, skipped))
            off = f", without={json.dumps(side.settings[skipped])}" if skipped >= 0 else ""
            calls.append(f"_{_function(side)}(inputs{more}{off})")
        sign = "-" if len(kept) == len(lines) and left == (-1, -1) else ""
        yield _PAIR.format(
            name=f"_wrong_{number}", change="".join(fewer), one=f"{sign}{calls[0]}", other=f"{calls[1]}{times}"
        )


def _list_variants(relation: DiscoveredRelation, ideas: tuple[Idea, Idea], tokens: int) -> list[Variant]:
    """Return what goes wrong where one condition is left out; not a length beyond the tokens of a check."""
    everything = list(range(len(relation.conditions)))
    found = [
        (f"without {words}", [place for place in everything if place != skipped], (-1, -1))
        for skipped, words in enumerate(relation.conditions)
    ]
    for at, (side, idea) in enumerate(zip(relation.sides, ideas, strict=True)):
        defaults = {one.name: one.default for one in idea.parameters}
        for place, (words, detail) in enumerate(zip(side.settings, side.details, strict=True)):
            default = defaults.get(str(detail["slot"]))
            if detail["kind"] != "size" or not isinstance(default, int) or default < tokens:
                left = (place, -1) if at == 0 else (-1, place)
                found.append((f"{side.idea} without {words}", everything, left))
    return found or [("with the other sign", everything, (-1, -1))]


def _function(side: Side) -> str:
    return re.sub(r"\W", "_", side.idea)


def _write_run(side: Side, idea: Idea, one: Idea, other: Idea, up_to_rows: bool) -> str:
    """Return the function that runs one idea with what is set of its gates and weights."""
    return _RUN.format(
        name=f"_{_function(side)}",
        change="".join(line for detail in side.details for line in write_own(detail, idea, one, other)),
        imported=_import(idea),
        call=write_call(idea, one),
        shown=_ROW if up_to_rows else "return output",
    )


def _import(idea: Idea) -> str:
    if ":" in idea.slug:
        return f"from {idea.slug.replace(':', '_')} import {idea.function}"
    return f"from kb.reference.{idea.function} import {idea.function}"


def _indent(text: str) -> str:
    return text.replace("\n", "\n    ")


def _write_claim(relation: DiscoveredRelation, variants: Sequence[str], slugs: tuple[str, ...], family: str) -> str:
    exact = relation.kind != "limit"
    why = (
        "Both sides are the same sums in float64, in another order: they differ by rounding."
        if exact
        else "The number has gone four decades towards its end: what is left is of that order."
    )
    rejected = [f"{json.dumps(words, ensure_ascii=False)}: _wrong_{number}" for number, words in enumerate(variants)]
    title = tell(relation)
    return _CLAIM.format(
        id=json.dumps(make_id(title)),
        statement=json.dumps(title[0].upper() + title[1:], ensure_ascii=False),
        kind={"equal": "equality", "special case": "reduction", "limit": "limit"}.get(relation.kind, "equality"),
        between=repr(slugs).replace("'", '"'),
        family=family,
        inputs=json.dumps(join_words(["random, in float64", *relation.conditions])),
        bound="1e-09" if exact else f"{min(0.05, max(1e-9, 10 * relation.measured)):.1g}",
        why=json.dumps(why),
        variants=", ".join(rejected),
    )
