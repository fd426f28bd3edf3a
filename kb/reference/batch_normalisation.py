r"""Batch normalisation: every channel is centred and scaled by its mean and variance over the mini-batch.

Paper       Ioffe, Szegedy (2015), arXiv:1502.03167 -- section 3, algorithm 1; its m values of a channel are here all
            tokens of the batch, as for the positions of an image in section 3.2
Idea        Let each layer see inputs of mean 0 and variance 1 throughout training, whatever the layers below do.
Equation    $$ y = g \frac{x - \mu_B}{\sqrt{\sigma_B^2 + \epsilon}} + b, \qquad
            \mu_B = \frac{1}{m} \sum_{i=1}^m x_i, \qquad \sigma_B^2 = \frac{1}{m} \sum_{i=1}^m (x_i - \mu_B)^2 $$
Shapes      x, y (B, T, D); mean and variance (D), each over the m = B T tokens of the batch
Form        norm
Weights     g (D) one; b (D) zero
Parameters  over = batch of batch | sequence | channels (over=channels gives layer-normalisation, over=sequence
            group-normalisation with one channel a group);
            eps = 1e-5 in 0..1
Assumes     statistics of training, taken across the batch and along time: tokens mix, later with earlier ones and
            those of one sequence with another's, so that no causal model can use it as it stands. Biased variance,
            eps inside the root
Cost        time O(B T D); 2 D parameters; a batch of one token gives b and nothing else
Parents     none among the ideas here: inputs were whitened before (LeCun, Bottou, Orr, Mueller 1998); this moves the
            whitening, without its rotation, into every layer and differentiates through it
Leaves out  use after training, when running averages take the place of the batch's mean and variance (the variances
            multiplied by m / (m - 1), algorithm 2); padding, whose tokens should not count
Checked     torch.nn.functional.batch_norm in training mode and plain sums token by token, with gradients; one token;
            layer-normalisation of the transposed input gives the same. Mutants killed: unbiased variance, eps outside
            the root, variance not centred, mean over the batch alone, over time alone, over the channels, shift
            before the gain, statistics taken for constants in the gradient
"""

from torch import Tensor

_AXES = {"batch": (0, 1), "sequence": (1,), "channels": (2,)}


def batch_normalisation(x: Tensor, w: dict[str, Tensor], *, over: str = "batch", eps: float = 1e-5) -> Tensor:
    """Return y (B, T, D)."""
    assert w["g"].shape == w["b"].shape == x.shape[-1:]

    # which entries share a mean and a variance: all tokens of all sequences, for each channel
    axes = _AXES[over]
    # mu_B
    mean = x.mean(dim=axes, keepdim=True)
    # sigma_B^2
    variance = (x - mean).square().mean(dim=axes, keepdim=True)
    # g (x - mu_B) / sqrt(sigma_B^2 + eps) + b : the gradient passes through mean and variance as well
    return w["g"] * (x - mean) / (variance + eps).sqrt() + w["b"]
