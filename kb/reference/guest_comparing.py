"""The part of a composed program that runs several ideas on the same inputs and says where they differ."""

import ast
import difflib
from collections.abc import Mapping
from itertools import combinations
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
    axes = ideas[0]["axes"]
    told = [{**figures, **show(output, axes)} for output, figures in measured]
    report("ideas", told)
    report(
        "pairs",
        [
            {
                "between": [one["label"], other["label"]],
                **compare(output, against, axes),
                "source": compare_sources(one["source"], other["source"]),
            }
            for (one, (output, _)), (other, (against, _)) in combinations(zip(ideas, measured, strict=True), 2)
        ],
    )
    functions = [load_function(idea["source"], idea["function"]) for idea in ideas]
    report(
        "ideas",
        [
            {**figures, "gradients": measure_gradients(function, idea, seed, program["layers"])}
            for figures, function, idea in zip(told, functions, ideas, strict=True)
        ],
    )


def compare_sources(one: str, other: str) -> list[dict[str, Any]]:
    """Return the lines in which two sources differ behind their headers, block by block.

    Each block has ``lines``, the numbers of its first line in the one and in the other, and the lines that stand only
    there, ``one`` and ``other``; whatever the indentation.
    """
    (first, lines), (second, others) = map(_read_behind_header, (one, other))
    stripped = [[line.strip() for line in side] for side in (lines, others)]
    matcher = difflib.SequenceMatcher(None, stripped[0], stripped[1], autojunk=False)
    return [
        {"lines": [first + i, second + j], "one": lines[i:i_end], "other": others[j:j_end]}
        for kind, i, i_end, j, j_end in matcher.get_opcodes()
        if kind != "equal"
    ]


def _read_behind_header(source: str) -> tuple[int, list[str]]:
    """Return the number of the first line behind the literate header, and the lines from there on."""
    tree = ast.parse(source)
    end = (tree.body[0].end_lineno or 0) if ast.get_docstring(tree) is not None else 0
    return end + 1, source.splitlines()[end:]
