"""The search for the smallest input on which two functions differ."""

import torch

from kb.claims.smallest import MOST, find_smallest, mixer_sizes


def _pair(differ):
    def run(inputs):
        x = inputs["x"]
        return {"zero": torch.zeros_like(x), "other": differ(x)}

    return run


SIZES = [{"x": (1,)}, {"x": (2,)}, {"x": (3,)}]


def test_the_smallest_size_that_differs_is_taken():
    # differs only where two neighbours are both not zero
    found = find_smallest(_pair(lambda x: x * x.roll(1, dims=1) if x.shape[1] > 1 else 0 * x), SIZES)

    assert found is not None
    assert found.inputs == {"x": [1, 1]}
    assert found.outputs == {"zero": [0, 0], "other": [1, 1]}


def test_of_equal_size_the_least_sum_of_magnitudes_is_taken():
    found = find_smallest(_pair(lambda x: x * (x.abs() > 1)), SIZES, (0, 3, -2, 1))

    assert found is not None
    assert found.inputs == {"x": [-2]}


def test_where_nothing_differs_nothing_is_found():
    assert find_smallest(_pair(lambda x: 0 * x), SIZES) is None


def test_a_difference_that_is_not_finite_is_passed_over():
    found = find_smallest(_pair(lambda x: torch.where(x == 1, torch.inf, torch.where(x == 2, x, 0))), SIZES)

    assert found is not None
    assert found.inputs == {"x": [2]}


def test_values_may_differ_by_input():
    def run(inputs):
        return {"sum": inputs["a"] + inputs["b"], "product": inputs["a"] * inputs["b"]}

    found = find_smallest(run, [{"a": (1,), "b": (1,)}], {"a": (2,), "b": (2, 5)})

    assert found is not None
    assert found.inputs == {"a": [2], "b": [5]}


def test_a_size_with_too_many_inputs_is_passed_over():
    assert MOST < 4**9
    assert find_smallest(_pair(lambda x: x), [{"x": (9,)}]) is None


def test_mixers_grow_by_tokens_first():
    sizes = mixer_sizes(2, beta=())

    assert [one["k"] for one in sizes] == [(1, 1, 1), (1, 1, 2), (2, 1, 1), (2, 1, 2)]
    assert sizes[-1]["beta"] == (2, 1)
