"""Based: the exponential of softmax attention by its Taylor series of second order."""

from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_SCALES = (0.1, 0.05)


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the error is from falling eightfold where all scores are halved."""
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    q, k, v = draw.normal(3, 2, 10, 2, 3)
    # scores of at most one at a scale of one
    k = k / k.norm(dim=-1, keepdim=True) / q.norm(dim=-1).max() * 3**0.5
    pairs = [(scaled_dot_product_attention(s * q, k, v)[0], subject(s * q, k, v)) for s in _SCALES]
    apart = [relative(found, exact) for exact, found in pairs]
    return Measurement(abs(apart[0] / apart[1] / 8 - 1), f"{apart[0]:.2g} and {apart[1]:.2g}")


def _taylor(
    q: "Tensor", k: "Tensor", v: "Tensor", *, root: bool = True, half: bool = True, order: int = 2
) -> "Tensor":
    """Return sums over the past of phi(k) v^T and phi(k), read with phi(q): phi(x) is 1, x, and all x_a x_b / sqrt 2.

    Parameters
    ----------
    root  : whether scores are divided by the root of d_k
    half  : whether products of channels are divided by the root of two
    order : of the series
    """
    import torch

    from kb.reference.fast_weight_programmer import fast_weight_programmer

    def features(x: "Tensor") -> "Tensor":
        x = x / x.shape[-1] ** 0.25 if root else x
        squares = (x[..., None] * x[..., None, :]).flatten(-2) / (2**0.5 if half else 1)
        return torch.cat([torch.ones_like(x[..., :1]), x, squares][: order + 1], dim=-1)

    one, other = features(q), features(k)
    sums = [fast_weight_programmer(one, other, values)[0] for values in (v, torch.ones_like(v))]
    return sums[0] / sums[1]


def _check_bound(subject: Subject, draw: Draw) -> Measurement:
    """Measure by how much the subject's distance from e^s passes |s|^3 e^|s| / 6, over scores from -4 to 4."""
    import torch

    from kb.reference.fast_weight_programmer import fast_weight_programmer

    s = draw.uniform(-4, 4, 200)
    # one key and one value of one: what is read is the product of the features
    q, k = subject(s), subject(torch.ones_like(s))
    one = torch.ones(len(s), 1, 1, 1, dtype=s.dtype)
    found, _ = fast_weight_programmer(q[:, None, None], k[:, None, None], one)
    return Measurement(
        find_worst([float(((found[:, 0, 0, 0] - s.exp()).abs() - s.abs() ** 3 * s.abs().exp() / 6).max())])
    )


def _features(s: "Tensor", last: float = 0.5, first: float = 1.0) -> "Tensor":
    import torch

    return torch.stack([torch.ones_like(s) * first**0.5, s, s**2 * last**0.5], dim=-1)


CLAIMS = (
    Claim(
        id="baseds-features-follow-softmax-attention-to-third-order",
        statement=(
            "With 1, the channels and their products over the root of two for features, linear attention is softmax "
            "attention up to third order: where scores are halved, the error falls eightfold."
        ),
        kind="limit",
        between=("scaled-dot-product-attention", "linear-attention", "based"),
        evidence=Evidence("arxiv:2402.18668", "Section on the Taylor feature map"),
        inputs="normal q and v, keys of one length; B 2, T 10, H 2, K 3; scores below 0.1 and below 0.05; float64",
        equation=r"\varphi(q)^\top \varphi(k) = 1 + s + \tfrac12 s^2, \qquad s = q^\top k / \sqrt{d_k}",
        bound=0.2,
        why_bound="The next term of the series is a quarter of the score to the one that is left out: 0.025 here.",
        pitfall="Good for small scores alone: at a score of four the series gives 13 for 54.6.",
        family="recurrence",
        check=_check,
        subject=_taylor,
        wrong_variants={
            "scores not divided by the root": partial(_taylor, root=False),
            "products not divided by the root of two": partial(_taylor, half=False),
            "the series of first order": partial(_taylor, order=1),
        },
        executes=("scaled-dot-product-attention", "fast-weight-programmer"),
    ),
    Claim(
        id="baseds-features-are-off-by-a-cube-at-most",
        statement=(
            "The product of Based's features is off from the exponential of the score s by |s|^3 e^|s| / 6 at most."
        ),
        kind="inequality",
        between=("scaled-dot-product-attention", "based"),
        evidence=Evidence("arxiv:2402.18668", "Section on the Taylor feature map"),
        inputs="200 random scores from -4 to 4; float64",
        equation=r"\left| e^s - 1 - s - \tfrac12 s^2 \right| \le \tfrac16 |s|^3 e^{|s|}",
        bound=1e-12,
        why_bound="Taylor's theorem; what passes it may be rounding.",
        family="recurrence",
        check=_check_bound,
        subject=_features,
        wrong_variants={
            "the square not halved": partial(_features, last=1.0),
            "no square": partial(_features, last=0.0),
            "without the one": partial(_features, first=0.0),
        },
        executes=("fast-weight-programmer",),
    ),
)
