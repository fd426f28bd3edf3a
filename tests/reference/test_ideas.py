"""What every reference file must hold, whatever its idea: its header, its signature, and what its form promises."""

import ast
import inspect
import re
import tomllib
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import pytest
import torch

from kb.reference.header import FORMS, GATED, LABELS, OUTPUTS, WEIGHTED
from kb.reference.inputs import build_inputs, load_function
from kb.reference.parameters import list_gates, list_weights, parse_parameters, parse_sizes
from kb.reference.registry import FOLDER, list_ideas

IDEAS = list_ideas()
TENSORS = [idea for idea in IDEAS if idea.form not in ("schedule", "objective")]
CAUSAL = [idea for idea in IDEAS if idea.form in ("mixer", "recurrence", "block")]
WITH_STATE = {"mixer", "recurrence", "block"}
FEWEST = {
    "scaled-dot-product-attention",
    "multi-head-attention",
    "post-ln",
    "pre-ln",
    "fast-weight-programmer",
    "linear-attention",
    "ulmfit",
    "gopher-block",
    "rwkv-4",
    "pangu-pi",
}
#: Two ideas may be tested in one file, where one is told by its difference from the other.
TESTED_TOGETHER = {"post_ln": "test_norm_blocks", "pre_ln": "test_norm_blocks"}
#: Forms that return a last state, but do not go on from one.
FROM_THE_START = {"rwkv-4": ("parallel",), "structured-state-space": ("convolution", "structured")}
#: The header says from where on exponentials overflow: in the naive form, and where query and key share no feature.
NOT_BEYOND_HUNDREDS = {"online-softmax", "random-feature-attention"}
#: In ``Assumes``: what lets a norm look beyond one token, or a position scheme beyond one pair.
ACROSS_TOKENS, ACROSS_THE_BATCH = "across tokens", "across the batch"


def run(idea, inputs, **settings):
    torch.manual_seed(0)
    return load_function(idea)(**inputs, **parse_parameters(idea, settings))


def outputs(idea, inputs, **settings):
    result = run(idea, inputs, **settings)
    return result[0] if isinstance(result, tuple) else result


def forms(idea):
    """The ways in which an idea can be computed: parallel, recurrent, chunkwise."""
    return next((parameter.choices for parameter in idea.parameters if parameter.name == "form"), ())


def shapes(idea):
    """The dimensions of everything that the function takes but its weights."""
    return {**FORMS[idea.form], **{gate.name: gate.shape for gate in list_gates(idea)}}


def cut(idea, inputs, dimension, part):
    """The inputs with a part of one dimension only: of the batch, or of time."""
    selected = dict(inputs)
    for name, shape in shapes(idea).items():
        if dimension in shape[:2]:
            selected[name] = inputs[name].narrow(shape.index(dimension), part.start, part.stop - part.start)
    return selected


def replaced(idea, inputs, start, names=None):
    """The inputs with other numbers from token ``start`` on; gates stay in their range."""
    gates = {gate.name: gate for gate in list_gates(idea)}
    changed = dict(inputs)
    for name, shape in shapes(idea).items():
        if shape[1:2] == ("T",) and (names is None or name in names):
            tail = inputs[name][:, start:]
            noise = 3 * torch.randn(tail.shape, generator=torch.Generator().manual_seed(5), dtype=tail.dtype)
            other = gates[name].low + gates[name].high - tail if name in gates else tail + noise
            changed[name] = torch.cat([inputs[name][:, :start], other], dim=1)
    return changed


def every(ideas):
    return pytest.mark.parametrize("idea", ideas, ids=[idea.slug for idea in ideas])


def of(*forms):
    return every([idea for idea in IDEAS if idea.form in forms])


def test_enough_ideas_are_found():
    assert {idea.slug for idea in IDEAS} >= FEWEST


def test_every_file_of_the_folder_is_an_idea_or_machinery():
    machinery = {"__init__", "header", "registry", "parameters", "preconditions", "text", "program", "inputs"}
    machinery |= {"comparing", "costing"}
    files = {path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("guest")}

    assert files == machinery | {idea.function for idea in IDEAS}


@pytest.fixture(scope="session")
def concepts(repository):
    files = (repository / "data" / "concepts").glob("*.toml")
    return {one["slug"] for file in files for one in tomllib.loads(file.read_text(encoding="utf-8"))["concept"]}


@every(IDEAS)
def test_the_idea_is_a_concept_and_has_a_test_file(idea, concepts):
    assert idea.slug in concepts
    assert Path(__file__).with_name(f"{TESTED_TOGETHER.get(idea.function, f'test_{idea.function}')}.py").is_file()


@every(IDEAS)
def test_the_header_has_its_labels_in_order_and_is_raw(idea):
    labels = [label for label in LABELS if label in idea.sections]

    assert list(idea.sections) == labels
    assert "Gates" not in labels or idea.form in GATED
    assert "Weights" not in labels or idea.form in WEIGHTED
    assert "Weights" in labels or idea.form not in ("feed-forward", "recurrence", "block")
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
def test_the_signature_is_that_of_the_form(idea):
    signature = inspect.signature(load_function(idea)).parameters
    tensors = [*shapes(idea), *(["w"] if "Weights" in idea.sections else [])]
    if "state" in signature:
        assert idea.form in WITH_STATE
        assert signature["state"].default is None
        tensors.append("state")
    settings = {name: one for name, one in signature.items() if name not in tensors}

    assert list(signature)[: len(tensors)] == tensors
    assert all(signature[name].default is inspect.Parameter.empty for name in tensors if name != "state")
    assert idea.form == "schedule" or all(one.kind is one.KEYWORD_ONLY for one in settings.values())
    assert len(settings) <= 6


@every(IDEAS)
def test_declared_defaults_are_those_of_the_signature(idea):
    signature = inspect.signature(load_function(idea)).parameters
    given = {*shapes(idea), "w", "state"}
    defaults = {name: parameter.default for name, parameter in signature.items() if name not in given}

    assert {parameter.name: parameter.default for parameter in idea.parameters} == defaults
    assert {parameter.name: type(parameter.default) for parameter in idea.parameters} == {
        name: type(default) for name, default in defaults.items()
    }


@every(IDEAS)
def test_defaults_lie_in_their_range_and_neutral_values_name_what_they_give(idea):
    for parameter in idea.parameters:
        assert parameter.choices == () or parameter.default in parameter.choices
        assert parameter.low is None or parameter.low <= parameter.default <= parameter.high
    for one in (*idea.parameters, *idea.gates):
        assert one.neutral == "" or re.match(rf"{one.name}=\S+ .*gives ", one.neutral)
    for gate in list_gates(idea):
        assert gate.low < gate.high
        assert not gate.neutral or gate.low <= float(gate.neutral.partition("=")[2].split()[0]) <= gate.high


@every(IDEAS)
def test_the_output_has_the_shape_of_its_form(idea):
    sizes = {name: size for name, size in {"B": 3, "T": 5}.items() if "T" in OUTPUTS[idea.form].values()}
    output, sizes = outputs(idea, build_inputs(idea, sizes)), parse_sizes(idea, sizes)

    assert output.dim() == len(OUTPUTS[idea.form])
    for length, size in zip(output.shape, OUTPUTS[idea.form].values(), strict=True):
        assert length == sizes.get(size, length)


@of("schedule")
def test_a_schedule_is_finite_and_not_negative(idea):
    rates = outputs(idea, {})

    assert rates.isfinite().all()
    assert (rates >= 0).all()


@of("objective", "value-objective")
def test_losses_are_finite_and_not_negative(idea):
    losses = outputs(idea, build_inputs(idea))

    assert losses.isfinite().all()
    assert (losses >= 0).all()
    assert losses.any()


@every(CAUSAL)
def test_no_token_sees_the_future(idea):
    inputs = build_inputs(idea, {"T": 9})

    before, after = outputs(idea, inputs), outputs(idea, replaced(idea, inputs, 6))

    torch.testing.assert_close(before[:, :6], after[:, :6], rtol=1e-12, atol=1e-12)
    assert (before[:, 6:] - after[:, 6:]).abs().amin(dim=(0, 1)).max() > 1e-3


@every([idea for idea in IDEAS if idea.form in ("recurrence",)])
def test_a_recurrence_returns_its_state(idea):
    result = run(idea, build_inputs(idea))

    assert isinstance(result, tuple)
    assert len(result) == 2


@every([idea for idea in CAUSAL if "state" in inspect.signature(load_function(idea)).parameters])
def test_a_run_in_two_parts_equals_the_whole_run_and_so_does_its_gradient(idea):
    for form in [form for form in forms(idea) if form not in FROM_THE_START.get(idea.slug, ())] or [None]:
        settings = {"form": form} if form else {}
        inputs = build_inputs(idea, {"T": 7})
        leaves = [inputs[name].requires_grad_() for name in shapes(idea)]
        whole = outputs(idea, inputs, **settings)
        first, state = run(idea, cut(idea, inputs, "T", slice(0, 4)), **settings)
        second = outputs(idea, {**cut(idea, inputs, "T", slice(4, 7)), "state": state}, **settings)
        parts = torch.cat([first, second], dim=1)

        torch.testing.assert_close(parts, whole)
        probe = torch.randn(whole.shape, generator=torch.Generator().manual_seed(7), dtype=whole.dtype)
        slopes = [torch.autograd.grad((output * probe).sum(), leaves) for output in (parts, whole)]
        torch.testing.assert_close(*slopes)


@every([idea for idea in IDEAS if forms(idea)])
def test_all_ways_of_computing_an_idea_agree(idea):
    inputs = build_inputs(idea, {"T": 11})
    wanted = outputs(idea, inputs)

    for form in forms(idea):
        # an eigendecomposition loses half of the digits; each idea's own test is as strict as it can be
        torch.testing.assert_close(outputs(idea, inputs, form=form), wanted, rtol=1e-6, atol=1e-6)


@every(TENSORS)
def test_large_inputs_give_finite_outputs_and_gradients(idea):
    """Of an exponential alone nothing finite would be left."""
    factor = 100 if idea.slug in NOT_BEYOND_HUNDREDS else 1000
    for form in forms(idea) or [None]:
        inputs = build_inputs(idea, {"T": 6})
        names = [name for name in FORMS[idea.form] if inputs[name].is_floating_point()]
        inputs |= {name: (factor * inputs[name]).requires_grad_() for name in names}
        output = outputs(idea, inputs, **({"form": form} if form else {}))
        slopes = torch.autograd.grad(output.sum(), [inputs[name] for name in names], materialize_grads=True)

        assert output.isfinite().all()
        assert all(slope.isfinite().all() for slope in slopes)


@every([one for one in TENSORS if ACROSS_THE_BATCH not in one.sections["Assumes"]])
def test_sequences_of_a_batch_do_not_mix(idea):
    inputs = build_inputs(idea, {"B": 3})

    torch.testing.assert_close(
        outputs(idea, inputs)[1:2], outputs(idea, cut(idea, inputs, "B", slice(1, 2))), rtol=1e-9, atol=1e-12
    )


@every(
    [
        one
        for one in IDEAS
        if one.form in ("features", "norm", "feed-forward")
        and ACROSS_TOKENS not in one.sections["Assumes"]
        and ACROSS_THE_BATCH not in one.sections["Assumes"]
    ]
)
def test_what_becomes_of_a_token_depends_on_that_token_only(idea):
    inputs = build_inputs(idea, {"T": 9})
    alone = outputs(idea, cut(idea, inputs, "T", slice(5, 6)))

    torch.testing.assert_close(outputs(idea, inputs)[:, 5:6], alone, rtol=1e-9, atol=1e-12)


@every([one for one in IDEAS if one.form == "position" and ACROSS_TOKENS not in one.sections["Assumes"]])
def test_a_score_depends_on_its_query_its_key_and_their_places_only(idea):
    inputs = build_inputs(idea, {"T": 9})
    scores = outputs(idea, inputs)

    late_queries, late_keys = (outputs(idea, replaced(idea, inputs, 6, {name})) for name in ("q", "k"))

    torch.testing.assert_close(scores[:, :, :6], late_queries[:, :, :6])
    torch.testing.assert_close(scores[..., :6], late_keys[..., :6])
    assert (scores[:, :, 6:] - late_queries[:, :, 6:]).abs().amin(dim=(0, 1)).max() > 1e-3
    assert (scores[..., 6:] - late_keys[..., 6:]).abs().amin(dim=(0, 1)).max() > 1e-3


@every([idea for idea in IDEAS if "Weights" in idea.sections])
def test_every_declared_weight_reaches_the_output(idea):
    inputs = build_inputs(idea, {"T": 7})
    generator = torch.Generator().manual_seed(1)
    for name, weight in inputs["w"].items():
        # a weight that starts from zero may hide another
        noise = 0.1 * torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
        inputs["w"][name] = (weight + noise).requires_grad_()

    outputs(idea, inputs).square().sum().backward()

    assert [name for name, weight in inputs["w"].items() if weight.grad is None or not weight.grad.any()] == []


def test_a_weight_that_ideas_of_a_form_share_has_one_shape_and_one_start():
    declared = {}
    for idea in IDEAS:
        for weight in list_weights(idea):
            assert declared.setdefault((idea.form, weight.name), weight) == weight, idea.slug


def test_a_gate_that_ideas_share_has_numbers_that_suit_them_all():
    declared = defaultdict(list)
    for idea in IDEAS:
        for gate in list_gates(idea):
            declared[gate.name].append(gate)
    for gates in declared.values():
        for one, other in combinations(gates, 2):
            assert max(one.low, other.low) < min(one.high, other.high)


@pytest.mark.parametrize("form", sorted(FORMS))
def test_inputs_and_weights_do_not_depend_on_the_idea_that_names_them(form):
    inputs = [build_inputs(idea, {}, seed=3) for idea in IDEAS if idea.form == form]

    for own in inputs[1:]:
        for name in FORMS[form]:
            assert torch.equal(own[name], inputs[0][name])
        for name in set(own.get("w", ())) & set(inputs[0].get("w", ())):
            assert torch.equal(own["w"][name], inputs[0]["w"][name])
