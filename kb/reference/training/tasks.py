"""The tasks of small trainings, as they are shown and set; ``guest_tasks`` draws their sequences.

Sizes are such that two to four ideas are trained in two minutes on two cores, and far enough for the task to tell
them apart; ``docs/trainings.md`` has the measured figures.
"""

import difflib
from collections.abc import Mapping
from dataclasses import replace

from kb.errors import InvalidQueryError, NotFoundError
from kb.records import Parameter, TrainingTask
from kb.reference.parameters import Value, parse_values

_TRAINING = (
    Parameter("steps", 400, 1, 5000),
    Parameter("rate", 0.003, 0.00001, 0.1),
    Parameter("seeds", 1, 1, 5),
    Parameter("seconds", 120, 5, 3600),
    Parameter("B", 32, 1, 128),
    Parameter("D", 64, 8, 128),
    Parameter("H", 2, 1, 8),
    Parameter("L", 2, 1, 4),
)


def _with_steps(steps: int) -> tuple[Parameter, ...]:
    return tuple(replace(one, default=steps) if one.name == "steps" else one for one in _TRAINING)


def _pair(tokens: str, answers: str) -> tuple[tuple[str, str], ...]:
    """Return tokens and the answers behind them; a dash asks for none."""
    asked = (answer.replace("-", "") for answer in answers.split())
    return tuple(zip(tokens.split(), asked, strict=True))


TASKS: tuple[TrainingTask, ...] = (
    TrainingTask(
        slug="recall",
        name="Associative recall",
        asks="Pairs of a key and its value, then one of the keys: which value stood behind it?",
        scored=(
            "The one answer at the end. A guess is right once in as many times as there are values; who only knows "
            "which values were shown, about once in as many times as there are pairs."
        ),
        evidence=(
            "Ba, Hinton, Mnih, Leibo, Ionescu (2016), arXiv:1610.06258, section 4.1; as a test of memories: Schlag, "
            "Irie, Schmidhuber (2021), arXiv:2102.11174, section 6.1"
        ),
        separates=(
            "Memories that mix up keys from those that do not. With one answer a sequence all learn slowly, and what "
            "learns more slowly looks as if it could not."
        ),
        example=_pair("b 3 f 7 a 1 f", "- - - - - - 7"),
        sizes=(Parameter("pairs", 8, 1, 32), Parameter("keys", 16, 1, 64), Parameter("values", 16, 2, 64)),
        training=_with_steps(600),
    ),
    TrainingTask(
        slug="multi-query-recall",
        name="Multi-query associative recall",
        asks="Pairs of a key and its value, then all keys in another order: which value stood behind each?",
        scored=(
            "The answer behind every key that is asked for; the value then follows, as it would in a text. A guess "
            "is right once in as many times as there are values."
        ),
        evidence="Arora, Eyuboglu, Timalsina, Johnson, Poli, Zou, Rudra, Ré (2023), arXiv:2312.04927 (MQAR)",
        separates=(
            "Attention from memories of a fixed size, and the delta rule from the sum. The paper's sequences have up "
            "to 512 tokens, these have 31."
        ),
        example=_pair("b 3 f 7 a 1 f 7 b 3 a", "- - - - - - 7 - 3 - 1"),
        sizes=(Parameter("pairs", 8, 1, 32), Parameter("keys", 32, 1, 64), Parameter("values", 32, 2, 64)),
        training=_with_steps(400),
    ),
    TrainingTask(
        slug="copying",
        name="Copying",
        asks="A string of random letters, a sign, and the string once more: what comes next?",
        scored=(
            "Every letter of the copy, the letters before it given. A guess is right once in as many times as there "
            "are letters."
        ),
        evidence=(
            "Arjovsky, Shah, Bengio (2016), arXiv:1511.06464, for memory over time; as a string that is repeated: "
            "Jelassi, Brandfonbrener, Kakade, Malach (2024), arXiv:2402.01032"
        ),
        separates=(
            "What looks up from what has to carry. Every copy lies equally far behind its letter, so that a fixed "
            "convolution can do it too."
        ),
        example=_pair("k a a q | k a a", "- - - - k a a q"),
        sizes=(Parameter("length", 16, 2, 128), Parameter("letters", 26, 2, 64)),
        training=_with_steps(400),
    ),
    TrainingTask(
        slug="induction",
        name="Induction",
        asks="Random letters with one sign among them, and the sign again at the end: which letter stood behind it?",
        scored="The one answer at the end. A guess is right once in as many times as there are letters.",
        evidence=(
            "Fu, Dao, Saab, Thomas, Rudra, Ré (2022), arXiv:2212.14052, section 3.1; induction heads: Olsson et al. "
            "(2022), arXiv:2209.11895"
        ),
        separates=(
            "What chooses by content from what treats all tokens alike. The short convolution of every model shows a "
            "letter the sign before it, so that one layer is enough."
        ),
        example=_pair("m c | h t c e |", "- - - - - - - h"),
        sizes=(Parameter("length", 32, 4, 256), Parameter("letters", 20, 2, 64)),
        training=_with_steps(250),
    ),
    TrainingTask(
        slug="text",
        name="Characters of a text",
        asks="Passages of a small text that was written for this project: which character comes next?",
        scored=(
            "Every character of the text's last fifth, from which nothing is learned, in bits: less is better. A "
            "guess knows how often each character stands in the rest."
        ),
        evidence="the text: kb/reference/text.txt; bits per character as in Graves (2013), arXiv:1308.0850",
        separates=(
            "Little. The text has 6,700 characters and is soon known by heart; what sets language models apart shows "
            "on far more."
        ),
        example=_pair("t h e _ m i l", "h e _ m i l l"),
        sizes=(Parameter("length", 64, 8, 256),),
        training=_with_steps(150),
    ),
)


def get_task(name: str) -> TrainingTask:
    """Return a task by its slug or name, in any case.

    Raises
    ------
    NotFoundError : no task is called so; the message names the nearest
    """
    wanted = name.strip().casefold().replace("_", "-").replace(" ", "-")
    known = {task.slug: task for task in TASKS} | {task.name.casefold().replace(" ", "-"): task for task in TASKS}
    if wanted in known:
        return known[wanted]
    slugs = [task.slug for task in TASKS]
    nearest = difflib.get_close_matches(wanted, known, n=1, cutoff=0.4)
    hint = f"the nearest is {known[nearest[0]].slug}" if nearest else f"there are {', '.join(slugs)}"
    raise NotFoundError(f"no task is called {name!r}: {hint}")


def parse_sizes_of(task: TrainingTask, given: Mapping[str, object]) -> tuple[dict[str, Value], dict[str, Value]]:
    """Return the values of what can be set of the task, and of the training.

    Raises
    ------
    InvalidQueryError : a value outside its range, or values that do not fit together
    """
    names = {one.name for one in task.sizes}
    sizes = parse_values(task.slug, task.sizes, {name: one for name, one in given.items() if name in names})
    others = {name: one for name, one in given.items() if name not in names}
    training = parse_values("a training", task.training, others)
    if "pairs" in sizes and int(sizes["pairs"]) > int(sizes["keys"]):
        raise InvalidQueryError(f"pairs={sizes['pairs']} need as many keys, not keys={sizes['keys']}: change one")
    if int(training["D"]) % (2 * int(training["H"])):
        raise InvalidQueryError(f"D={training['D']} must be an even number for each of H={training['H']} heads")
    return sizes, training


def count_tokens(task: TrainingTask, sizes: Mapping[str, Value]) -> int:
    """Return how many tokens a sequence has."""
    if "pairs" in sizes:
        pairs = int(sizes["pairs"])
        return 2 * pairs + 2 * (1 if task.slug == "recall" else pairs) - 1
    return int(sizes["length"]) * (2 if task.slug == "copying" else 1)
