"""The recurrent fast weight programmer: two delta-rule memories, one of which is asked by the last answer."""

from functools import partial
from typing import TYPE_CHECKING, Any

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import relative_with_gradients, run_in_parts
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    # by the names of the programmer's own arguments
    Inputs = dict[str, Any]
    Sides = tuple[Tensor, Tensor]


_ORDER = ("q", "k", "v", "beta", "k_back", "v_back", "beta_back")


def _draw(draw: Draw) -> "Inputs":
    inputs = {"q": draw.normal(2, 7, 3, 4), "k": draw.normal(2, 7, 3, 4), "v": draw.normal(2, 7, 3, 5)}
    # one key of zero, which has no direction
    inputs["k"][:, 2] = 0
    back = {name: draw.normal(2, 7, 3, 5, scale=2.0) for name in ("k_back", "v_back")}
    return inputs | back | {name: draw.uniform(0.2, 1, 2, 7, 3) for name in ("beta", "beta_back")}


def _check_memories(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the answers, run in three parts, are from the sum of two memories that are given them,
    gradients too."""
    from kb.reference.recurrent_fast_weight_programmer import recurrent_fast_weight_programmer

    inputs = _draw(draw)

    def answer(*tensors: "Tensor") -> "Tensor":
        return run_in_parts(recurrent_fast_weight_programmer, *tensors)

    def give_back(*tensors: "Tensor") -> "Tensor":
        given: Tensor = subject(answer(*tensors), dict(zip(_ORDER, tensors, strict=True)))
        return given

    return Measurement(relative_with_gradients(answer, give_back, *(inputs[name] for name in _ORDER)))


def _sum_of_memories(
    answers: "Tensor",
    inputs: "Inputs",
    *,
    ask: str = "softmax",
    back_keys: str = "softmax",
    lag: int = 1,
    back_only_adds: bool = False,
) -> "Tensor":
    """Return DeltaNet's answers plus those of a delta rule that is asked by the answers so far.

    Parameters
    ----------
    ask, back_keys : what is made of the last answer and of the keys under which feedback is stored
    lag            : how many tokens ago the answer was given
    back_only_adds : the feedback memory adds up instead of correcting
    """
    import torch

    from kb.reference.delta_rule import delta_rule
    from kb.reference.deltanet import deltanet

    forward, _ = deltanet(inputs["q"], inputs["k"], inputs["v"], inputs["beta"])
    last = torch.cat([answers[:, :lag] * 0, answers[:, :-lag]], dim=1)
    asked, keys = _map(last, ask), _map(inputs["k_back"], back_keys)
    back, _ = delta_rule(asked, keys, inputs["v_back"], inputs["beta_back"], read=not back_only_adds)
    return forward + back


def _map(x: "Tensor", name: str) -> "Tensor":
    return {"softmax": x.softmax(dim=-1), "tanh": x.tanh(), "identity": x}[name]


def _check_without_feedback(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst relative difference between the two sides of each pair that the subject returns."""
    return Measurement(find_worst(relative(*pair) for pair in subject(_draw(draw))))


def _at_feedback(inputs: "Inputs", strength: float = 0) -> "list[Sides]":
    """Return the programmer with this write strength of the feedback, beside DeltaNet, and as a delta rule."""
    from torch.nn.functional import normalize

    from kb.reference.delta_rule import delta_rule
    from kb.reference.deltanet import deltanet
    from kb.reference.recurrent_fast_weight_programmer import recurrent_fast_weight_programmer as programmer

    closed = inputs | {"beta_back": inputs["beta_back"] * 0 + strength}
    q, k, v, beta = (inputs[name] for name in ("q", "k", "v", "beta"))
    unit = normalize(k, dim=-1)
    return [
        (programmer(**closed)[0], deltanet(q, k, v, beta)[0]),
        (
            programmer(**closed, features="identity", normalise="l2")[0],
            deltanet(q, k, v, beta, features="identity", normalise="l2")[0],
        ),
        (
            programmer(**(closed | {"k": unit}), features="identity", normalise="none")[0],
            delta_rule(q, unit, v, beta)[0],
        ),
    ]


def _constant_feedback(inputs: "Inputs") -> "list[Sides]":
    from kb.reference.deltanet import deltanet
    from kb.reference.recurrent_fast_weight_programmer import recurrent_fast_weight_programmer as programmer

    constant = inputs | {"v_back": inputs["v_back"] * 0 + 1}
    q, k, v, beta = (inputs[name] for name in ("q", "k", "v", "beta"))
    return [(programmer(**constant)[0], deltanet(q, k, v, beta)[0])]


def _raw_keys(inputs: "Inputs") -> "list[Sides]":
    from torch.nn.functional import normalize

    from kb.reference.delta_rule import delta_rule

    q, k, v, beta = (inputs[name] for name in ("q", "k", "v", "beta"))
    return [(_at_feedback(inputs)[0][0], delta_rule(q, normalize(k, dim=-1), v, beta)[0])]


_PAPER = "arxiv:2106.06295"

CLAIMS = (
    Claim(
        id="the-recurrent-fast-weight-programmer-is-two-delta-memories",
        statement=(
            "The answers of the recurrent fast weight programmer are a DeltaNet's plus those of a second delta-rule "
            "memory, which is asked by the softmax of the answer before and stores under softmaxed keys; also where "
            "the run is interrupted."
        ),
        kind="equality",
        between=("deltanet", "recurrent-fast-weight-programmer"),
        evidence=Evidence(_PAPER, "Section 3"),
        inputs="normal inputs, both strengths 0.2 to 1; B 2, T 7, H 3, K 4, V 5; float64 and float32",
        equation=r"o_t = S_t^\top \phi(q_t) + R_t^\top\, \mathrm{softmax}(o_{t-1}), \qquad o_0 = 0",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Given the answers, both memories are sums of seven corrections by keys no longer than one.",
        pitfall="The second memory needs the answers, so the two cannot be computed in parallel over time.",
        family="fast-weights",
        check=_check_memories,
        subject=_sum_of_memories,
        wrong_variants={
            "the last answer as it is": partial(_sum_of_memories, ask="identity"),
            "tanh of the last answer": partial(_sum_of_memories, ask="tanh"),
            "feedback stored under keys as they are": partial(_sum_of_memories, back_keys="identity"),
            "the answer before the last": partial(_sum_of_memories, lag=2),
            "a feedback memory that only adds": partial(_sum_of_memories, back_only_adds=True),
        },
        executes=("recurrent-fast-weight-programmer", "deltanet", "delta-rule"),
    ),
    Claim(
        id="the-recurrent-fast-weight-programmer-without-feedback-is-deltanet",
        statement=(
            "Where nothing is written into the feedback weights, the recurrent fast weight programmer is DeltaNet "
            "with the same features and normalisation; without either, it is the delta rule."
        ),
        kind="reduction",
        between=("delta-rule", "deltanet", "recurrent-fast-weight-programmer"),
        evidence=Evidence(_PAPER, "Section 3"),
        inputs="normal inputs, strength 0.2 to 1; B 2, T 7, H 3, K 4, V 5; float64 and float32",
        equation=r"\beta'_t = 0: \quad R_t = 0,\ o_t = S_t^\top \phi(q_t)",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Seven corrections against a triangular system of seven equations.",
        family="fast-weights",
        check=_check_without_feedback,
        subject=_at_feedback,
        wrong_variants={
            "feedback written with a hundredth of the strength": partial(_at_feedback, strength=0.01),
            "the same feedback for every token": _constant_feedback,
            "the delta rule for DeltaNet": _raw_keys,
        },
        executes=("recurrent-fast-weight-programmer", "deltanet", "delta-rule"),
    ),
)
