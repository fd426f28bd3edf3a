r"""RMSNorm: divide a token by its root mean square, and leave its mean where it is.

Paper       Zhang, Sennrich (2019), arXiv:1910.07467 -- the definition of RMSNorm and of its partial form pRMSNorm
Idea        What helps in layer normalisation is the scale that it fixes, not the mean that it takes away.
Equation    $$ y = g \odot \frac{x}{\mathrm{RMS}(x)}, \qquad
            \mathrm{RMS}(x) = \sqrt{\frac{1}{n} \sum_{c=1}^{n} x_c^2 + \epsilon}, \qquad n = \lceil p D \rceil $$
Shapes      x, y (B, T, D); the root mean square (B, T, 1)
Form        norm
Weights     g (D) one
Parameters  p = 1.0 in 0.001..1 (p=1 gives rms-norm in full, 0.0625 the partial form of the paper);
            centre = false (centre=true gives layer-normalisation where its b is zero and p=1);
            eps = 1e-5 in 0..1
Assumes     eps inside the root, as LLaMA and T5 have it. The paper prints no eps; the authors' code adds 1e-8 to the
            root, and rounds p D down where the paper rounds up
Cost        time O(T D), of which the sum of squares O(T p D); D parameters
Parents     layer-normalisation -- subtract the mean first, and add a shift b
Leaves out  the bias that the authors' code offers, off by default
Checked     torch.nn.functional.rms_norm, LlamaRMSNorm and the definition channel by channel, with gradients; one
            token; scaling a token changes nothing, adding a constant to it does. Mutants killed: mean taken away, eps
            outside the root, root of the sum, mean of magnitudes, only the first n channels scaled, n rounded down,
            last n channels, mean over the tokens
"""

import math

from torch import Tensor


def rms_norm(x: Tensor, w: dict[str, Tensor], *, p: float = 1.0, centre: bool = False, eps: float = 1e-5) -> Tensor:
    """Return y (B, T, D)."""
    D = x.shape[-1]
    assert w["g"].shape == (D,)

    if centre:
        x = x - x.mean(dim=-1, keepdim=True)
    # the first n = ceil(p D) channels speak for all: channels have no order, so any n would do
    n = math.ceil(p * D)
    # RMS(x)
    rms = (x[..., :n].square().mean(dim=-1, keepdim=True) + eps).sqrt()
    # g x / RMS(x) : every channel is divided, measured or not
    return w["g"] * x / rms
