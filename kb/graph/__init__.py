"""Graphs of papers and ideas: the only room that knows networkx. Takes records, returns records; no database.

build      graphs from records, in the direction of knowledge: ``build_lineage``, ``build_citations``, ``build_joint``
ancestry   ``ancestors``, ``descendants`` by generation; ``as_of`` a year
paths      ``find_path`` between two records, each hop with its evidence
coupling   neighbours by co-citation and by bibliographic coupling
networks   what a view selects: ``network_of_ideas``, ``network_of_papers``
standing   one verdict from several claims
maps       ``map_of_ideas``, ``map_of_papers``: a network, laid out
layout     dots to rows, labels where they fit; with timeline (the warped axis) and labels (their widths)
export     a network as text, JSON, GraphML, GEXF, DOT, Mermaid
"""
