"""The third part of a composed program: runs ideas and measures what they cost.

An idea arrives as a dictionary (see ``program``), figures leave through ``report(name, value)`` as JSON values.
"""

import contextlib
import io
import linecache
import math
import time
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from kb.reference.guest_figures import compare, plain, show
from kb.reference.guest_inputs import build_arguments

Report = Callable[[str, object], None]
SHORT_S = 0.2
"""Seconds below which a run is timed a second time."""


def load_function(source: str, function: str) -> Callable[..., Any]:
    """Execute a reference file's text and return its public function; a traceback will show the text's lines."""
    file = f"{function}.py"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    module = types.ModuleType(function)
    exec(compile(source, file, "exec"), module.__dict__)
    return getattr(module, function)  # type: ignore[no-any-return]


def report_run(program: Mapping[str, Any], report: Report) -> None:
    """Run the one idea of a program and report its figures one by one."""
    idea = program["ideas"][0]
    output, figures = _measure(idea, program["seed"])
    for name, value in {**figures, **show(output, idea["axes"])}.items():
        report(name, value)


def report_compare(program: Mapping[str, Any], report: Report) -> None:
    """Run all ideas of a program on the same inputs; report ``ideas`` and, for each two, ``pairs``."""
    measured = [_measure(idea, program["seed"]) for idea in program["ideas"]]
    axes = program["ideas"][0]["axes"]
    report("ideas", [{**figures, **show(output, axes)} for output, figures in measured])
    labels = [idea["label"] for idea in program["ideas"]]
    pairs = [(i, j) for i in range(len(labels)) for j in range(i + 1, len(labels))]
    report(
        "pairs",
        [{"between": [labels[i], labels[j]], **compare(measured[i][0], measured[j][0], axes)} for i, j in pairs],
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
        **_tell_inputs(idea, arguments),
        "seed": seed,
        "parameter_count": sum(weight.numel() for weight in arguments.get("w", {}).values()),
        "state_elements": _count(state),
        "seconds": plain(min(seconds, again)),
        "growth": growth,
    }


def _tell_inputs(idea: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return between what the gates were drawn, and the words of the first sequence; nothing where there are none."""
    told: dict[str, Any] = {}
    if idea["gates"]:
        told["gates"] = {gate["name"]: _range(gate["low"], gate["high"]) for gate in idea["gates"]}
    if "tokens" in arguments:
        told["words"] = [idea["vocabulary"][token] for token in arguments["tokens"][0].tolist()]
    return told


def _range(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g}..{high:g}"


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
