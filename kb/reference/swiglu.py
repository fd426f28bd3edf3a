r"""SwiGLU: the Transformer's feed-forward layer as a gated unit whose gate is Swish instead of a sigmoid.

Paper       Shazeer (2020), arXiv:2002.05202 -- section 2; Swish: Ramachandran, Zoph, Le (2017), arXiv:1710.05941
Idea        Multiply two views of a token, one of them bent: a unit can then ask for two things at once.
Equation    $$ \mathrm{FFN}(x) = \left(\mathrm{Swish}_\beta(x W_1) \odot x W_3\right) W_2, \qquad
            \mathrm{Swish}_\beta(z) = z\, \sigma(\beta z) $$
Shapes      x, y (B, T, D); inside F channels, twice
Form        feed-forward
Weights     w_1, w_3 (D, F); w_2 (F, D)
Parameters  sharpness = 1.0 in 0..64 (sharpness=0 gives half of gated-linear-unit with activation=identity)
Assumes     no biases, as in the paper. The paper writes W, V, W_2 for W_1, W_3, W_2. sharpness is beta: 1 is SiLU,
            which dips to -0.278 at z = -1.278, and towards infinity Swish becomes ReLU and the layer ReGLU
Cost        time O(T D F); 3 D F parameters: with 2/3 of the width as many as a plain layer of 2 D F without biases,
            which is how the paper compares them (2048 for 3072)
Parents     gated-linear-unit -- a sigmoid for Swish; position-wise-feed-forward -- leave out W_3 and put ReLU back;
            swish -- the activation alone
Leaves out  dropout; rounding 2/3 of the width to a multiple of something, as LLaMA does
Checked     LlamaMLP of transformers with weights copied across and unit by unit in plain Python, with gradients; the
            count of 2/3; large inputs; one token. Mutants killed: sigmoid for Swish, gate and value swapped, both
            bent, sharpness outside, product behind W_2, sum for product, the same map twice
"""

from torch import Tensor


def _swish(z: Tensor, sharpness: float) -> Tensor:
    # z sigma(beta z) : the identity for large z, nothing for very negative ones, and a dip between
    return z * (sharpness * z).sigmoid()


def swiglu(x: Tensor, w: dict[str, Tensor], *, sharpness: float = 1.0) -> Tensor:
    """Return y (B, T, D)."""
    assert w["w_1"].shape == w["w_3"].shape == w["w_2"].T.shape
    assert w["w_1"].shape[0] == x.shape[-1]

    # Swish(x W_1) : one view of the token, bent
    gate = _swish(x @ w["w_1"], sharpness)
    # x W_3 : another, straight
    value = x @ w["w_3"]
    # (... * ...) W_2
    return (gate * value) @ w["w_2"]
