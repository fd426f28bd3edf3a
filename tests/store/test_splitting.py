"""Words for the full-text index, held against SQLite itself."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.store.splitting import fts_query, split_for_index

HOSTILE = ('"', "'", "*", "-", "(", ")", "^", ":", "NEAR(", " AND ", " OR ", " NOT ", "{", "\0", "\ud800", "🙂")


@pytest.fixture(scope="module")
def index() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE words USING fts5(body, tokenize='porter unicode61 remove_diacritics 2')")
    texts = (
        "线性注意力机制与外键",
        "Attention is all you need",
        "linear models; attention elsewhere",
        "ＲＷＫＶ café",
    )
    connection.executemany("INSERT INTO words(body) VALUES (?)", [(split_for_index(text),) for text in texts])
    return connection


def find(index: sqlite3.Connection, expression: str) -> list[int]:
    return [row for (row,) in index.execute("SELECT rowid FROM words WHERE words MATCH ?", (expression,))]


@pytest.mark.parametrize("part", ["线性", "注意", "注意力机制", "线性注意力机制与外键", "力", "线", "键", "外键"])
def test_any_part_of_a_chinese_run_is_found(index: sqlite3.Connection, part: str) -> None:
    assert find(index, fts_query([part], "and")) == [1]


@pytest.mark.parametrize("other", ["意注", "性线", "键外", "注意机"])
def test_what_is_no_part_of_the_run_is_not_found(index: sqlite3.Connection, other: str) -> None:
    assert find(index, fts_query([other], "and")) == []


def test_or_finds_a_run_that_shares_a_pair_only(index: sqlite3.Connection) -> None:
    assert find(index, fts_query(["注意缺陷"], "or")) == [1]


@pytest.mark.parametrize("form", ["rwkv", "RWKV", "ＲＷＫＶ", "rwkv?", '"rwkv"', "CAFÉ", "cafe"])
def test_width_case_accents_and_punctuation_make_no_difference(index: sqlite3.Connection, form: str) -> None:
    assert find(index, fts_query([form], "and")) == [4]


def test_a_word_that_is_only_punctuation_does_not_spoil_the_others(index: sqlite3.Connection) -> None:
    assert find(index, fts_query(["attention", "--", "🙂", "needs"], "and")) == [2]


def test_the_readers_words_may_stand_apart_but_ours_stand_together(index: sqlite3.Connection) -> None:
    assert find(index, fts_query(["linear elsewhere"], "and")) == [3]
    assert find(index, fts_query([("nothing", "linear models")], "and")) == [3]
    assert find(index, fts_query([("nothing", "attention need")], "and")) == [2]
    assert find(index, fts_query([("nothing", "线性 外键")], "and")) == []


def test_nothing_to_search_is_an_empty_expression() -> None:
    assert fts_query([], "and") == fts_query(["🙂", "(", ("*",)], "or") == ""


@given(
    st.lists(
        st.lists(st.sampled_from((*HOSTILE, "注意力", "x", " ", "é", "½", "・")), max_size=6).map("".join), max_size=4
    )
)
def test_no_text_is_a_syntax_error(index: sqlite3.Connection, words: list[str]) -> None:
    for mode in ("and", "or"):
        if expression := fts_query([*words, tuple(words)], mode):
            find(index, expression)


@given(st.text(max_size=60))
def test_what_was_indexed_is_found_by_itself(text: str) -> None:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5(body, tokenize='porter unicode61')")
        connection.execute("INSERT INTO words(body) VALUES (?)", (split_for_index(text),))
        if expression := fts_query([text], "and"):
            assert find(connection, expression) == [1], expression
    connection.close()
