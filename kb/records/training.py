"""Small trainings: the tasks that ideas learn side by side, and what the literature expects of them."""

from dataclasses import dataclass

from kb.records.running import Parameter


@dataclass(frozen=True, slots=True)
class TrainingTask:
    """A task that is learned in a minute or two."""

    slug: str
    name: str
    asks: str
    """What a sequence shows and what is to be said, in a sentence."""
    scored: str
    """Where the answers are counted, and what a guess gets."""
    evidence: str
    """Where the task comes from."""
    separates: str
    """What it can show in this time, and what it cannot."""
    example: tuple[tuple[str, str], ...]
    """A short sequence: each token and the answer that is asked behind it, empty where none is."""
    sizes: tuple[Parameter, ...]
    """What can be set of the task itself."""
    training: tuple[Parameter, ...]
    """What can be set of the training, and of the model around the idea; sizes are capital letters."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A statement of the literature: on a task, one idea is ahead of others."""

    tasks: tuple[str, ...]
    ahead: str
    """The slug of an idea; so also those behind."""
    behind: tuple[str, ...]
    evidence: str
    says: str
    """What was found there, in our words."""
