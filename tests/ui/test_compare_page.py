"""The page Compare: what agrees says so, what differs says where, only one form at a time."""

import re
from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from kb.ui.compare_result import tell_pair
from kb.ui.side_by_side import align_lines, build_side_by_side

Open = Callable[..., AppTest]
Read = Callable[[AppTest], str]
PAIR = {
    "between": ["a", "b"],
    "comparable": True,
    "max_abs": 0.5,
    "relative": 0.25,
    "first_index": [0, 3, 1, 2],
    "axes": ["batch", "token", "head", "channel"],
}


def test_nothing_chosen_offers_three_examples(app_page: Open, list_links: Callable[[AppTest], list[str]]) -> None:
    app = app_page("compare")
    assert len([one for one in list_links(app) if one.startswith("/compare?ideas=")]) == 3
    assert len(app.info) == 1


def test_equal_ideas_say_so(app_page: Open, read_page: Read, list_links: Callable[[AppTest], list[str]]) -> None:
    first = next(one for one in list_links(app_page("compare")) if one.startswith("/compare?ideas="))
    query = dict(part.split("=") for part in first.split("?")[1].split("&"))
    shown = read_page(app_page("compare", **query))
    assert "Linear attention and Fast weight programmer are equal within rounding" in shown
    assert "Numbers in the state 288 256" in shown


def test_different_ideas_say_how_far_and_where_first(app_page: Open, read_page: Read) -> None:
    shown = read_page(app_page("compare", ideas="pre-ln,post-ln", T="16"))
    assert re.search(r"Pre-LN and Post-LN differ by up to [\d.]+, [\d.]+ % of the largest value", shown)
    assert "first at batch 0, token 0, channel 0" in shown
    assert "How it grows with the number of tokens" in shown


def test_four_ideas_are_compared_pair_by_pair(app_page: Open, read_page: Read) -> None:
    shown = read_page(app_page("compare", ideas="pre-ln,post-ln,pangu-pi,gopher-block"))
    assert len(re.findall(r"[=≠]  ?\S", shown)) >= 6


def test_only_ideas_of_one_form_are_offered(app_page: Open) -> None:
    app = app_page("compare", ideas="linear-attention")
    offered = app.multiselect(key="compare ideas").options
    assert "Fast weight programmer" in offered
    assert "Pre-LN" not in offered
    mixed = app_page("compare", ideas="linear-attention,pre-ln")
    assert ["only ideas of one form" in one.value for one in mixed.warning] == [True]


def test_a_size_that_does_not_fit_is_one_calm_line(app_page: Open) -> None:
    app = app_page("compare", ideas="linear-attention,fast-weight-programmer", T="512", B="64")
    assert ["must be at most" in one.value for one in app.warning] == [True]


def test_an_unknown_idea_is_one_calm_line(app_page: Open) -> None:
    app = app_page("compare", ideas="linear-attention,no-such-idea")
    assert len(app.warning) == 1
    assert not app.exception


def test_a_pair_is_told_in_a_sentence() -> None:
    assert (
        "differ</b> by up to 0.5, 25 % of the largest value; first at batch 0, token 3, head 1, channel 2"
        in tell_pair(PAIR, {})
    )
    assert "no difference at all" in tell_pair({**PAIR, "max_abs": 0.0, "first_index": None}, {})
    assert "different shapes, 1 × 2 and 3" in tell_pair(
        {"between": ["a", "b"], "comparable": False, "shapes": [[1, 2], [3]]}, {}
    )


def test_sources_are_level_and_what_differs_is_marked() -> None:
    pairs = list(align_lines(["x = 1", "y = 2", "z"], ["x = 1", "y = 3", "more", "z"]))
    assert pairs == [
        (("x = 1", False), ("x = 1", False)),
        (("y = 2", True), ("y = 3", True)),
        (None, ("more", True)),
        (("z", False), ("z", False)),
    ]
    assert "<script>" not in build_side_by_side("<script>", "a", ("x", "y"))
