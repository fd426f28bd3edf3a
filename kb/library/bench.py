"""What runs: reference implementations, comparisons and programs; the part of ``Library`` that starts guests."""

from collections.abc import Mapping, Sequence

from kb.errors import InvalidQueryError
from kb.library import running
from kb.library.snippets import Snippets
from kb.records import Confinement, Idea, RunResult, SnippetReading, Ticket, TrainingTask
from kb.reference.parameters import list_bounds
from kb.reference.registry import list_ideas
from kb.reference.training import TASKS, get_task
from kb.settings import Settings


class Bench(Snippets):
    """Methods of ``Library``; it is never made by itself."""

    settings: Settings

    def ideas(self) -> tuple[Idea, ...]:
        """Return the reference implementations."""
        return list_ideas()

    def idea(self, name: str | Idea) -> Idea:
        """Return what runs under a name: a reference implementation, by any name of its idea, or a user's variant.

        Raises
        ------
        NotFoundError     : the idea is unknown or has no code yet, or there is no such snippet
        InvalidQueryError : the snippet is a program
        """
        if isinstance(name, Idea):
            return name
        if not name.startswith("snippet:"):
            return self.shipped(name)
        reading = self.read_snippet(self.snippet(name))
        if reading.idea is None:
            why = "".join(f"; {remark}" for remark in reading.remarks)
            raise InvalidQueryError(f"{name} is a program and no variant of an idea, so it runs by itself{why}")
        return reading.idea

    def sizes(self, name: str | Idea) -> dict[str, tuple[int, int]]:
        """Return the sizes that an idea's standard input depends on: default and greatest value by letter."""
        return list_bounds(self.idea(name))

    def run(
        self,
        name: str | Idea,
        parameters: Mapping[str, object] | None = None,
        *,
        seed: int = 0,
        code: str | None = None,
    ) -> RunResult:
        """Run an idea, an edited version of its source, or a snippet, and record the run."""
        return running.finish(self.begin_run(name, parameters, seed=seed, code=code))

    def begin_run(
        self,
        name: str | Idea,
        parameters: Mapping[str, object] | None = None,
        *,
        seed: int = 0,
        code: str | None = None,
        owner: str = "",
    ) -> Ticket:
        """Begin what ``run`` does, when it is its turn, and return at once."""
        if isinstance(name, str) and name.startswith("snippet:") and code is None:
            one = self.snippet(name)
            reading = self.read_snippet(one)
            return self.begin_snippet(one.address, one.code, parameters, seed=seed, reading=reading, owner=owner)
        return self.begin(running.plan_run(self.idea(name), parameters, seed=seed, code=code), owner=owner)

    def run_snippet(
        self,
        name: str,
        code: str,
        parameters: Mapping[str, object] | None = None,
        *,
        seed: int = 0,
        reading: SnippetReading | None = None,
    ) -> RunResult:
        """Run a user's own code, confined, and record it: a variant on its standard input, a program as it is."""
        return running.finish(self.begin_snippet(name, code, parameters, seed=seed, reading=reading))

    def begin_snippet(
        self,
        name: str,
        code: str,
        parameters: Mapping[str, object] | None = None,
        *,
        seed: int = 0,
        reading: SnippetReading | None = None,
        owner: str = "",
    ) -> Ticket:
        """Begin what ``run_snippet`` does, when it is its turn, and return at once.

        Parameters
        ----------
        name    : under which the run is recorded: ``snippet:12``, ``file:mine.py``; a bare name is a file's
        reading : where it is known already what the code is
        """
        name = name if ":" in name else f"file:{name}"
        read = reading or self.read_code(code, name=name)
        return self.begin(running.plan_code(name, code, read, parameters, seed=seed), owner=owner)

    def compare(
        self,
        names: Sequence[str | Idea],
        parameters: Mapping[str, object] | None = None,
        *,
        seed: int = 0,
        layers: int = 8,
    ) -> RunResult:
        """Run two to four ideas of one form on equal inputs; ``kb.reference.comparing`` names the figures."""
        return running.finish(self.begin_compare(names, parameters, seed=seed, layers=layers))

    def begin_compare(
        self,
        names: Sequence[str | Idea],
        parameters: Mapping[str, object] | None = None,
        *,
        seed: int = 0,
        layers: int = 8,
        owner: str = "",
    ) -> Ticket:
        """Begin what ``compare`` does, when it is its turn, and return at once."""
        ideas = [self.idea(name) for name in names]
        return self.begin(running.plan_compare(ideas, parameters, seed=seed, layers=layers), owner=owner)

    def costs(
        self,
        names: Sequence[str | Idea],
        parameters: Mapping[str, object] | None = None,
        *,
        seed: int = 0,
        along: str = "T",
    ) -> RunResult:
        """Measure what one to eight ideas cost as functions of their sizes, along one of them.

        ``kb.reference.guest_growth`` names the figures.
        """
        return running.finish(self.begin_costs(names, parameters, seed=seed, along=along))

    def begin_costs(
        self,
        names: Sequence[str | Idea],
        parameters: Mapping[str, object] | None = None,
        *,
        seed: int = 0,
        along: str = "T",
        owner: str = "",
    ) -> Ticket:
        """Begin what ``costs`` does, when it is its turn, and return at once."""
        ideas = [self.idea(name) for name in names]
        return self.begin(running.plan_costs(ideas, parameters, seed=seed, along=along), owner=owner)

    def training_tasks(self) -> tuple[TrainingTask, ...]:
        """Return what ideas can be trained on."""
        return TASKS

    def train(
        self, task: str, names: Sequence[str | Idea], parameters: Mapping[str, object] | None = None, *, seed: int = 0
    ) -> RunResult:
        """Train one to four ideas on a task, side by side; ``kb.reference.guest_training`` names the figures."""
        return running.finish(self.begin_train(task, names, parameters, seed=seed))

    def begin_train(
        self,
        task: str,
        names: Sequence[str | Idea],
        parameters: Mapping[str, object] | None = None,
        *,
        seed: int = 0,
        owner: str = "",
    ) -> Ticket:
        """Begin what ``train`` does, when it is its turn, and return at once."""
        ideas, slug = [self.idea(name) for name in names], get_task(task).slug
        plan = running.plan_train(slug, ideas, parameters, seed=seed, settings=self.settings)
        return self.begin(plan, owner=owner)

    def begin(self, task: running.Task, *, owner: str = "") -> Ticket:
        """Run a task when it is its turn, and record it when it has ended."""
        return running.begin(self._store, self.settings, task, owner=owner)

    def warm_up(self) -> None:
        """Have confined workers with torch ready in the background, one for each run at the same time."""
        from kb.runner import warm_up

        warm_up(self.settings.run_at_once)

    def confinement(self) -> Confinement:
        """Return which way of confining code is in force on this machine."""
        from kb.runner import confinement

        return confinement()
