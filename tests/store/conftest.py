"""A fresh library on disk, and the shipped catalogue."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.records import Catalogue
from kb.store import Store, open_store
from kb.store.catalogue import load_catalogue


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the library of a test is."""
    return tmp_path / "library.db"


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty library: copied, so that the migrations run once."""
    file = tmp_path_factory.mktemp("blank") / "library.db"
    open_store(str(file)).close()
    return file


@pytest.fixture
def store(blank: Path, file: Path) -> Iterator[Store]:
    """An empty library in a real SQLite file."""
    shutil.copy(blank, file)
    with open_store(str(file)) as opened:
        yield opened


@pytest.fixture(scope="session")
def shipped(repository: Path) -> Catalogue:
    """Everything under ``data/``."""
    return load_catalogue(repository / "data")
