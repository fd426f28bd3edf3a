"""Weights come from the reference files, are told apart by their names, and are counted without memory."""

import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from kb.records import Idea
from kb.reference.presets import listing, parts
from kb.reference.presets.forward import count_block
from kb.reference.presets.parts import Part, count_parts, list_declared, split
from kb.reference.registry import get_idea, list_ideas


def test_declared_shapes_take_sizes_and_the_parameters_defaults() -> None:
    weights = list_declared("pangu-pi", D=8, F=12, R=3)

    assert weights["w_1"] == (8, 12)
    assert weights["aug_down"] == (1, 8, 3)
    assert weights["series_a"] == (2,)
    assert list_declared("pangu-pi", D=8, F=12, R=3, n=5)["series_a"] == (5,)
    assert list_declared("lstm", D=6)["u_ifgo"] == (4, 6, 6)


def test_weights_are_told_apart_by_name_and_none_is_lost() -> None:
    weights = {"g_1": (2,), "w_1": (2, 3), "w_q": (2, 2), "new": (7,)}

    told = split(
        weights, {"norms": "g_* c_*", "feed-forward": "w_1 b_1", "absent": "z_*"}, rest="attention", copies=4
    )

    assert told == [
        Part("attention", {"w_q": (2, 2), "new": (7,)}, 4),
        Part("norms", {"g_1": (2,)}, 4),
        Part("feed-forward", {"w_1": (2, 3)}, 4),
    ]


def test_every_layer_is_made_and_nothing_takes_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    empty = torch.empty

    def note(*shape: object, **options: object) -> torch.Tensor:
        made.append(empty(*shape, **options))  # type: ignore[call-overload]
        return made[-1]

    monkeypatch.setattr(torch, "empty", note)
    huge = Part("attention", {"w": (10**6, 10**6), "b": (5,)}, 3)

    assert count_parts([huge, Part("head", {"b": (7,)}), Part("attention", {"c": (2,)})]) == {
        "attention": 3 * (10**12 + 5) + 2,
        "head": 7,
    }
    assert [one.is_meta for one in made] == [True] * 8


@pytest.mark.parametrize(
    ("key", "slug", "copies"),
    [
        ("transformer-base", "post-ln", 12),
        ("transformer-base", "multi-head-attention", 6),
        ("transformer-base", "layer-normalisation", 6),
        ("bert-base", "masked-language-model", 12),
        ("gpt-2-small", "generative-pre-training", 12),
        ("rwkv-4-169m", "rwkv-4", 12),
        ("rwkv-4-169m", "layer-normalisation", 2),
        ("gopher-44m", "gopher-block", 8),
        ("pangu-pi-1b", "swiglu", 12),
        ("pangu-pi-1b", "rms-norm", 25),
        ("mamba-130m", "selective-state-space", 24),
        ("mamba-130m", "rms-norm", 25),
    ],
)
def test_a_weight_more_in_a_reference_file_is_counted(
    key: str, slug: str, copies: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = listing.find_presets(key)[0].parameters.counted

    def edited(name: str) -> Idea:
        idea = get_idea(name)
        more = {**idea.sections, "Weights": f"{idea.sections['Weights']}; w_unheard_of (3, 7)"}
        return replace(idea, sections=more) if name == slug else idea

    monkeypatch.setattr(parts, "get_idea", edited)
    row = next(
        row for one in listing.ARCHITECTURES for row in listing._load(one).rows if listing._key(row.name) == key
    )

    assert sum(count_parts(row.config.list_parts()).values()) == before + 21 * copies


def test_a_wider_weight_in_the_lstm_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def edited(name: str) -> Idea:
        idea = get_idea(name)
        wider = idea.sections["Weights"].replace("(4, D) zero", "(5, D) zero")
        assert wider != idea.sections["Weights"]
        return replace(idea, sections={**idea.sections, "Weights": wider})

    before = listing.find_presets("awd-lstm-penn-treebank")[0].parts["LSTM"]
    monkeypatch.setattr(parts, "get_idea", edited)
    row = listing._load("awd_lstm").rows[0]

    assert count_parts(row.config.list_parts())["LSTM"] == before + 2 * (1150 + 1150 + 400)


def test_no_preset_is_taken_for_an_idea() -> None:
    assert not {idea.slug for idea in list_ideas()} & {"bert", "gpt-2", "gopher", "mamba", "transformer", "parts"}


def test_whether_there_are_presets_is_known_without_torch() -> None:
    code = (
        "import sys; from kb.reference.presets.listing import has_presets; "
        "print(has_presets('arxiv:1810.04805'), has_presets('concept:pre-ln'), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]


@pytest.mark.parametrize(
    ("slug", "sizes", "weights", "pairs"),
    [
        ("rwkv-4", {"D": 5120, "F": 20_480}, 13 * 5120**2, 0),
        # of a pair of tokens: a score, one more for their distance, and a share of the value
        ("gopher-block", {"D": 16_384, "F": 65_536}, 13 * 16_384**2, 3 * 16_384),
        ("post-ln", {"D": 1024, "F": 4096}, 12 * 1024**2, 2 * 1024),
        ("pre-ln", {"D": 1600, "F": 6400}, 12 * 1600**2, 2 * 1600),
        ("pangu-pi", {"D": 4096, "F": 10_922, "R": 128}, 4 * 4096**2 + 2 * 4096 * (10_922 + 128), 2 * 4096),
    ],
)
def test_a_block_runs_at_a_papers_sizes_without_memory(
    slug: str, sizes: dict[str, int], weights: int, pairs: int
) -> None:
    assert count_block(slug, tokens=4, **sizes) == 2 * (4 * weights + 16 * pairs)
