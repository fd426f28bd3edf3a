"""The part of a composed program that counts what a call computes, and how many numbers it holds meanwhile.

Numbers are elements, of any type; a complex one counts twice. What a call is given, inputs and weights, is not
counted: it is there anyway.
"""

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from kb.reference.guest_flops import KINDS, count_operation, list_tensors


class Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While entered, counts every operation as ``guest_flops`` says, and the numbers that are alive.

    Parameters
    ----------
    given : what the call is given, tensors in dictionaries and lists
    """

    def __init__(self, given: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls = 0
        """How many operations of the library there were, whatever they are."""
        self.counts = dict.fromkeys(KINDS, 0)
        self.uncounted: set[str] = set()
        """Names of operations without a rule: how often an eigenvalue is improved depends on the numbers."""
        self.peak = 0
        """The most numbers that were alive at once of what was made."""
        self._alive = 0
        self._known: dict[int, object] = dict.fromkeys(map(find_memory, list_tensors(given)))

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # otherwise the first operation imports torch._dynamo, which takes a second
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        self.calls += 1
        if func.is_view:
            return out
        made = list(list_tensors(out))
        counts = count_operation(func, args, kwargs or {}, made)
        if counts is None:
            self.uncounted.add(func.overloadpacket.__name__)
        for kind, count in (counts or {}).items():
            self.counts[kind] += count
        for tensor in made:
            self._hold(tensor)
        return out

    def _hold(self, tensor: Tensor) -> None:
        """Count what a tensor keeps in memory, from now until nothing refers to that memory any more."""
        place, numbers = find_memory(tensor), count_memory(tensor)
        if place in self._known:
            return

        def release(_: object) -> None:
            self._alive -= numbers
            del self._known[place]

        self._known[place] = weakref.ref(tensor.untyped_storage(), release)
        self._alive += numbers
        self.peak = max(self.peak, self._alive)


def count_saved(call: Callable[[], Any], given: Any) -> int:
    """Return how many numbers autograd keeps for the backward pass of a call, beside what the call is given."""
    known, kept = set(map(find_memory, list_tensors(given))), {}

    def keep(tensor: Tensor) -> Tensor:
        if (place := find_memory(tensor)) not in known:
            # the memory itself is kept too: its place must not be given to another
            kept[place] = count_memory(tensor), tensor.untyped_storage()
        return tensor

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        result = call()
    del result
    return sum(numbers for numbers, _ in kept.values())


def count_numbers(state: Any) -> int | None:
    """Return how many numbers a state holds; None where it is none."""
    tensors = list(list_tensors(state))
    return sum(one.numel() * (2 if one.is_complex() else 1) for one in tensors) if tensors else None


def find_memory(tensor: Tensor) -> int:
    """Return the place of the memory that a tensor looks at; views share it."""
    return int(tensor.untyped_storage()._cdata)


def count_memory(tensor: Tensor) -> int:
    """Return how many numbers the whole memory holds that a tensor looks at."""
    return tensor.untyped_storage().nbytes() // tensor.element_size() * (2 if tensor.is_complex() else 1)
