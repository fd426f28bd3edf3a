"""Composed programs: what they report, that they need nothing of this package, and what is refused."""

import json
import subprocess
import sys
import traceback
from itertools import combinations

import pytest

from kb.errors import InvalidQueryError
from kb.reference.comparing import build_compare_program
from kb.reference.header import FORMS
from kb.reference.program import build_run_program
from kb.reference.registry import get_idea, list_ideas
from kb.reference.text import read_words


def execute(program: str) -> dict[str, object]:
    figures: dict[str, object] = {}
    exec(compile(program, "program", "exec"), {"report": figures.__setitem__})
    return json.loads(json.dumps(figures, allow_nan=False))


def compare(names, parameters=None, **more):
    return execute(build_compare_program([get_idea(name) for name in names], parameters, **more))


@pytest.mark.parametrize("idea", list_ideas(), ids=lambda idea: idea.slug)
def test_every_idea_runs_and_reports_finite_figures(idea):
    figures = execute(build_run_program(idea, {}, seed=1))

    assert figures["idea"] == idea.slug
    assert figures["finite"] is True
    assert figures["min"] <= figures["mean"] <= figures["max"]
    assert figures["seconds"] > 0
    assert figures["dtype"] == "float64"
    assert len(json.dumps(figures)) < 20_000


def test_a_program_runs_where_this_package_cannot_be_imported(tmp_path):
    report = "import builtins, json\nbuiltins.report = lambda name, value: print(json.dumps({name: value}))\n"
    (tmp_path / "guest.py").write_text(report + build_run_program(get_idea("pre-ln")))

    done = subprocess.run(
        [sys.executable, "-I", str(tmp_path / "guest.py")], capture_output=True, text=True, cwd=tmp_path, check=False
    )

    assert done.returncode == 0, done.stderr
    assert '{"idea": "pre-ln"}' in done.stdout


def test_parameters_and_sizes_reach_the_run():
    figures = execute(build_run_program(get_idea("pangu-pi"), {"n": "3", "D": "24"}, sizes={"T": 5}))

    assert figures["shape"] == [2, 5, 24]
    assert figures["parameters"] == {"heads": 2, "causal": True, "n": 3, "shortcuts": 1}
    assert figures["sizes"] == {"B": 2, "T": 5, "D": 24, "F": 64, "R": 4}
    assert len(figures["slice"]) == 5
    assert len(figures["slice"][0]) == 16


def test_the_seed_decides_the_numbers():
    runs = [execute(build_run_program(get_idea("rwkv-4"), seed=seed)) for seed in (0, 0, 1)]

    assert runs[0]["slice"] == runs[1]["slice"] != runs[2]["slice"]


def test_memory_grows_with_attention_and_stands_still_with_linear_attention():
    soft, linear = (
        execute(build_run_program(get_idea(name), {"T": 32}))["growth"]
        for name in ("scaled-dot-product-attention", "fast-weight-programmer")
    )

    assert [point["T"] for point in soft] == [8, 16, 32]
    assert [point["state_elements"] for point in soft] == [2 * t * 2 * 16 for t in (8, 16, 32)]
    assert soft[2]["matmul_flops"] == 4 * soft[1]["matmul_flops"]
    assert linear[2]["matmul_flops"] == 2 * linear[1]["matmul_flops"]
    assert len({point["state_elements"] for point in linear}) == 1


def test_a_schedule_reports_a_curve_for_each_group():
    figures = execute(build_run_program(get_idea("ulmfit"), {"steps": 1000, "groups": 3}))

    assert figures["shape"] == [1000, 3]
    assert len(figures["curves"]) == 3
    assert len(figures["curves"][0]) == len(figures["steps"]) == 200
    assert figures["steps"][-1] == 999
    assert figures["curves"][0][0] == 0.0
    assert figures["curves"][2][0] == pytest.approx(0.01 / 32)


def test_an_edited_text_runs_as_it_was_edited():
    code = get_idea("linear-attention").code.replace("x.clamp(max=0).exp()", "x.clamp(max=0).exp() * 0 + 1")

    edited = execute(build_run_program(code))

    assert edited["slice"] != execute(build_run_program(get_idea("linear-attention")))["slice"]


def test_an_error_in_an_edited_text_shows_its_own_line():
    code = get_idea("pre-ln").code.replace("    D = x.shape[-1]", "    D = x.shape[-1] // 0")

    with pytest.raises(ZeroDivisionError) as caught:
        execute(build_run_program(code))

    told = "".join(traceback.format_exception(caught.value))
    assert 'File "pre_ln.py"' in told
    assert "D = x.shape[-1] // 0" in told


def test_what_an_edited_text_prints_is_printed_once(capsys):
    code = get_idea("pre-ln").code.replace("    D = x.shape[-1]", "    D = x.shape[-1]\n    print('here')")

    execute(build_run_program(code))

    assert capsys.readouterr().out == "here\n"


def test_pangu_pi_at_its_neutral_values_is_pre_ln():
    figures = compare(["pre-ln", "pangu-pi"], {"activation": "gelu", "n": 1, "shortcuts": 0})

    assert figures["pairs"][0]["max_abs"] == 0.0
    assert figures["pairs"][0]["first_index"] is None
    assert [idea["idea"] for idea in figures["ideas"]] == ["pre-ln", "pangu-pi"]


def test_a_setting_can_go_to_one_idea_by_its_slug_or_place():
    figures = compare(["rwkv-4", "rwkv-4"], {"2.form": "parallel", "T": 40})
    same = compare(
        ["linear-attention", "fast-weight-programmer"], {"linear-attention.normalise": "false", "features": "elu"}
    )

    assert [idea["parameters"]["form"] for idea in figures["ideas"]] == ["recurrent", "parallel"]
    assert figures["pairs"][0]["between"] == ["rwkv-4 (1)", "rwkv-4 (2)"]
    assert figures["pairs"][0]["max_abs"] < 1e-12
    assert same["pairs"][0]["first_index"] is None


def test_the_first_place_where_two_differ_is_the_first_token_that_sees_the_difference():
    causal = compare(["multi-head-attention", "multi-head-attention"], {"2.causal": "false"})["pairs"][0]
    late = get_idea("multi-head-attention").code.replace("triu(1)", "triu(1).logical_and(torch.arange(T) != 5)")
    figures = execute(build_compare_program([get_idea("multi-head-attention"), late]))["pairs"][0]

    assert causal["first_index"] == [0, 0, 0]
    assert figures["first_index"] == [0, 0, 0]
    assert max(figures["heat"][6] + figures["heat"][7]) == 0.0
    assert min(max(row) for row in figures["heat"][:5]) > 0
    assert figures["relative"] > 0


def test_a_large_map_is_pooled_and_loses_no_difference():
    figures = compare(["post-ln", "pre-ln"], {"T": 100, "D": 64})["pairs"][0]

    assert figures["heat_pooled"] is True
    assert (len(figures["heat"]), len(figures["heat"][0])) == (32, 32)
    assert max(max(row) for row in figures["heat"]) == pytest.approx(figures["max_abs"], rel=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_any_ideas_of_one_form_run_on_the_same_input(form):
    ideas = [idea for idea in list_ideas() if idea.form == form]
    for one, other in combinations(ideas, 2):
        assert build_compare_program([one, other])
    for start in range(0, len(ideas) - 1, 3):
        for pair in execute(build_compare_program(ideas[start : start + 4]))["pairs"]:
            # how many features, steps and groups there are, each idea says for itself
            assert pair["comparable"] or form in ("features", "schedule")


def test_a_comparison_tells_the_first_values_that_differ_and_gradients():
    figures = compare(["post-ln", "pre-ln"], {"T": 6}, layers=3)
    runs = [execute(build_run_program(get_idea(name), {"T": 6})) for name in ("post-ln", "pre-ln")]

    assert figures["pairs"][0]["first_index"] == [0, 0, 0]
    assert figures["pairs"][0]["first_values"] == [run["slice"][0][0] for run in runs]
    assert [len(idea["gradients"]["layers"]) for idea in figures["ideas"]] == [3, 3]
    assert compare(["pre-ln", "pre-ln"], {"T": 6}, layers=1)["pairs"][0]["first_values"] is None


@pytest.mark.parametrize("layers", [0, 65])
def test_a_stack_that_is_too_high_is_refused(layers):
    with pytest.raises(InvalidQueryError, match=f"layers must be a whole number in 1..64, not {layers}"):
        build_compare_program([get_idea("pre-ln"), get_idea("post-ln")], layers=layers)


def test_four_ideas_give_six_pairs():
    assert len(compare(["post-ln", "pre-ln", "gopher-block", "pangu-pi"])["pairs"]) == 6


def test_scores_of_positions_show_queries_by_keys(write_idea):
    scores = "scale * torch.einsum('bthk,bshk->bhts', q, k)"
    late = "scale * torch.einsum('bthk,bshk->bhts', q, k) + (torch.arange(q.shape[1]) == 5)"
    figures = execute(build_run_program(write_idea("position", scores), {"T": 20, "B": 1, "H": 3}))
    pair = execute(build_compare_program([write_idea("position", one) for one in (scores, late)]))["pairs"][0]

    assert figures["axes"] == ["batch", "head", "query", "key"]
    assert figures["slice_axes"] == pair["heat_axes"] == ["query", "key"]
    assert (len(figures["slice"]), len(figures["slice"][0])) == (16, 16)
    assert pair["first_index"] == [0, 0, 0, 5]
    assert pair["heat"] == [[0, 0, 0, 0, 0, 1, 0, 0]] * 8


def test_features_show_tokens_by_features(write_idea):
    figures = execute(build_run_program(write_idea("features", "torch.cat([x, -x], dim=-1)"), {"K": 5}))

    assert figures["shape"] == [2, 8, 2, 10]
    assert figures["slice_axes"] == ["token", "feature"]
    assert len(figures["slice"][0]) == 10


@pytest.mark.parametrize("form", ["norm", "feed-forward", "recurrence", "block"])
def test_what_maps_a_stream_shows_tokens_by_channels(form, write_idea):
    figures = execute(build_run_program(write_idea(form, "x * w['g'], x[:, -1]", weights="g (D) one")))

    assert figures["shape"] == [2, 8, 16]
    assert figures["slice_axes"] == ["token", "channel"]
    assert figures["parameter_count"] == 16
    assert figures["state_elements"] == 32


LOSS = "torch.where(tokens > 2, -w['logits'].log_softmax(dim=-1)[tokens], 0.0)"


def test_an_objective_shows_its_losses_by_position_and_the_words(write_idea):
    source = write_idea("objective", LOSS, weights="logits (C) 0..1")
    figures = execute(build_run_program(source, {"B": 6, "T": 9}))
    words = read_words()

    assert figures["axes"] == ["batch", "token"]
    assert figures["words"] == list(words[:9])
    assert figures["positions"] == list(range(9))
    assert [len(curve) for curve in figures["curves"]] == [9] * 4
    assert [value is None for value in figures["curves"][0]] == [word == "the" for word in words[:9]]
    told = [words[b * (len(words) // 6) + t] for b in range(6) for t in range(9)]
    assert figures["counted"] == sum(word != "the" for word in told)
    assert figures["loss"] == pytest.approx(figures["mean"] * 54 / figures["counted"], rel=1e-5)
    seen = [curve[4] for curve in figures["curves"] if curve[4] is not None]
    assert min(seen) <= figures["average"][4]


def test_long_losses_are_thinned_out_and_none_at_all_are_none(write_idea):
    source = write_idea("objective", "0.0 * tokens", weights="logits (C)")
    figures = execute(build_run_program(source, {"T": 500, "B": 2}))

    assert len(figures["positions"]) == len(figures["curves"][0]) == len(figures["average"]) == 200
    assert (figures["positions"][-1], figures["loss"], figures["counted"]) == (499, None, 0)


def test_objectives_are_compared_position_by_position(write_idea):
    same, other = (write_idea("objective", body, weights="logits (C)") for body in (LOSS, LOSS.replace("> 2", "> 1")))
    pair = execute(build_compare_program([same, other], {"T": 5, "B": 3}))["pairs"][0]

    assert pair["heat_axes"] == ["batch", "token"]
    assert (len(pair["heat"]), len(pair["heat"][0])) == (3, 5)


GATED = "v * beta[..., None] * scale"


def test_a_gate_is_drawn_reported_and_can_be_set(write_idea):
    source = write_idea("mixer", GATED, gates="beta (B, T, H) 0.5..1 (beta=1 gives nothing)")
    drawn, fixed = execute(build_run_program(source)), execute(build_run_program(source, {"beta": 1}))
    plain = execute(build_run_program(write_idea("mixer", "v * scale")))

    assert drawn["gates"] == {"beta": "0.5..1"}
    assert fixed["gates"] == {"beta": "1"}
    assert fixed["slice"] == plain["slice"] != drawn["slice"]
    assert "gates" not in plain


def test_gates_of_one_name_are_the_same_numbers_in_a_comparison(write_idea):
    by_head = write_idea("mixer", GATED, gates="beta (B, T, H) 0..1")
    by_channel = write_idea("mixer", "v * beta * scale", gates="beta (B, T, H, V) 0.5..2")
    by_layer = write_idea("mixer", GATED.replace("beta", "beta[None, None]"), gates="beta (H) 0..1")

    figures = execute(build_compare_program([by_head, by_channel, by_layer]))
    apart = execute(build_compare_program([by_head, by_channel], {"1.beta": 0.5}))
    alone = execute(build_compare_program([by_head, by_channel]))

    assert [pair["first_index"] for pair in figures["pairs"]] == [None] * 3
    assert [idea["gates"] for idea in figures["ideas"]] == [{"beta": "0.5..1"}] * 3
    assert apart["pairs"][0]["first_index"] is not None
    assert [idea["gates"]["beta"] for idea in apart["ideas"]] == ["0.5", "0.5..2"]
    assert alone["pairs"][0]["max_abs"] == 0
    assert alone["ideas"][0]["slice"] != figures["ideas"][0]["slice"]


def test_gates_of_one_name_that_have_no_number_in_common_are_refused(write_idea):
    sources = [write_idea("mixer", GATED, gates=f"beta (B, T, H) {span}") for span in ("0..1", "2..3")]

    with pytest.raises(InvalidQueryError, match="no beta suits all of these ideas"):
        build_compare_program(sources)
    assert "report_compare" in build_compare_program(sources, {"1.beta": 1})


@pytest.mark.parametrize(
    ("gates", "given", "message"),
    [
        ("beta (B, T, Z) 0..1", {}, "gate beta has an unknown dimension Z"),
        ("beta (B, T, H) 0..1", {"beta": 2}, r"beta of own must be a number in 0\.\.1, not 2"),
        ("beta (B, T, H) 0..1", {"eta": 2}, "own has no parameter 'eta'"),
    ],
)
def test_gates_that_cannot_be_used_are_refused_in_words(gates, given, message, write_idea):
    with pytest.raises(InvalidQueryError, match=message):
        build_run_program(write_idea("mixer", GATED, gates=gates), given)


@pytest.mark.parametrize(
    ("names", "parameters", "message"),
    [
        (["pre-ln"], {}, "two to four ideas, not 1"),
        (["pre-ln"] * 5, {}, "two to four ideas, not 5"),
        (["pre-ln", "linear-attention"], {}, "pre-ln is a block, linear-attention is a mixer"),
        (["pre-ln", "post-ln"], {"n": 1}, "none of these ideas takes 'n': pre-ln has heads, causal, activation"),
        (["pre-ln", "pangu-pi"], {"pre-ln.n": 1}, "none of these ideas takes 'pre-ln.n'"),
        (["pre-ln", "pangu-pi"], {"heads": 3}, "heads=3 must divide D=16 in pre-ln"),
        (["pre-ln", "pangu-pi"], {"T": 9999}, "T must be a whole number"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(names, parameters, message):
    with pytest.raises(InvalidQueryError, match=message):
        build_compare_program([get_idea(name) for name in names], parameters)
