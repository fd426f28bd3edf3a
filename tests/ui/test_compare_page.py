"""The page Compare: what agrees says so, what differs says where, only one form at a time."""

import re
from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from kb.ui.compare_result import tell_pair
from kb.ui.side_by_side import align_blocks, build_side_by_side, mark_words

Open = Callable[..., AppTest]
Wait = Callable[[AppTest], AppTest]
Read = Callable[[AppTest], str]
PAIR = {
    "between": ["a", "b"],
    "comparable": True,
    "max_abs": 0.5,
    "relative": 0.25,
    "first_index": [0, 3, 1, 2],
    "first_values": [1.25, None],
    "axes": ["batch", "token", "head", "channel"],
}


def test_nothing_chosen_offers_three_examples(app_page: Open, list_links: Callable[[AppTest], list[str]]) -> None:
    app = app_page("compare")
    assert len([one for one in list_links(app) if one.startswith("/compare?ideas=")]) == 3
    assert len(app.info) == 1


def test_equal_ideas_say_so(
    app_page: Open, read_page: Read, list_links: Callable[[AppTest], list[str]], end_run: Wait
) -> None:
    first = next(one for one in list_links(app_page("compare")) if one.startswith("/compare?ideas="))
    query = dict(part.split("=") for part in first.split("?")[1].split("&"))
    shown = read_page(end_run(app_page("compare", **query)))
    assert "Linear attention and Fast weight programmer are equal within rounding" in shown
    assert "Numbers in the state 288 256" in shown


def test_different_ideas_say_how_far_and_where_first(app_page: Open, read_page: Read, end_run: Wait) -> None:
    app = end_run(app_page("compare", ideas="pre-ln,post-ln", T="16", layers="3"))
    shown = read_page(app)
    assert re.search(r"Pre-LN and Post-LN differ by up to [\d.]+, [\d.]+ % of the largest value", shown)
    assert re.search(
        r"first at batch 0, token 0, channel 0 \(counted from 0\), where they are −?[\d.]+ and −?[\d.]+\.", shown
    )
    assert "How it grows with the number of tokens" in shown
    assert "in a stack of 3 copies" in shown
    assert "Only in Pre-LN Only in Post-LN" in shown


def test_costs_are_one_click_away_with_the_same_settings(
    app_page: Open, list_links: Callable[[AppTest], list[str]], end_run: Wait
) -> None:
    query = {"ideas": "linear-attention,deltanet", "linear-attention.form": "recurrent", "T": "16"}
    links = list_links(end_run(app_page("compare", **query)))
    assert "/costs?ideas=linear-attention,deltanet&linear-attention.form=recurrent" in links


def test_mixers_show_gradients_token_by_token(app_page: Open, read_page: Read, end_run: Wait) -> None:
    shown = read_page(end_run(app_page("compare", ideas="retention,deltanet", T="16")))
    assert "Norms of the gradient with respect to each input, token by token." in shown
    assert re.search(r"Norm of the gradient at Retention decay [\d.]+", shown)
    assert "Layers of the stack" not in shown


def test_four_ideas_are_compared_pair_by_pair(app_page: Open, read_page: Read, end_run: Wait) -> None:
    shown = read_page(end_run(app_page("compare", ideas="pre-ln,post-ln,pangu-pi,gopher-block")))
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
        "differ</b> by up to 0.5, 25 % of the largest value; first at batch 0, token 3, head 1, channel 2 "
        "(counted from 0), where they are 1.25 and not finite.</p>"
    ) in tell_pair(PAIR, {})
    assert "no difference at all" in tell_pair({**PAIR, "max_abs": 0.0, "first_index": None}, {})
    assert "different shapes, 1 × 2 and 3" in tell_pair(
        {"between": ["a", "b"], "comparable": False, "shapes": [[1, 2], [3]]}, {}
    )


def test_a_comparison_that_an_earlier_version_recorded_says_no_values() -> None:
    old = {name: value for name, value in PAIR.items() if name != "first_values"}
    assert "channel 2 (counted from 0).</p>" in tell_pair(old, {})


def test_sources_are_level_block_by_block() -> None:
    blocks = list(align_blocks(["x = 1", "y = 2", "z"], ["  x = 1", "y = 3", "more", "z"]))
    assert blocks == [
        (["x = 1"], ["  x = 1"], True),
        (["y = 2"], ["y = 3", "more"], False),
        (["z"], ["z"], True),
    ]


def test_what_differs_is_marked_and_what_is_equal_stands_twice_for_the_eye_only() -> None:
    shown = build_side_by_side("a\nx = y * 2\n<b>", "a\nx = y * 3\nnew\n<b>", ("One", "Two & more"))
    assert '<span class="left">Only in One</span> <span class="right">Only in Two &#38; more</span>' in shown
    assert shown.count('aria-hidden="true"') == 2
    assert '<div class="left"><div>x = y &#42; <mark>2</mark></div></div>' in shown
    assert '<div class="right"><div>x = y &#42; <mark>3</mark></div><div>new</div></div>' in shown
    assert "<b>" not in shown
    assert "Both are the same, line by line." in build_side_by_side("a\n b", "a\nb", ("One", "Two"))


def test_words_are_marked_only_in_lines_that_have_most_in_common() -> None:
    assert mark_words("x = f(a)", "x = g(a)") == ("x = <mark>f</mark>(a)", "x = <mark>g</mark>(a)")
    assert mark_words("return x", "import torch.nn") == ("return x", "import torch.nn")
