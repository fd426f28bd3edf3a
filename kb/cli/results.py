"""A run on the command line: what it prints while it goes on, Ctrl-C, and how it ended."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from kb.cli.streams import STOPPED, complain, plain_lines, write_json

if TYPE_CHECKING:
    from kb.records import RunResult, Ticket

_LOOK_S = 0.1


def follow(
    ticket: "Ticket", *, as_json: bool, remarks: Sequence[str] = (), watch: "Callable[[Ticket], None] | None" = None
) -> None:
    """Print what a program prints as it comes, then how it ended; Ctrl-C cancels it.

    Parameters
    ----------
    watch : is given the ticket again and again while it goes on

    Raises
    ------
    typer.Exit : it did not end well (1), or was cancelled (130)
    """
    shown = 0
    try:
        while (result := ticket.wait(_LOOK_S)) is None:
            shown = shown if as_json else _write_lines(ticket.stdout, shown)
            if watch is not None:
                watch(ticket)
    except KeyboardInterrupt:
        ticket.cancel()
        result = ticket.wait()
    except BaseException:  # the reader of our output has seen enough
        ticket.cancel()
        ticket.wait()
        raise
    assert result is not None
    if as_json:
        write_json(result)
    else:
        if printed := result.stdout:
            _write_lines(printed if printed.endswith("\n") else f"{printed}\n", shown)
            sys.stdout.write("\n")
        print_run(replace(result, stdout=""), remarks)
    if result.status != "ok":
        told = result.message or "the program did not end well; its output says why"
        complain(f"{told if result.status == 'cancelled' else f'{result.status}: {told}'}{_tell_record(result)}")
        raise typer.Exit(STOPPED if result.status == "cancelled" else 1)


def print_run(result: "RunResult", remarks: Sequence[str] = ()) -> None:
    """Print the status, the figures in the way that suits them, and where the run is recorded."""
    from kb.cli.comparison import is_comparison, print_comparison
    from kb.cli.costs import is_costs, print_costs
    from kb.cli.figures import print_result
    from kb.cli.page import write
    from kb.cli.trained import is_training, print_training
    from kb.reference.variant import tell_shape

    known = ((is_comparison, print_comparison), (is_costs, print_costs), (is_training, print_training))
    print_result(result, next((show for is_such, show in known if is_such(result.figures)), None))
    for remark in filter(None, (*remarks, tell_shape(result.figures))):
        write((remark, "dim"), indent=2, hang=2)
    if result.status == "ok" and result.message:
        complain(result.message)


def _write_lines(text: str, start: int) -> int:
    """Write the whole lines of a text from a place on; return where the next line begins."""
    end = text.rfind("\n") + 1
    if end > start:
        sys.stdout.write(plain_lines(text[start:end]) + "\n")
        sys.stdout.flush()
    return max(start, end)


def _tell_record(result: "RunResult") -> str:
    return f" ('stemma show {result.key}')" if result.key else ""
