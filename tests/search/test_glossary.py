"""A query's words, in two languages."""

import pytest

from kb.records import Concept, Term
from kb.search.glossary import Glossary, Unit, embedded_text, searched_units, understood
from tests.search.conftest import CONCEPTS, GLOSSARY


@pytest.fixture(scope="module")
def glossary() -> Glossary:
    return Glossary(GLOSSARY, CONCEPTS)


def texts(units: tuple[Unit, ...]) -> list[str]:
    return [unit.text for unit in units]


def test_the_longest_term_wins(glossary: Glossary) -> None:
    (unit,) = glossary.split("线性注意力")
    assert unit.english == ("Linear attention",)


def test_a_term_inside_a_sentence_is_found_and_the_question_is_not_searched(glossary: Glossary) -> None:
    asked = searched_units(glossary.split("谁最早提出了线性注意力？"))
    assert texts(asked) == ["线性注意力"]


def test_an_english_question_keeps_its_term(glossary: Glossary) -> None:
    asked = searched_units(glossary.split("Who invented linear attention?"))
    assert texts(asked) == ["linear attention"]
    assert asked[0].chinese == ("线性注意力",)


@pytest.mark.parametrize("query", ["RWKV 和 Transformer 的关系", "RWKV和Transformer的关系", "ＲＷＫＶ与变换器的关系"])
def test_mixed_queries(glossary: Glossary, query: str) -> None:
    units = glossary.split(query)
    assert searched_units(units)[0].english == ("RWKV-4",)
    assert embedded_text(query, units).lower() == "rwkv transformer"


@pytest.mark.parametrize(
    "form", ["scaled dot-product attention", "Scaled Dot Product Attention", "scaled  dot‐product attention"]
)
def test_hyphens_and_case_make_no_difference(glossary: Glossary, form: str) -> None:
    (unit,) = glossary.split(form)
    assert (unit.kind, unit.chinese) == ("term", ("缩放点积注意力",))


def test_a_plural_is_the_same_term(glossary: Glossary) -> None:
    assert glossary.split("language models")[0].chinese == ("语言模型",)


def test_a_term_does_not_begin_or_end_within_a_word(glossary: Glossary) -> None:
    assert texts(glossary.split("inattention transformerless")) == ["inattention", "transformerless"]


def test_an_abbreviation_is_embedded_with_its_meaning(glossary: Glossary) -> None:
    query = "SDPA"
    assert embedded_text(query, glossary.split(query)) == "SDPA (Scaled dot-product attention)"


def test_english_is_embedded_as_it_was_asked(glossary: Glossary) -> None:
    query = "Who invented linear attention?"
    assert embedded_text(query, glossary.split(query)) == query


def test_chinese_that_nobody_knows_is_embedded_as_it_is(glossary: Glossary) -> None:
    assert embedded_text("钢琴", glossary.split("钢琴")) == "钢琴"


def test_how_much_is_understood(glossary: Glossary) -> None:
    assert understood(glossary.split("linear attention")) == 1
    assert understood(glossary.split("钢琴")) == 0
    assert understood(glossary.split("钢琴注意力")) == pytest.approx(3 / 5)


def test_a_query_of_stop_words_only_is_still_searched(glossary: Glossary) -> None:
    assert texts(searched_units(glossary.split("what is this"))) == ["what", "is", "this"]
    assert texts(searched_units(glossary.split("the idea"))) == ["idea"]


def test_half_chinese_names_are_searched_but_not_marked() -> None:
    glossary = Glossary([Term("softmax attention", ("softmax 注意力", "软注意力"))], [])
    (unit,) = glossary.split("softmax attention")
    assert unit.alternatives == ("softmax attention", "softmax 注意力", "软注意力")
    assert unit.shown == ("softmax attention", "软注意力")


def test_one_word_may_mean_several_things() -> None:
    glossary = Glossary([Term("accuracy", ("精度",)), Term("precision", ("精度",))])
    assert glossary.split("精度")[0].english == ("accuracy", "precision")


@pytest.mark.parametrize("query", ["", "   ", "🙂", "()", "、。"])
def test_nothing_said_is_no_unit(glossary: Glossary, query: str) -> None:
    assert glossary.split(query) == ()


def test_an_empty_glossary_leaves_words_as_they_are() -> None:
    assert texts(Glossary([], list[Concept]()).split("fast weights 快速权重")) == ["fast", "weights", "快速权重"]
