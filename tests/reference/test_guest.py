"""Running in the guest: outputs that are odd, figures that JSON can hold, what a run costs."""

import pytest

from kb.reference.guest import report_compare, report_run
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


def test_numbers_that_are_not_finite_become_none():
    figures = run("import torch\ndef f(): return torch.tensor([[1.0, float('inf')], [float('nan'), 2.0]])")

    assert figures["finite"] is False
    assert figures["max"] is None
    assert figures["curves"] == [[1.0, None], [None, 2.0]]


@pytest.mark.parametrize(("shape", "axes"), [("()", 0), ("3", 1), ("2, 3, 4, 5, 6", 5)])
def test_an_output_with_other_axes_than_its_form_has_them_numbered(shape, axes):
    figures = run(f"import torch\ndef f(): return torch.ones({shape})")
    pair = compare(f"torch.ones({shape})", f"2 * torch.ones({shape})")

    assert figures["axes"] == [f"axis {place}" for place in range(axes)]
    assert figures["slice"] == []
    assert pair["max_abs"] == 1.0


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
