"""What runs: reference implementations, comparisons and programs; the part of ``Library`` that starts guests."""

from collections.abc import Mapping, Sequence

from kb.errors import NotFoundError
from kb.library import running
from kb.library.lists import Lists
from kb.records import Confinement, Idea, RunResult
from kb.reference.parameters import list_bounds
from kb.reference.registry import get_idea, list_ideas
from kb.settings import Settings


class Bench(Lists):
    """Methods of ``Library``; it is never made by itself."""

    settings: Settings

    def ideas(self) -> tuple[Idea, ...]:
        """Return the reference implementations."""
        return list_ideas()

    def idea(self, name: str) -> Idea:
        """Return a reference implementation by slug, or by any name of its idea.

        Raises
        ------
        NotFoundError : the idea is unknown or has no code yet
        """
        try:
            return get_idea(name.removeprefix("code:").removeprefix("concept:"))
        except NotFoundError:
            return get_idea(self.resolve(name).split(":", 1)[1])

    def sizes(self, name: str) -> dict[str, tuple[int, int]]:
        """Return the sizes that an idea's standard input depends on: default and greatest value by letter."""
        return list_bounds(self.idea(name))

    def run(
        self, name: str, parameters: Mapping[str, object] | None = None, *, seed: int = 0, code: str | None = None
    ) -> RunResult:
        """Run an idea, or an edited version of its source, on its standard input, and record the run."""
        return running.run_idea(self._store, self.settings, self.idea(name), parameters, seed=seed, code=code)

    def run_snippet(self, name: str, code: str) -> RunResult:
        """Run a user's own program, confined, and record the run."""
        return running.run_snippet(self._store, self.settings, name, code)

    def compare(
        self, names: Sequence[str], parameters: Mapping[str, object] | None = None, *, seed: int = 0
    ) -> RunResult:
        """Run two to four ideas of one form on equal inputs; ``kb.reference.program`` names the figures."""
        ideas = [self.idea(name) for name in names]
        return running.compare_ideas(self._store, self.settings, ideas, parameters, seed=seed)

    def warm_up(self) -> None:
        """Have a confined worker with torch ready in the background."""
        from kb.runner import warm_up

        warm_up()

    def confinement(self) -> Confinement:
        """Return which way of confining code is in force on this machine."""
        from kb.runner import confinement

        return confinement()
