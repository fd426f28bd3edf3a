"""What runs through the door: begun, seen while it goes on, cancelled, recorded, and shown where it cannot be."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event

from kb.errors import InvalidQueryError, NotFoundError
from kb.library import Library, running
from kb.reference.registry import get_idea
from kb.runner import confinement

WAIT_S = 60.0
SLOW = "import time\nfor step in range(600):\n    report('step', step)\n    print(step)\n    time.sleep(0.05)\n"
needs_confinement = pytest.mark.skipif(confinement().way == "none", reason="nothing confines a program here")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "library.db"


@pytest.fixture
def library(file: Path) -> Iterator[Library]:
    """A library without the catalogue: what runs needs none of it."""
    with Library.open(str(file), build=False) as opened:
        yield opened


def wait_until(is_so: Callable[[], object]) -> None:
    """Wait for something that another thread brings about."""
    deadline = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_run_is_recorded_with_all_that_belongs_to_it(library: Library) -> None:
    result = library.run("linear-attention", {"T": 4, "form": "recurrent"}, seed=3)
    record, idea = library.recorded_run(result.key), get_idea("linear-attention")

    assert (result.status, result.key) == ("ok", "run:1")
    assert record.result == result
    assert (record.code, record.note.code_hash) == (idea.code, idea.code_hash)
    assert (record.note.of, record.note.seed) == ("code:linear-attention", 3)
    assert record.note.parameters == {"T": 4, "form": "recurrent"}
    assert set(result.versions) == {"stemma", "python", "torch"}
    # What the plots are drawn from.
    figures = record.result.figures
    assert isinstance(figures["slice"], list)
    assert isinstance(figures["growth"], list)
    assert library.runs("code:linear-attention") == [record.note]


def test_an_edited_source_is_recorded_as_it_ran(library: Library) -> None:
    code = get_idea("rms-norm").code + "\n# edited\n"
    record = library.recorded_run(library.run("rms-norm", code=code).key)

    assert (record.note.of, record.code) == ("code:rms-norm", code)
    assert record.note.code_hash != get_idea("rms-norm").code_hash


def test_a_comparison_is_recorded(library: Library) -> None:
    record = library.recorded_run(library.compare(["pre-ln", "post-ln"], {"T": 4}).key)

    assert record.note.of == "compare:pre-ln,post-ln"
    assert record.code == get_idea("pre-ln").code + "\n" + get_idea("post-ln").code
    assert record.result.figures["pairs"]


@needs_confinement
def test_a_file_of_ones_own_is_recorded_with_its_failure(library: Library) -> None:
    result = library.run_snippet("mine.py", "print('so far')\n1 / 0")
    record = library.recorded_run(result.key)

    assert (record.note.of, record.note.status, record.code) == ("file:mine.py", "error", "print('so far')\n1 / 0")
    assert (record.result.stdout, record.result.exit_code) == ("so far\n", 1)
    assert "ZeroDivisionError" in record.result.stderr


@needs_confinement
def test_figures_are_seen_before_the_end_and_kept_when_cancelled(library: Library) -> None:
    ticket = library.begin_snippet("file:slow.py", SLOW)
    wait_until(lambda: ticket.figures.get("step") == 2)
    assert ticket.state == "running"
    assert ticket.stdout.startswith("0\n1\n2\n")
    ticket.cancel()
    result = ticket.wait(WAIT_S)

    assert result is not None
    assert result.status == "cancelled"
    record = library.recorded_run(result.key)
    assert (record.note.status, record.result.figures) == ("cancelled", result.figures)
    assert 2 <= int(str(result.figures["step"])) < 500


@needs_confinement
def test_a_run_that_never_began_is_not_recorded(library: Library) -> None:
    places = library.settings.run_at_once
    begun = [library.begin_snippet("file:slow.py", SLOW, owner="a") for _ in range(places)]
    waiting = library.begin_snippet("mine.py", "print(1)", owner="a")
    assert waiting.state == "waiting"
    waiting.cancel()
    for ticket in begun:
        ticket.cancel()
        ticket.wait(WAIT_S)

    assert [one.of for one in library.runs()] == ["file:slow.py"] * places


@needs_confinement
def test_who_interrupts_the_waiting_cancels_the_run(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = library.begin_snippet("file:slow.py", SLOW)
    wait_until(lambda: ticket.figures)
    with monkeypatch.context() as patch:
        wait, answers = ticket.wait, iter([KeyboardInterrupt])

        def interrupted(timeout_s: float | None = None) -> object:
            for error in answers:
                raise error
            return wait(timeout_s)

        patch.setattr(ticket, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            running.finish(ticket)
    assert [one.status for one in library.runs()] == ["cancelled"]


def test_what_cannot_run_is_told_before_it_waits(library: Library) -> None:
    with pytest.raises(InvalidQueryError, match="no parameter"):
        library.begin_run("linear-attention", {"unheard_of": 1})
    assert library.run_count() == 0


@pytest.mark.parametrize("key", ["run:1", "1", "run:", "run:x", "run:-1", "run:" + "9" * 30])
def test_a_run_that_is_not_here_is_told(library: Library, key: str) -> None:
    with pytest.raises(NotFoundError):
        library.recorded_run(key)


@needs_confinement
@pytest.mark.parametrize(
    ("pragma", "told"),
    [
        ("query_only = 1", "it cannot be written"),
        ("max_page_count = 1", "the disk is full"),
        ("busy_timeout = 50", "another process is writing to it"),
    ],
    ids=["read-only", "full", "locked"],
)
def test_a_run_that_cannot_be_recorded_is_shown_all_the_same(
    library: Library, file: Path, pragma: str, told: str
) -> None:
    library._store.close()
    event.listen(library._store._engine, "connect", lambda connection, _: connection.execute(f"PRAGMA {pragma}"))
    with closing(sqlite3.connect(file)) as other:
        if "busy" in pragma:
            other.execute("BEGIN IMMEDIATE")
        # More than the free pages of a young library hold.
        result = library.run_snippet("file:mine.py", "report('x', 1)\nprint('y' * 200_000)")

    assert (result.status, result.key) == ("ok", "")
    assert (result.figures, len(result.stdout)) == ({"x": 1}, 200_001)
    assert result.message.startswith(f"this run was not recorded: {file}: {told}")
    assert "\n" not in result.message
    with closing(sqlite3.connect(file)) as other:
        assert other.execute("SELECT count(*) FROM runs").fetchone() == (0,)


WRITER = """
import sys
from kb.library import Library
with Library.open(sys.argv[1], build=False) as library:
    print('ready', flush=True)
    sys.stdin.readline()
    tickets = [library.begin_snippet(f'file:{sys.argv[2]}.py', f'print({n})', owner=str(n % 2)) for n in range(8)]
    print(*sorted(ticket.wait(60).key for ticket in tickets))
"""


@needs_confinement
def test_two_processes_record_in_one_library_at_once(library: Library, file: Path, repository: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(file), name],
            env=os.environ | {"PYTHONPATH": str(repository)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    keys = [key for writer in writers for key in writer.communicate("go\n", timeout=WAIT_S)[0].split()]

    assert sorted(keys) == sorted(f"run:{number}" for number in range(1, 17))
    for name in ("one", "two"):
        notes = library.runs(f"file:{name}.py")
        printed = [library.recorded_run(one.key).result.stdout for one in notes]
        assert sorted(printed) == [f"{number}\n" for number in range(8)]
