"""The text of an article: decoded, mended, and without what stands around it."""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.article_text import parse_article, tell_language
from ingest.articles.blocks import read_blocks
from ingest.articles.bylines import read_byline
from ingest.articles.decoding import decode_text, is_html
from ingest.articles.furniture import Sort, sort_line
from ingest.articles.mending import count_lost, mend_encoding, mend_text
from ingest.articles.plain import read_plain
from kb.chinese import to_simplified
from kb.errors import KBError, MalformedDataError
from kb.records import ArticleText

Read = Callable[[str], ArticleText]
SENTENCE = "Linear attention keeps a matrix for its state, and reads from it with the query."


@pytest.fixture
def read(recorded: Path) -> Read:
    """Parse one of the articles that are part of this repository."""
    return lambda name: parse_article((recorded / "articles" / name).read_bytes(), name)


def parse(text: str, name: str = "note.txt") -> ArticleText:
    return parse_article(text.encode(), name)


# --- pages


def test_a_page_gives_its_text_and_nothing_else(read: Read) -> None:
    found = read("recurrence-returns.en.html")
    assert found.paragraphs == (
        "Softmax attention compares each token with every earlier one, as Attention Is All You Need proposed. The"
        " price is quadratic in the length of the text.",
        "There are ways out.",
        "One line of work",
        "In 2020 the authors of “Transformers are RNNs” (PDF) replaced the softmax by a product of features.",
        "What is left is a recurrent network with a matrix for its state.",
        "There are ways out.",
        "There are ways out.",
        "RWKV keeps a vector for each channel and lets it decay.",
        "RetNet decays the whole matrix by one factor a head.",
        "Mamba chooses what to keep by the input.",
        "Model | State",
        "LSTM | a vector",
        "The bidirectional encoders, BERT and RoBERTa, never had this problem, since they write no text.",
        "Not in any library of mine yet: Transformers are SSMs: Generalized Models and Efficient Algorithms Through"
        " Structured State Space Duality, and the reviews of that very paper.",
        "state = decay * state + outer(key, value)",
        "The code is on GitHub; I said more in a thread.",
    )
    assert {"Home", "2 Comments", "Agreed, and do not forget Performer.", "Related posts"} <= set(found.left_out)
    assert not any("script" in line for line in (*found.paragraphs, *found.left_out))


def test_a_page_says_who_wrote_it_when_and_where(read: Read) -> None:
    found = read("recurrence-returns.en.html")
    assert (found.title, found.site, found.authors) == ("Recurrence returns", "Gradient Notes", ("Ada Quill",))
    assert found.published_on == date(2024, 2, 11)
    assert found.url == "https://gradient-notes.example/recurrence-returns"
    assert (found.language, found.repaired, found.lost) == ("en", 0, 0)


def test_links_of_text_and_captions_are_kept_with_their_words(read: Read) -> None:
    found = read("recurrence-returns.en.html")
    links = dict(zip(found.links, found.link_texts, strict=True))
    assert links["https://arxiv.org/abs/1706.03762v5"] == "Attention Is All You Need"
    assert links["https://arxiv.org/abs/2102.11174"] == "the paper on fast weights"
    assert "https://arxiv.org/abs/2004.05150" not in links


def test_a_page_in_gb18030_that_calls_itself_gb2312(read: Read) -> None:
    found = read("challengers.zh-hans.html")
    assert (found.title, found.site, found.authors) == ("循环网络又回来了", "矩阵科技网", ("林墨",))
    assert (found.language, found.published_on) == ("zh-Hans", date(2024, 1, 5))
    assert [one[:8] for one in found.paragraphs] == [
        "2017年，谷歌",
        "一年后的BERT",
        "改变从“线性”开",
        "RWKV沿着这条",
        "感兴趣的读者还可",
        "最新的论文《Re",
    ]
    out = "\n".join(found.left_out)
    assert all(
        one in out for one in ("当前位置", "图1：注意力的开销", "责任编辑", "相关阅读", "Linformer", "版权所有")
    )


def test_the_same_page_read_twice_is_the_same(read: Read) -> None:
    assert read("recurrence-returns.en.html") == read("recurrence-returns.en.html")


@pytest.mark.parametrize("page", ["<p>{}</p>", "<div><p>{}</div>", "<html><body>{}", "<!-- x --><article><p>{}<p>"])
def test_parts_of_pages_and_pages_that_are_not_closed(page: str) -> None:
    assert parse(page.format(SENTENCE)).paragraphs == (SENTENCE,)


def test_blocks_know_where_they_stand() -> None:
    page = """<div class="share-buttons">Share <a href="https://x.example/a">this</a></div><p>One<p>Two
        <a href="https://arxiv. org/abs/1706.03762">three</a><![if !IE]><figure><figcaption>Four</figure><td>a<td>b"""
    blocks = read_blocks(page)
    assert [(one.text, one.is_furniture, one.is_caption) for one in blocks] == [
        ("Share this", True, False),
        ("One", False, False),
        ("Two three", False, False),
        ("Four", False, True),
        ("a | b", False, False),
    ]
    assert blocks[2].links == (("https://arxiv.org/abs/1706.03762", "three"),)


# --- plain text


def test_plain_text_without_navigation_comments_and_the_width_it_was_cut_at(read: Read) -> None:
    found = read("a-reading-list.en.txt")
    assert found.title == "A reading list on long contexts"
    assert (found.authors, found.published_on, found.language) == (("Ada Quill",), date(2024, 3, 3), "en")
    assert found.paragraphs[0] == (
        "Every few months somebody asks me where to begin with models of long texts. This is the list that I send; it"
        " is short on purpose, and the order is the one in which I would read."
    )
    assert found.paragraphs[2] == "1. Attention Is All You Need (2017)"
    assert found.paragraphs[-1].startswith("None of this needs the delta rule")
    assert len(found.paragraphs) == 7
    out = "\n".join(found.left_out)
    assert all(one in out for one in ("Figure 2", "Share this", "Related posts", "a year of writing", "Big Bird"))


def test_traditional_text_is_freed_from_readings_and_spaces(read: Read) -> None:
    found = read("fast-weights.zh-hant.txt")
    assert found.title == "快速權重的舊事與新篇"
    assert found.paragraphs[0].startswith("三十年前的想法為什麼又有人讀?")
    assert "鍵(key) 和值(value) 的說法要到後來才有,FROM 與TO 就是它們。" in found.paragraphs[1]
    assert found.paragraphs[2].startswith("Learning to Control Fast-Weight Memories")
    assert found.links[0].endswith(
        "/Learning-to-Control-Fast-Weight-Memories:-An-to-Schmidhuber/" + "bc22e87a26d020215afe91c751e5bdaddd8e4922"
    )
    assert found.links[1:] == ("https://arxiv.org/abs/2102.11174", "https://arxiv.org/abs/1610.06258")
    assert (found.language, found.lost) == ("zh-Hant", 1)
    assert len(found.left_out) == 3


def test_a_title_in_the_closing_line_or_in_the_name_of_the_file() -> None:
    prose = "循环网络用一个状态记住过去，注意力则把过去全都留着，每一步都重新看一遍，这就是两者的差别所在，别无其他。"
    assert (
        parse(f"{prose}\n以上是循环网络与注意力的详细内容，更多请关注某某网其他相关文章！").title
        == "循环网络与注意力"
    )
    assert parse(prose, "notes-on_recurrence.zh.txt").title == "notes on recurrence"


def test_headings_that_stand_apart_tell_captions_from_headings() -> None:
    prose = SENTENCE + " " + SENTENCE
    text = f"The title\n\n{prose}\n\n\nOne heading\n\n\n{prose}\n\nA frog\n\n{prose}\n\n\nAnother\n\n\n{prose}"
    found = parse(text)
    assert found.paragraphs == (prose, "One heading", prose, prose, "Another", prose)
    assert found.left_out == ("A frog",)


def test_words_of_navigation_amid_the_text_are_headings() -> None:
    prose = SENTENCE + " " + SENTENCE
    assert "Search" in parse(f"The title of it\n\n{prose}\n\nSearch\n\n{prose}").paragraphs


def test_lines_that_are_no_paragraph_are_not_joined() -> None:
    lines = [f"{number}. {SENTENCE}" for number in range(3)]
    assert [line.text for line in read_plain("\n".join(lines))] == lines
    assert [line.text for line in read_plain("一行\n又一行")] == ["一行", "又一行"]


@pytest.mark.parametrize(
    ("line", "sort"),
    [
        ("1. 点击右上角的", Sort.STRONG),
        ("App打开", Sort.STRONG),
        ("转载", Sort.WEAK),
        ("381 天前", Sort.STRONG),
        ("4779", Sort.WEAK),
        ("64x64", Sort.WEAK),
        ("文章轉載來源:硅星人", Sort.STRONG),
        ("图片来源:由无界 AI生成", Sort.CAPTION),
        ("圖註:圖源 https://arxiv.org/abs/2112.11446", Sort.CAPTION),
        ("更多資訊請關注某某網其他相關文章!", Sort.STRONG),
        ("更 火 的 区 块 链 资 讯", Sort.WEAK),
        ("长按图片转发给朋友", Sort.STRONG),
        ("网友评论", Sort.COMMENTS),
        ("猜你喜欢", Sort.RELATED),
        ("This site uses cookies to serve you better.", Sort.STRONG),
        ("12 likes", Sort.STRONG),
        ("Subscribe to our newsletter", Sort.STRONG),
        ("Leave a comment", Sort.COMMENTS),
        ("Related posts", Sort.RELATED),
        ("###", Sort.STRONG),
        ("Further reading", Sort.TEXT),
        ("本文的观点是:状态有限,就抄不了长文章。", Sort.TEXT),
        ("Figure 1 shows how the cost grows with the length.", Sort.TEXT),
        ("Share of parameters in the embedding", Sort.TEXT),
        ("Discussion", Sort.TEXT),
        ("评论家们说,这一步走得太早,论文里的实验也还太少,要等后来的人把它做大,才看得出好坏来。", Sort.TEXT),
    ],
)
def test_what_a_line_is_by_itself(line: str, sort: Sort) -> None:
    assert sort_line(line) is sort


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("发布于 2024年1月5日", date(2024, 1, 5)),
        ("Updated on Mar. 3rd, 2024", date(2024, 3, 3)),
        ("31 December 2023", date(2023, 12, 31)),
        ("2024-13-45", None),
    ],
)
def test_days_in_several_spellings(line: str, day: date | None) -> None:
    assert read_byline([line]).published_on == day


# --- characters


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030", "big5hkscs"])
def test_an_encoding_is_told_by_the_bytes(encoding: str) -> None:
    text = "這是一篇關於線性注意力的文章,我們在其中看到了模型的狀態。" * 4
    text = to_simplified(text) if encoding == "gb18030" else text
    assert decode_text(text.encode(encoding), "x") == text


def test_two_bytes_a_character_without_a_mark() -> None:
    assert decode_text("Attention is a sum.".encode("utf-16-le"), "x") == "Attention is a sum."
    assert decode_text("Attention is a sum.".encode("utf-16-be"), "x") == "Attention is a sum."


def test_western_text_is_not_taken_for_chinese() -> None:
    assert decode_text("A naïve “reading” of a café".encode("cp1252"), "x") == "A naïve “reading” of a café"


def test_a_wrong_declaration_does_not_spoil_valid_text() -> None:
    page = "<meta charset=gb2312><p>注意力机制</p>"
    assert decode_text(page.encode(), "x") == page
    assert decode_text(page.encode("gb18030"), "x") == page


def test_damage_in_places_stays_and_is_counted() -> None:
    cut = "注意力机制是这样的。".encode() * 20
    found = parse_article(cut[:100] + b"\xff" + cut[100:-1], "x")
    assert found.lost >= 2
    assert "�" in found.text


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_utf8_that_was_read_as_something_else(encoding: str) -> None:
    raw = "Étude de l’attention: 注意力机制。".encode()
    wrong = (
        raw.decode("latin-1")
        if encoding == "latin-1"
        else "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in raw)
    )
    mended = mend_encoding(f"plain\n{wrong}\nnaïve “as it is”")
    assert mended.text.split("\n") == ["plain", raw.decode(), "naïve “as it is”"]
    assert mended.places > 0


@pytest.mark.parametrize(
    ("garbled", "mended"),
    [
        ("團(tuán)隊", "團隊"),
        ("導（dǎo）致", "導致"),
        (",F(xiàn)ROM", ",FROM"),
        ("「鍵(key) 和值(value)」", "「鍵(key) 和值(value)」"),
        ("論文 (2020) 左(left) 圖(左)", "論文 (2020) 左(left) 圖(左)"),
        ("他(he)和我(me)", "他(he)和我(me)"),
        ("彧(yù)字讀作", "彧(yù)字讀作"),
        ("caf(é)s", "caf(é)s"),
        ("https://arxiv. org/abs/2009.14794", "https://arxiv.org/abs/2009.14794"),
        ("https: //arxiv.org /abs/ 2009.14794", "https://arxiv.org/abs/2009.14794"),
        ("https://people.idsia.ch// ~juergen/x.html", "https://people.idsia.ch//~juergen/x.html"),
        ("See https://arxiv.org/ for more. It is", "See https://arxiv.org/ for more. It is"),
        ("at https://a.example.com. In/out", "at https://a.example.com. In/out"),
        ("Bahdanau &amp; Cho", "Bahdanau & Cho"),
        ("soft\u00admax\u200b is\u00a0it", "softmax is it"),
    ],
)
def test_what_is_garbled_is_mended_and_nothing_else(garbled: str, mended: str) -> None:
    found = mend_text(garbled)
    assert found.text == mended
    assert bool(found.places) == (garbled != mended) or "\u200b" in garbled


def test_readings_without_a_tone_go_only_from_a_text_with_many_of_the_others() -> None:
    garbled = "團(tuán)隊構(gòu)想發(fā)布"
    assert mend_text("方法(fa)").text == "方法(fa)"
    assert mend_text(f"方法(fa)和我(me){garbled}").text == "方法和我(me)團隊構想發布"


def test_lost_characters_are_not_question_marks() -> None:
    assert count_lost("風格和詞??;還有 � 與 ��") == 3
    assert count_lost("真的嗎?? Really??") == 0


def test_source_of_a_page_is_told_from_text_about_it() -> None:
    assert is_html("\n<!DOCTYPE html><html>")
    assert is_html("<p>one")
    assert not is_html("A <div> is a block, and so is <p>.")
    assert not is_html("<3 is a heart")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (SENTENCE, "en"),
        ("线性注意力是一种循环网络，它的状态是矩阵", "zh-Hans"),
        ("線性注意力是一種循環網路，它的狀態是矩陣", "zh-Hant"),
        ("線性注意力是一種循環網路，它的狀態是矩陣。线性注意力是一种循环网络，它的状态是矩阵。", "mixed"),
        (f"{SENTENCE} 线性注意力是循环网络", "mixed"),
        ("", "en"),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert tell_language(text) == language


# --- what is no article


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \n\n", "no text of an article"),
        (b"%PDF-1.7 and so on", "a PDF"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"PK\x03\x04word/document.xml", "office document"),
        (bytes(range(256)) * 4, "encoding"),
        (b"Home\nAbout\n\n4779\n64x64\n", "only navigation"),
        (b"<html><body><nav>Home</nav></body></html>", "only navigation"),
    ],
)
def test_what_is_no_article_is_refused_in_one_line(content: bytes, words: str) -> None:
    with pytest.raises(MalformedDataError, match=words) as caught:
        parse_article(content, "some-file.txt")
    message = str(caught.value)
    assert message.startswith("some-file.txt ")
    assert "\n" not in message


@pytest.mark.parametrize("name", ["empty.txt", "nothing-but-navigation.html"])
def test_recorded_files_without_an_article(read: Read, name: str) -> None:
    with pytest.raises(MalformedDataError, match=name):
        read(name)


FRAGMENTS = (
    *(
        "<p>",
        "</p>",
        "<div class=x>",
        "</div>",
        "<a href='https://arxiv.org/abs/1706.03762'>",
        "</a>",
        "<![CDATA[",
        "<!--",
    ),
    *(
        "<script>",
        "</script>",
        "<table><td>",
        "<html>",
        "<h1>",
        "&#0;",
        "&#xD800;",
        "\x00",
        "RWKV. ",
        "注意力机制。",
        "<svg>",
    ),
    *(
        "<meta charset=big5>",
        "<base href='http://['>",
        '<?xml version="1.0" encoding="utf-8"?>',
        "团(tuán)队",
        "《",
        "“",
        "\n",
    ),
)


@settings(max_examples=80, deadline=None)
@given(
    st.binary(max_size=300)
    | st.lists(st.sampled_from(FRAGMENTS), max_size=40).map(lambda some: "".join(some).encode())
)
def test_any_bytes_are_an_article_or_a_mistake_with_a_name(content: bytes) -> None:
    try:
        found = parse_article(content, "some-file")
    except KBError:
        return
    assert found.paragraphs
    assert found.title
    assert len(found.links) == len(found.link_texts)


@settings(max_examples=200)
@given(st.text())
def test_simplified_characters_stand_in_the_same_places(text: str) -> None:
    assert len(to_simplified(text)) == len(text)


@given(st.text(alphabet="團隊構想發布(tuángòukey),. ACĝé", max_size=60))
def test_mending_twice_changes_nothing_more(text: str) -> None:
    once = mend_text(text).text
    assert mend_text(once).text == once or "(" in once


def test_a_long_page_is_read_in_less_than_two_seconds(recorded: Path) -> None:
    page = (recorded / "articles" / "recurrence-returns.en.html").read_text("utf-8")
    start, end = page.index("<p>Softmax"), page.index("</article>")
    body = "".join(page[start:end].replace("There are", f"Number {number} of") for number in range(120))
    content = (page[:start] + body + page[end:]).encode()
    assert len(content) > 200_000
    parse_article(content[:1000], "warm-up")
    began = time.process_time()
    found = parse_article(content, "long")
    assert time.process_time() - began < 2
    assert len(found.paragraphs) > 1500


def test_nobody_who_reads_no_page_loads_trafilatura() -> None:
    code = (
        "import ingest, ingest.article_text, sys; ingest.article_text.parse_article(b'RWKV is a network. ' * 9, 'x')"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; print('trafilatura' in sys.modules)"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
