"""Trainings: what can learn learns, what cannot does not, and all get the same; what goes wrong is data."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from kb.reference.guest_training import schedule

Train = Callable[..., dict[str, Any]]
Write = Callable[..., str]
SMALL = {"D": 16, "H": 2, "L": 1, "B": 8}
EASY = {"pairs": 4, "keys": 8, "values": 4, "D": 32, "L": 1, "rate": 0.01, "steps": 200, "B": 32}
SOFTMAX = "scaled-dot-product-attention"


@pytest.fixture
def mean(write_idea: Write) -> str:
    """An idea that cannot recall: every token reads the plain mean of all values so far."""
    counts = "torch.arange(1, v.shape[1] + 1).view(1, -1, 1, 1)"
    return write_idea("mixer", f"v.cumsum(1) / {counts}", name="plain_mean")


def by_label(figures: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["label"]: row for row in figures["ideas"]}


def test_attention_learns_to_recall_and_a_mean_does_not(train: Train, mean: str) -> None:
    rows = by_label(train("recall", [SOFTMAX, mean], EASY))
    assert rows[SOFTMAX]["accuracy"] > 0.97
    assert rows[SOFTMAX]["loss"] < 0.3
    assert rows[SOFTMAX]["solved_at"][0] <= 200
    # it knows which values were shown, and has seen the last pair through the short convolution
    assert rows["plain-mean"]["accuracy"] < 0.75
    assert rows["plain-mean"]["solved_at"] == [None]


def test_all_ideas_take_the_same_steps_on_the_same_batches(train: Train) -> None:
    seen: dict[str, list[tuple[int, float, int]]] = {}

    def spy(guest: dict[str, Any]) -> None:
        learn = guest["Learner"].learn

        def note(self: Any, batch: Any, step: int) -> None:
            learn(self, batch, step)
            rate = self.optimiser.param_groups[0]["lr"]
            seen.setdefault(self.label, []).append((step, rate, hash(batch[0].numpy().tobytes())))

        guest["Learner"].learn = note

    train("copying", [SOFTMAX, "gru"], {**SMALL, "steps": 12, "length": 4}, spy=spy)
    assert seen[SOFTMAX] == seen["gru"]
    assert [step for step, *_ in seen["gru"]] == list(range(1, 13))
    assert len({batch for *_, batch in seen["gru"]}) == 12


def test_the_same_seed_gives_the_same_figures(train: Train) -> None:
    def results(seed: int) -> Any:
        figures = train("induction", [SOFTMAX, "deltanet"], {**SMALL, "steps": 20, "length": 6}, seed=seed)
        timed = [{name: value for name, value in row.items() if name != "seconds"} for row in figures["ideas"]]
        return timed, figures["curves"], figures["example"]

    assert results(4) == results(4)
    assert results(4) != results(5)


def test_curves_grow_while_it_goes_on(train: Train) -> None:
    told: list[tuple[str, Any]] = []
    settings = {**SMALL, "steps": 25, "length": 4}
    figures = train("copying", [SOFTMAX, "gru"], settings, every=told)
    curves = [value for name, value in told if name == "curves"]
    assert [curve[0]["steps"] for curve in curves] == [[10], [10, 20], [10, 20, 25]]
    assert [len(curve["accuracy"]) for curve in curves[-1]] == [3, 3]
    assert curves[-1][1]["loss"][:1] == curves[0][1]["loss"]
    rows = by_label(figures)
    assert rows["gru"]["loss"] == figures["curves"][1]["loss"][-1]
    assert [name for name, _ in told][:4] == ["task", "training", "chance", "example"]
    assert figures["progress"]["step"] == figures["progress"]["steps"] == 25
    assert figures["stopped"] == "after 25 steps, as many as were asked for"


def test_several_seeds_give_a_mean_and_every_single_one(train: Train) -> None:
    settings = {**SMALL, "steps": 20, "length": 4}
    both = by_label(train("copying", [SOFTMAX], {**settings, "seeds": 2}, seed=7))[SOFTMAX]
    single = [by_label(train("copying", [SOFTMAX], settings, seed=seed))[SOFTMAX]["loss"] for seed in (7, 8)]
    assert both["loss_by_seed"] == single
    assert both["loss"] == pytest.approx(sum(single) / 2, rel=1e-5)
    assert len(both["accuracy_by_seed"]) == len(both["solved_at"]) == 2


def test_it_stops_when_every_idea_has_solved_the_task(train: Train) -> None:
    figures = train("induction", [SOFTMAX], {"length": 4, "letters": 2, "D": 32, "L": 1, "rate": 0.01, "steps": 2000})
    step = figures["progress"]["step"]
    assert step < 1500
    assert figures["stopped"] == f"after {step} of 2000 steps: every idea had solved the task"
    assert figures["curves"][0]["accuracy"][-2:] >= [0.99, 0.99]


def test_it_stops_when_the_time_is_up_with_all_at_the_same_step(train: Train) -> None:
    def spy(guest: dict[str, Any]) -> None:
        class Clock:
            now = 0.0

            @classmethod
            def monotonic(cls) -> float:
                cls.now += 1
                return cls.now

            thread_time = monotonic

        guest["time"] = Clock

    settings = {**SMALL, "steps": 5000, "length": 4, "seconds": 40}
    figures = train("copying", [SOFTMAX, "gru"], settings, spy=spy)
    step = figures["progress"]["step"]
    assert 0 < step < 40
    assert figures["stopped"] == f"after {step} of 5000 steps: the time was up"
    assert {curve["steps"][-1] for curve in figures["curves"]} == {step}


def test_an_idea_that_diverges_is_a_line_and_the_others_go_on(train: Train, write_idea: Write) -> None:
    broken = write_idea("mixer", "v / (0 * q)", name="broken")
    figures = train("copying", [SOFTMAX, broken], {**SMALL, "steps": 20, "length": 4})
    rows = by_label(figures)
    assert rows["broken"]["ended"] == "diverged at step 1: its loss or its gradient is no longer finite"
    assert rows["broken"]["accuracy"] is None
    assert figures["curves"][1]["steps"] == []
    assert rows[SOFTMAX]["ended"] == ""
    assert figures["curves"][0]["steps"] == [10, 20]
    alone = train("copying", [broken], {**SMALL, "steps": 20, "length": 4})
    assert alone["stopped"] == "after 10 steps: no idea could be trained any further"


def test_an_idea_that_looks_ahead_is_not_trained(train: Train, write_idea: Write) -> None:
    ahead = write_idea("mixer", "v.mean(dim=1, keepdim=True).expand_as(v)", name="ahead")
    figures = train("text", [ahead, "gru"], {**SMALL, "steps": 10, "length": 8})
    rows = by_label(figures)
    assert rows["ahead"]["ended"] == "was not trained: it sees tokens that come later"
    assert rows["gru"]["loss"] > 0


def test_an_expectation_is_set_beside_what_was_measured(train: Train) -> None:
    figures = train("recall", [SOFTMAX, "linear-attention"], {**SMALL, "steps": 10})
    (found,) = figures["expected"]
    assert (found["ahead"], found["behind"]) == (SOFTMAX, "linear-attention")
    assert found["verdict"] == "not separated"
    assert "arXiv:2102.11174" in found["evidence"]
    rows = by_label(figures)
    apart = rows[SOFTMAX]["accuracy"] - rows["linear-attention"]["accuracy"]
    assert found["gap"] == pytest.approx(apart, abs=1e-5)


def test_a_text_is_judged_in_bits(train: Train) -> None:
    figures = train("text", ["deltanet", "linear-attention"], {**SMALL, "steps": 10, "length": 16})
    (found,) = figures["expected"]
    rows = by_label(figures)
    apart = (rows["linear-attention"]["loss"] - rows["deltanet"]["loss"]) / math.log(2)
    assert found["gap"] == pytest.approx(apart, abs=1e-4)
    assert "text" not in figures["task"]


def test_the_rate_rises_and_falls() -> None:
    rates = [schedule(step, 100) for step in range(1, 101)]
    assert rates[0] == pytest.approx(1 / 30, rel=0.01)
    assert max(rates) == rates[29]
    assert rates[-1] == pytest.approx(0.1)
