"""The source of a page cut into blocks of text with their links, whatever the page is like. Pure."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_BLOCK_TAGS = """
    address article aside blockquote body button caption center dd details dialog div dl dt fieldset figcaption figure
    footer form h1 h2 h3 h4 h5 h6 header hr html label legend li main menu nav ol option p pre section summary table
    tbody tfoot thead title tr ul
"""
_SILENT_TAGS = """
    script style template noscript svg math iframe object select textarea title canvas audio video
"""
_EMPTY_TAGS = "area base br col embed hr img input link meta param source track wbr"
_FURNITURE_TAGS = "nav aside footer form button dialog menu label"
_BLOCKS, _SILENT, _EMPTY = (frozenset(tags.split()) for tags in (_BLOCK_TAGS, _SILENT_TAGS, _EMPTY_TAGS))
_FURNITURE = frozenset(_FURNITURE_TAGS.split())
_UNCLOSED = frozenset({"li", "td", "th", "tr", "dt", "dd", "option"})
_CELLS = frozenset({"td", "th"})
_CONTAINERS = frozenset({"article", "aside", "body", "div", "footer", "header", "main", "section", "td"})
_CAPTIONS = frozenset({"figcaption", "caption"})
_FURNITURE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:comments?|respond|sidebar|share|sharing|social|related|recommend\w*|footer|nav|navbar|navigation|menu"
    r"|breadcrumbs?|crumbs?|cookies?|consent|newsletter|subscribe|subscription|promo|advert\w*|ads?|banner|popup|modal"
    r"|pagination|pager|toolbar|widget|masthead|disqus|copyright|toc)(?:$|[\s_-])",
    re.IGNORECASE,
)
_WORDLESS = re.compile(r"[\W_]+")
_MARKED_SECTION = re.compile(r"<!\[[^>]*>?")
#: An element that was opened so far above is not looked for: closing tags without number would take for ever.
_DEEPEST = 200


@dataclass(slots=True)
class Block:
    """A paragraph, a heading, an entry of a list, a cell of a table."""

    text: str
    links: tuple[tuple[str, str], ...]
    """Address and words of each."""
    tag: str
    """The innermost element that makes a block."""
    is_furniture: bool
    """Whether the page's own words for its parts say that it is navigation, comments or the like."""
    is_caption: bool
    inside: int
    """Number of the innermost element that parts of a page are made of: blocks with the same one belong together."""
    squeezed: str = field(init=False)
    """The text without spaces and punctuation, for comparison."""

    def __post_init__(self) -> None:
        self.squeezed = squeeze(self.text)


def read_blocks(source: str) -> list[Block]:
    """Return the blocks of a page that hold text, in order; scripts and forms to fill in have none."""
    reader = _Reader()
    # Sections of this kind, which word processors write, are the one thing that the parser raises an error for.
    reader.feed(_MARKED_SECTION.sub("", source))
    reader.close()
    return reader.blocks


def squeeze(text: str) -> str:
    """Return a text without spaces and punctuation."""
    return _WORDLESS.sub("", text)


@dataclass(frozen=True, slots=True)
class _Element:
    tag: str
    is_furniture: bool
    is_caption: bool
    inside: int


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._open: list[_Element] = []
        self._silent = 0
        self._count = 0
        self._pieces: list[str] = []
        self._links: list[tuple[str, str]] = []
        self._address = ""
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS or tag == "br":
            self._end_block()
        if tag in _CELLS and self._pieces:
            self._pieces.append(" | ")
        if tag in _EMPTY:
            return
        # These need not be closed by whoever writes them.
        last = self._open[-1].tag if self._open else ""
        if (last == "p" and tag in _BLOCKS) or last == tag in _UNCLOSED:
            self._open.pop()
        told = dict(attrs)
        names = f"{told.get('class') or ''} {told.get('id') or ''} {told.get('role') or ''}"
        is_furniture = tag in _FURNITURE or (tag not in ("html", "body") and bool(_FURNITURE_CLASS.search(names)))
        around = self._around()
        self._count += 1
        self._open.append(
            _Element(
                tag,
                is_furniture or around.is_furniture,
                tag in _CAPTIONS or around.is_caption,
                self._count if tag in _CONTAINERS else around.inside,
            )
        )
        self._silent += tag in _SILENT
        if tag == "a":
            self._end_link()
            self._address = "".join((told.get("href") or "").split())

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._end_block()
        if tag == "a":
            self._end_link()
        nearest = range(len(self._open) - 1, max(-1, len(self._open) - _DEEPEST), -1)
        place = next((place for place in nearest if self._open[place].tag == tag), -1)
        if place >= 0:
            self._silent -= sum(element.tag in _SILENT for element in self._open[place:])
            del self._open[place:]

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._pieces.append(data)
            self._words.append(data)

    def close(self) -> None:
        super().close()
        self._end_block()

    def _around(self) -> _Element:
        return self._open[-1] if self._open else _Element("", False, False, 0)

    def _end_link(self) -> None:
        words = " ".join("".join(self._words).split())
        if words and self._address.lower().startswith(("http://", "https://")):
            self._links.append((self._address, words))
        self._address, self._words = "", []

    def _end_block(self) -> None:
        address = self._address
        self._end_link()
        # A link may go on in the next block.
        self._address = address
        text = " ".join("".join(self._pieces).split())
        if text:
            tag = next((element.tag for element in reversed(self._open) if element.tag in _BLOCKS), "")
            around = self._around()
            links = tuple(self._links)
            self.blocks.append(Block(text, links, tag, around.is_furniture, around.is_caption, around.inside))
        self._pieces, self._links = [], []
