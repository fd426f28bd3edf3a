"""One search hit: the title, who and when, the passage with its words marked, and why it was found."""

from collections.abc import Mapping

from kb.library import Library
from kb.records import WORK_KINDS, Concept, Hit, Reason
from kb.ui.links import escape, record_link
from kb.ui.marks import authors_line, count_words, family_name, record_kind

#: What a passage stands between around a matched word.
_START, _END = "\x02", "\x03"


def draw_hit(library: Library, concepts: Mapping[str, Concept], hit: Hit, attached: Mapping[str, int]) -> str:
    """Return a hit as HTML; ``attached`` counts the snippets of each record."""
    extract = f"<p>{mark_words(hit.extract)}</p>" if hit.extract else ""
    return (
        f"<h3>{record_link(hit.key, hit.title)}</h3>"
        f'<p class="quiet">{_who_and_when(library, concepts, hit)}{_tell_attached(hit, attached)}</p>'
        f"{extract}{_draw_reasons(hit.reasons)}"
    )


def mark_words(extract: str) -> str:
    """Return a passage as HTML, its matched words marked."""
    return escape(extract).replace(_START, "<mark>").replace(_END, "</mark>")


def reason_words(reason: Reason) -> str:
    """Return in words by what a text was found."""
    ways = [
        "by its words" if reason.lexical_rank else "",
        "by its meaning" if reason.dense_rank else "",
    ]
    found = " and ".join(filter(None, ways)) or "by its name"
    return f"found {found}" + ("; the name holds all the words" if reason.title_match else "")


def _draw_reasons(reason: Reason) -> str:
    details = [
        f"place {reason.lexical_rank} by words" if reason.lexical_rank else "not among the best by words",
        f"place {reason.dense_rank} by meaning" if reason.dense_rank else "not among the nearest by meaning",
        f"cosine {reason.cosine:.2f}" if reason.cosine is not None else "",
        f"words in the text: {', '.join(reason.matched)}" if reason.matched else "",
    ]
    listed = escape("; ".join(filter(None, details)))
    return f'<details class="quiet"><summary>{escape(reason_words(reason))}</summary>{listed}</details>'


def _tell_attached(hit: Hit, attached: Mapping[str, int]) -> str:
    count = attached.get(hit.key.replace("code:", "concept:", 1), 0)
    return f" · {count_words(count, 'snippet')} of your own" if count else ""


def _who_and_when(library: Library, concepts: Mapping[str, Concept], hit: Hit) -> str:
    """Return the quiet line: authors, year, venue, kind."""
    slug = hit.key.partition(":")[2]
    if hit.kind in ("concept", "code") and slug in concepts:
        concept = concepts[slug]
        parts = [concept.name_zh, str(concept.introduced or ""), family_name(concept.family)]
    else:
        paper = library.paper(hit.key) if hit.kind in WORK_KINDS else None
        authors = authors_line(paper.authors, paper.authors_more) if paper else ""
        parts = [authors, str(hit.year or ""), paper.venue if paper else ""]
    return " · ".join(escape(part) for part in [*parts, record_kind(hit.kind)] if part)
