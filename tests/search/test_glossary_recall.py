"""What the shipped glossary is worth: Chinese titles that find their English papers."""

import json
import lzma
import random
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from kb.chinese import is_cjk, to_simplified
from kb.records import Document, Term
from kb.search.embed import Embedder
from kb.search.pending import embed_pending
from kb.search.query import Searcher
from kb.search.tokens import ASKING_WORDS, STOP_WORDS, cut_asking
from kb.settings import Settings
from kb.store import open_store
from kb.store.catalogue.terms import load_glossary
from kb.store.concepts import replace_glossary
from kb.store.documents import Owner, save_documents

PAPERS, QUERIES = 600, 60
#: Characters: embedding takes most of the time, and the first sentences say what a paper is about.
ABSTRACT = 300
#: Measured on this sample: 1.00; on two others 0.97 and 0.98; with the 240 terms of the first glossary 0.58.
FLOOR = 0.9
_OF_THE_FIELD = re.compile(r"\b(neural|learning|language models?|transformers?|attention|trained|training)\b")
_ADDED_BY_FEED = re.compile(r"\s*\(arXiv:[^)]*\)\.?$|^arXiv:\S+ Announce Type: \S+\s+Abstract:\s*")


@pytest.fixture(scope="module")
def terms(repository: Path) -> list[Term]:
    return list(load_glossary(repository / "data" / "glossary.toml"))


@pytest.fixture(scope="module")
def papers(shared: Path) -> list[tuple[str, str, str, str]]:
    """Id, title, start of the abstract and Chinese title of papers of the field."""
    return list(islice(read_pairs(shared / "corpora" / "arxiv-en-zh" / "pairs.jsonl.xz"), PAPERS))


def read_pairs(file: Path) -> Iterator[tuple[str, str, str, str]]:
    with lzma.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            pair = json.loads(line)
            texts = [pair[name] or "" for name in ("title", "abstract", "title_zh")]
            title, abstract, chinese = (_ADDED_BY_FEED.sub("", text) for text in texts)
            if _OF_THE_FIELD.search(abstract) and is_cjk(chinese):
                yield pair["id"], title, abstract[:ABSTRACT], chinese


def test_chinese_titles_find_their_papers(
    papers: list[tuple[str, str, str, str]],
    terms: list[Term],
    embedder: Embedder,
    settings: Settings,
    tmp_path: Path,
) -> None:
    asked = random.Random(0).sample(papers, QUERIES)
    with open_store(str(tmp_path / "library.db")) as store:
        with store.write() as session:
            replace_glossary(session, terms)
            texts = [Document(f"arxiv:{id}", "paper", title, abstract) for id, title, abstract, _ in papers]
            save_documents(session, [(text, Owner()) for text in texts])
        embed_pending(store, embedder)
        searcher = Searcher(store, settings)
        answers = [searcher.search(chinese, limit=10) for _, _, _, chinese in asked]
    found = [
        f"arxiv:{one[0]}" in [hit.key for hit in answer.hits] for one, answer in zip(asked, answers, strict=True)
    ]
    assert sum(found) / QUERIES >= FLOOR


def test_there_are_enough_terms_in_their_order(terms: list[Term]) -> None:
    names = [term.en.casefold() for term in terms]
    assert len(names) >= 500
    assert names == sorted(names)


def test_every_chinese_word_is_one_in_simplified_characters(terms: list[Term]) -> None:
    words = [(term.en, word) for term in terms for word in term.zh]
    assert [pair for pair in words if pair[0].casefold() == pair[1].casefold()] == []
    assert [pair for pair in words if not is_cjk(pair[1])] == []
    assert [pair for pair in words if to_simplified(pair[1]) != pair[1]] == []


def test_no_word_that_only_asks_is_a_term(terms: list[Term]) -> None:
    """As a term it would have to stand in the text: "what does attention mean" would search for "mean"."""
    assert [term.en for term in terms if term.en.casefold() in STOP_WORDS | ASKING_WORDS] == []
    assert [(term.en, word) for term in terms for word in term.zh if not cut_asking(word)] == []
