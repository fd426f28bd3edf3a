"""Run ideas and snippets within the limits that the settings give, and record every run."""

from collections.abc import Mapping, Sequence

from kb.records import Idea, Limits, RunResult
from kb.reference.program import build_compare_program, build_run_program
from kb.runner import run
from kb.settings import Settings
from kb.store import Store, runs

Parameters = Mapping[str, object] | None


def run_idea(
    store: Store, settings: Settings, idea: Idea, parameters: Parameters, *, seed: int, code: str | None
) -> RunResult:
    """Run an idea on its standard input; an edited source is a stranger's and runs confined."""
    edited = code is not None and code != idea.code
    program = build_run_program(code if edited and code is not None else idea, parameters, seed=seed)
    result = run(program, limits_of(settings), trusted=not edited)
    _record(store, f"code:{idea.slug}", code or idea.code, result, parameters=parameters, seed=seed)
    return result


def run_snippet(store: Store, settings: Settings, name: str, code: str) -> RunResult:
    """Run a user's own program, confined."""
    result = run(code, limits_of(settings))
    _record(store, name, code, result)
    return result


def compare_ideas(
    store: Store, settings: Settings, ideas: Sequence[Idea], parameters: Parameters, *, seed: int
) -> RunResult:
    """Run ideas of one form on the same inputs and weights."""
    program = build_compare_program(ideas, parameters, seed=seed)
    result = run(program, limits_of(settings), trusted=True)
    key = "compare:" + ",".join(idea.slug for idea in ideas)
    _record(store, key, "\n".join(idea.code for idea in ideas), result, parameters=parameters, seed=seed)
    return result


def limits_of(settings: Settings) -> Limits:
    """Return what a guest may use."""
    return Limits(settings.run_wall_s, settings.run_cpu_s, settings.run_memory_mb, settings.run_output_kb)


def _record(
    store: Store, key: str, code: str, result: RunResult, *, parameters: Parameters = None, seed: int = 0
) -> None:
    with store.write() as session:
        runs.save_run(session, key, code, result, parameters=parameters or {}, seed=seed)
