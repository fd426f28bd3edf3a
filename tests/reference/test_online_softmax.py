"""Truth of online softmax: torch's softmax, for rows whose maximum comes first, last and everywhere.

Any channel will do where only its shape is asked for: ``x[..., -1]`` for ``x[..., 0]`` leaves the numbers alone.
"""

import itertools
import math
import types

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

FILE = "online_softmax"
SIZES = {"B": 2, "T": 5, "H": 3, "K": 7}
SUM = "d = d * (m - higher).exp() + (x_j - higher).exp()"
WRONG = {
    "no rescaling": (SUM, "d = d + (x_j - higher).exp()"),
    "rescaled the wrong way round": ("d * (m - higher).exp()", "d * (higher - m.clamp(min=-9)).exp()"),
    "new term under the old maximum": ("(x_j - higher).exp()", "(x_j - m.clamp(min=-9)).exp()"),
    "rescaled as well": (SUM, "d = (d + (x_j - higher).exp()) * (m - higher).exp().clamp(min=1e-9)"),
    "maximum not kept": ("        m = higher\n", ""),
    "last entry for the maximum": ("higher = torch.maximum(m, x_j)", "higher = x_j"),
    "blocks added": (
        "return m, one[1] * (one[0] - m).exp() + other[1] * (other[0] - m).exp()",
        "return m, one[1] + other[1]",
    ),
    "one of two blocks rescaled": ("one[1] * (one[0] - m).exp()", "one[1]"),
    "minimum of two blocks": ("torch.maximum(one[0], other[0])", "torch.minimum(one[0], other[0])"),
    "a block of one counts its value": ("torch.ones_like(x[..., 0])", "x[..., 0].exp()"),
    "middle entry dropped": ("x[..., K // 2 :]", "x[..., (K + 1) // 2 :]"),
    "not divided": (" / d[..., None]", ""),
    "maximum not taken away in the end": ("(x - m[..., None]).exp() / d", "x.exp() / d"),
    "safe without its maximum": ("(x - m[..., None]).exp().sum", "x.exp().sum"),
    "naive with a maximum of one": ("torch.zeros_like(x[..., 0]), x", "torch.ones_like(x[..., 0]), x"),
    "over the heads": ("x.unbind(dim=-1)", "x[..., :3].unbind(dim=-1)"),
}


def library(x: Tensor) -> Tensor:
    return torch.softmax(x, dim=-1)


def check(module: types.ModuleType, draw, agree) -> None:
    for form in ("online", "blocks", "safe", "naive"):
        for K in (7, 1, 8):
            inputs = draw(FILE, {**SIZES, "K": K})
            agree(lambda x, form=form: module.online_softmax(x, form=form), library, inputs)
        x = draw(FILE, SIZES)["x"]
        for row in (x.sort(dim=-1).values, x.sort(dim=-1, descending=True).values, 0 * x + 3):
            torch.testing.assert_close(module.online_softmax(row, form=form), library(row))
        if form != "naive":
            large = 3000 * x
            torch.testing.assert_close(module.online_softmax(large, form=form), library(large))
    torch.testing.assert_close(module.online_softmax(x), library(x))
    # the forms have the same values, so they are told apart by the maxima that they take: pairwise, and of whole rows
    maxima = {"online": (7, 0), "blocks": (6, 0), "safe": (0, 1), "naive": (0, 0)}
    for form, wanted in maxima.items():
        with Calls() as calls:
            module.online_softmax(x, form=form)
        assert (calls.count("maximum"), calls.count("amax")) == wanted


class Calls(TorchFunctionMode):
    """Notes the name of every function of torch that is called while it is entered."""

    def __enter__(self) -> list[str]:
        self.names: list[str] = []
        super().__enter__()
        return self.names

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.names.append(getattr(func, "__name__", ""))
        return func(*args, **(kwargs or {}))


def test_agrees_with_the_library(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_the_naive_form_overflows_where_the_header_says_and_the_others_do_not(shipped):
    softmax = shipped(FILE).online_softmax
    x = torch.tensor([[[[88.0, 0.0], [89.0, 0.0]]]])

    assert softmax(x, form="naive").isfinite().all(dim=-1).tolist() == [[[True, False]]]
    assert all(softmax(x, form=form).isfinite().all() for form in ("online", "blocks", "safe"))


@pytest.mark.parametrize("form", ["online", "blocks", "safe"])
def test_what_is_masked_behind_a_finite_entry_gets_nothing(form, shipped):
    x = torch.tensor([1.0, -math.inf, 2.0, -math.inf], dtype=torch.float64).view(1, 1, 1, 4)

    torch.testing.assert_close(shipped(FILE).online_softmax(x, form=form), library(x))


def test_what_is_masked_in_front_is_for_the_safe_form_only(shipped):
    x = torch.tensor([-math.inf, 1.0, 2.0], dtype=torch.float64).view(1, 1, 1, 3)

    torch.testing.assert_close(shipped(FILE).online_softmax(x, form="safe"), library(x))
    assert shipped(FILE).online_softmax(x, form="online").isnan().all()


def test_blocks_merge_in_any_order_and_grouping(shipped, draw):
    module = shipped(FILE)
    x = 30 * draw(FILE, {**SIZES, "K": 6})["x"]
    m, d = module._safe(x)
    blocks = [module._safe(part) for part in x.split([1, 3, 2], dim=-1)]

    for a, b, c in itertools.permutations(blocks):
        for merged in (module.merge(module.merge(a, b), c), module.merge(a, module.merge(b, c))):
            torch.testing.assert_close(merged, (m, d))
