"""Composed programs: what they report, that they need nothing of this package, and what is refused."""

import json
import subprocess
import sys
import traceback

import pytest

from kb.errors import InvalidQueryError
from kb.reference.program import build_compare_program, build_run_program
from kb.reference.registry import get_idea, list_ideas


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


def test_four_ideas_give_six_pairs():
    assert len(compare(["post-ln", "pre-ln", "gopher-block", "pangu-pi"])["pairs"]) == 6


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
