"""Weights of the smallest language models, drawn so that no bias of zero and no gain of one hides anything."""

from typing import TYPE_CHECKING

from kb.claims.draw import Draw
from kb.claims.normalisation._blocks import draw_block

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]


def draw_text_model(draw: Draw, *, words: int, tokens: int, width: int = 4, hidden: int = 6) -> "Weights":
    """Return a block's weights, a table of words and one of places, and the norms and biases around them."""
    w = draw_block(draw, width, hidden)
    w |= {"embedding": draw.normal(words, width), "position": draw.normal(tokens, width)}
    for name in ("0", "last"):
        w[f"g_{name}"] = 1 + draw.normal(width, scale=0.3)
        w[f"c_{name}"] = draw.normal(width, scale=0.3)
    w["b_word"] = draw.normal(words, scale=0.3)
    return w


def run_library_layer(
    x: "Tensor", w: "Weights", *, eps: float, norm_first: bool, causal: bool = False, tanh: bool = False
) -> "Tensor":
    """Return the outputs (B, T, D) of torch's encoder layer with two heads and these weights."""
    from functools import partial

    import torch
    from torch import nn
    from torch.func import functional_call
    from torch.nn.functional import gelu

    D, F = w["w_1"].shape
    act = partial(gelu, approximate="tanh" if tanh else "none")
    layer = nn.TransformerEncoderLayer(D, 2, F, 0.0, act, eps, batch_first=True, norm_first=norm_first, device="meta")
    own = {
        "self_attn.in_proj_weight": torch.cat([w[name].T for name in ("w_q", "w_k", "w_v")]),
        "self_attn.in_proj_bias": x.new_zeros(3 * D),
        "self_attn.out_proj.weight": w["w_o"].T,
        "self_attn.out_proj.bias": x.new_zeros(D),
    }
    for place in (1, 2):
        own |= {f"linear{place}.weight": w[f"w_{place}"].T, f"linear{place}.bias": w[f"b_{place}"]}
        own |= {f"norm{place}.weight": w[f"g_{place}"], f"norm{place}.bias": w[f"c_{place}"]}
    mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1) if causal else None
    found: Tensor = functional_call(layer, own, (x, mask))
    return found
