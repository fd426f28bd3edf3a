"""The guest's own parts: tensors by name, outputs that are odd, figures that JSON can hold."""

import math

import pytest
import torch

from kb.reference.guest import build_tensor, report_compare, report_run
from kb.reference.program import describe_idea
from kb.reference.registry import get_idea


def run(source: str, function: str = "f", form: str = "schedule") -> dict[str, object]:
    idea = {**describe_idea(get_idea("ulmfit"), {}), "source": source, "function": function, "form": form}
    figures: dict[str, object] = {}
    report_run({"seed": 0, "ideas": [{**idea, "parameters": {}}]}, figures.__setitem__)
    return figures


def compare(*bodies: str) -> dict[str, object]:
    idea = {**describe_idea(get_idea("ulmfit"), {}), "function": "f", "parameters": {}}
    ideas = [{**idea, "source": f"import torch\ndef f(): return {body}"} for body in bodies]
    figures: dict[str, object] = {}
    report_compare({"seed": 0, "ideas": ideas}, figures.__setitem__)
    return figures["pairs"][0]


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


def test_numbers_that_are_not_finite_become_none():
    figures = run("import torch\ndef f(): return torch.tensor([[1.0, float('inf')], [float('nan'), 2.0]])")

    assert figures["finite"] is False
    assert figures["max"] is None
    assert figures["curves"] == [[1.0, None], [None, 2.0]]


def test_something_that_is_no_tensor_is_refused_in_words():
    with pytest.raises(TypeError, match="f must return a tensor"):
        run("def f(): return [1, 2]")


def test_state_is_counted_through_tuples_and_dictionaries():
    source = "import torch\ndef f(): return torch.ones(2, 2), {'a': torch.ones(3), 'b': (torch.ones(4), 5)}"

    assert run(source)["state_elements"] == 7


def test_growth_is_measured_at_a_quarter_a_half_and_the_whole_of_t():
    figures: dict[str, object] = {}
    described = describe_idea(get_idea("scaled-dot-product-attention"), {"T": 6, "B": 1, "H": 1, "K": 3, "V": 5})
    report_run({"seed": 0, "ideas": [described]}, figures.__setitem__)

    assert figures["growth"] == [
        {"T": T, "matmul_flops": 2 * T * T * 3 + 2 * T * T * 5, "state_elements": T * (3 + 5)} for T in (1, 3, 6)
    ]


def test_products_are_counted_whichever_way_they_are_written():
    source = (
        "import torch\n"
        "def f(x):\n"
        "    a, b = torch.ones(3, 4), torch.ones(4, 5)\n"
        "    a @ b, torch.mm(a, b), torch.matmul(a, b), torch.nn.functional.linear(a, b.T)\n"
        "    torch.einsum('ij, jk -> ik', [a, b]), torch.einsum('i,j->ij', a[0], b[0])\n"
        "    return x\n"
    )
    described = describe_idea(get_idea("multi-head-attention"), {"T": 1})
    described = {**described, "source": source, "function": "f", "weights": [], "parameters": {}}
    figures: dict[str, object] = {}
    report_run({"seed": 0, "ideas": [described]}, figures.__setitem__)

    assert figures["growth"][0]["matmul_flops"] == 5 * 2 * 3 * 4 * 5 + 4 * 5


def test_outputs_of_different_shape_are_not_compared():
    assert compare("torch.ones(3, 2)", "torch.ones(2, 2)") == {
        "between": ["ulmfit", "ulmfit"],
        "comparable": False,
        "shapes": [[3, 2], [2, 2]],
    }


def test_equal_zeros_do_not_differ():
    pair = compare("torch.zeros(3, 2)", "torch.zeros(3, 2)")

    assert (pair["max_abs"], pair["relative"], pair["first_index"]) == (0.0, 0.0, None)


def test_a_difference_of_not_a_number_is_a_difference():
    pair = compare("torch.ones(3, 2)", "torch.ones(3, 2) * torch.tensor([1.0, float('nan')])")

    assert pair["first_index"] == [0, 1]
    assert pair["max_abs"] is None
