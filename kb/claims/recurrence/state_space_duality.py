"""State space duality: its three forms, and what is left where its transitions are constant or one."""

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


def _check_forms(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst relative difference between the subject and all three forms, gradients too."""
    from kb.reference.state_space_duality import state_space_duality

    q, k = draw.normal(2, 2, 6, 3, 4)
    v, decay = draw.normal(2, 6, 3, 5), draw.uniform(0.5, 0.9, 2, 6, 3)
    apart = []
    for form in ("recurrent", "parallel", "chunkwise"):
        shipped = partial(run_in_parts, partial(state_space_duality, form=form, chunk=2))
        apart.append(relative_with_gradients(shipped, subject, q, k, v, decay))
    return Measurement(find_worst(apart))


def _masked(q: "Tensor", k: "Tensor", v: "Tensor", decay: "Tensor", first: int = 1, last: int = 1) -> "Tensor":
    """Return (L * Q K^T) V, L_ts the product of the decays from token s + first up to and without t + last."""
    import torch

    rows = []
    for t in range(q.shape[1]):
        row = [decay[:, s + first : t + last].prod(dim=1) for s in range(t + 1)]
        rows.append(torch.stack(row + [decay[:, 0] * 0] * (q.shape[1] - t - 1), dim=-1))
    scores = torch.einsum("bthk,bshk->bhts", q, k) * torch.stack(rows, dim=2)
    return torch.einsum("bhts,bshv->bthv", scores, v)


def _transposed(q: "Tensor", k: "Tensor", v: "Tensor", decay: "Tensor") -> "Tensor":
    # time runs backwards through the mask
    return _masked(q, k, v, decay.flip(1))


def _with_softmax(q: "Tensor", k: "Tensor", v: "Tensor", decay: "Tensor") -> "Tensor":
    import torch

    # the logarithms of the mask added to the logits of softmax attention
    total = decay.log().cumsum(dim=1).transpose(1, 2)
    logits = torch.einsum("bthk,bshk->bhts", q, k) + total[..., :, None] - total[..., None, :]
    future = torch.ones(q.shape[1], q.shape[1], dtype=torch.bool).triu(1)
    return torch.einsum("bhts,bshv->bthv", logits.masked_fill(future, -torch.inf).softmax(dim=-1), v)


def _check_decays(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst relative difference between the two sides of each pair that the subject returns."""
    q, k, v = draw.normal(3, 2, 8, 2, 4)
    return Measurement(find_worst(relative(*pair) for pair in subject(q, k, v, draw.uniform(0.5, 0.97, 2))))


def _constant(
    q: "Tensor", k: "Tensor", v: "Tensor", gamma: "Tensor", rotation: str = "none", open_at: float = 1
) -> "list[Sides]":
    """Return state space duality with one decay a head beside retention, and with none beside the plain sum."""
    from kb.reference.fast_weight_programmer import fast_weight_programmer
    from kb.reference.retention import retention
    from kb.reference.state_space_duality import state_space_duality

    decay = gamma.expand(v.shape[:3])
    return [
        (state_space_duality(q, k, v, decay)[0], retention(q, k, v, gamma, rotation=rotation)[0]),
        (state_space_duality(q, k, v, decay * 0 + open_at)[0], fast_weight_programmer(q, k, v)[0]),
    ]


def _changing(q: "Tensor", k: "Tensor", v: "Tensor", gamma: "Tensor") -> "list[Sides]":
    import torch

    from kb.reference.state_space_duality import state_space_duality

    # the same decay on average, but a large one and a small one in turn
    turns = torch.tensor([1.02, 0.98], dtype=q.dtype).repeat(4)[None, :, None]
    decay = gamma.expand(v.shape[:3]) * turns
    return [(state_space_duality(q, k, v, decay)[0], _constant(q, k, v, gamma)[0][1])]


def _linear_attention(q: "Tensor", k: "Tensor", v: "Tensor", gamma: "Tensor", *, normalise: bool) -> "list[Sides]":
    """Return the form with all transitions at one on the features elu + 1, and linear attention."""
    from torch.nn.functional import elu

    from kb.reference.linear_attention import linear_attention
    from kb.reference.state_space_duality import state_space_duality

    mapped = state_space_duality(elu(q) + 1, elu(k) + 1, v, v.new_ones(v.shape[:3]))[0]
    return [(mapped, linear_attention(q, k, v, normalise=normalise)[0])]


def _all_three(q: "Tensor", k: "Tensor", v: "Tensor", gamma: "Tensor") -> "list[Sides]":
    return _constant(q, k, v, gamma) + _linear_attention(q, k, v, gamma, normalise=False)


_PAPER = "arxiv:2405.21060"

CLAIMS = (
    Claim(
        id="state-space-duality-is-masked-attention",
        statement=(
            "A state space whose transition is one number a token is attention without softmax under a mask: the "
            "pair of tokens t and s counts with the product of the transitions after s up to and with t. Token by "
            "token, over all pairs and in chunks, also where the run is interrupted, it is one function."
        ),
        kind="equality",
        between=("linear-attention", "state-space-duality"),
        evidence=Evidence(_PAPER, "Sections 5 and 6"),
        inputs=(
            "standard normal q, k, v, decay 0.5 to 0.9; B 2, T 6, H 3, K 4, V 5; three parts, chunks of 2; float64, "
            "float32"
        ),
        equation=r"O = (L \odot Q K^\top) V, \qquad L_{ts} = a_{s+1} \cdots a_t \text{ for } s \le t",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Products of at most five factors below one, taken as sums of logarithms in two of the forms.",
        family="recurrence",
        check=_check_forms,
        subject=_masked,
        wrong_variants={
            "the older token's transition counts too": partial(_masked, first=0),
            "the newer token's does not": partial(_masked, last=0),
            "the mask of the sequence read backwards": _transposed,
            "the mask's logarithm inside a softmax": _with_softmax,
        },
        executes=("state-space-duality",),
    ),
    Claim(
        id="state-space-duality-with-constant-transitions-is-retention",
        statement=(
            "With one transition a head, the same for all tokens, state space duality is retention without its "
            "rotation; with all transitions at one it is linear attention without its denominator, with the identity "
            "or, once they are applied, with any other features."
        ),
        kind="reduction",
        between=("linear-attention", "retention", "state-space-duality"),
        evidence=Evidence(_PAPER, "Sections 4 and 5"),
        inputs="standard normal q, k, v, decay 0.5 to 0.97 a head; B 2, T 8, H 2, K 4, V 4; float64 and float32",
        equation=r"a_t = \gamma: \ L_{ts} = \gamma^{t-s}; \qquad a_t = 1: \ L_{ts} = 1 \text{ for } s \le t",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Sums of at most eight terms; powers on one side, sums of logarithms on the other.",
        pitfall="Group normalisation, gates and the blocks around the two are not part of it.",
        family="recurrence",
        check=_check_decays,
        subject=_all_three,
        wrong_variants={
            "retention with its rotation": partial(_constant, rotation="rope"),
            "transitions that change by a fiftieth": _changing,
            "transitions of 0.99 against the plain sum": partial(_constant, open_at=0.99),
            "linear attention with its denominator": partial(_linear_attention, normalise=True),
        },
        executes=("state-space-duality", "retention", "fast-weight-programmer", "linear-attention"),
    ),
)
