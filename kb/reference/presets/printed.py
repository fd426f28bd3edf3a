"""Figures as papers print them, read as numbers with their last digit, and met or not."""

import math
import re

from kb.records import Figure

_UNITS = {"": 0, "K": 3, "M": 6, "B": 9}
_PRINTED = re.compile(r"(?P<digits>\d+)(?:\.(?P<decimals>\d+))?(?:e(?P<power>\d+)|(?P<unit>[KMB]))?")


def read_printed(text: str) -> tuple[int, int]:
    """Return a printed number, and what its last digit stands for.

    Examples
    --------
    >>> read_printed("110M"), read_printed("1.4B"), read_printed("1.693e8")
    ((110000000, 1000000), (1400000000, 100000000), (169300000, 100000))
    """
    match = _PRINTED.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no number as papers print it: 110M, 1.4B, 1.693e8")
    decimals = match["decimals"] or ""
    power = int(match["power"]) if match["power"] else _UNITS[match["unit"] or ""]
    last = 10 ** (power - len(decimals))
    return int(match["digits"] + decimals) * last, last


def build_figure(counted: int, printed: str, place: str) -> Figure:
    """Set a counted number against a printed one; all printed digits count, zeros at the end too."""
    value, last = read_printed(printed)
    # a half is rounded up, as papers do
    rounded = math.floor(counted / last + 0.5) * last
    return Figure(printed, place, counted, counted / value - 1, rounded == value)
