"""The frame: every address opens, links are sound, an error is one calm line, and a browser keeps its session."""

import math
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from streamlit.testing.v1 import AppTest

from kb.records import FAMILIES
from kb.ui.links import address, escape, link, outside_address, record_address
from kb.ui.marks import FAMILY_COLOURS, authors_line, count_words, family_name, kind_words, verdict_mark
from kb.ui.router import PAGES
from tests.ui.colours import as_seen, contrast

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.parametrize("path", [path for path, _, _ in PAGES])
def test_every_page_opens_without_an_error(app_page: Callable[..., AppTest], path: str) -> None:
    app = app_page(path)
    assert not app.error
    assert 'aria-label="Pages"' in "".join(one.value for one in app.html)


@pytest.mark.parametrize("path", [path for path, _, _ in PAGES])
def test_no_page_shows_what_only_a_program_reads(
    app_page: Callable[..., AppTest], read_page: Callable[[AppTest], str], path: str
) -> None:
    shown = read_page(app_page(path))
    assert not re.search(r"\bNone\b|\bnan\b|\{'|\bmappingproxy\b|Traceback", shown)


def test_the_page_that_is_open_is_marked(app_page: Callable[..., AppTest]) -> None:
    masthead = next(
        one.value for one in app_page("library").html if "masthead" in one.value and "<header" in one.value
    )
    assert re.findall(r'<a aria-current="page" href="([^"]+)"', masthead) == ["/library"]


def test_a_library_that_cannot_be_opened_is_one_line(
    app_page: Callable[..., AppTest], tmp_path: Path, read_page: Callable[[AppTest], str]
) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database at all" * 100)
    app = app_page("", db=broken)
    assert [one.value for one in app.error] == [app.error[0].value]
    assert "it is no SQLite database" in app.error[0].value
    assert "Traceback" not in read_page(app)


def test_a_new_library_is_built_when_it_is_first_opened(
    app_page: Callable[..., AppTest], tmp_path: Path, read_page: Callable[[AppTest], str]
) -> None:
    app = app_page("", db=tmp_path / "folder" / "new.db")
    assert (tmp_path / "folder" / "new.db").exists()
    assert re.search(r"Here are \d+ papers", read_page(app))


def test_addresses_hold_keys_as_they_are_and_leave_out_what_is_empty() -> None:
    assert record_address("arxiv:1706.03762") == "/paper?key=arxiv:1706.03762"
    assert record_address("code:linear-attention") == record_address("concept:linear-attention")
    assert address("lineage", key="x", up=2, down=None, asof="", from_="a&b") == "/lineage?key=x&up=2&from=a%26b"
    assert address("", q="快 权重") == "/?q=%E5%BF%AB%20%E6%9D%83%E9%87%8D"


def test_text_can_never_become_markup() -> None:
    assert "<" not in escape("<script>alert('$x$')</script>")
    assert not set("*_`[]$<>#|~") & set(escape("*a* _b_ `c` [d](e) $f$ <g> h|i ~j~").replace("&#", ""))
    assert link('/x?a="b"', "<b>", title='"').count('"') == 6
    assert outside_address("doi", 'x"onclick="y') == "https://doi.org/x%22onclick%3D%22y"
    assert outside_address("key", "slug") == ""


def test_every_family_has_a_colour_of_its_own_and_a_name() -> None:
    assert tuple(FAMILY_COLOURS) == FAMILIES
    assert family_name("pre-training") == "Pre-training"
    assert family_name("") == "No family"


@pytest.mark.parametrize("paper", ["#fdfcf9", "#17181a"])
def test_family_colours_can_be_seen_on_light_and_on_dark(paper: str) -> None:
    assert all(contrast(colour, paper) >= 2.95 for colour in FAMILY_COLOURS.values())


@pytest.mark.parametrize(("eye", "least"), [("normal", 24), ("protanope", 16), ("deuteranope", 16)])
def test_family_colours_stay_apart_for_colour_blind_readers(eye: str, least: float) -> None:
    seen = [as_seen(colour, eye) for colour in FAMILY_COLOURS.values()]
    gaps = [math.dist(one, other) for i, one in enumerate(seen) for other in seen[:i]]
    assert min(gaps) >= least
    assert min(math.dist(one, other) for one, other in pairwise(seen)) >= least * 1.7


def test_verdicts_differ_by_sign_and_word_and_stale_ones_say_so() -> None:
    marks = [verdict_mark(one) for one in ("verified", "refuted", "inconclusive", "not_run")]
    assert len({sign for sign, _, _ in marks}) == len({word for _, word, _ in marks}) == 4
    assert verdict_mark("verified", True)[:2] == ("✓", "verified, stale")


def test_words_for_authors_kinds_and_counts() -> None:
    assert authors_line(["Christoph von der Malsburg"]) == "von der Malsburg"
    assert authors_line(["Ada Ab"], more=3) == "Ab et al."
    assert authors_line([]) == ""
    assert kind_words("special_case_of") == "is a special case of"
    assert (count_words(1, "paper"), count_words(2000, "entry", "entries")) == ("1 paper", "2,000 entries")


def test_links_and_the_way_back_keep_the_session(app_server: str, browser_page: Callable[..., "Page"]) -> None:
    page = browser_page()
    loads = list[str]()
    page.on("load", lambda one: loads.append(one.url))
    page.goto(f"{app_server}/")
    page.click("text=who invented linear attention", timeout=60_000)
    page.wait_for_selector("text=Hits 1 to")
    assert page.get_by_role("textbox").input_value() == "who invented linear attention"
    page.click("text=Linear Transformers Are Secretly Fast Weight Programmers")
    page.wait_for_selector("text=How complete")
    assert page.url == f"{app_server}/paper?key=arxiv:2102.11174"
    assert page.title() == "Paper · Stemma"
    page.go_back()
    page.wait_for_selector("text=Hits 1 to")
    page.go_back()
    page.wait_for_selector("text=Ideas that run")
    assert page.get_by_role("textbox").input_value() == ""
    assert len(loads) == 1
