"""The three layers of a lineage edge as a reader sees them: cited, claimed, executed."""

from collections.abc import Iterable, Mapping

from kb.library.layer_words import tell_cited, tell_executed
from kb.records import ClaimCard, ConceptView, EdgeLayers, LineageEdge, Verdict
from kb.ui.links import address, escape, link
from kb.ui.marks import verdict_mark
from kb.ui.verdict_lines import mark_of


def tell_layers(layers: EdgeLayers, evidence: str = "") -> str:
    """Return one quiet line of HTML: the citation path, who claims it, and what its claims came to.

    Parameters
    ----------
    evidence : who claims it and where, as HTML; left out of the line where it stands elsewhere
    """
    parts = [escape(tell_cited(layers))]
    parts += [f"claimed: {evidence}"] if evidence else []
    executed = escape(tell_executed(layers))
    if layers.verdict:
        sign, _, colour = verdict_mark(layers.verdict, layers.stale)
        executed = f'<span style="color:{colour};font-weight:600">{sign}</span> {executed}'
    parts.append(executed)
    return f'<span class="quiet">{" · ".join(parts)}</span>'


def list_claims(
    ids: Iterable[str], cards: Mapping[str, ClaimCard], verdicts: Mapping[str, Verdict], unclaimed: str = ""
) -> str:
    """Return the claims of an edge as a list in HTML, each with its mark; or why there can be none."""
    rows = "".join(
        f"<li>{mark_of(verdicts.get(id))} {link(address('claims', id=id), first_sentence(cards[id].statement))}</li>"
        for id in ids
        if id in cards
    )
    if rows:
        return f'<ul class="rows tight">{rows}</ul>'
    return f'<p class="quiet">Why nothing executes it: {escape(unclaimed)}</p>' if unclaimed else ""


def tell_own(claims: Iterable[tuple[ClaimCard, Verdict | None]], edge: LineageEdge) -> str:
    """Return the reader's own claims about both ends of an edge, a line each, as HTML."""
    return "".join(
        f'<br><span class="quiet">your own claim: {_tell_claim(card, verdict)}</span>'
        for card, verdict in claims
        if _is_about(card, edge)
    )


def list_own_apart(record: ConceptView) -> list[str]:
    """Return the reader's own claims about an idea that stand on none of its edges, each as HTML."""
    edges = (*record.ancestors, *record.descendants)
    own = [(card, verdict) for card, verdict in record.claims if card.own]
    return [_tell_claim(*pair) for pair in own if not any(_is_about(pair[0], edge) for edge in edges)]


def _is_about(card: ClaimCard, edge: LineageEdge) -> bool:
    return card.own and {edge.ancestor, edge.descendant} <= set(card.between)


def _tell_claim(card: ClaimCard, verdict: Verdict | None) -> str:
    return f"{mark_of(verdict)} {link(address('claims', id=card.id), first_sentence(card.statement))}"


def first_sentence(statement: str) -> str:
    """Return the first sentence of a statement, without its full stop."""
    return statement.split(". ", 1)[0].rstrip(".")
