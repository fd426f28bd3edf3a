"""The state of the library, and the web app started for real from a folder like an installation."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

import kb
from tests.cli.conftest import Outcome, Stemma


def test_doctor_tells_the_state(stemma: Stemma, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEMMA_S2_KEY", "a-secret-key")
    outcome = stemma("doctor")
    assert (outcome.code, outcome.err) == (0, "")
    assert "file       sound" in outcome.out
    assert "a-secret-key" not in outcome.out + stemma("doctor", "--json").out


def test_doctor_does_not_build(stemma: Stemma, tmp_path: Path) -> None:
    outcome = stemma("doctor", "--json", db=tmp_path / "new.db")
    assert outcome.document["catalogue_is_current"] is False
    assert outcome.document["counts"]["papers"] == 0
    assert "'stemma build' does it" in stemma("doctor", db=tmp_path / "new.db").out


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """A folder with the packages and an app of its own beside them."""
    folder = tmp_path / "site"
    (folder / ".streamlit").mkdir(parents=True)
    checkout = Path(kb.__file__).resolve().parent.parent
    for name in ("kb", "ingest"):
        (folder / name).symlink_to(checkout / name)
    (folder / "app.py").write_text("import streamlit\nstreamlit.write('here')\n")
    return folder


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(installation: Path, folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    environment = os.environ | {"PYTHONPATH": str(installation)}
    words = [sys.executable, "-m", "kb.cli", *arguments]
    return subprocess.Popen(
        words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _wait(ready: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "the app did not answer"
        time.sleep(0.05)


def _is_healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_the_app_starts_where_it_was_told_and_ends_with_ctrl_c(installation: Path, tmp_path: Path, port: int) -> None:
    begun = time.monotonic()
    with _start(installation, tmp_path, "--db", "here.db", "app", "--port", str(port)) as running:
        try:
            assert running.stdout is not None
            line = running.stdout.readline()
            assert time.monotonic() - begun < 3
            assert f"http://localhost:{port}" in line
            _wait(lambda: _is_healthy(port), 20)
            proc = Path(f"/proc/{running.pid}")
            if proc.exists():
                assert (proc / "cwd").readlink() == installation
                assert f"STEMMA_DB={tmp_path / 'here.db'}" in (proc / "environ").read_text().split("\0")
        finally:
            running.send_signal(signal.SIGINT)
            _, said = running.communicate(timeout=20)
    assert "Traceback" not in said
    assert not (tmp_path / "here.db").exists()


def test_a_busy_port_is_said_in_one_line(stemma: Stemma) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        outcome = stemma("app", "--port", str(taken.getsockname()[1]))
    (line,) = outcome.complaints
    assert (outcome.code, outcome.out) == (1, "")
    assert "is busy" in line


def test_an_installation_without_the_app_says_so(installation: Path, tmp_path: Path, port: int) -> None:
    (installation / "app.py").unlink()
    with _start(installation, tmp_path, "app", "--port", str(port)) as running:
        out, said = running.communicate(timeout=20)
    assert (running.returncode, out, len(said.splitlines())) == (1, "", 1)
    assert "the web app is missing" in said


def test_the_entry_point_is_the_one_of_the_project(repository: Path, process: Callable[..., Outcome]) -> None:
    assert 'stemma = "kb.cli:main"' in (repository / "pyproject.toml").read_text("utf-8")
    outcome = process("doctor", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert json.loads(outcome.out)["schema"]
