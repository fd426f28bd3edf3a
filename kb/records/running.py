"""Reference implementations, and programs that run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from kb.records.words import RunStatus


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number or switch that a reference implementation declares, with its range and neutral value."""

    name: str
    default: float | int | bool | str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    neutral: str = ""
    """The value at which an ancestor comes back, and which: ``n=1 gives pre-ln``."""


DRAWN = "drawn"
"""The default of a gate: random numbers between its low and high, from the seed."""


@dataclass(frozen=True, slots=True)
class Idea:
    """A reference implementation as its literate header describes it; ``slug`` is that of its concept."""

    slug: str
    title: str
    form: str
    """The signature it shares with its kin; ``kb.reference`` lists them."""
    function: str
    sections: Mapping[str, str]
    """The header's labels (Paper, Idea, Equation, Shapes, ...) and their texts."""
    parameters: tuple[Parameter, ...]
    code: str
    code_hash: str
    gates: tuple[Parameter, ...] = ()
    """Further inputs of a mixer: drawn between low and high, or set to one number in that range."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a guest may use: seconds of wall and CPU time, MiB of memory, KiB of output, MiB of scratch disk."""

    wall_s: float = 30.0
    cpu_s: int = 30
    memory_mb: int = 2048
    output_kb: int = 256
    disk_mb: int = 16


@dataclass(frozen=True, slots=True)
class Confinement:
    """Which way of confining a guest is in force here, and why a stronger one is not."""

    way: Literal["bubblewrap", "in-process", "none"]
    """With ``none`` a user's snippet is refused; shipped code still runs, within limits of time and memory."""
    reasons: tuple[str, ...] = ()
    """One line for each stronger way that cannot be had: why, and what to install."""
    caution: str = ""
    """What the way in force leaves open; empty where it closes what the runner's docstring lists."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a guest program ended. Its failure is data: nothing here is raised.

    ``status``: ok, error (it raised or left with a code), timeout (wall or CPU time), killed (by a signal, or out
    of memory), refused (this machine cannot confine it), cancelled (its owner wanted no more of it). ``figures`` is
    what the program reported, JSON values only.
    """

    status: RunStatus
    stdout: str = ""
    stderr: str = ""
    truncated: bool = False
    wall_s: float = 0.0
    exit_code: int | None = None
    figures: Mapping[str, object] = field(default_factory=dict)
    confinement: str = ""
    """Which way of confining was in force: bubblewrap, in-process, none."""
    message: str = ""
    """One line for a person: what happened and what to do next; empty where all went well."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """What it ran on: stemma, python and torch."""
    key: str = ""
    """The key of its record in the library, ``run:12``; empty where it was not recorded."""


@dataclass(frozen=True, slots=True)
class RunNote:
    """A recorded run as a line in a list."""

    key: str
    """``run:12``."""
    of: str
    """What ran: ``code:<slug>``, ``compare:<slug>,<slug>``, ``snippet:<number>``, ``file:<name>``, ..."""
    code_hash: str
    parameters: Mapping[str, object]
    seed: int
    status: RunStatus
    wall_s: float
    ran_at: datetime


@dataclass(frozen=True, slots=True)
class RunRecord:
    """All that was recorded of a run."""

    note: RunNote
    code: str
    """The source as its author wrote it; of several ideas one behind the other; empty where it was not kept."""
    result: RunResult


class Ticket(Protocol):
    """One run that was asked for: it waits for a place, runs, and has ended. Any thread may ask it anything."""

    @property
    def state(self) -> Literal["waiting", "running", "ended"]: ...

    @property
    def place(self) -> int:
        """How many runs are begun before it; 0 from when it runs."""

    @property
    def figures(self) -> Mapping[str, object]:
        """What the program has reported so far, a copy."""

    @property
    def stdout(self) -> str:
        """What the program has printed so far, whole characters."""

    @property
    def seconds(self) -> float:
        """How long the program has run, s."""

    def cancel(self) -> None:
        """Begin it no more, or end it; what it has reported so far stays. Nothing happens where it has ended."""

    def wait(self, timeout_s: float | None = None) -> RunResult | None:
        """Return how it ended, waiting for that at most so long; None where it has not ended by then."""
