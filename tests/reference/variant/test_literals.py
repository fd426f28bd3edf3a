"""Constants of a program: which there are, and other ones in their places."""

import pytest

from kb.errors import InvalidQueryError
from kb.reference.variant.literals import list_literals, parse_code, replace_literals

PROGRAM = '''"""A docstring."""
from __future__ import annotations
steps: int = 100  # 线性 before the end of the line
rate, other = 0.5, 2
衰减 = -0.25; name = 'a "b"'; flag = True
twice = 1
twice = 2
counted = 0
counted += 1
chained = again = 3
computed = 2 ** 10
nothing = None
endless = 1e999
large = 2000000000
text = ("in two "
        "parts"); last = 7
if flag:
    inner = 5
'''


def test_only_what_is_set_once_from_a_plain_value_is_a_constant() -> None:
    assert list_literals(parse_code(PROGRAM)) == {
        "steps": 100,
        "衰减": -0.25,
        "name": 'a "b"',
        "flag": True,
        "text": "in two parts",
        "last": 7,
    }


def test_other_values_stand_in_the_same_places_and_all_else_stays() -> None:
    values = {"steps": 7, "衰减": 1.5, "name": 'it\'s "so"', "flag": False, "text": "one", "last": -1}
    changed = replace_literals(PROGRAM, values)
    assert list_literals(parse_code(changed)) == values
    expected = PROGRAM.replace("= 100", "= 7").replace("-0.25", "1.5").replace("'a \"b\"'", repr(values["name"]))
    expected = expected.replace("flag = True", "flag = False").replace("last = 7", "last = -1")
    assert changed == expected.replace('("in two "\n        "parts")', "('one')")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_is_kept(end: str) -> None:
    code = end.join(["# é", "a = 1", "\x0cb = 2", "print(a)"])
    assert replace_literals(code, {"b": 5, "a": 3}) == end.join(["# é", "a = 3", "\x0cb = 5", "print(a)"])


def test_a_value_that_is_the_codes_own_changes_no_character() -> None:
    assert replace_literals("a = 0x10\n", {"a": 16}) == "a = 0x10\n"


def test_a_name_that_is_no_constant_is_refused() -> None:
    with pytest.raises(InvalidQueryError, match="sets no constant 'twice'"):
        replace_literals(PROGRAM, {"twice": 3})


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("a = 1\nb = (\n", r"cannot be read in line 2: '\(' was never closed; correct it"),
        ("def f(:\n", "cannot be read in line 1: invalid syntax"),
        ("a\0b", "null bytes"),
        ("(" * 1000, "too many nested parentheses"),
        ("-" * 100_000 + "1", "nested too deeply"),
        ("\tif x:\n  y", "unexpected indent"),
    ],
)
def test_what_is_no_python_is_refused_in_one_line(code: str, message: str) -> None:
    with pytest.raises(InvalidQueryError, match=message) as caught:
        parse_code(code)
    assert "\n" not in str(caught.value)
