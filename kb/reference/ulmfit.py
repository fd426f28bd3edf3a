r"""ULMFiT: fine-tune a language model without making it forget, by saying which layer learns how fast and when.

Paper       Howard, Ruder (2018), arXiv:1801.06146 -- sections 3.2 and 3.3
Idea        Warm up fast and cool down slowly, let lower layers learn less, and wake them one after another.
Equation    $$ \eta_t = \eta_{\max} \frac{1 + p_t (r - 1)}{r}, \qquad p_t = \begin{cases} t / c & t < c \\
            1 - (t - c) / (c (1/f - 1)) & t \ge c \end{cases}, \qquad c = \lfloor T f \rfloor $$
            $$ \eta^{l-1} = \eta^l / 2.6 $$
Shapes      rates (steps, groups), group 0 nearest to the input; a frozen group's rate is 0
Form        schedule
Parameters  steps = 100 in 50..10000; groups = 4 in 1..32 (groups=1 gives slanted-triangular-rates);
            eta_max = 0.01 in 0.000001..1; cut_frac = 0.1 in 0.01..0.9;
            ratio = 32.0 in 1..1000 (ratio=1 gives one constant rate);
            factor = 2.6 in 1..10 (factor=1 gives every layer the same rate)
Assumes     as many epochs as groups; steps that are left over belong to the last epoch. The fall is spread over
            the T - c steps that follow the peak: the same as printed where T f is a whole number; elsewhere the
            printed fall can end too early, and then yields negative rates
Cost        O(steps groups), once
Parents     slanted-triangular-rates -- one group; gradual-unfreezing -- ratio 1 and factor 1;
            discriminative-fine-tuning -- ratio 1 and nothing frozen
Leaves out  the model (an awd-lstm), concat pooling, one schedule a phase instead of one for all
Checked     the printed formula in plain Python at every step; peak eta_max at step T f, first rate eta_max / 32;
            no rate is negative for any T up to 200. Mutants killed: peak one step late, symmetric triangle, fall as
            printed, factor multiplied, first group highest, all thawed at once, input thawed first, frozen for one
            epoch too long
"""

import math

import torch
from torch import Tensor


def slanted_triangular_rates(
    steps: int, eta_max: float = 0.01, *, cut_frac: float = 0.1, ratio: float = 32.0
) -> Tensor:
    """Return the learning rate (steps,) of the last layer group: a short rise and a long fall."""
    # c = floor(T f) : the step of the peak
    cut = max(1, math.floor(steps * cut_frac))
    t = torch.arange(steps, dtype=torch.float64)
    # p_t : rises from 0 to 1 in c steps, falls back in the T - c that remain
    p = torch.where(t < cut, t / cut, 1 - (t - cut) / (steps - cut))
    # eta_t = eta_max (1 + p_t (r - 1)) / r : never lower than eta_max / r
    return eta_max * (1 + p * (ratio - 1)) / ratio


def discriminative_rates(groups: int, factor: float = 2.6) -> Tensor:
    """Return what each group's rate is multiplied with (groups,): 1 for the last group."""
    # eta^{l-1} = eta^l / 2.6
    return factor ** -torch.arange(groups - 1, -1, -1, dtype=torch.float64)


def gradual_unfreezing(steps: int, groups: int) -> Tensor:
    """Return which groups learn at which step, (steps, groups) of 0 and 1."""
    epoch = torch.arange(steps) // (steps // groups)
    # in epoch 0 the last group only, then one more, from the output to the input, every epoch
    return (torch.arange(groups) >= groups - 1 - epoch[:, None]).double()


def ulmfit(
    steps: int = 100,
    groups: int = 4,
    *,
    eta_max: float = 0.01,
    cut_frac: float = 0.1,
    ratio: float = 32.0,
    factor: float = 2.6,
) -> Tensor:
    """Return the learning rate of every step and layer group, (steps, groups), zero where frozen."""
    assert steps >= groups >= 1
    assert 0 < cut_frac < 1
    eta = slanted_triangular_rates(steps, eta_max, cut_frac=cut_frac, ratio=ratio)
    return eta[:, None] * discriminative_rates(groups, factor) * gradual_unfreezing(steps, groups)
