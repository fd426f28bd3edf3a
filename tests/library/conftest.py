"""A library built from what ships, once for all tests of this room; those that add to it take a copy."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.library import Library


@pytest.fixture(scope="session")
def told() -> list[tuple[str, int, int]]:
    """The progress that the first start tells."""
    return []


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, told: list[tuple[str, int, int]]) -> Path:
    """The file of a library that was built and closed."""
    file = tmp_path_factory.mktemp("library") / "library.db"
    Library.open(str(file), progress=lambda *what: told.append(what)).close()
    return file


@pytest.fixture
def own(built: Path, tmp_path: Path) -> Path:
    """The file of a library of a test's own."""
    return Path(shutil.copy(built, tmp_path / "own.db"))


@pytest.fixture
def library(own: Path) -> Iterator[Library]:
    with Library.open(str(own)) as opened:
        yield opened
