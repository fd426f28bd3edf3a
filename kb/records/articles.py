"""Articles: secondary texts (a blog post, a news page) and the papers that they mention."""

from dataclasses import dataclass
from datetime import date

from kb.records.views import Mention


@dataclass(frozen=True, slots=True)
class PaperMention:
    """A place where an article names a paper, however often and in however many ways it does."""

    named: str
    """The words or the address by which it is named first."""
    how: str
    """``link``, ``identifier``, ``title`` or ``name``: the strongest way in which it is named."""
    confidence: float
    """In [0, 1]: 1 for an address or an identifier, .9 and more for the very title, .7 to .85 for parts of titles,
    titles that are nearly the same and names that mean nothing else, .5 and less for what has other meanings."""
    count: int = 1
    key: str = ""
    """The key of a paper of the library, or the identifier of one that is not here; empty for a mere title."""
    title: str = ""
    """The title as the article gives it, where it does."""


@dataclass(frozen=True, slots=True)
class ArticleText:
    """What a file of an article says, navigation, comments and advertisements taken out."""

    title: str
    paragraphs: tuple[str, ...]
    language: str
    """``en``, ``zh-Hans``, ``zh-Hant`` or ``mixed``."""
    url: str = ""
    site: str = ""
    authors: tuple[str, ...] = ()
    published_on: date | None = None
    left_out: tuple[str, ...] = ()
    """The lines that were taken for something else than the text."""
    repaired: int = 0
    """How many places were garbled and could be mended."""
    lost: int = 0
    """How many places are garbled beyond repair; they stand as they were."""
    links: tuple[str, ...] = ()
    """Addresses that the text and its captions link to, in order."""
    link_texts: tuple[str, ...] = ()
    """The words of each of ``links``; empty where the address stands there by itself."""

    @property
    def text(self) -> str:
        return "\n\n".join(self.paragraphs)


@dataclass(frozen=True, slots=True)
class Article:
    """An article of the library. ``key`` is ``article:`` and the first twelve digits of its text's SHA-256."""

    key: str
    title: str
    text: str
    language: str
    url: str = ""
    site: str = ""
    authors: tuple[str, ...] = ()
    published_on: date | None = None
    file: str = ""
    """The name of the file that it was read from."""
    mentions: tuple[PaperMention, ...] = ()
    """Strongest first."""


@dataclass(frozen=True, slots=True)
class ArticleView:
    """An article with its links: the papers of the library that it mentions, those that are not here, its ideas."""

    article: Article
    papers: tuple[tuple[Mention, PaperMention], ...]
    missing: tuple[PaperMention, ...]
    ideas: tuple[Mention, ...]
