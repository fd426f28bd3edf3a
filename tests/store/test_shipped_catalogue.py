"""What ships: enough of it, whole, and tied to the code and the claims."""

from kb.claims.registry import list_claims
from kb.graph.ancestry import ancestors
from kb.graph.build import build_lineage
from kb.records import FAMILIES, WORK_KINDS, Catalogue
from kb.reference.registry import list_ideas

#: the papers behind the reference implementations, and the one that ties two of them together
ASKED_FOR = {
    "arxiv:1706.03762",
    "doi:10.1162/neco.1992.4.1.131",
    "arxiv:2006.16236",
    "arxiv:2102.11174",
    "arxiv:1801.06146",
    "arxiv:2112.11446",
    "arxiv:2305.13048",
    "arxiv:2312.17276",
    "arxiv:2312.17482",
    "arxiv:2002.04745",
}
#: ideas whose code every version ships, however many more there are
CODED = {
    "scaled-dot-product-attention",
    "multi-head-attention",
    "post-ln",
    "pre-ln",
    "fast-weight-programmer",
    "linear-attention",
    "ulmfit",
    "gopher-block",
    "rwkv-4",
    "pangu-pi",
}


def test_there_is_enough_of_it(shipped: Catalogue) -> None:
    assert len(shipped.papers) >= 240
    assert len(shipped.concepts) >= 90
    assert len(shipped.edges) >= 180
    assert len(shipped.glossary) >= 500
    assert len(shipped.divergences) >= 20
    assert sum(edge.is_contested for edge in shipped.edges) >= 10
    assert {paper.kind for paper in shipped.papers} == set(WORK_KINDS)
    assert {paper.family for paper in shipped.papers} == set(FAMILIES)


def test_the_papers_that_were_asked_for_are_here(shipped: Catalogue) -> None:
    assert {paper.key for paper in shipped.papers} >= ASKED_FOR


def test_every_idea_with_code_is_a_concept(shipped: Catalogue) -> None:
    slugs = {concept.slug for concept in shipped.concepts}
    coded = {idea.slug for idea in list_ideas()}
    assert coded >= CODED
    assert slugs >= coded


def test_the_claims_of_the_lineage_exist_and_touch_their_edge(shipped: Catalogue) -> None:
    claims = {card.id: card for card in list_claims()}
    named = {claim for edge in shipped.edges for claim in edge.claims}
    assert named <= claims.keys()
    for edge in shipped.edges:
        for claim in edge.claims:
            assert {edge.ancestor, edge.descendant} & set(claims[claim].between)


def test_the_evidence_of_claims_is_a_paper_of_the_catalogue(shipped: Catalogue) -> None:
    keys = {paper.key for paper in shipped.papers}
    assert {card.evidence.paper for card in list_claims()} <= keys


def test_from_linear_attention_one_can_walk_back_to_the_fast_weight_programmer(shipped: Catalogue) -> None:
    graph = build_lineage(shipped.concepts, shipped.edges)
    assert "concept:fast-weight-programmer" in ancestors(graph, "concept:linear-attention")


def test_every_concept_is_introduced_by_the_paper_that_says_so(shipped: Catalogue) -> None:
    introduces = {paper.key: paper.introduces for paper in shipped.papers}
    assert not [one.slug for one in shipped.concepts if one.slug not in introduces[one.introduced_by]]


def test_summaries_keep_to_their_length(shipped: Catalogue) -> None:
    lengths = {paper.key: len(paper.summary.split()) for paper in shipped.papers}
    assert {key: length for key, length in lengths.items() if not 40 <= length <= 80} == {}


def test_everything_is_told_in_both_languages(shipped: Catalogue) -> None:
    papers = [one.key for one in shipped.papers if not (one.title_zh and one.summary_zh)]
    concepts = [one.slug for one in shipped.concepts if not (one.name_zh and one.definition_zh)]
    assert (papers, concepts, [one.slug for one in shipped.divergences if not one.title_zh]) == ([], [], [])


def test_every_idea_has_its_place_in_the_lineage(shipped: Catalogue) -> None:
    joined = {slug for edge in shipped.edges for slug in (edge.ancestor, edge.descendant)}
    assert [one.slug for one in shipped.concepts if one.slug not in joined] == []


def test_a_divergence_names_claims_that_exist(shipped: Catalogue) -> None:
    claims = {card.id for card in list_claims()}
    assert {claim for one in shipped.divergences for claim in one.claims} <= claims


def test_an_exact_relation_says_under_which_conditions(shipped: Catalogue) -> None:
    exact = ("equals", "special_case_of", "generalises", "approximates")
    silent = [(one.ancestor, one.descendant) for one in shipped.edges if one.kind in exact and len(one.note) < 40]
    assert silent == []
