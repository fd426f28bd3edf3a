"""Composes the program that searches for relations between ideas; ``guest_discovery`` names what it reports.

A pure function, as in ``kb.reference.program``: ideas go in, a program's text comes out.
"""

from collections import Counter
from collections.abc import Sequence

from kb.claims.discovery.substitutions import list_substitutions, share_parts, share_ranges
from kb.errors import InvalidQueryError
from kb.records import Idea
from kb.reference.comparing import label_ideas
from kb.reference.header import speak_form
from kb.reference.program import compose, describe_idea

PARTS = (
    "guest_conditions",
    "guest_agreement",
    "guest_confirming",
    "guest_lattice",
    "guest_weakness",
    "guest_discovery",
)
"""The parts of the guest that search, in the order in which they need one another."""
_MOST_OF_TWO, _MOST_OF_MANY = 300, 100
"""How many sets of substitutions of an idea are tried: more where only two are looked at."""
_FEW = 4


def build_discovery_program(ideas: Sequence[Idea], *, seed: int = 0) -> str:
    """Return a program that searches all pairs of ideas of one form.

    Raises
    ------
    InvalidQueryError : no two of the ideas have one form
    """
    forms = Counter(idea.form for idea in ideas)
    kept = [idea for idea in ideas if forms[idea.form] > 1]
    if not kept:
        told = ", ".join(f"{idea.slug} is {speak_form(idea.form)}" for idea in ideas)
        raise InvalidQueryError(
            f"only ideas of one form take the same input: {told or 'no idea was named'}; name two of one form"
        )
    described = []
    for idea, label in zip(kept, label_ideas(kept), strict=True):
        kin = [other for other in kept if other.form == idea.form]
        described.append({**describe_idea(idea, {}), "label": label, "substitutions": list_substitutions(idea, kin)})
    share_ranges(described)
    share_parts(described)
    few = max(forms.values()) <= _FEW
    most = _MOST_OF_TWO if few else _MOST_OF_MANY
    return compose("report_discovery", described, seed, *PARTS, most=most, together=2)
