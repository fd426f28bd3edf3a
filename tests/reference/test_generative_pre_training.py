"""Truth of generative pre-training: GPT-2 and GPT of transformers, with the weights copied across."""

import math
import types

import pytest
import torch
from torch import Tensor
from torch.func import functional_call
from transformers import GPT2Config, GPT2LMHeadModel, OpenAIGPTConfig, OpenAIGPTLMHeadModel

FILE = "generative_pre_training"
SIZES = {"B": 3, "T": 9, "D": 12, "F": 20, "C": 30}
WRONG = {
    "no shift": (
        'logits = h[:, :-1] @ w["embedding"].T',
        'logits = h[:, 1:] @ w["embedding"].T',
    ),
    "loss where the guess is made": (
        "[losses.new_zeros(len(tokens), 1), losses.view(len(tokens), T - 1)]",
        "[losses.view(len(tokens), T - 1), losses.new_zeros(len(tokens), 1)]",
    ),
    "shifted by two": ("h[:, :-1]", "h.roll(1, 1)[:, :-1]"),
    "no causal mask": (".triu(1)", ".triu(99)"),
    "mask one late": (".triu(1)", ".triu(2)"),
    "the past masked": (".triu(1)", ".tril(-1)"),
    "scores not scaled": (" / q.shape[-1] ** 0.5", ""),
    "scaled by the root of D": ("q.shape[-1] ** 0.5", "x.shape[-1] ** 0.5"),
    "a table of its own for the output": ('@ w["embedding"].T', '@ w["embedding"].detach().T'),
    "embedding scaled by the root of D": ('w["embedding"][tokens]', '3.4641 * w["embedding"][tokens]'),
    "positions left out": (' + w["position"][:T]', ' + 0 * w["position"].sum()'),
    "positions from one": ('w["position"][:T]', 'w["position"].roll(-1, 0)[:T]'),
    "erf GELU": (
        "z / 2 * (1 + (math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)).tanh())",
        "torch.nn.functional.gelu(z)",
    ),
    "sigmoid GELU": (
        "z / 2 * (1 + (math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)).tanh())",
        "z * (1.702 * z).sigmoid()",
    ),
    "no norm at the end": ('h = _layer_norm(h, w, "last")', 'h = h + 0 * (w["g_last"] + w["c_last"])'),
    "a norm at the end of both": ("    # E h_{t-1}", '    h = _layer_norm(h, w, "last")\n    # E h_{t-1}'),
    "pre and post swapped": ('norm == "pre"', 'norm != "pre"'),
    "second branch reads what the first read": (
        'h = h + _attention(_layer_norm(h, w, "1"), w, heads)\n        h = h + ',
        'h = h + _attention(_layer_norm(h, w, "1"), w, heads) + ',
    ),
    "eps outside the root": (
        "(centred.square().mean(dim=-1, keepdim=True) + 1e-5).sqrt()",
        "(centred.square().mean(dim=-1, keepdim=True).sqrt() + 1e-5)",
    ),
    "biased no more": (".square().mean(dim=-1, keepdim=True)", ".var(dim=-1, keepdim=True)"),
    "the mean of all": ("losses.view(", "losses.mean().expand(len(losses)).reshape("),
    "bits": ("losses.view(len", "losses.div(math.log(2)).view(len"),
}


def library(tokens: Tensor, w: dict[str, Tensor], heads: int, norm: str) -> Tensor:
    """Logits (B, T, C) of one block of the released models' code."""
    C, D = w["embedding"].shape
    sizes = {"n_embd": D, "n_head": heads, "n_layer": 1, "vocab_size": C, "n_positions": len(w["position"])}
    quiet = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0, "attn_implementation": "eager"}
    zero = w["b_2"].new_zeros(D)
    block = {
        # these models keep weights as (in, out)
        "attn.c_attn.weight": torch.cat([w["w_q"], w["w_k"], w["w_v"]], dim=1),
        "attn.c_attn.bias": zero.repeat(3),
        "attn.c_proj.weight": w["w_o"],
        "attn.c_proj.bias": zero,
        "mlp.c_fc.weight": w["w_1"],
        "mlp.c_fc.bias": w["b_1"],
        "mlp.c_proj.weight": w["w_2"],
        "mlp.c_proj.bias": w["b_2"],
        **{f"ln_{place}.weight": w[f"g_{place}"] for place in (1, 2)},
        **{f"ln_{place}.bias": w[f"c_{place}"] for place in (1, 2)},
    }
    F = len(w["b_1"])
    if norm == "pre":
        model = GPT2LMHeadModel(GPT2Config(**sizes, **quiet, n_inner=F))
        named = {"wte.weight": w["embedding"], "wpe.weight": w["position"]}
        named |= {"ln_f.weight": w["g_last"], "ln_f.bias": w["c_last"]}
    else:
        # four times as wide as D, whatever one asks for: the columns that are too many stay zero
        model = OpenAIGPTLMHeadModel(OpenAIGPTConfig(**sizes, **quiet))
        named = {"tokens_embed.weight": w["embedding"], "positions_embed.weight": w["position"]}
        more = 4 * D - F
        block["mlp.c_fc.weight"] = torch.cat([w["w_1"], zero[:, None].expand(D, more)], dim=1)
        block["mlp.c_fc.bias"] = torch.cat([w["b_1"], zero.new_zeros(more)])
        block["mlp.c_proj.weight"] = torch.cat([w["w_2"], zero.expand(more, D)])
    named |= {f"h.0.{name}": tensor for name, tensor in block.items()}
    weights = {f"transformer.{name}": tensor for name, tensor in named.items()} | {"lm_head.weight": w["embedding"]}
    return functional_call(model.double().eval(), weights, (tokens,)).logits


def losses(tokens: Tensor, w: dict[str, Tensor], *, heads: int, norm: str) -> Tensor:
    log_p = library(tokens, w, heads, norm).log_softmax(dim=-1)
    guessed = [-log_p[:, t - 1].gather(-1, tokens[:, t, None])[:, 0] for t in range(1, tokens.shape[1])]
    return torch.stack([torch.zeros(len(tokens), dtype=log_p.dtype), *guessed], dim=1)


def check(module: types.ModuleType, draw, agree) -> None:
    function = module.generative_pre_training
    for T, heads, norm in ((9, 2, "pre"), (7, 3, "post"), (2, 1, "pre")):
        inputs = draw(FILE, {**SIZES, "T": T})
        agree(
            lambda tokens, heads=heads, norm=norm, **w: function(tokens, w, heads=heads, norm=norm),
            lambda tokens, heads=heads, norm=norm, **w: losses(tokens, w, heads=heads, norm=norm),
            inputs,
        )
    inputs = draw(FILE, SIZES)
    tokens = inputs.pop("tokens")
    torch.testing.assert_close(function(tokens[:, :5], inputs), losses(tokens[:, :5], inputs, heads=2, norm="pre"))
    assert not function(tokens[:, :1], inputs).any()
    assert function(tokens[:, :1], inputs).shape == (3, 1)
    # small enough for eps to matter, large enough for the cube of GELU, and logits of hundreds
    for table, bend in ((1e-3, 1.0), (1.0, 4.0), (300.0, 1.0)):
        scaled = {**inputs, "position": 1e-3 * inputs["position"]} if table < 1 else inputs
        scaled = {**scaled, "embedding": table * inputs["embedding"], "b_1": bend * (inputs["b_1"] + 0.3)}
        for norm in ("pre", "post"):
            torch.testing.assert_close(
                function(tokens, scaled, norm=norm), losses(tokens, scaled, heads=2, norm=norm), rtol=1e-9, atol=1e-9
            )


def test_agrees_with_the_library(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_no_loss_depends_on_a_later_word(norm, shipped, draw):
    function, inputs = shipped(FILE).generative_pre_training, draw(FILE, SIZES)
    tokens = inputs.pop("tokens")
    later = tokens.clone()
    later[:, 6:] = (later[:, 6:] + 3) % SIZES["C"]

    before, after = function(tokens, inputs, norm=norm), function(later, inputs, norm=norm)

    assert torch.equal(before[:, :6], after[:, :6])
    assert (before[:, 6:] != after[:, 6:]).all()


def test_an_empty_table_makes_every_word_as_likely(shipped, draw):
    inputs = draw(FILE, SIZES)
    tokens = inputs.pop("tokens")

    losses = shipped(FILE).generative_pre_training(tokens, {**inputs, "embedding": 0 * inputs["embedding"]})

    torch.testing.assert_close(losses[:, 1:], torch.full_like(losses[:, 1:], math.log(SIZES["C"])))
