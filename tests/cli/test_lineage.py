"""Ancestors, descendants and paths, in every format."""

import xml.etree.ElementTree as ElementTree

import pytest

from tests.cli.conftest import Stemma


def test_lineage_of_an_idea_for_a_person(stemma: Stemma) -> None:
    outcome = stemma("lineage", "linear-attention", "--up", "1", "--down", "1")
    lines = outcome.out.splitlines()
    assert (outcome.code, outcome.err) == (0, "")
    assert lines[0] == "Linear attention (2020)  concept:linear-attention"
    assert lines.index("ancestors") < lines.index("descendants") < lines.index("links")
    assert "  1  Scaled dot-product attention (2017)  concept:scaled-dot-product-attention" in lines


def test_generations_years_and_layers_limit_what_is_shown(stemma: Stemma) -> None:
    def nodes(*options: str) -> dict[str, dict[str, int]]:
        document = stemma("lineage", "linear-attention", "--format", "json", *options).document
        return {node["key"]: node for node in document["nodes"]}

    everything, near = nodes(), nodes("--up", "1", "--down", "0")
    assert set(near) < set(everything)
    assert {node["generation"] for node in near.values()} == {-1, 0}
    assert max(node["year"] for node in nodes("--as-of", "2021").values()) == 2021
    assert len(nodes("--limit", "3")) == 3
    links = stemma("lineage", "linear-attention", "--layer", "claimed", "--format", "json").document["links"]
    assert {link["layer"] for link in links} == {"claimed"}


def test_lineage_of_a_paper_goes_by_citations(stemma: Stemma) -> None:
    document = stemma("lineage", "2006.16236", "--format", "json", "--up", "1", "--down", "0").document
    assert document["focus"] == "arxiv:2006.16236"
    assert {link["kind"] for link in document["links"]} == {"cites"}


@pytest.mark.parametrize("form", ["graphml", "gexf"])
def test_the_xml_formats_are_xml(stemma: Stemma, form: str) -> None:
    root = ElementTree.fromstring(stemma("lineage", "pre-ln", "--format", form).out)
    assert root.tag.endswith(form)


@pytest.mark.parametrize(("form", "begins"), [("dot", "digraph lineage {"), ("mermaid", "flowchart LR")])
def test_the_drawing_formats(stemma: Stemma, form: str, begins: str) -> None:
    assert stemma("lineage", "pre-ln", "--format", form).out.startswith(begins)


def test_a_path_gives_the_evidence_of_each_step(stemma: Stemma) -> None:
    lines = stemma("path", "1706.03762", "linear-attention").out.splitlines()
    assert lines[0] == "Attention Is All You Need  arxiv:1706.03762"
    assert lines[-1] == "-> Linear attention  concept:linear-attention"
    document = stemma("path", "linear-attention", "1706.03762", "--json").document
    assert document["keys"][0] == "arxiv:1706.03762"
    assert [hop["kind"] for hop in document["hops"]] == ["introduces", "replaces"]


def test_no_path_is_an_answer(stemma: Stemma) -> None:
    outcome = stemma("path", "pre-ln", "linear-attention")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("no path: ")
    document = stemma("path", "pre-ln", "linear-attention", "--json").document
    assert document == {"keys": [], "titles": [], "hops": []}
