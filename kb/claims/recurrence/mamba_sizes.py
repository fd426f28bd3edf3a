"""Mamba's sizes: a stack of one kind of layer, counted from the shipped state space."""

from functools import partial
from typing import Any

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.records import Evidence

_NAMES = {"130M": 130e6, "370M": 370e6, "790M": 790e6, "1.4B": 1.4e9, "2.8B": 2.8e9}


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the subject's counts are from the names of the five models, as a share, at the worst."""
    from kb.reference.presets.listing import find_presets

    sizes = {one.name.removeprefix("Mamba-"): one.config for one in find_presets("mamba")}
    counts = {name: subject(int(sizes[name]["layers"]), int(sizes[name]["width"])) for name in _NAMES}
    apart = [abs(counts[name] / size - 1) for name, size in _NAMES.items()]
    return Measurement(find_worst(apart), ", ".join(f"{name}: {count:,}" for name, count in counts.items()))


def _count(layers: int, width: int, own_head: bool = False, **other: Any) -> int:
    """Return the weights of a preset; with ``own_head`` the embedding is not the head as well."""
    from kb.reference.presets.mamba import Mamba
    from kb.reference.presets.parts import count_parts

    parts = count_parts(Mamba(layers, width, **other).list_parts())
    return sum(parts.values()) + own_head * parts["embedding"]


def _half_as_deep(layers: int, width: int) -> int:
    return _count(layers // 2, width)


CLAIMS = (
    Claim(
        id="mamba-has-the-size-of-its-name",
        statement=(
            "One kind of layer, twice as many of them as a Transformer of the same size has blocks, gives five "
            "models within two per cent of their names: the shipped state space between projections to four times "
            "the width and back, RMSNorm, a convolution over four tokens, and one table for words in and out."
        ),
        kind="count",
        between=("selective-state-space",),
        evidence=Evidence("arxiv:2312.00752", "Section 3.4; sizes as in the authors' repository"),
        inputs="shapes alone: 24 to 64 layers, widths of 768 to 2560, 50,280 words",
        equation=r"N = V D + D + L \big(6 D^2 + D + 2 D (2 R + 3 K + 7)\big), \qquad K = 16,\ R = D / 16",
        bound=0.02,
        why_bound="Names are round: 1,372 million for 1.4B is 1.99 per cent off.",
        family="recurrence",
        check=_check,
        subject=_count,
        wrong_variants={
            "a head of its own": partial(_count, own_head=True),
            "as many layers as a Transformer has blocks": _half_as_deep,
            "no expansion": partial(_count, expansion=1),
            "64 states a channel": partial(_count, state=64),
        },
        executes=("selective-state-space", "rms-norm"),
        draws=1,
    ),
)
