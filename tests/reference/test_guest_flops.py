"""Counted operations: the library's own counter, closed forms, and the conventions one by one."""

import pytest
import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from kb.reference.guest_counting import Counter
from kb.reference.inputs import build_inputs, load_function
from kb.reference.parameters import parse_parameters
from kb.reference.registry import get_idea, list_ideas

#: The library's counter knows no products of a matrix with a vector, no systems of equations and no transforms.
UNKNOWN_THERE = {
    "additive-attention",
    "deltanet",
    "gated-delta-rule",
    "mesa-layer",
    "linear-recurrent-unit",
    "structured-state-space",
}
CASES = [
    (idea.slug, form)
    for idea in list_ideas()
    for form in next((one.choices for one in idea.parameters if one.name == "form"), ("",))
]


def count(call, *given):
    with torch.no_grad(), Counter(given) as counter:
        call()
    return {kind: number for kind, number in counter.counts.items() if number}


def call_of(slug, settings):
    idea = get_idea(slug)
    inputs, function = build_inputs(idea, settings), load_function(idea)
    values = parse_parameters(idea, {name: value for name, value in settings.items() if not name.isupper()})
    return inputs, lambda: function(**inputs, **values)


@pytest.mark.parametrize(("slug", "form"), [case for case in CASES if case[0] not in UNKNOWN_THERE])
def test_products_are_those_that_the_library_counts(slug, form):
    inputs, call = call_of(slug, {"form": form} if form else {})
    torch.manual_seed(0)
    with torch.no_grad(), FlopCounterMode(display=False) as other:
        call()
    torch.manual_seed(0)

    assert count(call, inputs).get("products", 0) == other.get_total_flops()


def attend(q, k, v):
    return (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1) @ v


def attend_linearly(q, k, v):
    q, k = functional.elu(q) + 1, functional.elu(k) + 1
    return (q @ (k.transpose(-1, -2) @ v)) / (q @ k.sum(dim=-2, keepdim=True).transpose(-1, -2))


@pytest.mark.parametrize(("N", "d"), [(16, 4), (32, 4), (48, 6), (128, 16)])
def test_attention_and_linear_attention_have_their_closed_forms(N, d):
    q, k, v = (torch.randn(N, d) for _ in range(3))

    assert count(lambda: attend(q, k, v))["products"] == 4 * N**2 * d
    assert count(lambda: attend_linearly(q, k, v))["products"] == 4 * N * d**2 + 2 * N * d


def test_a_masked_pair_is_computed_and_counts():
    # scale, and of the softmax exp, maximum, difference, sum, quotient: of all pairs, though half of them are masked
    B, T, H, K, V = 2, 8, 2, 3, 5
    inputs, call = call_of("scaled-dot-product-attention", {"B": B, "T": T, "H": H, "K": K, "V": V})
    pairs = B * H * T * T

    assert count(call, inputs) == {
        "products": 2 * pairs * (K + V),
        "elementwise": 3 * pairs,
        "reductions": 2 * pairs,
        "functions": pairs,
    }


def test_skipped_tiles_do_not_count():
    sizes = {"B": 1, "H": 1, "T": 16, "K": 2, "V": 2}
    tiled, call = call_of("flash-attention", {**sizes, "tile": 4})

    # of 4 x 4 tiles those on and below the diagonal
    assert count(call, tiled)["products"] == 10 * 16 * 2 * (2 + 2)


x, y = torch.rand(3, 4) + 1, torch.rand(4, 5)
z = torch.complex(x, x)
SQUARE = torch.eye(4) * 2 + 0.1 * torch.rand(4, 4)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: x @ y, {"products": 2 * 3 * 4 * 5}),
        (lambda: torch.einsum("ij,jk->ik", x, y), {"products": 2 * 3 * 4 * 5}),
        (lambda: torch.einsum("ij,kl->ijkl", x, y), {"elementwise": 12 * 20}),
        (lambda: x @ y[:, 0], {"products": 2 * 3 * 4}),
        (lambda: x[0] @ x[1], {"products": 2 * 4}),
        (lambda: functional.linear(x, y.T, torch.ones(5)), {"products": 2 * 3 * 4 * 5, "elementwise": 15}),
        (lambda: torch.baddbmm(torch.ones(1, 3, 5), x[None], y[None]), {"products": 120, "elementwise": 15}),
        (lambda: z @ torch.complex(y, y), {"products": 8 * 3 * 4 * 5}),
        (lambda: functional.conv1d(x[None], torch.ones(2, 3, 3)), {"products": 2 * 2 * 2 * 9}),
        (lambda: functional.conv1d(x[None], torch.ones(2, 3, 3), torch.ones(2)), {"products": 72, "elementwise": 4}),
        (lambda: functional.conv_transpose1d(x[None], torch.ones(3, 2, 3)), {"products": 2 * 3 * 4 * 2 * 3}),
        (lambda: torch.linalg.solve_triangular(SQUARE, y, upper=True), {"products": 4 * 4 * 5}),
        (lambda: torch.linalg.solve_triangular(SQUARE, y, upper=True, unitriangular=True), {"products": 3 * 4 * 5}),
        # 4 x 4: 3 + 2 + 1 quotients and 9 + 4 + 1 products with their sums; then two triangular systems a column
        (lambda: torch.linalg.solve(SQUARE, y), {"products": 6 + 2 * 14 + 5 * (12 + 16)}),
        (lambda: torch.fft.fft(torch.complex(torch.ones(8), torch.ones(8))), {"products": 5 * 8 * 3}),
        (lambda: torch.fft.rfft(torch.ones(8)), {"products": 5 * 8 * 3 // 2}),
        (lambda: torch.fft.irfft(torch.complex(torch.ones(5), torch.ones(5))), {"products": 5 * 8 * 3 // 2}),
        (lambda: x + x, {"elementwise": 12}),
        (lambda: torch.add(x, x, alpha=2), {"elementwise": 24}),
        (lambda: x * 2, {"elementwise": 12}),
        (lambda: z * z, {"elementwise": 6 * 12}),
        (lambda: z / z, {"elementwise": 11 * 12}),
        (lambda: z + z, {"elementwise": 2 * 12}),
        (lambda: x.relu(), {"elementwise": 12}),
        (lambda: x.clamp(min=0), {"elementwise": 12}),
        (lambda: x.clamp(0, 1), {"elementwise": 24}),
        (lambda: x.square(), {"elementwise": 12}),
        (lambda: x**3, {"elementwise": 24}),
        (lambda: x**-1, {"elementwise": 12}),
        (lambda: x**0.5, {"functions": 12}),
        (lambda: x.exp(), {"functions": 12}),
        (lambda: z.exp(), {"functions": 24}),
        (lambda: functional.gelu(x), {"functions": 12}),
        (lambda: x.clone().add_(1), {"elementwise": 12}),
        (lambda: x.sum(), {"reductions": 12}),
        (lambda: x.mean(dim=1), {"reductions": 12}),
        (lambda: x.amax(dim=1), {"reductions": 12}),
        (lambda: x.cumsum(dim=0), {"reductions": 12}),
        (lambda: z.sum(), {"reductions": 24}),
        (lambda: x.softmax(-1), {"elementwise": 24, "reductions": 24, "functions": 12}),
        (lambda: x.var(dim=1), {"elementwise": 24, "reductions": 24}),
        (lambda: functional.layer_norm(x, (4,)), {"elementwise": 60, "reductions": 24}),
        (
            lambda: functional.scaled_dot_product_attention(x[None, None], x[None, None], x[None, None]),
            {"products": 2 * 9 * 8, "elementwise": 27, "reductions": 18, "functions": 9},
        ),
        (lambda: torch.cat([x, x]).T.reshape(-1)[2:].flip(0), {}),
        (lambda: torch.where(x > 1, x, 0.0).masked_fill(x < 0, 1.0), {}),
        (lambda: torch.arange(5) * 2 + 1, {}),
        (lambda: torch.rand(3, 3), {}),
    ],
)
def test_the_conventions_hold_one_by_one(call, expected):
    assert count(call) == expected


def test_what_has_no_rule_is_named():
    with Counter(()) as counter:
        torch.linalg.eigvals(SQUARE)

    assert len(counter.uncounted) == 1
    assert "eig" in counter.uncounted.pop()
    assert sum(counter.counts.values()) == 0
