"""Labels: their width and how titles are cut."""

import pytest

from kb.graph.labels import label_of, width_of


def test_an_east_asian_character_is_wider_than_a_latin_one() -> None:
    assert width_of("abc") == pytest.approx(18.6)
    assert width_of("注意力") == pytest.approx(33.0)


@pytest.mark.parametrize(
    ("title", "kind", "label"),
    [
        ("BERT: Pre-training of Deep Bidirectional Transformers", "paper", "BERT"),
        ("Attention Is\n  All You Need", "paper", "Attention Is All You Need"),
        ("Neural Machine Translation by Jointly Learning to Align", "paper", "Neural Machine Translation by…"),
        ("Deterministic parameter-free projection", "concept", "Deterministic parameter-free projection"),
        ("X: a title whose name is a single letter", "paper", "X: a title whose name is a…"),
        ("", "paper", ""),
    ],
)
def test_labels_of_titles(title: str, kind: str, label: str) -> None:
    assert label_of(title, kind) == label


def test_a_title_without_spaces_is_cut_to_what_fits() -> None:
    label = label_of("神经网络" * 20, "paper")
    assert label.endswith("…")
    assert 180 < width_of(label) <= 200
