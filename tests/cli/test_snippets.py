"""A user's own code on the command line: attached, listed, run, compared, changed, exported and taken back."""

import io
import json
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Outcome, Stemma

SLOW = "def slow(q, k, v, *, decay=0.9, mode='a', eps=1 / 3):\n    return decay * v\n"
PROGRAM = "steps = 3\ntitle = 'hello world'\nreport('x', steps)\nprint(title)\n"


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    path = tmp_path / "slow.py"
    path.write_text(SLOW)
    return path


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "count.py"
    path.write_text(PROGRAM)
    return path


def well(outcome: Outcome) -> Outcome:
    if "refused" in outcome.err:
        pytest.skip("this machine cannot confine programs: " + outcome.err)
    assert (outcome.code, outcome.err) == (0, "")
    return outcome


def flat(outcome: Outcome) -> str:
    return " ".join(well(outcome).out.split())


def test_code_is_attached_with_its_parameters_named(stemma: Stemma, own_db: Path, slow: Path) -> None:
    named = ("--parameter", "decay = 0.5 in 0..1", "--parameter", "mode of a | b")
    told = flat(stemma("attach", "linear transformer", slow, "--name", "half 名", *named, db=own_db))
    assert told == (
        "half 名 is attached to concept:linear-attention as snippet:1, a variant of linear-attention (mixer) "
        "settings: decay=0.5 (0..1), mode=a (a | b) "
        "the argument eps of slow cannot be set: its default is no number, switch or word"
    )
    assert "Code of your own (1) half 名 stemma run snippet:1 " in flat(stemma("show", "linear-attention", db=own_db))
    hits = flat(stemma("search", "linear attention", "--mode", "lexical", "--limit", "2", db=own_db))
    assert "concept:linear-attention 1 snippet of your own" in hits
    listed = flat(stemma("snippets", db=own_db))
    assert listed.startswith("half 名 snippet:1 a variant of linear-attention (mixer), attached to concept:linear-")
    assert listed == flat(stemma("snippets", "线性注意力", db=own_db))
    assert "nothing is attached to it" in flat(stemma("snippets", "pre-ln", db=own_db))
    (entry,) = stemma("snippets", "--json", db=own_db).document["snippets"]
    assert (entry["address"], entry["kind"], entry["form"], entry["is_orphan"]) == (
        "snippet:1",
        "variant",
        "mixer",
        False,
    )
    assert [one["name"] for one in entry["settings"]] == ["decay", "mode"]
    assert "code" not in entry


def test_code_comes_from_standard_input(stemma: Stemma, own_db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbf" + PROGRAM.encode())))
        document = stemma("attach", "1706.03762", "-", "--json", db=own_db)
        if document.code:
            assert "has a snippet called 'from standard input' already" in document.err
        else:
            assert (document.document["kind"], document.document["key"]) == ("program", "arxiv:1706.03762")
    assert len(stemma("snippets", "--json", db=own_db).document["snippets"]) == 1
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PROGRAM.encode())))
    assert "  x  3" in well(stemma("run", "-", db=own_db)).out.splitlines()


def test_a_file_and_a_snippet_run_with_settings(stemma: Stemma, own_db: Path, slow: Path, program: Path) -> None:
    lines = well(stemma("run", program, "--set", "steps=5", "--set", "title=it's", db=own_db)).out.splitlines()
    assert "  x  5" in lines
    assert any(line.strip() == "it's" for line in lines)
    settings = ("--set", "decay=0", "--set", "T=4", "--seed", "3", "--like", "pre-ln")
    told = flat(stemma("run", slow, *settings, db=own_db))
    assert "idea file:slow.py form mixer parameters decay=0, mode=a sizes B=2, T=4" in told
    assert "the argument eps of slow cannot be set: its default is no number, switch or word" in told
    well(stemma("attach", "1706.03762", slow, "--like", "delta rule", db=own_db))
    document = well(stemma("run", "snippet:1", "--set", "decay=0.25", "--json", db=own_db)).document
    assert document["figures"]["parameters"] == {"decay": 0.25, "mode": "a"}
    assert document["figures"]["idea"] == "snippet:1"


def test_an_output_of_the_wrong_shape_is_told(stemma: Stemma, own_db: Path, tmp_path: Path) -> None:
    path = tmp_path / "flat.py"
    path.write_text("def flat(q, k, v):\n    return v.flatten(2)\n")
    told = flat(stemma("run", path, db=own_db))
    assert told.endswith("the output is 2 x 8 x 16, where a mixer gives B x T x H x V = 2 x 8 x 2 x 8")


def test_a_file_and_a_snippet_stand_beside_ideas(stemma: Stemma, own_db: Path, slow: Path) -> None:
    document = well(stemma("compare", "linear-attention", slow, "--set", "slow.decay=0.5", "--json", db=own_db))
    assert document.document["figures"]["pairs"][0]["between"] == ["linear-attention", "file:slow.py"]
    well(stemma("attach", "linear-attention", slow, db=own_db))
    settings = ("--set", "1.decay=0.5", "--set", "snippet:1.mode=b")
    document = well(stemma("compare", "snippet:1", slow, "linear-attention", *settings, "--json", db=own_db))
    ideas = document.document["figures"]["ideas"]
    assert [one["idea"] for one in ideas] == ["snippet:1", "file:slow.py", "linear-attention"]
    assert [one["parameters"].get("decay") for one in ideas] == [0.5, 0.9, None]


def test_a_snippet_changes_and_what_it_was_stays(stemma: Stemma, own_db: Path, slow: Path, program: Path) -> None:
    well(stemma("attach", "linear-attention", slow, "--parameter", "decay in 0..1", db=own_db))
    assert stemma("snippets", "edit", "1", program, db=own_db).complaints == [
        "stemma: the code has no parameter 'decay': it has steps, title"
    ]
    edit = ("snippets", "edit", "snippet:1", program, "--name", "count", "--parameter", "steps in 1..9")
    assert "snippet:1 is kept: count, version 2, a program" in flat(stemma(*edit, db=own_db))
    moved = flat(stemma("snippets", "edit", "1", "--to", "1706.03762", db=own_db))
    assert "the same code as before, a program, attached to arxiv:1706.03762" in moved
    shown = well(stemma("snippets", "show", "1", "--version", "1", db=own_db)).out
    assert "  def slow(q, k, v, *, decay=0.9" in shown
    document = stemma("show", "snippet:1", "--json", db=own_db).document
    assert (document["version"], document["versions"], document["code"]) == (2, [1], PROGRAM)
    assert "version 3, a variant" in flat(stemma("snippets", "edit", "1", "--back-to", "1", db=own_db))
    (complaint,) = stemma("snippets", "show", "1", "--version", "7", db=own_db).complaints
    assert complaint == "stemma: snippet:1 has no earlier version 7: the newest is 3"


def test_removing_asks_where_somebody_can_answer(
    stemma: Stemma, own_db: Path, slow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    well(stemma("attach", "linear-attention", slow, db=own_db))
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert "say --yes where nobody can be asked" in stemma("snippets", "remove", "1", db=own_db).err
    for answer, code in (("n\n", 1), ("", 1), ("y\n", 0)):
        monkeypatch.setattr(sys, "stdin", Terminal(answer))
        outcome = stemma("snippets", "remove", "1", db=own_db)
        assert (outcome.code, outcome.out) == (code, "" if code else "snippet:1 is removed\n")
    assert stemma("snippets", "--json", db=own_db).document == {"snippets": []}
    well(stemma("attach", "linear-attention", slow, db=own_db))
    assert well(stemma("snippets", "remove", "2", "--yes", db=own_db)).out == "snippet:2 is removed\n"


def test_what_is_exported_is_taken_back(
    stemma: Stemma, own_db: Path, slow: Path, program: Path, tmp_path: Path
) -> None:
    well(stemma("attach", "linear-attention", slow, "--parameter", "decay = 0.5 in 0..1", db=own_db))
    well(stemma("attach", "1706.03762", program, db=own_db))
    before = stemma("snippets", "--json", db=own_db).document["snippets"]
    one, packed, folder = tmp_path / "one.py", tmp_path / "all.zip", tmp_path / "all"
    for names, to in ((("1",), one), (("all",), packed), (("snippet:1", "1706.03762"), folder)):
        told = well(stemma("snippets", "export", *names, to, db=own_db)).out
        assert told == f"{1 if to is one else 2} exported: {to}\n"
        assert "is there already" in stemma("snippets", "export", *names, to, db=own_db).err
    assert well(stemma("snippets", "export", "1", "-", db=own_db)).out == one.read_text()
    assert (
        "2 snippets do not go into one file" in stemma("snippets", "export", "all", tmp_path / "x.py", db=own_db).err
    )
    assert [entry["file"] for entry in json.loads((folder / "manifest.json").read_text())["snippets"]] == [
        *("001-slow.py", "002-count.py"),
    ]
    ran = well(stemma("run", one, "--set", "decay=1", "--json", db=own_db)).document["figures"]
    assert ran["parameters"] == {"decay": 1.0, "mode": "a"}
    for number in ("1", "2"):
        well(stemma("snippets", "remove", number, "--yes", db=own_db))
    assert "slow.py is attached to concept:linear-attention" in flat(stemma("attach", one, db=own_db))
    again = flat(stemma("attach", packed, db=own_db))
    assert "001-slow.py is here already" in again or "count.py is attached" in again
    assert "001-slow.py is here already 002-count.py is here already" in flat(stemma("attach", folder, db=own_db))
    after = stemma("snippets", "--json", db=own_db).document["snippets"]
    told = ("key", "name", "code_hash", "parameters", "like", "kind", "settings")
    assert [[entry[name] for name in told] for entry in after] == [[entry[name] for name in told] for entry in before]


def test_a_set_of_which_something_is_refused_is_exit_code_1(stemma: Stemma, own_db: Path, tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text(SLOW)
    outcome = stemma("attach", tmp_path, "--json", db=own_db)
    assert outcome.code == 1
    assert outcome.document["refused"][0][0] == "plain.py"
    assert outcome.complaints[0].startswith("stemma: plain.py: ")
