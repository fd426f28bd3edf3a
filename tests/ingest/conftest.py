"""A server that answers as arXiv does, settings that point to it, and the answers written by hand."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kb.settings import Settings
from tests.ingest.replay import ReplayServer


@pytest.fixture(scope="session")
def recorded() -> Path:
    """The folder of answers that are part of this repository."""
    return Path(__file__).parent / "recorded"


@pytest.fixture
def server(recorded: Path) -> Iterator[ReplayServer]:
    """arXiv on this machine, knowing the papers of ``arxiv-lookup.xml``."""
    with ReplayServer() as running:
        running.load_feed((recorded / "arxiv-lookup.xml").read_text("utf-8"))
        yield running


@pytest.fixture
def make_settings(server: ReplayServer, tmp_path: Path) -> Callable[..., Settings]:
    """Settings for the server, quick by default; name what is to differ."""

    def make(**changes: object) -> Settings:
        quick = {
            "arxiv_url": server.url,
            "cache_dir": tmp_path / "cache",
            "arxiv_delay_s": 0.01,
            "timeout_connect_s": 1.0,
            "timeout_read_s": 5.0,
            "attempts": 3,
            "patience_s": 5.0,
        }
        return Settings.model_validate(quick | changes)

    return make
