"""The way from the first token to the last: constant in attention, linear in a recurrence, logarithmic in a scan."""

import math

import pytest
import torch

from kb.reference.flash_attention import flash_attention
from kb.reference.guest_costs import Subject
from kb.reference.guest_paths import measure_path
from kb.reference.program import describe_idea
from kb.reference.registry import get_idea


def ways(slug, settings=None, tokens=(8, 16, 32)):
    subject = Subject(describe_idea(get_idea(slug), {"B": 1, **(settings or {})}), 0, 60.0)
    return [subject.measure_way({**subject.sizes, "T": T}) for T in tokens]


def measure(function, **inputs):
    for one in inputs.values():
        one.requires_grad_()
    return measure_path(lambda: function(**inputs), {name: (one, 0) for name, one in inputs.items()}, 0)


@pytest.mark.parametrize(
    "slug", ["scaled-dot-product-attention", "multi-head-attention", "pre-ln", "post-ln", "alibi", "gopher-block"]
)
def test_attention_reaches_every_token_in_as_many_operations_however_many_there_are(slug):
    found = ways(slug)

    assert [one["sees"] for one in found] == [8, 16, 32]
    assert len({(one["path"], one["steps"]) for one in found}) == 1


def test_attention_passes_a_value_on_in_one_operation():
    # v -> weighted sum; the longest chain is q k, scale, softmax, weighted sum
    assert ways("scaled-dot-product-attention")[0] == {"path": 1, "sees": 8, "steps": 4}


@pytest.mark.parametrize(
    ("slug", "settings", "each"),
    [
        ("lstm", {}, 2),
        ("gru", {}, 2),
        ("fast-weight-programmer", {}, 1),
        ("linear-attention", {"form": "recurrent"}, 1),
        ("min-gru", {"form": "recurrent"}, 2),
    ],
)
def test_a_recurrence_takes_one_token_after_the_other(slug, settings, each):
    found = ways(slug, settings)

    # decay and sum, or sum alone
    assert [found[n + 1]["path"] - found[n]["path"] for n in range(2)] == [each * 8, each * 16]
    assert all(one["steps"] >= one["path"] for one in found)


@pytest.mark.parametrize("slug", ["linear-recurrent-unit", "selective-state-space", "min-gru"])
def test_a_scan_takes_two_operations_a_round(slug):
    found = ways(slug, {"form": "scan"})

    assert [found[n + 1]["path"] - found[n]["path"] for n in range(2)] == [2, 2]
    assert [found[n + 1]["steps"] - found[n]["steps"] for n in range(2)] == [2, 2]


@pytest.mark.parametrize("chunk", [2, 4, 8])
def test_chunks_shorten_the_way_to_one_step_a_chunk(chunk):
    found = ways("gated-linear-attention", {"form": "chunkwise", "chunk": chunk}, (16, 32, 64))

    # fade and add, once a chunk
    assert [found[n + 1]["path"] - found[n]["path"] for n in range(2)] == [2 * 16 // chunk, 2 * 32 // chunk]


def test_a_parallel_form_that_solves_a_system_is_not_done_at_once():
    found = ways("deltanet", {"form": "parallel"})

    assert len({one["path"] for one in found}) == 1
    assert [found[n + 1]["steps"] - found[n]["steps"] for n in range(2)] == [8, 16]


@pytest.mark.parametrize("slug", ["layer-normalisation", "swiglu", "dpfp"])
def test_what_treats_every_token_alone_sees_one(slug):
    assert {one["sees"] for one in ways(slug)} == {1}


def test_a_window_is_as_wide_as_it_is_masked():
    def local(x):
        t = torch.arange(len(x))
        near = (t[:, None] - t).abs() <= 2
        return (x @ x.T).masked_fill(~near, -math.inf).softmax(dim=-1) @ x

    assert measure(local, x=torch.randn(12, 3, dtype=torch.float64))["sees"] == 3


def test_a_mask_with_zeros_hides_as_well():
    def past(x):
        return (x @ x.T).tril(-3) @ x

    assert measure(past, x=torch.randn(12, 3, dtype=torch.float64))["sees"] == 10


def test_two_ways_count_by_the_shorter_and_the_longer():
    def both(x):
        return x.sum(dim=0, keepdim=True).exp().sin().tanh() + 2 * x

    # the last token reaches itself by 2 x and the sum, any other by sum, exp, sin, tanh and the sum
    assert measure(both, x=torch.randn(5, 2)) == {"path": 5, "sees": 5, "steps": 5}


def test_moving_numbers_is_no_operation():
    def move(x):
        return (
            torch.cat([x[1:], x[:1]])
            .T.reshape(2, -1)
            .T.flip(0)
            .roll(1, 0)
            .clone()
            .gather(0, torch.zeros(5, 2).long())
        )

    assert measure(move, x=torch.randn(5, 2)) == {"path": 0, "sees": 1, "steps": 0}


def test_a_result_written_token_by_token_into_one_place_is_no_chain():
    def each(x):
        out = torch.zeros_like(x)
        for t in range(len(x)):
            out[t] = x[t] * 2
        return out

    assert measure(each, x=torch.randn(16, 2)) == {"path": 1, "sees": 1, "steps": 1}


def test_a_product_with_nothing_keeps_nothing():
    assert measure(lambda x: x * torch.zeros(5, 1) + 1, x=torch.randn(5, 2)) == {}
    assert measure(lambda x: x.detach() * 2, x=torch.randn(5, 2)) == {}


def test_a_derivative_written_by_hand_does_not_hide_the_way():
    found = ways("flash-attention", {"tile": 4})

    # every further tile rescales what the first has put down
    assert [found[n + 1]["path"] - found[n]["path"] for n in range(2)] == [4, 8]
    # and afterwards it is closed again
    q = torch.randn(1, 4, 1, 2, dtype=torch.float64, requires_grad=True)
    output, _ = flash_attention(q, q, q)
    assert type(output.grad_fn).__name__.startswith("_Tiled")


def test_complex_numbers_are_walked_too():
    def turn(x):
        return (torch.fft.ifft(torch.fft.fft(x, dim=0) * 2, dim=0).real).cumsum(dim=0)

    found = measure(turn, x=torch.randn(8, 2, dtype=torch.float64))

    # transform, product, transform back, running sum; three rounds each but for the product
    assert found == {"path": 4, "sees": 8, "steps": 3 + 1 + 3 + 3}
