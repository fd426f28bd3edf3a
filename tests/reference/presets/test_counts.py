"""What is counted at the papers' sizes is what other libraries' models have, and what the papers' formulas give."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import nn
from transformers import (
    BertConfig,
    BertModel,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MambaConfig,
    MambaForCausalLM,
    RwkvConfig,
    RwkvForCausalLM,
)

from kb.records import Preset
from kb.reference.presets.listing import find_presets, list_presets
from kb.reference.presets.parts import count_parts
from kb.reference.presets.printed import build_figure
from kb.reference.presets.transformer import ARCHITECTURE as TRANSFORMER

ALL = {preset.key: preset for preset in list_presets()}


def of(architecture: str) -> pytest.MarkDecorator:
    chosen = [preset for preset in ALL.values() if preset.architecture == architecture]
    return pytest.mark.parametrize("preset", chosen, ids=lambda preset: preset.key)


def count(build: object, *settings: object) -> int:
    """How many parameters a model has that is built without memory; a matrix that serves twice counts once."""
    with torch.device("meta"):
        model = build(*settings)  # type: ignore[operator]
    assert all(one.is_meta for one in model.parameters())
    return sum(one.numel() for one in model.parameters())


@of("bert")
def test_bert_is_that_of_transformers_with_its_pooler(preset: Preset) -> None:
    size = preset.config
    config = BertConfig(
        hidden_size=size["width"],
        num_hidden_layers=size["layers"],
        num_attention_heads=size["heads"],
        intermediate_size=4 * size["width"],
    )
    assert preset.parameters.counted == count(BertModel, config)
    assert preset.parts["pooler"] == count(BertModel, config) - count(BertModel, config, False)


@of("gpt_2")
def test_gpt_2_is_that_of_transformers(preset: Preset) -> None:
    size = preset.config
    config = GPT2Config(n_embd=size["width"], n_layer=size["layers"], n_head=size["heads"])

    assert preset.parameters.counted == count(GPT2LMHeadModel, config)


@of("rwkv_4")
def test_rwkv_4_is_that_of_transformers_and_of_the_papers_formula(preset: Preset) -> None:
    L, D, V = (preset.config[name] for name in ("layers", "width", "vocabulary"))
    config = RwkvConfig(vocab_size=V, hidden_size=D, num_hidden_layers=L, context_length=8)

    assert preset.parameters.counted == count(RwkvForCausalLM, config)
    assert preset.parameters.counted == 2 * V * D + 13 * D**2 * L + D * (11 * L + 4)


@of("rwkv_4")
def test_a_token_costs_what_the_table_says_and_not_what_the_text_says(preset: Preset) -> None:
    L, D, V = (preset.config[name] for name in ("layers", "width", "vocabulary"))
    table, text = preset.flops

    assert table.counted == text.counted == 2 * (V * D + 13 * D**2 * L)
    assert (table.met, text.met) == (True, False)
    assert text.counted / (1 + text.relative) == pytest.approx(2 * (2 * V * D + 13 * D**2 * L), rel=5e-4)


@of("mamba")
def test_mamba_is_that_of_transformers(preset: Preset) -> None:
    size = preset.config
    config = MambaConfig(
        vocab_size=size["vocabulary"], hidden_size=size["width"], num_hidden_layers=size["layers"], state_size=16
    )
    assert preset.parameters.counted == count(MambaForCausalLM, config)


@of("awd_lstm")
def test_the_layers_of_the_awd_lstm_are_those_of_torch(preset: Preset) -> None:
    layers = sum(count(nn.LSTM, *widths) for widths in ((400, 1150), (1150, 1150), (1150, 400)))

    assert preset.parts["LSTM"] == layers == 20_211_600
    assert preset.parameters.counted == layers + preset.config["vocabulary"] * 401


@of("gopher")
def test_gopher_is_that_of_the_formula_for_its_block(preset: Preset) -> None:
    L, d, V = (preset.config[name] for name in ("layers", "width", "vocabulary"))
    a = preset.config["heads"] * preset.config["key_size"]

    assert preset.parameters.counted == L * (4 * d * a + 8 * d**2 + d * a + 2 * a + 7 * d) + V * d


@of("pangu_pi")
def test_pangu_pi_is_a_llama_with_two_additions(preset: Preset) -> None:
    L, D, F = (preset.config[name] for name in ("layers", "width", "ff"))
    config = LlamaConfig(
        vocab_size=preset.config["vocabulary"],
        hidden_size=D,
        intermediate_size=F,
        num_hidden_layers=L,
        num_attention_heads=preset.config["heads"],
    )
    more = L * (2 * D * (D // 32) + 2 * 2)
    if preset.config["matrix_for_each"]:
        more += L * 2 * D * F

    assert preset.parameters.counted == count(LlamaForCausalLM, config) + more
    assert F == 8 * D // 3


@of("transformer")
def test_the_transformer_is_that_of_torch_without_what_the_paper_has_not(preset: Preset) -> None:
    d, h, N, F = (preset.config[name] for name in ("width", "heads", "layers", "ff"))
    model = count(partial(nn.Transformer, batch_first=True), d, h, N, N, F)
    # torch has biases in attention and a norm behind either stack
    model -= 3 * N * 4 * d + 2 * 2 * d
    # and all heads together are as wide as the model: narrower queries and keys in three attentions a layer
    model -= 3 * N * 2 * d * (d - h * preset.config["key_size"])

    assert preset.parameters.counted == model + preset.config["vocabulary"] * d


@pytest.mark.parametrize("preset", ALL.values(), ids=lambda preset: preset.key)
def test_parts_add_up_and_none_is_empty(preset: Preset) -> None:
    assert sum(preset.parts.values()) == preset.parameters.counted
    assert all(preset.parts.values())


@pytest.mark.parametrize(
    ("key", "counted", "printed", "met"),
    [
        ("transformer-base", 63_045_632, "65M", False),
        ("bert-base", 109_482_240, "110M", False),
        ("bert-large", 335_141_888, "340M", False),
        ("gpt-2-small", 124_439_808, "117M", False),
        ("gpt-2-xl", 1_557_611_200, "1542M", False),
        ("rwkv-4-14b", 14_148_597_760, "1.415e10", True),
        ("gopher-1.4b", 1_374_601_216, "1.4B", True),
        ("awd-lstm-penn-treebank", 24_221_600, "24M", True),
        ("awd-lstm-wikitext-2", 33_556_078, "33M", False),
        ("pangu-pi-7b", 6_695_317_620, "7B", True),
        ("pangu-pi-7b-by-equation-9", 9_290_035_316, "7B", False),
        ("mamba-130m", 129_135_360, "130M", False),
    ],
)
def test_known_numbers_stand_beside_the_printed_ones(key: str, counted: int, printed: str, met: bool) -> None:
    figure = ALL[key].parameters

    assert (figure.counted, figure.printed, figure.met) == (counted, printed, met)


def test_names_of_gopher_are_met_with_the_relative_positions_only() -> None:
    family = find_presets("gopher")
    without = [
        build_figure(one.parameters.counted - one.parts["relative positions"], one.parameters.printed, "")
        for one in family
    ]
    assert [one.parameters.met for one in family] == [True] * 6
    assert [figure.met for figure in without] == [False] * 6


def test_the_sizes_of_gpt_2_are_those_of_the_older_vocabulary() -> None:
    from kb.reference.presets.gpt_2 import ARCHITECTURE, Gpt2

    for row in ARCHITECTURE.rows:
        assert isinstance(row.config, Gpt2)
        older = count_parts(replace(row.config, vocabulary=40_478).list_parts())
        assert build_figure(sum(older.values()), row.printed, "").met


@pytest.mark.parametrize(("vocabulary", "met"), [(37_000, 0), (41_010, 10), (41_200, 10)])
def test_the_transformers_of_table_3_have_some_41_thousand_tokens(vocabulary: int, met: int) -> None:
    figures = []
    for row in TRANSFORMER.rows:
        parts = count_parts(replace(row.config, vocabulary=vocabulary).list_parts())  # type: ignore[type-var]
        figures.append(build_figure(sum(parts.values()), row.printed, row.place))

    assert sum(figure.met for figure in figures) == met
    assert all(abs(figure.relative) < 0.07 for figure in figures)
    by_count = sorted(figures, key=lambda figure: figure.counted)
    assert by_count == sorted(figures, key=lambda figure: int(figure.printed.removesuffix("M")))
