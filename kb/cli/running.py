"""What runs: reference implementations (``ideas``, ``run``, ``compare``) and a user's own programs (``attach``)."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.choices import Json, parse_settings, read_code
from kb.cli.session import open_library
from kb.cli.streams import complain, write_json

if TYPE_CHECKING:
    from kb.records import Idea, RunResult

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
            write((_describe_parameters(idea), "dim"), indent=2, hang=2)


def run(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="IDEA|FILE.py", help="An idea, or a program of your own.")],
    settings: Settings = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Run an idea, or a program of your own, confined.

    \b
    stemma run linear-attention --set T=32 --set form=recurrent
    stemma run mine.py
    """
    given, file = parse_settings(settings or []), Path(name)
    code = read_code(file) if file.suffix == ".py" else None
    if code is not None and (given or seed):
        raise typer.BadParameter("a program of your own takes no --set and no --seed", param_hint=name)
    with open_library(context) as library:
        result = library.run(name, given, seed=seed) if code is None else library.run_snippet(file.name, code)
    _tell(result, as_json)


def compare(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="IDEA IDEA...", help="Two to four ideas of one form.")],
    settings: Settings = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Run ideas on the same inputs and compare their outputs.

    A setting goes to every idea that has it; IDEA.NAME=VALUE goes to one.
    """
    given = parse_settings(settings or [])
    with open_library(context) as library:
        result = library.compare(names, given, seed=seed)
    _tell(result, as_json)


def attach(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="A paper's identifier, or an idea's name.")],
    file: Annotated[Path, typer.Argument(metavar="FILE.py", help="A Python program.")],
) -> None:
    """Keep a program of your own with a paper or an idea."""
    code = read_code(file)
    with open_library(context) as library:
        snippet = library.attach(key, file.name, code)
    typer.echo(f"{snippet.name} is attached to {snippet.key}")


def _tell(result: "RunResult", as_json: bool) -> None:
    """Print how a program ended; where it did not end well, say so and leave with exit code 1."""
    if as_json:
        write_json(result)
    else:
        from kb.cli.figures import print_result

        print_result(result)
    if result.status != "ok":
        complain(f"{result.status}: {result.message or 'the program did not end well; its output says why'}")
        raise typer.Exit(1)


def _describe_parameters(idea: "Idea") -> str:
    told = []
    for one in (*idea.parameters, *idea.gates):
        span = f" ({one.low:g}..{one.high:g})" if one.low is not None and one.high is not None else ""
        choices = f" ({' | '.join(one.choices)})" if one.choices else ""
        default = str(one.default).lower() if isinstance(one.default, bool) else f"{one.default}"
        told.append(f"{one.name}={default}{span}{choices}")
    return ", ".join(told)
