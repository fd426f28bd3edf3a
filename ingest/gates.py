"""When a source may be asked again: its gate, and what its Retry-After header says."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock


class Gate:
    """Lets one caller through at a time, and nobody for a while after him.

    arXiv's terms of use: "make no more than one request every three seconds, and limit requests to a single
    connection at a time". The silence is counted from the end of an answer, so that the source sees it whole.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._free_at = 0.0

    @contextmanager
    def turn(self, delay_s: float) -> Iterator[None]:
        """Wait for our turn; afterwards keep the gate shut for ``delay_s`` seconds."""
        with self._lock:
            time.sleep(max(0.0, self._free_at - time.monotonic()))
            try:
                yield
            finally:
                self._free_at = time.monotonic() + delay_s


_gates: dict[str, Gate] = {}


def gate_of(host: str) -> Gate:
    """Return the gate of a host, one for all threads and sessions of this process."""
    return _gates.setdefault(host, Gate())


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for, 0 or more, or None where it says nothing readable.

    Source: RFC 9110, section 10.2.3: a number of seconds, or a date.

    Examples
    --------
    >>> parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT", datetime(2015, 10, 21, 7, 27, tzinfo=UTC))
    60.0
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (then.replace(tzinfo=then.tzinfo or UTC) - now).total_seconds())
