"""Every row has a name of its own, is found by what it belongs to, and leads to a run where one fits."""

import tomllib
from pathlib import Path

import pytest

from kb.errors import NotFoundError
from kb.reference.inputs import build_inputs
from kb.reference.presets.listing import ARCHITECTURES, find_presets, has_presets, list_presets
from kb.reference.registry import get_idea


def test_the_eight_architectures_have_their_rows() -> None:
    found = list_presets()

    rows = {name: sum(preset.architecture == name for preset in found) for name in ARCHITECTURES}
    assert rows == {
        **{"transformer": 11, "bert": 2, "gpt_2": 4, "rwkv_4": 6},
        **{"gopher": 6, "awd_lstm": 2, "pangu_pi": 4, "mamba": 5},
    }
    assert len({preset.key for preset in found}) == len({preset.name for preset in found}) == 40


@pytest.mark.parametrize(
    ("name", "first", "count"),
    [
        ("bert", "bert-base", 2),
        ("BERT-Large", "bert-large", 1),
        ("gpt_2", "gpt-2-small", 4),
        ("GPT-2", "gpt-2-small", 4),
        ("arxiv:1706.03762", "transformer-base", 11),
        ("concept:gopher-block", "gopher-44m", 6),
        ("selective-state-space", "mamba-130m", 5),
        ("PanGu-π", "pangu-pi-1b", 4),
        ("RWKV-4 14B", "rwkv-4-14b", 1),
        ("gopher", "gopher-44m", 6),
    ],
)
def test_presets_are_found_by_model_architecture_idea_and_paper(name: str, first: str, count: int) -> None:
    found = find_presets(name)

    assert (found[0].key, len(found)) == (first, count)


def test_an_unknown_name_leads_to_the_nearest() -> None:
    with pytest.raises(NotFoundError, match=r"no paper's configuration is called 'brt': the nearest is bert"):
        find_presets("brt")
    with pytest.raises(NotFoundError, match="there are transformer, bert"):
        find_presets("线性注意力")


def test_an_idea_without_a_papers_sizes_has_none() -> None:
    assert [has_presets(name) for name in ("concept:post-ln", "arxiv:2112.11446", "concept:lstm", "")] == [
        *(True, True, False, False)
    ]


@pytest.mark.parametrize("preset", [one for one in list_presets() if one.runs], ids=lambda one: one.key)
def test_where_a_run_is_offered_it_fits(preset) -> None:
    inputs = build_inputs(get_idea(preset.runs), preset.run)

    assert inputs["x"].shape[-1] == preset.config["width"] == preset.run["D"] <= 512
    assert inputs["w"]["w_1"].shape == (preset.config["width"], preset.run["F"])
    assert preset.run["heads"] == preset.config["heads"]


def test_what_is_too_wide_is_not_offered() -> None:
    offered = {preset.key for preset in list_presets() if preset.runs}

    assert {"transformer-base", "transformer-c-width-256", "gopher-44m"} <= offered
    assert not {"transformer-big", "transformer-c-feed-forward-4096", "bert-base", "gopher-117m"} & offered
    assert not {"transformer-b-key-size-16"} & offered


def test_papers_ideas_and_divergences_are_in_the_catalogue(repository: Path) -> None:
    def read(folder: str, table: str, field: str) -> set[str]:
        files = (repository / "data" / folder).glob("*.toml")
        return {one[field] for file in files for one in tomllib.loads(file.read_text(encoding="utf-8"))[table]}

    found = list_presets()
    assert {preset.paper for preset in found} <= read("catalogue", "paper", "key")
    assert {slug for preset in found for slug in preset.concepts} <= read("concepts", "concept", "slug")
    assert {preset.divergence for preset in found} - {""} <= read("divergences", "divergence", "slug")


def test_rows_whose_sizes_were_not_read_say_so() -> None:
    unread = [preset for preset in list_presets() if not preset.sizes_read]

    assert {preset.key for preset in unread} == {"gopher-117m", "gopher-417m", "gopher-1.4b", "gopher-7.1b"}
    assert all("could not be read again" in preset.note for preset in unread)
    assert not any("could not be read" in preset.note for preset in list_presets() if preset.sizes_read)
