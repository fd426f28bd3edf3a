"""Code to begin with runs at once, differs from the shipped code in one line, and gives something else."""

import difflib

import pytest
import torch

from kb.reference.guest_inputs import build_arguments
from kb.reference.program import describe_idea
from kb.reference.registry import list_ideas
from kb.reference.variant import build_template, read_snippet


def run(idea, settings=None):
    described = describe_idea(idea, settings or {})
    module: dict[str, object] = {}
    exec(compile(idea.code, idea.function, "exec"), module)
    torch.manual_seed(0)
    result = module[idea.function](**build_arguments(described, 0), **described["parameters"])
    return result[0] if isinstance(result, tuple) else result


@pytest.mark.parametrize("idea", list_ideas(), ids=lambda idea: idea.slug)
def test_a_template_runs_by_itself_and_is_another_idea_in_one_line(idea) -> None:
    code = build_template(idea)
    reading = read_snippet(code)
    assert (reading.kind, reading.remarks) == ("variant", ())
    shipped, own = run(idea), run(reading.idea)
    assert own.shape == shipped.shape
    assert (own - shipped).abs().max() > 1e-6
    below = [text.split('"""\n', 1)[1].strip().splitlines() for text in (idea.code, code)]
    changes = [line for line in difflib.ndiff(*below) if line[0] in "+-"]
    assert [line[0] for line in changes] in (["+"], ["-", "+"])
    assert "the line that differs" in changes[-1]


def test_the_template_without_an_idea_is_a_program_that_reports() -> None:
    code = build_template()
    reading = read_snippet(code)
    assert (reading.kind, [one.name for one in reading.parameters]) == ("program", ["steps", "rate"])
    figures = {}
    exec(compile(code, "template", "exec"), {"report": figures.__setitem__})
    assert len(figures["losses"]) == 40
    assert figures["loss"] == figures["losses"][-1] < 0.01
