"""Addresses of pages and links to records: the only place that knows how a page is reached.

A link is HTML: it stands inside a sentence, a list or a table, for ``st.html`` or for ``st.markdown`` with
``unsafe_allow_html=True``. It opens in the same tab.
"""

import html
import re
from urllib.parse import quote, urlencode

#: Signs that HTML, a line of Markdown or Streamlit's additions to it would take for markup.
_MARKUP = {ord(sign): f"&#{ord(sign)};" for sign in "&<>\"'\\`*_[]#|~$^"}

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

#: Where an identifier of a scheme can be read on the web: shown as a link, never fetched.
_OUTSIDE = {
    "arxiv": "https://arxiv.org/abs/{}",
    "doi": "https://doi.org/{}",
    "acl": "https://aclanthology.org/{}",
    "s2": "https://www.semanticscholar.org/paper/{}",
    "openalex": "https://openalex.org/{}",
}


def escape(text: str) -> str:
    """Return text that stands for itself in HTML and within a line of Markdown alike."""
    return text.translate(_MARKUP)


def address(page: str, /, **query: str | int | None) -> str:
    """Return the address of a page with its state; what is None or empty is left out.

    Examples
    --------
    >>> address("lineage", key="concept:linear-attention", up=2, down=None)
    '/lineage?key=concept:linear-attention&up=2'
    """
    given = {name.rstrip("_"): str(value) for name, value in query.items() if value not in (None, "")}
    return f"/{quote(page)}" + (f"?{urlencode(given, safe=':/,', quote_via=quote)}" if given else "")


def record_address(key: str) -> str:
    """Return the address of a record's page: an idea's, its code's, a user's snippet's, a run's, an article's, ..."""
    kind, _, slug = key.partition(":")
    if kind == "run":
        return address("run", id=slug)
    if kind == "own":
        return address("claims", id=key)
    if kind == "snippet":
        return address("snippet", n=slug)
    if kind == "article":
        return address("article", key=slug)
    return address("idea", key=slug) if kind in ("concept", "code") else address("paper", key=key)


def link(href: str, text: str, *, title: str = "", style: str = "") -> str:
    """Return a link within the app; ``title`` is shown on hover, ``style`` is a class of the style sheet."""
    hint = f' title="{html.escape(title)}"' if title else ""
    chosen = f' class="{style}"' if style else ""
    return f'<a href="{html.escape(href)}" target="_self"{chosen}{hint}>{escape(text)}</a>'


def record_link(key: str, text: str) -> str:
    """Return a link to a record's page."""
    return link(record_address(key), text)


def idea_link(label: str, text: str) -> str:
    """Return a link to what was compared under a label: an idea's slug or a snippet; for any other only the text."""
    if label.startswith("snippet:"):
        return record_link(label, text)
    return record_link(f"concept:{label}", text) if _SLUG.fullmatch(label) else escape(text)


def outside_address(scheme: str, value: str) -> str:
    """Return where an identifier can be read on the web; empty for a scheme that has no such place."""
    return _OUTSIDE[scheme].format(quote(value, safe="/:;()<>.")) if scheme in _OUTSIDE else ""


def outside_link(href: str, text: str) -> str:
    """Return a link that leaves the app, in a new tab."""
    return f'<a href="{html.escape(href)}" target="_blank" rel="noreferrer">{escape(text)}</a>'
