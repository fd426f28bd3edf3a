"""Small trainings on the command line."""

from pathlib import Path

from kb.reference.training import TASKS
from tests.cli.conftest import Stemma

SMALL = ("--steps", "20", "--set", "D=16", "--set", "L=1", "--set", "B=8")
PAIR = ("scaled-dot-product-attention", "linear-attention")


def test_the_tasks_are_listed_with_what_can_be_set(stemma: Stemma) -> None:
    listed = " ".join(stemma("train", "--list").out.split())
    for task in TASKS:
        assert f"{task.slug} {task.name} {task.asks} {task.scored}" in listed
    assert "pairs=8 (1..32), keys=16 (1..64), values=16 (2..64), steps=600 (1..5000)" in listed
    document = stemma("train", "copying", "--list", "--json").document
    assert [task["slug"] for task in document["tasks"]] == ["copying"]


def test_ideas_are_trained_and_set_beside_the_literature(stemma: Stemma, own_db: Path) -> None:
    outcome = stemma("train", "recall", *PAIR, *SMALL, db=own_db)
    assert outcome.code == 0
    assert any(line.startswith("training: ") for line in outcome.err.splitlines())
    out = " ".join(outcome.out.split())
    assert "recall: pairs = 8, keys = 16, values = 16, steps = 20" in out
    assert "stopped after 20 steps, as many as were asked for" in out
    head = next(line for line in outcome.out.splitlines() if "99 % at step" in line)
    assert head.split()[0] == "right"
    rows = {line.split()[0]: line for line in outcome.out.splitlines() if line.startswith("  ") and "%" in line}
    assert {*PAIR, "a"} <= rows.keys()
    assert rows["a"].split()[2:4] == ["6.2", "%"]
    assert f"{PAIR[0]} ahead of {PAIR[1]}: not separated (ahead by " in out
    assert "Schlag, Irie, Schmidhuber (2021), arXiv:2102.11174" in out
    assert "train:recall:scaled-dot-product-attention,linear-attention" in str(
        stemma("runs", "--json", db=own_db).document
    )


def test_a_training_is_one_document(stemma: Stemma, own_db: Path) -> None:
    outcome = stemma("train", "text", "gru", *SMALL, "--seeds", "2", "--seed", "3", "--json", db=own_db)
    figures = outcome.document["figures"]
    assert outcome.document["status"] == "ok"
    assert len(figures["ideas"][0]["loss_by_seed"]) == 2
    assert figures["training"]["seeds"] == 2
    assert figures["expected"] == []


def test_a_variant_of_ones_own_is_trained_next_to_the_shipped_one(
    stemma: Stemma, own_db: Path, tmp_path: Path
) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def mine(q, k, v, *, share=0.5):\n    return share * v\n")
    run = ("train", "copying", "linear-attention", path, *SMALL, "--set", "length=4", "--set", "2.share=0.25")
    outcome = stemma(*run, "--json", db=own_db)
    if outcome.document["status"] == "refused":
        return
    rows = outcome.document["figures"]["ideas"]
    assert [row["parameters"].get("share") for row in rows] == [None, 0.25]
    assert rows[1]["accuracy"] is not None


def test_what_cannot_be_is_one_line(stemma: Stemma, own_db: Path) -> None:
    for arguments, code, said in (
        (("train",), 2, "name a task and at least one idea"),
        (("train", "recall"), 2, "name a task and at least one idea"),
        (("train", "sorting", "gru"), 1, "no task is called 'sorting'"),
        (("train", "recall", "glove"), 1, "glove is an objective"),
        (("train", "recall", "gru", "--set", "pairs=20"), 1, "pairs=20 need as many keys"),
        (("train", "recall", "gru", "--set", "steps=3", "--steps", "4"), 2, "steps is set twice"),
    ):
        outcome = stemma(*arguments, db=own_db)
        assert outcome.code == code
        assert len(outcome.complaints) == 1
        assert said in outcome.complaints[0]
