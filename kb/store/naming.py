"""Names in folded form, so that "Pre-LN", "pre ln" and "PRE–LN" are one name. Pure."""

import re
import unicodedata

from kb.chinese import to_simplified

_BETWEEN = re.compile(r"[\W_]+")


def fold_name(name: str) -> str:
    """Return a name without case, accents, punctuation and spaces, in simplified characters.

    Examples
    --------
    >>> fold_name("Pre-LN") == fold_name("pre ln") == "preln"
    True
    >>> fold_name("线性注意力")
    '线性注意力'
    """
    plain = unicodedata.normalize("NFKD", to_simplified(name)).casefold()
    return _BETWEEN.sub("", "".join(letter for letter in plain if not unicodedata.combining(letter)))
