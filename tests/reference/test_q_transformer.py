"""Truth of the Q-Transformer's objective: loops over single numbers, and Q-learning over whole actions."""

import itertools
import types

import pytest
import torch
from torch import Tensor

FILE = "q_transformer"
SIZES = {"B": 3, "T": 5, "A": 3, "N": 4}
WRONG = {
    "reward at every dimension": ("[ahead[:, :, 1:], last]", "[rewards[:, :, None] + ahead[:, :, 1:], last]"),
    "discount at every dimension": ("[ahead[:, :, 1:], last]", "[gamma * ahead[:, :, 1:], last]"),
    "no reward": ("rewards[:, :, None] + gamma * first", "gamma * first"),
    "no discount": ("+ gamma * first", "+ first"),
    "best bin by the values that learn": (
        "target_values.amax(dim=-1)",
        "target_values.gather(-1, values.argmax(dim=-1, keepdim=True))[..., 0]",
    ),
    "maximum of the values that learn": ("target_values.amax(", "values.amax("),
    "mean for maximum": (".amax(dim=-1)", ".mean(dim=-1)"),
    "maximum over dimensions": (
        ".amax(dim=-1)",
        ".amax(dim=2, keepdim=True)[..., 0].expand(-1, -1, values.shape[2])",
    ),
    "value of the logged bin": (
        "target_values.amax(dim=-1)",
        "target_values.gather(-1, actions[..., None])[..., 0]",
    ),
    "no floor": ("if floor:", "if False:"),
    "floor in any case": ("if floor:", "if True:"),
    "ceiling for floor": ("torch.maximum(target", "torch.minimum(target"),
    "floor one step late": ("later = rewards[:, t] + gamma * later\n        returns.append(later)", "later = "
                            "rewards[:, t] + gamma * later\n        returns.append((later - rewards[:, t]) / gamma)"),
    "floor not discounted": ("rewards[:, t] + gamma * later", "rewards[:, t] + later"),
    "floor in the order of the loop": ("returns[::-1]", "returns"),
    "the next step's last dimension": ("ahead[:, 1:, :1]", "ahead[:, 1:, -1:]"),
    "the same step's first dimension": (
        "[ahead[:, 1:, :1], torch.zeros_like(ahead[:, :1, :1])]",
        "[ahead[:, :, :1]]",
    ),
    "the next episode": ("torch.zeros_like(ahead[:, :1, :1])", "ahead[:, :1, :1]"),
    "one decision for all n": ("for _ in range(n):", "for _ in range(1):"),
    "gradient through the target": ("with torch.no_grad():", "if True:"),
    "the logged bin drawn to 0 as well": ("values.scatter(-1, chosen, 0.0)", "values"),
    "the logged bin only": ("values.scatter(-1, chosen, 0.0)", "values.gather(-1, chosen)"),
    "sum for mean": (" / max(1, N - 1)", ""),
    "mean with the logged bin": ("max(1, N - 1)", "N"),
    "error without its half": (" - target).square() / 2", " - target).square()"),
    "unseen without its half": (" / max(1, N - 1) / 2", " / max(1, N - 1)"),
    "size for square": ("[..., 0] - target).square()", "[..., 0] - target).abs()"),
    "sum over the dimensions": (".mean(dim=2)", ".sum(dim=2)"),
    "alpha on the error": ("(error + alpha * unseen)", "(alpha * error + unseen)"),
}  # fmt: skip


def loss_of_one(
    q: Tensor, ahead: list[list[list[float]]], actions: list[list[int]], rewards: list[float], **given: float
) -> Tensor:
    """Losses (T) of one episode; all but the values that learn are plain numbers."""
    T, A, N = q.shape
    gamma, alpha, n = given["gamma"], given["alpha"], int(given["n"])
    losses = []
    for t in range(T):
        total = torch.zeros((), dtype=q.dtype)
        for i in range(A):
            worth, left, step, dimension = 0.0, 1.0, t, i
            for _ in range(n):
                if step == T:
                    break
                dimension += 1
                if dimension == A:
                    worth, left, step, dimension = worth + left * rewards[step], left * gamma, step + 1, 0
            if step < T:
                worth += left * max(ahead[step][dimension])
            if given["floor"]:
                worth = max(worth, sum(gamma ** (s - t) * rewards[s] for s in range(t, T)))
            total = total + (q[t, i, actions[t][i]] - worth) ** 2 / 2
            for bin in range(N):
                if bin != actions[t][i]:
                    total = total + alpha / 2 * q[t, i, bin] ** 2 / (N - 1)
        losses.append(total / A)
    return torch.stack(losses)


def by_loops(values: Tensor, target_values: Tensor, actions: Tensor, rewards: Tensor, **given: float) -> Tensor:
    rows = zip(values, target_values.tolist(), actions.tolist(), rewards.tolist(), strict=True)
    return torch.stack([loss_of_one(*row, **given) for row in rows])


def check(module: types.ModuleType, draw, agree) -> None:
    for sizes, gamma, alpha, n, floor in (
        (SIZES, 0.9, 0.7, 1, True),
        (SIZES, 0.9, 0.7, 1, False),
        (SIZES, 0.8, 2.0, 4, False),
        ({**SIZES, "A": 1, "N": 9}, 0.9, 0.0, 2, True),
        ({**SIZES, "T": 1, "N": 2}, 0.5, 1.0, 1, False),
    ):
        given = {"gamma": gamma, "alpha": alpha, "n": n, "floor": floor}
        agree(
            lambda given=given, **inputs: module.q_transformer(**inputs, **given),
            lambda given=given, **inputs: by_loops(**inputs, **given),
            draw(FILE, sizes, seed=n),
        )


def test_every_number_and_gradient_is_that_of_the_loops(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize("wrong", WRONG)
def test_a_misreading_is_rejected(wrong, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, *WRONG[wrong]), draw, agree)


def test_drawn_actions_are_all_bins_and_the_floor_lifts_some_targets_only(shipped, draw):
    inputs = draw(FILE, {"B": 8, "T": 12})
    one, other = (shipped(FILE).q_transformer(**inputs, floor=floor) for floor in (True, False))

    assert inputs["actions"].dtype == torch.int64
    assert inputs["actions"].unique().tolist() == list(range(8))
    assert 0.05 < float((one != other).double().mean()) < 0.95


def test_choices_one_by_one_find_the_best_of_all_actions(shipped):
    """Q-learning over whole actions: the dimensions' values are maxima of a table over all of them."""
    actions, rewards, gamma = torch.tensor([[[1, 0, 3], [2, 2, 1]]]), torch.tensor([[0.5, -1.0]]).double(), 0.9
    table = torch.randn(2, 4, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)  # (T, N, N, N)
    values = torch.empty(1, 2, 3, 4, dtype=torch.float64)
    for t, (first, second, _) in enumerate(actions[0].tolist()):
        values[0, t, 0] = table[t].amax(dim=(1, 2))
        values[0, t, 1] = table[t, first].amax(dim=1)
        values[0, t, 2] = table[t, first, second]

    losses = shipped(FILE).q_transformer(values, values, actions, rewards, gamma=gamma, alpha=0.0, floor=False)

    best = max(float(table[1][action]) for action in itertools.product(range(4), repeat=3))
    joint = float(table[0][tuple(actions[0, 0])]) - (0.5 + gamma * best)
    inner = [float(values[0, 0, i, actions[0, 0, i]]) - float(values[0, 0, i + 1].max()) for i in (0, 1)]
    assert inner == [0.0, 0.0]
    assert float(losses[0, 0]) == pytest.approx(joint**2 / 2 / 3, rel=1e-12)


def test_values_that_obey_the_equation_cost_nothing(shipped, draw):
    inputs = draw(FILE, SIZES)
    values, actions, rewards = torch.zeros_like(inputs["values"]), inputs["actions"], inputs["rewards"].square()
    for t in reversed(range(5)):
        later = values[:, t + 1, 0].amax(dim=-1) if t < 4 else torch.zeros(3, dtype=torch.float64)
        for i in range(3):
            # the logged bin is the only one that is worth anything
            worth = rewards[:, t] + 0.9 * later
            values[:, t, i].scatter_(-1, actions[:, t, i, None], worth[:, None])

    given = {"gamma": 0.9, "alpha": 1.0}
    losses = shipped(FILE).q_transformer(values, values, actions, rewards, **given)
    assert losses.abs().max() < 1e-24
    assert shipped(FILE).q_transformer(values + 0.1, values, actions, rewards, **given).min() > 1e-3


def test_decisions_to_the_end_of_the_episode_give_its_return(shipped, draw):
    inputs = {**draw(FILE, SIZES), "values": torch.zeros(3, 5, 3, 4, dtype=torch.float64)}

    losses = shipped(FILE).q_transformer(**inputs, gamma=0.9, alpha=0.0, n=15, floor=False)

    for t in range(5):
        returns = sum(0.9 ** (s - t) * inputs["rewards"][:, s] for s in range(t, 5))
        torch.testing.assert_close(losses[:, t], returns.square() / 2)


def test_as_it_stands_it_takes_the_papers_numbers(shipped, draw):
    inputs = draw(FILE, SIZES)

    torch.testing.assert_close(
        shipped(FILE).q_transformer(**inputs), by_loops(**inputs, gamma=0.98, alpha=1.0, n=1, floor=True)
    )


def test_alpha_of_one_bin_less_sums_over_the_unseen(shipped, draw):
    inputs = draw(FILE, SIZES)
    without, weighed = (shipped(FILE).q_transformer(**inputs, alpha=alpha) for alpha in (0.0, 3.0))

    own = inputs["values"].gather(-1, inputs["actions"][..., None]).square()[..., 0]
    unseen = inputs["values"].square().sum(dim=-1) - own
    torch.testing.assert_close(weighed - without, (unseen / 2).mean(dim=2))


def test_one_bin_leaves_nothing_unseen(shipped, draw):
    inputs = draw(FILE, {**SIZES, "N": 1})

    one, other = (shipped(FILE).q_transformer(**inputs, alpha=alpha) for alpha in (0.0, 5.0))

    assert torch.equal(one, other)
