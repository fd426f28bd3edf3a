"""Q-Transformer's losses: one maximum after the other, its two neutral ends, and what its values mean."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Log = tuple[Tensor, Tensor]

_STEPS, _PARTS, _BINS, _GAMMA = 3, 3, 3, 0.5


def _loss(values: "Tensor", target: "Tensor", log: "Log", **options: object) -> "Tensor":
    from kb.reference.q_transformer import q_transformer

    return q_transformer(values, target, *log, gamma=_GAMMA, **options)  # type: ignore[arg-type]


def _draw_log(draw: Draw, parts: int = _PARTS, least: float = -1) -> "Log":
    """Return actions (B, T, parts) and rewards (B, T) within two of the least."""
    return draw.integers(0, _BINS, 2, _STEPS, parts), draw.uniform(least, least + 2, 2, _STEPS)


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the losses of the subject's values, given what whole actions are worth, against those of values 0."""
    import torch

    actions, rewards = log = _draw_log(draw)
    rows, worth, ahead = torch.arange(2), [], 0 * rewards[:, 0]
    for t in reversed(range(_STEPS)):
        table = draw.uniform(-1, 1, 2, *[_BINS] * _PARTS)
        # the action of the log is worth its reward and the best that can be done after it
        table[rows, *actions[:, t].T] = rewards[:, t] + _GAMMA * ahead
        worth.append(table)
        ahead = table.flatten(1).amax(dim=1)
    values = subject(torch.stack(worth[::-1], dim=1), actions)
    lost, most = (_loss(x, values, log, alpha=0.0, floor=False) for x in (values, 0 * values))
    return Measurement(float(lost.max() / most.max()))


def _by_part(worth: "Tensor", actions: "Tensor", *, best: str = "amax") -> "Tensor":
    """Return what each bin of each part is worth behind the logged ones before it, over all that may follow."""
    import torch

    values = worth.new_zeros(*actions.shape, _BINS)
    for b, t, part in torch.cartesian_prod(*map(torch.arange, actions.shape)).tolist():
        open_parts = worth[b, t][tuple(actions[b, t, :part])].reshape(_BINS, -1)
        values[b, t, part] = getattr(open_parts, best)(dim=1)
    return values


def _best_of_the_rest(worth: "Tensor", actions: "Tensor") -> "Tensor":
    return _by_part(worth, actions)


def _mean_of_the_rest(worth: "Tensor", actions: "Tensor") -> "Tensor":
    return _by_part(worth, actions, best="mean")


def _each_part_by_itself(worth: "Tensor", actions: "Tensor") -> "Tensor":
    import torch

    others = [[axis for axis in range(2, 2 + _PARTS) if axis != 2 + part] for part in range(_PARTS)]
    return torch.stack([worth.amax(dim=own) for own in others], dim=2)


def _discounted_at_every_part(worth: "Tensor", actions: "Tensor") -> "Tensor":
    import torch

    return _by_part(worth, actions) * _GAMMA ** torch.arange(_PARTS - 1, -1, -1)[:, None]


def _rest_as_logged(worth: "Tensor", actions: "Tensor") -> "Tensor":
    import torch

    values = worth.new_zeros(*actions.shape, _BINS)
    for b, t, part in torch.cartesian_prod(*map(torch.arange, actions.shape)).tolist():
        place = [*actions[b, t].tolist()]
        values[b, t, part] = worth[b, t][(*place[:part], slice(None), *place[part + 1 :])]
    return values


def _draw_values(draw: Draw, parts: int, least: float = -1) -> "tuple[Tensor, Tensor, Log]":
    return *draw.normal(2, 2, _STEPS, parts, _BINS), _draw_log(draw, parts, least)


def _check_one_part(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject at actions of one part against half the squared error of a deep Q-network, step by step."""
    # rewards so large that what followed in the log is worth more than what values promise
    values, target, log = _draw_values(draw, 1, least=2)
    actions, rewards = log
    expected = 0 * rewards
    for b in range(2):
        for t in range(_STEPS):
            later = target[b, t + 1, 0].max() if t + 1 < _STEPS else 0.0
            error = rewards[b, t] + _GAMMA * later - values[b, t, 0, actions[b, t, 0]]
            expected[b, t] = error**2 / 2
    return Measurement(relative(subject(values, target, log), expected))


def _plain(values: "Tensor", target: "Tensor", log: "Log") -> "Tensor":
    return _loss(values, target, log, alpha=0.0, floor=False)


def _with_floor(values: "Tensor", target: "Tensor", log: "Log") -> "Tensor":
    return _loss(values, target, log, alpha=0.0)


def _unseen_drawn_down(values: "Tensor", target: "Tensor", log: "Log") -> "Tensor":
    return _loss(values, target, log, alpha=1.0, floor=False)


def _its_own_target(values: "Tensor", target: "Tensor", log: "Log") -> "Tensor":
    return _plain(values, values, log)


def _whole_squares(values: "Tensor", target: "Tensor", log: "Log") -> "Tensor":
    return 2 * _plain(values, target, log)


def _check_returns(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against half the squared distance of values from the return that followed in the log."""
    import torch

    values, target, log = _draw_values(draw, _PARTS)
    actions, rewards = log
    fading = _GAMMA ** torch.arange(_STEPS, dtype=rewards.dtype)
    returns = [(rewards[:, t:] * fading[: _STEPS - t]).sum(dim=1) for t in range(_STEPS)]
    done = values.gather(-1, actions[..., None])[..., 0]
    expected = [((done[:, t] - returns[t][:, None]) ** 2 / 2).mean(dim=1) for t in range(_STEPS)]
    return Measurement(relative(subject(values, target, log), torch.stack(expected, dim=1)))


def _all_decisions_ahead(values: "Tensor", target: "Tensor", log: "Log") -> "Tensor":
    return _loss(values, target, log, alpha=0.0, floor=False, n=_STEPS * _PARTS)


def _all_steps_ahead(values: "Tensor", target: "Tensor", log: "Log") -> "Tensor":
    return _loss(values, target, log, alpha=0.0, floor=False, n=_STEPS)


def _one_decision_and_floor(values: "Tensor", target: "Tensor", log: "Log") -> "Tensor":
    return _loss(values, target, log, alpha=0.0, floor=True)


def _one_ahead(values: "Tensor", target: "Tensor", log: "Log") -> "Tensor":
    return _plain(values, target, log)


CLAIMS = (
    Claim(
        id="the-best-of-all-actions-is-found-one-part-after-the-other",
        statement=(
            "Let each bin of each part be worth the best that can still be made of it, given the parts chosen "
            "before. Then maxima over bins, one part after the other, without reward or discount between the parts, "
            "are the maximum over all whole actions, and Q-Transformer's targets leave no error."
        ),
        kind="equality",
        between=("deep-q-network", "q-transformer"),
        evidence=Evidence("arxiv:2309.10150", "Section 4.1, equation 1"),
        inputs="worths of all 27 actions, rewards and a log drawn evenly; two episodes of 3 steps, 3 parts of 3 bins",
        equation=(
            r"Q_i(a_i \mid a_{<i}) = \max_{a_{i+1}, \dots, a_A} Q(a_1, \dots, a_A) = \max_a Q_{i+1}(a \mid a_{\le "
            r"i})"
        ),
        bound=1e-24,
        why_bound="Squares of rounding: maxima are exact, and a reward plus a discounted maximum is off by 1e-16.",
        pitfall=(
            "It is no greedy choice: a bin's value already knows the best rest. Parts valued each by itself, over "
            "all others, do not fit together."
        ),
        family="beyond-text",
        check=_check,
        subject=_best_of_the_rest,
        wrong_variants={
            "the mean of the rest": _mean_of_the_rest,
            "each part by itself": _each_part_by_itself,
            "discounted at every part": _discounted_at_every_part,
            "the rest as it was logged": _rest_as_logged,
        },
        executes=("q-transformer",),
    ),
    Claim(
        id="q-transformer-with-actions-of-one-part-is-a-deep-q-network",
        statement=(
            "With actions of one part, without the return for a floor and without drawing unseen bins to zero, "
            "Q-Transformer's loss is half that of a deep Q-network on logged steps."
        ),
        kind="reduction",
        between=("deep-q-network", "q-transformer"),
        evidence=Evidence("arxiv:1312.5602", "Section 3, equation 2"),
        inputs="normal values and slow values, rewards and a log drawn evenly; two episodes of 3 steps; float64",
        equation=r"\tfrac12 \big(r_t + \gamma \max_a \bar Q_{t+1}(a) - Q_t(a_t)\big)^2",
        bound=1e-12,
        why_bound="The same few operations: rounding is near 1e-16.",
        papers=("arxiv:2309.10150",),
        family="beyond-text",
        check=_check_one_part,
        subject=_plain,
        wrong_variants={
            "the return for a floor": _with_floor,
            "unseen bins drawn to zero": _unseen_drawn_down,
            "values for their own targets": _its_own_target,
            "whole squares": _whole_squares,
        },
        executes=("q-transformer",),
    ),
    Claim(
        id="q-transformer-that-looks-ahead-to-the-end-fits-returns",
        statement=(
            "With as many decisions ahead as an episode has, steps times parts, Q-Transformer's target is the return "
            "that followed in the log, for every part of the action, and no value of the slow copy is left in it."
        ),
        kind="reduction",
        between=("deep-q-network", "q-transformer"),
        evidence=Evidence("arxiv:2309.10150", "Section 4, the part on Monte-Carlo and n-step returns"),
        inputs=(
            "normal values and slow values, rewards and a log drawn evenly; two episodes of 3 steps, 3 parts; float64"
        ),
        equation=r"R_t = \sum_{s \ge t} \gamma^{s - t} r_s",
        bound=1e-12,
        why_bound="Sums of at most three rewards in another order: rounding is near 1e-16.",
        pitfall="n counts decisions, not steps: with as many as there are steps the target still leans on values.",
        family="beyond-text",
        check=_check_returns,
        subject=_all_decisions_ahead,
        wrong_variants={
            "as many decisions as steps": _all_steps_ahead,
            "one decision, with the return for a floor": _one_decision_and_floor,
            "one decision": _one_ahead,
        },
        executes=("q-transformer",),
    ),
)
