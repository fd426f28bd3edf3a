"""What every reference file must hold, whatever its idea."""

import ast
import inspect
import re

import pytest
import torch

from kb.reference.header import LABELS
from kb.reference.inputs import build_inputs, load_function
from kb.reference.parameters import list_weights, parse_parameters
from kb.reference.registry import FOLDER, list_ideas

IDEAS = list_ideas()
TEMPORAL = [idea for idea in IDEAS if idea.form != "schedule"]


def outputs(idea, inputs):
    result = load_function(idea)(**inputs, **parse_parameters(idea, {}))
    return result[0] if isinstance(result, tuple) else result


def every(ideas):
    return pytest.mark.parametrize("idea", ideas, ids=[idea.slug for idea in ideas])


def test_the_ten_ideas_are_found():
    assert [idea.slug for idea in IDEAS] == [
        "fast-weight-programmer",
        "gopher-block",
        "linear-attention",
        "multi-head-attention",
        "pangu-pi",
        "post-ln",
        "pre-ln",
        "rwkv-4",
        "scaled-dot-product-attention",
        "ulmfit",
    ]


@every(IDEAS)
def test_the_header_has_its_labels_in_order_and_is_raw(idea):
    labels = [label for label in LABELS if label in idea.sections]

    assert list(idea.sections) == labels
    assert ("Weights" in labels) == (idea.form == "block")
    assert idea.code.startswith('r"""')
    assert idea.sections["Equation"].count("$$") % 2 == 0
    assert all(part.strip() for part in idea.sections.values())


@every(IDEAS)
def test_the_file_has_between_forty_and_two_hundred_lines(idea):
    assert 40 <= len(idea.code.splitlines()) <= 200


@every(IDEAS)
def test_the_file_knows_torch_and_the_standard_library_only(idea):
    imported = set()
    for node in ast.walk(ast.parse(idea.code)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])

    assert imported <= {"torch", "math", "collections"}


@every(IDEAS)
def test_declared_defaults_are_those_of_the_signature(idea):
    signature = inspect.signature(load_function(idea)).parameters
    given = {"q", "k", "v", "x", "w", "state"}
    defaults = {name: parameter.default for name, parameter in signature.items() if name not in given}

    assert {parameter.name: parameter.default for parameter in idea.parameters} == defaults
    assert {parameter.name: type(parameter.default) for parameter in idea.parameters} == {
        name: type(default) for name, default in defaults.items()
    }
    assert len(signature) <= 6


@every(IDEAS)
def test_defaults_lie_in_their_range_and_neutral_values_name_what_they_give(idea):
    for parameter in idea.parameters:
        assert parameter.choices == () or parameter.default in parameter.choices
        assert parameter.low is None or parameter.low <= parameter.default <= parameter.high
        assert parameter.neutral == "" or re.match(rf"{parameter.name}=\S+ .*gives ", parameter.neutral)


@every(TEMPORAL)
def test_the_output_has_the_shape_of_its_form(idea):
    inputs = build_inputs(idea, {"B": 3, "T": 5})
    wanted = inputs["v"].shape if idea.form == "mixer" else inputs["x"].shape

    assert outputs(idea, inputs).shape == wanted


@every(TEMPORAL)
def test_no_token_sees_the_future(idea):
    inputs = build_inputs(idea, {"T": 9})
    changed = dict(inputs)
    for name in {"q", "k", "v", "x"} & set(inputs):
        changed[name] = torch.cat([inputs[name][:, :6], 3 + inputs[name][:, 6:]], dim=1)

    before, after = outputs(idea, inputs), outputs(idea, changed)

    torch.testing.assert_close(before[:, :6], after[:, :6], rtol=1e-12, atol=1e-12)
    assert (before[:, 6:] - after[:, 6:]).abs().amin(dim=(0, 1)).max() > 1e-3


@every(TEMPORAL)
def test_sequences_of_a_batch_do_not_mix(idea):
    inputs = build_inputs(idea, {"B": 3})
    alone = {name: value if name == "w" else value[1:2] for name, value in inputs.items()}

    torch.testing.assert_close(outputs(idea, inputs)[1:2], outputs(idea, alone))


@every([idea for idea in IDEAS if idea.form == "block"])
def test_every_declared_weight_reaches_the_output(idea):
    inputs = build_inputs(idea, {"T": 7})
    for weight in inputs["w"].values():
        weight.requires_grad_()

    outputs(idea, inputs).square().sum().backward()

    assert [name for name, weight in inputs["w"].items() if weight.grad is None or not weight.grad.any()] == []


def test_a_weight_that_blocks_share_has_one_shape_and_one_start():
    declared = {}
    for idea in IDEAS:
        for weight in list_weights(idea):
            assert declared.setdefault(weight.name, weight) == weight


def test_weights_do_not_depend_on_the_idea_that_names_them():
    blocks = [build_inputs(idea, {}, seed=3) for idea in IDEAS if idea.form == "block"]

    for block in blocks[1:]:
        assert torch.equal(block["x"], blocks[0]["x"])
        for name in set(block["w"]) & set(blocks[0]["w"]):
            assert torch.equal(block["w"][name], blocks[0]["w"][name])


def test_every_file_of_the_folder_is_an_idea_or_machinery():
    machinery = {"__init__", "guest", "header", "inputs", "parameters", "program", "registry"}

    assert {path.stem for path in FOLDER.glob("*.py")} == machinery | {idea.function for idea in IDEAS}
