"""Whether words in quotation marks are the title of a paper that the library does not have. Pure.

Books, newspapers, films and the author's other articles stand in the same marks. In doubt it is no paper.
"""

import re
from typing import Literal

from kb.chinese import is_cjk

#: In what a title stands: 《》, other quotation marks, a line of its own.
Mark = Literal["book", "quote", "line"]

_SMALL = """
    a an the and or but nor for of in on to by at as is are be via with from into over than that its vs do does not
"""
SMALL_WORDS = frozenset(_SMALL.split())
"""What English titles write without a capital."""

_WORD = re.compile(r"[A-Za-z][\w'’-]*")
_SENTENCE_END = re.compile(r"[.。!！;；,，:：]$")
_PAPER = re.compile(
    r"论文|预印本|arxiv|发表于|发表在|收录于"
    r"|\b(?:papers?|preprint|et al|proceedings|published (?:in|at))\b",
    re.IGNORECASE,
)
_NO_PAPER = re.compile(
    r"电影|影片|小说|报纸|日报|晚报|时报|杂志|期刊|游戏|专辑|歌曲|纪录片|电视剧|一书|这本书|著作|课程|节目|播客"
    r"|博客|部落格|公众号|专栏|推文|帖子|系列文章"
    r"|\b(?:film|movie|novel|book|magazine|newspaper|album|song|podcast|blog|newsletter|course|series|show|game)\b",
    re.IGNORECASE,
)
#: The author speaks of another text of his own.
_OWN_TEXT = re.compile(
    r"(?:我|我们|笔者|作者本人)[^。！？]{0,12}(?:分享|写|发布|发表|整理|推荐)(?:了|过|的)?[^。！？论]{0,8}$"
    r"|(?:之前|此前|上一篇|前一篇|往期)[^。！？论]{0,8}(?:文章|推送|博文)[^。！？论]{0,4}$"
    r"|\b(?:my|our) (?:\w+ ){0,3}(?:article|post|essay|blog|newsletter|guide|talk)\W*$"
    r"|\bI (?:wrote|shared|published|posted)\b[^.]{0,20}$",
    re.IGNORECASE,
)
_PERIODICAL = re.compile(
    r"^(?:the )?(?:\w+ ){0,3}"
    r"(?:times|post|guardian|economist|journal|magazine|news|daily|weekly|tribune|herald|review|gazette|nature|science)$",
    re.IGNORECASE,
)
_SAYS_PAPER_BEFORE = re.compile(r"论文(?:题为|标题是|名为|叫做?)?[^。]{0,2}$")
_SAYS_PAPER_BEHIND = re.compile(r"(?:的|这篇|一)?篇?论文")
_OPENING, _CLOSING = '《“「『" ', '》”」』" '
#: How far around a title words tell what it is of.
_AROUND = 16
_LEAST_WORDS = 3
#: Share of the words of a title that have a capital, small words aside.
_CAPITALS = 0.7


def looks_like_title(text: str) -> bool:
    """Tell whether a text is written as English titles are: three words or more, capitals on all but small ones.

    Examples
    --------
    >>> looks_like_title("Transformers are RNNs"), looks_like_title("the model is large")
    (True, False)
    """
    words = _WORD.findall(text)
    if len(words) < _LEAST_WORDS or is_cjk(text) or _SENTENCE_END.search(text) or not words[0][0].isupper():
        return False
    large = [word for word in words if word.lower() not in SMALL_WORDS]
    return len(large) > 1 and sum(word[0].isupper() for word in large) >= _CAPITALS * len(large)


def rate_unlisted(folded: str, start: int, end: int, *, mark: Mark, year: int | None = None) -> float:
    """Return how surely what stands at a place of a text is the title of a paper, 0 where nothing says so.

    Parameters
    ----------
    folded     : a paragraph in simplified characters
    start, end : of the title, its quotation marks left out
    year       : that stands in brackets behind it
    """
    title = folded[start:end]
    before = folded[max(0, start - 2 * _AROUND) : start].rstrip(_OPENING)
    behind = folded[end : end + _AROUND].lstrip(_CLOSING)
    beside = f"{before[-_AROUND:]} {behind}"
    is_paper = bool(_PAPER.search(beside))
    if _OWN_TEXT.search(before) or (_NO_PAPER.search(beside) and not is_paper):
        return 0.0
    if is_cjk(title):
        # A Chinese title is a paper's only where the text says so right beside it.
        says_so = _SAYS_PAPER_BEFORE.search(before) or _SAYS_PAPER_BEHIND.match(behind)
        return 0.5 if mark == "book" and says_so else 0.0
    if not looks_like_title(title) or _PERIODICAL.match(title):
        return 0.0
    if mark == "line":
        return 0.5 if year else 0.0
    if year or is_paper:
        return 0.6 if mark == "quote" and not year else 0.8
    return 0.5 if mark == "book" else 0.0
