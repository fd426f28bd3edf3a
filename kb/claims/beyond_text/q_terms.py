"""What Q-Transformer adds to the temporal difference: nothing unseen is trusted, and nothing reached is forgotten."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_STEPS, _PARTS, _BINS, _GAMMA = 3, 2, 4, 0.5


def _check_unseen(subject: Subject, draw: Draw) -> Measurement:
    """Measure by how much alpha raises the loss against the subject, at its default and at twice that."""
    from kb.reference.q_transformer import q_transformer

    values, target = draw.normal(2, 2, _STEPS, _PARTS, _BINS)
    log = draw.integers(0, _BINS, 2, _STEPS, _PARTS), draw.normal(2, _STEPS)
    plain = q_transformer(values, target, *log, alpha=0.0)
    raised = {1.0: q_transformer(values, target, *log), 2.0: q_transformer(values, target, *log, alpha=2.0)}
    return Measurement(
        find_worst(relative(one - plain, subject(values, log[0], alpha)) for alpha, one in raised.items())
    )


def _drawn_to_zero(
    values: "Tensor", actions: "Tensor", alpha: float, *, all_bins: bool = False, towards: float = 0.0
) -> "Tensor":
    """Return alpha / 2 times the mean square of the values of bins that were not chosen, over the parts."""
    expected = values.new_zeros(values.shape[:2])
    for b in range(values.shape[0]):
        for t in range(values.shape[1]):
            for part, chosen in enumerate(actions[b, t].tolist()):
                others = [j for j in range(_BINS) if all_bins or j != chosen]
                squares = [(values[b, t, part, j] - towards) ** 2 for j in others]
                expected[b, t] += alpha / 2 * sum(squares) / len(squares) / _PARTS
    return expected


def _chosen_too(values: "Tensor", actions: "Tensor", alpha: float) -> "Tensor":
    return _drawn_to_zero(values, actions, alpha, all_bins=True)


def _towards_the_least(values: "Tensor", actions: "Tensor", alpha: float) -> "Tensor":
    return _drawn_to_zero(values, actions, alpha, towards=float(values.min()))


def _summed(values: "Tensor", actions: "Tensor", alpha: float) -> "Tensor":
    return (_BINS - 1) * _drawn_to_zero(values, actions, alpha)


def _not_halved(values: "Tensor", actions: "Tensor", alpha: float) -> "Tensor":
    return 2 * _drawn_to_zero(values, actions, alpha)


def _check_floor(subject: Subject, draw: Draw) -> Measurement:
    """Measure the loss where values promise less than was reached against squares around the subject's returns."""
    import torch

    from kb.reference.q_transformer import q_transformer

    values, rewards = draw.normal(2, _STEPS, _PARTS, _BINS), draw.uniform(1, 2, 2, _STEPS)
    actions = draw.integers(0, _BINS, 2, _STEPS, _PARTS)
    # a target so low that the return is above it everywhere
    low = torch.full_like(values, -100.0)
    found = q_transformer(values, low, actions, rewards, gamma=_GAMMA, alpha=0.0)
    done = values.gather(-1, actions[..., None])[..., 0]
    expected = ((done - subject(rewards)[:, :, None]) ** 2 / 2).mean(dim=2)
    return Measurement(relative(found, expected))


def _returns(rewards: "Tensor", *, gamma: float = _GAMMA, first: int = 0) -> "Tensor":
    """Return what followed each step of the log: sum of gamma^k r_{t + k} over k from ``first`` on."""
    import torch

    steps = [
        sum((gamma**k * rewards[:, t + k] for k in range(first, _STEPS - t)), torch.zeros_like(rewards[:, 0]))
        for t in range(_STEPS)
    ]
    return torch.stack(steps, dim=1)


def _undiscounted(rewards: "Tensor") -> "Tensor":
    return _returns(rewards, gamma=1.0)


def _of_the_next_step(rewards: "Tensor") -> "Tensor":
    return _returns(rewards, first=1)


def _of_the_step_alone(rewards: "Tensor") -> "Tensor":
    return rewards


_EXACT = "Sums of a dozen products in another order: rounding is near 1e-15."

CLAIMS = (
    Claim(
        id="q-transformer-draws-unseen-values-to-zero",
        statement=(
            "What Q-Transformer's second term adds to the loss of a decision is alpha / 2 times the mean square of "
            "the values of all bins but the logged one."
        ),
        kind="equality",
        between=("q-transformer",),
        evidence=Evidence("arxiv:2309.10150", "Section 4.2, equation 2"),
        inputs="normal values and rewards; 3 steps of 2 parts with 4 bins; alpha 1, its default, and 2; float64",
        equation=r"\frac{\alpha}{2 (N - 1)} \sum_{a \ne a_t} Q(a)^2",
        bound=1e-12,
        why_bound=_EXACT,
        pitfall="Zero is the least return only where rewards are not negative.",
        family="beyond-text",
        check=_check_unseen,
        subject=_drawn_to_zero,
        wrong_variants={
            "the logged bin too": _chosen_too,
            "towards the least value": _towards_the_least,
            "summed over the bins": _summed,
            "not halved": _not_halved,
        },
        executes=("q-transformer",),
    ),
    Claim(
        id="q-transformer-learns-no-less-than-was-reached",
        statement=(
            "Where the values promise less than the log reached, Q-Transformer's target is the discounted return of "
            "the log, for every part of the action."
        ),
        kind="equality",
        between=("q-transformer",),
        evidence=Evidence("arxiv:2309.10150", "Section 4.3"),
        inputs="normal values, rewards between 1 and 2, target values of -100; 3 steps of 2 parts; float64",
        equation=r"y \leftarrow \max\Big(y,\; \sum_{k \ge 0} \gamma^k r_{t+k}\Big)",
        bound=1e-12,
        why_bound=_EXACT,
        pitfall="A return in the log is a lower bound of the best one only where the world is the same each time.",
        family="beyond-text",
        check=_check_floor,
        subject=_returns,
        wrong_variants={
            "not discounted": _undiscounted,
            "from the next step on": _of_the_next_step,
            "the reward of the step alone": _of_the_step_alone,
        },
        executes=("q-transformer",),
    ),
)
