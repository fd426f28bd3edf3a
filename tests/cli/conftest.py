"""The command line on a real library: built once, copied where a test writes."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from platformdirs import user_cache_path

from kb.cli import main
from kb.library import Library
from kb.settings import Settings

_CACHE = Path(os.environ.get("STEMMA_CACHE_DIR") or user_cache_path("stemma"))


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)

    @property
    def complaints(self) -> list[str]:
        return self.err.splitlines()


Stemma = Callable[..., Outcome]


@pytest.fixture(scope="session")
def library_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library built from ``data/``; only read it."""
    path = tmp_path_factory.mktemp("library") / "library.db"
    Library.open(settings=Settings(db=str(path), cache_dir=_CACHE)).close()
    return path


@pytest.fixture
def own_db(library_db: Path, tmp_path: Path) -> Path:
    """A copy of it to write to."""
    return Path(shutil.copy(library_db, tmp_path / "own.db"))


@pytest.fixture(autouse=True)
def shared_cache(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exported model, made once for all runs; answers of the network are not kept."""
    monkeypatch.setenv("STEMMA_CACHE_DIR", str(_CACHE))
    monkeypatch.setenv("STEMMA_CACHE_DAYS", "0")


@pytest.fixture
def stemma(library_db: Path, capsys: pytest.CaptureFixture[str]) -> Stemma:
    """Run a command in this process, on the shared library unless ``db`` names another."""

    def run(*arguments: str | Path, db: Path | str | None = None) -> Outcome:
        code = main(["--db", str(db or library_db), *map(str, arguments)])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def process(library_db: Path, repository: Path) -> Callable[..., Outcome]:
    """Run a command in a process of its own, as a user's shell does."""

    def run(*arguments: str | Path, db: Path | None = None) -> Outcome:
        done = subprocess.run(
            command(*arguments, db=db or library_db), cwd=repository, capture_output=True, text=True, timeout=60
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


def command(*arguments: str | Path, db: Path) -> list[str]:
    """Return the words of a command line."""
    return [sys.executable, "-m", "kb.cli", "--db", str(db), *map(str, arguments)]
