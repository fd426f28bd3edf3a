"""``stemma claim``: claims of a user's own on the command line, and beside those that ship in ``stemma verify``."""

import io
import sys
from pathlib import Path

import pytest

from kb.runner import confinement
from tests.cli.conftest import Stemma
from tests.own_claims import write_claim

confined = pytest.mark.skipif(confinement().way == "none", reason="this machine cannot confine programs")
SHIPPED = "residual-dual-without-its-second-stream-is-post-ln"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(write_claim())
    return path


@pytest.fixture
def refuted(tmp_path: Path) -> Path:
    path = tmp_path / "refuted.py"
    path.write_text(write_claim(id='"refuted"', check="return Measurement(1.0 - subject(draw))"))
    return path


@confined
def test_a_template_is_written_run_kept_and_verified(stemma: Stemma, own_db: Path, tmp_path: Path) -> None:
    path = tmp_path / "new.py"
    outcome = stemma("claim", "new", "My try", "--between", "delta-rule", "deltanet", "--out", path, db=own_db)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"{path} is written; 'stemma claim run ")
    again = stemma("claim", "new", "--out", path, db=own_db)
    assert (again.code, "is there already; give another name" in again.err) == (1, True)
    ran = stemma("claim", "run", path, "--json", db=own_db)
    (row,) = ran.document["claims"]
    assert (ran.code, row["verdict"], row["name"], row["own"]) == (0, "verified", "my-try", True)
    assert row["wrong_variants"][0]["rejected"] is True
    assert ran.document["run"] == "run:1"
    assert "my-try is kept as own:1; 'stemma claim run own:1'" in stemma("claim", "add", path, db=own_db).out
    assert "the same code as before" in stemma("claim", "add", path, db=own_db).out
    verified = stemma("verify", "own:1", "--mutants", db=own_db)
    assert verified.code == 0
    assert "✓ verified  my-try  own:1, your own" in verified.out
    assert "rejects away from that value" in verified.out
    assert "1 claim: 1 verified" in verified.out
    listed = stemma("claim", "list", db=own_db).out
    assert listed.startswith("✓ verified  my-try  own:1\n")


def test_a_template_is_printed(stemma: Stemma) -> None:
    printed = stemma("claim", "new").out
    assert printed.startswith('"""A claim of your own')
    assert "CLAIMS = (" in printed


@confined
def test_the_exit_code_counts_own_claims_only_where_they_are_asked_for(
    stemma: Stemma, own_db: Path, refuted: Path
) -> None:
    stemma("claim", "add", refuted, db=own_db)
    beside = stemma("verify", "--family", "fast-weights", "--cost", "exact", "--no-own", "--list", db=own_db)
    assert "own:1" not in beside.out
    asked = stemma("verify", SHIPPED, "refuted", "--json", db=own_db)
    assert asked.code == 1
    assert [row["id"] for row in asked.document["claims"]] == [SHIPPED, "own:1"]
    assert asked.complaints[-1] == "stemma: 1 verdict not as expected: own:1"
    alone = stemma("verify", "--own", "--json", db=own_db)
    assert (alone.code, [row["verdict"] for row in alone.document["claims"]]) == (1, ["refuted"])


@confined
def test_all_claims_run_with_own_ones_beside_and_the_exit_code_of_what_ships(
    stemma: Stemma, own_db: Path, tmp_path: Path
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(write_claim(check="return Measurement(1.0 - subject(draw))", family='"hardware"', cost='"trend"'))
    stemma("claim", "add", path, db=own_db)
    outcome = stemma("verify", "--family", "hardware", "--cost", "trend", db=own_db)
    assert outcome.code == 0
    assert "✗ refuted  mine  own:1, your own" in outcome.out
    assert outcome.complaints[-1] == "stemma: 1 verdict of your own not as expected: own:1"


@confined
def test_a_claim_that_fails_says_why_and_is_exit_code_1(stemma: Stemma, own_db: Path, tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text(write_claim(check="return Measurement(undefined)"))
    outcome = stemma("claim", "run", path, db=own_db)
    assert outcome.code == 1
    assert outcome.out.startswith("~ inconclusive  mine  file:broken.py, your own")
    assert "NameError: name 'undefined' is not defined" in outcome.err
    path.write_text(write_claim(wrong_variants='{"right too": _subject}'))
    outcome = stemma("claim", "run", path, db=own_db)
    assert outcome.code == 1
    assert "it does not reject 'right too', so it proves nothing" in " ".join(outcome.out.split())
    assert "TAKES FOR RIGHT right too" in outcome.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("claim", "add", "nowhere.py"), "no such file; check the path: nowhere.py"),
        (("claim", "run", "nowhere.py"), "no such file; check the path: nowhere.py"),
        (("claim", "run", "own:9"), "no claim of your own is called 'own:9'; 'stemma claim list' lists them"),
        (("claim", "run", SHIPPED), f"{SHIPPED} is a claim that ships: 'stemma verify {SHIPPED}' executes it"),
        (("claim", "show", "x"), "no claim of your own is called 'x'"),
        (("claim", "export", "all", "x.zip"), "no claim of your own is kept, so nothing was exported"),
        (("claim", "new", "--between", "lstm", "rms-norm"), "have no form in common; name two of one form"),
        (("claim", "new", "--between", "lstm", "nothing"), "nothing"),
        (("verify", "own:9"), "no claim of your own is called 'own:9'"),
        (("verify", "--own"), "no claim fits all of these options"),
        (("show", "own:9"), "no claim of your own is called 'own:9'"),
    ],
)
def test_bad_input_is_one_line(stemma: Stemma, words: tuple[str, ...], told: str) -> None:
    outcome = stemma(*words)
    assert outcome.code in (1, 2)
    assert len(outcome.complaints) == 1
    assert told in outcome.err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"\xff\xfe\x00", "is no UTF-8 text"),
        (b"x = (", "the code cannot be read in line 1"),
        (b"x = 1", "it assigns CLAIMS nowhere"),
        (
            write_claim(wrong_variants="{}").encode(),
            "it has no wrong variant, and a claim that rejects nothing proves",
        ),
        (write_claim(draws="10**6").encode(), "draws is computed"),
    ],
)
def test_a_file_that_is_no_claim_is_refused_in_one_line(
    stemma: Stemma, own_db: Path, tmp_path: Path, content: bytes, told: str
) -> None:
    path = tmp_path / "bad.py"
    path.write_bytes(content)
    for command in ("add", "run"):
        outcome = stemma("claim", command, path, db=own_db)
        assert (outcome.code, outcome.out, len(outcome.complaints)) == (1, "", 1)
        assert told in outcome.err


def test_a_claim_is_shown_changed_and_removed(stemma: Stemma, own_db: Path, mine: Path, tmp_path: Path) -> None:
    stemma("claim", "add", mine, db=own_db)
    other = tmp_path / "other.py"
    other.write_text(write_claim(bound="0.5"))
    assert stemma("claim", "edit", "mine", other, db=own_db).out == "own:1 is kept: mine, version 2\n"
    shown = stemma("claim", "show", "own:1", "--json", db=own_db).document
    assert (shown["version"], shown["versions"], shown["code"]) == (2, [1], write_claim(bound="0.5"))
    assert (shown["claim"]["bound"], shown["verdict"]) == (0.5, None)
    assert "bound=1e-12" in stemma("claim", "show", "own:1", "--version", "1", db=own_db).out
    assert stemma("show", "own:1", db=own_db).out == stemma("claim", "show", "own:1", db=own_db).out
    assert "no earlier version 7" in stemma("claim", "show", "own:1", "--version", "7", db=own_db).err
    assert "version 3" in stemma("claim", "edit", "own:1", "--back-to", "1", db=own_db).out
    assert stemma("claim", "edit", "own:1", db=own_db).code == 2
    refused = stemma("claim", "remove", "own:1", db=own_db)
    assert (refused.code, "say --yes where nobody can be asked" in refused.err) == (1, True)
    assert stemma("claim", "remove", "own:1", "--yes", db=own_db).out == "own:1 is removed\n"
    assert "no claim of your own is kept" in stemma("claim", "list", db=own_db).out
    assert stemma("claim", "list", "--json", db=own_db).document == {"claims": []}


def test_claims_are_exported_and_taken_back(
    stemma: Stemma, own_db: Path, mine: Path, refuted: Path, tmp_path: Path
) -> None:
    stemma("claim", "add", mine, db=own_db)
    stemma("claim", "add", refuted, db=own_db)
    assert stemma("claim", "export", "mine", "-", db=own_db).out == write_claim()
    assert "do not go into one file" in stemma("claim", "export", "all", tmp_path / "all.py", db=own_db).err
    packed = tmp_path / "set.zip"
    assert stemma("claim", "export", "all", packed, db=own_db).out == f"2 exported: {packed}\n"
    for name in ("mine", "refuted"):
        stemma("claim", "remove", name, "--yes", db=own_db)
    taken = stemma("claim", "add", packed, db=own_db)
    assert (taken.code, taken.out) == (0, "mine is kept as own:3\nrefuted is kept as own:4\n")
    folder = tmp_path / "folder"
    stemma("claim", "export", "all", folder, db=own_db)
    (folder / "bad.py").write_text("x = 1\n")
    again = stemma("claim", "add", folder, "--json", db=own_db)
    assert again.code == 1
    assert [one["address"] for one in again.document["claims"]] == ["own:3", "own:4"]
    assert again.complaints == [f"stemma: bad.py: {again.document['refused'][0][1]}"]


def test_a_claim_is_read_from_standard_input(stemma: Stemma, own_db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(write_claim().encode())))
    assert "mine is kept as own:1" in stemma("claim", "add", "-", db=own_db).out
