"""Ideas that run, and a user's own programs."""

from pathlib import Path

import pytest

from tests.cli.conftest import Stemma

FIELDS = [
    *("status", "stdout", "stderr", "truncated", "wall_s", "exit_code", "figures", "confinement", "message"),
    *("versions", "key"),
]


def test_ideas_say_what_can_be_set(stemma: Stemma) -> None:
    outcome = stemma("ideas")
    assert "linear-attention  mixer\n" in outcome.out
    assert "form=parallel (parallel | recurrent), normalise=true" in outcome.out
    first = stemma("ideas", "--json").document["ideas"][0]
    assert {"slug", "title", "form", "parameters", "sections", "code_hash"} <= set(first)
    assert "code" not in first


def test_an_idea_runs_with_settings(stemma: Stemma, own_db: Path) -> None:
    settings = ("--set", "T=4", "--set", "form=recurrent", "--seed", "3")
    document = stemma("run", "linear-attention", *settings, "--json", db=own_db).document
    assert list(document) == FIELDS
    assert document["status"] == "ok"
    figures = document["figures"]
    assert (figures["sizes"]["T"], figures["parameters"]["form"], figures["seed"]) == (4, "recurrent", 3)
    text = stemma("run", "线性注意力", *settings, db=own_db).out.splitlines()
    assert text[0].startswith("ok  ")
    assert "  shape            2 x 4 x 2 x 8" in text
    assert "  parameters       form=recurrent, normalise=yes" in text


def test_a_gate_is_told_and_set(stemma: Stemma, own_db: Path) -> None:
    idea = next(one for one in stemma("ideas", "--json").document["ideas"] if one["gates"])
    name, low, high = (idea["gates"][0][key] for key in ("name", "low", "high"))
    assert f"{name}=drawn ({low:g}..{high:g})" in " ".join(stemma("ideas").out.split())
    run = ("run", idea["slug"], "--set", f"{name}={high}", "--json")
    assert stemma(*run, db=own_db).document["figures"]["gates"][name] == f"{high:g}"
    refused = stemma("run", idea["slug"], "--set", f"{name}=much", db=own_db)
    assert refused.code == 1
    assert [f"{name} of {idea['slug']} must be a number in" in one for one in refused.complaints] == [True]


def test_ideas_are_compared(stemma: Stemma, own_db: Path) -> None:
    document = stemma("compare", "pre-ln", "post-ln", "--set", "T=4", "--json", db=own_db).document
    assert list(document) == FIELDS
    assert document["figures"]["pairs"][0]["between"] == ["pre-ln", "post-ln"]
    text = stemma("compare", "pre-ln", "pre-ln", "pre-ln", "--set", "3.heads=4", db=own_db).out
    assert "heads=2, causal=yes" in text
    assert "heads=4, causal=yes" in text
    assert "pre-ln (1) and pre-ln (2): equal within 1e-09" in text
    assert "pre-ln (1) and pre-ln (3): at most " in text


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text("print('hello \\x1b[31m')\nreport('figure', 41.5)\nreport('rows', [{'T': 1, 'cost': 2048}])\n")
    return path


def test_a_program_of_ones_own_runs_confined(stemma: Stemma, own_db: Path, program: Path) -> None:
    outcome = stemma("run", program, db=own_db)
    if "refused" in outcome.err:
        pytest.skip("this machine cannot confine programs: " + outcome.err)
    lines = outcome.out.splitlines()
    assert (outcome.code, outcome.err) == (0, "")
    assert lines[:2] == ["hello [31m", ""]
    assert lines[2].startswith("ok  ")
    assert "  figure  41.5" in lines
    assert "  T  cost" in lines
    assert "  1  2,048" in lines


def test_a_program_that_fails_is_data_and_exit_code_1(stemma: Stemma, own_db: Path, tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("print('so far')\nraise ValueError('no further')\n")
    outcome = stemma("run", path, "--json", db=own_db)
    assert outcome.code == 1
    assert outcome.document["status"] in ("error", "refused")
    assert len(outcome.complaints) == 1
    assert outcome.err.startswith(f"stemma: {outcome.document['status']}: ")
