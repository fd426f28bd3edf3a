"""The app as a reader meets it: under AppTest, in a real server, in a real browser."""

import html
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from platformdirs import user_cache_path
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from kb.library import Library
from kb.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: A page may open the library, load the model and run a claim: generous, because the machine may be busy.
TIMEOUT_S = 90.0
START_S = 60.0
_HEADLESS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """Where the exported model is: the developer's own cache, so that no test exports it again."""
    return Path(os.environ.get("STEMMA_CACHE_DIR") or user_cache_path("stemma"))


@pytest.fixture(scope="session")
def library_db(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Path:
    """A built library that tests read but do not add to."""
    path = tmp_path_factory.mktemp("library") / "library.db"
    _build(path, cache_dir)
    return path


@pytest.fixture
def own_db(library_db: Path, tmp_path: Path) -> Path:
    """A library of a test's own, to add to."""
    path = tmp_path / "own.db"
    with sqlite3.connect(library_db) as built, sqlite3.connect(path) as own:
        built.backup(own)
        # pages of other tests may have recorded theirs in the library that is read
        own.execute("DELETE FROM runs")
    built.close()
    own.close()
    return path


@pytest.fixture
def app_page(
    monkeypatch: pytest.MonkeyPatch, repository: Path, library_db: Path, cache_dir: Path
) -> Callable[..., AppTest]:
    """Return the app on a page with its query, run once: ``app_page("paper", key="arxiv:1706.03762")``."""
    monkeypatch.setenv("STEMMA_CACHE_DIR", str(cache_dir))

    def open_page(page: str = "", /, *, db: Path = library_db, **query: str) -> AppTest:
        monkeypatch.setenv("STEMMA_DB", str(db))
        app = AppTest.from_file(str(repository / "app.py"), default_timeout=TIMEOUT_S)
        # AppTest cannot switch to a page that is a function, but it can start on one.
        app._page_hash = calc_hash(page)
        for name, value in query.items():
            app.query_params[name.rstrip("_")] = value
        app.run()
        assert not app.exception, app.exception
        return app

    return open_page


@pytest.fixture
def press_run(end_run: Callable[[AppTest], AppTest]) -> Callable[[AppTest, str], AppTest]:
    """Press a button that runs something and wait for the end: ``press_run(app, "run linear-attention")``."""
    return lambda app, key: end_run(app.button(key=key).click().run())


@pytest.fixture
def end_run() -> Callable[[AppTest], AppTest]:
    """Wait until what a page runs has ended."""

    def end(app: AppTest) -> AppTest:
        deadline = time.monotonic() + TIMEOUT_S
        # A browser asks again by itself; under test nobody does.
        while any(one.key and one.key.startswith("cancel ") for one in app.button):
            assert time.monotonic() < deadline, "the run does not end"
            time.sleep(0.1)
            app.run()
        return app

    return end


@pytest.fixture
def read_page() -> Callable[[AppTest], str]:
    """Return what a reader sees of a page, as one text: HTML without its tags, Markdown, labels, messages."""

    def read(app: AppTest) -> str:
        bodies = [
            html.unescape(re.sub(r"<(style|script)>.*?</\1>|<[^>]+>", " ", one.value, flags=re.S)) for one in app.html
        ]
        spoken = [one.value for kind in ("markdown", "error", "warning", "info", "success") for one in app.get(kind)]
        return " ".join(" ".join([*bodies, *spoken]).split())

    return read


@pytest.fixture
def list_links() -> Callable[[AppTest], list[str]]:
    """Return the addresses of all links of a page, in order."""
    return lambda app: [html.unescape(one) for body in app.html for one in re.findall(r'href="([^"]+)"', body.value)]


@pytest.fixture(scope="session")
def app_server(library_db: Path, cache_dir: Path, repository: Path) -> Iterator[str]:
    """The address of a real server on this machine, without a slash at its end."""
    with _serve(repository, {"STEMMA_DB": str(library_db), "STEMMA_CACHE_DIR": str(cache_dir)}) as base:
        yield base


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """A headless Chromium; the test is skipped, with the reason, where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = os.environ.get("STEMMA_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium here: install one, or name it in STEMMA_CHROMIUM")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=list(_HEADLESS))
        yield browser
        browser.close()


@pytest.fixture
def browser_page(browser: "Browser") -> Iterator[Callable[..., "Page"]]:
    """Return a fresh page of a width: ``browser_page(400)``; ``dark=True`` for the dark theme."""
    contexts = []

    def open_page(width: int = 1400, *, height: int = 900, dark: bool = False) -> "Page":
        scheme = "dark" if dark else "light"
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


def _build(path: Path, cache_dir: Path) -> None:
    with Library.open(settings=Settings(db=str(path), cache_dir=cache_dir)) as library:
        assert library.counts()["vectors"], "the library was built without vectors"


@contextmanager
def _serve(repository: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run the app on a free port until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "streamlit", "run", str(repository / "app.py"), "--server.headless", "true"),
        *("--server.port", str(port), "--server.address", "127.0.0.1", "--server.fileWatcherType", "none"),
    ]
    log = Path(environment["STEMMA_DB"]).with_suffix(".log")
    with log.open("w") as output:
        server = subprocess.Popen(
            command, cwd=repository, env=os.environ | environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            base = f"http://127.0.0.1:{port}"
            _wait_for(base, server, log)
            yield base
        finally:
            server.terminate()
            server.wait(timeout=20)


def _wait_for(base: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{base}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    raise AssertionError(f"the app did not start:\n{log.read_text()[-2000:]}")
