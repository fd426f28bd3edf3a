"""Inputs by name: tensors, gates and tokens that are the same wherever they are asked for."""

import math

import pytest
import torch

from kb.reference.guest_inputs import build_gate, build_tensor, build_tokens

SIZES = {"B": 2, "T": 5, "H": 3, "K": 4}
GATE = {"name": "decay", "shape": ["B", "T", "H"], "drawn": ["B", "T", "H"], "low": 0.5, "high": 1.0}


def test_a_tensor_depends_on_seed_name_and_shape():
    one = build_tensor("w_q", (4, 3), seed=0)

    assert torch.equal(one, build_tensor("w_q", (4, 3), seed=0))
    assert not torch.equal(one, build_tensor("w_k", (4, 3), seed=0))
    assert not torch.equal(one, build_tensor("w_q", (4, 3), seed=1))
    assert not torch.equal(one[0], build_tensor("w_q", (1, 3), seed=0)[0])


def test_building_a_tensor_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    wanted = torch.rand(1)
    torch.manual_seed(5)
    build_tensor("w_q", (4, 3), seed=0)

    assert torch.equal(torch.rand(1), wanted)


@pytest.mark.parametrize(
    ("initial", "wanted"),
    [
        ("zero", [0, 0, 0]),
        ("one", [1, 1, 1]),
        ("-1.2", [-1.2] * 3),
        ("-5..3", [-5, -1, 3]),
        ("1..0.5", [1, 0.75, 0.5]),
    ],
)
def test_a_weight_can_start_from_a_value_or_a_ramp(initial, wanted):
    assert build_tensor("a", (2, 3), seed=0, initial=initial).tolist() == [wanted, wanted]


def test_one_entry_of_a_ramp_is_its_beginning_and_no_entry_is_empty():
    assert build_tensor("a", (1,), seed=0, initial="1..0.5").tolist() == [1.0]
    assert build_tensor("a", (0, 3, 2), seed=0, initial="rows").shape == (0, 3, 2)


def test_a_weight_keeps_the_variance_of_what_it_multiplies():
    weight = build_tensor("w", (400, 300), seed=0, initial="rows")

    assert float(weight.std()) == pytest.approx(1 / math.sqrt(400), rel=0.02)


def test_uniform_numbers_fill_their_range_and_follow_the_seed():
    drawn = build_tensor("beta", (4000,), seed=0, initial="uniform")

    assert 0 <= float(drawn.min()) < 0.01 < 0.99 < float(drawn.max()) < 1
    assert float(drawn.mean()) == pytest.approx(0.5, abs=0.02)
    assert torch.equal(drawn, build_tensor("beta", (4000,), seed=0, initial="uniform"))
    assert not torch.equal(drawn, build_tensor("beta", (4000,), seed=1, initial="uniform"))


def test_a_gate_lies_in_its_range():
    gate = build_gate({**GATE, "shape": ["B", "T", "H"]}, {"B": 9, "T": 99, "H": 9}, 0)

    assert gate.shape == (9, 99, 9)
    assert 0.5 <= float(gate.min()) < 0.51
    assert 0.99 < float(gate.max()) < 1


def test_a_gate_whose_range_is_one_number_is_that_number():
    assert torch.equal(
        build_gate({**GATE, "low": 0.7, "high": 0.7}, SIZES, 0), torch.full((2, 5, 3), 0.7, dtype=torch.float64)
    )


@pytest.mark.parametrize("drawn", [["B", "T", "H"], ["H"], ["B", "H"], ["T", "K"], []])
def test_a_gate_is_repeated_along_the_dimensions_over_which_it_is_not_drawn(drawn):
    shape = ["B", "T", "H", "K"]
    gate = build_gate({**GATE, "shape": shape, "drawn": drawn}, SIZES, 0)
    alone = build_gate({**GATE, "shape": drawn, "drawn": drawn}, SIZES, 0)

    first = gate[tuple(slice(None) if part in drawn else 0 for part in shape)]
    assert torch.equal(first, alone)
    for place, part in enumerate(shape):
        assert bool((gate.diff(dim=place) == 0).all()) == (part not in drawn)


def test_a_dimension_that_stands_twice_is_drawn_twice():
    gate = build_gate({**GATE, "shape": ["T", "T"], "drawn": ["T", "T"]}, SIZES, 0)

    assert len(set(gate.flatten().tolist())) == 25


def test_passages_are_spread_over_the_text_and_read_on_from_seed_to_seed():
    text = list(range(100, 110))

    first, second = (build_tokens(text, 2, 3, seed=seed) for seed in (0, 1))

    assert first.dtype == torch.int64
    assert first.tolist() == [[100, 101, 102], [105, 106, 107]]
    assert second.tolist() == [[103, 104, 105], [108, 109, 100]]
