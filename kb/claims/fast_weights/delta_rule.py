"""The delta rule as a memory: a step of gradient descent that replaces, and where it only adds."""

from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import relative_with_gradients, run_in_parts
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]


def _write(k: "Tensor", v: "Tensor", beta: "Tensor", S: "Tensor", **options: bool) -> "Tensor":
    """Return the memory (K, V) of the shipped rule after the tokens k (T, K), v (T, V), beta (T)."""
    from kb.reference.delta_rule import delta_rule

    k, v, beta = k[None, :, None], v[None, :, None], beta[None, :, None]
    return delta_rule(k, k, v, beta, S[None, None], **options)[1][0, 0]


def _check_descent(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the subject's memory is from gradient descent by autograd, one step a token."""
    import torch

    k, v, S = draw.normal(5, 3), draw.normal(5, 4), draw.normal(3, 4)
    beta, expected = draw.uniform(0.1, 0.5, 5), S
    for t in range(5):
        at = expected.detach().requires_grad_()
        loss = (k[t] @ at - v[t]).square().sum() / 2
        expected = at.detach() - beta[t] * torch.autograd.grad(loss, at)[0]
    return Measurement(relative(subject(k, v, beta, S), expected))


def _doubled(k: "Tensor", v: "Tensor", beta: "Tensor", S: "Tensor") -> "Tensor":
    return _write(k, v, 2 * beta, S)


def _divided_by_length(k: "Tensor", v: "Tensor", beta: "Tensor", S: "Tensor") -> "Tensor":
    return _write(k, v, beta / k.square().sum(dim=-1), S)


def _without_read(k: "Tensor", v: "Tensor", beta: "Tensor", S: "Tensor") -> "Tensor":
    return _write(k, v, beta, S, read=False)


def _strength_on_value(k: "Tensor", v: "Tensor", beta: "Tensor", S: "Tensor") -> "Tensor":
    return _write(k, beta[:, None] * v, beta * 0 + 1, S)


def _all_pairs_so_far(k: "Tensor", v: "Tensor", beta: "Tensor", S: "Tensor") -> "Tensor":
    for t in range(len(k)):
        seen, known = k[: t + 1], v[: t + 1]
        S = S - beta[t] * seen.T @ (seen @ S - known)
    return S


def _check_orthonormal(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the subject is from the plain sum over pairs, for orthonormal keys."""
    import torch

    k = draw.orthonormal(5, 8)[None, :, None]
    q, v = draw.normal(1, 5, 1, 8), draw.normal(1, 5, 1, 3)
    scores = torch.einsum("bthk,bshk->bhts", q, k).tril()
    expected = torch.einsum("bhts,bshv->bthv", scores, v)
    delta, added = subject(q, k, v)
    return Measurement(find_worst([relative(delta, expected), relative(added, expected)]))


def _with_strength(q: "Tensor", k: "Tensor", v: "Tensor", strength: float, S: "Tensor | None" = None) -> "Sides":
    """Return what the delta rule and the fast weight programmer answer."""
    from kb.reference.delta_rule import delta_rule
    from kb.reference.fast_weight_programmer import fast_weight_programmer

    beta = v.new_full(v.shape[:3], strength)
    return delta_rule(q, k, v, beta, S)[0], fast_weight_programmer(q, k, v)[0]


def _full(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    return _with_strength(q, k, v, 1)


def _half(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    return _with_strength(q, k, v, 0.5)


def _key_comes_twice(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    import torch

    return _with_strength(q, torch.cat([k[:, :-1], k[:, :1]], dim=1), v, 1)


def _only_unit_length(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    k = k + k.roll(1, dims=1)
    return _with_strength(q, k / k.norm(dim=-1, keepdim=True), v, 1)


def _not_empty(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    return _with_strength(q, k, v, 1, v.new_ones(1, 1, 8, 3))


def _check_second_write(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the subject's answers for one key are from the newest value written under it."""
    import torch

    k, v = draw.orthonormal(1, 4).expand(3, 4), draw.normal(3, 2)
    answers = torch.stack([k[0] @ subject(k[:n], v[:n], v.new_ones(n), draw.normal(4, 2)) for n in (1, 2, 3)])
    return Measurement(relative(answers, v))


def _a_tenth_longer(k: "Tensor", v: "Tensor", beta: "Tensor", S: "Tensor") -> "Tensor":
    return _write(1.1 * k, v, beta, S)


def _a_tenth_weaker(k: "Tensor", v: "Tensor", beta: "Tensor", S: "Tensor") -> "Tensor":
    return _write(k, v, 0.9 * beta, S)


def _check_no_read(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the shipped rule without its read, run in parts, is from the subject, gradients too."""
    from kb.reference.delta_rule import delta_rule

    q, k = draw.normal(2, 2, 6, 3, 4)
    v, beta = draw.normal(2, 6, 3, 5), draw.uniform(0.2, 1, 2, 6, 3)
    shipped = partial(run_in_parts, partial(delta_rule, read=False))
    return Measurement(relative_with_gradients(shipped, subject, q, k, v, beta))


def _added(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor") -> "Tensor":
    from kb.reference.fast_weight_programmer import fast_weight_programmer

    return fast_weight_programmer(q, k, beta[..., None] * v)[0]


def _added_in_full(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor") -> "Tensor":
    return _added(q, k, v, beta * 0 + 1)


def _added_twice_weakened(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor") -> "Tensor":
    return _added(q, beta[..., None] * k, v, beta)


def _corrected(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor") -> "Tensor":
    from kb.reference.delta_rule import delta_rule

    return delta_rule(q, k, v, beta)[0]


_WIDROW_HOFF = "s2:85d346297ec37a451d4500afad53fed8f281af92"

CLAIMS = (
    Claim(
        id="the-delta-rule-is-one-step-of-gradient-descent",
        statement=(
            "Writing one pair by the delta rule with strength beta is one step of gradient descent with rate beta on "
            "half the squared error of that pair, from any memory."
        ),
        kind="equality",
        between=("delta-rule",),
        evidence=Evidence("arxiv:2102.11174", "Section 4.2"),
        papers=(_WIDROW_HOFF,),
        inputs="normal keys, values and first memory, beta 0.1 to 0.5; T 5, K 3, V 4; float64 and float32",
        equation=r"S_t = S_{t-1} - \beta_t\, \nabla_S\, \tfrac12 \left\lVert S^\top k_t - v_t \right\rVert^2",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="The same products in another order, five times over: rounding is near 1e-15 of the largest entry.",
        pitfall="With the loss printed without its half, as some papers do, the rate is half of beta.",
        family="fast-weights",
        check=_check_descent,
        subject=_write,
        wrong_variants={
            "the half of the loss forgotten": _doubled,
            "step divided by the key's squared length": _divided_by_length,
            "strength on the value only": _strength_on_value,
            "the old answer not read": _without_read,
            "gradient of all pairs so far": _all_pairs_so_far,
        },
        executes=("delta-rule",),
    ),
    Claim(
        id="the-delta-rule-with-orthonormal-keys-only-adds",
        statement=(
            "With orthonormal keys, full strength and an empty memory the delta rule writes what the fast weight "
            "programmer writes: there is never anything to correct."
        ),
        kind="reduction",
        between=("fast-weight-programmer", "delta-rule", "deltanet"),
        evidence=Evidence("arxiv:2102.11174", "Section 4.2"),
        inputs="five orthonormal keys in eight channels, normal q and v; V 3; float64 and float32",
        equation=r"k_i^\top k_j = \delta_{ij},\ \beta_t = 1,\ S_0 = 0: \quad S_t = \sum_{i \le t} k_i v_i^\top",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Keys are orthonormal to 1e-16 or so, and five corrections of that size are written.",
        family="fast-weights",
        check=_check_orthonormal,
        subject=_full,
        wrong_variants={
            "half the strength": _half,
            "one of the keys comes twice": _key_comes_twice,
            "keys of unit length that are not orthogonal": _only_unit_length,
            "a memory that is not empty": _not_empty,
        },
        executes=("delta-rule", "fast-weight-programmer"),
    ),
    Claim(
        id="a-second-write-replaces-the-first",
        statement=(
            "Under a key of unit length and with full strength, the delta rule answers the newest value written "
            "under that key, whatever the memory held before. The plain sum answers all of them added up."
        ),
        kind="equality",
        between=("fast-weight-programmer", "delta-rule", "deltanet"),
        evidence=Evidence("arxiv:2102.11174", "Section 4.2"),
        inputs="one unit key in a random direction, three normal values, a normal first memory; K 4, V 2; float64",
        equation=r"\lVert k \rVert = 1,\ \beta_t = 1: \quad S_t^\top k = v_t",
        bound=1e-12,
        why_bound="What the key held is subtracted exactly but for the rounding of its unit length.",
        pitfall="A key a tenth too long, or a strength of nine tenths, leaves a rest of the old value.",
        family="fast-weights",
        check=_check_second_write,
        subject=_write,
        wrong_variants={
            "the plain sum": _without_read,
            "a key a tenth too long": _a_tenth_longer,
            "a strength of nine tenths": _a_tenth_weaker,
        },
        executes=("delta-rule",),
    ),
    Claim(
        id="the-delta-rule-without-its-read-only-adds",
        statement=(
            "Where the delta rule does not read what the memory answers before it writes, a fast weight programmer "
            "is left whose values are multiplied by the write strength."
        ),
        kind="reduction",
        between=("fast-weight-programmer", "delta-rule"),
        evidence=Evidence("arxiv:2102.11174", "Section 4.2"),
        inputs=(
            "standard normal q, k, v, beta 0.2 to 1; B 2, T 6, H 3, K 4, V 5; run in three parts; float64, float32"
        ),
        equation=r"S_t = S_{t-1} + k_t \left(\beta_t v_t\right)^\top",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Sums of six terms that differ in the order of two factors.",
        family="fast-weights",
        check=_check_no_read,
        subject=_added,
        wrong_variants={
            "full strength": _added_in_full,
            "strength on key and value": _added_twice_weakened,
            "with the read": _corrected,
        },
        executes=("delta-rule", "fast-weight-programmer"),
    ),
)
