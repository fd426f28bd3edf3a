"""Tries whether the tests of the reference files notice faults: ``python -m tests.mutation [IDEA...]``.

Why not a library. mutmut 3 (BSD-3-Clause) and cosmic-ray 8 (MIT) are well kept, but they know Python, not tensors: of
what goes wrong in these files, such as letters of an einsum, a slice, a dropped term or call, an exchanged weight, a
cut gradient, they change signs, comparisons and numbers. They also start from a changed file on disk; our tests read
the shipped text, too, and cosmic-ray starts a process a mutant, of which torch alone takes seconds. So the mutants
are ours, as a table of operators, and pytest runs the tests.
"""

import argparse
import sys
import time
from collections.abc import Sequence

from kb.reference.registry import FOLDER, list_ideas
from tests.mutation.bench import Bench, Outcome, open_bench, own_tests
from tests.mutation.operators import list_mutants
from tests.mutation.record import Record, explain, hash_code, read_record, write_record
from tests.mutation.source import Mutant


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the mutants of the ideas that are named, or of all; return 1 where one survives without an explanation."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.partition("\n")[0])
    parser.add_argument("ideas", nargs="*", metavar="IDEA", help="slug or function name; by default every idea")
    parser.add_argument(
        "--only-survivors", action="store_true", help="try again what survived last; nothing is recorded"
    )
    parser.add_argument("--dry-run", action="store_true", help="run them, but leave the record as it is")
    parser.add_argument("--list", action="store_true", help="print the mutants and run none")
    given = parser.parse_args(arguments)
    shipped = [idea.function for idea in list_ideas()]
    ideas = [name.replace("-", "_") for name in given.ideas] or shipped
    if unknown := sorted(set(ideas) - set(shipped)):
        parser.error(f"no reference file is called {', '.join(unknown)}")
    if given.list:
        for idea in ideas:
            for mutant in list_mutants(_read(idea)):
                print(f"{idea}:{mutant.line}: {mutant.kind}: {mutant.name}")
        return 0
    unexplained = []

    def work(bench: Bench) -> None:
        for idea in ideas:
            unexplained.extend(_try(bench, idea, given))

    code = open_bench(ideas, work)
    return int(bool(unexplained)) if code in (0, 5) else code


def _read(idea: str) -> str:
    return (FOLDER / f"{idea}.py").read_text(encoding="utf-8")


def _try(bench: Bench, idea: str, given: argparse.Namespace) -> list[str]:
    """Run an idea's mutants, write the record, print what came of it; return the survivors without a reason."""
    began, code, before = time.monotonic(), _read(idea), read_record(idea)
    trial = bench.trial(idea)
    mutants = list_mutants(code)
    chosen = [one for one in mutants if not given.only_survivors or before is None or one.name in before.survivors]
    outcomes: list[tuple[Mutant, Outcome]] = [(mutant, trial(mutant.code)) for mutant in chosen]
    survivors = explain([mutant.name for mutant, outcome in outcomes if not outcome.is_killed], before)
    record = Record(
        code=hash_code(code),
        tests=hash_code(own_tests(idea).read_text(encoding="utf-8")),
        mutants=len(mutants),
        survivors=survivors,
        out_of_time=sum(outcome.by == "out of time" for _, outcome in outcomes),
        by_contract=sum(outcome.by_contract for _, outcome in outcomes),
    )
    if not (given.dry_run or given.only_survivors):
        write_record(idea, record)
    took_s = time.monotonic() - began
    print(
        f"{idea}: {record.mutants} mutants, {len(survivors)} survive, {len(record.unexplained)} of them unexplained; "
        f"{record.by_contract} noticed by the contracts alone, {record.out_of_time} out of time; {took_s:.0f} s",
        flush=True,
    )
    for mutant, outcome in outcomes:
        if not survivors.get(mutant.name, "explained"):
            print(f"  {mutant.line}: {mutant.kind}: {mutant.name}")
        elif outcome.by_contract:
            print(f"  {mutant.line}: by contract: {mutant.kind}: {mutant.name}")
    return record.unexplained


if __name__ == "__main__":
    sys.exit(main())
