"""Lines that are no text: navigation, counters, buttons, notices, captions, and where comments begin. Pure.

A line is judged in simplified characters and lower case. ``STRONG`` ones are furniture wherever they stand; ``WEAK``
ones (a date, a number, "Search") may be a heading as well, and are furniture only at the edges of a text or beside
other furniture.
"""

import re
import unicodedata
from enum import Enum

from kb.chinese import CJK, is_cjk, to_simplified


class Sort(Enum):
    """What a line is, as far as it tells by itself."""

    STRONG = "strong"
    WEAK = "weak"
    CAPTION = "caption"
    COMMENTS = "comments"
    """Everything behind it was written by readers."""
    RELATED = "related"
    """A list of other articles follows."""
    TEXT = "text"


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


#: Longer lines than this, a Chinese character counting as two, are text whatever words they hold.
_LONGEST = 240
_SHORT = 60

_CAPTION = _any(
    r"(?:图|表|插图|附图)\s*\d+[a-z]?\s*[:：.、丨|](?!\d)",
    r"(?:图示|图注|图片|图源|图解|图说|题图|配图|封面图|图表|表注|图|▲|△)(?:来源)?\s*[:：▲△]",
    r"(?:[▲△])\s*\S",
    r"(?:figure|fig\.?|table|image|photo|illustration|chart)\s*\d+[a-z]?\s*[:.|–—]\s",
    r"(?:image|photo|picture|figure|illustration|chart|graphic|credit|cover)s?\s*(?:source|credits?|by|courtesy|from)\b.{0,80}$",
    r"(?:source|credits?)\s*:\s*\S.{0,60}$",
)
_COMMENTS = _any(
    r"(?:网友|全部|最新|热门|精彩|用户|读者)?评论(?:区|列表)?\s*[(（]?\s*\d*\s*(?:条|个)?\s*[)）]?\s*[:：]?$",
    r"\d+\s*(?:条|个)(?:网友)?(?:评论|回复|留言)$",
    r"(?:发表|写下|添加|提交|我要|写)(?:你的|您的)?(?:评论|留言|看法)",
    r"(?:暂无评论|我来说两句|抢沙发|参与讨论)",
    r"(?:leave|add|post|write|submit)\s+(?:a|your)\s+(?:comment|reply|response)\b",
    r"(?:\d+|no|one)\s+(?:comments?|responses?|replies|thoughts?\s+on\b.*)$",
    r"(?:(?:user|reader)?\s*comments?\s*(?:[(\[]\s*\d+\s*[)\]])?|responses\s*[(\[]\s*\d+\s*[)\]])\s*:?$",
)
_RELATED = _any(
    r"(?:相关|推荐|热门|更多|最新|往期|精选|猜你|其他|热点)(?:阅读|文章|推荐|内容|新闻|资讯|喜欢|热门|精彩|回顾|话题|标签)"
    r"\s*(?:推荐)?\s*[:：]?$",
    r"(?:related|recommended|recent|popular|latest|similar|more|other|trending|featured)\s+"
    r"(?:posts?|articles?|stories|reads|news|content|from\b.*|like this)\s*:?$",
    r"you\s+(?:may|might)\s+(?:also\s+)?(?:like|enjoy|be interested in)\b",
    r"(?:read|see)\s+(?:more|next|also)\s*:?$",
    r"(?:keep reading|what to read next|up next|most (?:read|popular))\s*:?$",
)
_STRONG = _any(
    # What an app puts around the text that is shared from it.
    r"由于.{1,8}限制了第三方",
    r"(?:\d+\s*[.、)]\s*)?(?:请)?(?:点击右上角|选择?在?浏览器(?:中)?打开|在浏览器中?打开)",
    r"(?:app|客户端)(?:内|中)?打开",
    r"(?:打开|下载|安装)(?:\S{1,8})?(?:app|客户端)(?!.*[。])",
    r"(?:请)?(?:长按|扫码|扫一扫|扫描)(?:图片|识别|二维码|下方|上方|关注|下载|添加|转发|加)",
    r"分享(?:自|到|至|给)\s*\S{0,30}$",
    r"(?:点击|戳).{0,12}(?:阅读原文|查看原文|查看更多|蓝字|关注|下载|订阅).{0,12}$",
    r"(?:欢迎|请|记得)?(?:关注|订阅|添加)(?:我们|公众号|微信|本站|\S{0,12}公众号|\S{0,12}微信号)",
    r".{0,60}(?:更多|其[他它]相关).{0,12}(?:请|敬请|欢迎)(?:继续)?(?:关注|访问|收藏|搜索)",
    r"以上(?:就)?是.{2,120}的(?:详细|全部|完整)?内容",
    r"(?:点赞|在看|收藏|转发|评论|阅读|浏览|播放|喜欢|赞|分享|踩|打赏|赞赏|举报|纠错)(?:数|量)?\s*[:：(（|]?\s*\d[\d.,]*\s*[万wk+]?\s*[)）]?$",
    r"\d[\d.,]*\s*[万wk+]?\s*(?:次|人|个)?(?:点赞|在看|收藏|转发|评论|阅读|浏览|播放|喜欢|赞|分享|人?阅读过?)$",
    r"\d+\s*(?:秒|分钟|小时|天|日|周|星期|个?月|年)(?:以)?前$",
    # Where a text comes from.
    r"(?:文章|图片|内容|稿件|本文|资料|新闻|信息|视频|数据)?(?:转载|原文)?(?:来源|来自|转自|出处|转载自|首发于|首发)\s*[:：]",
    r"(?:原文|本文)?(?:链接|地址|标题)\s*[:：]\s*$",
    r"(?:责任?编辑|责编|编辑|编译|整理|撰文|出品|校对|排版|审核|监制|采写|记者|翻译|译者)\s*[:：|丨/／]\s*\S{1,20}$",
    r".{0,40}(?:不得转载|谢绝转载|授权转载|版权归.{1,20}所有|(?:不|仅)代表.{0,12}(?:观点|立场)|侵权.{0,8}(?:删除|联系|必究))",
    r"(?:声明|免责声明|版权声明|风险提示)\s*[:：]",
    r".{0,40}(?:版权所有|icp备|icp证|公网安备|保留所有权利)",
    r"(?:当前位置|您的位置|你的位置|您现在的位置|所在位置)\s*[:：]",
    r"\S{0,8}(?:首页|主页)\s*[>›»/|-]",
    r"(?:文章|本文|该文)?(?:已)?被?收录于\s*\S{0,6}(?:专栏|专题|合集|话题)",
    # The same in English.
    r"(?:we|(?:this|our) (?:web)?site|by (?:continuing|using)|to (?:give|improve|provide)).{0,80}\bcookies?\b",
    r"(?:accept|reject|allow|manage|decline)(?: all)?(?: cookies?| preferences| settings)?$",
    r".{0,30}\bcookies? (?:policy|settings|notice|preferences|consent)\b",
    r"(?:subscribe|sign up)\b.{0,80}(?:newsletter|mailing list|inbox|e-?mail|updates|rss|feed|channel|now|today)\b",
    r"join\b.{0,60}(?:newsletter|mailing list|channel|other (?:readers|subscribers))\b",
    r"subscribe\W*$",
    r"(?:get|receive)\b.{0,60}\b(?:inbox|newsletter|by e-?mail)\b",
    r"(?:share|tweet|pin|post) (?:this|on|it|via|to)\b.{0,40}$",
    r"(?:follow|find|like) (?:us|me|@\w+)(?: on)?\b.{0,40}$",
    r"\d[\d.,]*\s*[km]?\s*(?:comments?|likes?|shares?|views?|claps?|reads?|upvotes?|points?|followers|retweets|reactions?)$",
    r"\d+\s*[-–]?\s*(?:min(?:ute)?s?)\s*(?:read|to read)?$",
    r"\d+ (?:seconds?|minutes?|hours?|days?|weeks?|months?|years?) ago$",
    r"(?:posted|filed|tagged|published|listed) (?:in|under|as|with)\b.{0,80}$",
    r"(?:tags?|categor(?:y|ies)|topics?|labels?|filed under|标签|分类|关键[词字])\s*[:：].{0,120}$",
    r"(?:continue reading|read the full|(?:click|tap) (?:here|to)|(?:skip|jump) to|back to (?:the )?top)\b.{0,60}$",
    r"(?:advertisement|sponsored(?: content| post)?|广告|推广|ad)\W*$",
    r"(?:©|\(c\)|copyright\b).{0,120}$",
    r".{0,60}\ball rights reserved\b",
    r"(?:privacy policy|terms of (?:use|service)|terms (?:and|&) conditions)\b.{0,60}$",
    r"(?:powered by|built with|hosted (?:on|by)|theme by|made with)\b.{0,40}$",
    r"(?:please )?(?:enable javascript|log ?in to|sign in to|register to)\b.{0,60}$",
    r"loading(?:\W*$| \[mathjax\])",
)
_NAVIGATION = """
    home about about_us contact contact_us archive archives blog posts articles search menu login log_in sign_in
    sign_up register rss feed twitter facebook linkedin reddit telegram whatsapp youtube github mastodon weibo email
    print share tweet save follow like reply permalink next previous newer older next_post previous_post next_article
    previous_article more read_more show_more see_more table_of_contents contents edit report close ok accept cancel
    submit tags categories faq help privacy terms imprint disclaimer newsletter donate shop careers press download
    首页 主页 返回 返回首页 返回顶部 登录 注册 搜索 菜单 导航 目录 举报 转载 原创 正文
    上一篇 下一篇 上一页 下一页 分享 收藏 点赞 回复 关注 赞 在看 打印 字号 大 中 小
    关于 关于我们 联系我们 联系方式 版权声明 免责声明 隐私政策 使用条款 网站地图 友情链接 加入我们 广告合作
    更多 查看更多 加载更多 展开 展开全文 收起 阅读全文 阅读原文 微信 微博 朋友圈 复制链接 二维码 下载
    快讯 新闻 资讯 博客 专栏 人工智能 科技
"""
_NAVIGATION_WORDS = frozenset(word.replace("_", " ") for word in _NAVIGATION.split())
_DATE = r"\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?"
_WEAK = _any(
    r"[\d.,:\s]+\s*[万wk+]?$",
    r"\d+\s*[x×*]\s*\d+$",
    rf"(?:发布|发表|更新|编辑)?(?:时间|日期|于)?\s*[:：]?\s*{_DATE}.{{0,40}}$",
    r"(?:(?:last )?(?:updated|published|posted|modified)(?: on)?:?\s+)?"
    r"(?:[a-z]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}|\d{1,2}(?:st|nd|rd|th)? [a-z]{3,9}\.?,? \d{4})\b.{0,40}$",
    r"by [\w.'’-]+(?: [\w.'’-]+){0,4}(?:\s*[·|,•–—-].{0,60})?$",
    r"(?:作者|文|撰文|author|written by)\s*[:：|丨/／]\s*\S.{0,40}$",
    r"(?:(?:previous|next|older|newer)(?: post| article| entry)?|上一篇|下一篇)\s*[:：←→«»].{0,100}$",
    rf"(?:[{CJK}] ){{3,}}[{CJK}]$",
)
_MARKUP = re.compile(r"^(?:#{1,6}\s*|[>*•·●▪◆■]\s+)+")
_EDGE = re.compile(r"^[\s|·•›»>←→<«–—-]+|[\s|·•›»>←→<«–—]+$")
_LETTER = re.compile(r"[^\W_]")
_CLOSING = re.compile(r"""[\s"'”’」』)\]）】》]+$""")
_ENDS = ".。!！…"
_ENDS_SOMEHOW = ".。!！?？…;；:："


def sort_line(line: str) -> Sort:
    """Tell what a line is by its words alone.

    Examples
    --------
    >>> [sort_line(line).value for line in ("App打开", "4779", "圖示:圖源", "3 Comments", "RWKV is a network.")]
    ['strong', 'weak', 'caption', 'comments', 'text']
    """
    plain = _EDGE.sub("", strip_marks(unicodedata.normalize("NFKC", to_simplified(line)))).lower()
    if not _LETTER.search(plain):
        return Sort.STRONG
    if (weight := weigh(plain)) > _LONGEST:
        return Sort.TEXT
    if weight <= _SHORT and _COMMENTS.match(plain):
        return Sort.COMMENTS
    if weight <= _SHORT and _RELATED.match(plain):
        return Sort.RELATED
    if _CAPTION.match(plain):
        return Sort.CAPTION
    if _STRONG.match(plain):
        return Sort.STRONG
    return Sort.WEAK if plain in _NAVIGATION_WORDS or _WEAK.match(plain) else Sort.TEXT


def strip_marks(line: str) -> str:
    """Return a line without the signs for headings and lists in front of it."""
    return _MARKUP.sub("", line).strip()


def weigh(line: str) -> int:
    """Return the length of a line, a Chinese character counting as two: about so wide it is."""
    return len(line) if line.isascii() else sum(1 + is_cjk(letter) for letter in line)


def is_prose(line: str) -> bool:
    """Tell whether a line is a paragraph of running text by its length and its end."""
    weight = weigh(line)
    return weight >= 160 or (weight >= 80 and _CLOSING.sub("", line)[-1:] in _ENDS)


def is_sentence(line: str) -> bool:
    """Tell whether a line says something: more than a few words and an end, or many words."""
    weight = weigh(line)
    return weight >= 80 or (weight >= 14 and _CLOSING.sub("", line)[-1:] in _ENDS_SOMEHOW)
