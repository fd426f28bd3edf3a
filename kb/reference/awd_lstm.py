r"""AWD-LSTM: an ordinary LSTM in three layers whose recurrent weights are thinned once a sequence, not once a step.

Paper       Merity, Keskar, Socher (2017), arXiv:1708.02182 -- sections 2 and 4.2
Idea        Drop weights of the recurrence, not activations: the cell stays as it is and no step sees another mask.
Equation    $$ h^l_t = \mathrm{LSTM}\big(m^l \odot h^{l-1}_t, h^l_{t-1};\, W^l, M^l \odot U^l, b^l\big), \qquad
            h^0 = x, \quad y = m^4 \odot h^3 $$
            $$ M_{ij} \sim \frac{\mathrm{Bernoulli}(1 - p)}{1 - p} $$
Shapes      x, y (B, T, D); masks M of the shape of U, m (B, 1, D); state: h and c of each layer
Form        recurrence
Weights     w_ifgo, u_ifgo, w_ifgo_2, u_ifgo_2, w_ifgo_3, u_ifgo_3 (4, D, D); b_ifgo, b_ifgo_2, b_ifgo_3 (4, D) zero
Parameters  weight_drop = 0.5 in 0..0.9 (weight_drop=0 with dropout=0 gives lstm in three layers);
            dropout = 0.0 in 0..0.9;
            seed = 0 in 0..1000000
Assumes     training: in use nothing is dropped, which is weight_drop=0 and dropout=0. M is one for the whole batch,
            m one for each sequence; both hold for all t, and what is left is scaled up by 1 / (1 - p). Layers may
            differ in width: 400, 1150, 1150, 400 in the paper, so that the last fits the tied embedding
Cost        three times that of an LSTM; the masks cost O(D^2) a sequence, whatever T is
Parents     lstm -- one layer, nothing dropped; variational-dropout -- a mask on h_{t-1} in the place of M on U;
            dropconnect -- a new M for every example
Leaves out  embedding and softmax, which share one matrix; dropout of whole words; penalties on activations and their
            changes; random lengths; averaged SGD
Checked     torch.nn.LSTM, layer on layer, on weights thinned with the masks that gradients reveal, with gradients;
            shares of what is dropped; masks are one for all t, M for all sequences, m for each; the widths of the
            paper give 20,211,600 parameters with the library's two biases; a run in two parts equals the whole run.
            Mutants killed: mask on W, on b, on h, one M for all layers, a mask for each step, no scaling, scaling by
            1 - p
"""

import torch
from torch import Generator, Tensor

State = tuple[tuple[Tensor, Tensor], ...]


def _draw(like: Tensor, shape: tuple[int, ...], p: float, generator: Generator) -> Tensor:
    # Bernoulli(1 - p) / (1 - p) : its mean is one, so nothing need be changed when nothing is dropped any more
    kept = torch.rand(shape, generator=generator, device=like.device) >= p
    return kept.to(like.dtype) / (1 - p)


def _lstm(x: Tensor, w: Tensor, u: Tensor, b: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    h, c = state
    outputs = []
    for t in range(x.shape[1]):
        i, f, g, o = x[:, t] @ w + h @ u + b[:, None]
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        outputs.append(h)
    return torch.stack(outputs, dim=1), c


def awd_lstm(
    x: Tensor,
    w: dict[str, Tensor],
    state: State | None = None,
    *,
    weight_drop: float = 0.5,
    dropout: float = 0.0,
    seed: int = 0,
) -> tuple[Tensor, State]:
    """Return y (B, T, D) and the state: a pair h, c for each of the three layers."""
    B = x.shape[0]
    assert x.shape[-1] == w["w_ifgo"].shape[-2]
    generator = torch.Generator(device=x.device).manual_seed(seed)
    # M * U : drawn before the first step, the same weights are missing at every one of them
    layers = []
    for end in ("", "_2", "_3"):
        u = w[f"u_ifgo{end}"]
        layers.append((w[f"w_ifgo{end}"], u * _draw(u, u.shape, weight_drop, generator), w[f"b_ifgo{end}"]))
    if state is None:
        state = tuple((x.new_zeros(B, u.shape[-1]), x.new_zeros(B, u.shape[-1])) for _, u, _ in layers)

    last = []
    for layer, before in zip(layers, state, strict=True):
        # m * h : what enters a layer loses the same channels at every step
        x = x * _draw(x, (B, 1, x.shape[-1]), dropout, generator)
        x, c = _lstm(x, *layer, before)
        last.append((x[:, -1], c))
    return x * _draw(x, (B, 1, x.shape[-1]), dropout, generator), tuple(last)
