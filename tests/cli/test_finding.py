"""Search, neighbours and records, for a person and for a program."""

import pytest

from tests.cli.conftest import Stemma


def test_search_finds_what_is_asked_and_says_why(stemma: Stemma) -> None:
    outcome = stemma("search", "linear", "attention", "--limit", "3")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(" 1. Linear attention (2020)\n    idea  concept:linear-attention\n")
    assert "linear attention" in outcome.out
    assert "1st by words" in outcome.out
    assert outcome.out.count("concept:linear-attention\n") == 1


def test_search_in_chinese_says_what_it_searched_for(stemma: Stemma) -> None:
    lines = stemma("search", "线性注意力", "--limit", "1").out.splitlines()
    assert lines[0].startswith("Searched for 线性注意力, Linear attention")
    assert lines[1] == " 1. Linear attention (2020)"


def test_search_as_json_has_the_fields_of_the_contract(stemma: Stemma) -> None:
    outcome = stemma("search", "transformers are rnns", "--kind", "paper", "--json", "--limit", "2")
    document = outcome.document
    assert list(document) == ["query", "took_ms", "hits"]
    assert document["query"] == "transformers are rnns"
    assert document["took_ms"] > 0
    first = document["hits"][0]
    assert list(first) == ["key", "ids", "kind", "title", "year", "score", "reasons", "extract"]
    assert (first["key"], first["ids"]["arxiv"], first["year"]) == ("arxiv:2006.16236", "2006.16236", 2020)
    assert set(first["reasons"]) == {"lexical_rank", "dense_rank", "cosine", "title_match", "matched"}
    assert not any(ord(letter) < 32 for hit in document["hits"] for letter in hit["extract"])
    assert len(document["hits"]) == 2


def test_search_is_narrowed_by_its_options(stemma: Stemma) -> None:
    narrow = ("--kind", "paper", "--year", "2017:2018", "--author", "Shazeer", "--mode", "lexical", "--json")
    hits = stemma("search", "attention", *narrow).document["hits"]
    assert "arxiv:1706.03762" in [hit["key"] for hit in hits]
    for hit in hits:
        shown = stemma("show", hit["key"], "--json").document
        assert (hit["kind"], 2017 <= hit["year"] <= 2018) == ("paper", True)
        assert "Noam Shazeer" in shown["paper"]["authors"]
    concept = stemma(
        "search", "attention", "--concept", "linear transformer", *("--kind", "paper", "--limit", "40", "--json")
    ).document
    assert "arxiv:2006.16236" in [hit["key"] for hit in concept["hits"]]
    kinds = {
        hit["kind"]
        for hit in stemma("search", "attention", "--kind", "code, concept", "--limit", "400", "--json").document[
            "hits"
        ]
    }
    assert kinds == {"code", "concept"}


@pytest.mark.parametrize("year", [":1960", "1900:1960"])
def test_finding_nothing_is_an_answer(stemma: Stemma, year: str) -> None:
    narrow = ("--year", year, "--kind", "code")
    outcome = stemma("search", "attention", *narrow)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("nothing found for 'attention'; leave out an option")
    assert stemma("search", "attention", *narrow, "--json").document["hits"] == []


def test_similar_by_each_way(stemma: Stemma) -> None:
    outcome = stemma("similar", "1706.03762", "--by", "all", "--limit", "3")
    assert [heading in outcome.out for heading in ("Near in meaning", "Cited together", "Citing the same")] == [
        True
    ] * 3
    document = stemma("similar", "1706.03762", "--by", "all", "--limit", "3", "--json").document
    assert document["key"] == "arxiv:1706.03762"
    assert [one["by"] for one in document["neighbours"]] == ["text"] * 3 + ["co-citation"] * 3 + ["coupling"] * 3
    assert all(one["count"] > 0 for one in document["neighbours"][3:])


def test_an_idea_has_neighbours_by_text_only(stemma: Stemma) -> None:
    document = stemma("similar", "linear-attention", "--by", "all", "--json").document
    assert {one["by"] for one in document["neighbours"]} == {"text"}
    assert all(one["key"].startswith("concept:") for one in document["neighbours"])


def test_a_paper_is_shown_with_its_links(stemma: Stemma) -> None:
    text = stemma("show", "https://arxiv.org/abs/1706.03762v5").out
    assert text.startswith("Attention Is All You Need")
    for part in ("Ashish Vaswani", "NeurIPS 2017", "Ideas (", "Cites (", "Cited by (", "citations come from"):
        assert part in text
    assert "None" not in text
    assert all(len(line) <= 80 for line in text.splitlines())
    document = stemma("show", "1706.03762", "--json").document
    assert (document["kind"], document["paper"]["published_on"]) == ("paper", "2017-06-12")
    assert document["ledger"][0]["origin"] == "catalogue"


@pytest.mark.parametrize("name", ["linear-attention", "线性注意力", "Linear Transformer", "concept:linear-attention"])
def test_an_idea_is_shown_by_any_of_its_names(stemma: Stemma, name: str) -> None:
    text = stemma("show", name).out
    assert text.startswith("Linear attention  线性注意力 (2020)")
    for part in ("Introduced by", "Comes from (", "Led to (", "Claims that execute (", "stemma run linear-attention"):
        assert part in text
    assert "None" not in text


def test_an_idea_as_json(stemma: Stemma) -> None:
    document = stemma("show", "linear-attention", "--json").document
    assert (document["kind"], document["concept"]["slug"]) == ("concept", "linear-attention")
    assert document["ancestors"][0]["descendant"] == "linear-attention"
    assert document["idea"]["parameters"][0]["name"] == "form"
