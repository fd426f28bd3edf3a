"""Articles: saved once, linked to papers that are here and to those that arrive later, searchable, removable."""

from datetime import date

import pytest

from kb.errors import NotFoundError
from kb.records import Article, PaperMention, SearchFilter
from kb.store import Store
from kb.store.articles import (
    count_articles,
    delete_article,
    get_article_view,
    list_articles,
    list_mentioning,
    save_article,
)
from kb.store.health import find_problems
from kb.store.identity import find_paper_ids
from kb.store.lookup import match_lexical
from kb.store.saving import save_record
from kb.store.splitting import fts_query
from kb.store.versions import read_version
from tests.factories import make_record

HERE = PaperMention("Attention Is All You Need", "title", 0.95, 3, "arxiv:1706.03762")
MISSING = PaperMention("https://arxiv.org/abs/2304.14802", "link", 1.0, 1, "arxiv:2304.14802", "ResiDual")
UNKNOWN = PaperMention("A Paper That Nobody Has", "title", 0.5, 1, "", "A Paper That Nobody Has")
ARTICLE = Article(
    key="article:0123456789ab",
    title="Four papers",
    text="First paragraph about 線性注意力.\n\nSecond paragraph.",
    language="mixed",
    url="https://example.org/four",
    authors=("A. Writer",),
    published_on=date(2023, 5, 24),
    file="four.html",
    mentions=(HERE, MISSING, UNKNOWN),
)


@pytest.fixture
def filled(store: Store) -> Store:
    """A library with one paper and the article."""
    with store.write() as session:
        save_record(session, make_record("arxiv:1706.03762", title="Attention Is All You Need"))
        assert save_article(session, ARTICLE) == "added"
    return store


def test_an_article_comes_back_as_it_was_saved(filled: Store) -> None:
    with filled.read() as session:
        assert list_articles(session) == [ARTICLE]
        assert count_articles(session) == 1


def test_its_mentions_are_parted_into_here_and_missing(filled: Store) -> None:
    with filled.read() as session:
        view = get_article_view(session, ARTICLE.key)
    assert [(line.key, line.title, mention) for line, mention in view.papers] == [
        ("arxiv:1706.03762", "Attention Is All You Need", HERE)
    ]
    assert view.missing == (MISSING, UNKNOWN)


def test_a_paper_that_arrives_later_is_linked_by_itself(filled: Store) -> None:
    with filled.write() as session:
        save_record(session, make_record("arxiv:2304.14802", title="ResiDual"))
    with filled.read() as session:
        assert [line.key for line, _ in get_article_view(session, ARTICLE.key).papers] == [
            "arxiv:1706.03762",
            "arxiv:2304.14802",
        ]
        number = find_paper_ids(session, ["arxiv:2304.14802"])["arxiv:2304.14802"]
        (line,) = list_mentioning(session, number)
    assert (line.key, line.title, line.year, line.note) == (ARTICLE.key, "Four papers", 2023, MISSING.named)


def test_saving_it_again_changes_nothing_and_a_new_mention_replaces_the_old_ones(filled: Store) -> None:
    with filled.write() as session:
        before = read_version(session)
        assert save_article(session, ARTICLE) == "unchanged"
        assert read_version(session) == before
        from dataclasses import replace

        assert save_article(session, replace(ARTICLE, mentions=(HERE,))) == "updated"
    with filled.read() as session:
        assert get_article_view(session, ARTICLE.key).missing == ()
        assert count_articles(session) == 1


@pytest.mark.parametrize("words", ["second paragraph", "线性注意力", "線性注意力", "Writer"])
def test_its_text_is_found_in_either_script(filled: Store, words: str) -> None:
    with filled.read() as session:
        found = match_lexical(session, fts_query([words], "and"), SearchFilter(kinds=("article",)), 5)
    assert [one.key for one in found] == [ARTICLE.key]


def test_a_removed_article_leaves_no_word_behind(filled: Store) -> None:
    with filled.write() as session:
        delete_article(session, ARTICLE.key)
    with filled.read() as session:
        assert match_lexical(session, fts_query(["paragraph"], "and"), SearchFilter(), 5) == []
        assert find_problems(session) == []
        with pytest.raises(NotFoundError, match="no article article:0123456789ab"):
            get_article_view(session, ARTICLE.key)
