"""``verify``: execute claims, print their verdicts, and fail where one is not as expected."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.choices import Json, parse_choices
from kb.cli.meter import Meter
from kb.cli.session import open_library
from kb.cli.streams import complain, write_json
from kb.cli.words import count_words
from kb.errors import NotFoundError

if TYPE_CHECKING:
    from kb.library import Library
    from kb.library.verdict_report import Variants
    from kb.records import ClaimCard, Verdict

_COSTS = ("exact", "trend", "long")


def verify(
    context: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="CLAIM...", help="Claims; all by default.")] = None,
    cost: Annotated[
        str, typer.Option(metavar="COST,...", help="Only these: exact, trend, long. All but long by default.")
    ] = "",
    family: Annotated[str, typer.Option(metavar="FAMILY", help="Only the claims of this family.")] = "",
    since: Annotated[
        str, typer.Option(metavar="DATE", help="Only what has no verdict of its present code since 2026-11-01, say.")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="What the random inputs depend on.")] = 0,
    mutants: Annotated[bool, typer.Option("--mutants", help="Run every wrong variant too: each must fail.")] = False,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the verdicts to FILE.md or FILE.json as well.")
    ] = None,
    own: Annotated[
        bool | None,
        typer.Option("--own/--no-own", help="Only claims of your own, or none. Both by default: see below."),
    ] = None,
    only_list: Annotated[bool, typer.Option("--list", help="List them and run nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Execute claims about ideas, and record the verdicts.

    The exit code is 1 where a verdict is not the expected one, or where a claim takes a wrong variant for right.
    Claims of your own run confined, beside those that ship; they count for the exit code where you ask for them, by
    name or with --own.
    """
    costs = parse_choices(cost, _COSTS, "--cost") or (_COSTS if only_list else _COSTS[:2])
    day = _parse_day(since)
    _refuse_other_endings(report)
    with open_library(context) as library:
        known = {one.claim: one for one in library.verdicts()}
        named = {_resolve(library, one) for one in ids or []}
        cards = [card for card in library.claims() if own is None or card.own == own]
        cards = _choose(cards, named, costs, _parse_family(family))
        cards = [card for card in cards if day is None or not _is_known_since(known.get(card.id), day)]
        chosen = [card.id for card in cards]
        variants = None
        if not only_list and cards:
            with Meter() as meter:
                known |= {one.claim: one for one in library.verify(chosen, seed=seed, progress=meter.tell)}
                variants = library.verify_variants(chosen, seed=seed, progress=meter.tell) if mutants else None
    _write_report(report, cards, known, variants)
    _tell(cards, known, variants, as_json=as_json)
    if not only_list:
        _judge(cards, known, variants, asked=bool(own or named))


def _parse_day(text: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        return datetime.combine(date.fromisoformat(text.strip()), datetime.min.time(), UTC)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date; write 2026-11-01", param_hint="--since") from None


def _is_known_since(verdict: "Verdict | None", day: datetime) -> bool:
    return bool(verdict and not verdict.stale and verdict.ran_at and verdict.ran_at.replace(tzinfo=UTC) >= day)


def _refuse_other_endings(report: Path | None) -> None:
    if report is not None and report.suffix not in (".md", ".json"):
        raise typer.BadParameter(f"{report} ends in neither .md nor .json", param_hint="--report")


def _parse_family(text: str) -> str:
    from kb.records import FAMILIES

    return next(iter(parse_choices(text, FAMILIES, "--family", most=1)), "")


def _resolve(library: "Library", name: str) -> str:
    """Return the id of the claim that a name means: of one of the user's, or of one that ships.

    Raises
    ------
    NotFoundError : there is none
    """
    from kb.claims.registry import get_claim
    from kb.library.own_claims import is_own

    if is_own(name) or name.strip().casefold() in {one.name for one in library.own_claims()}:
        return library.own_claim(name).address
    return get_claim(name).id


def _choose(
    cards: "Sequence[ClaimCard]", named: Collection[str], costs: Sequence[str], family: str
) -> "list[ClaimCard]":
    """Return the claims that were asked for, in the library's order; one that is named is meant whatever it costs.

    Raises
    ------
    NotFoundError : nothing is left
    """
    chosen = [
        card
        for card in cards
        if (card.id in named if named else card.cost in costs) and (not family or card.family == family)
    ]
    if not chosen:
        raise NotFoundError("no claim fits all of these options; 'stemma verify --list' lists them")
    return chosen


def _write_report(
    report: Path | None, cards: "Sequence[ClaimCard]", verdicts: "Mapping[str, Verdict]", variants: "Variants | None"
) -> None:
    if report is None:
        return
    import json

    from kb.cli.streams import to_json
    from kb.library.verdict_report import build_document, build_markdown

    if report.suffix == ".md":
        text = build_markdown(cards, verdicts, variants)
    else:
        text = json.dumps(to_json(build_document(cards, verdicts, variants)), ensure_ascii=False, indent=2) + "\n"
    report.write_text(text, encoding="utf-8")


def _tell(
    cards: "Sequence[ClaimCard]",
    verdicts: "Mapping[str, Verdict]",
    variants: "Variants | None",
    *,
    as_json: bool,
) -> None:
    from kb.library.verdict_report import build_document

    if as_json:
        write_json(build_document(cards, verdicts, variants))
        return
    from kb.cli.verdicts import print_verdicts

    print_verdicts(cards, verdicts, variants)


def _judge(
    cards: "Sequence[ClaimCard]", verdicts: "Mapping[str, Verdict]", variants: "Variants | None", *, asked: bool
) -> None:
    """Leave with exit code 1 where a verdict is not the expected one, or a wrong variant was not rejected.

    Parameters
    ----------
    asked : whether the user asked for just these claims: then his own count as well
    """
    from kb.library.verdict_report import list_survivors

    counted = [card for card in cards if asked or not card.own]
    wrong = [card.id for card in counted if verdicts[card.id].verdict != card.expected]
    aside = [card.id for card in cards if card not in counted and verdicts[card.id].verdict != card.expected]
    ids = {card.id for card in counted}
    survivors = list_survivors({id: found for id, found in (variants or {}).items() if id in ids})
    if aside:
        complain(f"{count_words(len(aside), 'verdict')} of your own not as expected: {', '.join(aside)}")
    if wrong:
        complain(f"{count_words(len(wrong), 'verdict')} not as expected: {', '.join(wrong)}")
    if survivors:
        complain(f"{count_words(len(survivors), 'wrong variant')} not rejected: {', '.join(survivors)}")
    if wrong or survivors:
        raise typer.Exit(1)
