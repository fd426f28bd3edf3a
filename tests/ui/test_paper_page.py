"""Paper: the record, its links, its ledger, and addresses that name no paper."""

import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from kb.library import Library
from kb.ui.links import address

Open = Callable[..., AppTest]
Read = Callable[[AppTest], str]
Links = Callable[[AppTest], list[str]]
ATTENTION = "arxiv:1706.03762"


def test_the_record_is_told_in_full(app_page: Open, read_page: Read) -> None:
    shown = read_page(app_page("paper", key=ATTENTION))
    for words in (
        "Attention Is All You Need",
        "注意力",
        "Ashish Vaswani, Noam Shazeer",
        "12 June 2017",
        "Builds an encoder-decoder from attention alone",
        "Uses Encoder-decoder",
        "catalogue: 12 works cited",
        "Its citations of other papers in the catalogue are complete.",
    ):
        assert words in shown
    assert re.search(r"Introduces .*Multi-head attention.* Uses ", shown)


def test_identifiers_lead_outside_and_everything_else_stays_inside(app_page: Open, list_links: Links) -> None:
    links = list_links(app_page("paper", key=ATTENTION))
    assert "https://arxiv.org/abs/1706.03762" in links
    assert "/idea?key=multi-head-attention" in links
    assert "/paper?key=arxiv:1409.0473" in links
    assert f"/lineage?key={ATTENTION}&of=papers" in links
    assert {one.split("/")[2] for one in links if one.startswith("http")} <= {"arxiv.org", "www.semanticscholar.org"}


def test_a_long_list_pages_and_keeps_its_place_in_the_address(
    app_page: Open, read_page: Read, list_links: Links
) -> None:
    first, second = app_page("paper", key=ATTENTION), app_page("paper", key=ATTENTION, citing="2")
    assert f"/paper?key={ATTENTION}&citing=2" in list_links(first)
    assert re.search(r"page 2 of \d\d", read_page(second))
    assert "BERT: Pre-training" in read_page(first).split("Near it")[0]
    assert "BERT: Pre-training" not in read_page(second).split("Near it")[0]


@pytest.mark.parametrize(
    ("way", "sign"),
    [("text", r"cosine 0\.\d\d"), ("co-citation", r"\d+ papers? shared"), ("coupling", r"papers? shared")],
)
def test_neighbours_in_three_senses(app_page: Open, read_page: Read, way: str, sign: str) -> None:
    near = read_page(app_page("paper", key=ATTENTION, near=way)).split("Near it")[1]
    assert len(re.findall(sign, near)) == 8


def test_a_paper_is_found_by_any_of_its_identifiers(app_page: Open, read_page: Read) -> None:
    for key in ("1706.03762v5", "https://arxiv.org/abs/1706.03762", "s2:204e3073870fae3d05bcbc2f6a8e263d9b72e776"):
        assert "Attention Is All You Need" in read_page(app_page("paper", key=key))


def test_without_a_key_the_page_says_what_to_do(app_page: Open, read_page: Read) -> None:
    app = app_page("paper")
    assert "Which paper?" in read_page(app)
    assert not app.error


@pytest.mark.parametrize("key", ["arxiv:9999.99999", "arxiv:1234.56789", "not a key at all", "<script>"])
def test_a_key_that_names_nothing_is_one_calm_line_with_ways_on(
    app_page: Open, read_page: Read, list_links: Links, key: str
) -> None:
    app = app_page("paper", key=key)
    assert {address("", q=key), address("library", add=key)} <= set(list_links(app))
    assert len(app.error) == 1
    assert "Traceback" not in read_page(app)


def test_an_idea_s_key_leads_to_the_idea(app_page: Open, list_links: Links) -> None:
    assert "/idea?key=linear-attention" in list_links(app_page("paper", key="concept:linear-attention"))


def test_attached_code_is_listed(app_page: Open, own_db: object, read_page: Read) -> None:
    with Library.open(str(own_db)) as library:
        library.attach(ATTENTION, "my try", "print('attention')\n")
    app = app_page("paper", key=ATTENTION, db=own_db)
    assert "Your own code my try program · " in read_page(app)


def test_works_that_are_not_here_are_counted_and_those_on_arxiv_can_be_added() -> None:
    def page() -> None:
        from kb.records import OpenCitation, Paper, PaperView
        from kb.ui.paper_links import show_citations

        missing = (OpenCitation("arxiv:2401.00001", "A new work"), OpenCitation(None, "<b>Nameless</b>"))
        show_citations(PaperView(Paper("key:x", "X"), (), (), missing, (), (), ()))

    app = AppTest.from_function(page).run()
    drawn = " ".join(one.value for one in app.html)
    assert "It also cites 2 works that are not here" in drawn
    assert 'href="/library?add=arxiv:2401.00001"' in drawn
    assert "<b>Nameless" not in drawn
    assert "Nothing in this library cites it." in drawn


def test_where_paper_and_code_part_is_told_side_by_side(app_page: Open, read_page: Read, list_links: Links) -> None:
    page = app_page("paper", key=ATTENTION)
    shown = read_page(page)
    for words in (
        "Where paper and code part",
        "The figure normalises after the sum",
        "The paper prints LayerNorm(x + Sublayer(x))",
        "Its official code",
        "transformer_base_v2",
        "Two implementations: post-ln",
    ):
        assert words in shown
    assert "/idea?key=post-ln" in list_links(page)
    assert "Where paper and code part" not in read_page(app_page("paper", key="arxiv:1409.0473"))


def test_a_work_without_a_paper_says_what_it_is_and_where(app_page: Open, read_page: Read, list_links: Links) -> None:
    page = app_page("paper", key="key:chatgpt")
    assert "Kind Model" in read_page(page)
    assert any(one.startswith("https://openai.com/") for one in list_links(page))
