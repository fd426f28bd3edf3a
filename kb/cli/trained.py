"""What a small training gave, as tables: an example, the ideas, and the literature beside what was measured."""

from collections.abc import Mapping, Sequence
from typing import Any

from kb.cli.figures import value_text
from kb.cli.page import write, write_heading, write_rows
from kb.reference.training.telling import is_in_bits, tell_gap, tell_guess, tell_score, tell_settings

Figures = Mapping[str, Any]
_MOST_WORDS = 40


def is_training(figures: Figures) -> bool:
    """Tell whether these are the figures of a training that came to its end."""
    return {"task", "training", "curves", "ideas", "expected"} <= figures.keys()


def print_training(figures: Figures) -> None:
    """Print what a training gave; ``kb.reference.guest_training`` names its figures."""
    bits = is_in_bits(figures)
    told = f"{figures['task']['slug']}: {tell_settings(figures)}; stopped {figures['stopped']}"
    write((told, "dim"), indent=2, hang=2)
    write((f"for example: {_tell_example(figures['example'])}", "dim"), indent=2, hang=2)
    write("")
    write_rows(_list_rows(figures, bits=bits), right=True)
    for row in figures["ideas"]:
        if row["ended"]:
            write(f"{row['label']} {row['ended']}", indent=2, hang=2)
    if figures["expected"]:
        write_heading("Expected by the literature")
        for one in figures["expected"]:
            pair, verdict = f"{one['ahead']} ahead of {one['behind']}: ", (one["verdict"], "bold")
            write(pair, verdict, f" ({tell_gap(one, bits=bits)})", indent=2, hang=2)
            write((f"{one['says']} {one['evidence']}", "dim"), indent=4)


def _list_rows(figures: Figures, *, bits: bool) -> list[list[str]]:
    """Return the table, its head first and a guess last."""
    score = "bits per character" if bits else "right"
    rows = [
        [
            str(row["label"]),
            tell_score(row, bits=bits) or "-",
            value_text(row["loss"]),
            ", ".join(value_text(step) for step in row["solved_at"]),
            value_text(row["parameter_count"]),
            value_text(row["state_elements"]),
            f"{row['seconds']:.1f} s",
        ]
        for row in figures["ideas"]
    ]
    guess = ["a guess", tell_guess(figures), value_text(figures["chance"]["loss"])]
    return [["", score, "loss", "99 % at step", "weights", "in the state", "computing"], *rows, guess]


def _tell_example(example: Mapping[str, Sequence[str]]) -> str:
    words, answers = example["tokens"], [answer for answer in example["answers"] if answer]
    shown = ["_" if word == " " else word for word in words]
    more = " ..." if len(shown) > _MOST_WORDS else ""
    asked = "" if len(answers) == len(words) else f" -> {' '.join(answers)}"
    return f"{' '.join(shown[:_MOST_WORDS])}{more}{asked}"
