"""Costs and comparisons on the command line: tables that can be read, documents that hold everything."""

import re
from pathlib import Path

import pytest

from kb.cli.comparison import print_comparison
from kb.cli.costs import print_costs
from tests.cli.conftest import Stemma


def test_costs_are_tables_and_formulas(stemma: Stemma, own_db: Path) -> None:
    outcome = stemma("costs", "swiglu", "layer-normalisation", "--set", "T=32", "--set", "1.F=32", db=own_db)
    lines = outcome.out.splitlines()
    assert (outcome.code, outcome.err) == (0, "")
    assert any(re.fullmatch(r"  weights +1,536 +32", line) for line in lines)
    assert any(re.fullmatch(r"  of these in products +98,304 +0", line) for line in lines)
    assert "  of these in products         6 B T D F" in lines
    assert any(re.fullmatch(r"  longest path, in operations  \d   \(for T = 8 to (32|64)\)", line) for line in lines)
    assert any(re.fullmatch(r"  swiglu(\s+([\d,]+|-))+\s+1.00", line) for line in lines)


def test_costs_as_a_document(stemma: Stemma, own_db: Path) -> None:
    document = stemma("costs", "swiglu", "--along", "D", "--set", "T=8", "--json", db=own_db).document
    (told,) = document["figures"]["ideas"]
    assert document["status"] == "ok"
    assert told.keys() == {
        *("idea", "form", "parameters", "sizes", "along", "at", "points", "beyond", "powers", "formulas", "ways"),
        *("uncounted", "notes"),
    }
    assert [point["D"] for point in told["points"]][:3] == [16, 32, 64]
    assert told["at"].keys() >= {
        "D",
        "products",
        "state_elements",
        "peak_elements",
        "path",
        "sees",
        "steps",
        "seconds",
    }
    assert told["formulas"]["products"] == {"text": "6 B T D F", "fixed": {}, "every": 1, "from": 16, "to": 8192}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("pre-ln", "--along", "Q"), "none of these ideas has a size 'Q'"),
        (("pre-ln", "--set", "T=9999"), "T must be a whole number in 1..512"),
        (("no-such-idea",), "no-such-idea"),
    ],
)
def test_costs_that_cannot_be_measured_are_one_line(
    stemma: Stemma, own_db: Path, arguments: tuple[str, ...], message: str
) -> None:
    outcome = stemma("costs", *arguments, db=own_db)
    assert outcome.code == 1
    assert [message in one for one in outcome.complaints] == [True]


def test_a_version_of_ones_own_has_its_costs_and_is_compared(stemma: Stemma, own_db: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def swiglu(x, w):\n    return (x @ w['w_1']).relu() @ w['w_2']\n")
    outcome = stemma("costs", "swiglu", file, "--set", "T=8", db=own_db)
    if "refused" in outcome.err:
        pytest.skip("this machine cannot confine programs: " + outcome.err)
    assert "  of these in products         6 B T D F" in outcome.out
    assert "  of these in products         4 B T D F" in outcome.out
    compared = stemma("compare", "swiglu", file, "--layers", "2", "--json", db=own_db).document["figures"]
    assert [len(idea["gradients"]["layers"]) for idea in compared["ideas"]] == [2, 2]


def test_a_comparison_can_be_read(stemma: Stemma, own_db: Path) -> None:
    text = stemma("compare", "pre-ln", "post-ln", "--set", "T=16", "--layers", "2", db=own_db).out
    flat = " ".join(text.split())
    assert "block, B=2, T=16, D=16, F=64" in flat
    assert "pre-ln heads=2, causal=yes, activation=relu" in flat
    assert re.search(
        r"pre-ln and post-ln: at most [\d.]+ apart, 0.\d+ of the largest output; first at batch 0,", flat
    )
    assert re.search(r"\(counted from 0\): -?[\d.]+ and -?[\d.]+ ", flat)
    assert re.search(
        r"pre-ln operations [\d,]+ [\d,]+ [\d,]+ in products [\d,]+ [\d,]+ [\d,]+ in the state - - - time", flat
    )
    assert "layer pre-ln: input pre-ln: weights post-ln: input post-ln: weights" in flat


def test_what_an_earlier_version_recorded_is_still_printed(capsys: pytest.CaptureFixture[str]) -> None:
    idea = {"idea": "a", "form": "norm", "sizes": {"T": 2}, "parameters": {}, "growth": [], "seconds": 0.5}
    pair = {"between": ["a", "b"], "comparable": False, "shapes": [[1, 2], [3]]}
    print_comparison({"ideas": [idea, {**idea, "idea": "b"}], "pairs": [pair]})
    shown = capsys.readouterr().out
    assert "a and b: outputs of different shapes, 1 x 2 and 3: nothing to subtract" in shown
    assert "500 ms" in shown


def test_costs_without_points_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    told = {"idea": "a", "form": "schedule", "sizes": {}, "parameters": {}, "along": "", "at": {"flops": 7}}
    empty = {
        "points": [],
        "beyond": [],
        "powers": {},
        "formulas": {},
        "ways": [],
        "uncounted": ["linalg_eig"],
        "notes": ["short"],
    }
    print_costs({"ideas": [{**told, **empty}]})
    shown = capsys.readouterr().out
    assert re.search(r"operations +7\n", shown)
    assert "a: operations without a rule: linalg_eig" in shown
    assert "along" not in shown
