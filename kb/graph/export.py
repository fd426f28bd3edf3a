"""A network as text: for a terminal, for other programs (JSON, GraphML, GEXF), for drawing (DOT, Mermaid).

All writers are pure and give the same text for the same network. Arrows run with time, from the older to the
younger. Nothing is lost in JSON; the XML forms leave out what is empty, DOT and Mermaid keep titles, years and kinds.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict

import networkx as nx

from kb.errors import InvalidQueryError
from kb.records import MapLink, Network, NetworkNode

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped (section 2.2), and that no drawing should."""
_DATE = re.compile(r' lastmodifieddate="[^"]*"')
_MERMAID = {ord(letter): f"#{ord(letter)};" for letter in '"#&<>`\\|[]{}'}
_DOT_STYLES = {"cited": "style=dashed", "claimed": "style=solid", "executed": "style=bold"}
_MERMAID_ARROWS = {"cited": "-.->", "claimed": "-->", "executed": "==>"}


def export_network(network: Network, form: str) -> str:
    """Return the network as ``text``, ``json``, ``graphml``, ``gexf``, ``dot`` or ``mermaid``, ending in a newline.

    Raises
    ------
    InvalidQueryError : there is no such format
    """
    if form not in _WRITERS:
        raise InvalidQueryError(f"unknown format {form!r}; choose among {', '.join(_WRITERS)}")
    return _WRITERS[form](network) + "\n"


def _to_text(network: Network) -> str:
    nodes = {node.key: node for node in network.nodes}
    lines = [_line(node) for node in network.nodes if node.key == network.focus]
    for name, sign in (("ancestors", -1), ("descendants", 1)):
        kin = [node for node in network.nodes if (node.generation or 0) * sign > 0]
        kin.sort(key=lambda node: (abs(node.generation or 0), node.year is None, node.year or 0, node.key))
        if kin:
            lines += ["", name, *(f"  {abs(node.generation or 0)}  {_line(node)}" for node in kin)]
    if not network.focus:
        lines += [_line(node) for node in network.nodes]
    if network.links:
        lines += ["", "links", *(f"  {_sentence(link, nodes)}" for link in network.links)]
    if network.hidden:
        lines += ["", f"{network.hidden} more not shown"]
    return "\n".join(lines)


def _line(node: NetworkNode) -> str:
    return f"{_dated(node)}  {node.key}"


def _dated(node: NetworkNode) -> str:
    title = " ".join(_legal(node.title).split())
    return title if node.year is None else f"{title} ({node.year})"


def _sentence(link: MapLink, nodes: Mapping[str, NetworkNode]) -> str:
    return f"{_dated(nodes[link.older])} -> {_dated(nodes[link.younger])}: {_words(link)}"


def _words(link: MapLink) -> str:
    """Return the kind of a link, and its verdict where it has one."""
    verdict = f", {link.verdict.replace('_', ' ')}{' (stale)' if link.stale else ''}" if link.verdict else ""
    return link.kind.replace("_", " ") + verdict


def _to_json(network: Network) -> str:
    return json.dumps(asdict(network), ensure_ascii=False, indent=2)


def _to_graphml(network: Network) -> str:
    return "\n".join(nx.generate_graphml(_to_graph(network)))


def _to_gexf(network: Network) -> str:
    # networkx writes today's date into the head: the same network would give another text tomorrow.
    return _DATE.sub("", "\n".join(nx.generate_gexf(_to_graph(network))), count=1)


def _to_graph(network: Network) -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph()
    for node in network.nodes:
        graph.add_node(_legal(node.key), **_filled(asdict(node), {"key", "title"}), label=_legal(node.title))
    for number, link in enumerate(network.links):
        # An attribute is one value: what is known in each layer stands beside the link's own.
        known = asdict(link.layers) if link.layers else {}
        told = _filled(known | asdict(link), {"older", "younger", "layers", "ancestor", "descendant"})
        graph.add_edge(_legal(link.older), _legal(link.younger), key=str(number), **told)
    return graph


def _filled(values: Mapping[str, object], without: set[str]) -> dict[str, object]:
    return {
        name: _legal(value) if isinstance(value, str) else value
        for name, value in values.items()
        if name not in without and value is not None and value != ""
    }


def _legal(text: str) -> str:
    return _NOT_XML.sub("", text)


def _to_dot(network: Network) -> str:
    lines = ["digraph lineage {", "  rankdir=LR;", "  node [shape=box, style=rounded];"]
    lines += [f"  {_quote(node.key)} [label={_quote(_dated(node))}];" for node in network.nodes]
    for link in network.links:
        label = "" if link.layer == "cited" else f", label={_quote(_words(link))}"
        lines.append(f"  {_quote(link.older)} -> {_quote(link.younger)} [{_DOT_STYLES[link.layer]}{label}];")
    return "\n".join([*lines, "}"])


def _quote(text: str) -> str:
    """Return a double-quoted string of the DOT language, in which a backslash would begin an escape."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _to_mermaid(network: Network) -> str:
    # Keys hold colons and dots, and some words (end) are reserved: nodes are numbered instead.
    numbers = {node.key: f"n{number}" for number, node in enumerate(network.nodes)}
    lines = ["flowchart LR"]
    lines += [f'  {numbers[node.key]}["{_dated(node).translate(_MERMAID)}"]' for node in network.nodes]
    for link in network.links:
        label = "" if link.layer == "cited" else f'|"{_words(link).translate(_MERMAID)}"|'
        lines.append(f"  {numbers[link.older]} {_MERMAID_ARROWS[link.layer]}{label} {numbers[link.younger]}")
    return "\n".join(lines)


_WRITERS: dict[str, Callable[[Network], str]] = {
    "text": _to_text,
    "json": _to_json,
    "graphml": _to_graphml,
    "gexf": _to_gexf,
    "dot": _to_dot,
    "mermaid": _to_mermaid,
}
FORMATS = tuple(_WRITERS)
