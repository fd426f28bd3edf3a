"""One record set for reading: a paper with its links, an idea with its lineage; and lists of neighbours."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from kb.cli.page import write, write_heading, write_rows
from kb.cli.snippet_words import kept_when
from kb.cli.words import authors_line, count_words, kind_words, mention_parts, verdict_part, year_part

if TYPE_CHECKING:
    from kb.records import ConceptView, Divergence, LineageEdge, Mention, Neighbour, Paper, PaperView, Snippet

_WAYS = {
    "text": "Near in meaning",
    "co-citation": "Cited together with it",
    "coupling": "Citing the same works",
}
_MOST = 30
"""How many lines a list of links has; the whole of it is in the JSON."""


def print_paper(view: "PaperView") -> None:
    """Print a paper: who, when, what it says, its ideas, what it cites and who cites it, its ledger."""
    paper = view.paper
    _print_head(paper)
    for text in (paper.summary, paper.summary_zh, "" if paper.summary else paper.abstract):
        if text:
            write("")
            write(text, indent=2)
    _print_mentions("Ideas", view.ideas)
    _print_divergences(view.divergences)
    _print_mentions("Cites", view.cites)
    _print_mentions("Cited by", view.cited_by)
    if view.open_citations:
        write_heading(f"Cites, not in this library ({len(view.open_citations):,})")
        open_ones = [(f"{one.title or one.key}", one.key or "") for one in view.open_citations]
        _print_list([(title, (f"  {key}" if key != title else "", "dim")) for title, key in open_ones])
    _print_mentions("Mentioned by articles", view.articles)
    _print_ledger(view)
    _print_snippets(view.snippets)


def print_concept(view: "ConceptView") -> None:
    """Print an idea: what it is, where it comes from and what came of it, its papers, code and claims."""
    concept = view.concept
    write((concept.name, "bold"), f"  {concept.name_zh}" if concept.name_zh else "", year_part(concept.introduced))
    write((f"{concept.key}  {concept.family}", "dim"), indent=2)
    if concept.aliases:
        write(("also " + ", ".join(concept.aliases), "dim"), indent=2)
    for text in (concept.definition, concept.definition_zh, concept.equation):
        if text:
            write("")
            write(text, indent=2)
    if view.introduced_by:
        write_heading("Introduced by")
        write(*mention_parts(view.introduced_by, with_note=False), indent=2, hang=2)
    _print_edges("Comes from", view.ancestors, view)
    _print_edges("Led to", view.descendants, view)
    _print_divergences(view.divergences)
    _print_mentions("Papers", view.papers)
    _print_claims(view)
    if view.idea:
        write_heading("Reference implementation")
        settings = " ".join(parameter.name for parameter in view.idea.parameters)
        write(f"stemma run {view.idea.slug}", (f"  settings: {settings}" if settings else "", "dim"), indent=2)
    _print_snippets(view.snippets)


def print_neighbours(way: str, neighbours: "Sequence[Neighbour]") -> None:
    """Print what is near a record in one way, nearest first."""
    write((_WAYS[way], "bold"))
    for near in neighbours:
        figure = f"{near.score:.2f}" + (f"  {near.count:,} shared" if near.count else "")
        write(f"{figure}  ", near.title, year_part(near.year), (f"  {near.key}", "dim"), indent=2, hang=6)
    if not neighbours:
        write(("none in this library", "dim"), indent=2)
    write("")


def _print_head(paper: "Paper") -> None:
    write((paper.title, "bold"), f"  {paper.title_zh}" if paper.title_zh else "", year_part(paper.year))
    if authors := authors_line(paper.authors, paper.authors_more, shown=8):
        write(authors, indent=2)
    kind = "" if paper.kind == "paper" else paper.kind
    told = [kind, paper.venue, paper.published_on.isoformat() if paper.published_on else "", paper.family]
    write((", ".join(one for one in told if one), "dim"), indent=2)
    ids = [f"{scheme}:{value}" for scheme, value in paper.ids.items() if f"{scheme}:{value}" != paper.key]
    write(("  ".join([paper.key, *ids, *filter(None, [paper.url])]), "dim"), indent=2)


def _print_mentions(heading: str, mentions: "Sequence[Mention]") -> None:
    if mentions:
        write_heading(f"{heading} ({len(mentions):,})")
        _print_list([mention_parts(one) for one in mentions])


def _print_list(lines: Sequence[Iterable[str | tuple[str, str]]]) -> None:
    for parts in lines[:_MOST]:
        write(*parts, indent=2, hang=2)
    if len(lines) > _MOST:
        write((f"and {len(lines) - _MOST:,} more: --json lists them all", "dim"), indent=2)


def _print_edges(heading: str, edges: "Sequence[LineageEdge]", view: "ConceptView") -> None:
    from kb.library.layer_words import tell_cited, tell_executed

    if not edges:
        return
    write_heading(f"{heading} ({len(edges):,})")
    for edge in edges:
        names = [view.names.get(slug, slug) for slug in (edge.descendant, edge.ancestor)]
        write(f"{names[0]} {kind_words(edge.kind)} {names[1]}", indent=2, hang=2)
        evidence = "; ".join(f"{one.paper}, {one.locator}" for one in edge.evidence)
        layers = view.layers_of(edge)
        sign = verdict_part(layers.verdict, layers.stale)[0][:2] if layers.verdict else ""
        write((f"{tell_cited(layers)}; claimed: {evidence}; {sign}{tell_executed(layers)}", "dim"), indent=4, hang=2)
        if edge.unclaimed:
            write((f"why nothing executes it: {edge.unclaimed}", "dim"), indent=4, hang=2)
        if edge.note:
            write(edge.note, indent=4)
        for one in edge.positions:
            write(f"{one.held_by}: {one.says}", (f"  {one.paper}, {one.locator}", "dim"), indent=6, hang=2)


def _print_divergences(divergences: "Sequence[Divergence]") -> None:
    if not divergences:
        return
    write_heading(f"Where paper and code part ({len(divergences):,})")
    for one in divergences:
        write((one.title, "bold"), indent=2)
        rows = [("the paper", one.prints, one.prints_at), ("its code", one.code, one.code_at), ("here", one.here, "")]
        for who, what, where in rows:
            if what:
                write((f"{who:<10}", "dim"), what, (f"  {where}" if where else "", "dim"), indent=4, hang=10)
        if one.note:
            write((one.note, "dim"), indent=4)


def _print_claims(view: "ConceptView") -> None:
    if not view.claims:
        return
    write_heading(f"Claims that execute ({len(view.claims):,})")
    for card, verdict in view.claims:
        sign = verdict_part(verdict.verdict, verdict.stale) if verdict else verdict_part("not_run")
        write(sign, f"  {card.id}", indent=2, hang=2)
        write(card.statement, indent=4)


def _print_ledger(view: "PaperView") -> None:
    if not view.ledger:
        return
    write_heading("Where its citations come from")
    rows = []
    for entry in view.ledger:
        unnamed = f"{entry.cites_untitled:,} without an identifier" if entry.cites_untitled else ""
        rows.append((entry.origin, count_words(entry.cites_given, "citation"), unnamed))
    if view.paper.listed_count is not None:
        rows.append(("announced", count_words(view.paper.listed_count, "reference"), ""))
    write_rows(rows)


def _print_snippets(snippets: "Sequence[Snippet]") -> None:
    if snippets:
        write_heading(f"Code of your own ({len(snippets):,})")
        write_rows([(one.name, f"stemma run {one.address}", kept_when(one)) for one in snippets])
