"""Numbers that are held: alive at once during a call, kept for the backward pass, in a state."""

import torch
from torch.nn import functional

from kb.reference.guest_counting import Counter, count_numbers, count_saved


def peak(call, *given):
    with torch.no_grad(), Counter(given) as counter:
        call()
    return counter.peak


def test_what_is_alive_at_once_counts_and_what_was_given_back_does_not():
    x = torch.ones(10)

    def chain():
        y = x + 1
        y = y * 2  # the old y lives until the new one is there
        return y - 1

    assert peak(chain, x) == 20
    assert peak(lambda: torch.cat([x + 1, x + 2]), x) == 40


def test_inputs_and_views_of_them_are_not_counted():
    x = torch.ones(4, 10)

    assert peak(lambda: x.T[2:].unsqueeze(0), x) == 0
    assert peak(lambda: x.add_(1), x) == 0
    assert peak(lambda: x.expand(3, 4, 10), x) == 0


def test_a_part_of_a_memory_keeps_the_whole_of_it():
    x = torch.ones(10)

    def keep_corners():
        corners = [(x + n)[:1] for n in range(3)]
        return torch.cat(corners)

    assert peak(keep_corners, x) == 33


def test_a_complex_number_is_two_and_a_mask_one():
    x = torch.ones(10)

    assert peak(lambda: x + 1j, x) == 20
    assert peak(lambda: x > 0, x) == 10


def test_memory_without_numbers_is_counted_alike():
    def call(x):
        return (x @ x.T).softmax(dim=-1) @ x

    real, empty = torch.ones(6, 4), torch.empty(6, 4, device="meta")

    assert peak(lambda: call(real), real) == peak(lambda: call(empty), empty) == 72


def test_what_the_backward_pass_needs_is_kept():
    x, w = torch.ones(5, 4, requires_grad=True), torch.ones(4, 3, requires_grad=True)

    # x and w are there anyway; of exp its result, of the product of both its factors, each once
    assert count_saved(lambda: x @ w, (x, w)) == 0
    assert count_saved(lambda: (x @ w).exp(), (x, w)) == 15
    assert count_saved(lambda: (x.exp() * x.exp()).sum(), (x, w)) == 40
    assert count_saved(lambda: functional.relu(x @ w) + 1, (x, w)) == 15


def test_nothing_is_kept_where_nothing_learns():
    x = torch.ones(5)

    assert count_saved(lambda: x.exp().exp(), (x,)) == 0


def test_a_state_is_counted_wherever_it_is():
    assert count_numbers((torch.ones(2, 3), {"a": [torch.ones(4)]}, None, 7)) == 10
    assert count_numbers(torch.ones(3) + 1j) == 6
    assert count_numbers(None) is None
    assert count_numbers((None, 3)) is None
