"""Labels of dots: how long they are, and how a title is cut to one."""

from unicodedata import east_asian_width

LATIN_PX = 6.2
"""Average advance of a character at a font size of 11 px; East Asian ones fill the square."""
WIDE_PX = 11.0
_LONGEST_PX = {"paper": 200.0, "concept": 260.0}


def width_of(text: str) -> float:
    """Return the estimated width of a text in pixels, at a font size of 11 px."""
    return sum(WIDE_PX if east_asian_width(letter) in "WF" else LATIN_PX for letter in text)


def label_of(title: str, kind: str) -> str:
    """Return the part of a title that stands beside its dot: a paper's name before the colon, or what fits.

    >>> label_of("BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding", "paper")
    'BERT'
    """
    text = " ".join(title.split())
    name, colon, _ = text.partition(": ")
    if kind == "paper" and colon and len(name) > 1 and width_of(name) <= _LONGEST_PX[kind]:
        return name
    if width_of(text) <= _LONGEST_PX[kind]:
        return text
    room, cut = _LONGEST_PX[kind] - LATIN_PX, ""
    for letter in text:
        if width_of(cut + letter) > room:
            break
        cut += letter
    words = cut.rsplit(" ", 1)[0] if " " in cut else cut
    return f"{words.rstrip(' ,;:-')}…"
