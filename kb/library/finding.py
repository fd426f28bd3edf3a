"""Find a record by what a reader calls it, and gather what he wants to see of it."""

from kb.errors import InvalidIdError, InvalidQueryError, NotFoundError
from kb.ids import SCHEMES, parse_id
from kb.library.claiming import list_verdicts
from kb.library.own_reading import list_own_cards
from kb.library.shelves import Shelf, Shelves
from kb.records import WORK_KINDS, ArticleView, ConceptView, Neighbour, PaperView
from kb.reference.registry import get_idea, list_ideas
from kb.store import Session, Store, articles, concepts, divergences, lookup, snippets, views
from kb.store.mentions import list_mentions


def resolve(store: Store, name: str) -> str:
    """Return the key of the record that this identifier, idea's name or alias, or work's title or name means."""
    with store.read() as session:
        try:
            return views.resolve_key(session, str(parse_id(name)))
        except InvalidIdError as unknown:
            if name.startswith("article:"):
                return articles.get_article_view(session, name).article.key
            if name.startswith("code:"):
                return f"code:{get_idea(name.removeprefix('code:')).slug}"
            if name.partition(":")[0].strip().casefold() in SCHEMES:
                raise unknown from None
            try:
                return concepts.get_concept(session, name).key
            except NotFoundError as missing:
                if key := _find_work(session, name):
                    return key
                raise missing if name.startswith("concept:") or " " not in name.strip() else unknown from None


def _find_work(session: Session, name: str) -> str:
    """Return the key of the one work that has this title or goes by this name; empty where none or several do."""
    keys = lookup.find_by_name(session, name)
    works = [view.key for view in lookup.get_documents(session, keys).values() if view.kind in WORK_KINDS]
    return works[0] if len(works) == 1 else ""


def show(store: Store, shelves: Shelves, key: str) -> PaperView | ConceptView | ArticleView:
    """Return a record with its links; the key is one that ``resolve`` gave."""
    if key.startswith(("concept:", "code:")):
        return _show_concept(store, shelves.read(), key.split(":", 1)[1])
    with store.read() as session:
        return (articles.get_article_view if key.startswith("article:") else views.get_paper_view)(session, key)


def rank_neighbours(shelf: Shelf, key: str, by: str, limit: int) -> list[Neighbour]:
    """Return the papers that are cited together with this one, or that cite the same papers, best first.

    Raises
    ------
    InvalidQueryError : no such neighbourhood
    """
    from kb.graph.build import build_citations
    from kb.graph.coupling import rank_co_cited, rank_coupled

    ways = {"co-citation": rank_co_cited, "coupling": rank_coupled}
    if by not in ways:
        raise InvalidQueryError(f"no such neighbourhood: {by!r}; choose text, co-citation or coupling")
    return ways[by](build_citations(shelf.papers, shelf.citations), key, limit)


def _show_concept(store: Store, shelf: Shelf, slug: str) -> ConceptView:
    from kb.claims.registry import list_claims
    from kb.graph.standing import tell_layers

    cards = (*list_claims(), *list_own_cards(store))
    verdicts = {one.claim: one for one in list_verdicts(store)}
    with store.read() as session:
        concept = concepts.get_concept(session, slug)
        links = list_mentions(session, concepts.list_papers_of(session, slug))
        first = list_mentions(session, [(concept.introduced_by, "introduces")])
        attached = snippets.list_snippets(session, concept.key)
        differences = divergences.list_divergences(session, concept=slug)
    ancestors = tuple(edge for edge in shelf.edges if edge.descendant == slug)
    descendants = tuple(edge for edge in shelf.edges if edge.ancestor == slug)
    return ConceptView(
        concept=concept,
        introduced_by=first[0] if first else None,
        ancestors=ancestors,
        descendants=descendants,
        names={one.slug: one.name for one in shelf.concepts},
        papers=links,
        idea=next((idea for idea in list_ideas() if idea.slug == slug), None),
        claims=tuple((card, verdicts.get(card.id)) for card in cards if slug in card.between),
        snippets=tuple(attached),
        divergences=tuple(differences),
        layers=tuple(tell_layers((*ancestors, *descendants), shelf.concepts, shelf.citations, verdicts)),
    )
