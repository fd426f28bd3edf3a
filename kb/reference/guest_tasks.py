"""The part of a composed program that makes the tasks of small trainings: sequences, and what is to be said where.

A task arrives as a dictionary: ``slug``, its sizes by name, and for the text ``text``. Everything is drawn from a
generator, so that all ideas see the same batches; what is held out is drawn from another, or cut off the text's end.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor

NOTHING = -1
"""Stands among the answers where nothing is asked."""
HELD_OUT = 256
"""Fresh sequences on which an idea is examined, the same ones every time."""
HELD_OUT_SHARE = 0.2
"""The end of a text that is held out."""

Batch = tuple[Tensor, Tensor]
"""Tokens (B, T) int64, and answers (B, T) int64: what comes next where it is asked, NOTHING elsewhere."""
Draw = Callable[[int, Generator], Batch]


@dataclass(frozen=True)
class Lesson:
    """A task ready to be learned."""

    words: Sequence[str]
    """What each token is called."""
    draw: Draw
    """Gives a batch of so many sequences."""
    held_out: Batch
    chance: Mapping[str, float]
    """Loss in nats and accuracy of a guess: one value or letter among all, a character by its share of the text."""


def build_lesson(task: Mapping[str, Any], seed: int) -> Lesson:
    """Return a task with its held-out sequences; training and held-out sequences come from different streams."""
    if task["slug"] == "text":
        return _build_text(task)
    words, draw = _TASKS[task["slug"]](task)
    held_out = draw(HELD_OUT, Generator().manual_seed(2 * seed + 1))
    choices = task["values"] if "values" in task else task["letters"]
    return Lesson(words, draw, held_out, {"loss": math.log(choices), "accuracy": 1 / choices})


def start_stream(seed: int) -> Generator:
    """Return the generator of a training's batches."""
    return Generator().manual_seed(2 * seed)


def _draw_recall(B: int, generator: Generator, *, pairs: int, keys: int, values: int, queries: int) -> Batch:
    """Pairs of a key and its value, then ``queries`` of the keys in any order, each followed by its value."""
    # the smallest of random numbers are a draw without replacement: no key has two values
    asked_of = torch.rand(B, keys, generator=generator).argsort(dim=1)[:, :pairs]
    held = torch.randint(values, (B, pairs), generator=generator) + keys
    order = torch.rand(B, pairs, generator=generator).argsort(dim=1)[:, :queries]
    told = torch.stack([asked_of, held], dim=2).flatten(1)
    asked = torch.stack([asked_of.gather(1, order), held.gather(1, order)], dim=2).flatten(1)
    tokens = torch.cat([told, asked], dim=1)
    answers = torch.full_like(tokens, NOTHING)
    answers[:, 2 * pairs :: 2] = held.gather(1, order)
    # after the last question nothing more need be said
    return tokens[:, :-1], answers[:, :-1]


def _draw_copying(B: int, generator: Generator, *, length: int, letters: int) -> Batch:
    """A string, a sign, and the string once more."""
    string = torch.randint(letters, (B, length), generator=generator)
    sign = torch.full((B, 1), letters)
    tokens = torch.cat([string, sign, string[:, :-1]], dim=1)
    return tokens, torch.cat([torch.full_like(string, NOTHING), string], dim=1)


def _draw_induction(B: int, generator: Generator, *, length: int, letters: int) -> Batch:
    """Random letters with one sign among them, and the sign again at the end: what stood behind it the first time?"""
    tokens = torch.randint(letters, (B, length), generator=generator)
    place = torch.randint(length - 2, (B, 1), generator=generator)
    tokens.scatter_(1, place, letters)
    tokens[:, -1] = letters
    answers = torch.full_like(tokens, NOTHING)
    answers[:, -1:] = tokens.gather(1, place + 1)
    return tokens, answers


def _build_recall(task: Mapping[str, Any]) -> tuple[Sequence[str], Draw]:
    pairs, keys, values = task["pairs"], task["keys"], task["values"]
    queries = 1 if task["slug"] == "recall" else pairs
    words = [*(_letter(n) for n in range(keys)), *(str(n) for n in range(values))]
    return words, partial(_draw_recall, pairs=pairs, keys=keys, values=values, queries=queries)


def _build_letters(draw: Callable[..., Batch], task: Mapping[str, Any]) -> tuple[Sequence[str], Draw]:
    letters = task["letters"]
    return [*(_letter(n) for n in range(letters)), "|"], partial(draw, length=task["length"], letters=letters)


_TASKS: Mapping[str, Callable[[Mapping[str, Any]], tuple[Sequence[str], Draw]]] = {
    "recall": _build_recall,
    "multi-query-recall": _build_recall,
    "copying": partial(_build_letters, _draw_copying),
    "induction": partial(_build_letters, _draw_induction),
}


def _letter(number: int) -> str:
    """Return a, b, ... z, a1, b1, ..."""
    return "abcdefghijklmnopqrstuvwxyz"[number % 26] + (str(number // 26) if number > 25 else "")


def _build_text(task: Mapping[str, Any]) -> Lesson:
    """Return the language model's lesson: every character of a passage is asked for, the text's end is held out."""
    text, length = task["text"], task["length"]
    words = sorted(set(text))
    numbers = torch.tensor([words.index(sign) for sign in text])
    begin = int(len(numbers) * (1 - HELD_OUT_SHARE))
    read, rest = numbers[:begin], numbers[begin:]
    passages = rest[: (len(rest) - 1) // length * length + 1].unfold(0, length + 1, length)
    held_out = passages[:, :-1], passages[:, 1:]
    shares = torch.bincount(read, minlength=len(words)).add(1.0)
    shares = shares / shares.sum()
    asked = held_out[1]
    chance = {
        "loss": float(-shares[asked].log().mean()),
        "accuracy": float((asked == shares.argmax()).float().mean()),
    }
    return Lesson(words, partial(_draw_passages, read=read, length=length), held_out, chance)


def _draw_passages(B: int, generator: Generator, *, read: Tensor, length: int) -> Batch:
    begins = torch.randint(len(read) - length, (B, 1), generator=generator)
    passages = read[begins + torch.arange(length + 1)]
    return passages[:, :-1], passages[:, 1:]


def tell_example(lesson: Lesson) -> dict[str, list[str]]:
    """Return the first held-out sequence in words, and the answers below it, empty where nothing is asked."""
    tokens, answers = (side[0].tolist() for side in lesson.held_out)
    return {
        "tokens": [lesson.words[token] for token in tokens],
        "answers": [lesson.words[answer] if answer != NOTHING else "" for answer in answers],
    }
