"""All vectors of one model in memory, so that a query is one product. The rows in the database remain the truth.

A refresh reads only rows that are newer than the last one seen. When there are fewer rows than that explains, some
have gone, and everything is read again.
"""

import threading
from collections.abc import Callable, Collection, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from kb.errors import ModelError
from kb.store.vectors import VectorRows

Load = Callable[[int], VectorRows]
"""Reads the rows after a watermark."""

_THREADS_FROM = 20_000_000
"""Numbers in a matrix (50,000 rows) from which several threads pay."""


class VectorMatrix:
    """Unit rows in float32 with their keys. Any thread may refresh or ask at any time."""

    _count: int
    _watermark: int
    _newest: int

    def __init__(self, dim: int) -> None:
        self._lock = threading.Lock()
        self._clear(dim)

    def __len__(self) -> int:
        return self._count

    def refresh(self, newest: int, load: Load) -> None:
        """Take in what was written since the last refresh, and forget what was deleted.

        Parameters
        ----------
        newest : the number of the newest row anywhere; where it did not change, nothing is read. (Counting the rows
            at each query would cost more than the query.) A deletion alone is therefore noticed at the next change;
            until then a key that has no text any more is the caller's to pass over.
        load   : reads rows

        Raises
        ------
        ModelError : the rows have another width than the model
        """
        with self._lock:
            # Less than what we know is a reader who began before us: he may see more than he asked for.
            if newest <= self._newest:
                return
            rows = load(self._watermark)
            self._take(rows)
            if self._count != rows.count:
                self._clear(self._rows.shape[1])
                self._take(load(0))
            self._newest = newest

    def top(
        self, query: NDArray[np.float32], k: int, allowed: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return the k rows nearest to the query by cosine, best first, ties by key.

        Parameters
        ----------
        query   : (D,) of unit norm
        allowed : the only keys that may be returned; None allows all
        """
        with self._lock:
            # New rows are written behind this view or into a copy: it stays as it is while we work on it.
            rows, keys, numbers = self._rows[: self._count], self._keys, self._numbers
        chosen = None if allowed is None else np.array(sorted(_positions(allowed, numbers, len(rows))), np.int64)
        scores = _products(rows if chosen is None else rows[chosen], query)
        if k < len(scores):
            # Everything that ties with the last place stays in, so that keys and not positions break the tie.
            least = np.partition(scores, -k)[-k]
            best = np.flatnonzero(scores >= least)
        else:
            best = np.arange(len(scores))
        found = [(keys[int(i if chosen is None else chosen[i])], float(scores[i])) for i in best]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:k]

    def find_row(self, key: str) -> NDArray[np.float32] | None:
        """Return a key's vector (D,), or None where it has none."""
        with self._lock:
            number = self._numbers.get(key)
            return None if number is None else self._rows[number].copy()

    def _clear(self, dim: int) -> None:
        self._rows: NDArray[np.float32] = np.empty((0, dim), np.float32)
        self._keys: list[str] = []
        self._numbers: dict[str, int] = {}
        self._count = self._watermark = 0
        self._newest = -1

    def _take(self, new: VectorRows) -> None:
        self._watermark = new.watermark
        if not new.keys:
            return
        if new.matrix.shape[1] != self._rows.shape[1]:
            raise ModelError(
                f"the library's vectors have {new.matrix.shape[1]} numbers, the model's {self._rows.shape[1]}; "
                "they are damaged: run 'stemma doctor'"
            )
        self._make_room(new.keys)
        for key in new.keys:
            if key not in self._numbers:
                self._numbers[key] = len(self._keys)
                self._keys.append(key)
        self._rows[np.array([self._numbers[key] for key in new.keys])] = new.matrix
        self._count = len(self._keys)

    def _make_room(self, keys: Sequence[str]) -> None:
        """Make space for new rows; where one replaces another, on a copy that no reader is looking at."""
        needed = self._count + sum(key not in self._numbers for key in keys)
        capacity = len(self._rows)
        if needed > capacity:
            capacity = max(needed, capacity * 5 // 4)
        elif needed == self._count + len(keys):
            return
        room = np.empty((capacity, self._rows.shape[1]), np.float32)
        room[: self._count] = self._rows[: self._count]
        self._rows = room


def _products(rows: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return rows @ query. Below a few milliseconds of work the threads of the BLAS library cost more than they give:
    each goes on spinning for a while and takes a core from whatever comes next."""
    if rows.size > _THREADS_FROM:
        return rows @ query
    # The limit is the process's: two that overlap would leave it behind.
    with _limiting, _controller().limit(limits=1, user_api="blas"):
        return rows @ query


_limiting = threading.Lock()


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def _positions(allowed: Collection[str], numbers: dict[str, int], count: int) -> list[int]:
    return [n for key in allowed if (n := numbers.get(key, count)) < count]
