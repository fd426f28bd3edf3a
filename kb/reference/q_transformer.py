r"""Q-Transformer: Q-learning in which each dimension of an action is a step of its own, learnt from a log alone.

Paper       Chebotar, Vuong et al. (2023), arXiv:2309.10150 -- section 4.1, equation 1 (targets); section 4.2,
            equation 2 (what was not done is worth nothing); the floor and n are from its part on Monte-Carlo and
            n-step returns
Idea        The best of N^A actions is found by A choices among N, one dimension after the other, as words are.
Equation    $$ y_{t,i} = \max_a \bar Q_{t,i+1}(a) \quad (i < A), \qquad
            y_{t,A} = r_t + \gamma \max_a \bar Q_{t+1,1}(a), \qquad R_t = \sum_{s \ge t} \gamma^{s-t} r_s $$
            $$ \ell_t = \frac{1}{A} \sum_i \Big[ \tfrac{1}{2} \big(Q_{t,i}(a_{t,i}) - \max(y_{t,i}, R_t)\big)^2
            + \tfrac{\alpha}{2} \frac{1}{N - 1} \sum_{a \ne a_{t,i}} Q_{t,i}(a)^2 \Big] $$
Shapes      values Q, target_values Q-bar (B, T, A, N): of N bins of each of A dimensions at each of T steps, given
            the dimensions before it as they were logged; actions (B, T, A) int64; rewards, losses (B, T)
Form        value-objective
Parameters  gamma = 0.98 in 0..1;
            alpha = 1.0 in 0..256 (alpha=0 with floor=false and A = 1 gives half the loss of deep-q-network);
            n = 1 in 1..64;
            floor = true (floor=false gives targets that are made of values and rewards only)
Assumes     a row is a whole episode: behind its last step nothing is won. The target is data: no gradient runs
            through it. R_t, the return that followed in the log, is the least that the best can be worth. Where
            rewards are not negative, no value is below 0, and what was never done is drawn there: alpha = N - 1
            weighs the sum over the unseen bins instead of their mean. n counts decisions: the target stands n of them
            ahead, with the rewards on the way (n=1 is equation 1; n = T A is the logged return)
Cost        time O(B T A N), no weights of its own; one maximum over whole actions would look at N^A values
Parents     deep-q-network -- one dimension, no floor, alpha = 0; tokenised-control -- the N bins as classes,
            imitated; decision-transformer -- imitation that is told the return
Leaves out  the network: a Transformer over images, an instruction and the dimensions chosen so far, and its slow
            copy, which gives Q-bar
Checked     loops over single numbers, forward and gradient; the joint maximum over all N^A actions; values that obey
            the equation cost nothing; n to the end of the episode gives its return. Mutants killed: reward at every
            dimension, discount at every dimension, best bin by the values that learn, their maximum, mean for
            maximum, maximum over dimensions, no floor, ceiling for floor, floor one step late, floor not discounted,
            the next step's last dimension, a next episode, gradient through the target, the logged bin drawn to 0 as
            well, sum for mean, the halves
"""

import torch
from torch import Tensor


def _back_up(ahead: Tensor, rewards: Tensor, gamma: float) -> Tensor:
    """Return what each decision (B, T, A) is worth, from what the decision behind it is worth."""
    # behind the last step the episode is over
    first = torch.cat([ahead[:, 1:, :1], torch.zeros_like(ahead[:, :1, :1])], dim=1)
    # y_{t,A} = r_t + gamma ... : only a whole action is rewarded, and only then does time pass
    last = rewards[:, :, None] + gamma * first
    # y_{t,i} : the next dimension, at the same moment
    return torch.cat([ahead[:, :, 1:], last], dim=2)


def _returns(rewards: Tensor, gamma: float) -> Tensor:
    # R_t = r_t + gamma R_{t+1}, from the end
    returns, later = [], torch.zeros_like(rewards[:, 0])
    for t in reversed(range(rewards.shape[1])):
        later = rewards[:, t] + gamma * later
        returns.append(later)
    return torch.stack(returns[::-1], dim=1)


def q_transformer(
    values: Tensor,
    target_values: Tensor,
    actions: Tensor,
    rewards: Tensor,
    *,
    gamma: float = 0.98,
    alpha: float = 1.0,
    n: int = 1,
    floor: bool = True,
) -> Tensor:
    """Return losses (B, T), the mean over the dimensions of an action."""
    B, T, A, N = values.shape
    assert target_values.shape == values.shape
    assert actions.shape == (B, T, A)
    assert rewards.shape == (B, T)

    with torch.no_grad():
        # max_a Q-bar(a), carried n decisions back
        target = target_values.amax(dim=-1)
        for _ in range(n):
            target = _back_up(target, rewards, gamma)
        if floor:
            # max(y, R_t) : what was once reached can be reached
            target = torch.maximum(target, _returns(rewards, gamma)[:, :, None])
    # (Q(a_{t,i}) - ...)^2 / 2 : the bin that was logged learns from what came of it
    chosen = actions[..., None]
    error = (values.gather(-1, chosen)[..., 0] - target).square() / 2
    # alpha / 2 times the mean of Q(a)^2 over all others : nobody has seen what they are worth
    unseen = values.scatter(-1, chosen, 0.0).square().sum(dim=-1) / max(1, N - 1) / 2
    return (error + alpha * unseen).mean(dim=2)
