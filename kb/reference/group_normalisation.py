r"""Group normalisation: the channels of one sequence in groups, each with a mean and a variance of its own.

Paper       Wu, He (2018), arXiv:1803.08494 -- section 3
Idea        Between all channels and a single one lies a group of them: enough entries for a mean without the batch.
Equation    $$ y_{tc} = g_c \frac{x_{tc} - \mu_{j}}{\sqrt{\sigma_{j}^2 + \epsilon}} + b_c, \qquad
            j = \left\lfloor \frac{c\,G}{D} \right\rfloor \quad (G \text{ groups, channels } c = 0, \dots, D - 1) $$
Shapes      x, y (B, T, D); mean and variance (B, G), each over T positions and D / G neighbouring channels
Form        norm
Weights     g (D) one; b (D) zero
Parameters  groups = 2 in 1..512;
            per_token = false (per_token=true with groups=1 gives layer-normalisation);
            eps = 1e-5 in 0..1
Assumes     statistics across tokens of one sequence, later ones too, as an image's are across its pixels: not causal.
            per_token=true is the form that retention has behind its heads. groups divide D; biased variance, eps
            inside the root
Cost        time O(T D); 2 D parameters; the same in training and use, and for any size of batch
Parents     layer-normalisation -- one group, token by token; batch-normalisation -- statistics of one channel over
            the whole batch; instance-normalisation -- as many groups as channels
Leaves out  padding, whose tokens should not count
Checked     torch.nn.functional.group_norm, group by group by torch.nn.functional.layer_norm, with gradients; one
            token; groups = D is torch.nn.functional.instance_norm. Mutants killed: channels dealt to the groups in
            turn, one mean for all groups, the batch joins in, over the positions alone, unbiased variance, eps
            outside the root, variance not centred, number and size of a group swapped
"""

from torch import Tensor


def group_normalisation(
    x: Tensor, w: dict[str, Tensor], *, groups: int = 2, per_token: bool = False, eps: float = 1e-5
) -> Tensor:
    """Return y (B, T, D)."""
    B, T, D = x.shape
    assert D % groups == 0, "the groups must divide D"
    assert w["g"].shape == w["b"].shape == (D,)

    # D / G neighbours make a group
    grouped = x.reshape(B, T, groups, D // groups)
    # mu_j and sigma_j^2 : over the channels of the group, and over the positions unless each is on its own
    axes = (3,) if per_token else (1, 3)
    centred = grouped - grouped.mean(dim=axes, keepdim=True)
    variance = centred.square().mean(dim=axes, keepdim=True)
    normed = centred / (variance + eps).sqrt()
    # g_c (...) + b_c : gain and shift stay with the channel
    return w["g"] * normed.reshape(B, T, D) + w["b"]
