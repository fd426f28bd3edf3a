"""``claim``: claims of a user's own are begun from a template, kept, listed, shown, executed, changed and removed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.choices import Json
from kb.cli.claim_words import claim_json, kept_line, run_and_tell, tell_taken, write_new
from kb.cli.own_code import STDIN, is_code, read_own
from kb.cli.session import open_library
from kb.cli.snippets import confirm, write_files
from kb.cli.streams import complain, write_json
from kb.errors import InvalidQueryError, NotFoundError

if TYPE_CHECKING:
    from kb.library import Library
    from kb.records import OwnClaim

Name = Annotated[str, typer.Argument(metavar="CLAIM", help="One of yours: own:3, or the id that its file gives it.")]
group = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="Write a claim of your own, keep it, execute it confined."
)


@group.command()
def new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Its id, words with hyphens.")] = "",
    between: Annotated[
        tuple[str, str] | None,
        typer.Option("--between", metavar="IDEA IDEA", help="Two ideas of one form, or variants: snippet:12."),
    ] = None,
    out: Annotated[str, typer.Option("--out", metavar="FILE.py", help="Write it there; else it is printed.")] = "",
) -> None:
    """Write a claim to begin with, which runs as it stands.

    \b
    stemma claim new my-claim --between delta-rule gated-delta-rule --out mine.py
    """
    with open_library(context) as library:
        text = library.claim_template(name, between or ())
    write_new(text, out)


@group.command()
def add(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE.py", help="A claim; - for standard input; a folder or a zip.")],
    as_json: Json = False,
) -> None:
    """Keep a claim. One with the id of a claim of yours becomes a new version of it."""
    with open_library(context) as library:
        path = Path(file)
        if path.is_dir() or (file.endswith(".zip") and path.exists()):
            tell_taken(*library.add_claim_set(path), as_json=as_json)
            return
        code = read_own(file).code
        before = {one.name: one.version for one in library.own_claims()}
        claim = library.add_claim(code, path.name if file != STDIN else "standard input")
    if as_json:
        write_json(claim_json(claim))
        return
    from kb.cli.page import write

    is_same = before.get(claim.name) == claim.version
    told = ", the same code as before" if is_same else f", version {claim.version}" if claim.version > 1 else ""
    write(f"{claim.name} is kept as {claim.address}{told}; 'stemma claim run {claim.address}' executes it")


@group.command("list")
def list_all(context: typer.Context, as_json: Json = False) -> None:
    """List your claims with their newest verdicts."""
    with open_library(context) as library:
        claims, verdicts = library.own_claims(), {one.claim: one for one in library.verdicts()}
    if as_json:
        write_json({"claims": [claim_json(one, verdicts.get(one.address)) for one in claims]})
        return
    from kb.cli.page import write
    from kb.cli.words import verdict_part

    for one in claims:
        verdict = verdicts.get(one.address)
        sign = verdict_part(verdict.verdict, verdict.stale) if verdict else verdict_part("not_run")
        write(sign, "  ", (one.name, "bold"), (f"  {one.address}", "dim"))
        write(one.card.statement if one.card else f"cannot be read any more: {one.trouble}", indent=2)
        write((kept_line(one), "dim"), indent=2)
    if not claims:
        write("no claim of your own is kept; 'stemma claim new' writes one to begin with")


@group.command()
def show(
    context: typer.Context,
    name: Name,
    version: Annotated[int | None, typer.Option(min=1, help="What it was before: the number of a version.")] = None,
    as_json: Json = False,
) -> None:
    """Show a claim: what it says, its verdict, its code and its versions."""
    with open_library(context) as library:
        claim = library.own_claim(name)
        earlier = [one.version for one in library.own_claim_versions(claim)]
        code = _code_of(library, claim, version)
        verdict = {one.claim: one for one in library.verdicts()}.get(claim.address)
    if as_json:
        write_json({**claim_json(claim, verdict), "code": code, "versions": earlier})
        return
    from kb.cli.page import write, write_lines
    from kb.cli.verdicts import print_verdict

    if claim.card:
        print_verdict(claim.card, verdict)
    else:
        write((claim.name, "bold"), f"  cannot be read any more: {claim.trouble}", hang=2)
    write((kept_line(claim), "dim"), indent=2)
    write("")
    write_lines(code, indent=2)


@group.command()
def run(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="CLAIM|FILE.py", help="One of yours, or a file; - reads it.")],
    seed: Annotated[int, typer.Option(min=0, help="What the random inputs depend on.")] = 0,
    as_json: Json = False,
) -> None:
    """Execute a claim and its wrong variants, confined. Of one that is kept the verdict is recorded.

    The exit code is 1 where the verdict is not the expected one, or a wrong variant is not rejected.
    """
    with open_library(context) as library:
        if is_code(name):
            told = Path(name).name if name != STDIN else "standard input"
            code = read_own(name).code
            card = library.read_claim(code, told)
            ticket = library.begin_claim_code(code, name=told, seed=seed)
        else:
            claim = _own(library, name)
            ticket = library.begin_claim(claim, seed=seed)
            assert claim.card is not None  # begin_claim refuses what cannot be read
            card = claim.card
        run_and_tell(library, card, ticket, seed=seed, as_json=as_json)


@group.command()
def edit(
    context: typer.Context,
    name: Name,
    file: Annotated[str, typer.Argument(metavar="[FILE.py]", help="Its new text; - for standard input.")] = "",
    back_to: Annotated[
        int | None, typer.Option("--back-to", min=1, metavar="VERSION", help="Take an earlier version.")
    ] = None,
) -> None:
    """Change a claim; what it was before stays as a version."""
    if bool(file) == bool(back_to):
        raise typer.BadParameter("give a file, or --back-to VERSION", param_hint="edit")
    with open_library(context) as library:
        before = library.own_claim(name)
        code = _code_of(library, before, back_to) if back_to else read_own(file).code
        after = library.change_claim(before, code)
    told = f"version {after.version}" if after.version != before.version else "the same code as before"
    typer.echo(f"{after.address} is kept: {after.name}, {told}")


@group.command()
def remove(
    context: typer.Context, name: Name, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Remove a claim, with all its versions; what ran of it stays recorded."""
    with open_library(context) as library:
        claim = library.own_claim(name)
        if not confirm(f"Remove {claim.name!r} ({kept_line(claim)}) for good?", claim.name, yes=yes):
            complain(f"{claim.address} stays")
            raise typer.Exit(1)
        library.remove_claim(claim)
    typer.echo(f"{claim.address} is removed")


@group.command()
def export(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="CLAIM|all...", help="Which claims.")],
    to: Annotated[str, typer.Argument(metavar="FILE", help="FILE.py for one (- to print it), SET.zip or a folder.")],
) -> None:
    """Write claims as files; 'stemma claim add' takes them back."""
    with open_library(context) as library:
        every = library.own_claims()
        chosen = every if names == ["all"] else [library.own_claim(one) for one in dict.fromkeys(names)]
        if not chosen:
            raise NotFoundError("no claim of your own is kept, so nothing was exported")
        files = library.export_claims(chosen)
    write_files(files, to, "claims")


def _own(library: "Library", name: str) -> "OwnClaim":
    """Return a claim of the user's; of one that ships say how it is executed."""
    try:
        return library.own_claim(name)
    except NotFoundError:
        if any(one.id == name.strip().casefold() for one in library.claims()):
            raise InvalidQueryError(f"{name} is a claim that ships: 'stemma verify {name}' executes it") from None
        raise


def _code_of(library: "Library", claim: "OwnClaim", version: int | None) -> str:
    if version is None or version == claim.version:
        return claim.code
    for one in library.own_claim_versions(claim):
        if one.version == version:
            return one.code
    raise NotFoundError(f"{claim.address} has no earlier version {version}: the newest is {claim.version}")
