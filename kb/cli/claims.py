"""``verify``: execute claims, print their verdicts, and fail where one is not as expected."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.choices import Json, parse_choices
from kb.cli.meter import Meter
from kb.cli.session import open_library
from kb.cli.streams import complain, write_json
from kb.cli.words import count_words, verdict_part
from kb.errors import NotFoundError

if TYPE_CHECKING:
    from kb.records import ClaimCard, Verdict

_COSTS = ("exact", "trend", "long")


def verify(
    context: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="CLAIM...", help="Claims; all by default.")] = None,
    cost: Annotated[str, typer.Option(metavar="COST,...", help="Only these: exact, trend, long.")] = "",
    family: Annotated[str, typer.Option(metavar="FAMILY", help="Only the claims of this family.")] = "",
    only_list: Annotated[bool, typer.Option("--list", help="List them and run nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Execute claims about ideas, and record the verdicts.

    The exit code is 1 where a verdict is not the expected one.
    """
    costs = parse_choices(cost, _COSTS, "--cost")
    with open_library(context) as library:
        cards = _choose(library.claims(), ids or [], costs, _parse_family(family))
        if only_list:
            verdicts = {one.claim: one for one in library.verdicts()}
        else:
            with Meter() as meter:
                done = library.verify([card.id for card in cards], progress=meter.tell)
            verdicts = {one.claim: one for one in done}
    if as_json:
        write_json(_document(cards, verdicts))
    else:
        _print_verdicts(cards, verdicts)
    wrong = [] if only_list else [card.id for card in cards if verdicts[card.id].verdict != card.expected]
    if wrong:
        complain(f"{count_words(len(wrong), 'verdict')} not as expected: {', '.join(wrong)}")
        raise typer.Exit(1)


def _parse_family(text: str) -> str:
    from kb.records import FAMILIES

    return next(iter(parse_choices(text, FAMILIES, "--family", most=1)), "")


def _choose(cards: "Sequence[ClaimCard]", ids: Sequence[str], costs: Sequence[str], family: str) -> "list[ClaimCard]":
    """Return the claims that were asked for, in the library's order.

    Raises
    ------
    NotFoundError : an unknown claim, or nothing is left
    """
    from kb.claims.registry import get_claim

    named = {get_claim(one).id for one in ids}
    chosen = [
        card
        for card in cards
        if (not named or card.id in named)
        and (not costs or card.cost in costs)
        and (not family or card.family == family)
    ]
    if not chosen:
        raise NotFoundError("no claim fits all of these options; 'stemma verify --list' lists them")
    return chosen


def _document(cards: "Sequence[ClaimCard]", verdicts: "Mapping[str, Verdict]") -> dict[str, object]:
    rows = [_row(card, verdicts.get(card.id)) for card in cards]
    counts = Counter(str(row["verdict"]) for row in rows)
    names = ("verified", "refuted", "inconclusive", "not_run")
    summary = {
        "claims": len(rows),
        **{name: counts[name] for name in names},
        "as_expected": sum(row["verdict"] == row["expected"] for row in rows),
        "seconds": sum(one.seconds for card in cards if (one := verdicts.get(card.id))),
    }
    return {"claims": rows, "summary": summary}


def _row(card: "ClaimCard", verdict: "Verdict | None") -> dict[str, object]:
    # A verdict on code that has changed since says nothing about the code that is here.
    known = verdict if verdict and not verdict.stale else None
    return {
        "id": card.id,
        "statement": card.statement,
        "expected": card.expected,
        "verdict": known.verdict if known else "not_run",
        "measured": known.measured if known else None,
        "bound": card.bound,
        "seconds": known.seconds if known else None,
        "between": card.between,
    }


def _print_verdicts(cards: "Sequence[ClaimCard]", verdicts: "Mapping[str, Verdict]") -> None:
    from kb.cli.page import write

    for card in cards:
        verdict = verdicts.get(card.id)
        sign = verdict_part(verdict.verdict, verdict.stale) if verdict else verdict_part("not_run")
        write(sign, "  ", (card.id, "bold"))
        write(card.statement, indent=2)
        write((_figures(card, verdict), "dim"), indent=2)
        if verdict and verdict.detail:
            write((verdict.detail, "dim"), indent=2)
        write("")
    counts = Counter(verdicts[card.id].verdict if card.id in verdicts else "not_run" for card in cards)
    told = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in counts.items())
    write(f"{count_words(len(cards), 'claim')}: {told}")


def _figures(card: "ClaimCard", verdict: "Verdict | None") -> str:
    told = [f"{card.cost}, {card.family}", f"expected {card.expected.replace('_', ' ')}"]
    if verdict and verdict.measured is not None:
        bound = card.bound if verdict.bound is None else verdict.bound
        sign = "<" if verdict.measured < bound else ">" if verdict.measured > bound else "="
        told.append(f"measured {verdict.measured:.3g} {sign} {bound:.3g}")
    told.append(f"{card.holds} {card.bound:.3g} keeps it")
    if verdict:
        told.append(f"{verdict.seconds:.2f} s")
    told.append(f"rejects {count_words(len(card.wrong_variants), 'wrong variant')}")
    return "; ".join(told)
