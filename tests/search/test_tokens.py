"""What only asks is told from what is asked for."""

import pytest

from kb.search.tokens import cut_asking, is_asking


@pytest.mark.parametrize("word", ["who", "the", "invented", "paper", "difference"])
def test_asking_words(word: str) -> None:
    assert is_asking(word)


@pytest.mark.parametrize("word", ["attention", "memory", "need", "long", "rwkv"])
def test_words_that_say_something(word: str) -> None:
    assert not is_asking(word)


@pytest.mark.parametrize(
    ("run", "left"),
    [
        ("是谁发明的", []),
        ("稀疏激活是什么", ["稀疏激活"]),
        ("什么是记忆与遗忘", ["记忆", "遗忘"]),
        ("之间的关系", []),
    ],
)
def test_questions_are_cut_out_of_chinese(run: str, left: list[str]) -> None:
    assert cut_asking(run) == left
