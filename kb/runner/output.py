"""What comes out of a guest, read within bounds: two printed streams and the harness's answers.

A guest may print without end, or write nonsense where the harness answers: what goes beyond the bounds is counted
and thrown away, what cannot be read is noted.
"""

import codecs
import json
import os
import selectors
import threading
from collections.abc import Mapping

FIGURES_BYTES = 2 << 20
"""The most that a program may report."""
ANSWERS_BYTES = 64 << 20
"""Beyond it the answers' pipe is being flooded. A curve that grows is reported again and again, so not too little."""
PRINTED_BYTES = 1 << 30
"""Beyond it a program prints without end."""
CHUNK = 1 << 16


class Stream:
    """One printed stream: its first bytes, and how many there were."""

    def __init__(self, most: int) -> None:
        self.kept = bytearray()
        self.total = 0
        self._most = most

    def feed(self, data: bytes) -> None:
        """Take what was read; keep it up to the bound."""
        self.total += len(data)
        self.kept += data[: self._most - len(self.kept)]

    @property
    def is_cut(self) -> bool:
        """True where something was thrown away."""
        return self.total > len(self.kept)

    @property
    def text(self) -> str:
        """What was kept; bytes that are no UTF-8 become the replacement character."""
        return self.kept.decode("utf-8", "replace")

    @property
    def text_so_far(self) -> str:
        """What was kept, without a character whose last bytes are still to come."""
        return codecs.getincrementaldecoder("utf-8")("replace").decode(bytes(self.kept))


class Answers:
    """The harness's answers: the last of each kind, the figures, and what was wrong with the rest."""

    def __init__(self) -> None:
        self.last: dict[str, object] = {}
        self.figures: dict[str, object] = {}
        self.notes: dict[str, None] = {}
        self.total = 0
        self._line = bytearray()
        self._is_too_long = False
        self._sizes: dict[str, int] = {}
        """Bytes of each figure's present value, and of all: what is replaced no longer counts."""
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Take what was read; a line over the bound is dropped as it comes in."""
        self.total += len(data)
        *ended, rest = data.split(b"\n")
        for part in ended:
            self._extend(part)
            if not self._is_too_long:
                self._take(bytes(self._line))
            self._line.clear()
            self._is_too_long = False
        self._extend(rest)

    def _extend(self, part: bytes) -> None:
        if self._is_too_long or len(self._line) + len(part) > FIGURES_BYTES:
            self._is_too_long = True
            self._line.clear()
            self._note_excess()
        else:
            self._line += part

    def _note_excess(self) -> None:
        self.notes[f"figures beyond {FIGURES_BYTES >> 20} MiB were dropped"] = None

    def _take(self, line: bytes) -> None:
        try:
            # NaN and Infinity are no JSON, but a loss may well be one: they are kept as their names.
            answer = json.loads(line, parse_constant=str)
            json.dumps(answer, ensure_ascii=False).encode()  # half a surrogate pair could not be stored or shown
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            self.notes["a report could not be read and was dropped"] = None
        elif "figure" in answer:
            self._take_figure(answer["figure"], len(line))
        else:
            self.last.update(answer)

    def _take_figure(self, figure: object, size: int) -> None:
        match figure:
            case [str(name), value]:
                total = self._size - self._sizes.get(name, 0) + size
                if total > FIGURES_BYTES:
                    self._note_excess()
                else:
                    self.figures[name], self._sizes[name], self._size = value, size, total
            case _:
                self.notes["a report could not be read and was dropped"] = None

    def find_end(self) -> Mapping[str, object] | None:
        """Return how the program says that it ended, or None where it did not come to say so."""
        end = self.last.get("end")
        return end if isinstance(end, dict) else None


class Pipes:
    """The three descriptors of a guest, read without waiting for any one of them."""

    def __init__(self, stdout: int, stderr: int, answers: int) -> None:
        self.stdout, self.stderr, self.answers = Stream(0), Stream(CHUNK), Answers()
        self.lock = threading.Lock()
        """Held while something is taken in: who looks on from another thread takes it for a whole state."""
        self._open = {stdout: "stdout", stderr: "stderr", answers: "answers"}
        self._selector = selectors.DefaultSelector()
        for descriptor in self._open:
            os.set_blocking(descriptor, False)
            self._selector.register(descriptor, selectors.EVENT_READ)

    def begin(self, most: int) -> None:
        """Forget what was printed while the interpreter started; keep ``most`` bytes of each stream from here on."""
        while self.read(0):
            pass
        with self.lock:
            self.stdout, self.stderr = Stream(most), Stream(most)

    def read(self, timeout_s: float) -> bool:
        """Read what there is, waiting at most that long for something; False where nothing came."""
        ready = self._selector.select(max(timeout_s, 0)) if self._open else []
        for key, _ in ready:
            self._read_one(key.fd)
        return bool(ready)

    def _read_one(self, descriptor: int) -> None:
        data = os.read(descriptor, CHUNK)
        if data:
            with self.lock:
                getattr(self, self._open[descriptor]).feed(data)
        else:
            self._selector.unregister(descriptor)
            del self._open[descriptor]

    @property
    def is_open(self) -> bool:
        """True while a guest, or whatever it started, holds one of them."""
        return bool(self._open)

    @property
    def is_flooded(self) -> bool:
        """True where more came than any honest program writes."""
        printed = self.stdout.total + self.stderr.total
        return printed > PRINTED_BYTES or self.answers.total > ANSWERS_BYTES

    def close(self) -> None:
        """Stop listening; the descriptors themselves belong to the worker."""
        self._selector.close()
        self._open.clear()
