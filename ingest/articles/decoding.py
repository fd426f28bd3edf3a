"""Bytes of an article as characters. Whoever saved the file did not say how, or said it wrongly.

UTF-8 that is valid is believed before what a page declares: other text hardly ever is valid UTF-8 by chance. What is
left is tried as the encodings of Chinese, and taken where the commonest characters are as common as in Chinese.
"""

import codecs
import re

from kb.chinese import is_cjk
from kb.errors import MalformedDataError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER_FILES = (
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "an archive or an office document"),
    (b"\x1f\x8b", "packed with gzip"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"RIFF", "a picture or a recording"),
    (b"\x7fELF", "a program"),
)
_DECLARED = re.compile(
    rb"""(?:charset|encoding)\s*=\s*["']?\s*"""
    rb"(utf-?8|gb_?2312(?:-80)?|gbk|gb18030|big5(?:-?hkscs)?|euc-(?:jp|kr|tw)|shift[_-]jis"
    rb"|iso-8859-\d{1,2}|latin1|us-ascii|windows-125\d|koi8-[ru])(?![\w-])",
    re.IGNORECASE,
)
#: What pages call an encoding and what browsers take it for: the larger one that holds it.
_LARGER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb_2312": "gb18030",
    "gb_2312-80": "gb18030",
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
}
#: The commonest characters of Chinese texts in both scripts: about a third of any text, and of no misread one.
_COMMON = frozenset(
    "的一是不了在人有我他这這个個们們中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得于於着著下自之年过過发發"
    "后後作里用道行所然家种種事成方多经經么麼去法学學如都同现現当當没沒动動面起看定天分还還进進好小部其些主样樣理本前开開但因只"
    "从從想实實模型网網文与與及或被将將此则則比更最高新"
)
#: Below this share of the commonest characters a text in Chinese characters was misread.
_LEAST_COMMON = 0.08
#: Up to this share of characters may be damaged and the encoding still be the right one.
_MOST_DAMAGED = 0.02
#: UTF-8 that is damaged in places has more whole characters beyond ASCII than this for each damaged one.
_WHOLE_FOR_ONE = 3
#: Up to this share of bytes beyond ASCII a text may be one in a Western language.
_MOST_ACCENTED = 0.3
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_TAG = re.compile(
    r"<(?:!doctype\s+html|html|head|body|main|article|section|div|p|h[1-6]|table|ul|ol)\b", re.IGNORECASE
)
_WHOLE_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_HEAD = 4096


def decode_text(content: bytes, name: str) -> str:
    """Return the characters of a file, with U+FFFD in place of what is damaged.

    Parameters
    ----------
    name : of the file, for the message

    Raises
    ------
    MalformedDataError : it is empty, no text, or in an encoding that cannot be told
    """
    if not content.strip(b"\x00\t\n\r\x0b\x0c "):
        raise MalformedDataError(f"{name} is empty; give a file with the text or the HTML of an article")
    for magic, what in _OTHER_FILES:
        if content.startswith(magic):
            raise MalformedDataError(
                f"{name} is {what}, not text; save the article as HTML or text and give that file"
            )
    readers = (_decode_marked, _decode_utf8, _decode_declared, _decode_guessed)
    text = next((text for read in readers if (text := read(content))), "")
    if not text or len(_CONTROL.findall(text)) > len(text) * _MOST_DAMAGED:
        raise MalformedDataError(f"{name} is no text in an encoding that can be told; save it as UTF-8 and give that")
    return _CONTROL.sub("", text)


def is_html(text: str) -> bool:
    """Tell whether a text is the source of a page or of a part of one."""
    head = text[:_HEAD].lstrip()
    return bool(_WHOLE_PAGE.search(head)) or (head.startswith("<") and bool(_TAG.search(head)))


def _decode_marked(content: bytes) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, "replace").removeprefix("\ufeff")
    if content.count(0) * 4 < len(content):
        return ""
    # Every other byte of English in UTF-16 is zero; which one tells the order.
    return content.decode("utf-16-le" if content[1::2].count(0) > content[::2].count(0) else "utf-16-be", "replace")


def _decode_utf8(content: bytes) -> str:
    text = content.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    whole = sum(letter > "\x7f" for letter in text) - damaged
    # What is damaged here and there still has many whole characters; text of another encoding has hardly any.
    return text if not damaged or whole > _WHOLE_FOR_ONE * damaged else ""


def _decode_declared(content: bytes) -> str:
    """Return the text in the encoding that the page itself names, empty where it names none or a wrong one."""
    found = _DECLARED.search(content[:_HEAD])
    if not found:
        return ""
    name = found[1].decode("ascii").lower()
    try:
        text = content.decode(_LARGER.get(name, name), "replace")
    except LookupError:
        return ""
    common, letters = _count_common(text)
    return text if _is_sound(text) and common + 1 >= letters * _LEAST_COMMON else ""


def _decode_guessed(content: bytes) -> str:
    best, text_of_best = 0.0, ""
    for encoding in ("gb18030", "big5hkscs"):
        text = content.decode(encoding, "replace")
        common, letters = _count_common(text)
        if letters and _is_sound(text) and common / letters > max(best, _LEAST_COMMON):
            best, text_of_best = common / letters, text
    if text_of_best:
        return text_of_best
    accented = sum(byte > 127 for byte in content)
    return content.decode("cp1252", "replace") if accented <= len(content) * _MOST_ACCENTED else ""


def _is_sound(text: str) -> bool:
    return text.count("\ufffd") <= len(text) * _MOST_DAMAGED


def _count_common(text: str) -> tuple[int, int]:
    """Return how many of the Chinese characters are among the commonest, and how many there are."""
    letters = [letter for letter in text if is_cjk(letter)]
    return sum(letter in _COMMON for letter in letters), len(letters)
