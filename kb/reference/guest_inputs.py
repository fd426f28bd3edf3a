"""The first part of a composed program: builds inputs, gates, weights and tokens, the same wherever it is asked.

The parts of the guest run in a confined process that has torch but not this package, so beside torch they import only
one another; ``program`` puts their texts together without those imports. ``inputs`` imports this one, so that claims
and tests see the same numbers. An idea arrives as a dictionary (see ``program``).
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor


def build_tensor(
    name: str, shape: tuple[int, ...], *, seed: int, initial: str = "normal", dtype: torch.dtype = torch.float64
) -> Tensor:
    """Return the tensor that depends on seed, name and shape only: the same in every idea that names it.

    ``initial`` is ``normal`` (standard normal for inputs), ``uniform`` (between 0 and 1), ``rows`` (normal, variance
    one over the rows: a weight), ``zero``, ``one``, a number, or ``low..high`` (evenly spaced along the last
    dimension).
    """
    if initial in ("normal", "rows", "uniform"):
        digest = hashlib.sha256(f"{seed}:{name}:{shape}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))
        if initial == "uniform":
            return torch.rand(shape, generator=generator, dtype=dtype)
        rows = 1 if initial == "normal" else shape[-2] if len(shape) > 1 else shape[-1]
        return torch.randn(shape, generator=generator, dtype=dtype) / math.sqrt(max(1, rows))
    if ".." in initial:
        low, high = (float(part) for part in initial.split(".."))
        return torch.linspace(low, high, shape[-1], dtype=dtype).expand(shape).clone()
    value = float({"zero": "0", "one": "1"}.get(initial, initial))
    return torch.full(shape, value, dtype=dtype)


def build_gate(gate: Mapping[str, Any], dimensions: Mapping[str, Any], seed: int) -> Tensor:
    """Return a gate between its low and high: drawn over the dimensions ``drawn``, repeated along the others."""
    shape = [_resolve(part, dimensions) for part in gate["shape"]]
    left = list(gate["drawn"])
    kept = [left.pop(0) if left[:1] == [part] else "1" for part in gate["shape"]]
    drawn = build_tensor(
        gate["name"], tuple(_resolve(part, dimensions) for part in gate["drawn"]), seed=seed, initial="uniform"
    )
    between: Tensor = gate["low"] + (gate["high"] - gate["low"]) * drawn
    return between.view([_resolve(part, dimensions) for part in kept]).expand(shape).clone()


def build_tokens(text: Sequence[int], B: int, T: int, *, seed: int) -> Tensor:
    """Return tokens (B, T) int64: B passages evenly spread over the text, each read on from seed to seed."""
    starts = seed * T + torch.arange(B) * (len(text) // B)
    return torch.tensor(text)[(starts[:, None] + torch.arange(T)) % len(text)]


def build_arguments(idea: Mapping[str, Any], seed: int, sizes: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Return the inputs that the idea's form has, its gates by name, and its weights as ``w``, in float64."""
    dimensions = {**idea["parameters"], **(sizes or idea["sizes"])}
    arguments: dict[str, Any] = {}
    for name, shape in idea["inputs"].items():
        resolved = tuple(_resolve(part, dimensions) for part in shape)
        if name == "tokens":
            arguments[name] = build_tokens(idea["text"], *resolved, seed=seed)
        elif name == "actions":
            arguments[name] = (build_tensor(name, resolved, seed=seed, initial="uniform") * dimensions["N"]).long()
        else:
            arguments[name] = build_tensor(name, resolved, seed=seed)
    arguments |= {gate["name"]: build_gate(gate, dimensions, seed) for gate in idea["gates"]}
    if idea["weights"]:
        arguments["w"] = {
            name: build_tensor(
                name,
                tuple(_resolve(part, dimensions) for part in shape),
                seed=seed,
                initial="rows" if initial == "normal" else initial,
            )
            for name, shape, initial in idea["weights"]
        }
    return arguments


def build_empty(idea: Mapping[str, Any], sizes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same arguments without numbers, on the device ``meta``: shapes that take no memory."""

    def build(name: str, shape: Sequence[str]) -> Tensor:
        dtype = torch.int64 if name in ("tokens", "actions") else torch.float64
        return torch.empty([_resolve(part, sizes) for part in shape], dtype=dtype, device="meta")

    shapes = {**idea["inputs"], **{gate["name"]: gate["shape"] for gate in idea["gates"]}}
    weights = {name: build(name, shape) for name, shape, _ in idea["weights"]}
    return {**{name: build(name, shape) for name, shape in shapes.items()}, **({"w": weights} if weights else {})}


def _resolve(dimension: str, sizes: Mapping[str, Any]) -> int:
    return int(sizes.get(dimension, dimension))
