"""``stemma discover``: the order, the candidates, JSON, a draft, and bad input in one line."""

from pathlib import Path

import pytest

from tests.cli.conftest import Stemma


def test_the_order_and_the_relations_are_printed(stemma: Stemma, own_db: Path) -> None:
    shown = stemma("discover", "rms-norm", "layer-normalisation", "--all", db=own_db)
    assert shown.code == 0, shown.err
    assert "who is a special case of whom" in shown.out
    assert "rms-norm  layer-normalisation at centre = false, b = 0" in shown.out
    assert "rms-norm is layer-normalisation at b = 0, given every token centred." in " ".join(shown.out.split())


def test_json_numbers_the_relations_that_a_draft_takes(stemma: Stemma, own_db: Path, tmp_path: Path) -> None:
    document = stemma("discover", "rms-norm", "layer-normalisation", "--json", db=own_db).document
    (found,) = document["discoveries"]
    assert found["order"][1]["special_cases_of"] == [["layer-normalisation"]]
    numbers = [one["number"] for one in found["relations"]]
    assert numbers == list(range(1, document["summary"]["relations"] + 1))
    file = tmp_path / "draft.py"
    done = stemma("discover", "rms-norm", "layer-normalisation", "--draft", "1", "--out", str(file), db=own_db)
    assert done.code == 0, done.err
    assert "CLAIMS = (" in file.read_text()
    report = tmp_path / "found.md"
    assert stemma("discover", "rms-norm", "layer-normalisation", "--out", str(report), db=own_db).code == 0
    assert report.read_text().startswith("# norm: 2 ideas")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["retention"], "name a second"),
        (["no-such-thing"], "no-such-thing"),
        (["rms-norm", "lstm"], "name two of one form"),
        (["rms-norm", "layer-normalisation", "--draft", "99"], "there is no relation 99"),
    ],
)
def test_bad_input_is_one_line(stemma: Stemma, own_db: Path, arguments: list[str], says: str) -> None:
    done = stemma("discover", *arguments, db=own_db)
    assert done.code == 1
    assert says in done.complaints[-1]
    assert not done.out
