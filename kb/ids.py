"""Identifiers of papers: parse, normalise, order. The only judge of "the same paper".

Two papers are the same when they share one strong identifier (arXiv, DOI, Semantic Scholar, OpenAlex, ACL).
An arXiv DOI is the arXiv identifier; versions are stripped. Titles never decide, they only nominate.

Formats: arXiv identifier scheme (info.arxiv.org/help/arxiv_identifier.html): ``YYMM.NNNN`` from 0704, five
digits from 1501, ``archive/YYMMNNN`` before; DOI: ``10.<registrant>/<suffix>``, case-insensitive (doi.org).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from kb.errors import InvalidIdError

#: strongest first: the order in which a paper's key is chosen
SCHEMES = ("arxiv", "doi", "acl", "s2", "openalex", "key")

#: any case, but only the digits and letters of ASCII: Unicode has other ones that look or fold alike
_PLAIN = re.IGNORECASE | re.ASCII
_ARXIV_NEW = re.compile(r"(\d{2})(0[1-9]|1[0-2])\.(\d{4,5})(?:v(\d+))?", _PLAIN)
_ARXIV_OLD = re.compile(r"([a-z]+(?:-[a-z]+)*)(?:\.[a-z]{2})?/(\d{2}(?:0[1-9]|1[0-2])\d{3})(?:v(\d+))?", _PLAIN)
_DOI = re.compile(r"10\.[0-9]{4,9}(?:\.[0-9]+)*/\S+")
_S2 = re.compile(r"[0-9a-f]{40}", _PLAIN)
_OPENALEX = re.compile(r"W\d{3,}", _PLAIN)
_ACL = re.compile(r"[A-Z]\d{2}-\d{4}|\d{4}\.[a-z0-9_]+-[a-z0-9_]+\.\d+", _PLAIN)
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ARXIV_DOI = re.compile(r"10\.48550/arxiv\.(.+)", re.IGNORECASE)

_ADDRESSES = (
    (
        re.compile(
            r"https?://(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html|e-print)/(.+?)(?:\.pdf)?/?(?:[?#].*)?",
            re.I,
        ),
        "arxiv",
    ),
    (re.compile(r"https?://(?:dx\.|www\.)?doi\.org/(.+?)(?:[?#].*)?", re.I), "doi"),
    (
        re.compile(r"https?://(?:www\.)?semanticscholar\.org/paper/(?:[^/]+/)?([0-9a-f]{40})(?:[/?#].*)?", re.I),
        "s2",
    ),
    (re.compile(r"https?://(?:api\.)?openalex\.org/(?:works/)?(W\d+)(?:[?#].*)?", re.I), "openalex"),
    (
        re.compile(r"https?://(?:www\.)?aclanthology\.org/(?:anthology/)?(.+?)(?:\.pdf)?/?(?:[?#].*)?", re.I),
        "acl",
    ),
)


@dataclass(frozen=True, slots=True, order=True)
class PaperId:
    """One identifier in normal form; ``str()`` gives ``scheme:value``."""

    scheme: str
    value: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"


def parse_id(text: str) -> PaperId:
    """Return the identifier that a user, a link or a record wrote, in normal form.

    Accepts ``arxiv:1706.03762v5``, ``1706.03762``, ``cs/0211012``, a DOI, an address of arxiv.org, doi.org,
    semanticscholar.org, openalex.org or aclanthology.org, ``s2:<40 hex>``, ``W123``, ``P18-1031``, ``key:slug``.

    Raises
    ------
    InvalidIdError : the text is none of these

    Examples
    --------
    >>> str(parse_id("https://arxiv.org/pdf/1706.03762v5.pdf"))
    'arxiv:1706.03762'
    >>> str(parse_id("10.48550/arXiv.2305.13048"))
    'arxiv:2305.13048'
    >>> str(parse_id("doi:10.1162/NECO.1992.4.1.131"))
    'doi:10.1162/neco.1992.4.1.131'
    """
    given = text.strip()
    for pattern, scheme in _ADDRESSES:
        if found := pattern.fullmatch(given):
            return _normal(scheme, unquote(found[1]), given)
    head, colon, tail = given.partition(":")
    if colon and head.lower() in SCHEMES:
        return _normal(head.lower(), tail.strip(), given)
    for scheme in ("arxiv", "doi", "s2", "openalex", "acl"):
        try:
            return _normal(scheme, given, given)
        except InvalidIdError:
            continue
    raise InvalidIdError(
        f"not an identifier: {given[:80]!r}; write e.g. 1706.03762, doi:10.1162/neco.1992.4.1.131 or acl:P18-1031"
    )


def find_id(scheme: str, value: object) -> PaperId | None:
    """Return the identifier in normal form, or None where a record's field holds nothing usable."""
    if not isinstance(value, str | int) or value == "":
        return None
    try:
        return _normal(scheme, str(value).strip(), str(value))
    except InvalidIdError:
        return None


def version_of(text: str) -> int | None:
    """Return the version that an arXiv identifier or address names (``v5`` -> 5), or None."""
    bare = text.strip().removesuffix(".pdf").rsplit("v", 1)
    return int(bare[1]) if len(bare) == 2 and bare[1].isdecimal() and bare[0][-1:].isdecimal() else None


def choose_key(ids: Iterable[PaperId]) -> str:
    """Return the strongest identifier as the paper's key; ties by value, smallest first.

    Raises
    ------
    InvalidIdError : there is no identifier at all
    """
    ranked = sorted(ids, key=lambda one: (SCHEMES.index(one.scheme), one.value))
    if not ranked:
        raise InvalidIdError("a paper needs at least one identifier")
    return str(ranked[0])


def is_slug(text: str) -> bool:
    """Tell whether the text is lower-case words joined by single hyphens."""
    return _SLUG.fullmatch(text) is not None


def _normal(scheme: str, value: str, given: str) -> PaperId:
    if scheme == "arxiv" and (found := _ARXIV_NEW.fullmatch(value)):
        return PaperId("arxiv", f"{found[1]}{found[2]}.{found[3]}")
    if scheme == "arxiv" and (found := _ARXIV_OLD.fullmatch(value)):
        return PaperId("arxiv", f"{found[1].lower()}/{found[2]}")
    if scheme == "doi" and (found := _ARXIV_DOI.fullmatch(value)):
        return _normal("arxiv", found[1], given)
    rules = {"doi": _DOI, "s2": _S2, "openalex": _OPENALEX, "acl": _ACL, "key": _SLUG}
    if scheme in rules and rules[scheme].fullmatch(value):
        shapes = {"doi": str.lower, "s2": str.lower, "openalex": str.upper}
        return PaperId(scheme, shapes.get(scheme, _acl_case if scheme == "acl" else str)(value))
    raise InvalidIdError(f"not a valid {scheme} identifier: {given[:80]!r}; check it against the paper's page")


def _acl_case(value: str) -> str:
    return value.upper() if value[0].isalpha() else value.lower()
