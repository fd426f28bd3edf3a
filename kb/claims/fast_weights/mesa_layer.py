"""The mesa layer: least squares at every token, its limit, and what its regulariser is called."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import relative_with_gradients, run_in_parts, with_last
from kb.claims.smallest import find_smallest, mixer_sizes
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]

_LAM = 1.7
"""Neither one, at which the penalty and its inverse are the same, nor far from it."""


def _check_ridge(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst relative difference between the subject and both forms of the layer, gradients too."""
    from kb.reference.mesa_layer import mesa_layer

    q, k = draw.normal(2, 2, 6, 3, 3)
    v, apart = draw.normal(2, 6, 3, 2), []
    for form in ("recurrent", "parallel"):
        shipped = partial(run_in_parts, partial(mesa_layer, form=form, lam=_LAM))
        apart.append(relative_with_gradients(shipped, with_last(subject, _LAM), q, k, v))
    return Measurement(find_worst([*apart, relative(mesa_layer(q, k, v)[0], subject(q, k, v, 1.0))]))


def _least_squares(q: "Tensor", k: "Tensor", v: "Tensor", lam: float, slip: str = "") -> "Tensor":
    """Return the answers of lstsq on all keys so far, stacked on the root of the penalty times the identity.

    Parameters
    ----------
    slip : what is done wrongly: the penalty counts "every" pair, it is "halved", or the "newest" three count only
    """
    import torch

    K, outputs = k.shape[-1], []
    identity, zero = torch.eye(K, dtype=k.dtype), v.new_zeros(K, v.shape[-1])
    for t in range(k.shape[1]):
        penalty = (t + 1 if slip == "every" else 1) / lam / (2 if slip == "halved" else 1)
        now = slice(max(0, t - 2) if slip == "newest" else 0, t + 1)
        # (B, H, pairs, K), one row more for every channel
        extra = (penalty**0.5 * identity).expand(*q.shape[:1], *q.shape[2:3], K, K)
        keys = torch.cat([k[:, now].transpose(1, 2), extra], dim=2)
        values = torch.cat([v[:, now].transpose(1, 2), zero.expand(*q.shape[:1], *q.shape[2:3], *zero.shape)], dim=2)
        W = torch.linalg.lstsq(keys, values, driver="gels").solution
        outputs.append(torch.einsum("bhkv,bhk->bhv", W, q[:, t]))
    return torch.stack(outputs, dim=1)


def _penalty_itself(q: "Tensor", k: "Tensor", v: "Tensor", lam: float) -> "Tensor":
    return _least_squares(q, k, v, 1 / lam)


def _check_gain(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the subject's answers, written by corrections, are from the layer's."""
    from kb.reference.mesa_layer import mesa_layer

    q, k, v = draw.normal(3, 2, 8, 2, 4)
    return Measurement(relative(subject(q, k, v, _LAM), mesa_layer(q, k, v, lam=_LAM)[0]))


def _corrected(
    q: "Tensor", k: "Tensor", v: "Tensor", lam: float, *, stale: bool = False, along_key: bool = False
) -> "Tensor":
    """Return the answers of W_t = W_{t-1} + R_t k_t (v_t - W_{t-1}^T k_t)^T, R_t inverted anew at every token.

    Parameters
    ----------
    stale     : the gain of the token before, R_{t-1} k_t
    along_key : a gain along the key, as the delta rule has it, as strong as the key is well answered
    """
    import torch

    scatter = torch.eye(k.shape[-1], dtype=k.dtype).expand(*k.shape[:1], *k.shape[2:], k.shape[-1]) / lam
    W, outputs = k.new_zeros(*k.shape[:1], *k.shape[2:], v.shape[-1]), []
    for t in range(k.shape[1]):
        seen = scatter + torch.einsum("bhk,bhj->bhkj", k[:, t], k[:, t])
        gain = torch.einsum("bhkj,bhj->bhk", (scatter if stale else seen).inverse(), k[:, t])
        if along_key:
            answered = (gain * k[:, t]).sum(dim=-1, keepdim=True)
            gain = answered * k[:, t] / k[:, t].square().sum(dim=-1, keepdim=True)
        error = v[:, t] - torch.einsum("bhkv,bhk->bhv", W, k[:, t])
        W, scatter = W + torch.einsum("bhk,bhv->bhkv", gain, error), seen
        outputs.append(torch.einsum("bhkv,bhk->bhv", W, q[:, t]))
    return torch.stack(outputs, dim=1)


def _added(q: "Tensor", k: "Tensor", v: "Tensor", lam: float) -> "Tensor":
    from kb.reference.fast_weight_programmer import fast_weight_programmer

    return lam * fast_weight_programmer(q, k, v)[0]


def _check_limit(subject: Subject, draw: Draw) -> Measurement:
    """Measure by how much the distance to the plain sum misses a tenfold fall when lambda falls tenfold."""
    from kb.reference.fast_weight_programmer import fast_weight_programmer

    q, k, v = draw.normal(3, 2, 16, 2, 4)
    added = fast_weight_programmer(q, k, v)[0]
    apart = [relative(subject(q, k, v, lam), added) for lam in (1e-4, 1e-5, 1e-6)]
    missed = find_worst(abs(apart[i] / apart[i + 1] / 10 - 1) for i in range(2))
    return Measurement(missed, f"relative distances {apart[0]:.2g}, {apart[1]:.2g} and {apart[2]:.2g}")


def _divided(q: "Tensor", k: "Tensor", v: "Tensor", lam: float) -> "Tensor":
    from kb.reference.mesa_layer import mesa_layer

    return mesa_layer(q, k, v, lam=lam)[0] / lam


def _not_divided(q: "Tensor", k: "Tensor", v: "Tensor", lam: float) -> "Tensor":
    return _divided(q, k, v, lam) * lam


def _other_end(q: "Tensor", k: "Tensor", v: "Tensor", lam: float) -> "Tensor":
    return _divided(q, k, v, 1 / lam)


def _multiplied(q: "Tensor", k: "Tensor", v: "Tensor", lam: float) -> "Tensor":
    return _divided(q, k, v, lam) * lam**2


def _check_name(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    q, k, v = draw.normal(3, 1, 6, 1, 3)
    return Measurement(relative(*subject(q, k, v, _LAM)))


def _lam_as_penalty(q: "Tensor", k: "Tensor", v: "Tensor", lam: float, penalty: float | None = None) -> "Sides":
    """Return the layer's answers, and those of ridge regression with this penalty, by default lambda itself."""
    import torch

    from kb.reference.mesa_layer import mesa_layer

    scatter = torch.einsum("bthk,bthj->bthkj", k, k).cumsum(dim=1)
    penalised = scatter + (lam if penalty is None else penalty) * torch.eye(k.shape[-1], dtype=k.dtype)
    S = torch.einsum("bthk,bthv->bthkv", k, v).cumsum(dim=1)
    ridge = torch.einsum("bthkv,bthk->bthv", torch.linalg.solve(penalised, S), q)
    return mesa_layer(q, k, v, lam=lam)[0], ridge


def _inverse_as_penalty(q: "Tensor", k: "Tensor", v: "Tensor", lam: float) -> "Sides":
    return _lam_as_penalty(q, k, v, lam, 1 / lam)


def _lam_one(q: "Tensor", k: "Tensor", v: "Tensor", lam: float) -> "Sides":
    return _lam_as_penalty(q, k, v, 1)


def _search_name(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        layer, ridge = subject(**inputs, lam=2.0)
        return {"mesa layer at lambda 2": layer, "ridge with penalty 2": ridge}

    return find_smallest(run, mixer_sizes(1))


_PAPER = Evidence("arxiv:2309.05858", "Definition of the mesa-layer")

CLAIMS = (
    Claim(
        id="the-mesa-layer-is-ridge-regression-at-every-token",
        statement=(
            "By the Sherman-Morrison recursion and by solving, also where the run is interrupted, the mesa layer "
            "answers at every token what ridge regression from all keys so far to all values so far would answer, "
            "with the penalty 1 / lambda."
        ),
        kind="equality",
        between=("mesa-layer",),
        evidence=_PAPER,
        inputs="standard normal q, k, v; lambda 1.7 and 1; B 2, T 6, H 3, K 3, V 2; three parts; float64, float32",
        equation=(
            r"W_t = \arg\min_W \tfrac12 \sum_{i \le t} \lVert W^\top k_i - v_i \rVert^2 + "
            r"\tfrac{1}{2 \lambda} \lVert W \rVert^2"
        ),
        bound=1e-11,
        bound_single=1e-3,
        why_bound="The systems are conditioned by the penalty: their condition number is below a hundred.",
        pitfall="A weak penalty, which is a large lambda here, lets the recursion drift in float32.",
        family="fast-weights",
        check=_check_ridge,
        subject=_least_squares,
        wrong_variants={
            "the penalty is lambda": _penalty_itself,
            "the penalty counts for every pair": partial(_least_squares, slip="every"),
            "the half of one of the terms forgotten": partial(_least_squares, slip="halved"),
            "the newest three pairs only": partial(_least_squares, slip="newest"),
        },
        executes=("mesa-layer",),
    ),
    Claim(
        id="the-mesa-layer-is-a-delta-rule-with-a-gain",
        statement=(
            "The mesa layer's weights are corrected by the error of the newest pair, as the delta rule corrects "
            "them, but along R_t k_t, the inverse of what has been seen times the key, instead of along the key."
        ),
        kind="equality",
        between=("delta-rule", "deltanet", "mesa-layer"),
        evidence=_PAPER,
        inputs="standard normal q, k, v; lambda 1.7; B 2, T 8, H 2, K 4, V 4; float64 and float32",
        equation=r"W_t = W_{t-1} + R_t k_t \left(v_t - W_{t-1}^\top k_t\right)^\top",
        bound=1e-11,
        bound_single=1e-3,
        why_bound="Eight inversions of matrices of four whose condition number is below a hundred.",
        pitfall="No choice of strengths makes it the delta rule: the direction of the write is another.",
        family="fast-weights",
        check=_check_gain,
        subject=_corrected,
        wrong_variants={
            "the gain of the token before": partial(_corrected, stale=True),
            "along the key, as strongly": partial(_corrected, along_key=True),
            "the plain sum times lambda": _added,
        },
        executes=("mesa-layer",),
    ),
    Claim(
        id="the-mesa-layer-tends-to-linear-attention",
        statement=(
            "Divided by lambda, the mesa layer tends to linear attention without denominator and features as lambda "
            "goes to zero, that is as the penalty grows: the distance falls as lambda does."
        ),
        kind="limit",
        between=("fast-weight-programmer", "linear-attention", "mesa-layer"),
        evidence=_PAPER,
        inputs="standard normal q, k, v; lambda 1e-4, 1e-5, 1e-6; B 2, T 16, H 2, K 4, V 4; float64",
        equation=r"\lim_{\lambda \to 0} \tfrac1\lambda\, W_t = \sum_{i \le t} k_i v_i^\top",
        bound=0.02,
        why_bound=(
            "The next term of the series is lambda times the sum of k k^T, at most about 30 here: the first ratio "
            "misses ten by some thousandths."
        ),
        pitfall="In the convention of libraries that call the penalty lambda, it is lambda to infinity.",
        family="fast-weights",
        check=_check_limit,
        subject=_divided,
        wrong_variants={
            "not divided by lambda": _not_divided,
            "lambda to infinity": _other_end,
            "multiplied by lambda": _multiplied,
        },
        executes=("mesa-layer", "fast-weight-programmer"),
    ),
    Claim(
        id="lambda-of-the-mesa-layer-is-its-penalty",
        statement=(
            "The lambda of the mesa layer is the penalty of a ridge regression: a large one pulls towards zero."
        ),
        kind="separation",
        between=("mesa-layer",),
        evidence=_PAPER,
        inputs="standard normal q, k, v; lambda 1.7; T 6, K 3, V 3; float64",
        equation=(
            r"\Big( \sum_i k_i k_i^\top + \tfrac1\lambda I \Big)^{-1} \neq \Big( \sum_i k_i k_i^\top + \lambda I "
            r"\Big)^{-1}"
        ),
        bound=1e-11,
        why_bound="Were it the penalty, the two would solve the same well-conditioned systems.",
        pitfall="Many a library writes the penalty itself as lambda: a value carried over means its inverse.",
        family="fast-weights",
        check=_check_name,
        subject=_lam_as_penalty,
        wrong_variants={
            "one over lambda for a penalty": _inverse_as_penalty,
            "lambda one": _lam_one,
        },
        executes=("mesa-layer",),
        expected="refuted",
        smallest=_search_name,
    ),
)
