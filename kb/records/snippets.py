"""Code that a user attaches to a paper or an idea, what it was before, and what can be read from its text."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from kb.records.running import Idea, Parameter

SnippetKind = Literal["variant", "program"]


@dataclass(frozen=True, slots=True)
class Snippet:
    """Code that a user attached. Its address, ``snippet:12``, stays when it is changed."""

    id: int
    key: str
    """What it is attached to: the key of a paper or a concept, which may be gone by now."""
    name: str
    code: str
    code_hash: str
    created_at: datetime
    parameters: str = ""
    """What the user named, ``decay = 0.9 in 0..1; mode = a of a | b``; a default left out is the code's own."""
    like: str = ""
    """The slug of the idea whose form, gates and weights it takes where its text does not say them; may be empty."""
    version: int = 1
    changed_at: datetime | None = None

    @property
    def address(self) -> str:
        """Its name wherever an idea's name is taken."""
        return f"snippet:{self.id}"


@dataclass(frozen=True, slots=True)
class SnippetVersion:
    """What a snippet was before it was changed."""

    version: int
    code: str
    code_hash: str
    parameters: str
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class SnippetReading:
    """What the text of a snippet says, without running it.

    A variant defines a public function with the signature of a form: it runs on the standard input and can be
    compared with the ideas of that form. Anything else is a program, which runs as it is.
    """

    kind: SnippetKind
    parameters: tuple[Parameter, ...]
    idea: Idea | None = None
    """Of a variant: what a run or a comparison takes."""
    remarks: tuple[str, ...] = ()
    """One line for each thing that could not be read: why it is no variant, which argument cannot be set."""


@dataclass(frozen=True, slots=True)
class SnippetFile:
    """A snippet as it stands in a file of its own: the code, and what the comment above it says."""

    code: str
    name: str = ""
    key: str = ""
    like: str = ""
    parameters: str = ""
    is_exported: bool = False
    """Whether it says that it comes from a library."""


@dataclass(frozen=True, slots=True)
class SnippetsTaken:
    """What became of the files of an exported set."""

    attached: tuple[Snippet, ...] = ()
    already: tuple[str, ...] = ()
    """Files whose snippet is here, of the same name and with the same code."""
    refused: tuple[tuple[str, str], ...] = ()
    """Files that could not be taken, each with the reason."""
