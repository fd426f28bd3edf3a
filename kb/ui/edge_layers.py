"""The three layers of a lineage edge as a reader sees them: cited, claimed, executed."""

from collections.abc import Iterable, Mapping

from kb.library.layer_words import tell_cited, tell_executed
from kb.records import ClaimCard, EdgeLayers, Verdict
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


def first_sentence(statement: str) -> str:
    """Return the first sentence of a statement, without its full stop."""
    return statement.split(". ", 1)[0].rstrip(".")
