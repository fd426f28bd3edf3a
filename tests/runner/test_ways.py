"""Which way is in force, why a stronger one is not, and what a guest may read."""

import subprocess
import sys
from pathlib import Path

import pytest

from kb.errors import RunnerError
from kb.runner import confinement, filters, ways
from kb.runner.execution import _probe
from kb.runner.worker import Worker


@pytest.fixture
def probed_afresh():
    """What is found out about the machine in this test is forgotten afterwards."""
    _probe.cache_clear()
    yield
    _probe.cache_clear()


def test_the_way_in_force_is_named():
    found = confinement()

    assert found.way in ("bubblewrap", "in-process", "none")
    assert len(found.reasons) == ("bubblewrap", "in-process", "none").index(found.way)


def test_without_bubblewrap_the_reason_says_what_to_install(monkeypatch, probed_afresh):
    monkeypatch.setattr(ways.shutil, "which", lambda name: None)
    found = confinement()

    assert found.way in ("in-process", "none")
    assert "install the system package bubblewrap" in found.reasons[0]


def test_bubblewrap_that_is_not_permitted_gives_its_own_reason(monkeypatch, probed_afresh, tmp_path):
    refusing = tmp_path / "bwrap"
    refusing.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = confinement()

    assert found.way in ("in-process", "none")
    assert found.reasons[0] == "bubblewrap: bwrap: No permissions to create new namespace"


def test_without_libseccomp_nothing_is_confined(monkeypatch, probed_afresh):
    def fail() -> None:
        raise RunnerError("libseccomp is missing")

    monkeypatch.setattr(filters, "_load_library", fail)
    found = confinement()

    assert found.way == "none"
    assert all("libseccomp is missing" in reason for reason in found.reasons)


def test_a_worker_that_cannot_start_says_why(monkeypatch):
    monkeypatch.setattr(ways, "interpreter", lambda: "/nonexistent/python")

    with pytest.raises(RunnerError, match="/nonexistent/python"):
        Worker("none", disk_mb=1)


def test_a_module_that_is_not_there_is_named():
    with pytest.raises(RunnerError, match="no_such_module"):
        Worker("none", disk_mb=1, preload=("no_such_module",))


def test_what_may_be_read_holds_python_and_no_home_folder():
    paths = [Path(path) for path in ways.readable_paths()]

    assert any(Path(ways.interpreter()).is_relative_to(path) for path in paths)
    assert not any(Path.home().is_relative_to(path) for path in paths)
    assert not [(a, b) for a in paths for b in paths if a != b and a.is_relative_to(b)]


def test_python_installed_around_the_home_folder_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(ways.sys, "base_prefix", str(tmp_path))

    with pytest.raises(RunnerError, match="home folder"):
        ways.readable_paths()


def test_importing_the_room_loads_no_torch_and_starts_nothing(repository):
    code = "import sys, threading, kb.runner; print('torch' in sys.modules, threading.active_count())"
    result = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True)

    assert result.stdout == "False 1\n"
