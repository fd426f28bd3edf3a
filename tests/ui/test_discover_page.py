"""The page Discover: an address begins a search, the order is drawn, a candidate becomes a claim."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from kb.graph.order import order_ideas
from kb.records import DiscoveredRelation, Discovery, Side
from kb.ui.order_chart import build_order

Open = Callable[..., AppTest]
Wait = Callable[[AppTest], AppTest]
Read = Callable[[AppTest], str]


def test_nothing_chosen_offers_examples(app_page: Open, list_links: Callable[[AppTest], list[str]]) -> None:
    app = app_page("discover")
    assert len([one for one in list_links(app) if one.startswith("/discover?")]) == 3
    assert "Choose two ideas of one form" in app.info[0].value


def test_an_address_begins_the_search(app_page: Open, read_page: Read, end_run: Wait) -> None:
    app = end_run(app_page("discover", ideas="rms-norm,layer-normalisation"))
    shown = read_page(app)
    assert "RMSNorm is Layer normalisation at b = 0, given every token centred." in shown
    assert "held against one another" in shown
    drawn = next(one.value for one in app.markdown if "<svg" in one.value)
    assert "= Layer normalisation at centre = false, b = 0" in drawn


def test_claims_lead_here(app_page: Open, list_links: Callable[[AppTest], list[str]]) -> None:
    assert "/discover" in list_links(app_page("claims"))


def _relation(special: str, general: str, *settings: str) -> DiscoveredRelation:
    return DiscoveredRelation(
        kind="special case" if settings else "equal",
        sides=(Side(special), Side(general, settings)),
        conditions=(),
        condition_names=(),
        measured=0.0,
        bound=1e-7,
        trials=7,
    )


def test_the_order_leaves_out_what_other_steps_say() -> None:
    relations = (
        _relation("c", "a", "x = 1", "y = 1"),
        _relation("b", "a", "x = 1"),
        _relation("c", "b", "y = 1"),
        _relation("d", "c"),
    )
    order = order_ideas(("a", "b", "c", "d", "e"), relations)
    assert [(one.ideas, one.depth, one.above) for one in order] == [
        *((("a",), 0, ()), (("e",), 0, ()), (("b",), 1, (0,)), (("c", "d"), 2, (2,)))
    ]
    found = Discovery("mixer", ("a", "b", "c", "d", "e"), order, relations)
    drawn = build_order(found, {"b": "<b>"})
    assert drawn.count("<svg") == 2
    assert "<b>" not in drawn


def test_two_that_contain_each_other_are_one_class() -> None:
    order = order_ideas(("a", "b"), (_relation("a", "b", "x = 1"), _relation("b", "a", "y = 1")))
    assert [one.ideas for one in order] == [("a", "b")]
    assert len(order[0].relations) == 2


def test_a_narrow_drawing_wraps_its_lines() -> None:
    long = _relation("b", "a", *(f"parameter_{number} = {number}" for number in range(9)))
    found = Discovery("mixer", ("a", "b"), order_ideas(("a", "b"), (long,)), (long,))
    wide, narrow = build_order(found, {}).split('class="order-narrow"')
    assert narrow.count("<text") > wide.count("<text")
