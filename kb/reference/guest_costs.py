"""The part of a composed program that measures what an idea costs at given sizes.

Nothing is looked up: the function runs, its operations are counted (``guest_flops``), its memory and what autograd
keeps (``guest_counting``), its way from the first token to the last (``guest_paths``). So an edited source has its
own costs. Where it can, the function runs on tensors without numbers, which take no memory: attention at 65,536
tokens.
"""

import contextlib
import io
import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from kb.reference.guest import call_function, load_function, split_result, time_call
from kb.reference.guest_counting import Counter, count_numbers, count_saved
from kb.reference.guest_flops import list_tensors
from kb.reference.guest_functions import Sizes
from kb.reference.guest_inputs import build_arguments, build_empty
from kb.reference.guest_paths import measure_path

COUNTED = (
    *("parameter_count", "flops", "products", "elementwise", "reductions", "functions"),
    *("state_elements", "peak_elements", "saved_elements"),
)
MOST_NUMBERS = 2**22
"""A run that is expected to hold more gets tensors without numbers."""
_Key = tuple[tuple[str, int], ...]
_TOKENS = ("token", "query", "step")
"""The axes of an output that are tokens."""


class Subject:
    """An idea, and what has been measured of it, each thing once.

    Its sizes go by letters, and ``heads`` where that is a parameter.

    Parameters
    ----------
    budget_s : seconds of computing that its measurements should take
    """

    def __init__(self, idea: Mapping[str, Any], seed: int, budget_s: float) -> None:
        self.idea, self.seed, self.budget_s = idea, seed, budget_s
        self.function = load_function(idea["source"], idea["function"])
        self.sizes = {**idea["sizes"], **{name: n for name, n in idea["parameters"].items() if name == "heads"}}
        self.uncounted: set[str] = set()
        self._counted: dict[_Key, dict[str, int | None]] = {}
        self._times: dict[_Key, float] = {}
        self._ways: dict[_Key, dict[str, int]] = {}
        self._began = time.process_time(), time.perf_counter()

    def begin(self, budget_s: float | None = None) -> None:
        """Begin to count the time, of another budget where one is given."""
        self.budget_s = self.budget_s if budget_s is None else budget_s
        self._began = time.process_time(), time.perf_counter()

    @property
    def spent_s(self) -> float:
        """Return how many seconds it has taken: of computing, or a third of those that passed on a busy machine."""
        computed, passed = time.process_time() - self._began[0], time.perf_counter() - self._began[1]
        return max(computed, passed / 3)

    def has_time(self, share: float = 1.0, *, for_s: float = 0.0) -> bool:
        """Tell whether so many seconds are left of that share of the budget."""
        return self.spent_s + for_s < share * self.budget_s

    def has_counted(self, sizes: Sizes) -> bool:
        """Tell whether it is known already what there is at sizes."""
        return _key(sizes) in self._counted

    def count(self, sizes: Sizes, *, empty: bool = False) -> dict[str, int | None]:
        """Return what is ``COUNTED`` at sizes, and ``calls``, how many operations of the library these were.

        ``empty`` runs on tensors without numbers, as large arguments do anyway.
        """
        key = _key(sizes)
        if key not in self._counted:
            idea, parameters = self._at(sizes)
            shapes = build_empty(idea, {**parameters, **sizes})
            empty = empty or sum(one.numel() for one in list_tensors(shapes)) > MOST_NUMBERS / 4
            arguments = shapes if empty else build_arguments(idea, self.seed, dict(sizes))
            with (
                contextlib.redirect_stdout(io.StringIO()),
                torch.device("meta") if empty else contextlib.nullcontext(),
            ):
                self._counted[key] = self._run(arguments, parameters)
        return self._counted[key]

    def _at(self, sizes: Sizes) -> tuple[Mapping[str, Any], dict[str, Any]]:
        parameters = {**self.idea["parameters"], **({"heads": sizes["heads"]} if "heads" in sizes else {})}
        return {**self.idea, "parameters": parameters}, parameters

    def _run(self, arguments: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, int | None]:
        with Counter(arguments) as counter:
            output, state, _ = call_function(self.function, arguments, parameters, self.seed)
        del output
        self.uncounted |= counter.uncounted
        _need_gradients(arguments)
        saved = count_saved(lambda: self.function(**arguments, **parameters), arguments)
        return {
            "parameter_count": sum(weight.numel() for weight in arguments.get("w", {}).values()),
            "flops": sum(counter.counts.values()),
            **counter.counts,
            "state_elements": count_numbers(state),
            "peak_elements": counter.peak,
            "saved_elements": saved,
            "calls": counter.calls,
        }

    def time(self, sizes: Sizes) -> float:
        """Return the seconds that a run at sizes takes."""
        key = _key(sizes)
        if key not in self._times:
            idea, parameters = self._at(sizes)
            with contextlib.redirect_stdout(io.StringIO()):
                arguments = build_arguments(idea, self.seed, dict(sizes))
                self._times[key] = time_call(self.function, arguments, parameters, self.seed)
        return self._times[key]

    def measure_way(self, sizes: Sizes) -> dict[str, int]:
        """Return path, sees and steps at sizes; nothing where no numbers stand along the tokens."""
        key = _key(sizes)
        if key not in self._ways:
            with contextlib.redirect_stdout(io.StringIO()):
                self._ways[key] = self._walk(sizes)
        return self._ways[key]

    def _walk(self, sizes: Sizes) -> dict[str, int]:
        idea, parameters = self._at(sizes)
        shapes = {**idea["inputs"], **{gate["name"]: gate["shape"] for gate in idea["gates"]}}
        last = next((place for place, name in enumerate(idea["axes"]) if name in _TOKENS), None)
        arguments = build_arguments(idea, self.seed, dict(sizes))
        _need_gradients(arguments)
        along = {
            name: (arguments[name], list(shape).index("T"))
            for name, shape in shapes.items()
            if "T" in shape and arguments[name].is_floating_point()
        }
        if last is None or not along:
            return {}

        def call() -> Tensor:
            torch.manual_seed(self.seed)
            return split_result(self.function(**arguments, **parameters), self.function)[0]

        return measure_path(call, along, last)


def _key(sizes: Sizes) -> _Key:
    return tuple(sorted(sizes.items()))


def _need_gradients(arguments: Mapping[str, Any]) -> None:
    for one in list_tensors(arguments):
        if one.is_floating_point():
            one.requires_grad_()
