"""The rules of the family against plain arithmetic with fractions, where equal means equal."""

from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Inputs = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]

Vector = list[Fraction]


def _check_fractions(subject: Subject, draw: Draw) -> Measurement:
    """Count the numbers in which the shipped implementations differ from the subject's plain arithmetic."""
    from kb.reference.delta_rule import delta_rule
    from kb.reference.deltanet import deltanet
    from kb.reference.fast_weight_programmer import fast_weight_programmer
    from kb.reference.gated_delta_rule import gated_delta_rule
    from kb.reference.gated_linear_attention import gated_linear_attention
    from kb.reference.retention import retention
    from kb.reference.state_space_duality import state_space_duality

    q, k, v = (draw.integers(-2, 3, 1, 5, 1, 2).to(draw.dtype) for _ in range(3))
    beta, decay = (draw.integers(1, 4, 1, 5, 1).to(draw.dtype) / 4 for _ in range(2))
    one, gamma = beta * 0 + 1, decay[:, :1].expand_as(decay)
    by_channel = decay[..., None].expand_as(k)
    added, corrected = subject((q, k, v, one, one), False), subject((q, k, v, beta, one))
    faded, constant = (subject((q, k, v, one, fade), False) for fade in (decay, gamma))
    plain = partial(deltanet, q, k, v, beta, features="identity", normalise="none")
    gated = gated_delta_rule(q, k, v, beta, decay, form="recurrent", normalise="none")[0]
    pairs = [
        (fast_weight_programmer(q, k, v)[0], added),
        (delta_rule(q, k, v, beta)[0], corrected),
        (plain(form="recurrent")[0], corrected),
        (plain(form="parallel")[0], corrected),
        (gated, subject((q, k, v, beta, decay))),
        (state_space_duality(q, k, v, decay, form="recurrent")[0], faded),
        (gated_linear_attention(q, k, v, by_channel, form="recurrent")[0], faded),
        (retention(q, k, v, gamma[0, 0], rotation="none")[0], constant),
    ]
    wrong = sum(int((shipped != exact).sum()) for shipped, exact in pairs)
    return Measurement(wrong, f"{wrong} of {10 * len(pairs)} numbers differ")


def _evaluate(inputs: "Inputs", read: bool = True, slip: str = "") -> "Tensor":
    """Return the answers (1, T, 1, V) by fractions: fade, correct by beta times the error, ask.

    Parameters
    ----------
    inputs : q, k, v, beta and decay
    read   : what the memory answers for the key is taken from the value
    slip   : what is done wrongly: the error is taken "early", before the memory fades, the memory fades "late", after
             the write, or the query is answered "first", before the write
    """
    import torch

    queries, keys, values = (_exact(one) for one in inputs[:3])
    strengths, fades = ([Fraction(x) for x in one[0, :, 0].tolist()] for one in inputs[3:])
    S, outputs = [[Fraction(0)] * len(values[0]) for _ in keys[0]], []
    for t, key in enumerate(keys):
        before, early = _ask(S, queries[t]), _ask(S, key)
        if slip != "late":
            S = _fade(S, fades[t])
        old = early if slip == "early" else _ask(S, key)
        error = [x - y * read for x, y in zip(values[t], old, strict=True)]
        S = [
            [x + strengths[t] * c * e for x, e in zip(row, error, strict=True)] for row, c in zip(S, key, strict=True)
        ]
        if slip == "late":
            S = _fade(S, fades[t])
        outputs.append(before if slip == "first" else _ask(S, queries[t]))
    return torch.tensor([[float(x) for x in row] for row in outputs], dtype=torch.float64)[None, :, None]


def _exact(x: "Tensor") -> list[Vector]:
    return [[Fraction(number) for number in row] for row in x[0, :, 0].tolist()]


def _fade(S: list[Vector], by: Fraction) -> list[Vector]:
    return [[by * x for x in row] for row in S]


def _ask(S: list[Vector], x: Vector) -> Vector:
    return [sum((c * row[j] for c, row in zip(x, S, strict=True)), Fraction(0)) for j in range(len(S[0]))]


def _never_reads(inputs: "Inputs", read: bool = True) -> "Tensor":
    return _evaluate(inputs, read=False)


def _check_two_tokens(subject: Subject, draw: Draw) -> Measurement:
    """Count the numbers in which the two orders of fading and correcting differ, for keys e1, e2 and e1 + e2."""
    import torch

    k = torch.tensor([[1, 0], [0, 1], [1, 1]], dtype=draw.dtype)[None, :, None]
    v = draw.integers(1, 6, 1, 3, 1, 2).to(draw.dtype)
    beta, decay = (draw.integers(1, 4, 1, 3, 1).to(draw.dtype) / 4 for _ in range(2))
    q = draw.integers(1, 4, 1, 3, 1, 2).to(draw.dtype)
    shipped, error_first = subject((q, k, v, beta, decay))
    wrong = int((shipped != error_first).sum())
    return Measurement(wrong, f"{wrong} of {shipped.numel()} numbers differ")


def _two_orders(inputs: "Inputs", first: int = 0, tokens: int = 2) -> "tuple[Tensor, Tensor]":
    """Return the shipped gated delta rule, and the one that reads before it fades, from token ``first`` on."""
    from kb.reference.gated_delta_rule import gated_delta_rule

    q, k, v, beta, decay = (one[:, first : first + tokens] for one in inputs)
    shipped, _ = gated_delta_rule(q, k, v, beta, decay, form="recurrent", normalise="none")
    return shipped, _evaluate((q, k, v, beta, decay), slip="early")


def _same_key_twice(inputs: "Inputs") -> "tuple[Tensor, Tensor]":
    q, k, v, beta, decay = inputs
    return _two_orders((q, k[:, :1].expand_as(k), v, beta, decay))


CLAIMS = (
    Claim(
        id="fast-weight-rules-agree-with-fractions",
        statement=(
            "Evaluated by fractions in plain Python, one rule with a switch for reading gives exactly what seven "
            "shipped implementations give: with strength and decay it is the gated delta rule, without decay the "
            "delta rule and DeltaNet in two forms, without reading state space duality, gated linear attention and "
            "retention, without all three the fast weight programmer."
        ),
        kind="equality",
        between=("fast-weight-programmer", "delta-rule", "deltanet", "gated-delta-rule", "gated-linear-attention"),
        evidence=Evidence("arxiv:2412.06464", "Section 3"),
        papers=("arxiv:2102.11174", "arxiv:2405.21060", "arxiv:2312.06635", "arxiv:2307.08621"),
        inputs="random whole numbers from -2 to 2, strengths and decays in quarters; T 5, K 2, V 2; float64",
        equation=(
            r"S_t = \alpha_t S_{t-1} + \beta_t k_t \left(v_t - \rho\, \alpha_t S_{t-1}^\top k_t\right)^\top, \quad "
            r"\rho \in \{0, 1\}"
        ),
        bound=0.0,
        why_bound="Five tokens multiply at most ten quarters: far fewer binary places than float64 has.",
        family="fast-weights",
        check=_check_fractions,
        subject=_evaluate,
        wrong_variants={
            "never reads": _never_reads,
            "the error taken before the memory fades": partial(_evaluate, slip="early"),
            "fades after the write": partial(_evaluate, slip="late"),
            "asked before the write": partial(_evaluate, slip="first"),
        },
        executes=(
            "fast-weight-programmer",
            "delta-rule",
            "deltanet",
            "gated-delta-rule",
            "state-space-duality",
            "gated-linear-attention",
            "retention",
        ),
    ),
    Claim(
        id="two-tokens-with-orthogonal-keys-do-not-tell-the-orders-apart",
        statement=(
            "On two tokens with orthogonal keys and an empty memory, the gated delta rule and its common wrong form, "
            "which reads the memory before it fades, give exactly the same: a test needs a key that meets an earlier "
            "one."
        ),
        kind="equality",
        between=("delta-rule", "gated-delta-rule"),
        evidence=Evidence("arxiv:2412.06464", "Section 3"),
        inputs="keys (1,0), (0,1), random whole numbers from 1 to 5, strengths and decays in quarters; T 2; float64",
        bound=0.0,
        why_bound="There is nothing under the second key, so nothing is read; both sides are exact in float64.",
        pitfall=(
            "On the third token of the hand-worked example the right form answers (45/16, 27/8), the wrong one "
            "(19/8, 11/4)."
        ),
        family="fast-weights",
        check=_check_two_tokens,
        subject=_two_orders,
        wrong_variants={
            "a third token whose key meets both": partial(_two_orders, tokens=3),
            "two tokens whose keys meet": partial(_two_orders, first=1),
            "the same key twice": _same_key_twice,
        },
        executes=("gated-delta-rule",),
    ),
)
