"""Chinese script: traditional characters become simplified ones, so that both are searched and matched alike.

Character for character: what was found at a place in the folded text stands at the same place in the original. OpenCC
chooses by phrase, which a table of single characters could not; where a phrase would change its length, the single
characters decide.
"""

import re
from functools import cache, lru_cache
from typing import Protocol

#: Chinese and Japanese characters, as the inside of a regular expression's class.
CJK = "\u3005\u3007\u3040-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
#: Longer texts are looked at once, when they come in.
_REMEMBERED = 2_000
_SOME = re.compile(f"[{CJK}]")


class _Converter(Protocol):
    def convert(self, text: str, /) -> str: ...


def is_cjk(text: str) -> bool:
    """Tell whether any character is Chinese or Japanese."""
    return not text.isascii() and bool(_SOME.search(text))


def to_simplified(text: str) -> str:
    """Return the text in simplified characters, of the same length.

    Examples
    --------
    >>> to_simplified("線性注意力 and 循環網路")
    '线性注意力 and 循环网路'
    """
    if not is_cjk(text):
        return text
    return _simplify_again(text) if len(text) <= _REMEMBERED else _simplify(text)


def _simplify(text: str) -> str:
    # A lone surrogate is no character that OpenCC could take; a NUL would end the text for it.
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        return "".join(_convert_letter(letter) for letter in text)
    simplified = _converter().convert(text)
    return simplified if len(simplified) == len(text) else "".join(map(_convert_letter, text))


# A search looks at the same titles and extracts again and again.
_simplify_again = lru_cache(maxsize=4096)(_simplify)


@cache
def _convert_letter(letter: str) -> str:
    if not is_cjk(letter):
        return letter
    simplified = _converter().convert(letter)
    return simplified if len(simplified) == 1 else letter


@cache
def _converter() -> _Converter:
    from opencc import OpenCC

    converter: _Converter = OpenCC("t2s")
    return converter
