"""Find texts by their words and by their names: what a query's units become in the full-text index."""

from collections.abc import Collection, Iterable, Sequence

from kb.records import SearchFilter
from kb.search.glossary import Unit
from kb.store import Session, lookup
from kb.store.splitting import fts_query

#: Of a long query the longest words are enough: with twelve, every abstract asked for by its one-sentence summary was
#: found as often as with all.
_MAX_ANY = 12
#: Of what bears the very name that was asked for, the idea comes before the paper, and both before the rest.
_NAMED_FIRST = ("concept:", "arxiv:", "doi:", "acl:", "s2:", "openalex:", "key:")


def match_units(
    session: Session, units: Sequence[Unit], wanted: SearchFilter, *, enough: int, limit: int
) -> list[str]:
    """Return the keys of texts that hold the words, best first.

    First those that hold every term and word. Where they are fewer than ``enough``, those that hold any follow.
    """
    certain = [unit.alternatives for unit in units if unit.kind != "rest"]
    every = fts_query(certain or [unit.alternatives for unit in units], "and")
    found = [match.key for match in lookup.match_lexical(session, every, wanted, limit)]
    if len(found) < enough:
        # Each word more costs time, above all a frequent one, and frequent words are short.
        telling = sorted(units, key=lambda unit: -len(unit.text))[:_MAX_ANY]
        some = fts_query([unit.alternatives for unit in telling], "or")
        found += [match.key for match in lookup.match_lexical(session, some, wanted, limit)]
    return list(dict.fromkeys(found))[:limit]


def find_named(
    session: Session, query: str, units: Sequence[Unit], allowed: Collection[str] | None
) -> tuple[list[str], list[str]]:
    """Return the keys that bear the whole query as a name, ideas first, and those named by one of its terms."""
    whole = [query, " ".join(unit.text for unit in units)]
    if len(units) == 1:
        whole += units[0].alternatives
    exact = sorted(_named(session, whole, allowed), key=_name_order)
    terms = [text for unit in units if unit.kind == "term" for text in unit.alternatives[:2]]
    return exact, sorted(_named(session, terms, allowed).difference(exact))


def find_origins(session: Session, named: Iterable[str], allowed: Collection[str] | None) -> list[str]:
    """Return the keys of the papers that introduced these ideas."""
    keys = lookup.find_introducers(session, [key for key in named if key.startswith("concept:")])
    return [key for key in keys if allowed is None or key in allowed]


def _named(session: Session, texts: Iterable[str], allowed: Collection[str] | None) -> set[str]:
    keys = set(lookup.find_by_name(session, *texts))
    return keys if allowed is None else keys.intersection(allowed)


def _name_order(key: str) -> tuple[int, str]:
    place = next((i for i, scheme in enumerate(_NAMED_FIRST) if key.startswith(scheme)), len(_NAMED_FIRST))
    return place, key
