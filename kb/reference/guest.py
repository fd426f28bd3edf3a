"""The part of a composed program that runs ideas and measures what comes out.

An idea arrives as a dictionary (see ``program``), figures leave through ``report(name, value)`` as JSON values.
"""

import contextlib
import io
import linecache
import statistics
import time
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from kb.reference.guest_counting import Counter, count_numbers
from kb.reference.guest_figures import plain, show
from kb.reference.guest_inputs import build_arguments

Report = Callable[[str, object], None]
SHORT_S = 0.2
"""Seconds below which a run is timed again."""


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
    output, figures = measure(idea, program["seed"])
    for name, value in {**figures, **show(output, idea["axes"])}.items():
        report(name, value)


def measure(idea: Mapping[str, Any], seed: int) -> tuple[Tensor, dict[str, Any]]:
    """Return an idea's output on its standard input, and the figures of the run."""
    function = load_function(idea["source"], idea["function"])
    arguments = build_arguments(idea, seed)
    output, state, seconds = call_function(function, arguments, idea["parameters"], seed)
    with contextlib.redirect_stdout(io.StringIO()):
        # what the code prints, it prints once; a short first call is mostly warming up, so its time is taken again
        again = time_call(function, arguments, idea["parameters"], seed) if seconds < SHORT_S else seconds
        growth = list(_measure_growth(function, idea, seed))
    return output, {
        "idea": idea["label"],
        "form": idea["form"],
        "parameters": idea["parameters"],
        "sizes": idea["sizes"],
        **_tell_inputs(idea, arguments),
        "seed": seed,
        "parameter_count": sum(weight.numel() for weight in arguments.get("w", {}).values()),
        "state_elements": count_numbers(state),
        "seconds": plain(min(seconds, again)),
        "growth": growth,
    }


def _tell_inputs(idea: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return between what the gates were drawn, and the words of the first sequence; nothing where there are none."""
    told: dict[str, Any] = {}
    if idea["gates"]:
        told["gates"] = {gate["name"]: _tell_range(gate["low"], gate["high"]) for gate in idea["gates"]}
    if "tokens" in arguments:
        told["words"] = [idea["vocabulary"][token] for token in arguments["tokens"][0].tolist()]
    return told


def _tell_range(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g}..{high:g}"


def call_function(
    function: Callable[..., Any], arguments: Mapping[str, Any], parameters: Mapping[str, Any], seed: int
) -> tuple[Tensor, Any, float]:
    """Return an idea's output, its state (None without one) and the seconds that the call took."""
    torch.manual_seed(seed)
    with torch.no_grad():
        start = time.perf_counter()
        result = function(**arguments, **parameters)
        seconds = time.perf_counter() - start
    return *split_result(result, function), seconds


def split_result(result: Any, function: Callable[..., Any]) -> tuple[Tensor, Any]:
    """Return output and state of what a function returned; the state is None where there is none."""
    output, state = result if isinstance(result, tuple) and len(result) == 2 else (result, None)
    if not isinstance(output, Tensor):
        raise TypeError(
            f"{function.__name__} must return a tensor or a pair that begins with one, not {type(output)}"
        )
    return output, state


def time_call(
    function: Callable[..., Any], arguments: Mapping[str, Any], parameters: Mapping[str, Any], seed: int
) -> float:
    """Return the median of the seconds that a short call takes three times, a long one once."""
    taken: list[float] = []
    while len(taken) < 3 and sum(taken) < SHORT_S:
        taken.append(call_function(function, arguments, parameters, seed)[2])
    return statistics.median(taken)


def _measure_growth(function: Callable[..., Any], idea: Mapping[str, Any], seed: int) -> Iterator[dict[str, Any]]:
    """Yield operations, size of the state and time at T / 4, T / 2 and T tokens."""
    T = idea["sizes"].get("T", 0)
    for tokens in sorted({T // 4, T // 2, T} - {0}):
        arguments = build_arguments(idea, seed, {**idea["sizes"], "T": tokens})
        with Counter(arguments) as counter:
            state = call_function(function, arguments, idea["parameters"], seed)[1]
        yield {
            "T": tokens,
            "flops": sum(counter.counts.values()),
            "matmul_flops": counter.counts["products"],
            "state_elements": count_numbers(state),
            "seconds": plain(time_call(function, arguments, idea["parameters"], seed)),
        }
