"""A training through the library's door: confined and recorded, ended by its time, ended from outside."""

import time
from pathlib import Path
from typing import Any

import pytest

from kb.errors import InvalidQueryError, NotFoundError
from kb.library import Library
from kb.settings import Settings

SMALL = {"D": 16, "L": 1, "B": 8, "length": 4}


def test_a_training_is_recorded(library: Library) -> None:
    result = library.train("Copying", ["gru", "LSTM"], {**SMALL, "steps": 12}, seed=2)
    assert result.status == "ok", result.message
    figures: Any = result.figures
    assert [row["label"] for row in figures["ideas"]] == ["gru", "lstm"]
    note = library.recorded_run(result.key).note
    assert (note.of, note.seed, note.parameters["steps"]) == ("train:copying:gru,lstm", 2, 12)


def test_a_training_stops_before_its_time_is_up(own: Path) -> None:
    settings = Settings(db=str(own), train_wall_s=21.5)
    with Library.open(settings=settings) as library:
        result = library.train("copying", ["gru"], {**SMALL, "steps": 5000, "seconds": 600})
    assert result.status == "ok", result.message
    assert str(result.figures["stopped"]).endswith("of 5000 steps: the time was up")
    assert result.wall_s < 21


def test_a_training_is_watched_and_cancelled(library: Library) -> None:
    ticket = library.begin_train("copying", ["gru"], {**SMALL, "steps": 5000})
    deadline = time.monotonic() + 60
    while "curves" not in ticket.figures:
        assert time.monotonic() < deadline, "no curve is told"
        assert ticket.wait(0.1) is None
    ticket.cancel()
    result = ticket.wait(30)
    assert result is not None
    assert result.status == "cancelled"
    progress: Any = result.figures["progress"]
    assert 0 < progress["step"] < 5000


def test_what_cannot_be_trained_is_refused_before_it_begins(library: Library) -> None:
    with pytest.raises(NotFoundError, match="no task is called 'sorting'"):
        library.begin_train("sorting", ["gru"])
    with pytest.raises(InvalidQueryError, match="glove is an objective"):
        library.begin_train("copying", ["glove"])
    assert {task.slug for task in library.training_tasks()} >= {"recall", "copying", "induction", "text"}
