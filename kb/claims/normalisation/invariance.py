"""What a norm does not see of its input: its scale, and for layer normalisation a constant as well."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]


def _check_scale(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst of three: what scaling the tokens changes in the output, what it changes in the gradient
    times the scale, and the cosine between a token and the gradient there."""
    from torch.nn.functional import cosine_similarity

    x, g, seen = draw.normal(2, 8, 16) / 100, draw.normal(16), draw.normal(2, 8, 16)
    c = 2 ** draw.uniform(-6, 6, 2, 8, 1)
    (y, slope), (scaled_y, scaled_slope) = (_with_gradient(subject, tokens, g, seen) for tokens in (x, c * x))
    changed, steeper = relative(scaled_y, y), relative(c * scaled_slope, slope)
    along = float(cosine_similarity(slope, x, dim=-1).abs().max())
    return Measurement(
        find_worst([changed, steeper, along]),
        f"output {changed:.2g}, gradient times the scale {steeper:.2g}, gradient along the token {along:.2g}",
    )


def _with_gradient(subject: Subject, x: "Tensor", g: "Tensor", seen: "Tensor") -> "tuple[Tensor, Tensor]":
    """Return the output, and the gradient by x of its product with ``seen``."""
    import torch

    x = x.detach().requires_grad_()
    y = subject(x, g)
    (slope,) = torch.autograd.grad((y * seen).sum(), x)
    return y.detach(), slope


def _check_constant(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the output is from that of the tokens with a constant on all their channels."""
    x, c = draw.normal(2, 8, 16), draw.uniform(0.5, 2, 2, 8, 1)
    return Measurement(relative(*subject(x, c)))


def _rms(x: "Tensor", g: "Tensor", *, p: float = 1.0, centre: bool = False, eps: float = 0.0) -> "Tensor":
    from kb.reference.rms_norm import rms_norm

    return rms_norm(x, {"g": g}, p=p, centre=centre, eps=eps)


def _without_eps(x: "Tensor", g: "Tensor") -> "Tensor":
    return _rms(x, g)


def _with_eps(x: "Tensor", g: "Tensor") -> "Tensor":
    return _rms(x, g, eps=1e-5)


def _without_root(x: "Tensor", g: "Tensor") -> "Tensor":
    return g * x / x.square().mean(dim=-1, keepdim=True)


def _over_the_sequence(x: "Tensor", g: "Tensor") -> "Tensor":
    return g * x / x.square().mean(dim=(1, 2), keepdim=True).sqrt()


def _constant_root(x: "Tensor", g: "Tensor") -> "Tensor":
    return g * x / x.square().mean(dim=-1, keepdim=True).sqrt().detach()


def _with_shortcut(x: "Tensor", g: "Tensor") -> "Tensor":
    return x + _rms(x, g)


def _sides(x: "Tensor", c: "Tensor") -> "Sides":
    """Return RMSNorm of the tokens as they are, and with a constant added to every channel."""
    ones = x.new_ones(x.shape[-1])
    return _rms(x, ones), _rms(x + c, ones)


def _layer_sides(x: "Tensor", c: "Tensor") -> "Sides":
    from kb.reference.layer_normalisation import layer_normalisation

    w = {"g": x.new_ones(x.shape[-1]), "b": x.new_zeros(x.shape[-1])}
    return layer_normalisation(x, w), layer_normalisation(x + c, w)


def _centred_sides(x: "Tensor", c: "Tensor") -> "Sides":
    ones = x.new_ones(x.shape[-1])
    return _rms(x, ones, centre=True), _rms(x + c, ones, centre=True)


def _scaled_sides(x: "Tensor", c: "Tensor") -> "Sides":
    ones = x.new_ones(x.shape[-1])
    return _rms(x, ones), _rms(x * c, ones)


def _search(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        plain, shifted = subject(inputs["x"], inputs["c"])
        return {"RMSNorm of x": plain, "RMSNorm of x + c": shifted}

    return find_smallest(run, [{"x": (1, width), "c": (1, 1)} for width in (1, 2)])


CLAIMS = (
    Claim(
        id="rms-norm-does-not-see-the-scale-of-a-token",
        statement=(
            "RMSNorm gives the same for a token and for any positive multiple of it, where its epsilon is zero. So "
            "the gradient that comes back through it is orthogonal to the token, and shrinks as the token grows."
        ),
        kind="equality",
        between=("rms-norm",),
        evidence=Evidence("arxiv:1910.07467", "Table 1"),
        inputs="normal tokens of size 0.01, factors from 1/64 to 64, normal gain; B 2, T 8, D 16, epsilon 0; float64",
        equation=r"f(c\,x) = f(x), \qquad \nabla f(c\,x) = \tfrac{1}{c}\, \nabla f(x), \qquad "
        r"\nabla f(x) \cdot x = 0 \qquad (c > 0)",
        bound=1e-12,
        why_bound="Numerator and root both carry the factor; rounding of sums of 16 terms is near 1e-16.",
        pitfall=(
            "The epsilon of every implementation breaks it for small tokens: at 0.01 / 64 it is most of the root."
        ),
        family="normalisation",
        check=_check_scale,
        subject=_without_eps,
        wrong_variants={
            "with an epsilon of 1e-5": _with_eps,
            "without the root": _without_root,
            "one root for the whole sequence": _over_the_sequence,
            "root taken for a constant in the gradient": _constant_root,
            "a shortcut past the norm": _with_shortcut,
        },
        executes=("rms-norm",),
    ),
    Claim(
        id="rms-norm-does-not-see-a-constant",
        statement=(
            "RMSNorm keeps the invariances of layer normalisation: a constant added to all channels of a token "
            "changes nothing."
        ),
        kind="separation",
        between=("layer-normalisation", "rms-norm"),
        evidence=Evidence("arxiv:1910.07467", "Table 1"),
        inputs="normal tokens, constants from 0.5 to 2; B 2, T 8, D 16; float64",
        equation=r"\mathrm{RMSNorm}(x + c\,\mathbf{1}) \neq \mathrm{RMSNorm}(x)",
        bound=1e-12,
        why_bound=(
            "Of the two invariances RMSNorm keeps the scale alone; a constant moves every output by its own size."
        ),
        pitfall="The paper says so itself: what is given up is re-centring, what is kept is re-scaling.",
        family="normalisation",
        check=_check_constant,
        subject=_sides,
        wrong_variants={
            "layer normalisation": _layer_sides,
            "RMSNorm of the centred token": _centred_sides,
            "the constant multiplied": _scaled_sides,
        },
        executes=("layer-normalisation", "rms-norm"),
        expected="refuted",
        smallest=_search,
    ),
)
