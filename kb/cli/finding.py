"""What is found: ``search``, ``similar``, ``show``."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.choices import Json, parse_choices, parse_years
from kb.cli.session import open_library, preload_model
from kb.cli.streams import to_json, write_json

if TYPE_CHECKING:
    from kb.library import Library
    from kb.records import Hit, SearchAnswer, SearchFilter

_KINDS = ("paper", "model", "hardware", "software", "concept", "code", "article")
_MODES = ("hybrid", "dense", "lexical")
_WAYS = ("text", "co-citation", "coupling")
_MARKS = str.maketrans("", "", "\x02\x03")


def search(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="QUERY", help="Words in English or Chinese.")],
    limit: Annotated[int, typer.Option(help="How many hits at most.")] = 10,
    kind: Annotated[
        str,
        typer.Option(metavar="KIND,...", help=f"Only these: {', '.join(_KINDS)}."),
    ] = "",
    year: Annotated[str, typer.Option(metavar="FROM:TO", help="Only these years; either end may be left out.")] = "",
    author: Annotated[str, typer.Option(metavar="NAME", help="Only papers by this author.")] = "",
    concept: Annotated[str, typer.Option(metavar="IDEA", help="Only what has to do with this idea.")] = "",
    mode: Annotated[str, typer.Option(metavar="MODE", help="hybrid, dense (meaning) or lexical (words).")] = "hybrid",
    as_json: Json = False,
) -> None:
    """Search papers, ideas and code, in English or Chinese.

    \b
    stemma search "who invented linear attention"
    stemma search 线性注意力 --kind paper --year 2017:
    """
    kinds = parse_choices(kind, _KINDS, "--kind")
    year_from, year_to = parse_years(year, "--year")
    (chosen,) = parse_choices(mode, _MODES, "--mode", most=1) or ("hybrid",)
    if chosen != "lexical":
        preload_model(context)
    with open_library(context) as library:
        from kb.records import SearchFilter

        slug = _slug_of(library, concept) if concept.strip() else ""
        wanted = SearchFilter(kinds, year_from, year_to, author.strip(), slug)
        answer = library.search(" ".join(words), limit=limit, wanted=wanted, mode=chosen)
        attached = library.snippet_counts()
    if as_json:
        _write_answer_json(answer)
    else:
        _print_answer(answer, wanted, attached)


def similar(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="A paper's identifier, or an idea's name.")],
    by: Annotated[str, typer.Option(metavar="WAY", help="text, co-citation, coupling or all.")] = "text",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many neighbours at most, each way.")] = 10,
    as_json: Json = False,
) -> None:
    """Show what is near a record by text or by citations."""
    (way,) = parse_choices(by, (*_WAYS, "all"), "--by", most=1) or ("text",)
    with open_library(context) as library:
        record = library.resolve(key)
        # Ideas and code neither cite nor are cited: of them all ways are one.
        every = _WAYS[:1] if record.startswith(("concept:", "code:")) else _WAYS
        found = {one: library.similar(record, one, limit) for one in (every if way == "all" else (way,))}
    if as_json:
        from dataclasses import asdict

        near = [{"by": one, **asdict(neighbour)} for one, those in found.items() for neighbour in those]
        write_json({"key": record, "neighbours": near})
        return
    from kb.cli.cards import print_neighbours

    for one, those in found.items():
        print_neighbours(one, those)


def show(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="A paper's identifier, or an idea's name.")],
    as_json: Json = False,
) -> None:
    """Show a paper, an idea or an article with its links, a recorded run, a snippet or a claim of yours."""
    if key.startswith("run:"):
        from kb.cli.runs import show_run

        show_run(context, key, as_json=as_json)
        return
    if key.startswith("snippet:"):
        from kb.cli.snippets import show as show_snippet

        show_snippet(context, key, as_json=as_json)
        return
    if key.startswith("own:"):
        from kb.cli.own_claims import show as show_claim

        show_claim(context, key, as_json=as_json)
        return
    with open_library(context) as library:
        view = library.show(key)
    from kb.records import ArticleView, PaperView

    kind = "paper" if isinstance(view, PaperView) else "article" if isinstance(view, ArticleView) else "concept"
    if as_json:
        told = to_json(view)
        assert isinstance(told, dict)
        write_json({"kind": kind, **told})
        return
    from kb.cli.article_card import print_article
    from kb.cli.cards import print_concept, print_paper

    if isinstance(view, PaperView):
        print_paper(view)
    elif isinstance(view, ArticleView):
        print_article(view, whole=True)
    else:
        print_concept(view)


def _slug_of(library: "Library", name: str) -> str:
    from kb.errors import NotFoundError

    key = library.resolve(name)
    if not key.startswith(("concept:", "code:")):
        raise NotFoundError(f"{key} is a paper; --concept takes an idea, for example linear-attention")
    return key.split(":", 1)[1]


def _write_answer_json(answer: "SearchAnswer") -> None:
    hits = [
        {
            "key": hit.key,
            "ids": hit.ids,
            "kind": hit.kind,
            "title": hit.title,
            "year": hit.year,
            "score": hit.score,
            "reasons": hit.reasons,
            "extract": hit.extract.translate(_MARKS),
        }
        for hit in answer.hits
    ]
    write_json({"query": answer.query, "took_ms": round(answer.took_ms, 3), "hits": hits})


def _print_answer(answer: "SearchAnswer", wanted: "SearchFilter", attached: Mapping[str, int]) -> None:
    from kb.cli.page import write

    if not answer.hits:
        narrowed = "; leave out an option that narrows the search" if wanted != type(wanted)() else ""
        write(f"nothing found for {answer.query!r}{narrowed or '; try other words'}")
        return
    if answer.nearest:
        write(("No text holds these words; these are the nearest in meaning.", "dim"))
    elif len(answer.searched_for) > 1:
        write((f"Searched for {', '.join(answer.searched_for)}.", "dim"))
    for number, hit in enumerate(answer.hits, start=1):
        _print_hit(number, hit, attached.get(hit.key.replace("code:", "concept:", 1), 0))


def _print_hit(number: int, hit: "Hit", attached: int) -> None:
    from kb.cli.page import write
    from kb.cli.words import count_words, reason_words, record_kind, year_part

    write(f"{number:>2}. ", (hit.title, "bold"), year_part(hit.year), hang=4)
    own = f"  {count_words(attached, 'snippet')} of your own" if attached else ""
    write((f"{record_kind(hit.kind)}  {hit.key}{own}", "dim"), indent=4)
    if hit.extract:
        write(*_mark(hit.extract), indent=4)
    write((reason_words(hit.reasons), "dim"), indent=4)
    write("")


def _mark(extract: str) -> list[str | tuple[str, str]]:
    """Return an extract in parts, the matched words bold."""
    before, *rest = extract.split("\x02")
    parts: list[str | tuple[str, str]] = [before]
    for piece in rest:
        matched, _, after = piece.partition("\x03")
        parts += [(matched, "bold"), after]
    return parts
