"""The tasks' data: every answer is what a reader of the sequence would say, and nothing held out is learned from."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from kb.errors import InvalidQueryError, NotFoundError
from kb.reference.guest_tasks import NOTHING, Lesson, start_stream, tell_example
from kb.reference.training import TASKS, get_task
from kb.reference.training.tasks import count_tokens, parse_sizes_of

Build = Callable[..., Lesson]
SYNTHETIC = [task.slug for task in TASKS if task.slug != "text"]


def look_up(words: list[str]) -> dict[int, str]:
    """Answer a recall by reading: a key that has stood before is asked for, and its value followed it there."""
    answers, known, place = {}, {}, 0
    while place < len(words):
        if words[place] in known:
            answers[place] = known[words[place]]
        elif place + 1 < len(words):
            known[words[place]] = words[place + 1]
        place += 2
    return answers


def copy(words: list[str]) -> dict[int, str]:
    """Answer copying by reading: what stands one sign further on before the bar."""
    bar = words.index("|")
    return {bar + n: words[n] for n in range(bar)}


def induce(words: list[str]) -> dict[int, str]:
    """Answer induction by reading: the letter behind the first bar."""
    return {len(words) - 1: words[words.index("|") + 1]}


ORACLES = {"recall": look_up, "multi-query-recall": look_up, "copying": copy, "induction": induce}


def told(lesson: Lesson, tokens: Tensor, answers: Tensor) -> tuple[list[str], dict[int, str]]:
    asked = {place: answer for place, answer in enumerate(answers.tolist()) if answer != NOTHING}
    return [lesson.words[t] for t in tokens.tolist()], {place: lesson.words[one] for place, one in asked.items()}


@pytest.mark.parametrize("slug", SYNTHETIC)
def test_every_answer_is_what_a_reader_would_say(slug: str, lesson: Build) -> None:
    built = lesson(slug, seed=3)
    for batch in (built.held_out, built.draw(40, start_stream(3))):
        for tokens, answers in zip(*batch, strict=True):
            words, asked = told(built, tokens, answers)
            assert asked == ORACLES[slug](words)


@pytest.mark.parametrize(
    ("slug", "given", "asked"),
    [
        ("recall", {"pairs": 5}, 1),
        ("multi-query-recall", {"pairs": 5}, 5),
        ("copying", {"length": 7}, 7),
        ("induction", {"length": 9}, 1),
        ("text", {"length": 10}, 10),
    ],
)
def test_sequences_are_as_long_and_asked_as_often_as_they_should(
    slug: str, given: dict[str, int], asked: int, lesson: Build
) -> None:
    tokens, answers = lesson(slug, **given).held_out
    assert tokens.shape == answers.shape
    assert tokens.shape[1] == count_tokens(get_task(slug), parse_sizes_of(get_task(slug), given)[0])
    assert set((answers != NOTHING).sum(dim=1).tolist()) == {asked}


def test_a_recall_may_ask_for_any_pair_and_no_key_stands_twice(lesson: Build) -> None:
    tokens, _ = lesson("recall", pairs=4, keys=6).held_out
    assert all(len(set(row)) == 4 for row in tokens[:, :8:2].tolist())
    places = (tokens[:, :8:2] == tokens[:, -1:]).int().argmax(dim=1)
    assert set(places.tolist()) == {0, 1, 2, 3}


def test_the_sign_of_an_induction_may_stand_anywhere_before_its_letter(lesson: Build) -> None:
    tokens, _ = lesson("induction", length=6, letters=4).held_out
    assert set((tokens == 4).int().argmax(dim=1).tolist()) == {0, 1, 2, 3}
    assert set((tokens == 4).sum(dim=1).tolist()) == {2}


@pytest.mark.parametrize("slug", SYNTHETIC)
def test_no_sequence_that_is_held_out_is_learned_from(slug: str, lesson: Build) -> None:
    built = lesson(slug)
    stream = start_stream(0)
    held_out = {tuple(row) for row in built.held_out[0].tolist()}
    learned = {tuple(row) for _ in range(60) for row in built.draw(32, stream)[0].tolist()}
    # this many draws would share some if they came from the same stream: here they are all different
    assert len(learned) == 60 * 32
    assert not held_out & learned


def test_the_end_of_a_text_is_held_out(lesson: Build) -> None:
    built = lesson("text", length=16)
    tokens, answers = built.held_out
    assert torch.equal(tokens[:, 1:], answers[:, :-1])
    assert torch.equal(tokens[1:, 0], answers[:-1, -1])
    text = "the cat sat on the mat. the dog ran to the red door, and back. " * 40
    begin = int(len(text) * 0.8)
    assert "".join(built.words[t] for t in tokens.flatten().tolist()) == text[begin : begin + tokens.numel()]
    assert len(text) - begin - tokens.numel() <= 16


def test_a_text_is_learned_from_its_beginning_only(lesson: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a" * 80 + "b" * 20
    from kb.reference.guest_tasks import build_lesson

    built = build_lesson({"slug": "text", "length": 8, "text": text}, 0)
    tokens, answers = built.draw(200, start_stream(0))
    assert set(tokens.flatten().tolist()) | set(answers.flatten().tolist()) == {0}
    assert set(built.held_out[1].flatten().tolist()) == {1}


@pytest.mark.parametrize("slug", [task.slug for task in TASKS])
def test_the_same_seed_gives_the_same_batches_and_another_others(slug: str, lesson: Build) -> None:
    def draw(seed: int) -> Tensor:
        return lesson(slug).draw(8, start_stream(seed))[0]

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))


@pytest.mark.parametrize("slug", SYNTHETIC)
def test_a_guess_is_right_as_often_as_is_stated(slug: str, lesson: Build) -> None:
    built = lesson(slug)
    _, answers = built.draw(4000, start_stream(9))
    asked = answers[answers != NOTHING]
    share = asked.bincount().max() / len(asked)
    # who always says the most frequent answer is hardly better than one in all
    assert float(share) == pytest.approx(built.chance["accuracy"], rel=0.25)
    assert built.chance["loss"] == pytest.approx(-torch.tensor(built.chance["accuracy"]).log().item())


def test_a_guess_of_characters_knows_their_shares(lesson: Build) -> None:
    built = lesson("text")
    assert built.words[0] == " "
    assert 0.15 < built.chance["accuracy"] < 0.3
    assert built.chance["loss"] < torch.tensor(len(built.words)).log()


def test_an_example_reads_like_the_task(lesson: Build) -> None:
    example = tell_example(lesson("copying", length=3))
    first = example["tokens"][:3]
    assert example["tokens"] == [*first, "|", *first[:2]]
    assert example["answers"] == ["", "", "", *first]
    many = tell_example(lesson("recall", pairs=30, keys=64))
    assert {word for word in many["tokens"] if word[0].isalpha()} & {f"{letter}1" for letter in "abcdefghij"}


@pytest.mark.parametrize("slug", SYNTHETIC)
def test_the_example_that_is_shown_is_one_of_the_task(slug: str) -> None:
    words = [word for word, _ in get_task(slug).example]
    asked = {place: answer for place, (_, answer) in enumerate(get_task(slug).example) if answer}
    assert asked == ORACLES[slug](words)


def test_tasks_are_found_by_slug_and_name() -> None:
    assert get_task("Multi-query associative recall").slug == "multi-query-recall"
    assert get_task("COPYING").slug == "copying"
    with pytest.raises(NotFoundError, match="no task is called 'copyng': the nearest is copying"):
        get_task("copyng")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pairs": 9, "keys": 8}, "pairs=9 need as many keys, not keys=8"),
        ({"pairs": 99}, "pairs of recall must be a whole number in 1..32, not 99"),
        ({"steps": 0}, "steps of a training must be a whole number in 1..5000, not 0"),
        ({"D": 24, "H": 8}, "D=24 must be an even number for each of H=8 heads"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidQueryError, match=said.replace(".", r"\.")):
        parse_sizes_of(get_task("recall"), given)
