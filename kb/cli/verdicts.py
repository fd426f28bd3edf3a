"""Claims and their verdicts, printed for a person."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kb.cli.page import write
from kb.cli.words import Part, count_words, verdict_part

if TYPE_CHECKING:
    from kb.library.verdict_report import Variants
    from kb.records import ClaimCard, Example, Verdict


def print_verdicts(
    cards: "Sequence[ClaimCard]", verdicts: "Mapping[str, Verdict]", variants: "Variants | None" = None
) -> None:
    """Print each claim with its verdict, its figure against its bound, its example, and what it rejects."""
    for card in cards:
        print_verdict(card, verdicts.get(card.id), (variants or {}).get(card.id, ()))
        write("")
    counts = Counter(verdicts[card.id].verdict if card.id in verdicts else "not_run" for card in cards)
    told = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in counts.items())
    write(f"{count_words(len(cards), 'claim')}: {told}" if cards else "every claim asked for is up to date")


def print_verdict(
    card: "ClaimCard", verdict: "Verdict | None", variants: "Sequence[tuple[str, Verdict]]" = ()
) -> None:
    """Print one claim with its verdict, its figure against its bound, its example, and what it rejects."""
    sign = verdict_part(verdict.verdict, verdict.stale) if verdict else verdict_part("not_run")
    wanted = card.expected == "refuted" and verdict is not None and verdict.verdict == "refuted"
    own = (f"  {card.id}, your own", "dim") if card.own else ""
    write(sign, ", as expected" if wanted else "", "  ", (card.name or card.id, "bold"), own)
    write(card.statement, indent=2)
    write((_figures(card, verdict), "dim"), indent=2)
    if verdict and verdict.detail:
        write((verdict.detail, "dim"), indent=2)
    if verdict and verdict.example:
        _print_example(verdict.example)
    for name, one in variants:
        write(_tell_variant(one), name, (f"  {one.detail}" if one.measured is None else "", "dim"), indent=4, hang=2)


def _tell_variant(verdict: "Verdict") -> "Part":
    if verdict.verdict == verdict.expected:
        return "rejects ", "dim"
    return "CANNOT JUDGE " if verdict.verdict == "inconclusive" else "TAKES FOR RIGHT ", "red"


def _print_example(example: "Example") -> None:
    from kb.library.verdict_report import plain_numbers

    write(("smallest input on which it fails", "dim"), indent=2)
    for name, value in (*example.inputs.items(), *example.outputs.items()):
        write((f"{name} = {plain_numbers(value)}", "dim"), indent=4, hang=2)


def _figures(card: "ClaimCard", verdict: "Verdict | None") -> str:
    told = [f"{card.cost}, {card.family}", f"expected {card.expected.replace('_', ' ')}"]
    if verdict and verdict.measured is not None:
        bound = card.bound if verdict.bound is None else verdict.bound
        sign = "<" if verdict.measured < bound else ">" if verdict.measured > bound else "="
        told.append(f"measured {verdict.measured:.3g} {sign} {bound:.3g}")
    told.append(f"{card.holds} {card.bound:.3g} keeps it")
    if verdict:
        draws = f", {count_words(len(verdict.figures), 'draw')}" if len(verdict.figures) > 1 else ""
        told.append(f"{verdict.seconds:.2f} s{draws}")
    told.append(f"rejects {count_words(len(card.wrong_variants), 'wrong variant')}")
    return "; ".join(told)
