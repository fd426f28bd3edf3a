r"""Squared ReLU: the feed-forward network whose units answer with the square of how far they are past their plane.

Paper       So, Manke, Liu, Dai, Shazeer, Le (2021), arXiv:2109.08668 (Primer) -- the section on squared ReLU
Idea        Square what ReLU lets through: strong answers count for more, and the kink at zero becomes smooth.
Equation    $$ \mathrm{FFN}(x) = \max(0,\, x W_1 + b_1)^2\, W_2 + b_2, \qquad
            \frac{d}{dz} \max(0, z)^2 = 2 \max(0, z) $$
Shapes      x, y (B, T, D); inside F channels
Form        feed-forward
Weights     w_1 (D, F); b_1 (F) zero; w_2 (F, D); b_2 (D) zero
Parameters  power = 2.0 in 1..4 (power=1 gives position-wise-feed-forward)
Assumes     biases as in position-wise-feed-forward. Where b_2 is zero it is gated-linear-unit with activation=relu
            and both maps the same: max(0, z) z. Units that are twice as strong answer four times as strongly, so the
            scale of x and of W_1 matters more than with ReLU: a norm in front keeps it
Cost        time O(T D F); 2 D F + F + D parameters, one product more for each unit
Parents     position-wise-feed-forward -- power one; relu -- the activation alone
Leaves out  the depthwise convolutions behind the projections, Primer's other find; the gate in front of W_2 that the
            channel mixing of rwkv-4 has
Checked     ACT2FN["relu2"] of transformers between two torch.nn.Linear, and unit by unit in plain Python, with
            gradients, also at zero itself; squares and cubes; large inputs; one token. Mutants killed: square without
            ReLU, absolute value, square behind W_2, bias behind the square, no inner bias, no outer bias, power
            ignored, half the square
"""

from torch import Tensor


def squared_relu(x: Tensor, w: dict[str, Tensor], *, power: float = 2.0) -> Tensor:
    """Return y (B, T, D)."""
    D, F = w["w_1"].shape
    assert x.shape[-1] == D
    assert w["w_2"].shape == (F, D)
    assert w["b_1"].shape == (F,)
    assert w["b_2"].shape == (D,)

    # max(0, x W_1 + b_1) : how far the token lies past each unit's plane, zero on its other side
    past = (x @ w["w_1"] + w["b_1"]).relu()
    # (...)^2 : its slope, 2 max(0, z), is zero at the plane and grows from there,
    # where that of ReLU jumps from 0 to 1
    hidden = past**power
    # ... W_2 + b_2
    return hidden @ w["w_2"] + w["b_2"]
