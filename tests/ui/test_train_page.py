"""The page Train: tasks are told and drawn, a training runs or is cancelled, what it gave meets the literature."""

import re
import time
from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from kb.reference.training import TASKS

Open = Callable[..., AppTest]
Read = Callable[[AppTest], str]
Press = Callable[[AppTest, str], AppTest]
SMALL = {"steps": "20", "D": "16", "L": "1", "B": "8"}
PAIR = "scaled-dot-product-attention,linear-attention"


def test_nothing_chosen_offers_three_examples(app_page: Open, list_links: Callable[[AppTest], list[str]]) -> None:
    app = app_page("train")
    assert len([one for one in list_links(app) if one.startswith("/train?task=")]) == 3
    assert len(app.info) == 1
    assert not [one for one in app.button if one.key == "run training"]


def test_every_task_is_told_and_drawn(app_page: Open, read_page: Read) -> None:
    app = app_page("train", task="text")
    for task in TASKS:
        app.selectbox(key="train task").set_value(task.slug).run()
        shown = read_page(app)
        assert task.asks in shown
        assert task.evidence in shown
        assert "".join(f"{token}{answer}" for token, answer in task.example) in re.sub(r"\s", "", shown)
    assert "".join(app.query_params["task"]) == TASKS[-1].slug


def test_ideas_are_trained_and_set_beside_the_literature(
    app_page: Open, read_page: Read, press_run: Press, list_links: Callable[[AppTest], list[str]], own_db: object
) -> None:
    app = app_page("train", task="recall", ideas=PAIR, db=own_db, **SMALL)
    press_run(app, "run training")
    assert not app.exception
    shown = read_page(app)
    assert "What came of it" in shown
    assert "It stopped after 20 steps, as many as were asked for" in shown
    assert "Expected, and measured" in shown
    assert "Scaled dot-product attention ahead of Linear attention: not separated" in shown
    assert "a guess 6.2" in shown
    recorded = next(one for one in list_links(app) if one.startswith("/run?id="))
    record = app_page("run", id=recorded.partition("=")[2], db=own_db)
    assert "Training of Scaled dot-product attention and Linear attention on recall" in read_page(record)
    assert "Expected, and measured" in read_page(record)
    again = next(one for one in list_links(record) if one.startswith("/train?"))
    assert "task=recall" in again
    assert f"ideas={PAIR}" in again
    assert "steps=20" in again


def test_a_training_shows_how_far_it_is_and_can_be_cancelled(app_page: Open, read_page: Read, own_db: object) -> None:
    settings = {**SMALL, "steps": "5000", "length": "4"}
    app = app_page("train", task="copying", ideas="gru", db=own_db, **settings)
    app.button(key="run training").click().run()
    deadline = time.monotonic() + 60
    while not app.get("progress"):
        assert time.monotonic() < deadline, "no step is told"
        app.run()
    assert "of 5,000" in app.get("progress")[0].proto.text
    app.button(key="cancel result of training").click().run()
    while not app.warning:
        assert time.monotonic() < deadline, "it is not cancelled"
        app.run()
    assert app.warning[0].value.startswith("It was cancelled.")
    assert app.button(key="run training")


def test_what_cannot_be_trained_so_is_one_calm_line(app_page: Open) -> None:
    app = app_page("train", task="recall", ideas="gru", pairs="20", **SMALL)
    app.button(key="run training").click().run()
    assert ["pairs=20 need as many keys" in one.value for one in app.warning] == [True]


def test_only_forms_with_a_place_in_the_model_are_offered(app_page: Open) -> None:
    app = app_page("train")
    offered = app.multiselect(key="train ideas").options
    assert any(one.startswith("Alibi") or one.startswith("ALiBi") for one in offered)
    assert not any("objective" in one or "schedule" in one for one in offered)


def test_other_pages_lead_to_a_training(app_page: Open, list_links: Callable[[AppTest], list[str]]) -> None:
    assert any(
        one.startswith("/train?ideas=linear-attention,")
        for one in list_links(app_page("idea", key="linear-attention"))
    )
    assert not any(one.startswith("/train?") for one in list_links(app_page("idea", key="ulmfit")))
    assert "/train" in list_links(app_page())
