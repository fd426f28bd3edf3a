"""Runs checks in a process of their own, so that the app never loads torch, and shows how far they are."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import streamlit as st

import kb
from kb.library import Library
from kb.records import ClaimCard, Verdict
from kb.ui.marks import count_words
from kb.ui.numbers import show_number

_POLL_S = 0.25
#: The command's exit code where a verdict is not the expected one: no failure of the command.
_UNEXPECTED = 1


@dataclass(frozen=True, slots=True)
class Checked:
    """How checks ended: what went wrong, if anything did, and what became of each wrong variant that was run."""

    trouble: str = ""
    variants: tuple[tuple[str, str], ...] = ()


def run_checks(
    library: Library, ids: Sequence[str], place: st.delta_generator.DeltaGenerator, *, with_variants: bool = False
) -> Checked:
    """Execute claims, all exact ones where none is named.

    Parameters
    ----------
    place         : where the progress is drawn; leaving the page, or the app's Stop, ends the checks as well
    with_variants : run the wrong variants of the claims too
    """
    chosen = set(ids) or set(list_exact(library, library.claims()))
    began = datetime.now(UTC)
    place.progress(0.0, text=f"Loading torch for {count_words(len(chosen), 'check')}")
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        report = Path(folder) / "report.json"
        options = ["--mutants", "--report", str(report)] if with_variants else []
        process = _start(library, [*sorted(chosen), *options], errors)
        try:
            while process.poll() is None:
                _draw_progress(library, chosen, began, place)
                time.sleep(_POLL_S)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=10)
        errors.seek(0)
        if process.returncode in (0, _UNEXPECTED) and _count_done(library, chosen, began) == len(chosen):
            return Checked(variants=_read_variants(report) if with_variants else ())
        last = [line for line in errors.read().splitlines() if line.strip()][-1:]
    return Checked(f"The checks could not be run: {''.join(last) or 'the command said nothing'}")


def list_exact(library: Library, cards: Iterable[ClaimCard]) -> list[str]:
    """Return which claims can be executed at once: the exact ones, the reader's own only where code is confined."""
    with_own = library.confinement().way != "none"
    return [card.id for card in cards if card.cost == "exact" and (with_own or not card.own)]


def _read_variants(report: Path) -> tuple[tuple[str, str], ...]:
    found = [
        one for claim in json.loads(report.read_text(encoding="utf-8"))["claims"] for one in claim["wrong_variants"]
    ]
    return tuple((one["name"], _tell_variant(one)) for one in found)


def _tell_variant(one: Mapping[str, Any]) -> str:
    told = f"{one['verdict'].replace('_', ' ')}, {show_number(one['measured'])}"
    return told if one["rejected"] else f"{told}: taken for right"


def _start(library: Library, arguments: Sequence[str], errors: IO[str]) -> "subprocess.Popen[str]":
    home = str(Path(kb.__file__).parents[1])
    path = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH", "")) if part)
    command = [sys.executable, "-m", "kb.cli", "--db", library.settings.db, "verify", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=errors, text=True, env=os.environ | {"PYTHONPATH": path}
    )


def _count_done(library: Library, chosen: set[str], began: datetime) -> int:
    return sum(1 for one in library.verdicts() if one.claim in chosen and moment_of(one) >= began)


def moment_of(verdict: Verdict) -> datetime:
    """Return when a claim was executed; the beginning of time where that is not known."""
    return (verdict.ran_at or datetime.min).replace(tzinfo=UTC)


def _draw_progress(
    library: Library, chosen: set[str], began: datetime, place: st.delta_generator.DeltaGenerator
) -> None:
    done = _count_done(library, chosen, began)
    seconds = (datetime.now(UTC) - began).total_seconds()
    text = f"{done} of {count_words(len(chosen), 'check')} done, {seconds:.0f} s"
    place.progress(done / len(chosen), text=text)
