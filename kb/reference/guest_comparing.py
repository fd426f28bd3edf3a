"""The part of a composed program that runs several ideas on the same inputs and says where they differ."""

from collections.abc import Mapping
from typing import Any

from kb.reference.guest import Report, load_function, measure
from kb.reference.guest_figures import compare, show
from kb.reference.guest_gradients import measure_gradients


def report_compare(program: Mapping[str, Any], report: Report) -> None:
    """Run all ideas of a program; report ``ideas`` and, for each two, ``pairs``; at last the ideas with gradients.

    The program's ``layers`` is the height of the stack whose gradients are measured.
    """
    ideas, seed = program["ideas"], program["seed"]
    measured = [measure(idea, seed) for idea in ideas]
    axes, labels = ideas[0]["axes"], [idea["label"] for idea in ideas]
    told = [{**figures, **show(output, axes)} for output, figures in measured]
    report("ideas", told)
    pairs = [(i, j) for i in range(len(labels)) for j in range(i + 1, len(labels))]
    report(
        "pairs",
        [{"between": [labels[i], labels[j]], **compare(measured[i][0], measured[j][0], axes)} for i, j in pairs],
    )
    functions = [load_function(idea["source"], idea["function"]) for idea in ideas]
    report(
        "ideas",
        [
            {**figures, "gradients": measure_gradients(function, idea, seed, program["layers"])}
            for figures, function, idea in zip(told, functions, ideas, strict=True)
        ],
    )
