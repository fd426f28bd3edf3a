r"""Position-wise feed-forward network: two linear maps with a kink between them, for each token on its own.

Paper       Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser, Polosukhin (2017), arXiv:1706.03762 --
            section 3.3, equation 2
Idea        Attention moves things between tokens; this is where each token is worked on, all by the same weights.
Equation    $$ \mathrm{FFN}(x) = \max(0,\, x W_1 + b_1)\, W_2 + b_2 $$
Shapes      x, y (B, T, D); inside F channels, in the paper four times as many as D
Form        feed-forward
Weights     w_1 (D, F); b_1 (F) zero; w_2 (F, D); b_2 (D) zero
Parameters  activation = relu of relu | gelu | swish
Assumes     GELU in its erf form; swish is z sigmoid(z)
Cost        time O(T D F); 2 D F + F + D parameters, two thirds of a block's where F = 4 D
Parents     relu -- the kink alone; without it both maps are one, of rank D at most. perceptron -- one hidden layer
            between two maps, here at every place of a sequence
Leaves out  dropout between the two maps; its shortcut and norm: post-ln, pre-ln
Checked     torch.nn.TransformerEncoderLayer's branch, two convolutions of width 1 and unit by unit in float64, with
            gradients; a token alone gets what it gets among others; large inputs. Mutants killed: no inner bias, no
            outer bias, bias behind the activation, activation behind the second map, none at all, gelu by tanh, a
            shortcut, tokens mixed
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import gelu, silu

_SIGMA: dict[str, Callable[[Tensor], Tensor]] = {"relu": torch.relu, "gelu": gelu, "swish": silu}


def position_wise_feed_forward(x: Tensor, w: dict[str, Tensor], *, activation: str = "relu") -> Tensor:
    """Return y (B, T, D)."""
    D, F = w["w_1"].shape
    assert x.shape[-1] == D
    assert w["w_2"].shape == (F, D)
    assert w["b_1"].shape == (F,)
    assert w["b_2"].shape == (D,)

    # max(0, x W_1 + b_1) : F units, each says how far the token lies on its side of a plane
    hidden = _SIGMA[activation](x @ w["w_1"] + w["b_1"])
    # ... W_2 + b_2 : each unit that answers adds a vector of its own
    return hidden @ w["w_2"] + w["b_2"]
