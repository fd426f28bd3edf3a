"""Which words of a question say what is looked for, and which only ask. Pure."""

import re

_STOP = """
    a about after all also an and any are as at be been before between both but by can could did do does done each
    for from had has have he her his how i if in into is it its itself me more most my no nor not of on only or other
    our out over please she should so some such tell than that the their them then there these they this those through
    to under up use used uses using very via was we were what when where whether which while who whom whose why will
    with within would you your
"""
STOP_WORDS = frozenset(_STOP.split())
"""Words without a meaning of their own: never searched, unless a query holds nothing else."""

_ASK = """
    article articles author authors came come comes compare compared define definition describe difference differences
    differ explain explained find first idea ideas invent invented inventor introduce introduced introduces
    introducing list mean meaning means origin originate originated originates paper papers propose proposed proposes
    proposing publication related relation relationship show versus vs work works wrote
"""
ASKING_WORDS = frozenset(_ASK.split())
"""Words that ask for an author, a date or a comparison: a text need not hold them."""

_ASK_CHINESE = """
    为什么 有什么区别 有什么关系 有何区别 有何不同 有哪些 是什么意思 什么是 是什么 是谁 是怎么 是如何 之间的 什么
    哪些 哪个 哪篇 谁 怎么 怎样 如何 为何 何时 提出的 发明的 提出 发明 最早 首次 论文 文章 作者 关系 区别 联系
    比较 差异 介绍 解释 定义 原理 关于 以及 之间 请问 一下 有关 和 与 及 或 的 了 是 吗 呢
"""

# In Chinese words are not set apart: these are cut out of what the glossary leaves over, the longest first. Single
# characters that stand inside many words (对 in 对齐, 中 in 中文) are left alone.
_ASKING = re.compile("|".join(sorted(map(re.escape, _ASK_CHINESE.split()), key=len, reverse=True)))


def cut_asking(run: str) -> list[str]:
    """Return what is left of a run of Chinese without the words that only ask.

    Examples
    --------
    >>> cut_asking("是谁发明的")
    []
    >>> cut_asking("稀疏激活是什么")
    ['稀疏激活']
    """
    return [part for part in _ASKING.split(run) if part]


def is_asking(word: str) -> bool:
    """Tell whether a folded English word only asks."""
    return word in STOP_WORDS or word in ASKING_WORDS
