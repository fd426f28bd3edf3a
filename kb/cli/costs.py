"""What ideas cost, as tables: at given sizes, as formulas, along one size, and what was left out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kb.cli.comparison import labels, print_settings, seconds_text
from kb.cli.figures import value_text
from kb.cli.page import write, write_heading, write_rows

Figures = Mapping[str, Any]
_ROWS = (
    ("parameter_count", "weights"),
    ("flops", "operations"),
    ("products", "of these in products"),
    ("elementwise", "element by element"),
    ("reductions", "in reductions"),
    ("functions", "exp and other functions"),
    ("state_elements", "numbers in the state"),
    ("peak_elements", "held at most in a call"),
    ("saved_elements", "kept for gradients"),
    ("path", "longest path, in operations"),
    ("sees", "tokens the last one sees"),
    ("steps", "operations in sequence"),
)
_WAYS = ("path", "sees", "steps")
"""What is measured at few tokens only."""
_CURVES = (("flops", "operations"), ("state_elements", "in the state"), ("peak_elements", "held at most"))
_NOTE = (
    "Operations are floating-point ones: a multiplication and an addition are two. What is held is beside inputs and "
    "weights, during the call and, kept for gradients, after it."
)


def is_costs(figures: Figures) -> bool:
    """Tell whether these are the figures of measured costs."""
    return figures.keys() == {"ideas"} and all(isinstance(one, Mapping) for one in figures["ideas"])


def print_costs(figures: Figures) -> None:
    """Print what ideas cost; ``kb.reference.guest_growth`` names the figures."""
    ideas, along = figures["ideas"], figures["ideas"][0]["along"]
    print_settings(ideas)
    write((_NOTE, "dim"), indent=2, hang=0)
    write_heading("At these sizes")
    rows = [(words, *(value_text(idea["at"].get(name)) for idea in ideas)) for name, words in _ROWS]
    rows.append(("time", *(seconds_text(idea["at"].get("seconds")) for idea in ideas)))
    write_rows([("", *labels(ideas)), *rows], right=True)
    for idea in ideas:
        if idea["formulas"]:
            write_heading(f"{idea['idea']}, as formulas")
            write_rows(_formula_rows(idea))
    _print_curves([idea for idea in ideas if len(idea["points"]) > 1], along)
    for idea in ideas:
        left = [f"operations without a rule: {', '.join(idea['uncounted'])}"] if idea["uncounted"] else []
        formulas = ["larger sizes are from its formulas"] if idea["beyond"] else []
        for note in [*idea["notes"], *formulas, *left]:
            write((f"{idea['idea']}: {note}", "dim"), indent=2, hang=2)


def _formula_rows(idea: Figures) -> Iterator[tuple[str, str]]:
    for name, words in _ROWS:
        if name in idea["formulas"]:
            yield words, idea["formulas"][name]["text"] + _limits(name, idea)


def _limits(name: str, idea: Figures) -> str:
    """Return in brackets for what a formula holds, where that is not everything."""
    formula, along = idea["formulas"][name], idea["along"]
    told = [f"{letter} = {size}" for letter, size in formula["fixed"].items()]
    if formula["every"] > 1:
        told.append(f"T a multiple of {formula['every']}")
    if name in _WAYS:
        told.append(f"T = {formula['from']} to {formula['to']}")
    elif formula["from"] > idea["points"][0][along]:
        told.append(f"{along} from {formula['from']} on")
    return f"   (for {', '.join(told)})" if told else ""


def _print_curves(ideas: Sequence[Figures], along: str) -> None:
    if not ideas:
        return
    shown = sorted({point[along] for idea in ideas for point in [*idea["points"], *idea["beyond"]]})
    shown = shown if len(shown) < 8 else shown[:: -(-len(shown) // 7)]
    for name, words in (*_CURVES, ("seconds", "time")):
        write_heading(f"{words[0].upper()}{words[1:]} along {along}")
        head = ["", *(f"{size:,}" for size in shown), "power"]
        write_rows([head, *(_curve_row(idea, name, shown, along) for idea in ideas)], right=True)


def _curve_row(idea: Figures, name: str, shown: Sequence[int], along: str) -> list[str]:
    points = {point[along]: point.get(name) for point in [*idea["points"], *idea["beyond"]]}
    tell = seconds_text if name == "seconds" else value_text
    power = idea["powers"].get(name)
    return [str(idea["idea"]), *(tell(points.get(size)) for size in shown), "-" if power is None else f"{power:.2f}"]
