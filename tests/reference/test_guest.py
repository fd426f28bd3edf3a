"""Running in the guest: outputs that are odd, figures that JSON can hold, what a run costs."""

import pytest

from kb.reference.guest import report_run
from kb.reference.guest_comparing import compare_sources, report_compare
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
    report_compare({"seed": 0, "ideas": ideas, "layers": 2}, figures.__setitem__)
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


def test_a_complex_number_in_a_state_is_two():
    assert run("import torch\ndef f(): return torch.ones(2, 2), torch.ones(3) + 1j")["state_elements"] == 6


def test_three_results_are_no_output_and_state():
    with pytest.raises(TypeError, match="f must return a tensor or a pair"):
        run("import torch\ndef f(): return torch.ones(2, 2), 1, 2")


def test_growth_is_measured_at_a_quarter_a_half_and_the_whole_of_t():
    figures: dict[str, object] = {}
    described = describe_idea(get_idea("scaled-dot-product-attention"), {"T": 12, "B": 1, "H": 1, "K": 3, "V": 5})
    report_run({"seed": 0, "ideas": [described]}, figures.__setitem__)

    for step, T in zip(figures["growth"], (3, 6, 12), strict=True):
        assert (step["T"], step["matmul_flops"], step["state_elements"]) == (T, 2 * T * T * (3 + 5), T * (3 + 5))
        # of each score: the scale, and the softmax's exp, maximum, difference, sum and quotient
        assert step["flops"] == step["matmul_flops"] + 6 * T * T
        assert step["seconds"] > 0


def test_outputs_of_different_shape_are_not_compared():
    assert compare("torch.ones(3, 2)", "torch.ones(2, 2)") == {
        "between": ["ulmfit", "ulmfit"],
        "comparable": False,
        "shapes": [[3, 2], [2, 2]],
        "source": [
            {
                "lines": [2, 2],
                "one": ["def f(): return torch.ones(3, 2)"],
                "other": ["def f(): return torch.ones(2, 2)"],
            }
        ],
    }


def test_sources_differ_behind_their_headers_whatever_their_indentation():
    one = '"""Long\nheader."""\n\nimport torch\n\nx = 1\ny = 2\n'
    other = '"""Other."""\n\nimport torch\n\n# new\nif True:\n    x = 1\n'

    assert compare_sources(one, other) == [
        {"lines": [6, 5], "one": [], "other": ["# new", "if True:"]},
        {"lines": [7, 8], "one": ["y = 2"], "other": []},
    ]
    assert compare_sources(one, one) == []


def test_equal_zeros_do_not_differ():
    pair = compare("torch.zeros(3, 2)", "torch.zeros(3, 2)")

    assert (pair["max_abs"], pair["relative"], pair["first_index"]) == (0.0, 0.0, None)


def test_a_difference_of_not_a_number_is_a_difference():
    pair = compare("torch.ones(3, 2)", "torch.ones(3, 2) * torch.tensor([1.0, float('nan')])")

    assert pair["first_index"] == [0, 1]
    assert pair["max_abs"] is None
