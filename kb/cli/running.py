"""What runs: reference implementations and a user's own code, alone or compared: ``ideas``, ``run``, ``compare``."""

from typing import Annotated

import typer

from kb.cli.choices import Json, parse_settings
from kb.cli.own_code import Like, is_code, parameters_line, read_for_run, read_ideas
from kb.cli.results import follow
from kb.cli.session import open_library
from kb.cli.streams import write_json

Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter or a size; may be repeated.")
]
Seed = Annotated[int, typer.Option(min=0, help="What the random inputs and weights depend on.")]


def ideas(context: typer.Context, as_json: Json = False) -> None:
    """List the ideas that can be run, and what can be set."""
    with open_library(context) as library:
        found = library.ideas()
    if as_json:
        from dataclasses import asdict

        write_json({"ideas": [{k: v for k, v in asdict(one).items() if k != "code"} for one in found]})
        return
    from kb.cli.page import write

    for idea in found:
        write((idea.slug, "bold"), (f"  {idea.form}", "dim"))
        write(idea.title, indent=2)
        if idea.parameters or idea.gates:
            write((parameters_line([*idea.parameters, *idea.gates]), "dim"), indent=2, hang=2)


def run(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="IDEA|snippet:N|FILE.py", help="An idea, or code of your own: - reads it.")
    ],
    settings: Settings = None,
    seed: Seed = 0,
    like: Like = "",
    as_json: Json = False,
) -> None:
    """Run an idea on its standard input, or code of your own, confined.

    \b
    stemma run linear-attention --set T=32 --set form=recurrent
    stemma run snippet:12 --set decay=0.5
    stemma run mine.py --like linear-attention
    """
    given = parse_settings(settings or [])
    if like and not is_code(name):
        raise typer.BadParameter("only a file is like an idea; a snippet keeps what it is like", param_hint="--like")
    remarks: tuple[str, ...] = ()
    with open_library(context) as library:
        if is_code(name):
            address, own, reading = read_for_run(library, name, like)
            ticket = library.begin_snippet(address, own.code, given, seed=seed, reading=reading)
            remarks = reading.remarks
        else:
            ticket = library.begin_run(name, given, seed=seed)
        follow(ticket, as_json=as_json, remarks=remarks)


def compare(
    context: typer.Context,
    names: Annotated[
        list[str], typer.Argument(metavar="IDEA IDEA...", help="Two to four of one form: ideas, snippet:N, FILE.py.")
    ],
    settings: Settings = None,
    seed: Seed = 0,
    layers: Annotated[int, typer.Option(min=1, max=64, help="Copies in the stack whose gradients are measured.")] = 8,
    as_json: Json = False,
) -> None:
    """Run ideas on the same inputs: outputs, costs, growth and gradients side by side.

    A setting goes to every idea that has it; IDEA.NAME=VALUE or 2.NAME=VALUE goes to one. A file of your own takes
    its form, gates and weights from the first idea that is named.

    \b
    stemma compare linear-attention fast-weight-programmer --set normalise=false
    stemma compare linear-attention mine.py --set 2.decay=0.5
    """
    given = parse_settings(settings or [])
    with open_library(context) as library:
        follow(library.begin_compare(read_ideas(library, names), given, seed=seed, layers=layers), as_json=as_json)


def costs(
    context: typer.Context,
    names: Annotated[
        list[str], typer.Argument(metavar="IDEA...", help="One to eight of any form: ideas, snippet:N, FILE.py.")
    ],
    settings: Settings = None,
    along: Annotated[
        str, typer.Option("--along", metavar="T|D|H|K|...", help="The size along which costs are followed.")
    ] = "T",
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Measure what ideas cost, as functions of their sizes.

    Operations, numbers held and paths are counted by executing the code; formulas are found from these counts.

    \b
    stemma costs scaled-dot-product-attention linear-attention
    stemma costs pre-ln --along D --set T=64
    """
    given = parse_settings(settings or [])
    with open_library(context) as library:
        follow(library.begin_costs(read_ideas(library, names), given, seed=seed, along=along), as_json=as_json)
