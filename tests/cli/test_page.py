"""How text is set: widths, wrapping, tables, figures, and the meter."""

import pytest

from kb.cli.figures import value_text
from kb.cli.meter import Meter
from kb.cli.page import write, write_lines, write_rows
from kb.cli.streams import plain, to_json
from kb.cli.words import authors_line, ordinal, reason_words, verdict_part
from kb.records import Reason


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_a_paragraph_hangs_and_keeps_its_width(capsys: pytest.CaptureFixture[str]) -> None:
    write("word " * 40, indent=2, hang=3)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("  word")
    assert all(line.startswith("     word") for line in lines[1:])
    assert all(len(line) <= 80 and line == line.rstrip() for line in lines)


def test_chinese_counts_twice(capsys: pytest.CaptureFixture[str]) -> None:
    write("线性注意力" * 20)
    assert [len(line) for line in capsys.readouterr().out.splitlines()] == [40, 40, 20]
    write_rows([("注意力", "a"), ("abc", "b")])
    assert capsys.readouterr().out.splitlines() == ["  注意力  a", "  abc     b"]


def test_no_colour_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    write(("bold", "bold"), " and ", ("red", "red"))
    assert capsys.readouterr().out == "bold and red\n"


def test_a_programs_output_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    write_lines("one\n\n    two\x1b[2J\n", indent=2)
    assert capsys.readouterr().out == "  one\n\n      two[2J\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (True, "yes"),
        (1234567, "1,234,567"),
        (0.1234567891, "0.123457"),
        ([2, 8, 16], "2 x 8 x 16"),
        ([0.5, 1.5], "0.5, 1.5"),
        ([[1.0] * 16] * 8, "8 rows of 16"),
        (list(range(200)), "200 values"),
        ([], "-"),
        ({"a": 1, "b": False}, "a=1, b=no"),
        ("text", "text"),
    ],
)
def test_figures_in_words(value: object, text: str) -> None:
    assert value_text(value) == text


def test_reasons_in_words() -> None:
    reason = Reason(lexical_rank=2, dense_rank=11, cosine=0.4567, title_match=False, matched=("fast weights",))
    assert reason_words(reason) == "fast weights in its text; 2nd by words; 11th by meaning; cosine 0.46"
    assert reason_words(Reason()) == ""


def test_small_words() -> None:
    assert [ordinal(number) for number in (1, 3, 12, 22, 113)] == ["1st", "3rd", "12th", "22nd", "113th"]
    assert authors_line(["A", "B", "C", "D"]) == "A, B, C et al."
    assert authors_line(["A"], more=2) == "A et al."
    assert authors_line([]) == ""
    assert verdict_part("verified", stale=True) == ("✓ verified, stale", "dim")
    assert plain("a \n b\x1b[0m\u2028c") == "a b [0m c"


def test_what_is_no_json_number_becomes_null() -> None:
    assert to_json({"a": float("nan"), "b": (1, float("inf"))}) == {"a": None, "b": [1, None]}


def test_the_meter_says_when_something_begins_and_ends(capsys: pytest.CaptureFixture[str]) -> None:
    with Meter() as meter:
        meter.tell("reading", 0, 1)
        meter.tell("reading", 1, 1)
        for done in range(0, 2001, 500):
            meter.tell("embedding", done, 2000)
        meter.count("fetching")(7, None)
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert captured.out == ""
    assert lines[:2] == ["reading", "embedding"]
    assert lines[2].startswith("embedding: 2,000 of 2,000 (")
    assert lines[3:] == ["fetching: 7"]
