r"""Gated linear unit: two linear maps of the same token, one of which decides how much of the other goes through.

Paper       Dauphin, Fan, Auli, Grangier (2016), arXiv:1612.08083 -- section 2, equation 1; as a Transformer's
            feed-forward layer, with W_2 behind it and any activation: Shazeer (2020), arXiv:2002.05202 -- section 2
Idea        Let a gate open and shut each channel, and leave the road through the open ones linear.
Equation    $$ \mathrm{GLU}(x) = \sigma(x W_1 + b_1) \odot (x W_3 + b_3), \qquad y = \mathrm{GLU}(x)\, W_2 $$
Shapes      x, y (B, T, D); gate and value (B, T, F)
Form        feed-forward
Weights     w_1, w_3 (D, F); b_1, b_3 (F) zero; w_2 (F, D)
Parameters  activation = sigmoid of sigmoid | identity | relu | gelu | swish (activation=swish gives swiglu where b_1
            and b_3 are zero)
Assumes     w_1 makes the gate, w_3 what is gated (the 2016 paper writes the gated part first, the 2020 paper the
            gate: a product all the same); GELU in its erf form. identity is the bilinear layer, relu ReGLU, gelu
            GEGLU
Cost        time O(T D F); 3 D F + 2 F parameters, so F = 2/3 of a plain layer's width gives about as many
Parents     lstm -- its output gate alone, without cell and recurrence; position-wise-feed-forward -- one of the two
            maps, and an activation instead of the product
Leaves out  the causal convolutions that take the place of the two maps in 2016, and that paper's residual blocks
Checked     torch.nn.functional.glu and unit by unit in plain Python, with gradients; the gated halves of MosaicBERT's
            rule; large inputs; one token. Mutants killed: gate and value swapped, both gated, tanh for sigmoid, gate
            added, no bias in the gate, no bias in the value, the same map twice, product behind W_2
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import gelu, silu

_SIGMA: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "identity": torch.positive,
    "relu": torch.relu,
    "gelu": gelu,
    "swish": silu,
}


def gated_linear_unit(x: Tensor, w: dict[str, Tensor], *, activation: str = "sigmoid") -> Tensor:
    """Return y (B, T, D)."""
    assert w["w_1"].shape == w["w_3"].shape == w["w_2"].T.shape == (x.shape[-1], *w["b_1"].shape)
    assert w["b_1"].shape == w["b_3"].shape

    # sigma(x W_1 + b_1) : how far each channel is open
    gate = _SIGMA[activation](x @ w["w_1"] + w["b_1"])
    # x W_3 + b_3 : what goes through, with no kink on its way, so its gradient is not damped twice
    value = x @ w["w_3"] + w["b_3"]
    # (gate * value) W_2
    return (gate * value) @ w["w_2"]
