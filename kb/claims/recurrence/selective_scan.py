"""The selective state space: loop, scan and sum are one, and no convolution is, unless no map reads the token."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import relative_with_gradients
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]
    Sides = tuple[Tensor, Tensor]

_WIDTH, _STATES = 3, 2
_NAMES = ("w_step_down", "w_step_up", "b_step", "w_b", "w_c", "a_log", "skip")


def _draw(draw: Draw) -> "Weights":
    D, K = _WIDTH, _STATES
    drawn = (draw.normal(*one, scale=0.7) for one in ((D, 1), (1, D), (D,), (D, K), (D, K), (D, K), (D,)))
    return dict(zip(_NAMES, drawn, strict=True))


def _check_forms(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between the subject and loop and scan, under both rules, gradients too."""
    x, w = draw.normal(2, 6, _WIDTH), _draw(draw)
    apart = []
    for form, rule in (("recurrent", "euler"), ("scan", "zoh")):
        shipped = partial(_in_parts, form=form, discretisation=rule)
        apart.append(relative_with_gradients(shipped, partial(_ruled, subject, rule), x, *w.values()))
    apart.append(relative(_in_parts(x, *w.values(), form="scan", discretisation="euler"), subject(x, w, "euler")))
    return Measurement(find_worst(apart))


def _ruled(subject: Subject, rule: str, x: "Tensor", *weights: "Tensor") -> "Tensor":
    found: Tensor = subject(x, dict(zip(_NAMES, weights, strict=True)), rule)
    return found


def _in_parts(x: "Tensor", *weights: "Tensor", **options: Any) -> "Tensor":
    import torch

    from kb.reference.selective_state_space import selective_state_space as layer

    w = dict(zip(_NAMES, weights, strict=True))
    first, state = layer(x[:, :5], w, **options)
    return torch.cat([first, layer(x[:, 5:], w, state, **options)[0]], dim=1)


def _sum_over_the_past(x: "Tensor", w: "Weights", rule: str, slip: str = "") -> "Tensor":
    """Return C_t times the sum over s <= t of e^{A (Delta_{s+1} + ... + Delta_t)} times what token s writes.

    Parameters
    ----------
    slip : what is done wrongly: A is "a_log" itself, the written token fades at once ("early"), its step does not
           scale it ("unscaled"), B and C are "exchanged", or the steps are a "mean" over the tokens
    """
    import torch

    step = torch.nn.functional.softplus(x @ w["w_step_down"] @ w["w_step_up"] + w["b_step"])[..., None]
    step = step.mean(dim=1, keepdim=True).expand_as(step) if slip == "mean" else step
    A = w["a_log"] if slip == "a_log" else -w["a_log"].exp()
    write, read = x @ w["w_b"], x @ w["w_c"]
    write, read = (read, write) if slip == "exchanged" else (write, read)
    held = step if rule == "euler" else ((step * A).exp() - 1) / A
    written = (1 if slip == "unscaled" else held) * write[:, :, None] * x[..., None]
    # all steps behind s, up to and with t: a difference of sums from the beginning, (B, T, T, D, 1)
    total = step.cumsum(dim=1)
    between = total[:, :, None] - (total - step if slip == "early" else total)[:, None]
    past = torch.ones(x.shape[1], x.shape[1], dtype=x.dtype).tril()[..., None, None]
    states = ((A * between).exp() * past * written[:, None]).sum(dim=2)
    return (states * read[:, :, None]).sum(dim=-1) + w["skip"] * x


def _check_sides(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(draw.normal(2, 8, 1), *draw.uniform(0.3, 1, 3))))


def _response(
    x: "Tensor", step: "Tensor | float", write: "Tensor | float", read: "Tensor | float", constant: float = 0.0
) -> "Sides":
    """Return a channel's answer (B, T, 1), and the convolution of the channel with its answer to an impulse.

    The maps of step, B and C read the channel with these weights; with ``constant`` they read so much of a second
    channel that is always one. A is -1.
    """
    import torch

    from kb.reference.selective_state_space import selective_state_space

    def run(one: "Tensor") -> "Tensor":
        both = torch.cat([one, torch.ones_like(one)], dim=-1)
        maps = {
            name: torch.stack([both.new_tensor(float(weight)), both.new_tensor(constant)])[:, None]
            for name, weight in (("w_step_down", step), ("w_b", write), ("w_c", read))
        }
        up, none = both.new_tensor([[1.0, 0.0]]), torch.zeros(2, dtype=both.dtype)
        w = maps | {"w_step_up": up, "b_step": none, "a_log": none[:, None], "skip": none}
        return selective_state_space(both, w)[0][..., :1]

    impulse = torch.zeros_like(x[:1])
    impulse[:, 0] = 1
    kernel = run(impulse)[0, :, 0]
    answers = [(x[:, : t + 1, 0] * kernel[: t + 1].flip(0)).sum(dim=1) for t in range(x.shape[1])]
    return run(x), torch.stack(answers, dim=1)[..., None]


def _nothing_reads_it(x: "Tensor", step: "Tensor", write: "Tensor", read: "Tensor") -> "Sides":
    return _response(x, 0, 0, 0, constant=0.7)


def _only_an_impulse(x: "Tensor", step: "Tensor", write: "Tensor", read: "Tensor") -> "Sides":
    import torch

    return _response(torch.cat([x[:, :1] * 0 + 1, x[:, 1:] * 0], dim=1), step, write, read)


def _search(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        # B and C are one, as a constant channel makes them; only the step may read the token, with a weight of one
        found, convolved = subject(inputs["x"], 1.0, 0.0, 0.0, 1.0)
        return {"selective state space": found, "convolution with its answer to 1, 0, ...": convolved}

    return find_smallest(run, [{"x": (T, 1)} for T in (1, 2, 3)])


def _check_duality(subject: Subject, draw: Draw) -> Measurement:
    """Measure the shipped scan against the subject, where all channels share step and transition."""
    from kb.reference.selective_state_space import selective_state_space

    x, w = draw.normal(2, 6, _WIDTH), _draw(draw)
    w |= {"w_step_up": w["w_step_up"][:, :1].expand(1, _WIDTH), "b_step": w["b_step"][:1].expand(_WIDTH)}
    w["a_log"] = w["a_log"][:1, :1].expand(_WIDTH, _STATES)
    return Measurement(relative(selective_state_space(x, w)[0], subject(x, w)))


def _dual(x: "Tensor", w: "Weights", *, scaled: bool = True, exchanged: bool = False, fades: float = 1.0) -> "Tensor":
    """Return state space duality with one head: q = C, k = B, v = Delta x, and the transition e^{Delta A}."""
    import torch

    from kb.reference.state_space_duality import state_space_duality

    step = torch.nn.functional.softplus((x @ w["w_step_down"] @ w["w_step_up"] + w["b_step"])[..., :1])
    decay = (-fades * step * w["a_log"][0, 0].exp()).exp()
    q, k = (x @ w["w_b"], x @ w["w_c"]) if exchanged else (x @ w["w_c"], x @ w["w_b"])
    o, _ = state_space_duality(q[:, :, None], k[:, :, None], (x * step if scaled else x)[:, :, None], decay)
    return o[:, :, 0] + w["skip"] * x


def _many_transitions(x: "Tensor", w: "Weights") -> "Tensor":
    from kb.reference.selective_state_space import selective_state_space

    # what the general layer allows: a rate for each state of each channel
    rates = x.new_tensor([[0.0, 0.5]]) + x.new_tensor([0.0, 0.2, 0.4])[:, None]
    return selective_state_space(x, w | {"a_log": w["a_log"] + rates})[0]


_PAPER = "arxiv:2312.00752"

CLAIMS = (
    Claim(
        id="selective-scan-is-a-sum-over-the-past",
        statement=(
            "The selective state space in a loop and as a scan, under Euler's rule and under zero-order hold, also "
            "where the run is interrupted, is one sum over the past: token s counts with the exponential of A times "
            "all steps behind s."
        ),
        kind="equality",
        between=("parallel-scan", "selective-state-space"),
        evidence=Evidence(_PAPER, "Sections 3.2 and 3.3, algorithm 2"),
        inputs="normal x and weights; B 2, T 6, D 3, K 2, rank 1; in two parts; float64 and float32",
        equation=r"y_t = C_t \sum_{s \le t} e^{A (\Delta_{s+1} + \dots + \Delta_t)} \bar B_s x_s + D x_t",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Sums of six terms; products of exponentials on one side, exponentials of sums on the other.",
        family="recurrence",
        check=_check_forms,
        subject=_sum_over_the_past,
        wrong_variants={
            "A taken for its logarithm": partial(_sum_over_the_past, slip="a_log"),
            "a token fades as it is written": partial(_sum_over_the_past, slip="early"),
            "B not scaled by the step": partial(_sum_over_the_past, slip="unscaled"),
            "B and C exchanged": partial(_sum_over_the_past, slip="exchanged"),
            "one step for all tokens": partial(_sum_over_the_past, slip="mean"),
        },
        executes=("selective-state-space",),
    ),
    Claim(
        id="the-selective-scan-is-a-convolution",
        statement=(
            "Like the state spaces before it, a selective state space is a convolution of its input: its answer to a "
            "single impulse says how it answers everything."
        ),
        kind="separation",
        between=("structured-state-space", "selective-state-space"),
        evidence=Evidence(_PAPER, "Sections 3.1 and 3.2"),
        inputs="standard normal x of one channel, T 8; A -1; maps that read it with weights of 0.3 to 1; float64",
        equation=r"y_t \;\neq\; \sum_{s \le t} \bar K_{t-s}\, x_s, \quad \bar K \text{ the answer to } 1, 0, \dots",
        bound=1e-12,
        why_bound="A convolution is linear: it would give back the sum over the impulse's answers, but for rounding.",
        pitfall="Twice the input is enough to tell, since the step reads it; one token does.",
        family="recurrence",
        check=_check_sides,
        subject=_response,
        wrong_variants={
            "no map reads the token": _nothing_reads_it,
            "nothing but an impulse": _only_an_impulse,
        },
        executes=("selective-state-space",),
        expected="refuted",
        smallest=_search,
    ),
    Claim(
        id="state-space-duality-is-a-selective-scan-with-one-transition",
        statement=(
            "A selective state space in which all channels share their step and all states their rate is state space "
            "duality with one head: C asks, B is the key, the token times its step is the value."
        ),
        kind="reduction",
        between=("selective-state-space", "state-space-duality"),
        evidence=Evidence("arxiv:2405.21060", "Section 5"),
        inputs="normal x and weights, steps and rates shared; B 2, T 6, D 3, K 2; float64",
        equation=r"a_t = e^{\Delta_t A}, \quad q_t = C_t, \ k_t = B_t, \ v_t = \Delta_t x_t",
        bound=1e-12,
        why_bound="The same six steps; transitions go through a logarithm on one side.",
        pitfall="The block of Mamba-2 computes B, C and steps in another way than that of Mamba.",
        papers=(_PAPER,),
        family="recurrence",
        check=_check_duality,
        subject=_dual,
        wrong_variants={
            "a value without its step": partial(_dual, scaled=False),
            "B and C exchanged": partial(_dual, exchanged=True),
            "nothing fades": partial(_dual, fades=0.0),
            "a rate for each channel and state": _many_transitions,
        },
        executes=("selective-state-space", "state-space-duality"),
    ),
)
