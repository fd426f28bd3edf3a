"""A fresh library on disk, and the shipped catalogue."""

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


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    """An empty library in a real SQLite file."""
    with open_store(str(file)) as opened:
        yield opened


@pytest.fixture(scope="session")
def shipped(repository: Path) -> Catalogue:
    """Everything under ``data/``."""
    return load_catalogue(repository / "data")
