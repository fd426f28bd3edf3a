"""The page Costs: any ideas, along any size; formulas are set, limits are told."""

import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from kb.ui.costs_result import set_formula

Open = Callable[..., AppTest]
Read = Callable[[AppTest], str]
Wait = Callable[[AppTest], AppTest]
Links = Callable[[AppTest], list[str]]


def test_nothing_chosen_offers_examples(app_page: Open, list_links: Links) -> None:
    app = app_page("costs")
    assert len([one for one in list_links(app) if one.startswith("/costs?ideas=")]) == 3
    assert len(app.info) == 1


def test_ideas_of_any_form_are_measured_together(app_page: Open, read_page: Read, end_run: Wait) -> None:
    app = end_run(app_page("costs", ideas="scaled-dot-product-attention,swiglu", T="64", **{"D": "8"}))
    shown = read_page(app)
    assert "B = 1, T = 64, H = 2, K = 8, V = 8, D = 8, F = 64" in shown
    # weights, operations, of these in products, state, held, kept, path, tokens seen, in sequence
    assert re.search(
        r"Scaled dot-product attention 0 311,296 262,144 2,048 [\d,]+ [\d,]+ 1 64 4 [\d.]+.(µs|ms|s)", shown
    )
    assert re.search(r"SwiGLU 1,536 [\d,]+ 196,608 – [\d,]+ [\d,]+ 3 1 6 [\d.]+.(µs|ms|s)", shown)
    assert "in matrix products 2 B T ² H K + 2 B T ² H V" in shown
    assert "in matrix products 6 B T D F" in shown
    assert re.search(r"Power of the last doubling .* Scaled dot-product attention 2 ", shown)


def test_costs_follow_the_size_that_the_address_names(app_page: Open, read_page: Read, end_run: Wait) -> None:
    app = end_run(app_page("costs", ideas="swiglu", T="16", along="D"))
    assert "Along D" in read_page(app)
    assert app.selectbox(key="costs along").value == "D"
    app.selectbox(key="costs along").set_value("F").run()
    assert app.query_params["along"] == "F"
    assert "Along F" in read_page(end_run(app))


def test_an_idea_without_sizes_has_counts_only(app_page: Open, read_page: Read, end_run: Wait) -> None:
    shown = read_page(end_run(app_page("costs", ideas="ulmfit")))
    assert re.search(r"ULMFiT 0 [\d,]+ 0 – [\d,]+ 0 – – –", shown)
    assert "As functions" not in shown


def test_ideas_of_one_form_lead_to_their_comparison(app_page: Open, list_links: Links, end_run: Wait) -> None:
    links = list_links(end_run(app_page("costs", ideas="swiglu,squared-relu", T="16")))
    assert "/compare?ideas=swiglu,squared-relu" in links


def test_a_setting_that_does_not_fit_is_one_calm_line(app_page: Open, end_run: Wait) -> None:
    app = end_run(app_page("costs", ideas="pre-ln", **{"pre-ln.heads": "3"}))
    assert ["heads" in one.value for one in app.warning] == [True]


FORMULA = {"text": "2 B T² H + 4 heads − log₂ T", "fixed": {}, "every": 1, "from": 8, "to": 512}


@pytest.mark.parametrize(
    ("name", "changes", "told"),
    [
        ("flops", {}, ""),
        ("flops", {"fixed": {"B": 1}, "every": 4}, "for B = 1, T a multiple of 4"),
        ("flops", {"from": 32}, "for T from 32 on"),
        ("path", {"to": 64}, "for T = 8 to 64"),
    ],
)
def test_a_formula_is_set_with_what_it_holds_for(name: str, changes: dict[str, object], told: str) -> None:
    idea = {"formulas": {name: {**FORMULA, **changes}}, "along": "T", "points": [{"T": 8}]}
    shown = set_formula(name, idea)
    assert shown.startswith("2 <i>B</i> <i>T</i>² <i>H</i> + 4 <i>heads</i> − log₂ <i>T</i>")
    assert re.sub("<[^>]+>", "", shown).partition("log₂ T")[2].strip() == told
