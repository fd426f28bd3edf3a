"""Articles from the command line: taken in, shown, found, and what is no article."""

from pathlib import Path

import pytest

from tests.cli.conftest import Stemma

ARTICLES = Path(__file__).resolve().parents[1] / "ingest" / "recorded" / "articles"


def test_an_article_is_taken_in_shown_and_found(stemma: Stemma, own_db: Path) -> None:
    outcome = stemma("import", ARTICLES / "recurrence-returns.en.html", "--no-embed", db=own_db)
    assert outcome.code == 0
    for words in ("added in", "Recurrence returns", "papers of this library", "confidence 1.00", "Speaks of"):
        assert words in outcome.out
    key = next(word for word in outcome.out.split() if word.startswith("article:"))
    shown = stemma("show", key, "--json", db=own_db).document
    assert shown["kind"] == "article"
    assert "arxiv:1706.03762" in [mention["key"] for mention in shown["article"]["mentions"]]
    found = stemma("search", "recurrence returns", "--kind", "article", "--mode", "lexical", "--json", db=own_db)
    assert [hit["key"] for hit in found.document["hits"]] == [key]
    assert "Recurrence returns" in stemma("show", "arxiv:1706.03762", db=own_db).out
    again = stemma("import", ARTICLES / "recurrence-returns.en.html", "--no-embed", db=own_db)
    assert "unchanged in" in again.out


def test_text_in_traditional_characters_is_found_in_simplified_ones(stemma: Stemma, own_db: Path) -> None:
    path = ARTICLES / "fast-weights.zh-hant.txt"
    assert stemma("import", path, "--format", "article", "--no-embed", db=own_db).code == 0
    hits = [
        stemma("search", words, "--kind", "article", "--mode", "lexical", "--json", db=own_db).document["hits"]
        for words in ("快速权重", "快速權重")
    ]
    assert hits[0]
    assert [hit["key"] for hit in hits[0]] == [hit["key"] for hit in hits[1]]


@pytest.mark.parametrize(
    ("name", "words"),
    [("empty.txt", "is empty"), ("nothing-but-navigation.html", "no text of an article")],
)
def test_what_is_no_article_is_told_in_one_line(stemma: Stemma, own_db: Path, name: str, words: str) -> None:
    outcome = stemma("import", ARTICLES / name, "--format", "article", db=own_db)
    assert outcome.code == 1
    assert words in outcome.complaints[-1]
    assert outcome.complaints[-1].startswith("stemma: ")


def test_an_article_that_is_not_here_is_told(stemma: Stemma) -> None:
    outcome = stemma("show", "article:000000000000")
    assert (outcome.code, "no article" in outcome.complaints[-1]) == (1, True)
