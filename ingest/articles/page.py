"""The source of a page as lines, and which of them trafilatura takes for the text.

trafilatura finds where the text is better than any rules of ours would, but it merges paragraphs that are the same,
and drops short ones and lists of links here and there. So the page is read into blocks here, with their links, and
trafilatura only says which ones are text; what stands between those and is no furniture either is text as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ingest.articles.blocks import Block, read_blocks, squeeze
from ingest.articles.furniture import Sort, is_sentence, sort_line
from ingest.articles.layout import Line

#: What trafilatura and the libraries below it were seen to raise, or might, over pages that are broken on purpose.
_FAILURES = (AssertionError, AttributeError, LookupError, RuntimeError, SyntaxError, TypeError, ValueError)
#: What begins a line in trafilatura's tree.
_TREE_BLOCKS = frozenset({"p", "head", "item", "row", "quote", "code", "list", "table", "lb"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
#: Where fewer of the characters that trafilatura found are found again among the blocks, its own lines are taken.
_LEAST_FOUND = 0.5
#: A line that is part of another one is recognised from so many characters on.
_TELLING = 12


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its lines, which of them may be the text, and what it says of itself."""

    lines: tuple[Line, ...] = ()
    others: tuple[str, ...] = ()
    """The lines that are not of the text, in order."""
    title: str = ""
    url: str = ""
    site: str = ""
    authors: tuple[str, ...] = ()
    day: str = ""
    """As ``YYYY-MM-DD``."""


def read_page(source: str) -> Page:
    """Return what is text in the source of a page, and what the page says of itself; no lines where there is none."""
    blocks = read_blocks(source)
    found = _extract(source)
    body = [line for line in _list_lines(found.body) if squeeze(line)] if found else []
    kept = _choose(blocks, body) if body else [not block.is_furniture for block in blocks]
    chosen = [block for block, is_kept in zip(blocks, kept, strict=True) if is_kept]
    told = Page(
        lines=tuple(Line(block.text, links=block.links, is_caption=block.is_caption) for block in chosen),
        others=tuple(block.text for block, is_kept in zip(blocks, kept, strict=True) if not is_kept),
        title=_choose_title((found and found.title) or "", blocks),
    )
    if found is None:
        return told
    if sum(len(block.squeezed) for block in chosen) < _LEAST_FOUND * sum(len(squeeze(line)) for line in body):
        # The text stands where only trafilatura looks, in the data that a script would draw it from.
        told = replace(told, lines=tuple(Line(line) for line in body))
    return replace(
        told,
        url=found.url or "",
        site=found.sitename or "",
        authors=tuple(one.strip() for one in (found.author or "").split(";") if one.strip()),
        day=found.date or "",
    )


def _extract(source: str) -> Any:
    """Return what trafilatura makes of a page, None where that is nothing."""
    from lxml.etree import LxmlError  # type: ignore[import-untyped]
    from trafilatura import bare_extraction

    for with_metadata in (True, False):
        try:
            return bare_extraction(
                source,
                include_comments=False,
                include_formatting=False,
                include_links=True,
                include_tables=True,
                with_metadata=with_metadata,
                # Otherwise the year of a copyright notice becomes the day of an article.
                date_extraction_params={"original_date": True, "extensive_search": False},
            )
        except (LxmlError, *_FAILURES):
            # Most of what is too broken for it is only so where it looks for author and day.
            continue
    return None


def _list_lines(body: Any) -> list[str]:
    """Return the lines of trafilatura's tree."""
    pieces: list[str] = []

    def read(element: Any) -> None:
        end = "\n" if element.tag in _TREE_BLOCKS else ""
        pieces.extend((end, element.text or ""))
        for child in element:
            read(child)
        pieces.extend((end, element.tail or ""))

    read(body)
    return "".join(pieces).split("\n")


def _choose(blocks: Sequence[Block], body: Sequence[str]) -> list[bool]:
    """Tell of each block whether it is text."""
    wanted = {squeeze(line) for line in body}
    outside = {block.squeezed for block in blocks if not block.is_furniture}
    kept = [block.squeezed in wanted and not (block.is_furniture and block.squeezed in outside) for block in blocks]
    missing = wanted - {block.squeezed for block, is_kept in zip(blocks, kept, strict=True) if is_kept}
    together = "\n".join(missing)
    for place, block in enumerate(blocks):
        if not kept[place] and not block.is_furniture and _is_part(block.squeezed, missing, together):
            kept[place] = True
    places = [place for place, is_kept in enumerate(kept) if is_kept]
    for place in range(places[0], places[-1]) if places else ():
        kept[place] = kept[place] or _belongs(blocks[place])
    for edge, step in ((places[0], -1), (places[-1], 1)) if places else ():
        _extend(blocks, kept, edge, step)
    return kept


def _extend(blocks: Sequence[Block], kept: list[bool], edge: int, step: int) -> None:
    """Take the sentences next to the edge of the text that stand in the same part of the page for text, too."""
    place = edge + step
    while 0 <= place < len(blocks) and blocks[place].inside == blocks[edge].inside:
        if not _belongs(blocks[place]) or not is_sentence(blocks[place].text):
            return
        kept[place] = True
        place += step


def _is_part(squeezed: str, lines: set[str], together: str) -> bool:
    """Tell whether a block is part of a line, or holds one and little more."""
    if len(squeezed) < _TELLING:
        return False
    return squeezed in together or any(len(line) * 2 >= len(squeezed) and line in squeezed for line in lines)


def _belongs(block: Block) -> bool:
    """Tell whether a block that stands amid the text is part of it."""
    if block.is_furniture:
        return False
    return block.is_caption or block.tag in _HEADINGS or sort_line(block.text) is Sort.TEXT


def _choose_title(told: str, blocks: Sequence[Block]) -> str:
    """Return the title without the name of the site, which a page's own heading does not have."""
    headings = [block.text for block in blocks if block.tag == "h1" and not block.is_furniture]
    return next((one for one in headings if one in told or told in one), "") or told or next(iter(headings), "")
