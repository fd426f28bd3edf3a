"""One reader's way through the app, in a real browser: from a question back to 1991, to a run, to a comparison."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kb.library import Library
from kb.records import LineageMap, MapView
from kb.settings import Settings
from kb.ui.map_chart import BOTTOM_PX, LEFT_PX, RIGHT_PX, TOP_PX
from kb.ui.map_controls import MAP_WIDTH_PX

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]
PATIENCE_MS = 60_000
#: Streamlit asks for these below the page's own address first, when a page is opened by a link from outside.
_ITS_OWN = re.compile(r"/_stcore/(health|host-config)$")


@pytest.fixture
def watched(browser_page: Open) -> Iterator[Open]:
    """Open pages as ``browser_page`` does; at the end there must have been no error in the browser's console."""
    troubles: list[str] = []

    def open_page(width: int = 1400, **kept: bool) -> "Page":
        page = browser_page(width, **kept)
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console",
            lambda told: (
                troubles.append(f"{told.text} {told.location.get('url')}")
                if told.type == "error" and not _ITS_OWN.search(told.location.get("url", ""))
                else None
            ),
        )
        return page

    yield open_page
    assert not troubles


@pytest.fixture(scope="module")
def drawn(library_db: Path) -> LineageMap:
    """The map that the page Lineage opens on."""
    with Library.open(settings=Settings(db=str(library_db)), build=False) as library:
        return library.map(MapView(width_px=MAP_WIDTH_PX))


def test_a_question_leads_back_to_1991(watched: Open, app_server: str) -> None:
    page = watched()
    page.goto(app_server)
    page.get_by_role("textbox").first.fill("who invented linear attention")
    page.keyboard.press("Enter")
    page.locator("a[href='/idea?key=linear-attention']").first.click()
    page.get_by_role("heading", name="Linear attention", exact=True).wait_for()
    page.get_by_role("link", name="On the map").click()
    # The idea's own page has the same heading and a link of the same words: the one beside the map is meant.
    page.locator("a[href='/lineage?key=concept:fast-weight-programmer']").first.click()
    page.wait_for_url("**/lineage?key=*fast-weight-programmer")
    page.get_by_text("1991 · Fast weights · has code").wait_for()


def test_a_click_on_a_dot_opens_its_record_and_the_way_back_closes_it(
    watched: Open, app_server: str, drawn: LineageMap
) -> None:
    page = watched()
    page.goto(f"{app_server}/lineage")
    page.get_by_role("heading", name="How to read it").wait_for()
    _click_dot(page, drawn, "concept:fast-weight-programmer")
    page.get_by_role("heading", name="Fast weight programmer").wait_for()
    page.wait_for_url("**/lineage?key=concept*fast-weight-programmer")
    page.go_back()
    page.get_by_role("heading", name="How to read it").wait_for()


def test_an_idea_runs_and_two_are_compared(watched: Open, app_server: str) -> None:
    page = watched()
    page.goto(f"{app_server}/idea?key=linear-attention")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("2 × 8 × 2 × 8, float64").wait_for()
    page.locator("canvas").first.wait_for()
    page.get_by_role("link", name="Compare", exact=True).click()
    page.get_by_role("link", name="Linear attention is a fast weight programmer").click()
    page.get_by_text("equal within rounding").wait_for()
    assert "ideas=linear-attention,fast-weight-programmer" in page.url.replace("%2C", ",")
    page.get_by_role("heading", name="Source next to source").wait_for()


def test_a_narrow_screen_has_the_list_by_year_in_the_maps_place(watched: Open, app_server: str) -> None:
    page = watched(400)
    page.goto(f"{app_server}/lineage")
    page.get_by_text("By year, oldest first").wait_for()
    assert not page.locator(".st-key-map-drawn").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.locator(".st-key-map-by-year a[href='/idea?key=fast-weight-programmer']").click()
    page.get_by_role("heading", name="Fast weight programmer", exact=True).wait_for()


def test_a_wide_screen_has_the_map_in_the_lists_place(watched: Open, app_server: str) -> None:
    page = watched(dark=True)
    page.goto(f"{app_server}/lineage")
    page.locator(".st-key-map-drawn canvas").wait_for()
    assert not page.get_by_text("By year, oldest first").is_visible()


def _click_dot(page: "Page", drawn: LineageMap, key: str) -> None:
    canvas = page.locator(".st-key-map-drawn canvas")
    canvas.wait_for()
    page.wait_for_timeout(800)
    box = canvas.bounding_box()
    assert box is not None
    point = next(one for one in drawn.points if one.key == key)
    x = LEFT_PX + point.x * (box["width"] - LEFT_PX - RIGHT_PX)
    y = TOP_PX + point.y * (box["height"] - TOP_PX - BOTTOM_PX)
    page.mouse.click(box["x"] + x, box["y"] + y)
