"""What has run: listed, shown, seen while it goes on, stopped by Ctrl-C."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.library import Library
from kb.runner import confinement
from kb.settings import Settings
from tests.cli.conftest import Stemma, command

WAIT_S = 60.0
SLOW = "import time\nreport('step', 1)\nprint('begun')\nfor n in range(600): time.sleep(0.05); print(n)\n"
needs_confinement = pytest.mark.skipif(confinement().way == "none", reason="nothing confines a program here")


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """A program that prints for half a minute."""
    path = tmp_path / "slow.py"
    path.write_text(SLOW)
    return path


@pytest.fixture
def going_on(own_db: Path, slow: Path, repository: Path) -> Iterator["subprocess.Popen[str]"]:
    """The command on that program, in a process of its own, after the first line has come."""
    process = subprocess.Popen(
        command("run", slow, db=own_db),
        cwd=repository,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": ""},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    yield process
    process.kill()
    process.communicate()


def list_statuses(db: Path) -> list[tuple[str, str]]:
    with Library.open(settings=Settings(db=str(db)), build=False) as library:
        return [(one.of, one.status) for one in library.runs()]


def test_runs_are_listed_and_shown(stemma: Stemma, own_db: Path) -> None:
    assert stemma("runs", db=own_db).out == "nothing has run yet; 'stemma ideas' lists what can\n"
    ran = stemma("run", "rms-norm", "--set", "T=4", "--seed", "3", "--json", db=own_db).document
    stemma("compare", "pre-ln", "post-ln", "--set", "T=4", db=own_db)
    lines = stemma("runs", db=own_db).out.splitlines()
    assert [line.split()[0] for line in lines] == ["run:2", "run:1"]
    assert re.fullmatch(r"run:1 +\d{4}-\d\d-\d\d \d\d:\d\d +code:rms-norm +ok +[\d.]+ s +seed 3 +T=4", lines[1])
    assert [line.split()[0] for line in stemma("runs", "RMSNorm", db=own_db).out.splitlines()] == ["run:1"]
    assert stemma("runs", "compare:pre-ln,post-ln", db=own_db).out.startswith("run:2 ")
    listed = stemma("runs", "--limit", "1", "--json", db=own_db).document
    assert (listed["count"], [one["key"] for one in listed["runs"]]) == (2, ["run:2"])

    shown = stemma("show", "run:1", db=own_db).out
    assert shown.startswith("run:1: code:rms-norm\n")
    assert "  seed      3\n" in shown
    assert f"  ran on    stemma {ran['versions']['stemma']}, python {ran['versions']['python']}, torch" in shown
    assert re.search(r"^ok  [\d.]+ s, confined by", shown, re.MULTILINE)
    assert "The source that ran\n" in shown
    assert "def rms_norm(" in shown
    document = stemma("show", "run:1", "--json", db=own_db).document
    assert (document["kind"], document["result"]["figures"]) == ("run", ran["figures"])
    assert document["note"]["parameters"] == {"T": "4"}


def test_what_is_not_here_is_one_line(stemma: Stemma, own_db: Path) -> None:
    missing = stemma("show", "run:99", db=own_db)
    assert (missing.code, missing.err) == (
        1,
        "stemma: no run 99 in this library; 'stemma runs' lists those that are\n",
    )
    assert stemma("runs", "file:absent.py", db=own_db).out == "nothing of file:absent.py is recorded\n"
    unknown = stemma("runs", "unheard-of", db=own_db)
    assert (unknown.code, len(unknown.complaints)) == (1, 1)


@needs_confinement
def test_ctrl_c_cancels_and_records(going_on: "subprocess.Popen[str]", own_db: Path) -> None:
    going_on.send_signal(signal.SIGINT)
    out, err = going_on.communicate(timeout=WAIT_S)

    assert going_on.returncode == 130
    assert err == "stemma: cancelled; what it had reported by then is kept ('stemma show run:1')\n"
    assert re.search(r"^cancelled  [\d.]+ s, confined by", out, re.MULTILINE)
    assert list_statuses(own_db) == [("file:slow.py", "cancelled")]


@needs_confinement
def test_lines_come_while_the_program_goes_on(going_on: "subprocess.Popen[str]") -> None:
    assert going_on.stdout is not None
    assert [going_on.stdout.readline() for _ in range(3)] == ["0\n", "1\n", "2\n"]
    assert going_on.poll() is None


@needs_confinement
def test_a_reader_who_has_seen_enough_cancels(going_on: "subprocess.Popen[str]", own_db: Path) -> None:
    assert going_on.stdout is not None
    assert going_on.stderr is not None
    going_on.stdout.close()
    assert going_on.wait(WAIT_S) == 0
    assert going_on.stderr.read() == ""
    deadline = time.monotonic() + WAIT_S
    while not list_statuses(own_db) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert list_statuses(own_db) == [("file:slow.py", "cancelled")]


@needs_confinement
def test_the_last_line_needs_no_end_and_a_document_no_lines(stemma: Stemma, own_db: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("print('one')\nprint('two', end='')")
    assert stemma("run", path, db=own_db).out.startswith("one\ntwo\n\nok  ")
    assert stemma("run", path, "--json", db=own_db).document["stdout"] == "one\ntwo"
