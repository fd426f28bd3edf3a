"""What may be trained and set, what is refused in one line, and what the literature is asked about."""

import json
import re
from typing import Any

import pytest

from kb.errors import InvalidQueryError, NotFoundError
from kb.reference.registry import get_idea, list_ideas
from kb.reference.training import FINDINGS, TASKS, build_training_program, is_trainable

SOFTMAX = "scaled-dot-product-attention"


def read(text: str) -> Any:
    """Return what a program says to its guest."""
    found = re.search(r"report_training\(json\.loads\((.*)\), report\)\n\Z", text, re.DOTALL)
    assert found is not None
    return json.loads(eval(found[1]))


def build(task: str, *names: str, seed: int = 0, most_seconds: float | None = None, **settings: object) -> Any:
    given = {name.replace("__", "."): value for name, value in settings.items()}
    ideas = [get_idea(name) for name in names]
    return read(build_training_program(task, ideas, given, seed=seed, most_seconds=most_seconds))


def test_sizes_are_those_of_the_training_and_the_same_for_all() -> None:
    program = build("recall", SOFTMAX, "lstm", D="32", H=4, pairs=3)
    assert program["ideas"][0]["sizes"] == {"T": 7, "D": 32, "H": 4, "K": 8, "V": 8, "F": 64, "R": 2}
    assert {**program["ideas"][1]["sizes"], "K": 8} == program["ideas"][0]["sizes"]
    assert program["task"] == {"slug": "recall", "pairs": 3, "keys": 16, "values": 16}
    assert program["training"]["D"] == 32


def test_the_fastest_form_is_taken_where_none_is_set() -> None:
    program = build("recall", "deltanet", "linear-attention", "rotary-positions", "rwkv-4")
    first, second, third, fourth = (idea["parameters"] for idea in program["ideas"])
    assert (first["form"], first["chunk"]) == ("chunkwise", 16)
    assert second["form"] == "parallel"
    assert third["scaled"] is True
    assert fourth["form"] == "recurrent"
    own = build("recall", "deltanet", "rotary-positions", form="recurrent", scaled="false")
    assert own["ideas"][0]["parameters"]["form"] == "recurrent"
    assert own["ideas"][1]["parameters"]["scaled"] is False


def test_a_setting_goes_to_one_idea_or_to_all_that_have_it() -> None:
    program = build("recall", "deltanet", "deltanet", "gated-delta-rule", normalise="none", **{"2.features": "dpfp"})
    assert [idea["parameters"]["normalise"] for idea in program["ideas"]] == ["none"] * 3
    assert [idea["parameters"].get("features") for idea in program["ideas"]] == ["elu", "dpfp", None]
    assert [idea["label"] for idea in program["ideas"]] == ["deltanet (1)", "deltanet (2)", "gated-delta-rule"]


def test_the_literature_is_asked_about_ideas_as_they_stand_only() -> None:
    def pairs(program: Any) -> set[tuple[str, str]]:
        return {(one["ahead"], one["behind"]) for one in program["expected"]}

    plain = build("multi-query-recall", SOFTMAX, "linear-attention", "deltanet", "rwkv-4")
    assert pairs(plain) == {
        (SOFTMAX, "linear-attention"),
        (SOFTMAX, "rwkv-4"),
        ("deltanet", "linear-attention"),
        ("deltanet", "rwkv-4"),
    }
    changed = build("multi-query-recall", SOFTMAX, "linear-attention", "deltanet", deltanet__features="dpfp")
    assert pairs(changed) == {(SOFTMAX, "linear-attention")}
    assert pairs(build("copying", "deltanet", "linear-attention")) == set()


def test_a_training_ends_before_its_time_is_up() -> None:
    assert build("recall", SOFTMAX)["training"]["seconds"] == 120
    assert build("recall", SOFTMAX, most_seconds=60.5)["training"]["seconds"] == 60
    assert build("recall", SOFTMAX, most_seconds=60.5, seconds=30)["training"]["seconds"] == 30


def test_the_text_is_in_the_program_of_its_task_only() -> None:
    assert build("text", "gru")["task"]["text"].startswith("there is a small town by a river.")
    assert "text" not in build("copying", "gru")["task"]


@pytest.mark.parametrize(
    ("task", "names", "settings", "said"),
    [
        ("recall", [], {}, "one to 4 ideas are trained side by side, not 0"),
        ("recall", ["gru"] * 5, {}, "one to 4 ideas are trained side by side, not 5"),
        ("recall", ["glove"], {}, "glove is an objective, which has no place in the model that is trained"),
        ("recall", ["ulmfit"], {}, "ulmfit is a schedule, which has no place in the model that is trained"),
        ("recall", ["gru"], {"T": 4}, "T cannot be set in a training"),
        ("recall", ["gru"], {"gru.D": 4}, "gru.D cannot be set in a training"),
        ("recall", ["gru"], {"speed": 4}, "none of these ideas takes 'speed'"),
        ("recall", ["gru"], {"reset": "never"}, "reset of gru must be before or after, not never"),
        ("recall", ["gru"], {"rate": "fast"}, "rate of a training must be a number"),
        ("recall", ["pre-ln"], {"heads": 3}, "heads=3 must divide D=64 in pre-ln"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_a_line(
    task: str, names: list[str], settings: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidQueryError, match=re.escape(said)):
        build_training_program(task, [get_idea(name) for name in names], settings)


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(NotFoundError, match="no task is called 'sorting'"):
        build_training_program("sorting", [get_idea("gru")])


def test_findings_speak_of_ideas_and_tasks_that_are_here() -> None:
    slugs = {idea.slug for idea in list_ideas() if is_trainable(idea)}
    tasks = {task.slug for task in TASKS}
    for finding in FINDINGS:
        assert {finding.ahead, *finding.behind} <= slugs, finding
        assert set(finding.tasks) <= tasks
        assert re.search(r"\((19|20)\d\d\), (arXiv:\d{4}\.\d{4,5}|doi:)", finding.evidence)
    pairs = [(task, one.ahead, behind) for one in FINDINGS for task in one.tasks for behind in one.behind]
    assert len(pairs) == len(set(pairs))
    assert not {(task, behind, ahead) for task, ahead, behind in pairs} & set(pairs)


def test_every_task_has_something_expected_of_it() -> None:
    assert {task for finding in FINDINGS for task in finding.tasks} == {task.slug for task in TASKS}
