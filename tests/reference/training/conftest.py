"""What the tests of small trainings share: tasks as the guest gets them, and a training run in this process."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import torch

from kb.reference.guest_tasks import Lesson, build_lesson
from kb.reference.registry import get_idea
from kb.reference.training import build_training_program, get_task
from kb.reference.training.tasks import parse_sizes_of

Figures = dict[str, Any]


@pytest.fixture
def lesson() -> Callable[..., Lesson]:
    """Return a task as an idea learns it: ``lesson("recall", pairs=4)``."""

    def build(slug: str, seed: int = 0, **given: object) -> Lesson:
        task = get_task(slug)
        text = "the cat sat on the mat. the dog ran to the red door, and back. " * 40
        sizes, _ = parse_sizes_of(task, given)
        return build_lesson({"slug": slug, **sizes, **({"text": text} if slug == "text" else {})}, seed)

    return build


@pytest.fixture
def train() -> Callable[..., Figures]:
    """Run a training in this process and return its last figures.

    A name may be the text of an idea of one's own; ``every`` keeps all that was reported; ``spy`` gets the guest's
    functions by name before it begins.
    """

    def run(
        task: str,
        names: Sequence[str],
        settings: Mapping[str, object],
        *,
        seed: int = 0,
        every: list[Any] | None = None,
        spy: Callable[[dict[str, Any]], None] = lambda names: None,
    ) -> Figures:
        ideas = [name if "\n" in name else get_idea(name) for name in names]
        parts, call = build_training_program(task, ideas, settings, seed=seed).rsplit("report_training(", 1)
        figures: Figures = {}

        def report(name: str, value: object) -> None:
            figures[name] = value
            if every is not None:
                every.append((name, value))

        threads = torch.get_num_threads()
        guest: dict[str, Any] = {"report": report}
        try:
            exec(compile(parts, "program.py", "exec"), guest)
            spy(guest)
            exec(compile(f"report_training({call}", "program.py", "exec"), guest)
        finally:
            torch.set_num_threads(threads)
        return figures

    return run
