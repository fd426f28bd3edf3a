"""Article: taken in on the Library page, read on its own, linked both ways, and removed again."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from kb.library import Library
from kb.settings import Settings

Open = Callable[..., AppTest]
Read = Callable[[AppTest], str]
Links = Callable[[AppTest], list[str]]
ARTICLES = Path(__file__).resolve().parents[1] / "ingest" / "recorded" / "articles"


@pytest.fixture
def article(own_db: Path) -> str:
    """The key, without its prefix, of an article in a library of the test's own."""
    with Library.open(settings=Settings(db=str(own_db)), build=False) as library:
        report = library.import_file(ARTICLES / "challengers.zh-hans.html")
        library.tag()
    assert report.article is not None
    return report.article.article.key.removeprefix("article:")


def test_it_is_read_with_the_papers_that_it_mentions_beside_it(
    app_page: Open, read_page: Read, list_links: Links, own_db: Path, article: str
) -> None:
    page = app_page("article", db=own_db, key=article)
    shown = read_page(page)
    for words in (
        "循环网络又回来了",
        "Chinese, simplified",
        "papers of this library",
        "by a link; confidence 1.00",
        "by its title",
        "Not here yet",
        "Speaks of",
    ):
        assert words in shown
    links = list_links(page)
    assert "/paper?key=arxiv:1706.03762" in links
    assert "/library?add=arxiv:2402.01032" in links
    assert any(one.startswith("/idea?key=") for one in links)


def test_the_paper_and_the_library_lead_to_it(
    app_page: Open, list_links: Links, read_page: Read, own_db: Path, article: str
) -> None:
    assert f"/article?key={article}" in list_links(app_page("paper", db=own_db, key="arxiv:1706.03762"))
    shelf = app_page("library", db=own_db)
    assert f"/article?key={article}" in list_links(shelf)
    assert "papers named" in read_page(shelf)


def test_search_finds_it_among_articles(app_page: Open, list_links: Links, own_db: Path, article: str) -> None:
    for words in ("循环网络又回来了", "循環網絡又回來了"):
        found = list_links(app_page("", db=own_db, q=words, kind="article"))
        assert f"/article?key={article}" in found


def test_it_can_be_removed_and_the_address_then_says_so(
    app_page: Open, read_page: Read, own_db: Path, article: str
) -> None:
    page = app_page("article", db=own_db, key=article)
    next(one for one in page.button if one.label == "Remove it").click()
    page.run()
    assert "Which article?" in read_page(page)
    gone = app_page("article", db=own_db, key=article)
    assert "no article" in gone.error[0].value


def test_without_a_key_the_page_says_where_articles_are(app_page: Open, read_page: Read) -> None:
    assert "Which article?" in read_page(app_page("article"))
