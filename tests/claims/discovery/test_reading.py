"""What a search reports is data, perhaps a stranger's: read where it is a relation, passed over where not."""

import ast
from collections import Counter
from typing import Any

import pytest

from kb.claims.discovery.known import mark_known
from kb.claims.discovery.program import PARTS
from kb.claims.discovery.reading import mark_derived, read_relations
from kb.claims.discovery.substitutions import list_substitutions
from kb.claims.discovery.telling import tell
from kb.library.discovery import read_figures
from kb.records import Evidence, LineageEdge
from kb.reference.program import _RUN
from kb.reference.registry import FOLDER, get_idea


def entry(one: str, other: str, own: tuple[list[str], list[str]] = ([], []), **more: Any) -> dict[str, Any]:
    """Return a relation as the guest reports it."""
    sides = [[{"slot": word.split(" ")[0], "kind": "value", "value": 1, "words": word} for word in s] for s in own]
    told = {"between": [one, other], "own": sides, "conditions": [], "sense": "same", "measured": 1e-16, "trials": 7}
    return told | {"factor": 1.0, "law": "", "rate": None, "bound": 1e-7} | more


def test_the_special_one_stands_first_and_the_factor_turns_with_it() -> None:
    (found,) = read_relations([entry("a", "b", (["x = 1"], []), factor=0.5)], ["a", "b"])
    assert (found.kind, [side.idea for side in found.sides], found.factor) == ("special case", ["b", "a"], "2")
    assert tell(found) == "b is a at x = 1 times 2."


def test_a_law_is_told_in_sizes() -> None:
    (found,) = read_relations([entry("a", "b", factor=1.0, law="K^-0.5")], ["a", "b"])
    assert found.factor == "1 / sqrt(K)"


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "relations",
        [None, 3, "x", {}],
        [entry("a", "c")],
        [entry("a", "b", measured=float("nan"))],
        [entry("a", "b", factor="many")],
        [{**entry("a", "b"), "own": None}],
        [{**entry("a", "b"), "conditions": [1]}],
    ],
)
def test_what_is_no_relation_is_passed_over(wrong: object) -> None:
    assert read_relations(wrong, ["a", "b"]) == []


@pytest.mark.parametrize("figures", [{}, {"groups": 1}, {"groups": [None, 1, {}, {"ideas": 3}, {"ideas": ["a"]}]}])
def test_figures_of_another_kind_are_no_search(figures: dict[str, object]) -> None:
    assert read_figures(figures) == ()


def test_what_follows_from_others_is_no_candidate() -> None:
    told = [entry("a", "b", ([], ["x = 1"])), entry("b", "c", (["x = 1"], [])), entry("a", "c")]
    found = mark_derived(read_relations(told, ["a", "b", "c"]), ["a", "b", "c"])
    assert [(one.kind, one.follows) for one in found].count(("special case", True)) == 1
    assert sum(one.is_candidate for one in found) == 2


def test_a_condition_under_which_all_agree_is_marked() -> None:
    strong = {"conditions": [{"name": "one-token", "words": "one token"}]}
    told = [entry("a", "b", **strong), entry("b", "c", **strong)]
    found = mark_derived(read_relations(told, ["a", "b", "c"]), ["a", "b", "c"])
    assert all(one.everyone and not one.is_candidate for one in found)


def test_what_the_lineage_says_is_no_candidate() -> None:
    edge = LineageEdge("a", "b", "generalises", (Evidence("arxiv:1706.03762", "Section 1"),))
    (found,) = mark_known(read_relations([entry("a", "b")], ["a", "b"]), [edge], ())
    assert found.edges == ("b generalises a",)
    assert not found.is_candidate


def test_declared_neutral_values_come_first() -> None:
    listed = list_substitutions(get_idea("gated-delta-rule"), [get_idea("gated-delta-rule"), get_idea("delta-rule")])
    assert [one["words"] for one in listed if one["declared"]] == ["normalise = none", "decay = 1"]
    assert listed[0]["declared"]
    assert "beta = 1" in [one["words"] for one in listed]


def test_parts_of_the_guest_stand_in_one_text_so_their_names_differ() -> None:
    names = Counter[str]()
    for part in (*_RUN, *PARTS):
        tree = ast.parse((FOLDER / f"{part}.py").read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names[node.name] += 1
            for one in ast.walk(node) if isinstance(node, ast.Assign | ast.AnnAssign) else ():
                if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
                    names[one.id] += 1
    assert not [name for name, count in names.items() if count > 1]
