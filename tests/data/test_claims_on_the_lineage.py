"""Claims and the catalogue: every idea that runs is in a claim, every exact relation has one or says why not."""

from pathlib import Path

import pytest

from kb.claims.registry import list_claims
from kb.records import EXACT_KINDS, Catalogue, LineageEdge
from kb.reference.registry import list_ideas
from kb.store.catalogue import load_catalogue

CLAIMS = {card.id: card for card in list_claims()}


@pytest.fixture(scope="module")
def catalogue(repository: Path) -> Catalogue:
    return load_catalogue(repository / "data")


def _name(edge: LineageEdge) -> str:
    return f"{edge.descendant} {edge.kind} {edge.ancestor}"


def test_there_are_as_many_claims_and_separations_as_are_promised() -> None:
    separations = [card for card in CLAIMS.values() if card.kind == "separation"]
    assert len(CLAIMS) >= 75
    assert len([card for card in separations if card.has_example]) >= 10


def test_every_idea_that_runs_is_executed_by_a_claim_about_it() -> None:
    executed = {slug for card in CLAIMS.values() for slug in card.executes}
    assert [idea.slug for idea in list_ideas() if idea.slug not in executed] == []
    about = {slug for card in CLAIMS.values() for slug in card.between}
    assert [idea.slug for idea in list_ideas() if idea.slug not in about] == []


def test_every_exact_relation_is_tested_or_says_why_it_cannot_be(catalogue: Catalogue) -> None:
    bare = [edge for edge in catalogue.edges if edge.kind in EXACT_KINDS and not edge.claims and not edge.unclaimed]
    assert [_name(edge) for edge in bare] == []


def test_an_edge_names_claims_about_one_of_its_ends(catalogue: Catalogue) -> None:
    assert {claim for edge in catalogue.edges for claim in edge.claims} <= set(CLAIMS)
    stray = [
        f"{_name(edge)}: {claim}"
        for edge in catalogue.edges
        for claim in edge.claims
        if not {edge.ancestor, edge.descendant} & set(CLAIMS[claim].between)
    ]
    assert stray == []


def test_a_claim_is_about_ideas_and_papers_that_are_here(catalogue: Catalogue) -> None:
    slugs = {concept.slug for concept in catalogue.concepts}
    assert {slug for card in CLAIMS.values() for slug in card.between} <= slugs
    keys = {paper.key for paper in catalogue.papers}
    cited = {key for card in CLAIMS.values() for key in (card.evidence.paper, *card.papers)}
    assert cited - keys == set()


def test_a_claim_between_two_ideas_of_the_lineage_stands_on_their_edge(catalogue: Catalogue) -> None:
    pairs = {(edge.ancestor, edge.descendant) for edge in catalogue.edges}
    on_edges = {claim for edge in catalogue.edges for claim in edge.claims}
    lost = [
        card.id
        for card in CLAIMS.values()
        if len(card.between) == 2 and (card.between[0], card.between[1]) in pairs and card.id not in on_edges
    ]
    assert lost == []


def test_a_divergence_names_claims_that_are_here(catalogue: Catalogue) -> None:
    assert {claim for one in catalogue.divergences for claim in one.claims} <= set(CLAIMS)
