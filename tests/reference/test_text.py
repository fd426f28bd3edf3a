"""The shipped text: small, simple, and the same number for a word wherever it is asked for."""

import subprocess
import sys
from collections import Counter

from kb.reference.parameters import SIZES
from kb.reference.text import FILE, MASK, OTHER, build_vocabulary, number_words, read_words

C = SIZES["C"][0]


def test_the_text_is_small_plain_and_repeats_itself():
    text = FILE.read_text(encoding="utf-8")

    assert 6_000 <= len(text) <= 8_000
    assert text.isascii()
    assert len(read_words()) >= 10 * len(set(read_words()))


def test_words_are_lower_case_and_marks_are_words():
    assert read_words()[:10] == ("there", "is", "a", "small", "town", "by", "a", "river", ".", "there")
    assert {word for word in read_words() if not word.isalpha()} == {".", ",", "?", '"'}


def test_the_whole_vocabulary_is_as_large_as_its_size_by_default():
    assert len(build_vocabulary(C)) == len(build_vocabulary(9999)) == C == SIZES["C"][1]
    assert set(build_vocabulary(C)) == {MASK, OTHER, *read_words()}


def test_numbers_go_by_falling_frequency_and_give_the_words_back():
    words, numbers = build_vocabulary(C), number_words(C)
    counts = Counter(read_words())

    assert words[:3] == (MASK, OTHER, "the")
    assert [counts[word] for word in words[2:]] == sorted(counts.values(), reverse=True)
    assert tuple(words[number] for number in numbers) == read_words()
    assert not {0, 1} & set(numbers)


def test_in_a_smaller_vocabulary_rare_words_are_other_words():
    words, numbers = build_vocabulary(10), number_words(10)

    assert len(words) == 10
    assert max(numbers) == 9
    told = [words[number] for number in numbers]
    assert [one for one, word in zip(told, read_words(), strict=True) if one not in (word, OTHER)] == []
    assert OTHER in told
    assert set(number_words(1)) == {0}


def test_reading_it_loads_no_torch():
    code = "import sys; from kb.reference.text import number_words; number_words(9); print('torch' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=FILE.parents[2])

    assert done.stdout.strip() == "False", done.stderr
