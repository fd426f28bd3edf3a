"""Tries whether the claims notice faults in the reference files: ``python -m tests.mutation.claims [IDEA...]``.

A mutant is noticed where an exact claim that executes the idea comes out otherwise than expected, as ``stemma
verify`` would report it. A claim tests a relation, not a file, so not every mutant has to be noticed: the report
gives the share, and with ``--survivors`` what none of the claims saw.
"""

import argparse
import os
import random
import signal
import sys
import time
from collections.abc import Sequence

from kb.claims.registry import list_claims
from kb.reference.registry import FOLDER, list_ideas
from tests.mutation.bench import PATIENCE_S, install
from tests.mutation.operators import list_mutants

_DRAWS = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the share of mutants that turn a claim red, by idea; return 1 where those of an idea never do."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation.claims", description=__doc__.partition("\n")[0])
    parser.add_argument("ideas", nargs="*", metavar="IDEA", help="slug; by default every idea")
    parser.add_argument(
        "--sample", type=int, default=40, help="so many mutants of an idea at most, drawn with a seed"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--survivors", action="store_true", help="print what no claim noticed")
    given = parser.parse_args(arguments)
    functions = {idea.slug: idea.function for idea in list_ideas()}
    if unknown := sorted(set(given.ideas) - set(functions)):
        parser.error(f"no idea is called {', '.join(unknown)}")
    import torch

    torch.set_num_threads(1)
    blind, all_noticed, all_tried = [], 0, 0
    for slug in given.ideas or functions:
        began = time.monotonic()
        claims = [card.id for card in list_claims() if slug in card.executes and card.cost == "exact"]
        if red := find_red(functions[slug], "", claims):
            sys.exit(f"{slug} as it ships turns {red} red: correct that first")
        mutants = list_mutants((FOLDER / f"{functions[slug]}.py").read_text(encoding="utf-8"))
        chosen = random.Random(given.seed).sample(mutants, min(given.sample, len(mutants)))
        survivors = [one for one in chosen if not find_red(functions[slug], one.code, claims)]
        noticed = len(chosen) - len(survivors)
        all_noticed, all_tried = all_noticed + noticed, all_tried + len(chosen)
        blind += [] if noticed else [slug]
        print(
            f"{slug}: {noticed} of {len(chosen)} mutants turn one of {len(claims)} claims red; "
            f"{time.monotonic() - began:.0f} s",
            flush=True,
        )
        for one in survivors if given.survivors else ():
            print(f"  {one.line}: {one.kind}: {one.name}")
    print(f"all: {all_noticed} of {all_tried}, {all_noticed / max(all_tried, 1):.0%}")
    return int(bool(blind))


def find_red(function: str, code: str, claims: Sequence[str]) -> str:
    """Return the first claim that comes out otherwise than expected with this text in an idea's place, in a fork.

    Parameters
    ----------
    code : the text of the reference file; the shipped one where it is empty
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        said = "the run itself"
        try:
            signal.setitimer(signal.ITIMER_REAL, PATIENCE_S)
            silent = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(silent, stream)
            said = (install(function, code) if code else "") or _first_red(claims)
        finally:
            os.write(writer, said.encode())
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        said = answer.read()
    _, status = os.waitpid(child, 0)
    return "out of time" if os.WIFSIGNALED(status) else said


def _first_red(claims: Sequence[str]) -> str:
    from kb.claims.verify import run_claim

    for claim in claims:
        verdict = run_claim(claim, draws=_DRAWS)
        if verdict.verdict != verdict.expected:
            return claim
    return ""


if __name__ == "__main__":
    sys.exit(main())
