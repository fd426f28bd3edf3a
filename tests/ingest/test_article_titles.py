"""Addresses, identifiers and titles of papers in running text, and what only looks like them."""

import pytest

from ingest.article_mentions import find_mentions
from ingest.articles.links import identify, list_addresses, list_identified
from ingest.articles.titles import find_title
from ingest.articles.unlisted import looks_like_title
from kb.records import ArticleText, PaperMention
from tests.ingest.article_library import AIAYN, FWP, INDEX, LSTM, mentions_of, only

# --- addresses and identifiers


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("https://arxiv.org/abs/1706.03762v7", AIAYN),
        ("https://arxiv.org/pdf/1706.03762.pdf", AIAYN),
        ("https://huggingface.co/papers/1706.03762", AIAYN),
        ("https://ar5iv.labs.arxiv.org/html/1706.03762", AIAYN),
        ("https://www.alphaxiv.org/abs/1706.03762", AIAYN),
        ("https://doi.org/10.48550/arXiv.1706.03762", AIAYN),
        ("https://www.semanticscholar.org/paper/204e3073870fae3d05bcbc2f6a8e263d9b72e776", AIAYN),
        ("https://dl.acm.org/doi/abs/10.1162/neco.1997.9.8.1735", LSTM),
        ("https://www.aclweb.org/anthology/P18-1031/", "arxiv:1801.06146"),
        ("https://aclanthology.org/P18-1031.pdf", "arxiv:1801.06146"),
        ("https://arxiv.org/abs/2405.21060", "arxiv:2405.21060"),
        ("https://doi.org/10.1038/nature14539", "doi:10.1038/nature14539"),
    ],
)
def test_an_address_of_a_paper(address: str, key: str) -> None:
    assert only(f"See ({address}).") == PaperMention(address, "link", 1.0, 1, key)


@pytest.mark.parametrize(
    "address",
    [
        "https://twitter.com/example/status/1706037620000000000",
        "https://github.com/example/rwkv",
        "https://arxiv.org/list/cs.CL/recent",
        "https://people.idsia.ch/~juergen/fast-weight-programmer-1991-transformer.html",
        "https://en.wikipedia.org/wiki/Attention_Is_All_You_Need",
    ],
)
def test_other_addresses_are_no_mention_and_hide_no_name(address: str) -> None:
    assert not mentions_of(f"See {address} for more.")


@pytest.mark.parametrize(
    ("words", "confidence"),
    [
        ("arXiv:1706.03762v5", 1.0),
        ("arXiv preprint arXiv:1706.03762", 1.0),
        ("见arXiv：1706.03762。", 1.0),
        ("(1706.03762)", 0.9),
    ],
)
def test_identifiers_without_an_address(words: str, confidence: float) -> None:
    found = only(words)
    assert (found.key, found.how, found.confidence) == (AIAYN, "identifier", confidence)


def test_other_numbers_are_no_identifiers() -> None:
    assert not mentions_of("It took 2405.21060 seconds, or 1.1706.03762 units, at 12/1706.03762.")


def test_an_address_ends_where_the_sentence_goes_on() -> None:
    text = "见https://a.example/x_(y)。And (https://b.example/z), “https://c.example”; https://d.example/q?r=1."
    assert [address for _, address in list_addresses(text)] == [
        *("https://a.example/x_(y)", "https://b.example/z", "https://c.example", "https://d.example/q?r=1")
    ]
    assert [one.named for one in list_identified("doi:10.1162/neco.1997.9.8.1735.")] == [
        "doi:10.1162/neco.1997.9.8.1735"
    ]
    assert identify("https://[") is None


def test_links_of_a_page_count_once_with_the_words_that_bear_them() -> None:
    text = "As Attention Is All You Need says, and RWKV; see here."
    links = (
        "https://arxiv.org/abs/1706.03762",
        "https://arxiv.org/abs/2305.13048",
        "https://arxiv.org/abs/2405.21060",
    )
    found = {
        one.key: one
        for one in mentions_of(text, links=links, link_texts=("Attention Is All You Need", "RWKV", "here"))
    }
    assert (found[AIAYN].count, found[AIAYN].how) == (1, "link")
    assert (found["arxiv:2305.13048"].count, found["arxiv:2305.13048"].confidence) == (1, 1.0)
    assert found["arxiv:2405.21060"].named == links[2]


# --- titles


@pytest.mark.parametrize(
    ("text", "key", "confidence"),
    [
        ("谷歌的论文《Attention Is All You Need》,很有名", AIAYN, 0.95),
        ("谷歌的论文《 attention is all you need 》很有名", AIAYN, 0.95),
        ("它的中文名是《注意力就是你所需要的一切》。", AIAYN, 0.95),
        ("《長短期記憶》一文", LSTM, 0.95),
        ("They call it “Root Mean Square Layer Normalization” there.", "arxiv:1910.07467", 0.95),
        ("On Layer Normalization in the Transformer Architecture (2020)", "arxiv:2002.04745", 0.95),
        ("## 3. Rethinking Attention with Performers", "arxiv:2009.14794", 0.95),
        ("So Attention Is All You Need began it all, they say.", AIAYN, 0.9),
        ("It seems that language models are unsupervised multitask learners.", "s2:9405cc0d", 0.5),
        ("RWKV的论文叫做《Reinventing RNNs for the Transformer Era》。", "arxiv:2305.13048", 0.85),
        ("The paper “Attention is Not All You Need” answered.", "arxiv:2103.03404", 0.8),
        ("On Layer Normalisation in the Transfomer Architecture", "arxiv:2002.04745", 0.8),
        ("Learning to Control Fast-Weight Memories: An Alternative to Dynamic Recurrent Neural Networks", FWP, 0.8),
    ],
)
def test_titles_as_they_are_written(text: str, key: str, confidence: float) -> None:
    found = max(mentions_of(text), key=lambda one: one.confidence)
    assert found.key.startswith(key)
    assert found.how == "title"
    assert found.confidence == pytest.approx(confidence, abs=0.06)


@pytest.mark.parametrize(
    "text",
    [
        "They said “layer normalization” first.",
        "“Attention Is Not What You Need”, they said.",
        "《ReZero is All We Have》是一首歌曲。",
        "Long short-term memory",
    ],
)
def test_phrases_that_are_only_like_titles(text: str) -> None:
    assert all(one.confidence <= 0.5 for one in mentions_of(text))


def test_a_year_that_is_not_the_papers_makes_a_title_less_sure() -> None:
    assert only("《Attention Is All You Need》(2017)").confidence == 0.95
    assert only("《Attention Is All You Need》(2023)").confidence == 0.8


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("论文《Big Bird: Transformers for Longer Sequences》", 0.8),
        ("《Big Bird: Transformers for Longer Sequences》", 0.5),
        ("The paper “Big Bird: Transformers for Longer Sequences” helps.", 0.6),
        ("Big Bird: Transformers for Longer Sequences (2020)", 0.5),
        ("他的论文《长文本的稀疏注意力》", 0.5),
    ],
)
def test_titles_of_papers_that_are_not_here(text: str, confidence: float) -> None:
    found = only(text)
    assert (found.key, found.how, found.confidence) == ("", "title", confidence)
    assert found.title == found.named


@pytest.mark.parametrize(
    "text",
    [
        "《人类简史》是一本好书",
        "據《紐約時報》報導",
        "《The New York Times》报道",
        "电影《The Lord of the Rings》",
        "我曾分享了《Understanding Large Language Models: A Reading List》,反響很好",
        "In my last blog post “How To Train Your Own Model” I said so.",
        "更多请看《理解大型语言模型》",
        "《ChatGLM》",
        "“Never Give Up On Your Dreams”, he said.",
        "How To Read A Paper In Ten Minutes",
    ],
)
def test_other_things_in_quotation_marks_are_no_papers(text: str) -> None:
    assert not mentions_of(text)


def test_a_title_and_the_address_behind_it_are_one_mention() -> None:
    found = only("《Big Bird: Transformers for Longer Sequences》(https://arxiv.org/abs/2007.14062)")
    assert found == PaperMention(
        "Big Bird: Transformers for Longer Sequences",
        "link",
        1.0,
        1,
        "arxiv:2007.14062",
        "Big Bird: Transformers for Longer Sequences",
    )
    found = only("《Long Short-Term Memory》(https://arxiv.org/abs/2405.99999)", "《Long Short-Term Memory》")
    assert found.key == LSTM
    assert (found.how, found.count) == ("link", 2)


def test_a_title_that_only_resembles_one_belongs_to_its_address() -> None:
    text = "《On Layer Normalization in the Transformers Architecture》(https://arxiv.org/abs/2405.21060)"
    assert only(text).key == "arxiv:2405.21060"


def test_the_articles_own_title_is_no_paper_that_is_missing() -> None:
    own = "What Became of the Old Recurrent Networks"
    assert not find_mentions(ArticleText(own, (f"转自《{own}》。",), "en"), INDEX)


def test_titles_are_told_from_sentences() -> None:
    assert looks_like_title("An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale")
    assert not looks_like_title("We went there and came back")
    assert find_title("", INDEX) is None
