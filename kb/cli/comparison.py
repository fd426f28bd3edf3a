"""A comparison of ideas as tables: how far their outputs are apart, what each costs, how that grows, gradients."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kb.cli.figures import value_text
from kb.cli.page import write, write_heading, write_lines, write_rows

Figures = Mapping[str, Any]
_ROWS = (
    *(("shape", "output"), ("dtype", "of"), ("mean", "mean"), ("std", "standard deviation"), ("min", "least")),
    *(("max", "greatest"), ("finite", "all finite"), ("loss", "loss on average"), ("counted", "positions counted")),
    *(("parameter_count", "weights"), ("state_elements", "numbers in the state")),
)
_MOST_LINES = 12
_GROWTH = (
    ("flops", "operations"),
    ("matmul_flops", "in products"),
    ("state_elements", "in the state"),
    ("seconds", "time"),
)


def is_comparison(figures: Figures) -> bool:
    """Tell whether these are the figures of a comparison."""
    return {"ideas", "pairs"} <= figures.keys() and all(isinstance(one, Mapping) for one in figures["ideas"])


def print_comparison(figures: Figures) -> None:
    """Print what a comparison gave; ``kb.reference.comparing`` names its figures."""
    ideas = figures["ideas"]
    print_settings(ideas)
    write_heading("Outputs")
    for pair in figures["pairs"]:
        write(f"{' and '.join(pair['between'])}: {_difference(pair)}", indent=2, hang=2)
    _print_sources(figures["pairs"])
    write("")
    rows = [(words, *(value_text(idea.get(name)) for idea in ideas)) for name, words in _ROWS if _has(ideas, name)]
    rows.append(("time", *(seconds_text(idea.get("seconds")) for idea in ideas)))
    write_rows([("", *labels(ideas)), *rows], right=True)
    _print_growth(ideas)
    _print_gradients(ideas)


def print_settings(ideas: Sequence[Figures]) -> None:
    """Print under what settings each idea ran, what they share once."""
    sizes = {tuple(idea["sizes"].items()) for idea in ideas}
    shared = f"{ideas[0]['form']}, {value_text(ideas[0]['sizes'])}" if len(sizes) == 1 else ""
    if shared:
        write((shared, "dim"), indent=2, hang=2)
    for idea in ideas:
        settings = [value_text(idea[name]) for name in ("parameters", "gates") if idea.get(name)]
        own = [*([] if shared else [idea["form"], value_text(idea["sizes"])]), *settings]
        write((idea["idea"], "bold"), f"  {', '.join(own)}" if own else "", indent=2, hang=4)


def labels(ideas: Sequence[Figures]) -> list[str]:
    """Return what each idea is called at the head of a column."""
    return [str(idea["idea"]) for idea in ideas]


def seconds_text(value: object) -> str:
    """Return a duration in the unit that suits it."""
    if not isinstance(value, int | float):
        return "-"
    unit, size = next(((unit, size) for unit, size in (("s", 1.0), ("ms", 1e-3)) if value >= size), ("us", 1e-6))
    return f"{value / size:.3g} {unit}"


def _print_sources(pairs: Sequence[Figures]) -> None:
    """Print the lines in which two sources differ, where there are few; how many, where there are more."""
    for pair in (one for one in pairs if one.get("source")):
        blocks, (left, right) = pair["source"], pair["between"]
        count = [sum(len(block[side]) for block in blocks) for side in ("one", "other")]
        if sum(count) > _MOST_LINES:
            write(f"source: {count[0]} lines are only in {left}, {count[1]} only in {right}", indent=2, hang=2)
            continue
        for block in blocks:
            for side, name, number in (("one", left, 0), ("other", right, 1)):
                for place, line in enumerate(block[side]):
                    write_lines(f"only in {name}, line {block['lines'][number] + place}: {line.strip()}", indent=2)


def _has(ideas: Sequence[Figures], name: str) -> bool:
    return any(idea.get(name) not in (None, "") for idea in ideas)


def _difference(pair: Figures) -> str:
    if not pair.get("comparable"):
        return f"outputs of different shapes, {' and '.join(map(value_text, pair['shapes']))}: nothing to subtract"
    apart = value_text(pair.get("max_abs"))
    if pair.get("first_index") is None:
        return f"equal within {value_text(pair.get('tolerance'))} of the largest output, at most {apart} apart"
    where = ", ".join(f"{axis} {place}" for axis, place in zip(pair["axes"], pair["first_index"], strict=True))
    both = " and ".join(map(value_text, pair.get("first_values") or ()))
    share = value_text(pair.get("relative"))
    told = f"at most {apart} apart, {share} of the largest output; first at {where} (counted from 0)"
    return f"{told}: {both}" if both else told


def _print_growth(ideas: Sequence[Figures]) -> None:
    grown = [idea for idea in ideas if len(idea.get("growth") or ()) > 1]
    if not grown:
        return
    write_heading("Growth with the number of tokens")
    head = ["", "", *(f"T = {step['T']:,}" for step in grown[0]["growth"])]
    write_rows([head, *(row for idea in grown for row in _growth_rows(idea))], right=True)


def _growth_rows(idea: Figures) -> Iterator[list[str]]:
    for place, (name, words) in enumerate(_GROWTH):
        tell = seconds_text if name == "seconds" else value_text
        yield ["" if place else str(idea["idea"]), words, *(tell(step.get(name)) for step in idea["growth"])]


def _print_gradients(ideas: Sequence[Figures]) -> None:
    found = {str(idea["idea"]): idea.get("gradients") or {} for idea in ideas}
    for name in (name for name, gradients in found.items() if "why" in gradients):
        write(f"No gradients of {name}: {found[name]['why']}", indent=2, hang=2)
    layered = {name: gradients["layers"] for name, gradients in found.items() if "layers" in gradients}
    if layered:
        write_heading("Norms of gradients, layer by layer of a stack of copies")
        sides = ("input", "weights")
        head = ["layer", *(f"{name}: {side}" for name in layered for side in sides)]
        rows = (
            [str(row[0]["layer"]), *(value_text(one[side]) for one in row for side in sides)]
            for row in zip(*layered.values(), strict=True)
        )
        write_rows([head, *rows], right=True)
    for name, gradients in found.items():
        if "tokens" in gradients:
            write_heading(f"Norms of gradients of {name}, token by token")
            write_rows(_token_rows(gradients["tokens"]), right=True)
        if "whole" in gradients:
            write_heading(f"Norms of gradients of {name}")
            write_rows([(one, value_text(norm)) for one, norm in gradients["whole"].items()])


def _token_rows(tokens: Mapping[str, Sequence[Any]]) -> Iterator[list[str]]:
    """Yield at most eight tokens, evenly spaced; the first and the last are among them."""
    names = [name for name in tokens if name != "positions"]
    count = len(tokens["positions"])
    shown = sorted({round(n * (count - 1) / 7) for n in range(8)})
    yield ["token", *names]
    for place in shown:
        yield [value_text(tokens["positions"][place]), *(value_text(tokens[name][place]) for name in names)]
