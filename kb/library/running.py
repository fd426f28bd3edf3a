"""Run ideas and snippets within the limits that the settings give, and record every run that was begun."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kb.errors import InvalidQueryError, KBError
from kb.records import Idea, Limits, RunResult, SnippetReading, Ticket
from kb.reference.comparing import build_compare_program
from kb.reference.costing import build_costs_program
from kb.reference.program import build_run_program
from kb.reference.registry import list_ideas
from kb.reference.training import build_training_program
from kb.reference.variant import fill_program, parse_variant
from kb.runner import submit
from kb.settings import Settings
from kb.store import Session, Store, runs

Parameters = Mapping[str, object] | None
REPORTING_S = 20.0
"""Left of a training's time for its beginning and its end."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is to run, and what its record will say."""

    key: str
    """``code:<slug>``, ``compare:<slug>,<slug>``, ``costs:<slug>``, ``train:<task>:<slug>,<slug>``,
    ``snippet:<number>``, ``own:<number>``, ``file:<name>``."""
    program: str
    """The text that the guest gets."""
    code: str
    """The source as its author wrote it."""
    parameters: Mapping[str, object] = field(default_factory=dict)
    seed: int = 0
    trusted: bool = False
    """Every idea in it is shipped and unedited."""
    limits: Limits | None = None
    """Where the settings' are not the right ones."""
    keep: Callable[[Session, RunResult], None] | None = None
    """What else is recorded with the run, in the same session."""


def begin(store: Store, settings: Settings, task: Task, *, owner: str = "") -> Ticket:
    """Run a task when it is its turn, and record it when it has ended; owners take turns.

    A run that cannot be recorded is a result all the same: its message says why there is no record.
    """

    def record(result: RunResult) -> RunResult:
        try:
            with store.write() as session:
                note = runs.save_run(session, task.key, task.code, result, parameters=task.parameters, seed=task.seed)
                if task.keep:
                    task.keep(session, result)
        except KBError as error:
            told = f"this run was not recorded: {error}"
            return replace(result, message="; ".join(filter(None, (result.message, told))))
        return replace(result, key=note.key)

    limits = task.limits or limits_of(settings)
    return submit(task.program, limits, trusted=task.trusted, owner=owner, ended=record, at_once=settings.run_at_once)


def finish(ticket: Ticket) -> RunResult:
    """Wait for a run's end; who interrupts the waiting cancels the run."""
    try:
        result = ticket.wait()
    except KeyboardInterrupt:
        ticket.cancel()
        ticket.wait()
        raise
    assert result is not None
    return result


def plan_run(idea: Idea, parameters: Parameters, *, seed: int, code: str | None = None) -> Task:
    """Return the run of an idea on its standard input; an edited source is a stranger's and runs confined."""
    if code is not None and code != idea.code:
        idea = parse_variant(code, idea, slug=idea.slug)
    key = idea.slug if ":" in idea.slug else f"code:{idea.slug}"
    program = build_run_program(idea, parameters, seed=seed)
    return Task(key, program, idea.code, parameters or {}, seed, trusted=idea in list_ideas())


def plan_code(name: str, code: str, reading: SnippetReading, parameters: Parameters, *, seed: int) -> Task:
    """Return the run of a user's own code: a variant on its standard input, a program as it is, constants set."""
    if reading.idea is not None:
        return plan_run(reading.idea, parameters, seed=seed)
    if seed:
        raise InvalidQueryError(f"{name} is a program, which draws its own numbers: leave the seed out")
    return Task(name, fill_program(code, reading.parameters, parameters or {}, name), code, parameters or {})


def plan_compare(ideas: Sequence[Idea], parameters: Parameters, *, seed: int, layers: int) -> Task:
    """Return the run of ideas of one form on the same inputs and weights."""
    program = build_compare_program(ideas, parameters, seed=seed, layers=layers)
    return _plan_several("compare", ideas, program, parameters, seed=seed)


def plan_costs(ideas: Sequence[Idea], parameters: Parameters, *, seed: int, along: str) -> Task:
    """Return the measurement of what ideas cost as functions of their sizes."""
    program = build_costs_program(ideas, parameters, seed=seed, along=along)
    return _plan_several("costs", ideas, program, parameters, seed=seed)


def plan_train(task: str, ideas: Sequence[Idea], parameters: Parameters, *, seed: int, settings: Settings) -> Task:
    """Return the training of ideas on a task, side by side: it stops by itself before its time is up."""
    most = max(1.0, settings.train_wall_s - REPORTING_S)
    program = build_training_program(task, ideas, parameters, seed=seed, most_seconds=most)
    limits = replace(limits_of(settings), wall_s=settings.train_wall_s, cpu_s=settings.train_cpu_s)
    return replace(_plan_several(f"train:{task}", ideas, program, parameters, seed=seed), limits=limits)


def _plan_several(kind: str, ideas: Sequence[Idea], program: str, parameters: Parameters, *, seed: int) -> Task:
    trusted = all(idea in list_ideas() for idea in ideas)
    key = f"{kind}:" + ",".join(idea.slug for idea in ideas)
    return Task(key, program, "\n".join(idea.code for idea in ideas), parameters or {}, seed, trusted)


def limits_of(settings: Settings) -> Limits:
    """Return what a guest may use."""
    return Limits(settings.run_wall_s, settings.run_cpu_s, settings.run_memory_mb, settings.run_output_kb)
