"""Words for the full-text index, on the side that writes and on the side that asks. Pure.

SQLite's tokeniser knows no Chinese: it would take a whole sentence for one word. Here a run of Chinese or Japanese
characters becomes overlapping pairs, so that any part of it of two characters or more is found as a phrase. The
run's last character follows by itself: then every character begins some token, and a single one is found by prefix.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from kb.chinese import CJK, is_cjk, to_simplified

#: "Attention that is linear" still says linear attention; a word further away says something else.
_NEAR = 4
_RUN = re.compile(f"[{CJK}]+")
_PIECE = re.compile(f"[{CJK}]+|[^{CJK}\\s]+")


def split_for_index(text: str) -> str:
    """Return text as it is indexed: compatibility forms folded, lower case, runs of Chinese as pairs.

    Examples
    --------
    >>> split_for_index("线性注意力 and ＲＷＫＶ")
    '线性 性注 注意 意力 力 and rwkv'
    """
    plain = fold_width(text)
    return plain if plain.isascii() else " ".join(_RUN.sub(_pairs_of_match, plain).split())


def fts_query(words: Iterable[str | Sequence[str]], mode: Literal["and", "or"]) -> str:
    """Return a full-text expression, empty where nothing could be found by it; any text is safe.

    Parameters
    ----------
    words : each a text, or several of which any one will do: the first as the reader put it, the others ours
    mode  : "and" asks for every word, runs of Chinese whole, our own texts' words close together; "or" for any word
        or pair of characters

    Examples
    --------
    >>> fts_query(["rwkv", ("注意力", "linear attention")], "and")
    '"rwkv" AND ("注意 意力" OR NEAR("linear" "attention", 4))'
    >>> fts_query(["NEAR(", "注意力"], "or")
    '"near" OR "注意" OR "意力"'
    """
    groups = [[word] if isinstance(word, str) else list(word) for word in words]
    if mode == "or":
        return " OR ".join(dict.fromkeys(one for group in groups for text in group for one in _singles(text)))
    terms = [term for group in groups if (term := _any_of(group))]
    return " AND ".join(dict.fromkeys(terms))


def fold_width(text: str) -> str:
    """Return text in lower case and simplified characters, compatibility forms as plain ones, surrogates replaced."""
    if text.isascii():
        return text.lower().replace("\0", " ")
    whole = text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")
    return to_simplified(unicodedata.normalize("NFKC", whole).lower())


def list_pieces(text: str) -> list[str]:
    """Return words and runs of Chinese in order, in folded form, punctuation still on them."""
    return _PIECE.findall(fold_width(text))


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def _pairs_of_match(match: re.Match[str]) -> str:
    run = match[0]
    return f" {' '.join(_pairs(run))} {run[-1] if len(run) > 1 else ''} "


def _any_of(texts: Sequence[str]) -> str:
    found = list(dict.fromkeys(term for text in texts if (term := _all_of(text, near=text != texts[0]))))
    return found[0] if len(found) == 1 else f"({' OR '.join(found)})" if found else ""


def _all_of(text: str, near: bool) -> str:
    found = list(dict.fromkeys(_phrase(piece) for piece in _searchable(text)))
    if len(found) < 2:
        return "".join(found)
    return f"NEAR({' '.join(found)}, {_NEAR})" if near else f"({' AND '.join(found)})"


def _singles(text: str) -> Iterator[str]:
    for piece in _searchable(text):
        yield from (_phrase(pair) for pair in _pairs(piece)) if is_cjk(piece) else (_phrase(piece),)


def _searchable(text: str) -> Iterator[str]:
    for piece in list_pieces(text.replace('"', " ")):
        # What has neither letter nor digit leaves no token: as a phrase it would match nothing and spoil an AND.
        if any(unicodedata.category(letter)[0] in "LN" for letter in piece):
            yield piece


def _phrase(piece: str) -> str:
    if not is_cjk(piece):
        return f'"{piece}"'
    return f'"{piece}" *' if len(piece) == 1 else f'"{" ".join(_pairs(piece))}"'
