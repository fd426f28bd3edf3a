"""From the file of an article to a record that is linked, searchable and taken once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.pipeline import import_file
from kb.errors import InvalidQueryError, MalformedDataError, NotFoundError
from kb.records import SearchFilter
from kb.store import Store, open_store
from kb.store.articles import count_articles, get_article_view
from kb.store.lookup import match_lexical
from kb.store.saving import save_record
from kb.store.splitting import fts_query
from tests.factories import make_record

ARTICLES = Path(__file__).parent / "recorded" / "articles"
PAGE = ARTICLES / "recurrence-returns.en.html"
HERE = "arxiv:2312.00752"


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Store]:
    """A library with one of the papers that the page mentions."""
    title = "Mamba: Linear-Time Sequence Modeling with Selective State Spaces"
    with open_store(str(tmp_path / "library.db")) as store:
        with store.write() as session:
            save_record(session, make_record(HERE, title=title, year=2023))
        yield store


def test_a_page_becomes_a_record_that_is_linked_and_found(filled: Store) -> None:
    report = import_file(PAGE, filled)
    assert report.article is not None
    assert (report.added, report.linked) == (1, 1)
    assert report.left_open == len(report.article.missing) > 3
    assert [line.key for line, _ in report.article.papers] == [HERE]
    assert {"arxiv:1706.03762", "arxiv:2006.16236"} <= {one.key for one in report.article.missing}
    with filled.read() as session:
        found = match_lexical(session, fts_query(["recurrence"], "and"), SearchFilter(kinds=("article",)), 5)
        assert [one.key for one in found] == [report.article.article.key]


def test_the_same_text_is_the_same_article_whatever_its_file_is_called(filled: Store, tmp_path: Path) -> None:
    first = import_file(PAGE, filled)
    copy = tmp_path / "again.html"
    copy.write_bytes(PAGE.read_bytes())
    second = import_file(copy, filled)
    assert (second.added, second.updated) == (0, 1)
    assert import_file(copy, filled).unchanged == 1
    assert first.article is not None
    assert second.article is not None
    assert first.article.article.key == second.article.article.key
    with filled.read() as session:
        assert count_articles(session) == 1


def test_a_paper_that_is_added_afterwards_is_linked_without_another_import(filled: Store) -> None:
    report = import_file(PAGE, filled)
    assert report.article is not None
    with filled.write() as session:
        save_record(session, make_record("arxiv:1706.03762", title="Attention Is All You Need", year=2017))
    with filled.read() as session:
        view = get_article_view(session, report.article.article.key)
    assert {line.key for line, _ in view.papers} == {HERE, "arxiv:1706.03762"}


@pytest.mark.parametrize(
    ("name", "message"),
    [("empty.txt", "is empty"), ("nothing-but-navigation.html", "holds no text of an article")],
)
def test_a_file_without_an_article_is_told_and_leaves_nothing(filled: Store, name: str, message: str) -> None:
    with pytest.raises(MalformedDataError, match=message):
        import_file(ARTICLES / name, filled, format="article")
    with filled.read() as session:
        assert count_articles(session) == 0


def test_text_is_taken_by_its_ending_or_when_said_and_records_are_not(filled: Store, tmp_path: Path) -> None:
    text = (ARTICLES / "a-reading-list.en.txt").read_bytes()
    for name, form in (("post.txt", "auto"), ("post", "article"), ("post.md", "auto")):
        (tmp_path / name).write_bytes(text)
        assert import_file(tmp_path / name, filled, format=form).article
    (tmp_path / "post.csv").write_bytes(text)
    with pytest.raises(InvalidQueryError, match="give --format article"):
        import_file(tmp_path / "post.csv", filled)
    with pytest.raises(NotFoundError):
        import_file(tmp_path / "none.html", filled, format="article")


def test_a_file_too_large_for_an_article_is_refused_before_it_is_read_whole(filled: Store, tmp_path: Path) -> None:
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(64 << 20)
    with pytest.raises(MalformedDataError, match="that is no article"):
        import_file(large, filled, format="article")
