"""A run that goes on: begun by itself or by a click, followed by the page, cancelled by what comes after it."""

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from streamlit.testing.v1 import AppTest

from kb.reference.registry import get_idea
from kb.runner import confinement

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]
WAIT_S, PATIENCE_MS = 60.0, 60_000
pytestmark = pytest.mark.skipif(confinement().way == "none", reason="nothing confines a program here")


def _draw() -> None:
    """A page that runs what its address says, without a click; ``slow`` takes a minute."""
    import streamlit as st

    from kb.records import RunResult
    from kb.runner import RunTicket, submit
    from kb.ui.run_live import run_live

    asked = str(st.query_params.get("of", "quick"))

    def begin(owner: str) -> RunTicket:
        code = "import time\ntime.sleep(60)" if asked == "slow" else f"report('of', {asked!r})"
        ticket = submit(code, owner=owner)
        st.session_state["begun"] = [*st.session_state.get("begun", ()), ticket]
        return ticket

    result = run_live("it", "Again", begin, of=asked)
    if isinstance(result, RunResult):
        st.write(f"ended {result.status} {result.figures.get('of', '')}")


@pytest.fixture
def page() -> AppTest:
    """The page as it is first seen, after its run has ended."""
    app = AppTest.from_function(_draw, default_timeout=WAIT_S).run()
    return _run_until(app, lambda: bool(app.markdown))


def _run_until(app: AppTest, is_so: Callable[[], bool]) -> AppTest:
    deadline = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)
        app.run()
    assert not app.exception
    return app


def test_it_begins_by_itself_and_once(page: AppTest) -> None:
    page.run().run()
    assert [one.value for one in page.markdown] == ["ended ok quick"]
    assert len(page.session_state["begun"]) == 1
    page.button(key="run it").click().run()
    assert len(page.session_state["begun"]) == 2


def test_it_begins_anew_when_something_else_is_asked_and_ends_what_is_out_of_date(page: AppTest) -> None:
    page.query_params["of"] = "slow"
    page.run()
    assert [one.label for one in page.button] == ["Again", "Cancel"]
    assert page.button(key="run it").disabled
    page.query_params["of"] = "other"
    _run_until(page.run(), lambda: bool(page.markdown))
    assert [one.value for one in page.markdown] == ["ended ok other"]
    slow = page.session_state["begun"][1]
    assert slow.wait(WAIT_S).status == "cancelled"


def test_the_page_follows_a_run_by_itself_until_it_is_cancelled(browser_page: Open, app_server: str) -> None:
    source = get_idea("rms-norm").code
    body = source.index('    """Return')
    slow = "    import time\n    for step in range(500):\n        print('step', step); time.sleep(0.05)\n"
    page = browser_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{app_server}/idea?key=rms-norm")
    # A tab that is opened before the page is whole closes again.
    tab = page.get_by_role("tab", name="Edit and run")
    tab.wait_for()
    page.locator("[data-test-script-state=notRunning]").wait_for()
    tab.click()
    box = page.locator("textarea:visible").first
    box.fill(source[:body] + slow + source[body:])
    box.press("Control+Enter")
    page.get_by_role("button", name="Run this version").click()
    status = page.locator("[role=status]", has_text=re.compile("Running for"))
    status.wait_for()
    first = status.inner_text()
    page.wait_for_function(
        "before => [...document.querySelectorAll('[role=status]')].some(one => one.innerText.includes('Running for') "
        "&& one.innerText !== before)",
        arg=first,
    )
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("It was cancelled.").wait_for()
    assert page.get_by_role("button", name="Run this version").is_enabled()
