"""What copying, converting and translating did to a text, undone where only one reading is possible. Pure.

- UTF-8 that was read as Windows-1252 ("æ³¨æ„" was 注意): a line is mended where its bytes are valid UTF-8.
- The reading of a character in brackets behind it ("團(tuán)隊"), which converters to traditional ones leave.
- Spaces inside addresses ("https://arxiv. org/abs/1706.03762") and entities of HTML in plain text ("&amp;").

What is lost ("詞??", U+FFFD) is counted and stays.
"""

import html
import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass

from kb.chinese import CJK, to_simplified

_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{2,5}|#x[0-9a-fA-F]{2,4});")
_BESIDE_ASCII = re.compile(r"[^\x00-\x7f]+")
_LOST = re.compile(rf"\ufffd+|(?<=[{CJK}])\?{{2,}}(?=[{CJK}，。；、;,.])")
_INVISIBLE = re.compile("[\x80-\x84\x86-\x9f\u200b-\u200f\u2060\ufeff\u00ad]")

_READING = re.compile(rf"([{CJK}]|(?<![A-Za-z])[A-Z])[(（]([a-zü\u00e0-\u01dc\u0300-\u030c]{{1,8}})[)）]")
_SYLLABLE = re.compile(
    r"(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
    r"(?:[iuü]?a(?:ng|n|o|i)?|[iuüv]?e(?:ng|n|i|r)?|i?o(?:ng|u)?|uo|i(?:ng|n|u)?|u(?:n|i)?|[üv]n?|m|n|ng)"
)
_TONES = "\u0300\u0301\u0304\u030c"
#: From so many readings with a tone on a text is garbled throughout, and those without a tone are garbled, too.
_GARBLED = 3
#: GB 2312 has its 3,755 common characters in the order of their reading: the first one of each letter.
_FIRST_CODES = (
    *(0xB0A1, 0xB0C5, 0xB2C1, 0xB4EE, 0xB6EA, 0xB7A2, 0xB8C1, 0xB9FE, 0xBBF7, 0xBFA6, 0xC0AC, 0xC2E8),
    *(0xC4C3, 0xC5B6, 0xC5BE, 0xC6DA, 0xC8BB, 0xC8F6, 0xCBFA, 0xCDDA, 0xCEF4, 0xD1B9, 0xD4D1, 0xD7FA),
)
_FIRST_LETTERS = "abcdefghjklmnopqrstwxyz"

#: What stands in an address, up to where there may be a space too many.
_PART = r"""[^\s<>"'，。；、()（）【】《》「」]{0,300}"""
_DOMAIN = "(?:com|org|net|edu|gov|info|io|ai|dev|cn|ch|de|fr|jp|uk|eu)"
#: Each joins its two groups: what stands before the space can only go on with what stands behind it.
_SPACED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"((?<![a-z])https?) {1,2}(://)",
        r"((?<![a-z])https?:) {1,2}(//)",
        r"((?<![a-z])https?://) {1,2}([a-z0-9-]+\.)",
        rf"((?<![a-z])https?://(?:[a-z0-9-]+\.)*(?!{_DOMAIN}\.)[a-z0-9-]+\.) {{1,2}}({_DOMAIN}/)",
        rf"((?<![a-z])https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*) {{1,2}}(\.{_DOMAIN}/)",
        rf"((?<![a-z])https?://[a-z0-9.-]+\.{_DOMAIN}) {{1,2}}(/[a-z0-9~])",
        rf"((?<![a-z])https?://{_PART}/) {{1,2}}(~[a-z]|\d{{4}}\.\d{{4,5}}|abs/|pdf/|paper/)",
        rf"((?<![a-z])https?://{_PART}[a-z0-9]-) {{1,2}}([a-z0-9][a-z0-9.:-]*[-/])",
        rf"((?<![a-z])https?://{_PART}/\d{{4}}) {{1,2}}(\.\d{{4,5}})",
        rf"((?<![a-z])https?://{_PART}/\d{{4}}\.) {{1,2}}(\d{{4,5}})",
    )
)


@dataclass(frozen=True, slots=True)
class Mended:
    """A text, and how many places of it were garbled and could be mended."""

    text: str
    places: int


def mend_encoding(text: str) -> Mended:
    """Return a text whose lines are read as UTF-8 where they were read as Windows-1252 or Latin-1 by mistake.

    Examples
    --------
    >>> mend_encoding("Ã©tude of attention\\nnaïve").text
    'étude of attention\\nnaïve'
    """
    lines, places = [], 0
    for line in text.split("\n"):
        better = _read_again(line)
        places += len(_BESIDE_ASCII.findall(better)) if better != line else 0
        lines.append(better)
    return Mended("\n".join(lines), places)


def mend_text(text: str, *, entities: bool = True) -> Mended:
    """Return a text without inserted readings, spaces inside addresses, entities and invisible characters.

    Parameters
    ----------
    entities : whether "&amp;" is garbled, as it is in plain text

    Examples
    --------
    >>> mend_text("團(tuán)隊的鍵(key)見 https://arxiv. org/abs/2009.14794")
    Mended(text='團隊的鍵(key)見 https://arxiv.org/abs/2009.14794', places=2)
    """
    places = 0
    if entities:
        places += len(_ENTITY.findall(text))
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    text = _INVISIBLE.sub("", text).replace("\u00a0", " ")
    readings = _mend_readings(text)
    addresses = _mend_addresses(readings.text)
    return Mended(addresses.text, places + readings.places + addresses.places)


def count_lost(text: str) -> int:
    """Return how many places of a text are garbled beyond repair."""
    return len(_LOST.findall(text))


def _read_again(line: str) -> str:
    if line.isascii():
        return line
    try:
        # The five bytes that Windows-1252 leaves undefined are read as Latin-1 by whoever makes this mistake.
        raw = b"".join(
            letter.encode("latin-1" if "\x80" <= letter <= "\x9f" else "cp1252")
            for letter in line
            if letter != "\ufeff"
        )
        return raw.decode("utf-8")
    except UnicodeError:
        return line


def _mend_readings(text: str) -> Mended:
    if "(" not in text and "（" not in text:
        return Mended(text, 0)
    toned = sum(_count_tones(found[2]) == 1 for found in _READING.finditer(text))
    places = 0

    def drop(found: re.Match[str]) -> str:
        nonlocal places
        if not _is_reading(found[1], found[2], toned >= _GARBLED):
            return found[0]
        places += 1
        return found[1]

    return Mended(_READING.sub(drop, text), places)


def _is_reading(letter: str, inside: str, garbled: bool) -> bool:
    """Tell whether the brackets behind a character hold what a converter wrote, and not its author."""
    plain = "".join(one for one in unicodedata.normalize("NFD", inside) if one not in _TONES)
    if not _SYLLABLE.fullmatch(unicodedata.normalize("NFC", plain)):
        return False
    tones = _count_tones(inside)
    if letter.isascii():
        return tones == 1 and len(plain) > 1
    first = _first_letter(letter)
    # An author explains how a rare character is read; converters stumble over common ones.
    return (tones == 1 and (garbled or first != "")) or (tones == 0 and garbled and first == plain[0])


def _count_tones(inside: str) -> int:
    return sum(one in _TONES for one in unicodedata.normalize("NFD", inside))


def _first_letter(letter: str) -> str:
    """Return the first letter of the reading of a common character, empty for a rare one."""
    try:
        high, low = to_simplified(letter).encode("gb2312")
    except (UnicodeEncodeError, ValueError):
        return ""
    place = bisect_right(_FIRST_CODES, high << 8 | low) - 1
    return _FIRST_LETTERS[place] if 0 <= place < len(_FIRST_LETTERS) else ""


def _mend_addresses(text: str) -> Mended:
    places = 0
    if "http" not in text.lower():
        return Mended(text, 0)
    for _ in range(3):  # an address that was cut in two places is whole after the second time
        joined = 0
        for pattern in _SPACED:
            text, count = pattern.subn(r"\1\2", text)
            joined += count
        if not joined:
            break
        places += joined
    return Mended(text, places)
