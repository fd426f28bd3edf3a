"""Search: the first view, an answer in two languages, filters, pages, and nothing found."""

import html
import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from kb.library import Library
from kb.records import Hit, Reason
from kb.ui.first_view import QUESTIONS
from kb.ui.search_hits import draw_hit, mark_words, reason_words

Open = Callable[..., AppTest]
Read = Callable[[AppTest], str]


def titles(app: AppTest) -> list[str]:
    return [
        html.unescape(re.sub(r"<[^>]+>", "", one))
        for body in app.html
        for one in re.findall(r"<h3>(.*?)</h3>", body.value, flags=re.S)
    ]


def test_the_first_view_answers_before_one_asks(app_page: Open, read_page: Read) -> None:
    app = app_page()
    shown = read_page(app)
    assert re.search(r"Here are \d{3} papers, \d{3} ideas", shown)
    assert re.search(r"all \d\d of them", shown)
    assert "Ideas that run" in shown
    assert "Newest verdicts" in shown
    assert re.search(r"All \d{3} claims : \d{3} not run", shown)
    assert not titles(app)


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_example_question_is_linked_and_answered(
    app_page: Open, list_links: Callable[[AppTest], list[str]], question: str
) -> None:
    from kb.ui.links import address

    assert address("", q=question) in list_links(app_page())
    assert len(titles(app_page("", q=question))) == 10


def test_the_best_hit_says_who_when_where_and_why(app_page: Open, read_page: Read) -> None:
    app = app_page("", q="linear transformers are secretly fast weight programmers")
    assert titles(app)[0] == "Linear Transformers Are Secretly Fast Weight Programmers"
    shown = read_page(app)
    assert "Schlag, Irie, Schmidhuber · 2021 · ICML 2021 · Paper" in shown
    assert "found by its words and by its meaning; the name holds all the words" in shown
    assert any("<mark>" in body.value for body in app.html)


def test_a_chinese_question_finds_the_idea_and_says_what_was_searched(app_page: Open, read_page: Read) -> None:
    app = app_page("", q="快速权重是什么")
    assert "Fast weights" in titles(app)[:3]
    assert "searched for “快速权重”" in read_page(app)


def test_typing_a_question_writes_it_to_the_address_and_begins_at_the_first_page(app_page: Open) -> None:
    app = app_page("", q="attention", page="2")
    app.text_input(key="query").set_value("normalisation").run()
    assert app.query_params == {"q": "normalisation"}
    assert app.text_input(key="query").value == "normalisation"


def test_the_kinds_filter_hits_and_stand_in_the_address(app_page: Open, read_page: Read) -> None:
    app = app_page("", q="attention")
    app.get("button_group")[0].set_value(["concept"]).run()
    assert app.query_params["kind"] == "concept"
    kinds = re.findall(r"· (Paper|Idea|Code) ", read_page(app))
    assert len(kinds) == 10
    assert set(kinds) == {"Idea"}


def test_years_idea_and_code_filter_hits(app_page: Open, read_page: Read) -> None:
    shown = read_page(app_page("", q="attention", from_="2014", to="2015", kind="paper"))
    years = [int(year) for year in re.findall(r"· (\d{4}) ·", shown)]
    assert years
    assert set(years) <= {2014, 2015}
    coded = titles(app_page("", q="attention", code="1", kind="concept"))
    assert "Linear attention" in coded
    assert "Low-rank attention" not in coded
    assert "Linformer: Self-Attention with Linear Complexity" in titles(
        app_page("", q="attention", concept="low-rank-attention")
    )


def test_a_filter_can_be_set_by_its_widgets(app_page: Open) -> None:
    app = app_page("", q="attention")
    app.number_input(key="year_from").set_value(2020).run()
    app.selectbox(key="idea_filter").set_value("linear-attention").run()
    app.checkbox(key="has_code").check().run()
    assert app.query_params == {"q": "attention", "from": "2020", "concept": "linear-attention", "code": "1"}


def test_pages_continue_each_other(
    app_page: Open, list_links: Callable[[AppTest], list[str]], read_page: Read
) -> None:
    first, second = app_page("", q="attention"), app_page("", q="attention", page="2")
    assert "/?q=attention&page=2" in list_links(first)
    assert "/?q=attention" in list_links(second)
    assert not set(titles(first)) & set(titles(second))
    assert "Hits 11 to 20" in read_page(second)


def test_past_the_last_page_there_is_a_way_back(app_page: Open, read_page: Read) -> None:
    app = app_page("", q="attention", page="99")
    assert "no further hits" in read_page(app)
    assert not app.error


def test_words_that_nothing_holds_lead_to_the_nearest_and_say_so(app_page: Open, read_page: Read) -> None:
    app = app_page("", q="zzqqxx")
    assert "No text here holds “zzqqxx”" in read_page(app)
    assert titles(app)


def test_filters_that_leave_nothing_say_so_and_offer_the_way_out(
    app_page: Open, read_page: Read, list_links: Callable[[AppTest], list[str]]
) -> None:
    app = app_page("", q="attention", from_="1900", to="1910")
    assert "Nothing within these filters answers “attention”" in read_page(app)
    assert "/?q=attention" in list_links(app)


def test_years_in_the_wrong_order_are_one_calm_line(app_page: Open) -> None:
    app = app_page("", q="attention", from_="2020", to="2010")
    assert "no year lies between 2020 and 2010" in app.error[0].value
    assert app.number_input(key="year_from").value == 2020


@pytest.mark.parametrize("query", [{"page": "-1"}, {"page": "x"}, {"page": "٣"}, {"from": "soon"}, {"kind": "film"}])
def test_nonsense_in_the_address_is_ignored(app_page: Open, query: dict[str, str]) -> None:
    app = app_page("", q="attention", **query)
    assert len(titles(app)) == 10
    assert not app.error


def test_a_passage_can_hold_anything_and_only_its_words_are_marked() -> None:
    assert mark_words("a <b> \x02word\x03") == "a &#60;b&#62; <mark>word</mark>"


def test_reasons_are_told_in_words() -> None:
    assert reason_words(Reason(lexical_rank=1)) == "found by its words"
    assert reason_words(Reason(dense_rank=3, cosine=0.5)) == "found by its meaning"
    assert reason_words(Reason(title_match=True)) == "found by its name; the name holds all the words"


def test_a_hit_without_year_authors_and_text_has_no_gaps(library_db: object) -> None:
    with Library.open(str(library_db)) as library:
        hit = Hit("code:none-such", "code", "A title", None, 0.1, Reason(lexical_rank=1), "")
        assert '<p class="quiet">Code</p><details' in draw_hit(library, {}, hit, {})
        drawn = draw_hit(library, {}, hit, {"concept:none-such": 2})
    assert '<p class="quiet">Code · 2 snippets of your own</p><details' in drawn
