"""Measured costs: formulas against closed forms, counts without numbers against real ones, limits and refusals."""

import ast
import json

import pytest

from kb.errors import InvalidQueryError
from kb.reference.costing import build_costs_program, list_cost_sizes, list_letters
from kb.reference.guest_costs import COUNTED, Subject
from kb.reference.guest_gradients import STACKED
from kb.reference.guest_growth import report_costs
from kb.reference.program import describe_idea
from kb.reference.registry import FOLDER, get_idea, list_ideas
from kb.reference.variant import parse_variant
from kb.ui import gradients as shown_gradients

WAYS = ("path", "sees", "steps")
SMALL = {"T": 64}


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """Let a busy machine find what an idle one finds."""
    monkeypatch.setattr("kb.reference.guest_growth.BUDGET_S", 60.0)
    monkeypatch.setattr("kb.reference.guest_growth.GREATEST", {"T": 128, "D": 64, "K": 32, "H": 8})


def measure(*names, along="T", **settings):
    """Measure with the guest's parts as they stand here, not as one text."""
    ideas = [get_idea(name) if isinstance(name, str) else name for name in names]
    described = [describe_idea(idea, {"B": 1, **SMALL, **settings}, most=2**20) for idea in ideas]
    told = {}
    report_costs({"ideas": described, "seed": 0, "along": along}, told.__setitem__)
    found = json.loads(json.dumps(told["ideas"], allow_nan=False))
    return found[0] if len(names) == 1 else found


def texts(told):
    return {name: formula["text"] for name, formula in told["formulas"].items()}


@pytest.mark.parametrize(
    ("slug", "settings", "expected"),
    [
        (
            "scaled-dot-product-attention",
            {},
            {
                "products": "2 B T² H K + 2 B T² H V",
                "functions": "B T² H",
                "state_elements": "B T H K + B T H V",
                "parameter_count": "0",
                "path": "1",
                "sees": "T",
                "steps": "4",
            },
        ),
        (
            # read and denominator; the write is a product and a sum of its own, element by element
            "linear-attention",
            {"form": "recurrent"},
            {
                "products": "2 B T H K V + 2 B T H K",
                "state_elements": "B H K V + B H K",
                "path": "T + 3",
                "functions": "2 B T H K",
            },
        ),
        ("delta-rule", {}, {"products": "4 B T H K V", "state_elements": "B H K V", "path": "T + 2"}),
        (
            "lstm",
            {},
            {
                "products": "16 B T D²",
                "parameter_count": "8 D² + 4 D",
                "state_elements": "2 B D",
                "functions": "5 B T D",
                "path": "2 T + 8",
            },
        ),
        (
            "pre-ln",
            {},
            {
                "products": "4 B T D F + 8 B T D² + 4 B T² D",
                "parameter_count": "2 D F + 4 D² + 5 D + F",
                "functions": "B T² heads + 2 B T",
            },
        ),
        ("swiglu", {}, {"products": "6 B T D F", "parameter_count": "3 D F", "sees": "1", "path": "3"}),
        ("linear-recurrent-unit", {"form": "scan"}, {"path": "2 log₂ T + 6", "products": "8 B T D²"}),
        (
            "gated-linear-attention",
            {"form": "chunkwise"},
            {"products": "4 B T H K V + 8 B T H K + 8 B T H V", "path": "1/2 T"},
        ),
        ("layer-normalisation", {}, {"flops": "7 B T D + 2 B T", "parameter_count": "2 D", "state_elements": None}),
    ],
)
def test_formulas_are_those_that_one_derives(slug, settings, expected):
    found = texts(measure(slug, **settings))

    assert {name: found.get(name) for name in expected} == expected


def test_formulas_give_every_point_and_are_told_with_their_limits():
    told = measure("gated-delta-rule")

    assert [point["T"] for point in told["points"]][-3:] == [32, 64, 128]
    # a chunk of four: what is left over is another chunk
    assert told["formulas"]["products"]["every"] == 4
    assert told["formulas"]["state_elements"]["every"] == 1
    assert (told["formulas"]["products"]["from"], told["formulas"]["products"]["to"]) == (8, 128)
    assert told["powers"]["products"] == 1.0
    assert told["powers"]["state_elements"] == 0.0


def test_what_holds_for_one_sequence_only_says_so():
    saved = measure("scaled-dot-product-attention")["formulas"]["saved_elements"]

    # the shares, of each head, and the mask
    assert (saved["text"], saved["fixed"]) == ("T² H + T²", {"B": 1})


def test_a_length_that_is_a_parameter_sets_the_multiples():
    told = measure("gated-linear-attention", form="chunkwise", chunk=12)

    assert told["formulas"]["products"]["every"] == 12
    assert told["formulas"]["products"]["text"] == "4 B T H K V + 24 B T H K + 24 B T H V"


def test_a_letter_that_cannot_vary_alone_varies_with_its_like():
    told = measure("attention-free-transformer")

    assert told["formulas"]["flops"]["fixed"] == {}
    assert "V" not in told["formulas"]["flops"]["text"]


def test_costs_can_be_followed_along_any_size():
    told = measure("multi-head-attention", along="D")

    assert [point["D"] for point in told["points"]] == [16, 32, 64]
    assert told["at"]["products"] == 8 * 64 * 16**2 + 4 * 64**2 * 16
    by_head = measure("multi-head-attention", along="heads")
    assert [(point["heads"], point["functions"]) for point in by_head["points"]] == [
        (heads, heads * 64**2) for heads in (1, 2, 4, 8, 16)
    ]
    # with heads of one number each there is nothing to sum over: no product is left of q k
    assert [point["products"] == 8 * 64 * 16**2 + 4 * 64**2 * 16 for point in by_head["points"]] == [True] * 4 + [
        False
    ]


def test_what_was_asked_for_is_told_even_where_only_formulas_reach(monkeypatch):
    monkeypatch.setattr("kb.reference.guest_growth._list_sizes", lambda subject, along: [8, 16, 32])
    told = measure("lstm", T=512)

    assert [point["T"] for point in told["points"]] == [8, 16, 32]
    assert (told["at"]["products"], told["at"]["path"], told["at"]["seconds"]) == (
        16 * 512 * 16**2,
        2 * 512 + 8,
        None,
    )


def test_where_counting_ends_the_formulas_go_on(monkeypatch):
    monkeypatch.setattr("kb.reference.guest_growth.MOST_NUMBERS", 2**12)
    monkeypatch.setattr("kb.reference.guest_growth.FAR_S", 0.0)
    told = measure("multi-head-attention")

    assert [point["T"] for point in [*told["points"], *told["beyond"]]] == [8, 16, 32, 64, 128]
    assert told["beyond"][-1]["T"] == 128
    assert told["beyond"][-1]["products"] == 8 * 128 * 16**2 + 4 * 128**2 * 16


def test_without_a_size_there_are_counts_and_no_curve():
    told = measure_schedule()

    assert told["points"] == told["ways"] == []
    assert told["at"]["flops"] > 0
    assert told["formulas"] == {}


def measure_schedule():
    told = {}
    described = describe_idea(get_idea("ulmfit"), {})
    report_costs({"ideas": [described], "seed": 0, "along": ""}, told.__setitem__)
    return told["ideas"][0]


def test_an_edited_version_has_costs_of_its_own():
    shipped = get_idea("multi-head-attention")
    code = shipped.code.replace('q = (x @ w["w_q"])', 'q = (x @ w["w_q"] @ w["w_o"])')
    assert code != shipped.code
    one, other = measure(shipped, parse_variant(code, shipped, slug="mine.py"))

    assert texts(one)["products"] == "8 B T D² + 4 B T² D"
    assert texts(other)["products"] == "10 B T D² + 4 B T² D"


def test_a_version_that_fails_at_other_sizes_is_counted_where_it_runs():
    shipped = get_idea("multi-head-attention")
    code = shipped.code.replace(
        "    B, T, D = x.shape\n", "    B, T, D = x.shape\n    assert T >= 16 and D == 16\n", 1
    )
    assert code != shipped.code
    told = measure(parse_variant(code, shipped, slug="mine.py"))

    assert [point["T"] for point in told["points"]] == [16, 32, 64, 128]
    assert told["formulas"]["products"]["text"] == "64 T² + 2048 T"
    assert told["formulas"]["products"]["fixed"] == {"B": 1, "D": 16, "heads": 2}
    assert any("fails" in note for note in told["notes"])


def test_an_error_at_the_sizes_asked_for_is_an_error():
    shipped = get_idea("multi-head-attention")
    code = shipped.code.replace("    B, T, D = x.shape\n", "    B, T, D = x.shape\n    1 / (T - 64)\n", 1)

    with pytest.raises(ZeroDivisionError):
        measure(parse_variant(code, shipped, slug="mine.py"))


@pytest.mark.parametrize("idea", list_ideas(), ids=lambda idea: idea.slug)
def test_counts_without_numbers_are_the_counts_with_them(idea):
    sizes = {"T": 6} if "T" in list_cost_sizes([idea]) else {}
    subject = Subject(describe_idea(idea, sizes), 0, 60.0)
    real = subject.count(subject.sizes)
    subject._counted.clear()
    try:
        empty = subject.count(subject.sizes, empty=True)
    except (RuntimeError, NotImplementedError):
        # it looks at its numbers, or draws them from a generator of its own
        assert idea.form == "objective" or idea.slug == "awd-lstm"
        return
    assert {name: empty[name] for name in COUNTED} == {name: real[name] for name in COUNTED}


def test_large_sizes_need_no_memory(monkeypatch):
    monkeypatch.setattr("kb.reference.guest_growth.GREATEST", {"T": 65_536})
    told = measure("scaled-dot-product-attention", T=512)

    assert told["points"][-1]["T"] == 65_536
    assert told["points"][-1]["peak_elements"] > 10**10
    assert told["points"][-1]["seconds"] is None
    assert told["points"][0]["seconds"] > 0
    assert told["formulas"]["products"]["to"] == 65_536


@pytest.mark.parametrize(
    ("names", "settings", "along", "message"),
    [
        ([], {}, "T", "one to 8 ideas at once, not of 0"),
        (["pre-ln"] * 9, {}, "T", "not of 9"),
        (["pre-ln"], {}, "K", "none of these ideas has a size 'K': choose T or B or D or F or heads"),
        (["pre-ln"], {"zeal": 1}, "T", "none of these ideas takes 'zeal'"),
        (["pre-ln"], {"T": 513}, "T", "T must be a whole number in 1..512"),
        (["alibi"], {"B": 4, "T": 512, "H": 16}, "T", "must be at most 1,048,576"),
    ],
)
def test_what_cannot_be_measured_is_refused(names, settings, along, message):
    with pytest.raises(InvalidQueryError, match=message.replace("(", r"\(")):
        build_costs_program([get_idea(name) for name in names], settings, along=along)


def test_a_program_is_about_one_long_sequence_of_any_form():
    ideas = [get_idea("lstm"), get_idea("scaled-dot-product-attention"), get_idea("lstm")]
    program = build_costs_program(ideas, {"3.D": 32, "K": 4})
    told = json.loads(ast.literal_eval(program.rsplit("json.loads(", 1)[1].split("), report")[0]))

    assert [idea["label"] for idea in told["ideas"]] == ["lstm (1)", "scaled-dot-product-attention", "lstm (3)"]
    assert [idea["sizes"] for idea in told["ideas"]] == [
        {"B": 1, "T": 512, "D": 16},
        {"B": 1, "T": 512, "H": 2, "K": 4, "V": 8},
        {"B": 1, "T": 512, "D": 32},
    ]
    assert list_letters(ideas) == ("T", "B", "H", "K", "V", "D")


def test_no_two_parts_of_the_guest_define_one_name():
    # they become one text
    owners: dict[str, str] = {}
    for path in sorted(FOLDER.glob("guest*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            for name in _names(node):
                assert name not in owners, f"{name} stands in {owners[name]} and in {path.name}"
                owners[name] = path.name


def _names(node):
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = (
        node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    )
    return [target.id for target in targets if isinstance(target, ast.Name)]


def test_the_page_and_the_guest_stack_the_same_forms():
    assert shown_gradients.STACKED == STACKED
