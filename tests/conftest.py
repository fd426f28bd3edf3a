"""What every test shares: no network beyond this machine, a clean environment, and where the shared corpora are."""

import os
import socket
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of other people's data beside the checkout; the test is skipped where it is absent."""
    folder = REPOSITORY.parent / "shared"
    if not (folder / "corpora").is_dir():
        pytest.skip("no ../shared beside the checkout: the corpora that this test reads are not part of the project")
    return folder


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No STEMMA_ variable of the developer's own, and the user's data folder somewhere else."""
    for name in [name for name in os.environ if name.startswith("STEMMA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data-home")))


@pytest.fixture(autouse=True)
def only_local_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that opens a connection beyond 127.0.0.1."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else None
        if host is not None and host not in ("127.0.0.1", "localhost", "::1"):
            raise AssertionError(f"a test tried to reach {host}: tests open no socket beyond 127.0.0.1")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)
