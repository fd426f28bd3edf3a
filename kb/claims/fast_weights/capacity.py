"""What a matrix can hold: the floor of the error, and which rule recalls more after one pass."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor


def _memories(k: "Tensor", v: "Tensor", strength: float = 1) -> "dict[str, Tensor]":
    """Return what plain sum and delta rule hold after one pass over k (B, N, K), v (B, N, V): (B, K, V) each."""
    from kb.reference.delta_rule import delta_rule
    from kb.reference.fast_weight_programmer import fast_weight_programmer

    k, v = k[:, :, None], v[:, :, None]
    beta = v.new_full(v.shape[:3], strength)
    added, corrected = fast_weight_programmer(k, k, v)[1], delta_rule(k, k, v, beta)[1]
    return {"sum": added[:, 0], "delta rule": corrected[:, 0]}


def _unit(draw: Draw, *shape: int) -> "Tensor":
    x = draw.normal(*shape)
    lengths: Tensor = x.norm(dim=-1, keepdim=True)
    return x / lengths


def _check_floor(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the mesa layer's error is from the subject's floor, for 20 and for 12 keys in eight channels,
    and by how much any memory lies below it."""
    from kb.reference.mesa_layer import mesa_layer

    missed, least = 0.0, math.inf
    for N in (20, 12):
        k, v = _unit(draw, 1, N, 8), draw.orthonormal(N, N)[None]
        floor = subject(N, 8)
        heads = k[:, :, None], v[:, :, None]
        S, R = mesa_layer(heads[0], *heads, lam=1e6)[1]
        fitted = {"mesa layer": (R @ S)[:, 0], **_memories(k, v, 0.5)}
        errors = {name: float((k @ W - v).norm() / v.norm()) for name, W in fitted.items()}
        missed = find_worst([missed, abs(errors["mesa layer"] - floor)])
        least = min(least, *(error - floor for error in errors.values()))
    return Measurement(find_worst([missed, -least]), f"misses by {missed:.2g}")


def _root_of_the_rest(N: int, d: int) -> float:
    return math.sqrt(1 - d / N)


def _rest(N: int, d: int) -> float:
    return 1 - d / N


def _root_of_the_ratio(N: int, d: int) -> float:
    return math.sqrt(d / N)


def _nothing(N: int, d: int) -> float:
    return 0.0


def _check_error(subject: Subject, draw: Draw) -> Measurement:
    """Measure by how much the error of the delta rule is smaller than that of the plain sum, both relative to the
    values, for 16, 32 and 64 random keys in 32 channels: the smallest of the three margins."""
    margins = []
    for N in (16, 32, 64):
        k, v = _unit(draw, 1, N, 32), _unit(draw, 1, N, 32)
        memories = subject(k, v)
        added, corrected = (float((k @ memories[one] - v).norm() / v.norm()) for one in ("sum", "delta rule"))
        margins.append(added - corrected)
    return Measurement(find_worst(margins, "at least"), ", ".join(f"{one:.2f}" for one in margins))


def _exchanged(k: "Tensor", v: "Tensor") -> "dict[str, Tensor]":
    memories = _memories(k, v)
    return {"sum": memories["delta rule"], "delta rule": memories["sum"]}


def _best_scale(k: "Tensor", v: "Tensor") -> "dict[str, Tensor]":
    """Return the memories, the plain sum divided by what makes its error smallest."""
    memories = _memories(k, v)
    answers = k @ memories["sum"]
    return memories | {"sum": memories["sum"] * (answers * v).sum() / answers.square().sum()}


def _overshooting(k: "Tensor", v: "Tensor") -> "dict[str, Tensor]":
    return _memories(k, v, 2)


def _recalled(memory: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    """Return how many keys of each row of the batch (B, N, K) are answered nearest to their own value (B, N, V)."""
    import torch

    answers = k @ memory
    distances = (answers[:, :, None] - v[:, None]).square().sum(dim=-1)
    own = torch.diagonal(distances, dim1=1, dim2=2)
    other = distances + torch.diag_embed(torch.full_like(own, math.inf))
    # a tie is no recall
    return (own + 1e-9 < other.amin(dim=2)).to(k.dtype).sum(dim=1)


def _check_recall(subject: Subject, draw: Draw) -> Measurement:
    """Measure by how many of 64 keys in 32 channels the delta rule recalls more than the plain sum, as a share."""
    k, v = _unit(draw, 1, 64, 32), _unit(draw, 1, 64, 32)
    added, corrected = (float(one) for one in subject(k, v))
    return Measurement((corrected - added) / 64, f"sum {added:.0f}, delta rule {corrected:.0f} of 64")


def _one_pass(k: "Tensor", v: "Tensor") -> "tuple[Tensor, Tensor]":
    """Return how many keys the plain sum recalls after one pass, and how many the delta rule."""
    memories = _memories(k, v)
    return _recalled(memories["sum"], k, v), _recalled(memories["delta rule"], k, v)


def _newest(k: "Tensor", v: "Tensor") -> "tuple[Tensor, Tensor]":
    """Return the same of the four newest keys, whose answers may be any of the values."""
    import torch

    def count(memory: "Tensor") -> "Tensor":
        nearest = torch.cdist(k[:, -4:] @ memory, v).argmin(dim=2)
        return (nearest == torch.arange(k.shape[1])[-4:]).to(k.dtype).sum(dim=1)

    memories = _memories(k, v)
    return count(memories["sum"]), count(memories["delta rule"])


def _overwritten(k: "Tensor", v: "Tensor") -> "tuple[Tensor, Tensor]":
    """Return the same where eight keys get eight values each, one after the other, and the last counts."""
    import torch

    memories = _memories(k[:, :8].repeat(1, 8, 1), v)

    def count(memory: "Tensor") -> "Tensor":
        nearest = torch.cdist(k[:, :8] @ memory, v).argmin(dim=2)
        return (nearest == torch.arange(k.shape[1])[-8:]).to(k.dtype).sum(dim=1)

    return count(memories["sum"]), count(memories["delta rule"])


def _few(k: "Tensor", v: "Tensor") -> "tuple[Tensor, Tensor]":
    return _one_pass(k[:, :4], v[:, :4])


def _by_error(k: "Tensor", v: "Tensor") -> "tuple[Tensor, Tensor]":
    """Return minus the squared errors of the two, so that more is better."""
    memories = _memories(k, v)
    added, corrected = ((k @ memories[one] - v).square().sum() for one in ("sum", "delta rule"))
    return -added, -corrected


def _search(subject: Subject) -> Example | None:
    import torch

    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        k, v = inputs["k"], inputs["v"]
        added, corrected = (one[:, None] for one in subject(k, v))
        unit = ((k.square().sum(dim=-1) - 1).abs() < 1e-9).all(dim=1) & (added > corrected)[:, 0]
        # only where keys are of unit length and the sum is ahead: anything else is passed over
        memories = {name: k @ memory for name, memory in _memories(k, v).items()}
        return {
            f"{name} answers": torch.where(unit[:, None, None], answer, torch.inf)
            for name, answer in memories.items()
        }

    sizes = [{"k": (N, K), "v": (N, 1)} for N in (2, 3) for K in (1, 2)]
    return find_smallest(run, sizes, {"k": (0, 1, 0.6, 0.8, -1), "v": (1, -1)})


_PAPER = "arxiv:2102.11174"

CLAIMS = (
    Claim(
        id="more-keys-than-channels-leave-an-error",
        statement=(
            "No matrix holds N > d keys of d channels with orthonormal values to a smaller relative error than the "
            "root of 1 - d/N; least squares, to which the mesa layer comes without a penalty, reaches it."
        ),
        kind="inequality",
        between=("tensor-product-representation", "deltanet", "mesa-layer"),
        evidence=Evidence(_PAPER, "Section 4.1"),
        inputs="20 and 12 random unit keys in eight channels, orthonormal values; lambda 1e6; float64",
        equation=r"\min_W \frac{\lVert K W - V \rVert}{\lVert V \rVert} = \sqrt{1 - \tfrac{d}{N}}",
        bound=1e-5,
        why_bound=(
            "The fit is a projection on d of N directions. A penalty of a millionth adds some 1e-7 where the "
            "smallest singular value of the keys is a tenth."
        ),
        pitfall="It is the error of the best matrix: what one pass of the sum or the delta rule leaves is larger.",
        family="fast-weights",
        check=_check_floor,
        subject=_root_of_the_rest,
        wrong_variants={
            "1 - d/N": _rest,
            "the root of d/N": _root_of_the_ratio,
            "no error, as for N up to d": _nothing,
        },
        executes=("mesa-layer", "fast-weight-programmer", "delta-rule"),
    ),
    Claim(
        id="the-delta-rule-has-the-smaller-error-after-one-pass",
        statement=(
            "After one pass over random unit keys, fewer than, as many as or twice as many as there are channels, "
            "the delta rule's answers are nearer to the values, in the mean square, than those of the plain sum."
        ),
        kind="ordering",
        between=("fast-weight-programmer", "delta-rule", "deltanet"),
        evidence=Evidence(_PAPER, "Section 4.2"),
        inputs="16, 32 and 64 random unit keys and values in 32 channels; float64",
        bound=0.02,
        why_bound=(
            "A margin of the ordering over seeds. It is least for the fewest keys, where the sum's error is about "
            "0.7 and the delta rule's about 0.55, give or take some hundredths."
        ),
        pitfall=(
            "Nearer in the mean square is not more often nearest: recall goes the other way. And a sum divided by "
            "the best number is ahead again where there are as many keys as channels or more."
        ),
        holds="at least",
        family="fast-weights",
        check=_check_error,
        subject=_memories,
        wrong_variants={
            "the two exchanged": _exchanged,
            "the sum divided by the best number": _best_scale,
            "a strength of two": _overshooting,
        },
        executes=("fast-weight-programmer", "delta-rule"),
    ),
    Claim(
        id="the-delta-rule-recalls-more-than-the-sum",
        statement=(
            "After one pass over twice as many random unit keys as there are channels, the delta rule answers at "
            "least as many of them with something nearest to their own value as the plain sum does."
        ),
        kind="separation",
        between=("fast-weight-programmer", "linear-attention", "deltanet"),
        evidence=Evidence(_PAPER, "Sections 4.1 and 4.2"),
        inputs="64 random unit keys and values in 32 channels; float64",
        bound=0.0,
        why_bound="Recalling more would be a share above zero; the sum recalls about a third of all keys more.",
        pitfall=(
            "The delta rule keeps its newest keys and forgets the oldest, the sum blurs all alike. What is true of "
            "it is a smaller error, and that a key written again is answered with its new value."
        ),
        holds="at least",
        family="fast-weights",
        check=_check_recall,
        subject=_one_pass,
        wrong_variants={
            "the four newest keys": _newest,
            "keys that are written again with other values": _overwritten,
            "four keys only": _few,
            "measured by the squared error": _by_error,
        },
        executes=("fast-weight-programmer", "delta-rule"),
        expected="refuted",
        smallest=_search,
    ),
)
