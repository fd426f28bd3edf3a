"""What a file asserts of its settings is said before anything runs, and what it cannot say is left to the run."""

import pytest
import torch

from kb.errors import InvalidQueryError
from kb.records import Idea
from kb.reference.inputs import build_inputs, load_function
from kb.reference.parameters import list_bounds, parse_parameters
from kb.reference.preconditions import refuse_unfit
from kb.reference.registry import get_idea, list_ideas, parse_idea

#: The vocabulary is counted in the tokens, so that no assertion can say this before they are drawn.
LEFT_TO_THE_RUN = {("ngram-language-model", "words")}


def ends(idea: Idea) -> list[dict[str, object]]:
    """Each parameter and size of an idea at the ends of its range and at odd numbers, one at a time."""
    odd: list[dict[str, object]] = [{letter: size} for letter in list_bounds(idea) for size in (1, 3)]
    for one in idea.parameters:
        values: set[object] = set(one.choices) or {one.low, one.high}
        if isinstance(one.default, bool):
            values = {not one.default}
        elif isinstance(one.default, int):
            assert one.low is not None
            assert one.high is not None
            values = {value for value in (int(one.low), 3, 16, int(one.high)) if one.low <= value <= one.high}
        odd += [{one.name: value} for value in values if (idea.slug, one.name) not in LEFT_TO_THE_RUN]
    return odd


@pytest.mark.parametrize("idea", list_ideas(), ids=lambda idea: idea.slug)
def test_whatever_lies_in_its_range_runs_or_is_refused_in_a_line(idea: Idea) -> None:
    sizes, refusals = list_bounds(idea).keys(), []
    for given in ends(idea):
        try:
            inputs = build_inputs(idea, given)
        except InvalidQueryError as error:
            refusals.append((next(iter(given)), str(error)))
            continue
        parameters = {name: value for name, value in given.items() if name not in sizes}
        with torch.no_grad():
            load_function(idea)(**inputs, **parse_parameters(idea, parameters))
    for name, refusal in refusals:
        assert f"{name}=" in refusal
        assert "\n" not in refusal


@pytest.mark.parametrize(
    ("slug", "given", "message"),
    [
        ("pangu-pi", {"heads": 3}, "heads=3 must divide D=16 in pangu-pi: change one of them"),
        ("group-normalisation", {"groups": 5, "D": 12}, "groups=5 must divide D=12 in group-normalisation: change"),
        ("grouped-query-attention", {"groups": 4, "H": 6}, "groups=4 must divide H=6 in grouped-query-attention"),
        ("dpfp", {"nu": 16}, "nu=16 and K=8 do not fit in dpfp, 1 <= nu < 2 * K must hold: change one of them"),
        (
            "retention",
            {"K": 5, "rotation": "code"},
            "rotation=code and K=5 do not fit in retention, channels are rotated in pairs: K must be even: change",
        ),
        (
            "attention-free-transformer",
            {"V": 4},
            "V=4 and K=8 do not fit in attention-free-transformer, every channel of v has its own key: V must be K",
        ),
        (
            "masked-language-model",
            {"random": 0.5},
            "masked=0.8 and random=0.5 do not fit in masked-language-model, masked + random <= ",
        ),
        (
            "flash-attention",
            {"T": 257, "tile": 2},
            "T=257 and tile=2 do not fit in flash-attention, a loop in Python over more than 128",
        ),
    ],
)
def test_a_refusal_names_the_numbers_and_the_reason(slug: str, given: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidQueryError) as refusal:
        build_inputs(get_idea(slug), given)

    assert str(refusal.value).startswith(message)


def test_an_assertion_that_one_side_satisfies_holds() -> None:
    assert build_inputs(get_idea("retention"), {"K": 5, "rotation": "none"})["k"].shape[-1] == 5


@pytest.mark.parametrize(
    ("test", "refused"),
    [
        ("K == 8", False),
        ("K != 8", True),
        ("K > 8 or scale >= 2", False),
        ("K > 8 and scale >= 2", True),
        ("0 < K < 8", True),
        ("0 < K <= 8", False),
        ("K - 8 + 2 * K / 4 == 4", False),
        # what follows cannot be read, so the run itself must find it
        ("K < x.shape[-1]", False),
        ("K > 8 or x.dim() == 3", False),
        ("K % 0 == 0", False),
        ("K > 'eight'", False),
        ("'eight' * K == ''", False),
        ("unheard_of == 1", False),
        ("1 == 2", False),
        ("K > 8 if K else False", False),
    ],
)
def test_only_what_speaks_of_settings_is_judged(test: str, refused: bool, write_idea) -> None:
    idea = parse_idea(write_idea("features", "x").replace("    return", f"    assert {test}\n    return"))
    values = {"scale": 2.0, "K": 8}
    if refused:
        with pytest.raises(InvalidQueryError, match=r"K=8.* in own, .* must hold: change one of them"):
            refuse_unfit(idea, values)
    else:
        refuse_unfit(idea, values)


def test_an_assertion_inside_a_branch_or_another_function_is_left_to_the_run(write_idea) -> None:
    source = write_idea("features", "x")
    inside = source.replace("    return", "    if scale > 9:\n        assert K == 1\n    return")
    helper = source.replace("def own", "def _first(K):\n    assert K == 1\n\n\ndef own")

    for text in (inside, helper):
        refuse_unfit(parse_idea(text), {"scale": 2.0, "K": 8})


def test_a_name_that_the_function_gives_another_meaning_is_no_setting(write_idea) -> None:
    source = write_idea("features", "x")
    for line in ("K = x.shape[-1] // 8", "for K in (1, 2): pass", "K += 1", "K, _ = 1, 2", "(K := 1)"):
        refuse_unfit(
            parse_idea(source.replace("    return", f"    {line}\n    assert K == 1\n    return")),
            {"scale": 2.0, "K": 8},
        )
    for line in ("K = x.shape[-1]", "*_, K = x.shape", "B, K = x.shape[::3]", "T, K = x.shape[1], x.shape[-1]"):
        with pytest.raises(InvalidQueryError, match="K=8"):
            refuse_unfit(
                parse_idea(source.replace("    return", f"    {line}\n    assert K == 1\n    return")),
                {"scale": 2.0, "K": 8},
            )


def test_a_sum_too_long_to_follow_is_left_to_the_run(write_idea) -> None:
    source = write_idea("features", "x")
    long, longer = (
        source.replace("    return", f"    assert {' + '.join(['K'] * n)} == 0\n    return") for n in (9, 900)
    )

    with pytest.raises(InvalidQueryError, match="must hold"):
        refuse_unfit(parse_idea(long), {"scale": 2.0, "K": 8})
    refuse_unfit(parse_idea(longer), {"scale": 2.0, "K": 8})
