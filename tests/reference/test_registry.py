"""Finding ideas and reading edited ones."""

import hashlib
import subprocess
import sys

import pytest

from kb.errors import InvalidQueryError, NotFoundError
from kb.reference.program import build_run_program
from kb.reference.registry import FOLDER, get_idea, list_ideas, parse_idea


@pytest.mark.parametrize(
    "name", ["linear-attention", "linear_attention", "Linear Attention", "concept:linear-attention", " code:RWKV-4"]
)
def test_an_idea_is_found_by_slug_function_or_key_in_any_case(name):
    assert get_idea(name).slug in ("linear-attention", "rwkv-4")


def test_an_unknown_name_names_the_nearest():
    with pytest.raises(NotFoundError, match="'linaer-atention': the nearest is linear-attention"):
        get_idea("linaer-atention")


def test_a_name_near_nothing_lists_all():
    with pytest.raises(NotFoundError, match=r"there are .*fast-weight-programmer, .*ulmfit"):
        get_idea("zzz")


def test_an_idea_carries_its_text_and_hash():
    idea = get_idea("pre-ln")
    text = (FOLDER / "pre_ln.py").read_text(encoding="utf-8")

    assert idea.code == text
    assert idea.code_hash == hashlib.sha256(text.encode()).hexdigest()
    assert idea.function == "pre_ln"
    assert idea.title.startswith("Pre-LN: normalise what a sub-layer reads")
    assert [parameter.name for parameter in idea.parameters] == ["heads", "causal", "activation"]


@pytest.mark.parametrize("idea", list_ideas(), ids=lambda idea: idea.slug)
def test_a_shipped_text_read_on_its_own_is_the_same_idea(idea):
    assert parse_idea(idea.code) == idea


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("def pre_ln(", "def pre_ln(:", "cannot be read in line"),
        ("def pre_ln(", "def _pre_ln(", "defines no public function"),
        ("Form        block", "Form        wheel", "Form is 'wheel'"),
        ("Cost  ", "Price ", "no label Cost"),
        ("g_1, g_2 (D) one", "g_1, g_2 D one", "Weights cannot be read at"),
        ("g_1, g_2 (D) one", "g_1, g_2 (Z) one", "weight g_1 has an unknown dimension Z"),
        ("g_1, g_2 (D) one", "g_1, g_2 (causal) one", "weight g_1 has an unknown dimension causal"),
        ("heads = 2 in 1..16", "heads : 2", "Parameters cannot be read at"),
        ('r"""', '"', "cannot be read"),
    ],
)
def test_an_edited_text_that_cannot_be_used_is_refused(old, new, message):
    code = get_idea("pre-ln").code.replace(old, new, 1)

    with pytest.raises(InvalidQueryError, match=message):
        build_run_program(code)


def test_listing_imports_neither_torch_nor_an_idea():
    code = (
        "import sys; from kb.reference.registry import list_ideas; import kb.reference.program; list_ideas(); "
        "print([name for name in sys.modules if name == 'torch' or name == 'kb.reference.pre_ln'])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=FOLDER.parents[1])

    assert done.stdout.strip() == "[]", done.stderr
