"""Small trainings, side by side: ``train``."""

from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.choices import Json, parse_settings
from kb.cli.meter import Meter
from kb.cli.own_code import parameters_line, read_ideas
from kb.cli.results import follow
from kb.cli.running import Settings
from kb.cli.session import open_library
from kb.cli.streams import write_json

if TYPE_CHECKING:
    from kb.records import Ticket, TrainingTask


def train(
    context: typer.Context,
    task: Annotated[str, typer.Argument(metavar="TASK", help="What is learned; --list tells of all.")] = "",
    names: Annotated[
        list[str] | None, typer.Argument(metavar="IDEA...", help="One to four: ideas, snippet:N, FILE.py.")
    ] = None,
    settings: Settings = None,
    steps: Annotated[int | None, typer.Option(min=1, help="How many; each task has its own default.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, max=5, help="Train under so many seeds.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="What sequences and first weights depend on.")] = 0,
    listed: Annotated[bool, typer.Option("--list", help="Tell what can be learned and set.")] = False,
    as_json: Json = False,
) -> None:
    """Train small models around ideas on a task, all on the same batches, and set that beside the literature.

    A setting of the task or the training goes to all; one of an idea to every idea that has it, IDEA.NAME=VALUE or
    2.NAME=VALUE to one.

    \b
    stemma train --list
    stemma train multi-query-recall scaled-dot-product-attention linear-attention deltanet
    stemma train copying lstm mine.py --set length=8 --steps 300 --seeds 3
    """
    if not listed and not (task and names):
        raise typer.BadParameter("name a task and at least one idea; --list tells of the tasks", param_hint="TASK")
    given = parse_settings(settings or [])
    for name, value in (("steps", steps), ("seeds", seeds)):
        if value is not None and given.setdefault(name, value) != value:
            raise typer.BadParameter(f"{name} is set twice", param_hint=f"--{name}")
    with open_library(context) as library:
        if listed:
            tasks = [one for one in library.training_tasks() if task in ("", one.slug)]
            write_json({"tasks": tasks}) if as_json else _print_tasks(tasks)
            return
        ticket = library.begin_train(task, read_ideas(library, names or []), given, seed=seed)
        with Meter() as meter:
            follow(ticket, as_json=as_json, watch=_Steps(meter).look)


class _Steps:
    """Tells how many steps are taken, whenever there are more."""

    def __init__(self, meter: Meter) -> None:
        self._meter, self._told = meter, 0

    def look(self, ticket: "Ticket") -> None:
        progress = ticket.figures.get("progress")
        if isinstance(progress, dict) and progress["step"] > self._told:
            self._told = progress["step"]
            self._meter.tell("training", self._told, progress["steps"])


def _print_tasks(tasks: "list[TrainingTask]") -> None:
    from kb.cli.page import write

    for one in tasks:
        write((one.slug, "bold"), (f"  {one.name}", "dim"))
        write(one.asks, indent=2)
        for told in (one.scored, f"Separates: {one.separates}", one.evidence):
            write((told, "dim"), indent=2, hang=2)
        write((parameters_line([*one.sizes, *one.training]), "dim"), indent=2, hang=2)
