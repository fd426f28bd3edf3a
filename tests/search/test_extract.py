"""The passage that is shown, and what is marked in it."""

import pytest

from kb.search.extract import END, START, Matcher, cut_extract, make_marker, mark, stem

LONG = "Nothing of note here. " * 30


def shown(text: str) -> str:
    return text.replace(START, "[").replace(END, "]")


def test_words_are_marked_in_all_their_forms() -> None:
    marker = make_marker(["normalise attention"])
    text = "Attentions, normalised; a normalisation. ATTENTION!"
    assert shown(mark(text, marker)) == "[Attentions], [normalised]; a [normalisation]. [ATTENTION]!"


def test_chinese_is_marked_inside_a_sentence() -> None:
    assert (
        shown(mark("这里的线性注意力与注意力", make_marker(["注意力", "线性注意力"])))
        == "这里的[线性注意力]与[注意力]"
    )


def test_a_word_next_to_chinese_is_marked_alone() -> None:
    assert shown(mark("用Transformer模型", make_marker(["transformer"]))) == "用[Transformer]模型"


def test_a_word_is_not_marked_inside_another() -> None:
    assert mark("inattentive normative", make_marker(["attention", "norm"])) == "inattentive normative"


def test_stop_words_are_marked_only_if_there_is_nothing_else() -> None:
    assert shown(mark("to be", make_marker(["to be or not to be"]))) == "[to] [be]"
    assert shown(mark("the state", make_marker(["the state"]))) == "the [state]"


def test_the_passage_with_most_different_words_is_chosen() -> None:
    body = f"Fast weights. {LONG}A slow network writes fast weights. {LONG}"
    extract = cut_extract(body, make_marker(["slow network fast weights"]))
    assert shown(extract).startswith("… A [slow] [network] writes [fast] [weights].")
    assert extract.endswith("…")


def test_without_a_match_the_text_begins_at_its_beginning() -> None:
    assert cut_extract("One. Two.", make_marker(["nothing"])) == "One. Two."


def test_one_endless_sentence_is_cut_around_the_match() -> None:
    body = "word " * 300 + "needle " + "word " * 300
    extract = cut_extract(body, make_marker(["needle"]), width=100)
    assert f"{START}needle{END}" in extract
    assert len(extract) < 130
    assert extract.startswith("… word")


def test_control_characters_of_the_text_cannot_pass_for_marks() -> None:
    assert cut_extract("a \x02fake\x03 mark\x00", make_marker(["x"])) == "a fake mark"


@pytest.mark.parametrize("body", ["", "\n\n", " "])
def test_an_empty_text_has_an_empty_extract(body: str) -> None:
    assert cut_extract(body, make_marker(["x"])) == ""


def test_a_letter_that_grows_in_lower_case_moves_nothing() -> None:
    assert shown(mark("İİİİ attention here", make_marker(["attention"]))) == "İİİİ [attention] here"


def test_hostile_words_are_no_pattern() -> None:
    assert mark("x.y (z", make_marker(["(", ".*", "x+y|"])) == f"{START}x{END}.{START}y{END} (z"


def test_matched_are_those_of_which_every_word_is_there() -> None:
    asked = ("linear attention", "线性注意力", "fast weights")
    matcher = Matcher("Attention that is linear; 线性注意力。 Weights.", make_marker(asked))
    assert [one for one in asked if matcher.holds(one)] == ["linear attention", "线性注意力"]


@pytest.mark.parametrize(("one", "other"), [("gated", "gates"), ("memories", "memory"), ("learning", "learns")])
def test_forms_of_a_word_share_a_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)
