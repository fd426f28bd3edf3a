"""Truth of the masked language model: the encoder of transformers on the text that the file corrupts, and what the
corruption does, counted."""

import types

import pytest
import torch
from torch import Tensor
from torch.func import functional_call
from transformers import BertConfig, BertModel

FILE = "masked_language_model"
SIZES = {"B": 3, "T": 13, "D": 12, "F": 20, "C": 30}
WRONG = {
    "loss at every place": ("losses * chosen", "losses"),
    "loss where nothing was chosen": ("losses * chosen", "losses * ~chosen"),
    "the corrupted text as target": ("tokens.flatten(), reduction", "corrupted.flatten(), reduction"),
    "the text is not hidden": ("_encode(corrupted, w", "_encode(tokens, w"),
    "what comes after is hidden": (
        ".softmax(dim=-1), v",
        ".masked_fill(torch.ones(x.shape[1], x.shape[1]).triu(1).bool(), -1e30).softmax(dim=-1), v",
    ),
    "scores not scaled": (" / q.shape[-1] ** 0.5", ""),
    "a table of its own for the output": ('@ w["embedding"].T', '@ w["embedding"].detach().T'),
    "no bias of the words": (' + w["b_word"]', ""),
    "no norm behind the embeddings": (
        '_layer_norm(w["embedding"][tokens] + w["position"][: tokens.shape[1]], w["g_0"], w["c_0"])',
        '(w["embedding"][tokens] + w["position"][: tokens.shape[1]]) * w["g_0"] + w["c_0"]',
    ),
    "positions left out": (' + w["position"][: tokens.shape[1]]', ' + 0 * w["position"].sum()'),
    "embedding scaled by the root of D": ('w["embedding"][tokens]', '3.4641 * w["embedding"][tokens]'),
    "Pre-LN": (
        'x = _layer_norm(x + _attention(x, w, heads), w["g_1"], w["c_1"])',
        'x = x + _attention(_layer_norm(x, w["g_1"], w["c_1"]), w, heads)',
    ),
    "eps of other norms": ("1e-12", "1e-5"),
    "tanh GELU": ('w["b_1"])', 'w["b_1"], approximate="tanh")'),
    "80 % of all places masked": ("torch.where(chosen, hidden, tokens), chosen", "hidden, chosen"),
    "every chosen place masked": ("torch.where(fate < masked,", "torch.where(fate < 2,"),
    "masked by the share that is random": ("fate < masked + random", "fate < random"),
    "one random word for all": ("torch.randint(C, (B, T)", "torch.randint(C, (1, 1)"),
    "random words by another's number": ("torch.randint(C,", "torch.randint(C // 2,"),
    "the same places in every row": (
        "torch.rand(B, T, generator=generator).argsort",
        "torch.rand(1, T, generator=generator).expand(B, T).argsort",
    ),
    "shuffled across rows": (".argsort(dim=1)", ".argsort(dim=0)"),
    "random and kept swapped": ("other, tokens)", "tokens, other)"),
    "rounded up": ("round(rate * T)", "-int(-rate * T // 1)"),
    "none may be chosen": ("max(1, round(rate * T))", "round(rate * T)"),
    "seed ignored": ("manual_seed(seed)", "manual_seed(0)"),
    "mask is the last word": ("MASK = 0", "MASK = -1"),
}


def library(corrupted: Tensor, w: dict[str, Tensor], heads: int) -> Tensor:
    """What transformers' BertModel makes of the text, times its table of words."""
    C, D = w["embedding"].shape
    sizes = {"hidden_size": D, "intermediate_size": w["w_1"].shape[1], "vocab_size": C}
    config = BertConfig(
        **sizes,
        num_hidden_layers=1,
        num_attention_heads=heads,
        max_position_embeddings=len(w["position"]),
        pad_token_id=None,  # or the first word of the table would have no gradient
        attn_implementation="eager",
    )
    zero = w["c_0"].new_zeros(D)
    weights = {
        "embeddings.word_embeddings.weight": w["embedding"],
        "embeddings.position_embeddings.weight": w["position"],
        "embeddings.token_type_embeddings.weight": zero.expand(2, D),
        "encoder.layer.0.intermediate.dense.weight": w["w_1"].T,
        "encoder.layer.0.intermediate.dense.bias": w["b_1"],
        "encoder.layer.0.output.dense.weight": w["w_2"].T,
        "encoder.layer.0.output.dense.bias": w["b_2"],
    }
    layer = "encoder.layer.0.attention"
    for place, name in ((f"{layer}.self.query", "w_q"), (f"{layer}.self.key", "w_k"), (f"{layer}.self.value", "w_v")):
        weights |= {f"{place}.weight": w[name].T, f"{place}.bias": zero}
    weights |= {f"{layer}.output.dense.weight": w["w_o"].T, f"{layer}.output.dense.bias": zero}
    norms = ("embeddings", f"{layer}.output", "encoder.layer.0.output")
    for number, place in enumerate(norms):
        weights |= {f"{place}.LayerNorm.weight": w[f"g_{number}"], f"{place}.LayerNorm.bias": w[f"c_{number}"]}
    model = BertModel(config, add_pooling_layer=False).double().eval()
    hidden = functional_call(model, weights, (corrupted,)).last_hidden_state
    return hidden @ w["embedding"].T + w["b_word"]


def losses(tokens: Tensor, w: dict[str, Tensor], *, corrupted: Tensor, chosen: Tensor, heads: int) -> Tensor:
    logits = library(corrupted, w, heads)
    right = logits.gather(-1, tokens[..., None])[..., 0]
    return torch.where(chosen, logits.logsumexp(dim=-1) - right, 0.0)


def check(module: types.ModuleType, draw, agree) -> None:
    function = module.masked_language_model
    check_corruption(module)
    shares = {"rate": 0.15, "masked": 0.8, "random": 0.1}
    for T, heads, seed, own in (
        (13, 2, 0, {}),
        (13, 3, 7, {"rate": 0.5, "masked": 0.3, "random": 0.5}),
        (1, 1, 2, {}),
    ):
        inputs = draw(FILE, {**SIZES, "T": T})
        corrupted, chosen = module._corrupt(inputs["tokens"], SIZES["C"], **{**shares, **own}, seed=seed)
        agree(
            lambda tokens, own=own, heads=heads, seed=seed, **w: function(tokens, w, heads=heads, seed=seed, **own),
            lambda tokens, corrupted=corrupted, chosen=chosen, heads=heads, **w: losses(
                tokens, w, corrupted=corrupted, chosen=chosen, heads=heads
            ),
            inputs,
        )
    short = {**inputs, **{key: draw(FILE, SIZES)[key] for key in ("tokens", "position")}}
    tokens, long = short["tokens"][:, :9], {**short, "position": short["position"]}
    corrupted, chosen = module._corrupt(tokens, SIZES["C"], **shares, seed=0)
    torch.testing.assert_close(
        function(tokens, long), losses(tokens, long, corrupted=corrupted, chosen=chosen, heads=2)
    )
    # every word's vector is a constant, which the first norm takes away: positions are left, small enough for eps
    flat = {**long, "embedding": 3 * long["embedding"][:, :1].expand(-1, 12), "position": 1e-6 * long["position"]}
    torch.testing.assert_close(
        function(tokens, flat), losses(tokens, flat, corrupted=corrupted, chosen=chosen, heads=2)
    )
    sharp = {**long, "w_q": 300 * long["w_q"], "w_k": 10 * long["w_k"]}
    torch.testing.assert_close(
        function(tokens, sharp), losses(tokens, sharp, corrupted=corrupted, chosen=chosen, heads=2)
    )
    assert function(tokens, {**long, "embedding": 500 * long["embedding"]}).isfinite().all()


def check_corruption(module: types.ModuleType) -> None:
    C, shares = 40, {"rate": 0.15, "masked": 0.8, "random": 0.1}
    tokens = torch.full((300, 1000), 7)
    hidden, chosen = module._corrupt(tokens, C, **shares, seed=3)
    assert (chosen.sum(dim=1) == 150).all()
    assert (hidden[~chosen] == 7).all()
    places = chosen.double().mean(dim=0)
    torch.testing.assert_close(places, torch.full_like(places, 0.15), atol=0.09, rtol=0)
    assert abs(places[:500].mean() - 0.15) < 0.01
    assert hidden.min() == 0
    # a random word is a mask or the word itself once in C times
    often = torch.bincount(hidden[chosen], minlength=C) / chosen.sum()
    wanted = torch.full((C,), 0.1 / C)
    wanted[0], wanted[7] = wanted[0] + 0.8, wanted[7] + 0.1
    torch.testing.assert_close(often, wanted, atol=0.006, rtol=0)
    assert len(often) == C
    assert hidden[:2].unique(dim=0).shape[0] == 2
    assert (often[1:] > 0.001).all()

    assert not torch.equal(hidden, module._corrupt(tokens, C, **shares, seed=4)[0])
    assert torch.equal(hidden, module._corrupt(tokens, C, **shares, seed=3)[0])
    assert (module._corrupt(tokens[:, :2], C, **shares, seed=1)[1].sum(dim=1) == 1).all()
    assert (module._corrupt(tokens[:, :4], C, **{**shares, "rate": 0.4}, seed=1)[1].sum(dim=1) == 2).all()
    assert (module._corrupt(tokens[:, :4], C, **{**shares, "rate": 0.3}, seed=1)[1].sum(dim=1) == 1).all()
    half, chosen = module._corrupt(tokens, C, rate=0.15, masked=0.5, random=0.4, seed=1)
    assert abs((half[chosen] == 7).double().mean() - 0.11) < 0.006
    everywhere, _ = module._corrupt(tokens[:9], C, rate=1.0, masked=1.0, random=0.0, seed=1)
    assert not everywhere.any()


def test_agrees_with_the_library(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises((AssertionError, IndexError)):
        check(mutated(FILE, old, new), draw, agree)


def test_a_hidden_word_is_guessed_from_the_others_only(shipped, draw):
    function, inputs = shipped(FILE).masked_language_model, draw(FILE, SIZES)
    tokens = inputs.pop("tokens")
    before = function(tokens, inputs, rate=0.3, masked=1.0, random=0.0)
    place = int(before[0].nonzero()[0])
    changed = tokens.clone()
    changed[0, place] = (changed[0, place] + 5) % SIZES["C"]

    after = function(changed, inputs, rate=0.3, masked=1.0, random=0.0)

    others = torch.ones_like(tokens, dtype=torch.bool)
    others[0, place] = False
    assert torch.equal(before[others], after[others])
    assert before[0, place] != after[0, place]


def test_shares_of_more_than_all_are_refused(shipped, draw):
    inputs = draw(FILE, SIZES)
    tokens = inputs.pop("tokens")
    function = shipped(FILE).masked_language_model

    for masked, random in ((0.9, 0.1), (0.7, 0.3), (1.0, 0.0)):
        assert function(tokens, inputs, masked=masked, random=random).isfinite().all()
    with pytest.raises(AssertionError):
        function(tokens, inputs, masked=0.8, random=0.3)
