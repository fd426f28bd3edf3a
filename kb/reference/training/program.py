"""Composes programs that train ideas side by side; ``guest_training`` names what they report.

Pure functions, as in ``kb.reference.program``: ideas and what the user set go in, a program's text comes out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kb.errors import InvalidQueryError
from kb.records import Idea, TrainingTask
from kb.reference.comparing import label_ideas, share_settings
from kb.reference.header import speak_form
from kb.reference.parameters import Value, list_sizes
from kb.reference.program import compose, describe_idea, read_idea
from kb.reference.text import FILE
from kb.reference.training.literature import FINDINGS
from kb.reference.training.tasks import count_tokens, get_task, parse_sizes_of

FORMS_TRAINED = ("mixer", "recurrence", "block", "position", "features", "norm", "feed-forward")
MOST_IDEAS = 4
STATE = 16
"""The state of a recurrence, in numbers a channel."""
PREFERRED: Mapping[str, Value] = {"form": "chunkwise", "chunk": 16, "scaled": True}
"""What an idea's parameters are where it has them and they are not set: its chunkwise form, which is the fastest here
of those that agree, and logits over the root of the key size, so that position schemes differ in positions only."""
_MOST_ELEMENTS = 2**24
_PARTS = ("guest_tasks", "guest_model", "guest_judging", "guest_training")


def build_training_program(
    task: str,
    ideas: Sequence[Idea | str],
    settings: Mapping[str, object] | None = None,
    *,
    seed: int = 0,
    most_seconds: float | None = None,
) -> str:
    """Return a program that trains one to four ideas on a task.

    Parameters
    ----------
    settings     : of the task, the training and the ideas: ``pairs``, ``steps``, ``D``; a plain name of an idea's
                   parameter or gate goes to every idea that has it, ``deltanet.normalise`` or ``2.normalise`` to one
    most_seconds : when it has to stop at the latest

    Raises
    ------
    NotFoundError     : no such task
    InvalidQueryError : not one to four ideas, one that cannot be trained, or a name or value that is refused
    """
    chosen, read = get_task(task), [read_idea(idea) for idea in ideas]
    if not 1 <= len(read) <= MOST_IDEAS:
        raise InvalidQueryError(f"one to {MOST_IDEAS} ideas are trained side by side, not {len(read)}")
    for idea in read:
        refuse_untrainable(idea)
    names = [one.name for one in (*chosen.sizes, *chosen.training)]
    given = settings or {}
    sizes, training = parse_sizes_of(chosen, {name: value for name, value in given.items() if name in names})
    if most_seconds is not None:
        training["seconds"] = min(int(training["seconds"]), max(1, int(most_seconds)))
    own = _share(read, {name: value for name, value in given.items() if name not in names}, names)
    tensors = _list_tensor_sizes(chosen, sizes, training)
    described = [describe_for_training(idea, mine, tensors) for idea, mine in zip(read, own, strict=True)]
    labels = label_ideas(read)
    for one, label in zip(described, labels, strict=True):
        one["label"] = label
    unchanged = [label for label, mine in zip(labels, own, strict=True) if not mine]
    return compose(
        "report_training",
        described,
        seed,
        *_PARTS,
        task={"slug": chosen.slug, **sizes, **_take_text(chosen)},
        training=training,
        expected=list_expected(chosen.slug, unchanged),
    )


def is_trainable(idea: Idea) -> bool:
    """Tell whether an idea's form has a place in the model of a training."""
    return idea.form in FORMS_TRAINED


def refuse_untrainable(idea: Idea) -> None:
    """Raise InvalidQueryError where an idea's form has no place in the model, and say why."""
    if not is_trainable(idea):
        forms = ", ".join(FORMS_TRAINED)
        raise InvalidQueryError(
            f"{idea.slug} is {speak_form(idea.form)}, which has no place in the model that is trained: choose "
            f"ideas of the forms {forms}"
        )


def list_expected(task: str, labels: Sequence[str]) -> list[dict[str, str]]:
    """Return what the literature says of a task, pair by pair, where both ideas are trained as they stand."""
    return [
        {"ahead": finding.ahead, "behind": behind, "evidence": finding.evidence, "says": finding.says}
        for finding in FINDINGS
        for behind in finding.behind
        if task in finding.tasks and finding.ahead in labels and behind in labels
    ]


def _share(ideas: Sequence[Idea], given: Mapping[str, object], names: Sequence[str]) -> list[dict[str, object]]:
    """Return for each idea the settings that concern it; sizes are those of the training."""
    for setting in given:
        if setting.rpartition(".")[2] in {size for idea in ideas for size in list_sizes(idea)}:
            raise InvalidQueryError(
                f"{setting} cannot be set in a training, where all ideas have the same sizes: set {', '.join(names)}"
            )
    return share_settings(ideas, given)


def _list_tensor_sizes(
    task: TrainingTask, sizes: Mapping[str, Value], training: Mapping[str, Value]
) -> dict[str, int]:
    D, H = int(training["D"]), int(training["H"])
    T = count_tokens(task, sizes)
    return {"T": T, "D": D, "H": H, "K": D // H, "V": D // H, "F": 2 * D, "R": max(1, D // 16)}


def describe_for_training(idea: Idea, own: Mapping[str, object], tensors: Mapping[str, int]) -> dict[str, Any]:
    """Return an idea as the guest takes it, with all sizes of the model.

    Parameters
    ----------
    own     : what is set of its parameters and gates
    tensors : T, D, H, K, V, F and R
    """
    declared = {one.name: one for one in idea.parameters}
    preferred = {
        name: value
        for name, value in PREFERRED.items()
        if name in declared and name not in own and (not declared[name].choices or value in declared[name].choices)
    }
    sizes = {**tensors, **({"K": STATE} if idea.form == "recurrence" else {})}
    mine = {letter: size for letter, size in sizes.items() if letter in list_sizes(idea)}
    return {**describe_idea(idea, {**preferred, **own, **mine}, most=_MOST_ELEMENTS), "sizes": sizes}


def _take_text(task: TrainingTask) -> dict[str, str]:
    return {"text": FILE.read_text(encoding="utf-8").lower()} if task.slug == "text" else {}
