"""The part of a composed program that trains small models around ideas, side by side, and examines them.

All ideas of a seed take every step on the same batch, with the same optimiser and rate, so that they stop at the same
step whatever stops them: the steps are done, the time is up, or every one has solved the task.

Reports, while it goes on: task, training, chance, example, progress (step, steps, seconds) and curves (one an idea:
label, steps, loss, accuracy, means over the seeds). At the end: ideas (the table), expected (see ``guest_judging``)
and stopped. Losses are in nats; a score is the accuracy, or for the text bits per character.
"""

import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from kb.reference.guest_figures import plain
from kb.reference.guest_judging import SOLVED, judge
from kb.reference.guest_model import Model
from kb.reference.guest_tasks import NOTHING, Batch, Lesson, build_lesson, start_stream, tell_example

EXAMINATIONS, LEAST_STEPS = 25, 10
"""How often an idea is examined on its way, and after how many steps at the earliest."""
WARM_UP = 30
"""Steps over which the rate rises; then it falls along half a cosine."""
LAST_SHARE = 0.1
"""Of the rate, at the last step."""
THREADS = 2
"""So many ideas take a step at the same time, a thread each: their products are too small to be shared by threads."""
TELL_S = 0.5
"""Seconds between two notes of how far a training is."""
CLIP = 1.0
"""The greatest norm of a gradient."""
DECAY = 0.01
"""Weight decay."""
LEAK = 1e-4
"""An output may change by this share of the largest, from rounding, when the last token changes."""


class Learner:
    """One idea under one seed: its model, its optimiser, and what the examinations gave."""

    def __init__(self, idea: Mapping[str, Any], lesson: Lesson, training: Mapping[str, Any], seed: int) -> None:
        self.label: str = idea["label"]
        self.model = Model(idea, vocabulary=len(lesson.words), layers=training["L"], seed=seed)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=training["rate"], betas=(0.9, 0.98), weight_decay=DECAY
        )
        self.lesson, self.rate, self.steps = lesson, training["rate"], training["steps"]
        self.seconds, self.ended = 0.0, ""
        self.history: list[dict[str, float]] = []
        self.scores: dict[str, list[float]] = {}
        """Loss and accuracy of each held-out sequence at the last examination."""
        tokens = lesson.held_out[0][:2]
        self.state_elements = self.model.count_state(tokens)
        if not self.model.find_leak(tokens) <= LEAK and self._is_finite(tokens):
            self.ended = "was not trained: it sees tokens that come later"

    def _is_finite(self, tokens: Tensor) -> bool:
        with torch.no_grad():
            return bool(self.model(tokens).isfinite().all())

    @property
    def has_solved(self) -> bool:
        """True where the last two examinations found next to no mistake."""
        return len(self.history) > 1 and all(one["accuracy"] >= SOLVED for one in self.history[-2:])

    def learn(self, batch: Batch, step: int) -> None:
        """Take one step, unless the idea has ended."""
        if self.ended:
            return
        begun = time.thread_time()
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * schedule(step, self.steps)
        self.optimiser.zero_grad()
        loss = find_loss(self.model(batch[0]), batch[1])
        loss.backward()  # type: ignore[no-untyped-call]
        length = torch.nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        if loss.isfinite() and length.isfinite():
            self.optimiser.step()
        else:
            self.ended = f"diverged at step {step}: its loss or its gradient is no longer finite"
        self.seconds += time.thread_time() - begun

    def examine(self, step: int) -> None:
        """Note loss and accuracy on what is held out, unless the idea has ended."""
        if self.ended:
            return
        tokens, answers = self.lesson.held_out
        with torch.no_grad():
            logits = self.model(tokens)
        asked = answers != NOTHING
        right = ((logits.argmax(dim=-1) == answers) & asked).sum(dim=1) / asked.sum(dim=1)
        losses = cross_entropy(logits.transpose(1, 2), answers, ignore_index=NOTHING, reduction="none")
        means = losses.sum(dim=1) / asked.sum(dim=1)
        self.scores = {"loss": means.tolist(), "accuracy": right.tolist()}
        self.history.append({"step": step, **{name: statistics.mean(one) for name, one in self.scores.items()}})


def find_loss(logits: Tensor, answers: Tensor) -> Tensor:
    """Return the mean cross-entropy in nats where something is asked."""
    return cross_entropy(logits.flatten(0, 1), answers.flatten(), ignore_index=NOTHING)


def schedule(step: int, steps: int) -> float:
    """Return the share of the rate at a step, counted from 1."""
    falling = LAST_SHARE + (1 - LAST_SHARE) * (1 + math.cos(math.pi * step / steps)) / 2
    return min(1.0, step / WARM_UP) * falling


def report_training(program: Mapping[str, Any], report: Callable[[str, object], None]) -> None:
    """Train the ideas of a program and report how it goes and what came of it."""
    torch.set_num_threads(1)
    task, training = program["task"], program["training"]
    seeds = [program["seed"] + n for n in range(training["seeds"])]
    lessons = [build_lesson(task, seed) for seed in seeds]
    report("task", {name: value for name, value in task.items() if name != "text"})
    report("training", training)
    report("chance", {name: plain(value) for name, value in lessons[0].chance.items()})
    report("example", tell_example(lessons[0]))
    groups = [
        [Learner(idea, lesson, training, seed) for idea in program["ideas"]]
        for lesson, seed in zip(lessons, seeds, strict=True)
    ]
    by_idea = list(zip(*groups, strict=True))
    told = 0.0
    for step, seconds, stopped in _train(groups, lessons, seeds, training):
        if stopped is not None or seconds - told > TELL_S:
            told = seconds
            report("progress", {"step": step, "steps": training["steps"], "seconds": plain(seconds)})
        if stopped is not None:
            report("curves", [tell_curve(learners) for learners in by_idea])
            report("stopped", stopped)
    rows = [tell_row(idea, learners) for idea, learners in zip(program["ideas"], by_idea, strict=True)]
    report("ideas", rows)
    report("expected", _judge_all(program, by_idea, lessons[0].chance))


def _judge_all(
    program: Mapping[str, Any], by_idea: Sequence[Sequence[Learner]], chance: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Return every expectation with what was found: of a text in bits per character, elsewhere in accuracy."""
    is_text = program["task"]["slug"] == "text"
    name, unit = ("loss", math.log(2)) if is_text else ("accuracy", 1.0)
    scores = {
        learners[0].label: [[score / unit for score in learner.scores.get(name, ())] for learner in learners]
        for learners in by_idea
    }
    failed = {learner.label: learner.ended for learners in by_idea for learner in learners if learner.ended}
    return [judge(one, scores, failed, chance=chance[name] / unit, less=is_text) for one in program["expected"]]


def _train(
    groups: Sequence[Sequence[Learner]], lessons: Sequence[Lesson], seeds: Sequence[int], training: Mapping[str, Any]
) -> Iterator[tuple[int, float, str | None]]:
    """Take the steps; yield after each its number, the seconds so far and, after an examination, why it stopped.

    Why is empty where it goes on, and None where nothing was examined.
    """
    begun, steps = time.monotonic(), training["steps"]
    streams = [start_stream(seed) for seed in seeds]
    every = max(LEAST_STEPS, steps // EXAMINATIONS)
    everyone = [learner for learners in groups for learner in learners]
    with ThreadPoolExecutor(THREADS, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        for step in range(1, steps + 1):
            drawn = [lesson.draw(training["B"], stream) for lesson, stream in zip(lessons, streams, strict=True)]
            batches = [batch for batch, learners in zip(drawn, groups, strict=True) for _ in learners]
            _finish(pool.map(lambda learner, batch, step=step: learner.learn(batch, step), everyone, batches))
            seconds = time.monotonic() - begun
            late = seconds > training["seconds"]
            if step % every and step < steps and not late:
                yield step, seconds, None
                continue
            _finish(pool.map(lambda learner, step=step: learner.examine(step), everyone))
            stopped = _tell_end(everyone, step, steps, late=late)
            yield step, time.monotonic() - begun, stopped
            if stopped:
                return


def _finish(tasks: Iterator[None]) -> None:
    """Wait for all, and raise what one of them raised."""
    for _ in tasks:
        pass


def _tell_end(everyone: Sequence[Learner], step: int, steps: int, *, late: bool) -> str:
    """Return why a training ends here; empty where it goes on."""
    if all(learner.ended for learner in everyone):
        return f"after {step} steps: no idea could be trained any further"
    if all(learner.has_solved for learner in everyone if not learner.ended):
        return f"after {step} of {steps} steps: every idea had solved the task"
    if step == steps:
        return f"after {steps} steps, as many as were asked for"
    return f"after {step} of {steps} steps: the time was up" if late else ""


def tell_curve(learners: Sequence[Learner]) -> dict[str, Any]:
    """Return an idea's examinations so far, means over the seeds that got as far."""
    longest = max((learner.history for learner in learners), key=len)
    curve: dict[str, Any] = {"label": learners[0].label, "steps": [int(one["step"]) for one in longest]}
    for name in ("loss", "accuracy"):
        places = range(len(longest))
        reached = [[one.history[place][name] for one in learners if len(one.history) > place] for place in places]
        curve[name] = [plain(statistics.mean(values)) for values in reached]
    return curve


def tell_row(idea: Mapping[str, Any], learners: Sequence[Learner]) -> dict[str, Any]:
    """Return an idea's line of the table: loss and accuracy at the end, means over the seeds and by seed; costs."""
    last = [learner.history[-1] for learner in learners if learner.history]
    row: dict[str, Any] = {
        "label": idea["label"],
        "form": idea["form"],
        "parameters": idea["parameters"],
        "ended": next((learner.ended for learner in learners if learner.ended), ""),
    }
    for name in ("loss", "accuracy"):
        by_seed = [one[name] for one in last]
        row |= {
            name: plain(statistics.mean(by_seed)) if by_seed else None,
            f"{name}_by_seed": list(map(plain, by_seed)),
        }
    reached = [[one["step"] for one in learner.history if one["accuracy"] >= SOLVED] for learner in learners]
    return {
        **row,
        "solved_at": [int(steps[0]) if steps else None for steps in reached],
        "parameter_count": learners[0].model.count_parameters(),
        "state_elements": learners[0].state_elements,
        "seconds": plain(sum(learner.seconds for learner in learners)),
    }
