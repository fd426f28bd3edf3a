"""The mutation runs: the tool makes the faults that it should, its bench notices them, and every record holds."""

import os
import subprocess
import sys

import pytest

from kb.reference.registry import get_idea, list_ideas
from tests.mutation.bench import own_tests
from tests.mutation.operators import list_mutants
from tests.mutation.record import Record, hash_code, read_record, write_record

IDEAS = [idea.function for idea in list_ideas()]
HEAD = 'r"""A header, x + y and all."""\n\n'


def becomes(line: str) -> list[str]:
    """What a line behind a header may become."""
    mutants = list_mutants(f"{HEAD}{line}\n")
    for mutant in mutants:
        compile(mutant.code, "mutant", "exec")
        assert mutant.before == " ".join(line.split())
    return [mutant.after for mutant in mutants]


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        (
            "y = a - b * c",
            ["y = a + (b * c)", "y = a", "y = (b * c) - a", "y = -(b * c)", "y = a - (b / c)", "y = a - b"],
        ),
        ("y = (a - b) ** 2", ["y = (b - a) ** 2", "y = (a - b)", "y = (a - b) ** 3"]),
        (
            'y = einsum("bhk,bhv->bhkv", k, v)',
            ['y = einsum("bhk,hbv->bhkv", k, v)', 'y = einsum("bhk,bhv->bhvk", k, v)'],
        ),
        ("y = x[:, :-1]", ["y = x[:, 1:]", "y = x[:, :]", "y = x[:, :-2]", "y = x[:-1, :]"]),
        ("y = x.sum(dim=-1, keepdim=True)", ["y = x.sum(dim=-2, keepdim=True)", "y = x.sum(dim=-1)"]),
        ("y = x.triu(1)", ["y = x.tril(1)", "y = x.triu(0)", "y = x.triu(2)", "y = x"]),
        ("y = a if c <= d else b", ["y = a", "y = b", "y = a if c < d else b", "y = a if c >= d else b"]),
        ("y = x.cumsum(1).exp()", ["y = x.cumprod(1).exp()", "y = x.cumsum(1)"]),
        ("y = x.detach()", ["y = x"]),
        ("y = torch.cat([a, b], dim=1)", ["y = torch.cat([b, a], dim=1)", "y = torch.cat([a], dim=1)"]),
        ('y = w["a"] + w["b"]', ['y = w["b"] + w["b"]', 'y = w["a"].detach() + w["b"]']),
        ("def f(x: Tensor, *, eps: float = 0.5): return x", ["def f(x: Tensor, *, eps: float = 1.0): return x"]),
        ("y += x", ["y -= x", "y = x", "pass"]),
    ],
)
def test_what_may_go_wrong_in_a_line(line, faults):
    assert set(faults) <= set(becomes(line))


def test_prose_types_and_messages_are_left_alone():
    assert becomes('import torch\n\nState = tuple[int, ...]\n\n\nclass A:\n    "x + 1"\n    x: list[1]') == []
    assert becomes('assert a == b, "a is " + str(1)') == ['assert a != b, "a is " + str(1)']


def test_no_mutant_stands_twice_and_every_one_can_be_read():
    mutants = list_mutants(get_idea("delta-rule").code)

    assert len({mutant.code for mutant in mutants}) == len(mutants) > 100
    for mutant in mutants:
        compile(mutant.code, "mutant", "exec")


@pytest.mark.parametrize("idea", IDEAS)
def test_the_record_is_of_this_code_and_these_tests(idea):
    record, again = read_record(idea), f"run: python -m tests.mutation {idea}"

    assert record is not None, f"no mutation run of {idea} is recorded; {again}"
    assert record.code == hash_code(get_idea(idea).code), f"kb/reference/{idea}.py changed since its run; {again}"
    assert record.tests == hash_code(own_tests(idea).read_text(encoding="utf-8")), (
        f"the tests of {idea} changed since its run; {again}"
    )
    assert record.unexplained == [], "give the reason in the record, or a test that notices"
    lines = " ".join(get_idea(idea).code.split())
    assert all(name.partition("  =>  ")[0] in lines for name in record.survivors)
    assert len(record.survivors) < record.mutants / 10


def test_every_record_is_of_an_idea(repository):
    folder = repository / "tests" / "mutation" / "record"

    assert {file.stem for file in folder.glob("*.toml")} == set(IDEAS)


def test_a_record_comes_back_as_it_was_written(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.mutation.record.FOLDER", tmp_path)
    record = Record("0a", "1b", 9, {'a["x"]  =>  b': "", "c  =>  √d": "equal", "e  =>  f": "equal"}, 2, 1)

    write_record("own", record)

    assert read_record("own") == record
    assert record.unexplained == ['a["x"]  =>  b']


def test_the_header_is_not_part_of_what_a_record_holds_for():
    assert hash_code(HEAD + "y = 1\n") == hash_code(HEAD.replace("all", "more\nlines") + "y = 1\n")
    assert hash_code(HEAD + "y = 1\n") != hash_code(HEAD + "y = 2\n")


def test_the_bench_notices_faults_and_what_it_finds_is_what_is_recorded(repository):
    """A slice of the whole run: the tool's own checks, and every mutant of two quick files."""
    ideas = ["swiglu", "layer_normalisation"]
    recorded = [read_record(idea) for idea in ideas]

    done = subprocess.run(
        [sys.executable, "-m", "tests.mutation", *ideas, "--dry-run"],
        cwd=repository,
        env={**os.environ, "PYTHONPATH": str(repository)},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    for idea, record in zip(ideas, recorded, strict=True):
        assert (
            f"{idea}: {record.mutants} mutants, {len(record.survivors)} survive, 0 of them unexplained" in done.stdout
        )
