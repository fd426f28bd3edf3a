"""Truth of the PanGu-pi block: augmented shortcuts and series activation."""

import types

import pytest
import torch
from torch import Tensor
from torch.nn import functional

FILE = "pangu_pi"
SETTINGS = {"B": 2, "T": 6, "D": 15, "F": 20, "R": 3, "heads": 3, "n": 3, "shortcuts": 2}
WRONG = {
    "augmented shortcut in the place of the straight one": ("z = x + _attention", "z = _attention"),
    "augmented shortcut reads LN(x)": (
        'gelu(x @ w["aug_down"][i])',
        'gelu(_layer_norm(x, w["g_1"], w["c_1"]) @ w["aug_down"][i])',
    ),
    "augmented shortcut reads its own sum": ('gelu(x @ w["aug_down"][i])', 'gelu(z @ w["aug_down"][i])'),
    "augmented shortcut without sigma": ('gelu(x @ w["aug_down"][i])', '(x @ w["aug_down"][i])'),
    "one shortcut only": ("range(shortcuts)", "range(min(1, shortcuts))"),
    "mean of activations for their sum": ("series.sum(dim=0)", "series.mean(dim=0)"),
    "a left out": ("gelu(a * hidden + b)", "gelu(hidden + b)"),
    "b outside sigma": ("gelu(a * hidden + b)", "gelu(a * hidden) + b"),
    "b scaled with x": ("gelu(a * hidden + b)", "gelu(a * (hidden + b))"),
    "activations one after another": (
        "series.sum(dim=0)",
        "gelu(w['series_a'][1] * series[0] + w['series_b'][1])",
    ),
    "second norm left out": ('_layer_norm(z, w["g_2"], w["c_2"])', "z"),
}


def token_by_token(x: Tensor, w: dict[str, Tensor], heads: int) -> Tensor:
    """Equations 4, 5 and 7 for one token at a time, with the library's norm and attention."""
    D = x.shape[2]
    normed = functional.layer_norm(x, (D,), w["g_1"], w["c_1"])
    q, k, v = ((normed @ w[name]).unflatten(-1, (heads, -1)).transpose(1, 2) for name in ("w_q", "w_k", "w_v"))
    attended = functional.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(-2)
    rows = []
    for t in range(x.shape[1]):
        z = attended[:, t] @ w["w_o"] + x[:, t]
        for down, up in zip(w["aug_down"], w["aug_up"], strict=True):
            z = z + functional.linear(functional.gelu(functional.linear(x[:, t], down.T)), up.T)
        hidden = functional.linear(functional.layer_norm(z, (D,), w["g_2"], w["c_2"]), w["w_1"].T, w["b_1"])
        bent = torch.zeros_like(hidden)
        for a, b in zip(w["series_a"], w["series_b"], strict=True):
            bent = bent + functional.gelu(a * hidden + b)
        rows.append(z + functional.linear(bent, w["w_2"].T, w["b_2"]))
    return torch.stack(rows, dim=1)


def check(module: types.ModuleType, draw, agree) -> None:
    for settings in (SETTINGS, {**SETTINGS, "n": 2, "shortcuts": 0}, {**SETTINGS, "T": 1}):
        n, shortcuts = settings["n"], settings["shortcuts"]
        agree(
            lambda x, n=n, shortcuts=shortcuts, **w: module.pangu_pi(x, w, heads=3, n=n, shortcuts=shortcuts),
            lambda x, **w: token_by_token(x, w, 3),
            draw(FILE, settings),
        )
    inputs = draw(FILE, SETTINGS)
    x, w = inputs.pop("x"), inputs
    # of a longer series the first n count
    cut = {**w, "series_a": w["series_a"][:2], "series_b": w["series_b"][:2]}
    torch.testing.assert_close(module.pangu_pi(x, w, heads=3, n=2, shortcuts=2), token_by_token(x, cut, 3))
    # logits in the thousands
    w = {**w, "w_q": 300 * w["w_q"], "w_k": 10 * w["w_k"]}
    torch.testing.assert_close(module.pangu_pi(x, w, heads=3, n=3, shortcuts=2), token_by_token(x, w, 3))


def test_agrees_with_the_equations_token_by_token(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


@pytest.mark.parametrize("causal", [True, False])
def test_without_shortcuts_and_with_one_activation_it_is_pre_ln(causal, shipped, draw):
    inputs = draw(FILE, {**SETTINGS, "n": 1, "shortcuts": 0})
    x, w = inputs.pop("x"), inputs
    w["series_a"], w["series_b"] = torch.ones(1, dtype=x.dtype), torch.zeros(1, dtype=x.dtype)

    y = shipped(FILE).pangu_pi(x, w, heads=3, causal=causal, n=1, shortcuts=0)
    z = shipped("pre_ln").pre_ln(x, w, heads=3, causal=causal, activation="gelu")

    torch.testing.assert_close(y, z, rtol=1e-12, atol=1e-12)


def test_what_the_shortcuts_and_activations_cost_is_two_d_r_and_two_numbers_each(draw):
    counts = {
        (n, shortcuts): sum(
            weight.numel() for name, weight in draw(FILE, {"n": n, "shortcuts": shortcuts}).items() if name != "x"
        )
        for n, shortcuts in ((1, 0), (3, 0), (1, 2))
    }

    assert counts[3, 0] - counts[1, 0] == 2 * 2
    assert counts[1, 2] - counts[1, 0] == 2 * 2 * 16 * 4
