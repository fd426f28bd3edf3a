"""The door itself: help at once, exit codes, one line for whatever goes wrong, and a clean end."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kb import __version__
from kb.cli import main
from tests.cli.conftest import Outcome, Stemma, command

COMMANDS = (
    *("build", "add", "import", "search", "similar", "show", "lineage", "path"),
    *("ideas", "run", "runs", "compare", "costs", "train", "presets", "verify"),
    *("discover", "claim", "attach", "snippets"),
    *("doctor", "app"),
)
HEAVY = ("torch", "streamlit", "sqlalchemy", "numpy", "networkx", "pydantic", "rich", "requests", "onnxruntime")


def test_help_lists_every_command_and_builds_nothing(stemma: Stemma, tmp_path: Path) -> None:
    outcome = stemma("--help", db=tmp_path / "none.db")
    listed = [line.split()[0] for line in outcome.out.split("Commands:")[1].splitlines() if line.strip()]
    assert (outcome.code, tuple(listed), outcome.err) == (0, COMMANDS, "")
    assert not list(tmp_path.iterdir())


def test_without_a_command_the_help_is_shown(stemma: Stemma) -> None:
    assert stemma() == stemma("--help")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(stemma: Stemma, name: str) -> None:
    outcome = stemma(name, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert f"stemma {name} " in outcome.out


def test_version(process: Callable[..., Outcome]) -> None:
    assert process("--version") == Outcome(0, f"stemma {__version__}\n", "")


def test_help_loads_nothing_heavy(repository: Path) -> None:
    program = (
        f"import sys; from kb.cli import main; main(['--help']); print([m for m in {HEAVY} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, timeout=30)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_library_may_be_named_in_the_environment(
    library_db: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STEMMA_DB", str(library_db))
    assert main(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["library"] == str(library_db)


def test_a_reader_who_has_seen_enough_is_no_failure(library_db: Path, repository: Path) -> None:
    words = command("lineage", "linear-attention", "--format", "json", db=library_db)
    with subprocess.Popen(words, cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.read(10)
        running.stdout.close()
        complaint = running.stderr.read()
    assert (running.returncode, complaint) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full, which is always full, on this system")
@pytest.mark.parametrize("arguments", [("search", "attention"), ("ideas", "--json"), ("--help",)], ids=" ".join)
def test_a_full_disk_is_said_in_one_line(library_db: Path, repository: Path, arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        words = command(*arguments, db=library_db)
        done = subprocess.run(words, cwd=repository, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert "No space left on device" in line


def test_stopping_while_texts_are_embedded_loses_nothing(stemma: Stemma, repository: Path, tmp_path: Path) -> None:
    db = tmp_path / "new.db"
    with subprocess.Popen(
        command("build", db=db), cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if line.startswith("embedding"):
                break
        running.send_signal(signal.SIGINT)
        said = running.stderr.read().splitlines()
    assert (running.returncode, len(said)) == (130, 1)
    assert said[0].startswith("stemma: stopped")
    again = stemma("build", db=db)
    made = int(again.out.split("; ")[1].split()[0])
    counts = stemma("doctor", "--json", db=db).document["counts"]
    assert again.code == 0
    assert 0 < made < counts["texts"] == counts["vectors"]


def test_what_nobody_expected_is_one_line_with_a_way_on(
    stemma: Stemma, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("surprise\nin two lines")

    monkeypatch.setattr("kb.settings.read_settings", fail)
    outcome = stemma("doctor")
    (line,) = outcome.complaints
    assert outcome.code == 1
    assert line.startswith("stemma: unexpected: KeyError: ")
    assert "STEMMA_DEBUG=1" in line
    monkeypatch.setenv("STEMMA_DEBUG", "1")
    assert "Traceback" in stemma("doctor").err
