"""The real corpus, read once."""

from pathlib import Path

import pytest

from kb.records import Citation, Paper
from tests.graph.examples import read_corpus


@pytest.fixture(scope="session")
def corpus(shared: Path) -> tuple[list[Paper], list[Citation]]:
    return read_corpus(shared)
