"""What comes in: ``build`` from the shipped files, ``add`` from the network, ``import`` from local files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.choices import parse_choices
from kb.cli.meter import Meter
from kb.cli.session import open_library
from kb.cli.streams import complain
from kb.cli.words import count_words
from kb.errors import InvalidQueryError, KBError, NotFoundError

if TYPE_CHECKING:
    from kb.library import Library
    from kb.records import ImportReport

_SOURCES = ("arxiv", "s2", "openalex", "all")
_SKIPPED_SHOWN = 10
NoEmbed = Annotated[bool, typer.Option("--no-embed", help="Leave the vectors for later; 'stemma build' makes them.")]


def build(context: typer.Context) -> None:
    """Create the library, or bring it up to date.

    It is made of the files that come with Stemma; what you added, attached or ran stays as it is. Every other command
    does this by itself where it is needed.
    """
    with open_library(context, build=False) as library:
        with Meter() as meter:
            made = library.build(meter.tell)
        held = f"{count_words(library.paper_count(), 'paper')}, {count_words(len(library.concepts()), 'idea')}"
        typer.echo(f"{held}; {count_words(made, 'text')} embedded: {library.settings.db}")


def add(
    context: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Identifiers of papers.")] = None,
    query: Annotated[str, typer.Option(metavar="TEXT", help="Add what arXiv finds, for example ti:attention.")] = "",
    most: Annotated[int, typer.Option("--max", min=1, metavar="N", help="How many papers of a query at most.")] = 10,
    references: Annotated[bool, typer.Option("--references", help="The papers that they cite, too.")] = False,
    source: Annotated[str, typer.Option(metavar="SOURCE", help="Where from: arxiv.")] = "arxiv",
    no_embed: NoEmbed = False,
) -> None:
    """Fetch papers from arXiv by identifier or by a query.

    They are linked to what is here and made searchable. Ctrl-C loses nothing that was fetched.

    \b
    stemma add 2405.21060 2312.00752
    stemma add --query "ti:linear AND ti:attention" --max 20
    """
    _check_source(source, references)
    if bool(ids) == bool(query.strip()):
        raise typer.BadParameter("give either identifiers or --query TEXT", param_hint="ID")
    with open_library(context) as library:
        with Meter() as meter:
            if ids:
                report = library.add(ids, meter.count("fetching"))
            else:
                meter.tell(f"asking arXiv for {query.strip()!r}", 0, None)
                report = library.add_query(query, most)
        with Meter() as meter:
            library.tag(meter.tell)
        _print_report(library, report)
        _embed(library, no_embed)
    if ids and report.skipped:
        raise NotFoundError(f"{len(report.skipped)} of {len(ids)} not added: {report.skipped[0].reason}")
    if not ids and not report.read:
        raise NotFoundError(f"arXiv finds nothing for {query.strip()!r}; try other words, or ti:attention")


def import_files(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files, compressed or not.")],
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="auto, s2, arxiv or article.")] = "auto",
    no_embed: NoEmbed = False,
) -> None:
    """Take the papers of local files, or an article that mentions papers.

    They are linked to what is here and made searchable. A web page is taken as an article by itself; for the text of
    one say --format article. Compressed files are read as they are; an import that was
    broken off goes on where it was when the same command is given again.
    """
    failures: list[KBError] = []
    with open_library(context) as library:
        for file in files:
            try:
                with Meter() as meter:
                    report = library.import_file(file, form, meter.count(f"importing {file.name}"))
            except KBError as error:
                failures.append(error)
                continue
            with Meter() as meter:
                library.tag(meter.tell)
            _print_report(library, report)
            if report.skipped and not report.read and not report.resumed_at:
                failures.append(InvalidQueryError(f"{file}: no record in it can be taken; see the reasons above"))
        if len(failures) < len(files):
            _embed(library, no_embed)
    for failure in failures[:-1]:
        complain(str(failure))
    if failures:
        raise failures[-1]


def _check_source(source: str, references: bool) -> None:
    (chosen,) = parse_choices(source, _SOURCES, "--source", most=1) or ("arxiv",)
    if chosen != "arxiv":
        raise InvalidQueryError(f"--source {chosen} is not yet served; leave it out, and arXiv is asked")
    if references:
        raise InvalidQueryError(
            "--references is not yet served: arXiv gives no lists of references; import a Semantic Scholar file"
        )


def _embed(library: "Library", later: bool) -> None:
    if later:
        return
    with Meter() as meter:
        made = library.embed(meter.tell)
    if made:
        typer.echo(f"{count_words(made, 'text')} embedded")


def _print_report(library: "Library", report: "ImportReport") -> None:
    from kb.cli.page import write

    if report.article:
        from kb.cli.article_card import print_article
        from kb.records import ArticleView

        # Read again: its ideas are known only now.
        view = library.show(report.article.article.key)
        assert isinstance(view, ArticleView)
        outcome = "added" if report.added else "updated" if report.updated else "unchanged"
        write(f"{report.file}: {outcome} in {report.seconds:.1f} s")
        print_article(view, whole=False)
        return
    told = f"{report.added:,} added, {report.updated:,} updated, {report.unchanged:,} unchanged"
    links = f"{count_words(report.linked, 'citation')} linked, {report.left_open:,} left open"
    resumed = f", going on behind the first {report.resumed_at:,}" if report.resumed_at else ""
    write(f"{report.file}: {told}; {links}; {report.seconds:.1f} s{resumed}")
    if report.for_review:
        write(f"{count_words(report.for_review, 'record')} for review: 'stemma doctor' lists them", indent=2)
    for one in report.skipped[:_SKIPPED_SHOWN]:
        write(f"skipped {one.place:,}: {one.reason}", indent=2, hang=2)
    if len(report.skipped) > _SKIPPED_SHOWN:
        write(f"and {len(report.skipped) - _SKIPPED_SHOWN:,} more skipped", indent=2)
