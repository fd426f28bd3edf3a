"""A network in six formats: read back where a reader exists, hostile titles everywhere."""

import io
import json
import re
from xml.etree import ElementTree

import networkx as nx
import pytest

from kb.errors import InvalidQueryError
from kb.graph.export import FORMATS, export_network
from kb.records import EdgeLayers, MapLink, Network, NetworkNode

HOSTILE = 'A "quoted" \\n & <b>#1</b> `title`]\x07\x00 | 注意力'
LAYERS = EdgeLayers("old", "new", "special_case_of", 2, "")
NETWORK = Network(
    nodes=(
        NetworkNode("concept:old", "concept", HOSTILE, 1991, "fast-weights", 1.0, generation=0, has_code=True),
        NetworkNode("arxiv:1", "paper", "Undated", None, "", 0.5, generation=1),
        NetworkNode("concept:new", "concept", "New", 2020, "attention", 0.5, generation=1, verdict="refuted"),
    ),
    links=(
        MapLink("concept:old", "concept:new", "executed", "equals", "not_run", True),
        MapLink("concept:old", "concept:new", "claimed", "special_case_of", layers=LAYERS),
        MapLink("concept:old", "arxiv:1", "cited", "cites"),
    ),
    focus="concept:old",
    hidden=4,
)
READABLE = 'A "quoted" \\n & <b>#1</b> `title`] | 注意力'


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_ends_in_one_newline_and_is_the_same_each_time(form: str) -> None:
    text = export_network(NETWORK, form)
    assert text == export_network(NETWORK, form)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("form", FORMATS)
def test_an_empty_network_is_written_too(form: str) -> None:
    export_network(Network((), ()), form)


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidQueryError, match=r"'png'.*text, json, graphml, gexf, dot, mermaid"):
        export_network(NETWORK, "png")


def test_json_loses_nothing() -> None:
    read = json.loads(export_network(NETWORK, "json"))
    nodes = tuple(NetworkNode(**node) for node in read.pop("nodes"))
    links = tuple(
        MapLink(**{**link, "layers": EdgeLayers(**link["layers"]) if link["layers"] else None})
        for link in read.pop("links")
    )
    assert Network(nodes, links, **read) == NETWORK


@pytest.mark.parametrize(("form", "read"), [("graphml", nx.read_graphml), ("gexf", nx.read_gexf)])
def test_xml_is_read_back_with_both_links_of_a_pair(form: str, read: object) -> None:
    assert callable(read)
    graph = read(io.BytesIO(export_network(NETWORK, form).encode()))
    assert list(graph) == ["concept:old", "arxiv:1", "concept:new"]
    assert graph.nodes["concept:old"]["label"] == READABLE
    assert graph.nodes["concept:old"]["year"] == 1991
    assert graph.nodes["concept:old"]["has_code"] is True
    assert "year" not in graph.nodes["arxiv:1"]
    between = graph["concept:old"]["concept:new"].values()
    assert sorted((data["kind"], data["layer"]) for data in between) == [
        ("equals", "executed"),
        ("special_case_of", "claimed"),
    ]


def test_what_is_known_of_an_edge_in_each_layer_stands_beside_it() -> None:
    graph = nx.parse_graphml(export_network(NETWORK, "graphml"), force_multigraph=True)
    told = {data["kind"]: data for _, _, data in graph.edges(data=True)}
    assert (told["special_case_of"]["citing"], told["special_case_of"]["verified"]) == (2, 0)
    assert "citing" not in told["equals"]


def test_the_keys_of_graphml_are_unique_in_the_document() -> None:
    root = ElementTree.fromstring(export_network(NETWORK, "graphml"))
    ids = [element.get("id") for element in root.iter("{http://graphml.graphdrawing.org/xmlns}key")]
    assert len(ids) == len(set(ids)) > 10


def test_gexf_does_not_depend_on_the_day() -> None:
    assert "lastmodified" not in export_network(NETWORK, "gexf")


def test_every_dot_line_is_one_statement_of_well_formed_strings() -> None:
    string = r'"(?:[^"\\]|\\.)*"'
    lines = export_network(NETWORK, "dot").splitlines()
    assert lines[0] == "digraph lineage {"
    assert lines[-1] == "}"
    node = re.compile(rf"  ({string}) \[label={string}\];")
    link = re.compile(rf"  ({string}) -> ({string}) \[style=\w+(, label={string})?\];")
    assert all(node.fullmatch(line) for line in lines[3:6])
    assert all(link.fullmatch(line) for line in lines[6:-1])
    assert '[label="A \\"quoted\\" \\\\n & <b>#1</b> `title`] | 注意力 (1991)"];' in lines[3]
    assert lines[6].endswith('[style=bold, label="equals, not run (stale)"];')


def test_no_title_breaks_out_of_a_mermaid_label() -> None:
    lines = export_network(NETWORK, "mermaid").splitlines()
    assert lines[0] == "flowchart LR"
    label = r'"[^"`<>\[\]|]*"'
    assert all(re.fullmatch(rf"  n\d\[{label}\]", line) for line in lines[1:4])
    assert lines[4:] == [
        '  n0 ==>|"equals, not run (stale)"| n2',
        '  n0 -->|"special case of"| n2',
        "  n0 -.-> n1",
    ]
    assert "A #34;quoted#34; #92;n #38; #60;b#62;#35;1" in lines[1]


def test_text_lists_the_focus_its_kin_and_the_links() -> None:
    kin = Network(
        nodes=(
            NetworkNode("c:a", "concept", "A", 1990, "", 0.5, generation=-2),
            NetworkNode("c:b", "concept", "B", 1995, "", 0.5, generation=-1),
            NetworkNode("c:c", "concept", "C", 2000, "", 1.0, generation=0),
            NetworkNode("c:d", "concept", "D", None, "", 0.5, generation=1),
        ),
        links=(MapLink("c:b", "c:c", "executed", "equals", "verified"), MapLink("c:c", "c:d", "claimed", "fixes")),
        focus="c:c",
        hidden=2,
    )
    assert export_network(kin, "text") == (
        "C (2000)  c:c\n\nancestors\n  1  B (1995)  c:b\n  2  A (1990)  c:a\n\ndescendants\n  1  D  c:d\n"
        "\nlinks\n  B (1995) -> C (2000): equals, verified\n  C (2000) -> D: fixes\n\n2 more not shown\n"
    )


def test_text_without_a_focus_lists_the_records() -> None:
    network = Network((NetworkNode("c:a", "concept", "A", 1990, "", 1.0),), ())
    assert export_network(network, "text") == "A (1990)  c:a\n"
