"""A paper's sizes on the pages of its ideas and its own: a table, one row of it by its parts, an address for each."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

Open = Callable[..., AppTest]
Read = Callable[[AppTest], str]
Links = Callable[[AppTest], list[str]]


def test_the_page_of_an_idea_sets_counted_beside_printed(app_page: Open, read_page: Read) -> None:
    shown = read_page(app_page("idea", key="gopher-block"))

    assert "At the paper's sizes" in shown
    assert "Gopher 280B 279,708,958,720 280B met" in shown
    assert "layers 8 · width 512 · heads 16 · key size 32 · vocabulary 32,000" in shown
    assert "relative positions 2,105,344 4.8 % together 43,683,840" in shown


def test_the_row_that_the_address_names_is_shown_by_its_parts(
    app_page: Open, read_page: Read, list_links: Links
) -> None:
    app = app_page("paper", key="arxiv:1810.04805", preset="bert-large")

    shown = read_page(app)
    assert "BERT-large 335,141,888 340M −1.4 %" in shown
    assert "pooler 1,049,600 0.3 % together 335,141,888" in shown
    assert "340M is printed in section 3." in shown
    assert "/paper?key=arxiv:1810.04805&preset=bert-base" in list_links(app)
    assert sum('aria-current="true"' in body.value for body in app.html) == 1


def test_an_unknown_row_shows_the_first(app_page: Open, read_page: Read) -> None:
    shown = read_page(app_page("idea", key="awd-lstm", preset="gpt-2-xl"))

    assert "LSTM 20,211,600 83.4 % head 10,000 0.0 % together 24,221,600" in shown


def test_flops_stand_beside_the_table_and_the_text(app_page: Open, read_page: Read) -> None:
    shown = read_page(app_page("idea", key="rwkv-4"))

    assert "RWKV-4 169M 169,342,464 1.693 × 10⁸ met" in shown
    assert "RWKV-4 169M 261,250,560 2.613 × 10⁸ met 3.385 × 10⁸ −22.8 %" in shown


def test_a_run_is_offered_where_the_widths_fit(app_page: Open, list_links: Links) -> None:
    offered = "/idea?key=concept:post-ln&heads=8&D=512&F=2048"
    assert offered in list_links(app_page("idea", key="transformer"))
    assert not [
        one for one in list_links(app_page("idea", key="transformer", preset="transformer-big")) if "D=" in one
    ]

    app = app_page("idea", key="concept:post-ln", heads="8", D="512", F="2048")
    assert app.number_input(key="idea post-ln size D").value == 512
    assert app.number_input(key="idea post-ln heads").value == 8


def test_an_idea_without_a_papers_sizes_says_nothing_of_them(app_page: Open, read_page: Read) -> None:
    assert "At the paper's sizes" not in read_page(app_page("idea", key="lstm"))
