"""Truth of group normalisation: torch's own, and layer normalisation group by group."""

import types

import pytest
import torch
from torch import Tensor
from torch.nn import functional

FILE = "group_normalisation"
SIZES = {"B": 3, "T": 7, "D": 12}
WRONG = {
    "channels dealt in turn": (
        "grouped = x.reshape(B, T, groups, D // groups)",
        "grouped = x.reshape(B, T, D // groups, groups).transpose(2, 3)",
    ),
    "one mean for all groups": ("else (1, 3)", "else (1, 2, 3)"),
    "one mean a token for all groups": ("axes = (3,)", "axes = (2, 3)"),
    "per token always": ("if per_token", "if True"),
    "per token never": ("if per_token", "if False"),
    "the batch joins in": ("else (1, 3)", "else (0, 1, 3)"),
    "over the positions alone": ("else (1, 3)", "else (1,)"),
    "unbiased variance": ("centred.square().mean(dim=axes, keepdim=True)", "grouped.var(dim=axes, keepdim=True)"),
    "eps outside the root": ("(variance + eps).sqrt()", "(variance.sqrt() + eps)"),
    "variance not centred": ("centred.square()", "grouped.square()"),
    "gain on the shift too": (
        'w["g"] * normed.reshape(B, T, D) + w["b"]',
        'w["g"] * (normed.reshape(B, T, D) + w["b"])',
    ),
    "number and size of a group swapped": ("(B, T, groups, D // groups)", "(B, T, D // groups, groups)"),
}


def library(x: Tensor, g: Tensor, b: Tensor, groups: int, per_token: bool, eps: float) -> Tensor:
    if per_token:
        return functional.group_norm(x.flatten(0, 1), groups, g, b, eps=eps).view(x.shape)
    return functional.group_norm(x.transpose(1, 2), groups, g, b, eps=eps).transpose(1, 2)


def group_by_group(x: Tensor, g: Tensor, b: Tensor, groups: int) -> Tensor:
    parts = []
    for part, gain, shift in zip(*(value.chunk(groups, dim=-1) for value in (x, g, b)), strict=True):
        parts.append(functional.layer_norm(part, part.shape[1:], eps=1e-5) * gain + shift)
    return torch.cat(parts, dim=-1)


def check(module: types.ModuleType, draw, agree) -> None:
    norm = module.group_normalisation
    inputs = draw(FILE, SIZES)
    inputs["x"] = 0.3 * inputs["x"] + 0.7
    agree(lambda x, **w: norm(x, w), lambda x, **w: group_by_group(x, **w, groups=2), inputs)
    for groups in (1, 3, 4, 12):
        for per_token, eps in ((False, 1e-5), (True, 1e-5), (False, 0.3), (True, 0.3)):
            agree(
                lambda x, n=groups, p=per_token, e=eps, **w: norm(x, w, groups=n, per_token=p, eps=e),
                lambda x, n=groups, p=per_token, e=eps, **w: library(x, **w, groups=n, per_token=p, eps=e),
                inputs,
            )
        agree(
            lambda x, n=groups, **w: norm(x, w, groups=n),
            lambda x, n=groups, **w: group_by_group(x, **w, groups=n),
            inputs,
        )
    x, w = inputs.pop("x"), inputs
    one = x[:, :1]
    torch.testing.assert_close(norm(one, w, groups=3), norm(one, w, groups=3, per_token=True))


def test_agrees_with_the_library(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_one_group_token_by_token_is_layer_normalisation(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs

    y = shipped(FILE).group_normalisation(x, w, groups=1, per_token=True)

    torch.testing.assert_close(y, shipped("layer_normalisation").layer_normalisation(x, w), rtol=1e-12, atol=1e-12)


def test_as_many_groups_as_channels_is_instance_normalisation(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs

    y = shipped(FILE).group_normalisation(x, w, groups=12)

    wanted = functional.instance_norm(x.transpose(1, 2), weight=w["g"], bias=w["b"], eps=1e-5).transpose(1, 2)
    torch.testing.assert_close(y, wanted)
