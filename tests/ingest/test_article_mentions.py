"""Which papers an article mentions: in articles written for these tests, and in two real ones counted by hand."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.article_mentions import PaperIndex, find_mentions
from ingest.article_text import parse_article
from kb.records import ArticleText, PaperMention
from kb.store.catalogue import load_catalogue
from tests.factories import make_paper
from tests.ingest.article_library import AIAYN, FWP, IDEAS, INDEX, LSTM, PAPERS, mentions_of, only

Read = Callable[[str], ArticleText]


@pytest.fixture
def read(recorded: Path) -> Read:
    return lambda name: parse_article((recorded / "articles" / name).read_bytes(), name)


# --- two real articles, their papers counted by hand

#: Titles and links, then "BERT、GPT -2/3/4、RoBERTa", then what is compared with RMSNorm. Not: the author's other
#: article, 《Understanding Large Language Models》, and the blog of 2021 on fast weights.
FOUR_PAPERS = {
    *(AIAYN, "arxiv:2002.04745", "arxiv:2304.14802", FWP, "arxiv:2006.16236", "arxiv:2009.14794", "arxiv:2102.11174"),
    *("arxiv:1801.06146", "arxiv:2112.11446", "arxiv:1810.04805", "s2:9405cc0d6169988371b2755e573cc28650d14dfe"),
    *("arxiv:2005.14165", "arxiv:2303.08774", "arxiv:1907.11692", "arxiv:1910.07467", "arxiv:1607.06450"),
    "arxiv:1502.03167",
}
#: One title, half a title, and else names of models, and of the parts that MosaicBERT takes over.
CHALLENGERS = {
    *(AIAYN, "key:chatgpt", "arxiv:2312.11805", "arxiv:1810.04805", "arxiv:2312.17276", "arxiv:2305.13048"),
    *("arxiv:1907.11692", "arxiv:2312.17482", "arxiv:2205.14135", "arxiv:2108.12409", "arxiv:1612.08083"),
    "arxiv:1607.06450",
}
REAL = {
    "four-papers-on-the-transformer-figure.zh.txt": (FOUR_PAPERS, "zh-Hant", 149, 29),
    "transformer-challengers.zh.txt": (CHALLENGERS, "zh-Hans", 0, 23),
}
#: How the lines begin that are no text of these two.
FURNITURE = (
    *(
        "#圖示",
        "#圖表來源",
        "圖註",
        "#以上是",
        "由于微信",
        "1. 点击",
        "2. 选择",
        "转载",
        "381 天前",
        "4779",
        "文章转载来源",
    ),
    *(
        "文章来源",
        "图片来源",
        "蛙腿实验",
        "云山和其他",
        "不同模型推理",
        "64x64",
        "盘点特朗普",
        "App打开",
        "下一个DeFi",
    ),
    *("TikTok难民", "更 火 的", "分享自火讯", "长按图片"),
)


@pytest.mark.parametrize("name", REAL)
def test_every_paper_that_a_real_article_mentions_and_no_other(shared: Path, name: str) -> None:
    article = parse_article((shared / "documents" / "articles" / name).read_bytes(), name)
    found = {one.key for one in find_mentions(article, INDEX)}
    assert found == REAL[name][0]


@pytest.mark.parametrize("name", REAL)
def test_so_it_is_with_the_shipped_catalogue(shared: Path, repository: Path, name: str) -> None:
    shipped = load_catalogue(repository / "data")
    article = parse_article((shared / "documents" / "articles" / name).read_bytes(), name)
    mentions = find_mentions(article, PaperIndex.build(shipped.papers, shipped.concepts))
    assert {one.key for one in mentions} == REAL[name][0]


@pytest.mark.parametrize("name", REAL)
def test_no_sentence_of_a_real_article_is_lost_and_no_furniture_left(shared: Path, name: str) -> None:
    content = (shared / "documents" / "articles" / name).read_text("utf-8")
    article = parse_article(content.encode(), name)
    _, language, repaired, _ = REAL[name]
    assert (article.language, article.repaired) == (language, repaired)

    def bare(line: str) -> str:
        """The line without what is garbled in it: all that stands in brackets, and spaces."""
        return re.sub(r"\(.*?\)|\s|^[#\s]+", "", line)

    lines = [line for line in content.splitlines() if bare(line) and not line.startswith(FURNITURE)]
    assert [bare(line) for line in lines if line != article.title] == [bare(line) for line in article.paragraphs]
    assert all(line.startswith((*FURNITURE, "#")) for line in article.left_out)


def test_the_details_of_the_real_articles(shared: Path) -> None:
    folder = shared / "documents" / "articles"
    garbled = parse_article((folder / "four-papers-on-the-transformer-figure.zh.txt").read_bytes(), "x")
    found = {one.key: one for one in find_mentions(garbled, INDEX)}
    assert garbled.title == "此「錯」並非真的錯:從四篇經典論文入手,理解Transformer架構圖「錯」在何處"
    assert garbled.lost == 1
    assert found[FWP].how == "link"
    assert found[FWP].title.endswith("Dynamic Recurrent Neural Networks")
    assert (found["arxiv:1801.06146"].how, found["arxiv:1801.06146"].count) == ("link", 5)
    assert found["arxiv:2303.08774"].named == "GPT -2/3/4"
    challengers = parse_article((folder / "transformer-challengers.zh.txt").read_bytes(), "x")
    found = {one.key: one for one in find_mentions(challengers, INDEX)}
    assert (challengers.title, challengers.site) == ("那些挑战Transformer的模型架构都在做些什么", "硅星人")
    assert found["arxiv:2305.13048"] == PaperMention(
        "RWKV", "title", 0.85, 14, "arxiv:2305.13048", "Reinventing RNNs for the Transformer Era"
    )
    assert (found["arxiv:2312.17276"].named, found["arxiv:2312.17276"].count) == ("盘古π", 13)


# --- articles written for these tests


def test_a_page_with_links(read: Read) -> None:
    found = {one.key: one for one in find_mentions(read("recurrence-returns.en.html"), INDEX)}
    assert found.keys() == {
        *(AIAYN, "arxiv:2006.16236", "arxiv:2102.11174", "arxiv:2305.13048", "arxiv:2307.08621", "arxiv:2312.00752"),
        *(LSTM, "arxiv:1810.04805", "arxiv:1907.11692", "arxiv:2405.21060", ""),
    }
    assert found[AIAYN] == PaperMention(
        "Attention Is All You Need", "link", 1.0, 1, AIAYN, "Attention Is All You Need"
    )
    assert found["arxiv:2405.21060"].title.startswith("Transformers are SSMs")
    assert (found[""].how, found[""].title) == ("link", "")


def test_a_reading_list(read: Read) -> None:
    found = {one.key or one.title: one for one in find_mentions(read("a-reading-list.en.txt"), INDEX)}
    unlisted = "Simple Linear Attention Language Models Balance the Recall-Throughput Tradeoff"
    assert found.keys() == {
        *(LSTM, "arxiv:1409.0473", AIAYN, "arxiv:2001.04451", "arxiv:2312.06635", FWP, "key:chatgpt", unlisted),
    }
    assert (found["arxiv:1409.0473"].how, found[LSTM].how, found[AIAYN].how) == ("identifier", "title", "title")
    assert (found[unlisted].key, found[unlisted].confidence) == ("", 0.8)


def test_a_chinese_page(read: Read) -> None:
    found = {one.key or one.title: one for one in find_mentions(read("challengers.zh-hans.html"), INDEX)}
    assert found.keys() == {
        *(AIAYN, "arxiv:1810.04805", "arxiv:1907.11692", "arxiv:2006.16236", "arxiv:2305.13048", "arxiv:2312.17276"),
        *("arxiv:2402.01032", "基于线性注意力的长文本摘要研究"),
    }
    assert found["arxiv:2402.01032"].title.startswith("Repeat After Me")


def test_a_garbled_text(read: Read) -> None:
    found = find_mentions(read("fast-weights.zh-hant.txt"), INDEX)
    assert {one.key for one in found} == {FWP, "arxiv:2102.11174", "arxiv:1610.06258"}
    assert all(one.how == "link" for one in found)


# --- put together


def test_one_paper_named_in_several_ways_is_one_mention() -> None:
    found = only(
        "RWKV is a network.",
        "RWKV: Reinventing RNNs for the Transformer Era",
        "It is at https://arxiv.org/abs/2305.13048; so is RWKV.",
    )
    assert found == PaperMention(
        "RWKV", "link", 1.0, 4, "arxiv:2305.13048", "RWKV: Reinventing RNNs for the Transformer Era"
    )


def test_the_surest_stand_first() -> None:
    found = mentions_of("LSTM, RMSNorm, RWKV, 《Layer Normalization》 and arXiv:1706.03762")
    assert [one.confidence for one in found] == [1.0, 0.95, 0.8, 0.7, 0.5]


def test_a_long_article_in_a_large_library_takes_less_than_two_seconds() -> None:
    papers = [
        make_paper(
            f"arxiv:2301.{number:05}", title=f"Net{number}X: Learning Deep Model {number} of Language with Attention"
        )
        for number in range(5000)
    ]
    index = PaperIndex.build([*papers, *PAPERS], IDEAS)
    line = "如《Attention Is All You Need》所说,Net17X 与 RWKV 不同,见 https://arxiv.org/abs/2301.00042 与“语言”。"
    article = ArticleText("标题", tuple(f"{line}{number}" for number in range(1000)), "zh-Hans")
    assert len(article.text.encode()) > 100_000
    began = time.process_time()
    found = find_mentions(article, index)
    assert time.process_time() - began < 2
    assert {one.key for one in found} == {AIAYN, "arxiv:2305.13048", "arxiv:2301.00042", "arxiv:2301.00017"}
