r"""Layer normalisation: every token is centred and scaled by its own mean and variance over the channels.

Paper       Ba, Kiros, Hinton (2016), arXiv:1607.06450 -- section 3
Idea        Take mean and variance over the channels of one token, not over the tokens of one channel: then a token
            needs no company.
Equation    $$ y = g \odot \frac{x - \bar x}{\sqrt{\mathrm{Var}(x) + \epsilon}} + b, \qquad
            \bar x = \frac{1}{D} \sum_{c=1}^D x_c, \qquad
            \mathrm{Var}(x) = \frac{1}{D} \sum_{c=1}^D (x_c - \bar x)^2 $$
Shapes      x, y (B, T, D); mean and variance (B, T, 1), one of each a token
Form        norm
Weights     g (D) one; b (D) zero
Parameters  over = channels of channels | batch (over=batch gives batch-normalisation);
            centre = true (centre=false gives rms-norm where b is zero);
            eps = 1e-5 in 0..1
Assumes     biased variance (divided by D, not D - 1), eps inside the root; the paper prints no eps
Cost        time O(T D); 2 D parameters; nothing to remember between tokens, batches or training and use
Parents     batch-normalisation -- the same line with the other axes, over all tokens of the batch
Leaves out  its place inside a recurrent cell, for which it was made; where a Transformer puts it: post-ln, pre-ln
Checked     torch.nn.functional.layer_norm, with gradients; at over=batch torch.nn.BatchNorm1d in training mode; one
            token; adding a constant to a token or scaling it changes nothing. Mutants killed: unbiased variance, eps
            outside the root, not centred, variance not centred, divided by the variance, gain on the sum, axes of
            the other setting, mean over the whole sequence
"""

from torch import Tensor

_AXES = {"channels": (2,), "batch": (0, 1)}


def layer_normalisation(
    x: Tensor, w: dict[str, Tensor], *, over: str = "channels", centre: bool = True, eps: float = 1e-5
) -> Tensor:
    """Return y (B, T, D)."""
    assert w["g"].shape == w["b"].shape == x.shape[-1:]

    # which entries share a mean and a variance: those of one token, or those of one channel
    axes = _AXES[over]
    # x - x_bar
    centred = x - x.mean(dim=axes, keepdim=True) if centre else x
    # Var(x)
    variance = centred.square().mean(dim=axes, keepdim=True)
    # g (x - x_bar) / sqrt(Var(x) + eps) + b : gain and shift give back what a channel may have needed
    return w["g"] * centred / (variance + eps).sqrt() + w["b"]
