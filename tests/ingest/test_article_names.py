"""Names of models in running text, and where a library's names come from."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.article_mentions import PaperIndex
from ingest.articles.shapes import tell_shape
from ingest.articles.words import fold, fold_words
from kb.records import Paper
from tests.factories import make_paper
from tests.ingest.article_library import LSTM, mentions_of, only

# --- names


@pytest.mark.parametrize(
    ("text", "key", "confidence"),
    [
        ("RWKV结合了两者", "arxiv:2305.13048", 0.8),
        ("华为的盘古π模型", "arxiv:2312.17276", 0.7),
        ("華為的盤古 π 模型", "arxiv:2312.17276", 0.7),
        ("PanGu-Pi and PanGu-π", "arxiv:2312.17276", 0.8),
        ("MosaicBERT-Base is small", "arxiv:2312.17482", 0.8),
        ("RWKV-7B is a size", "arxiv:2305.13048", 0.8),
        ("ULMFit has another capital", "arxiv:1801.06146", 0.7),
        ("LSTMs have a plural", LSTM, 0.5),
        ("GPT4 and GPT -4", "arxiv:2303.08774", 0.8),
        ("Distil-RoBERTa is another one's", "arxiv:1907.11692", 0.4),
        ("Gemini, a model of Google's", "arxiv:2312.11805", 0.5),
        ("Mamba is long", "arxiv:2312.00752", 0.4),
        ("The gated linear unit (GLU)", "arxiv:1612.08083", 0.5),
        ("Hyena is a long convolution", "arxiv:2302.10866", 0.5),
    ],
)
def test_names_of_models(text: str, key: str, confidence: float) -> None:
    found = only(text)
    assert (found.key, found.how, found.confidence) == (key, "name", confidence)


@pytest.mark.parametrize(
    "text",
    [
        "They bert and robertly.",
        "DeBERTa and MBERT and BERTology.",
        "A residual connection and a RESIDUAL one.",
        "FlashAttention-3 is another one's, and so are RWKV-5, RWKV 6 and GPT-4o.",
        "The hyena laughed at the Hyena.",
        "The word GLU and the letters LN.",
        "线性注意力、自注意力机制与生成式预训练都是想法,不是论文。",
        "linear attention, self-attention and augmented shortcuts are ideas",
        "α and π and Δ are letters",
    ],
)
def test_what_is_no_name_of_a_paper(text: str) -> None:
    assert not mentions_of(text)


def test_the_longest_name_wins_and_versions_are_told_apart() -> None:
    assert {one.key for one in mentions_of("FlashAttention and FlashAttention-2")} == {
        *("arxiv:2205.14135", "arxiv:2307.08691")
    }
    assert only("FlashAttention-2 alone").key == "arxiv:2307.08691"
    assert {one.key for one in mentions_of("GPT-3/4 models")} == {"arxiv:2005.14165", "arxiv:2303.08774"}


def test_shapes_of_names() -> None:
    names = (
        "xLSTM",
        "GPT-2",
        "S4",
        "word2vec",
        "盘古π",
        "Pre-LN",
        "GPT-J",
        "RWKV",
        "Elman 网络",
        "top-2 routing",
        "n 元模型",
    )
    assert [tell_shape(name) for name in names] == ["camel"] * 7 + ["short", "capital", "", ""]
    assert tell_shape("Linear attention", is_heading=True) == ""


# --- the index


def test_a_name_of_two_papers_is_the_earlier_ones_and_less_sure() -> None:
    papers = [
        make_paper("arxiv:2301.00002", title="NET-X: Another Thing", year=2023),
        make_paper("arxiv:2201.00001", title="NET-X: A Thing", year=2022),
    ]
    found = mentions_of("NET-X is a model.", index=PaperIndex.build(papers, []))
    assert [(one.key, one.confidence) for one in found] == [("arxiv:2201.00001", 0.6)]


def test_a_work_without_a_paper_bears_its_name_before_a_paper_does() -> None:
    papers: list[Paper] = [
        make_paper("arxiv:2301.00002", title="ChatThing: A Review", year=2020),
        make_paper("key:chatthing", title="ChatThing", year=2022, kind="model"),
    ]
    found = mentions_of("ChatThing is a model.", index=PaperIndex.build(papers, []))
    assert [(one.key, one.confidence) for one in found] == [("key:chatthing", 0.8)]


def test_a_word_that_the_library_uses_is_no_name() -> None:
    papers = [
        make_paper("arxiv:2301.00001", title="Flamingo: A Model", summary="It sees."),
        make_paper("arxiv:2301.00002", title="Primer: A Model", summary="A primer on models; the drop in loss."),
        make_paper("arxiv:2301.00003", title="DROP: A Benchmark"),
    ]
    index = PaperIndex.build(papers, [])
    assert [one.key for one in mentions_of("Flamingo and Primer and DROP.", index=index)] == ["arxiv:2301.00001"]
    assert "arxiv:2301.00003" in {one.key for one in mentions_of("Its model, DROP, works.", index=index)}


def test_an_empty_library_still_has_addresses_and_titles() -> None:
    index = PaperIndex.build([], [])
    found = mentions_of("论文《Attention Is All You Need》, RWKV, arXiv:2305.13048", index=index)
    assert [(one.key, one.title) for one in found] == [
        ("arxiv:2305.13048", ""),
        ("", "Attention Is All You Need"),
    ]


def test_folding_keeps_places() -> None:
    text = "ＲＷＫＶ與𝜋、ﬁ盤古"
    assert len(fold(text)) == len(text)
    assert fold(text).startswith("RWKV与π")
    assert fold_words("Naïve PanGu-π") == ("naive", "pangu", "pi")


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [*'《》“”"()-/ 2a。', "GPT", "RWKV", "盘古π", "Attention Is All You Need", "arXiv:1706.03762"]
        )
    )
)
def test_whatever_a_text_is_made_of_its_mentions_are_sound(pieces: list[str]) -> None:
    text = "".join(pieces)
    found = mentions_of(text)
    assert len({one.key or one.title for one in found}) == len(found)
    assert all(0 < one.confidence <= 1 and one.count > 0 and one.named in text for one in found)
    assert [one.confidence for one in found] == sorted((one.confidence for one in found), reverse=True)
