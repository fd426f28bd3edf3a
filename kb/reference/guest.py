"""What a composed program begins with: it builds inputs, runs ideas and measures what comes out.

This file runs in a confined process that has torch but not this package, so it imports nothing of it. ``program``
puts its text in front of a call; ``inputs`` imports it, so that claims and tests see the same numbers. An idea
arrives as a dictionary (see ``program``), figures leave through ``report(name, value)`` as JSON values: a number that
is not finite becomes None.
"""

import contextlib
import hashlib
import io
import linecache
import math
import time
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import adaptive_max_pool2d
from torch.overrides import TorchFunctionMode

Report = Callable[[str, object], None]
SLICE = 16
"""How many rows and columns of an output are shown."""
HEAT = 32
"""How many rows and columns a map of differences has at most; beyond, the largest of a patch stands for it."""
STEPS = 200
"""How many steps of a schedule are shown."""
SHORT_S = 0.2
"""Seconds below which a run is timed a second time."""
TOLERANCE = 1e-9
"""Outputs differ where they are further apart than this, times the largest magnitude."""


def build_tensor(
    name: str, shape: tuple[int, ...], *, seed: int, initial: str = "normal", dtype: torch.dtype = torch.float64
) -> Tensor:
    """Return the tensor that depends on seed, name and shape only: the same in every idea that names it.

    ``initial`` is ``normal`` (standard normal for inputs), ``rows`` (normal, variance one over the rows: a weight),
    ``zero``, ``one``, a number, or ``low..high`` (evenly spaced along the last dimension).
    """
    if initial in ("normal", "rows"):
        digest = hashlib.sha256(f"{seed}:{name}:{shape}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))
        rows = 1 if initial == "normal" else shape[-2] if len(shape) > 1 else shape[-1]
        return torch.randn(shape, generator=generator, dtype=dtype) / math.sqrt(max(1, rows))
    if ".." in initial:
        low, high = (float(part) for part in initial.split(".."))
        return torch.linspace(low, high, shape[-1], dtype=dtype).expand(shape).clone()
    value = float({"zero": "0", "one": "1"}.get(initial, initial))
    return torch.full(shape, value, dtype=dtype)


def build_arguments(idea: Mapping[str, Any], seed: int, sizes: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Return the inputs that the idea's form has, and its weights as ``w``, in float64."""
    dimensions = {**idea["parameters"], **(sizes or idea["sizes"])}

    def resolve(shape: list[str]) -> tuple[int, ...]:
        return tuple(int(dimensions.get(part, part)) for part in shape)

    arguments: dict[str, Any] = {
        name: build_tensor(name, resolve(shape), seed=seed) for name, shape in idea["inputs"].items()
    }
    if idea["weights"]:
        arguments["w"] = {
            name: build_tensor(name, resolve(shape), seed=seed, initial="rows" if initial == "normal" else initial)
            for name, shape, initial in idea["weights"]
        }
    return arguments


def load_function(source: str, function: str) -> Callable[..., Any]:
    """Execute a reference file's text and return its public function; a traceback will show the text's lines."""
    file = f"{function}.py"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    module = types.ModuleType(function)
    exec(compile(source, file, "exec"), module.__dict__)
    return getattr(module, function)  # type: ignore[no-any-return]


def report_run(program: Mapping[str, Any], report: Report) -> None:
    """Run the one idea of a program and report its figures one by one."""
    output, figures = _measure(program["ideas"][0], program["seed"])
    for name, value in {**figures, **_show(output)}.items():
        report(name, value)


def report_compare(program: Mapping[str, Any], report: Report) -> None:
    """Run all ideas of a program on the same inputs; report ``ideas`` and, for each two, ``pairs``."""
    measured = [_measure(idea, program["seed"]) for idea in program["ideas"]]
    report("ideas", [{**figures, **_show(output)} for output, figures in measured])
    labels = [idea["label"] for idea in program["ideas"]]
    pairs = [(i, j) for i in range(len(labels)) for j in range(i + 1, len(labels))]
    report(
        "pairs",
        [{"between": [labels[i], labels[j]], **_compare(measured[i][0], measured[j][0])} for i, j in pairs],
    )


def _measure(idea: Mapping[str, Any], seed: int) -> tuple[Tensor, dict[str, Any]]:
    function = load_function(idea["source"], idea["function"])
    arguments = build_arguments(idea, seed)
    output, state, seconds = _call(function, arguments, idea["parameters"], seed)
    with contextlib.redirect_stdout(io.StringIO()):
        # what the code prints, it prints once; a short first call is mostly warming up, so its time is taken again
        again = _call(function, arguments, idea["parameters"], seed)[2] if seconds < SHORT_S else seconds
        growth = list(_measure_growth(function, idea, seed))
    return output, {
        "idea": idea["label"],
        "form": idea["form"],
        "parameters": idea["parameters"],
        "sizes": idea["sizes"],
        "seed": seed,
        "parameter_count": sum(weight.numel() for weight in arguments.get("w", {}).values()),
        "state_elements": _count(state),
        "seconds": _plain(min(seconds, again)),
        "growth": growth,
    }


def _call(
    function: Callable[..., Any], arguments: Mapping[str, Any], parameters: Mapping[str, Any], seed: int
) -> tuple[Tensor, Any, float]:
    torch.manual_seed(seed)
    with torch.no_grad():
        start = time.perf_counter()
        result = function(**arguments, **parameters)
        seconds = time.perf_counter() - start
    output, state = result if isinstance(result, tuple) else (result, None)
    if not isinstance(output, Tensor):
        raise TypeError(
            f"{function.__name__} must return a tensor or a pair that begins with one, not {type(output)}"
        )
    return output, state, seconds


def _measure_growth(function: Callable[..., Any], idea: Mapping[str, Any], seed: int) -> Iterator[dict[str, Any]]:
    """Yield operations of matrix products and size of the state at T / 4, T / 2 and T tokens."""
    T = idea["sizes"].get("T", 0)
    for tokens in sorted({T // 4, T // 2, T} - {0}):
        arguments = build_arguments(idea, seed, {**idea["sizes"], "T": tokens})
        with _ProductCounter() as counter:
            state = _call(function, arguments, idea["parameters"], seed)[1]
        yield {"T": tokens, "matmul_flops": counter.flops, "state_elements": _count(state)}


class _ProductCounter(TorchFunctionMode):
    """Counts multiplications and additions of matrix products (einsum, @, linear) while it is entered.

    torch.utils.flop_counter counts more, but its first use imports torch._dynamo, which takes seconds.
    """

    flops = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "") if args else ""
        if name == "einsum" and isinstance(args[0], str):
            operands = args[1] if isinstance(args[1], list | tuple) else args[1:]
            self.flops += _count_einsum(args[0].replace(" ", ""), operands)
        elif name in ("matmul", "mm", "bmm", "linear"):
            self.flops += 2 * result.numel() * args[0].shape[-1]
        return result


def _count_einsum(equation: str, operands: Sequence[Tensor]) -> int:
    inside, _, outside = equation.partition("->")
    sizes: dict[str, int] = {}
    for term, operand in zip(inside.split(","), operands, strict=False):
        sizes.update(zip(term, operand.shape, strict=False))
    # a product that sums over an index also adds
    return math.prod(sizes.values()) * (2 if set(sizes) - set(outside) else 1)


def _count(state: Any) -> int | None:
    if isinstance(state, Tensor):
        return state.numel()
    if isinstance(state, Mapping):
        state = tuple(state.values())
    if not isinstance(state, tuple | list):
        return None
    return sum(_count(part) or 0 for part in state)


def _show(output: Tensor) -> dict[str, Any]:
    """Return shape, moments and a corner of an output: first batch, first head, at most SLICE x SLICE."""
    values = output.detach().double()
    if values.dim() == 2:  # a schedule: every group, steps thinned out evenly
        steps = torch.linspace(0, len(values) - 1, min(STEPS, len(values))).round().long()
        corner: dict[str, Any] = {"steps": steps.tolist(), "curves": _rows(values[steps].T)}
    else:
        first = values[0] if values.dim() == 3 else values[(0, slice(None), 0)] if values.dim() == 4 else values
        corner = {"slice": _rows(first.reshape(len(first), -1)[:SLICE, :SLICE]) if values.dim() in (3, 4) else []}
    return {
        "shape": list(output.shape),
        "dtype": str(output.dtype).removeprefix("torch."),
        "finite": bool(values.isfinite().all()),
        "mean": _plain(values.mean()),
        "std": _plain(values.std(correction=0)),
        "min": _plain(values.min()),
        "max": _plain(values.max()),
        **corner,
    }


def _compare(one: Tensor, other: Tensor) -> dict[str, Any]:
    """Return how far two outputs are apart, where first, and a map of it over time and channels."""
    if one.shape != other.shape:
        return {"comparable": False, "shapes": [list(one.shape), list(other.shape)]}
    apart = (one.double() - other.double()).abs()
    finite = torch.stack([one.double(), other.double()]).abs().nan_to_num(nan=0.0, posinf=0.0)
    scale = float(finite.max())
    places = (~(apart <= TOLERANCE * scale)).nonzero()
    rows = (apart if apart.dim() == 2 else apart.amax(dim=0).flatten(1)).nan_to_num(nan=math.inf)
    size = min(HEAT, rows.shape[0]), min(HEAT, rows.shape[1])
    return {
        "comparable": True,
        "max_abs": _plain(apart.max()),
        "relative": _plain(apart.max() / scale) if scale else 0.0,
        "tolerance": TOLERANCE,
        "first_index": places[0].tolist() if len(places) else None,
        "heat": _rows(adaptive_max_pool2d(rows[None], size)[0]),
        "heat_pooled": size != tuple(rows.shape),
    }


def _rows(matrix: Tensor) -> list[list[float | None]]:
    return [[_plain(value) for value in row] for row in matrix.tolist()]


def _plain(value: float | Tensor) -> float | None:
    number = float(value)
    return float(f"{number:.6g}") if math.isfinite(number) else None
