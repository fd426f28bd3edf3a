"""A claim of a user's own in words: where it is kept, what a run of it found, what became of a set."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from kb.cli.own_code import STDIN
from kb.cli.streams import STOPPED, complain, to_json, write_json
from kb.errors import InvalidQueryError

if TYPE_CHECKING:
    from kb.library import Library
    from kb.records import ClaimCard, OwnClaim, RunResult, Ticket, Verdict


def kept_line(claim: "OwnClaim") -> str:
    """Return when a claim was last changed, and its version where it has several."""
    when = claim.changed_at or claim.created_at
    return f"{when:%Y-%m-%d}" + (f", version {claim.version}" if claim.version > 1 else "")


def claim_json(claim: "OwnClaim", verdict: "Verdict | None" = None) -> dict[str, Any]:
    """Return a claim without its code, for a JSON document."""
    card = to_json(claim.card) if claim.card else None
    return {
        **{"address": claim.address, "name": claim.name, "version": claim.version},
        **{"created_at": claim.created_at.isoformat(), "trouble": claim.trouble},
        **{"claim": card, "verdict": to_json(verdict) if verdict else None},
    }


def write_new(text: str, out: str) -> None:
    """Print a claim to begin with, or write it to a file that is not there yet."""
    if out in ("", STDIN):
        sys.stdout.write(text)
        return
    path = Path(out)
    if path.exists():
        raise InvalidQueryError(f"{path} is there already; give another name, or move it away")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    typer.echo(f"{path} is written; 'stemma claim run {path}' executes it, 'stemma claim add {path}' keeps it")


def run_and_tell(library: "Library", card: "ClaimCard", ticket: "Ticket", *, seed: int, as_json: bool) -> None:
    """Wait for a run of a claim, print its verdict, and leave with the exit code that belongs to it."""
    result = _wait(ticket)
    outcome = library.judge_claim(card, result, seed=seed)
    verdict, variants = outcome.verdict, {card.id: outcome.variants}
    if as_json:
        from kb.library.verdict_report import build_document

        write_json({**build_document([card], {card.id: verdict}, variants), "run": result.key})
    else:
        from kb.cli.page import write, write_lines
        from kb.cli.verdicts import print_verdict

        if result.stdout:
            write_lines(result.stdout)
        print_verdict(card, verdict, outcome.variants)
        if result.key:
            write((f"recorded: 'stemma show {result.key}'", "dim"), indent=2)
    if result.status in ("refused", "cancelled"):
        complain(result.message)
        raise typer.Exit(STOPPED if result.status == "cancelled" else 1)
    if result.status != "ok" and result.stderr and not as_json:
        complain(result.stderr.strip().splitlines()[-1])
    if verdict.verdict != verdict.expected:
        raise typer.Exit(1)


def _wait(ticket: "Ticket") -> "RunResult":
    try:
        result = ticket.wait()
    except KeyboardInterrupt:
        ticket.cancel()
        result = ticket.wait()
    assert result is not None
    return replace(result, figures=dict(result.figures))


def tell_taken(kept: "Sequence[OwnClaim]", refused: Sequence[tuple[str, str]], *, as_json: bool) -> None:
    """Print what became of a set; exit code 1 where some of it was refused."""
    if as_json:
        write_json({"claims": [claim_json(one) for one in kept], "refused": [list(one) for one in refused]})
    else:
        for one in kept:
            typer.echo(f"{one.name} is kept as {one.address}")
    for file, reason in refused:
        complain(f"{file}: {reason}")
    if refused:
        raise typer.Exit(1)
