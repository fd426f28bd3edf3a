"""Co-citation and bibliographic coupling, against the worked example and against plain counting."""

from itertools import combinations
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import NotFoundError
from kb.graph.build import build_citations
from kb.graph.coupling import rank_co_cited, rank_coupled
from kb.records import Citation, Paper
from tests.graph.examples import dag_17, make_paper


def _pairs(rank: object) -> set[str]:
    graph = build_citations(*dag_17())
    assert callable(rank)
    return {"".join(sorted((key, near.key))) for key in graph for near in rank(graph, key, None)}


def test_co_cited_pairs_of_the_worked_example() -> None:
    assert _pairs(rank_co_cited) == {"AB", "CF", "CG", "FG", "DF", "IJ"}


def test_coupled_pairs_of_the_worked_example() -> None:
    assert _pairs(rank_coupled) == {"EH", "CD", "CJ", "DJ", "FI", "HI", "LM"}


def test_every_pair_of_the_worked_example_shares_one() -> None:
    graph = build_citations(*dag_17())
    for rank in (rank_co_cited, rank_coupled):
        assert {near.count for key in graph for near in rank(graph, key, None)} == {1}


def test_the_score_is_the_cosine_of_salton() -> None:
    # F is cited by H and I, G by H alone: 1 / sqrt(2 * 1). C is cited by E and H: 1 / sqrt(2 * 2).
    near = rank_co_cited(build_citations(*dag_17()), "F")
    assert [(one.key, one.score) for one in near] == [
        ("G", pytest.approx(1 / sqrt(2))),
        ("C", pytest.approx(1 / 2)),
        ("D", pytest.approx(1 / 2)),
    ]


def test_a_neighbour_brings_its_title_and_year_and_the_limit_holds() -> None:
    near = rank_coupled(build_citations(*dag_17()), "I", 1)
    assert [(one.key, one.title, one.year) for one in near] == [("F", "Title of F", 2000)]


def test_a_paper_that_nobody_cites_has_no_co_cited_neighbour() -> None:
    assert rank_co_cited(build_citations(*dag_17()), "N") == []


def test_an_unknown_paper_is_refused() -> None:
    with pytest.raises(NotFoundError, match=r"Z$"):
        rank_coupled(build_citations(*dag_17()), "Z")


@given(st.sets(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=20))
def test_counts_equal_plain_counting_even_with_cycles(pairs: set[tuple[str, str]]) -> None:
    papers = [make_paper(key) for key in "abcdef"]
    graph = build_citations(papers, [Citation(*pair) for pair in pairs])
    cites = {key: {cited for citing, cited in pairs if citing == key != cited} for key in "abcdef"}
    for one, other in combinations("abcdef", 2):
        found = {near.key: near.count for near in rank_coupled(graph, one, None)}
        assert found.get(other, 0) == len(cites[one] & cites[other])
        both = sum({one, other} <= cited for cited in cites.values())
        assert {near.key: near.count for near in rank_co_cited(graph, one, None)}.get(other, 0) == both


def test_scores_of_the_corpus_lie_in_the_unit_interval(corpus: tuple[list[Paper], list[Citation]]) -> None:
    graph = build_citations(*corpus)
    most_cited = max(graph, key=lambda key: (graph.out_degree(key), key))
    near = rank_co_cited(graph, most_cited, None)
    assert len(near) > 1_000
    assert all(0 < one.score <= 1 for one in near)
    assert near == sorted(near, key=lambda one: (-one.score, -one.count, one.key))
