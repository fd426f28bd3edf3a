"""Truth of additive attention: pair by pair around the library's gated cell, and a layer as others write it."""

import types

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

FILE = "additive_attention"
SIZES = {"B": 3, "T": 6, "D": 5}
WRONG = {
    "the state after the step asks": ("attend(s, seen, w)", "attend(_step(h[:, t], s, w), seen, w)"),
    "the input asks": ("attend(s, seen, w)", "attend(x[:, t - before.shape[1]], seen, w)"),
    "products for the score": ('hidden @ w["v_align"]', "torch.einsum('bd,bnd->bn', s, h)"),
    "scores scaled by the root of D": ('hidden @ w["v_align"]', 'hidden @ w["v_align"] / h.shape[-1] ** 0.5'),
    "no tanh": (").tanh()\n    e", ")\n    e"),
    "the query left out": ('(s @ w["w_align"])[:, None] + h @ w["u_align"]', 'h @ w["u_align"]'),
    "the annotation left out": ('h @ w["u_align"])', "0 * h)"),
    "query and annotation swap their maps": (
        '(s @ w["w_align"])[:, None] + h @ w["u_align"]',
        '(s @ w["u_align"])[:, None] + h @ w["w_align"]',
    ),
    "maps transposed": ('h @ w["u_align"]', 'h @ w["u_align"].mT'),
    "sigmoid for softmax": ("e.softmax(dim=-1)", "e.sigmoid()"),
    "softmax over the batch": ("e.softmax(dim=-1)", "e.softmax(dim=0)"),
    "plain exponentials": ("e.softmax(dim=-1)", "e.exp() / e.exp().sum(dim=-1, keepdim=True)"),
    "mapped annotations read": ("(a[..., None] * h)", '(a[..., None] * (h @ w["u_align"]))'),
    "the present not seen": ("h[:, : t + 1]", "h[:, : max(1, t)]"),
    "the next seen": ("h[:, : t + 1]", "h[:, : t + 2]"),
    "past for all": ('"all": h,', '"all": h[:, : t + 1],'),
    "the gate writes": ("z * s + (1 - z) * (", "(1 - z) * s + z * ("),
    "no reset": ("(r * s) @ u_n", "s @ u_n"),
    "annotations not kept": ("dim=1), (s, h)", "dim=1), (s, x)"),
    "state ignored": ("if state is None else state", "if True else state"),
}


def cell(c: Tensor, s: Tensor, w: dict[str, Tensor]) -> Tensor:
    """torch.nn.GRUCell resets after the map: given r * s for its state, and its reset held open, it resets before."""
    D, order = s.shape[-1], [1, 0, 2]
    weights = {
        "weight_ih": w["w_zrn"][order].mT.reshape(3 * D, D),
        "weight_hh": w["u_zrn"][order].mT.reshape(3 * D, D),
        # z = 0 and r = 1 : the cell gives its candidate alone
        "bias_ih": (w["b_zrn"] + torch.tensor([-1000.0, 1000.0, 0.0], dtype=s.dtype)[:, None])[order].flatten(),
        "bias_hh": s.new_zeros(3 * D),
    }
    reset = torch.sigmoid(c @ w["w_zrn"][1] + s @ w["u_zrn"][1] + w["b_zrn"][1])
    candidate = functional_call(nn.GRUCell(D, D, dtype=s.dtype), weights, (c, reset * s))
    update = torch.sigmoid(c @ w["w_zrn"][0] + s @ w["u_zrn"][0] + w["b_zrn"][0])
    return torch.lerp(candidate, s, update)


def pair_by_pair(x: Tensor, s: Tensor, sees: str = "past", **w: Tensor) -> Tensor:
    """Section 3.1 with one score at a time."""
    outputs = []
    for t in range(x.shape[1]):
        places = {"past": range(t + 1), "all": range(x.shape[1]), "present": [t]}[sees]
        scores = []
        for j in places:
            hidden = torch.tanh(
                torch.einsum("bd,de->be", s, w["w_align"]) + torch.einsum("bd,de->be", x[:, j], w["u_align"])
            )
            scores.append((hidden * w["v_align"]).sum(dim=-1))
        largest = torch.stack(scores).amax(dim=0)
        shares = [torch.exp(score - largest) for score in scores]
        read = sum(share[:, None] * x[:, j] for share, j in zip(shares, places, strict=True))
        s = cell(read / sum(shares)[:, None], s, w)
        outputs.append(s)
    return torch.stack(outputs, dim=1)


class AttentionLayer(nn.Module):
    """As attention layers over a query, keys and values are written elsewhere, after 1409.0473."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.of_query, self.of_keys = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=False)
        self.score = nn.Linear(width, 1, bias=False)

    def forward(self, query: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
        scores = self.score(torch.tanh(self.of_query(query).unsqueeze(1) + self.of_keys(keys))).squeeze(2)
        weights = torch.softmax(scores, dim=1)
        return torch.bmm(weights.unsqueeze(1), keys).squeeze(1), weights


def check(module: types.ModuleType, draw, agree) -> None:
    for sees in ("past", "all", "present"):
        for scale in (1, 300):
            inputs = draw(FILE, SIZES)
            inputs["v_align"] = scale * inputs["v_align"]
            inputs["s"] = torch.randn(3, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
            agree(
                lambda x, s, sees=sees, **w: module.additive_attention(x, w, (s, x[:, :0]), sees=sees)[0],
                lambda sees=sees, **given: pair_by_pair(sees=sees, **given),
                inputs,
                rtol=1e-7,
            )
            x, w = inputs["x"], {name: weight for name, weight in inputs.items() if name not in ("x", "s")}
            low = {name: weight.float() for name, weight in w.items()}
            whole, last = module.additive_attention(x, w, sees=sees)
            assert module.additive_attention(4 * x.float(), low, sees=sees)[0].isfinite().all()
            torch.testing.assert_close(whole, pair_by_pair(x, torch.zeros_like(x[:, 0]), sees, **w))
            torch.testing.assert_close(last[1], x)
            if sees != "all":
                first, state = module.additive_attention(x[:, :1], w, sees=sees)
                torch.testing.assert_close(first, whole[:, :1])
                second, state = module.additive_attention(x[:, 1:4], w, state, sees=sees)
                third, state = module.additive_attention(x[:, 4:], w, state, sees=sees)
                torch.testing.assert_close(torch.cat([first, second, third], dim=1), whole)
                torch.testing.assert_close(state, last)

    layer = AttentionLayer(5).double()
    weights = {
        "of_query.weight": w["w_align"].T,
        "of_keys.weight": w["u_align"].T,
        "score.weight": w["v_align"][None],
    }
    layer.load_state_dict(weights)
    for one, other in zip(module.attend(inputs["s"], x, w), layer(inputs["s"], x), strict=True):
        torch.testing.assert_close(one, other)


def test_agrees_pair_by_pair(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_that_sees_the_present_only_is_the_shipped_gru(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs
    plain = {**w, "b_u": torch.zeros(5, dtype=x.dtype)}

    torch.testing.assert_close(
        shipped(FILE).additive_attention(x, w, sees="present")[0], shipped("gru").gru(x, plain)[0]
    )


def test_weights_sum_to_one_and_a_score_of_zero_weighs_all_alike(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs
    _, a = shipped(FILE).attend(x[:, 0], x, w)
    c, alike = shipped(FILE).attend(x[:, 0], x, {**w, "v_align": 0 * w["v_align"]})

    torch.testing.assert_close(a.sum(dim=-1), torch.ones(3, dtype=x.dtype))
    torch.testing.assert_close(alike, torch.full((3, 6), 1 / 6, dtype=x.dtype))
    torch.testing.assert_close(c, x.mean(dim=1))
