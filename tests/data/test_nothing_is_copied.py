"""No text of ours repeats an abstract: no run of eight words of it, in Chinese none of fourteen characters.

Held against the abstracts of the shared corpora, of the very paper and of all others that have the same opening.
"""

import gzip
import json
import lzma
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).resolve().parents[2] / "data"
#: English words, Chinese characters: shorter runs are the field's own phrases.
WORDS, CHARACTERS = 8, 14
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def records(folder: str, header: str) -> Iterator[dict[str, Any]]:
    for file in sorted((DATA / folder).glob("*.toml")):
        yield from tomllib.loads(file.read_text(encoding="utf-8"))[header]


def runs(text: str) -> set[str]:
    """Return all runs of so many words."""
    words = re.findall(r"\w+", text.lower())
    return {" ".join(words[i : i + WORDS]) for i in range(len(words) - WORDS + 1)}


def strokes(text: str) -> set[str]:
    """Return all runs of so many characters, those of Latin script left out: names are nobody's own words."""
    plain = re.sub(r"[\s\x00-\x7f]+", "", text)
    return {plain[i : i + CHARACTERS] for i in range(len(plain) - CHARACTERS + 1)}


@pytest.fixture(scope="module")
def abstracts(shared: Path) -> list[str]:
    """Every English abstract of the corpora."""
    with gzip.open(shared / "corpora/lm-architectures/s2-papers.jsonl.gz", "rt", encoding="utf-8") as lines:
        found = [json.loads(line)["abstract"] or "" for line in lines]
    tree = (shared / "corpora/lm-architectures/core-tree.jsonl").read_text(encoding="utf-8")
    return found + [json.loads(line)["abstract"] or "" for line in tree.splitlines()]


@pytest.fixture(scope="module")
def pairs(shared: Path) -> list[dict[str, str]]:
    """The arXiv papers with both languages."""
    with lzma.open(shared / "corpora/arxiv-en-zh/pairs.jsonl.xz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def written() -> dict[str, str]:
    """Return every English text of ours, by what it belongs to."""
    papers = {paper["key"]: paper["summary"] for paper in records("catalogue", "paper")}
    concepts = {concept["slug"]: concept["definition"] for concept in records("concepts", "concept")}
    notes = {
        f"{edge['ancestor']} -> {edge['descendant']}": edge.get("note", "") for edge in records("lineage", "edge")
    }
    return papers | concepts | notes


def test_no_run_of_words_stands_in_an_abstract(abstracts: list[str], pairs: list[dict[str, str]]) -> None:
    ours: dict[str, str] = {}
    for name, text in written().items():
        ours |= dict.fromkeys(runs(text), name)
    copied = {
        (ours[run], run)
        for abstract in (*abstracts, *(pair["abstract"] or "" for pair in pairs))
        for run in runs(abstract) & ours.keys()
    }
    print(f"{len(written())} texts, {len(ours)} runs of {WORDS} words: {len(copied)} stand in an abstract")
    assert copied == set()


def test_no_run_of_characters_stands_in_a_chinese_abstract(pairs: list[dict[str, str]]) -> None:
    ours: dict[str, str] = {}
    for paper in records("catalogue", "paper"):
        ours |= dict.fromkeys(strokes(paper.get("summary_zh", "")), paper["key"])
    for concept in records("concepts", "concept"):
        ours |= dict.fromkeys(strokes(concept.get("definition_zh", "")), concept["slug"])
    copied = {(ours[run], run) for pair in pairs for run in strokes(pair["abstract_zh"] or "") & ours.keys()}
    print(f"{len(ours)} runs of {CHARACTERS} characters: {len(copied)} stand in a Chinese abstract")
    assert copied == set()


def test_a_copy_would_be_found() -> None:
    text = "The dominant models are based on complex recurrent networks that include an encoder and a decoder."
    assert runs(text) & runs(f"It is said that {text.upper()}")
    assert not runs(text) & runs("Recurrent networks with an encoder and a decoder dominate.")
    assert strokes("线性注意力把二次复杂度降为线性复杂度，是一种快速权重") & strokes(
        "线性注意力把二次复杂度降为线性复杂度，是一种"
    )


def test_no_two_summaries_share_a_sentence() -> None:
    seen: dict[str, str] = {}
    for name, text in written().items():
        for sentence in _SENTENCE.split(" ".join(text.split())):
            if len(sentence.split()) >= WORDS:
                assert sentence not in seen, f"{name} and {seen[sentence]} share: {sentence}"
                seen[sentence] = name
