"""Sums of outer products before they were learned: tensor products, and the Hopfield network."""

from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor


def _store(k: "Tensor", v: "Tensor") -> "Tensor":
    """Return the weights (K, V) of the shipped fast weight programmer after k (N, K), v (N, V)."""
    from kb.reference.fast_weight_programmer import fast_weight_programmer

    k, v = k[None, :, None], v[None, :, None]
    return fast_weight_programmer(k, k, v)[1][0, 0]


def _check_binding(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the subject is from the shipped memory: what is stored, and the fillers that come back."""
    import torch

    roles, fillers = draw.normal(4, 6), draw.normal(4, 3)
    bound, recovered = subject(roles, fillers)
    memory = _store(roles, fillers)
    duals = torch.linalg.pinv(roles).T
    return Measurement(find_worst([relative(bound, memory), relative(recovered, duals @ memory)]))


def _tensor_products(roles: "Tensor", fillers: "Tensor") -> "tuple[Tensor, Tensor]":
    """Return the sum of the tensor products of roles and fillers, and the fillers that the duals should give back."""
    import torch

    products = [torch.kron(role, filler) for role, filler in zip(roles, fillers, strict=True)]
    return torch.stack(products).sum(dim=0).reshape(roles.shape[1], fillers.shape[1]), fillers


def _role_by_role(roles: "Tensor", fillers: "Tensor") -> "tuple[Tensor, Tensor]":
    bound, _ = _tensor_products(roles, fillers)
    return bound, roles @ bound


def _one_tensor_a_pair(roles: "Tensor", fillers: "Tensor") -> "tuple[Tensor, Tensor]":
    # bindings averaged instead of added
    bound, recovered = _tensor_products(roles, fillers)
    return bound / len(roles), recovered


def _circular(roles: "Tensor", fillers: "Tensor") -> "tuple[Tensor, Tensor]":
    """Return bindings by circular convolution, laid out as the matrix that undoes them, and what roles recover."""
    import torch

    wide = torch.cat([fillers, fillers * 0], dim=1)
    bound = torch.fft.irfft((torch.fft.rfft(roles) * torch.fft.rfft(wide)).sum(dim=0), n=roles.shape[1])
    laid = torch.stack([bound.roll(-i) for i in range(roles.shape[1])])[:, : fillers.shape[1]]
    return laid, roles @ laid


def _check_power_two(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the subject's fields are from four times those of a Hopfield network without self-connections,
    whose weights the shipped memory stores."""
    import torch

    patterns = 2 * draw.integers(0, 2, 8, 9).to(draw.dtype) - 1
    state = 2 * draw.integers(0, 2, 9).to(draw.dtype) - 1
    weights = _store(patterns, patterns)
    weights = weights - torch.diag(weights.diagonal())
    return Measurement(float((subject(patterns, state) - 4 * weights @ state).abs().max()))


def _energy_differences(
    patterns: "Tensor", state: "Tensor", *, power: int = 2, rectified: bool = False, whole: bool = False
) -> "Tensor":
    """Return by how much the energy falls when a unit goes from minus one to one, for every unit, all others kept.

    Parameters
    ----------
    power     : E(s) = - sum over patterns of (pattern . s)^power
    rectified : overlaps below zero count nothing
    whole     : the unit's present value stays in the overlap, so that it meets itself
    """
    import torch

    fields = []
    for i in range(len(state)):
        rest = patterns @ state if whole else patterns @ state - patterns[:, i] * state[i]
        up, down = rest + patterns[:, i], rest - patterns[:, i]
        if rectified:
            up, down = up.relu(), down.relu()
        fields.append((up**power - down**power).sum())
    return torch.stack(fields)


CLAIMS = (
    Claim(
        id="tensor-products-of-order-two-are-a-correlation-matrix",
        statement=(
            "A structure bound as the sum of tensor products of fillers and roles is the matrix that a fast weight "
            "programmer writes with roles for keys and fillers for values. A filler comes back exactly where it is "
            "asked for by the dual of its role."
        ),
        kind="equality",
        between=("correlation-matrix-memory", "tensor-product-representation", "fast-weight-programmer"),
        evidence=Evidence("arxiv:2102.11174", "Section 4.1"),
        papers=("doi:10.1016/0004-3702(90)90007-m",),
        inputs="four normal roles in six channels, normal fillers of three; float64 and float32",
        equation=(
            r"\sum_i f_i \otimes r_i = \sum_i r_i f_i^\top, \qquad r_j^\top u_i = \delta_{ij}: \ S^\top u_i = f_i"
        ),
        bound=1e-10,
        bound_single=1e-2,
        why_bound=(
            "The same four products. The duals come from a pseudo-inverse, which multiplies rounding by the roles' "
            "condition number, now and then a hundred or so."
        ),
        pitfall="Asked by the role itself, orthonormal roles give the filler back and others add crosstalk.",
        family="fast-weights",
        check=_check_binding,
        subject=_tensor_products,
        wrong_variants={
            "asked by the roles themselves": _role_by_role,
            "bindings averaged": _one_tensor_a_pair,
            "bound by circular convolution": _circular,
        },
        executes=("fast-weight-programmer",),
    ),
    Claim(
        id="dense-associative-memory-of-power-two-is-a-hopfield-network",
        statement=(
            "With the power two, what an energy difference tells a unit of a dense associative memory to do is four "
            "times the field of a Hopfield network without self-connections, whose weights are the sum of the "
            "patterns' outer products with themselves."
        ),
        kind="reduction",
        between=("hopfield-network", "dense-associative-memory"),
        evidence=Evidence("arxiv:1606.01164", "Section 2"),
        inputs="eight random patterns and a random state of nine signs; float64",
        equation=(
            r"\sum_\mu \Big[ \big( \xi_i^\mu + h_i^\mu \big)^2 - \big( h_i^\mu - \xi_i^\mu \big)^2 \Big] = "
            r"4 \sum_{j \neq i} w_{ij} s_j, \qquad h_i^\mu = \sum_{j \neq i} \xi_j^\mu s_j"
        ),
        bound=0.0,
        why_bound="Whole numbers below a few hundred: both sides are exact.",
        pitfall="Higher powers have no matrix of weights between pairs of units.",
        family="fast-weights",
        check=_check_power_two,
        subject=_energy_differences,
        wrong_variants={
            "the power three": partial(_energy_differences, power=3),
            "rectified overlaps": partial(_energy_differences, rectified=True),
            "a unit that meets itself": partial(_energy_differences, whole=True),
        },
        executes=("fast-weight-programmer",),
    ),
)
