"""The part of a composed program that runs ideas with substitutions, and says whether two outputs are one.

A substitution sets something of an idea's own: a parameter, a gate, a weight. It arrives as a dictionary (see
``kb.claims.discovery.substitutions``): ``slot``, what is set; ``kind``; ``value``; ``words``.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from kb.reference.guest import load_function, split_result
from kb.reference.guest_conditions import Condition, InapplicableError, meet
from kb.reference.guest_inputs import build_arguments, build_tensor

BOUND = 1e-9
"""Outputs are one where they are apart by no more than this, times the greatest magnitude: float64 rounds at 1e-16,
and sums over tokens, systems of equations and exponentials lose a few digits of these."""
HARD = 1e-7
"""The same on long sequences and large inputs, where more digits are lost."""
TOWARDS = (1e2, 1e3, 1e4)
"""How far a parameter goes towards its end, times or divided by its default."""
_NOTHING = 1e-12


class Trial(NamedTuple):
    """One set of numbers on which ideas are run."""

    seed: int
    sizes: tuple[tuple[str, int], ...]
    scale: float = 1.0
    step: float = TOWARDS[-1]
    bound: float = BOUND


class Bench:
    """Runs one idea under substitutions and conditions, and remembers what came out."""

    def __init__(self, idea: Mapping[str, Any]) -> None:
        self.idea, self.form, self.label = idea, str(idea["form"]), str(idea["label"])
        self.known: Sequence[Mapping[str, Any]] = idea["substitutions"]
        self._function = load_function(idea["source"], idea["function"])
        self._found: dict[object, Tensor | None] = {}

    def run(self, own: frozenset[int], chosen: Sequence[Condition], trial: Trial) -> Tensor | None:
        """Return the output; None where the idea cannot run so, or not everything in it is finite."""
        key = own, tuple(one.name for one in chosen), trial
        if key not in self._found:
            self._found[key] = self._run([self.known[place] for place in sorted(own)], chosen, trial)
        return self._found[key]

    def forget(self) -> None:
        """Give back the memory of what came out."""
        self._found.clear()

    def _run(self, own: Sequence[Mapping[str, Any]], chosen: Sequence[Condition], trial: Trial) -> Tensor | None:
        sizes = {name: size for name, size in trial.sizes if name in self.idea["sizes"]}
        for condition in chosen:
            sizes |= {name: size for name, size in condition.sizes.items() if name in sizes}
        idea = substitute(self.idea, own, sizes, trial.step)
        try:
            arguments = build_arguments(idea, trial.seed, sizes)
            for name in idea["inputs"]:
                if arguments[name].is_floating_point():
                    arguments[name] = arguments[name] * trial.scale
            arguments |= {one["slot"]: _play(one, idea, sizes, arguments, trial.seed) for one in _list(own, "role")}
            arguments = set_weights(meet(arguments, chosen), idea, own, trial.seed)
            output = self._call(arguments, idea["parameters"], trial.seed)
        except InapplicableError:
            return None
        except Exception:  # noqa: BLE001  # not every setting suits every size: such a case says nothing
            return None
        return output if output.numel() and output.isfinite().all() else None

    def _call(self, arguments: Mapping[str, Any], parameters: Mapping[str, Any], seed: int) -> Tensor:
        # torch.manual_seed visits every kind of device, which takes longer than most ideas do
        torch.default_generator.manual_seed(seed)
        with torch.no_grad():
            return split_result(self._function(**arguments, **parameters), self._function)[0].double()


def substitute(
    idea: Mapping[str, Any], own: Sequence[Mapping[str, Any]], sizes: Mapping[str, int], step: float
) -> dict[str, Any]:
    """Return the idea with parameters and gates set; a value may be a size, named by its letter."""
    parameters, gates = dict(idea["parameters"]), {gate["name"]: dict(gate) for gate in idea["gates"]}
    for one in own:
        slot, value = one["slot"], one["value"]
        if one["kind"] == "value":
            parameters[slot] = value
        elif one["kind"] == "size":
            parameters[slot] = sizes[value]
        elif one["kind"] == "limit":
            parameters[slot] = one["start"] * step if value == "infinity" else one["start"] / step
        elif one["kind"] == "gate":
            gates[slot].update(low=value, high=value)
        elif one["kind"] == "alike":
            gates[slot]["drawn"] = value
    return {**idea, "parameters": parameters, "gates": list(gates.values())}


def set_weights(
    arguments: dict[str, Any], idea: Mapping[str, Any], own: Sequence[Mapping[str, Any]], seed: int
) -> dict[str, Any]:
    """Return the arguments with weights that start from given numbers moved away from these, unless asked for.

    So that two ideas agree whatever a shift or a gain has learned, not at its first value only.
    """
    if "w" not in arguments:
        return arguments
    weights = dict(arguments["w"])
    first = {name for one in _list(own, "first") for name in one["value"]}
    for name, _, initial in idea["weights"]:
        if initial != "normal" and name not in first:
            weights[name] = weights[name] + 0.5 * build_tensor(f"{name} moved", tuple(weights[name].shape), seed=seed)
    for one in _list(own, "zero"):
        weights[one["slot"]] = torch.zeros_like(weights[one["slot"]])
    for one in _list(own, "tied"):
        weights[one["slot"]] = weights[one["value"]]
    return {**arguments, "w": weights}


def _play(
    one: Mapping[str, Any], idea: Mapping[str, Any], sizes: Mapping[str, int], arguments: Mapping[str, Any], seed: int
) -> Tensor:
    """Return the numbers of another idea's gate, or what they leave of one, in the shape of a gate of this idea's."""
    wanted: Tensor = arguments[one["slot"]]
    described = {**idea, "inputs": {}, "gates": [one["gate"]], "weights": []}
    drawn: Tensor = build_arguments(described, seed, sizes)[one["gate"]["name"]]
    drawn = drawn.view(*drawn.shape, *[1] * (wanted.dim() - drawn.dim())).expand_as(wanted)
    return 1 - drawn if one["rest"] else drawn.clone()


def _list(own: Sequence[Mapping[str, Any]], kind: str) -> list[Mapping[str, Any]]:
    return [one for one in own if one["kind"] == kind]


def measure_apart(one: Tensor, other: Tensor, *, closely: bool = True) -> tuple[float, float]:
    """Return by which factor the one is the other, and how far it is from that, relative to its greatest entry.

    The factor is 1 where that is near enough to be rounding; nothing is near to zero or to another shape.

    Parameters
    ----------
    closely : every vector along the last axis by its own greatest entry, so that no large one hides a small one
    """
    if one.shape != other.shape or min(float(one.abs().max()), float(other.abs().max())) < _NOTHING:
        return math.nan, math.inf
    plain = _measure(one, other, closely=closely)
    if plain <= HARD:
        return 1.0, plain
    factor = float((one * other).sum() / other.square().sum())
    return factor, _measure(one, factor * other, closely=closely)


def _measure(one: Tensor, other: Tensor, *, closely: bool) -> float:
    apart, size = (one - other).abs(), torch.maximum(one.abs(), other.abs())
    if closely and one.dim() > 2:
        apart, size = apart.amax(dim=-1), size.amax(dim=-1)
        return float((apart / size.clamp(min=1e-300)).max())
    return float(apart.max()) / float(size.max())


def centre_rows(output: Tensor) -> Tensor:
    """Return scores with the mean of each row taken away: what a softmax over keys can see of them."""
    return output - output.mean(dim=-1, keepdim=True)
