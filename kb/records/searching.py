"""What is searched, and what comes back."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from kb.chinese import is_cjk
from kb.records.words import Kind


@dataclass(frozen=True, slots=True)
class Document:
    """One searchable text: a paper, a concept, a piece of code or an article."""

    key: str
    kind: Kind
    title: str
    body: str
    """Paragraphs, one a line."""
    names: tuple[str, ...] = ()
    """Other names under which it is found: aliases, the Chinese title. An exact one outranks everything."""
    authors: str = ""
    """Words that are searched but neither embedded nor quoted: the authors' names."""
    year: int | None = None

    @property
    def embedded(self) -> str:
        """What is embedded: the title and those paragraphs that are not Chinese (the model reads English)."""
        return "\n".join([self.title, *(line for line in self.body.splitlines() if not is_cjk(line))])

    @property
    def text_hash(self) -> str:
        """SHA-256 of what is embedded: a vector made from another text is stale."""
        return hashlib.sha256(self.embedded.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Tag:
    """An idea that a text speaks of, found by its names."""

    slug: str
    count: int
    """How many times, under any of its names."""
    in_title: bool
    named: tuple[str, ...]
    """The names as they stand in the text, each once."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a hit is where it is: ranks are 1-based, None where that way of searching did not find it."""

    lexical_rank: int | None = None
    dense_rank: int | None = None
    cosine: float | None = None
    """In [-1, 1]."""
    title_match: bool = False
    matched: tuple[str, ...] = ()
    """The query's words, or the glossary's words for them, that stand in the text."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One search result. ``score`` is the fused reciprocal rank, comparable within one answer only."""

    key: str
    kind: Kind
    title: str
    year: int | None
    score: float
    reasons: Reason
    extract: str
    """Plain text; matched words stand between U+0002 and U+0003, for the front door to mark as it can."""
    ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """What hits must satisfy; None or empty means anything. Years inclusive."""

    kinds: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None
    author: str = ""
    concept: str = ""
    has_code: bool = False


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """Hits best first, with what was really searched and how long it took."""

    query: str
    hits: tuple[Hit, ...]
    took_ms: float
    mode: str
    searched_for: tuple[str, ...] = ()
    """The query's own words and the English words that the glossary added."""
    nearest: bool = False
    """True where nothing matched the words and the hits are only the nearest by meaning."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A paper near another: by co-citation or coupling ``count`` is the number shared; by text it is 0."""

    key: str
    title: str
    year: int | None
    score: float
    count: int = 0
