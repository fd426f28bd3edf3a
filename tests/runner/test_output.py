"""Reading within bounds."""

import json

import pytest

from kb.runner.output import FIGURES_BYTES, Answers, Stream


def test_a_stream_keeps_its_first_bytes_and_counts_the_rest():
    stream = Stream(4)
    for part in (b"abc", b"def", b"ghi"):
        stream.feed(part)

    assert (bytes(stream.kept), stream.total, stream.is_cut) == (b"abcd", 9, True)


def test_a_stream_that_just_fits_is_not_cut():
    stream = Stream(3)
    stream.feed(b"abc")

    assert (stream.text, stream.is_cut) == ("abc", False)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_answers_are_read_whatever_the_pieces(size):
    data = b'{"hello": 3}\n{"figure": ["a", 1]}\nnonsense\n{"figure": ["b", {"c": NaN}]}\n{"end": {"code": 0}}\n'
    answers = Answers()
    for start in range(0, len(data), size):
        answers.feed(data[start : start + size])

    assert answers.figures == {"a": 1, "b": {"c": "NaN"}}
    assert answers.last["hello"] == 3
    assert answers.find_end() == {"code": 0}
    assert list(answers.notes) == ["a report could not be read and was dropped"]


def test_a_line_without_end_is_not_kept():
    answers = Answers()
    for _ in range(5 * FIGURES_BYTES >> 16):
        answers.feed(b"x" * (1 << 16))
    assert len(answers._line) <= FIGURES_BYTES

    answers.feed(b"\n" + json.dumps({"figure": ["after", 1]}).encode() + b"\n")
    assert answers.figures == {"after": 1}


def test_an_end_of_the_wrong_shape_is_none():
    answers = Answers()
    answers.feed(b'{"end": 7}\n')

    assert answers.find_end() is None
