"""The kinds of things that run, told apart by a record's first word: their names, their pages, who draws them."""

from collections.abc import Mapping
from functools import partial

from kb.library.discovery import read_figures
from kb.records import OWN_CLAIM, RunNote
from kb.ui.compare_result import show_comparison
from kb.ui.costs_result import show_costs
from kb.ui.discover_result import show_orders
from kb.ui.links import address, escape, record_link
from kb.ui.run_figures import Figures
from kb.ui.run_result import ShowFigures, show_usual
from kb.ui.run_settings import name_in_address
from kb.ui.train_result import show_training

Names = Mapping[str, str]
"""The name of each idea by its slug."""


_SEVERAL = ("compare", "costs", "train", "discover")


def split_subject(of: str) -> tuple[str, str, tuple[str, ...]]:
    """Return the kind of what ran, the task if it has one, and the ideas, snippet or file.

    Examples
    --------
    >>> split_subject("train:copying:lstm,gru"), split_subject("file:mine.py")
    (('train', 'copying', ('lstm', 'gru')), ('file', '', ('mine.py',)))
    """
    kind, _, rest = of.partition(":")
    task, _, several = rest.partition(":") if kind == "train" else ("", "", rest)
    return kind, task, tuple(several.split(",")) if kind in _SEVERAL else (rest,)


def tell_subject(of: str, names: Names) -> str:
    """Return what ran, as HTML with links."""
    kind, task, parts = split_subject(of)
    told = " and ".join(_tell_part(of if kind in ("snippet", "own") else part, names) for part in parts)
    words = {
        "compare": f"Comparison of {told}",
        "costs": f"Costs of {told}",
        "train": f"Training of {told} on {escape(task.replace('-', ' '))}",
        "discover": f"Search for relations: {told}",
        "file": f"The file {escape(parts[0])}",
    }
    return words.get(kind, told)


def _tell_part(part: str, names: Names) -> str:
    if part.startswith(OWN_CLAIM):
        return record_link(part, f"your claim {part.partition(':')[2]}")
    if part.startswith("snippet:"):
        return record_link(part, f"your snippet {part.partition(':')[2]}")
    return record_link(f"concept:{part}", names[part]) if part in names else escape(part)


def find_again(note: RunNote) -> str:
    """Return the address at which the same can be run with the same settings; empty where there is none."""
    kind, task, parts = split_subject(note.of)
    settings = {name_in_address(name): _write(value) for name, value in note.parameters.items()}
    settings |= {"seed": str(note.seed)} if note.seed else {}
    if kind == "code":
        return address("idea", key=parts[0], **settings)
    if kind == "snippet":
        return address("snippet", n=parts[0], **settings)
    if kind == "own":
        return address("claims", id=note.of)
    if kind == "train":
        return address("train", task=task, ideas=",".join(parts), **settings)
    if kind == "discover":
        searched = {"ideas": ",".join(parts)} if len(parts) > 1 else {"of": parts[0]}
        return address("discover", **searched, **settings)
    return address(kind, ideas=",".join(parts), **settings) if kind in ("compare", "costs") else ""


def _write(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def choose_drawing(of: str, names: Names) -> ShowFigures:
    """Return what draws the figures of this kind of run."""
    drawings: dict[str, ShowFigures] = {
        "compare": partial(_draw_comparison, names),
        "costs": lambda figures, key: show_costs(figures, names, key=key),
        "train": lambda figures, key: show_training(figures, names, key=key),
        "discover": lambda figures, _: show_orders(read_figures(figures), names),
    }
    return drawings.get(split_subject(of)[0], show_usual)


def _draw_comparison(names: Names, figures: Figures, key: str) -> None:
    show_comparison(figures, names)
