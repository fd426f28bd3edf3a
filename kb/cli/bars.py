"""The progress bar of a terminal: what is being done, how much of how much, how fast, how long still."""

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text


class _Count(ProgressColumn):
    """The count, with its total where there is one."""

    def render(self, task: Task) -> Text:
        if task.total is not None and task.total <= 1:
            return Text()
        return Text(f"{task.completed:,.0f}" + (f" of {task.total:,.0f}" if task.total is not None else ""))


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="dim")


def build_progress() -> Progress:
    """Return a bar on standard error that is erased when it stops."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30, complete_style="blue", finished_style="blue"),
        _Count(),
        _Rate(),
        TimeRemainingColumn(compact=True),
    )
    return Progress(*columns, console=Console(stderr=True), transient=True)
