"""Searching a small real library with the real model."""

import threading

import pytest

from kb.errors import InvalidQueryError, NotFoundError
from kb.records import Document, SearchAnswer, SearchFilter
from kb.search.query import Searcher
from kb.settings import Settings
from kb.store import Store
from kb.store.documents import Owner, delete_documents, save_documents


def keys(answer: SearchAnswer) -> list[str]:
    return [hit.key for hit in answer.hits]


@pytest.mark.parametrize("query", ["SDPA", "sdpa", "缩放点积注意力", "Scaled Dot Product Attention", "what is SDPA?"])
def test_a_name_finds_its_idea_first(searcher: Searcher, query: str) -> None:
    first = searcher.search(query).hits[0]
    assert (first.key, first.kind) == ("concept:scaled-dot-product-attention", "concept")
    assert first.reasons.title_match


@pytest.mark.parametrize(
    "query", ["who invented linear attention", "谁发明了线性注意力", "线性注意力", "linear transformers"]
)
def test_a_question_finds_what_it_asks_about(searcher: Searcher, query: str) -> None:
    assert keys(searcher.search(query))[0] == "concept:linear-attention"


def test_the_idea_comes_before_code_of_the_same_name(searcher: Searcher) -> None:
    assert keys(searcher.search("linear attention"))[:2] == ["concept:linear-attention", "code:linear-attention"]


@pytest.mark.parametrize("query", ["RWKV 和 Transformer 的关系", "relation between RWKV and transformers"])
def test_mixed_queries_find_what_holds_both(searcher: Searcher, query: str) -> None:
    assert set(keys(searcher.search(query))[:2]) == {"concept:rwkv-4", "arxiv:2305.13048"}


def test_meaning_is_found_without_a_common_word(searcher: Searcher) -> None:
    answer = searcher.search("kneading dough for a loaf")
    assert keys(answer)[0] == "key:sourdough"
    assert answer.nearest
    assert answer.hits[0].reasons.lexical_rank is None
    assert answer.hits[0].reasons.cosine is not None
    assert answer.hits[0].reasons.cosine > 0.3


def test_chinese_text_is_found_by_its_own_words(searcher: Searcher) -> None:
    answer = searcher.search("一个样本")
    assert keys(answer)[0] == "arxiv:1607.06450"
    assert "\x02一个样本\x03" in answer.hits[0].extract


def test_english_finds_chinese_through_the_glossary(store: Store, settings: Settings) -> None:
    searcher = Searcher(store, settings)
    with store.write() as session:
        save_documents(session, [(Document("key:zh", "paper", "门控", "语言模型会遗忘。"), Owner())])
    answer = searcher.search("forgetting in language models", mode="lexical")
    assert keys(answer)[0] == "key:zh"
    assert answer.hits[0].reasons.matched == ("遗忘", "语言模型")


def test_an_answer_says_what_it_searched_for_and_how_long(searcher: Searcher) -> None:
    answer = searcher.search("线性注意力")
    assert answer.searched_for == ("线性注意力", "Linear attention")
    assert answer.took_ms > 0
    assert (answer.query, answer.mode, answer.nearest) == ("线性注意力", "hybrid", False)


def test_reasons_hold_both_ranks(searcher: Searcher) -> None:
    hit = next(hit for hit in searcher.search("gates carry an error").hits if hit.key.startswith("doi:"))
    assert (hit.reasons.lexical_rank, hit.reasons.dense_rank) == (1, 1)
    assert hit.reasons.matched == ("gates", "carry", "error")
    assert hit.extract == "\x02Gates\x03 \x02carry\x03 an \x02error\x03 through a thousand steps."


def test_all_words_come_before_any_word(searcher: Searcher) -> None:
    answer = searcher.search("attention translator", mode="lexical")
    assert keys(answer)[0] == "arxiv:1706.03762"
    assert len(answer.hits) > 1


def test_modes_use_only_their_own_way(searcher: Searcher) -> None:
    assert all(hit.reasons.dense_rank is None for hit in searcher.search("attention", mode="lexical").hits)
    assert all(hit.reasons.lexical_rank is None for hit in searcher.search("attention", mode="dense").hits)


def test_a_lexical_search_that_finds_nothing_gives_the_nearest(searcher: Searcher) -> None:
    answer = searcher.search("kneading loaf", mode="lexical", limit=1)
    assert (keys(answer), answer.nearest) == (["key:sourdough"], True)


def test_a_lexical_search_needs_no_model(store: Store, settings: Settings) -> None:
    searcher = Searcher(store, settings.model_copy(update={"model": "/no/such/model"}))
    assert keys(searcher.search("glacier", mode="lexical")) == ["key:glacier"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (SearchFilter(kinds=("code",)), {"code:linear-attention"}),
        (SearchFilter(year_from=2023, kinds=("paper",)), {"arxiv:2305.13048"}),
        (SearchFilter(year_to=1999), {"doi:10.1162/neco.1997.9.8.1735"}),
        (SearchFilter(concept="rwkv-4"), {"concept:rwkv-4"}),
        (SearchFilter(author="nobody at all"), set[str]()),
    ],
)
@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
@pytest.mark.parametrize("query", ["linear attention", "zzzz"])
def test_filters_hold_in_every_mode(
    searcher: Searcher, wanted: SearchFilter, expected: set[str], mode: str, query: str
) -> None:
    assert set(keys(searcher.search(query, filter=wanted, mode=mode))) <= expected


def test_the_limit_holds_and_the_order_is_stable(searcher: Searcher) -> None:
    ten = keys(searcher.search("attention", limit=10))
    assert keys(searcher.search("attention", limit=3)) == ten[:3]
    assert ten == keys(searcher.search("attention", limit=10))
    assert len(ten) == len(set(ten))


@pytest.mark.parametrize("query", ["", "   ", "\n\t"])
def test_an_empty_query_is_a_stated_error(searcher: Searcher, query: str) -> None:
    with pytest.raises(InvalidQueryError, match="empty"):
        searcher.search(query)


def test_senseless_options_are_stated_errors(searcher: Searcher) -> None:
    with pytest.raises(InvalidQueryError, match="unknown mode 'psychic'; choose one of hybrid, dense, lexical"):
        searcher.search("x", mode="psychic")
    with pytest.raises(InvalidQueryError, match="limit is 0"):
        searcher.search("x", limit=0)
    with pytest.raises(InvalidQueryError, match="between 2020 and 1990"):
        searcher.search("x", filter=SearchFilter(year_from=2020, year_to=1990))


@pytest.mark.parametrize(
    "query",
    ['"', "(*)", "NEAR(a, 2)", "AND OR NOT", "🙂", "\x00", "\ud800", "a" * 20_000, "x y " * 3_000, "；；", "-"],
)
def test_no_query_breaks_the_search(searcher: Searcher, query: str) -> None:
    assert searcher.search(query, limit=2).hits


def test_texts_that_came_went_or_changed_since_are_noticed(store: Store, settings: Settings) -> None:
    searcher = Searcher(store, settings)
    assert keys(searcher.search("a cold river of ice", mode="dense"))[0] == "key:glacier"
    with store.write() as session:
        delete_documents(session, ["key:glacier"])
    answer = searcher.search("a cold river of ice", mode="dense", limit=10)
    assert "key:glacier" not in keys(answer)
    assert len(answer.hits) == 10
    with store.write() as session:
        save_documents(session, [(Document("key:rime", "paper", "Hoar frost", "Ice on a cold river."), Owner())])
    searcher.embed_pending()
    assert keys(searcher.search("a cold river of ice", mode="dense"))[0] == "key:rime"


def test_an_empty_library_answers_with_nothing(empty: Store, settings: Settings) -> None:
    answer = Searcher(empty, settings).search("attention")
    assert (answer.hits, answer.nearest) == ((), True)


def test_the_glossary_of_a_library_built_later_is_used(empty: Store, settings: Settings) -> None:
    from tests.search.conftest import fill

    searcher = Searcher(empty, settings)
    searcher.search("线性注意力")
    fill(empty)
    assert searcher.search("线性注意力").searched_for == ("线性注意力", "Linear attention")


def test_similar_texts_are_of_the_same_kind_and_not_the_text_itself(searcher: Searcher) -> None:
    found = searcher.similar_by_text("arxiv:2006.16236", limit=3)
    assert found[0].key in {"arxiv:2305.13048", "arxiv:1706.03762"}
    assert all(one.key != "arxiv:2006.16236" and not one.key.startswith(("concept:", "code:")) for one in found)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_a_text_without_a_vector_has_neighbours_too(store: Store, settings: Settings) -> None:
    searcher = Searcher(store, settings)
    with store.write() as session:
        save_documents(session, [(Document("key:dough", "paper", "Kneading", "Dough for bread."), Owner())])
    assert searcher.similar_by_text("key:dough", limit=1)[0].key == "key:sourdough"


def test_an_unknown_key_has_no_neighbours(searcher: Searcher) -> None:
    with pytest.raises(NotFoundError, match="key:nobody"):
        searcher.similar_by_text("key:nobody")


def test_threads_may_search_together(store: Store, settings: Settings) -> None:
    searcher = Searcher(store, settings)
    expected = keys(Searcher(store, settings).search("linear attention"))
    found: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: found.append(keys(searcher.search("linear attention")))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 6
