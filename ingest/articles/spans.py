"""Places of a text that are taken. Pure."""

from bisect import bisect_right, insort
from collections.abc import Iterable


class Spans:
    """Stretches of a text that do not overlap."""

    def __init__(self, spans: Iterable[tuple[int, int]] = ()) -> None:
        self._spans: list[tuple[int, int]] = []
        for start, end in spans:
            self.take(start, end)

    def take(self, start: int, end: int) -> bool:
        """Take a stretch if it is free, and tell whether it was.

        Examples
        --------
        >>> spans = Spans([(0, 5)])
        >>> spans.take(4, 6), spans.take(5, 7)
        (False, True)
        """
        place = bisect_right(self._spans, (start, end))
        if any(start < behind and before < end for before, behind in self._spans[max(0, place - 1) : place + 1]):
            return False
        insort(self._spans, (start, end))
        return True
