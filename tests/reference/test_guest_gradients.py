"""Norms of gradients: layer by layer against torch.nn, token by token and weight by weight against autograd."""

import pytest
import torch
from torch import nn

from kb.reference.guest_gradients import STACKED, measure_gradients
from kb.reference.guest_inputs import build_arguments, build_tensor
from kb.reference.inputs import load_function
from kb.reference.program import describe_idea
from kb.reference.registry import get_idea, list_ideas, parse_idea

WHY = "why"


def measure(slug, settings=None, layers=3, seed=4):
    idea = get_idea(slug)
    return measure_gradients(load_function(idea), describe_idea(idea, settings or {}), seed, layers)


def measure_own(code, layers=2):
    idea, namespace = parse_idea(code), {}
    exec(idea.code, namespace)
    return measure_gradients(namespace["own"], describe_idea(idea, {}), 0, layers)


def test_a_stack_has_the_gradients_of_the_same_stack_in_torch():
    described = describe_idea(get_idea("pre-ln"), {"heads": 2})
    x = build_arguments(described, 4)["x"].requires_grad_()
    modules, read, at = [], [], x
    for layer in range(3):
        w = build_arguments(described, 4 + layer * 1_000_003)["w"]
        read.append(at)
        modules.append(_build_layer(w))
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], dtype=x.dtype)
        at = modules[-1](at, src_mask=mask, is_causal=True)
    loss = (at * build_tensor("loss", tuple(at.shape), seed=4)).sum()
    inputs = torch.autograd.grad(loss, read, retain_graph=True)

    found = measure("pre-ln", {"heads": 2})["layers"]

    assert [one["layer"] for one in found] == [1, 2, 3]
    for one, gradient in zip(found, inputs, strict=True):
        assert one["input"] == pytest.approx(float(gradient.norm()), rel=1e-4)
    for one, module in zip(found, modules, strict=True):
        # torch has biases where the block has none
        taken = [value for name, value in module.named_parameters() if not ("attn" in name and "bias" in name)]
        gradients = torch.autograd.grad(loss, taken, retain_graph=True)
        assert one["weights"] == pytest.approx(float(torch.cat([g.flatten() for g in gradients]).norm()), rel=1e-4)


def _build_layer(w):
    D, width = w["w_1"].shape
    layer = nn.TransformerEncoderLayer(D, 2, width, 0.0, batch_first=True, norm_first=True, dtype=torch.float64)
    with torch.no_grad():
        layer.self_attn.in_proj_weight.copy_(torch.cat([w[name].T for name in ("w_q", "w_k", "w_v")]))
        layer.self_attn.in_proj_bias.zero_()
        layer.self_attn.out_proj.weight.copy_(w["w_o"].T)
        layer.self_attn.out_proj.bias.zero_()
        for name, linear in (("1", layer.linear1), ("2", layer.linear2)):
            linear.weight.copy_(w[f"w_{name}"].T)
            linear.bias.copy_(w[f"b_{name}"])
    return layer


def test_layers_have_weights_of_their_own_and_the_first_those_of_the_run():
    short, tall = measure("swiglu", layers=1)["layers"], measure("swiglu", layers=2)["layers"]
    again = measure("swiglu", layers=2)["layers"]

    assert tall == again
    assert tall[1]["weights"] not in (tall[0]["weights"], short[0]["weights"])


def test_a_last_norm_does_not_make_the_gradient_vanish():
    # the sum of squares behind a norm is a constant; fixed noise has a gradient there
    for slug in ("post-ln", "rms-norm", "layer-normalisation"):
        assert measure(slug)["layers"][0]["input"] > 1e-3


def test_a_mixer_has_gradients_token_by_token():
    described = describe_idea(get_idea("deltanet"), {"T": 6})
    arguments = {name: one.requires_grad_() for name, one in build_arguments(described, 4).items()}
    output, _ = load_function(get_idea("deltanet"))(**arguments, **described["parameters"])
    (output * build_tensor("loss", tuple(output.shape), seed=4)).sum().backward()

    found = measure("deltanet", {"T": 6})

    assert found["tokens"]["positions"] == list(range(6))
    assert found["tokens"].keys() == {"positions", "q", "k", "v", "beta"}
    for name, one in arguments.items():
        expected = one.grad.movedim(1, 0).flatten(1).norm(dim=1).tolist()
        assert found["tokens"][name] == pytest.approx(expected, rel=1e-4)
    assert "whole" not in found


def test_a_gate_that_does_not_run_along_time_has_one_norm():
    assert measure("retention")["whole"].keys() == {"decay"}


def test_causal_attention_sends_nothing_from_early_outputs_to_late_keys():
    v = measure("scaled-dot-product-attention", {"T": 32})["tokens"]["v"]

    assert sum(v[:8]) > sum(v[-8:])


def test_an_objective_has_gradients_by_weight_of_the_sum_of_its_losses():
    found = measure("skip-gram-negative-sampling", {"T": 12})
    idea = get_idea("skip-gram-negative-sampling")
    described = describe_idea(idea, {"T": 12})
    arguments = build_arguments(described, 4)
    weights = {name: one.requires_grad_() for name, one in arguments["w"].items()}
    torch.manual_seed(4)
    load_function(idea)(**arguments, **described["parameters"]).sum().backward()

    assert found == {
        "whole": {name: pytest.approx(float(one.grad.norm()), rel=1e-4) for name, one in weights.items()}
    }


@pytest.mark.parametrize("slug", ["ngram-language-model", "ulmfit"])
def test_what_learns_nothing_says_so(slug):
    assert "no gradient runs through it" in measure(slug)[WHY]


def test_a_gradient_that_is_not_finite_is_none(write_idea):
    found = measure_own(write_idea("block", "1e200 * x", weights="g (D) one"), layers=2)["layers"]

    assert found[0]["input"] is None
    assert found[1]["input"] > 1e199
    assert found[1]["weights"] == 0.0


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("x[:, :1] * w['g']", "another shape"),
        ("x.detach() * 1", "require grad"),
        ("x @ torch.ones(3)", "RuntimeError"),
    ],
)
def test_a_strange_function_gives_a_reason(write_idea, body, why):
    assert why in measure_own(write_idea("block", body, weights="g (D) one"))[WHY]


@pytest.mark.parametrize("idea", list_ideas(), ids=lambda idea: idea.slug)
def test_every_idea_has_gradients_or_a_reason(idea):
    found = measure_gradients(load_function(idea), describe_idea(idea, {}), 0, 2)

    assert found.keys() <= {"layers", "tokens", "whole", "why"}
    assert found
    assert ("layers" in found) == (idea.form in STACKED)
    if idea.form in ("schedule",) or idea.slug == "ngram-language-model":
        assert found.keys() == {WHY}
    else:
        assert WHY not in found
