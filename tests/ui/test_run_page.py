"""The page of a recorded run, the lists of runs, and what is seen of a run while it goes on."""

import html
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from kb.library import Library
from kb.records import RunNote, RunResult
from kb.reference.registry import get_idea
from kb.runner import confinement
from kb.settings import Settings
from kb.ui.run_kinds import find_again, tell_subject
from kb.ui.run_live import tell_progress

Open = Callable[..., AppTest]
Read = Callable[[AppTest], str]
Press = Callable[[AppTest, str], AppTest]
Links = Callable[[AppTest], list[str]]
needs_confinement = pytest.mark.skipif(confinement().way == "none", reason="nothing confines a program here")
SLOW = """
    import time
    for step in range(600):
        report('curve', [float(one) for one in range(step)])
        print('step', step)
        time.sleep(0.05)
"""


@pytest.fixture
def library(own_db: Path) -> Iterator[Library]:
    """The library of the pages, to run things in."""
    with Library.open(settings=Settings(db=str(own_db)), build=False) as opened:
        yield opened


def test_a_recorded_run_is_drawn_from_its_record(
    library: Library, app_page: Open, read_page: Read, own_db: Path, list_links: Links
) -> None:
    result = library.run("linear-attention", {"T": 16, "form": "recurrent", "normalise": False}, seed=3)
    app = app_page("run", db=own_db, id="1")
    shown = read_page(app)
    assert "Run 1: Linear attention" in shown
    assert re.search(r"Outcome ended well after [\d.]+ m?s", shown)
    assert "Settings T = 16, form = recurrent, normalise = no" in shown
    assert "Seed 3" in shown
    assert f"stemma {result.versions['stemma']}, python {result.versions['python']}, torch" in shown
    assert f"Confined by {result.confinement}" in shown
    assert re.search(rf"SHA-256 {get_idea('linear-attention').code_hash[:16]} ?, as it ships", shown)
    assert "Output 2 × 16 × 2 × 8, float64" in shown
    assert [one.value for one in app.code] == [get_idea("linear-attention").code.rstrip()]
    again = next(one for one in list_links(app) if "form=recurrent" in one)
    assert again == "/idea?key=linear-attention&T=16&form=recurrent&normalise=false&seed=3"


def test_run_it_again_sets_the_page_as_it_was(app_page: Open, own_db: Path) -> None:
    query = {"key": "linear-attention", "T": "16", "form": "recurrent", "normalise": "false", "seed": "3"}
    app = app_page("idea", db=own_db, **query)
    idea = "idea linear-attention"
    assert (app.number_input(key=f"{idea} size T").value, app.number_input(key=f"{idea} the seed").value) == (16, 3)
    assert [app.selectbox(key=f"{idea} {name}").value for name in ("form", "normalise")] == ["recurrent", False]


def test_a_comparison_is_drawn_from_its_record(
    library: Library, app_page: Open, read_page: Read, own_db: Path, list_links: Links
) -> None:
    library.compare(["pre-ln", "post-ln"], {"T": 8})
    app = app_page("run", db=own_db, id="1")
    shown = read_page(app)
    assert "Run 1: Comparison of Pre-LN and Post-LN" in shown
    assert "Pre-LN and Post-LN differ by up to" in shown
    assert "/compare?ideas=pre-ln,post-ln&T=8" in list_links(app)


@needs_confinement
def test_a_file_that_failed_keeps_what_it_reported(
    library: Library, app_page: Open, read_page: Read, press_run: Press, own_db: Path
) -> None:
    code = "print('so far')\nreport('<b>loss</b>', 0.5)\nreport('rows', [{'T': 1, 'cost': 2.5}])\n1 / 0"
    library.run_snippet("mine.py", code)
    app = app_page("run", db=own_db, id="1")
    shown = read_page(app)
    assert "Run 1: The file mine.py" in shown
    assert ["ZeroDivisionError" in one.value for one in app.warning] == [True]
    assert "<b>loss</b> 0.5" in shown
    assert "T cost 1 2.5" in shown
    told = [one.value for one in app.code]
    assert ("so far" in told, code in told, any("line 4" in one for one in told)) == (True, True, True)
    press_run(app, "run again run:1")
    assert [(one.of, one.status) for one in library.runs()] == [("file:mine.py", "error")] * 2


@needs_confinement
def test_an_edited_source_is_run_again_as_it_was(
    library: Library, app_page: Open, read_page: Read, press_run: Press, own_db: Path
) -> None:
    code = get_idea("rms-norm").code + "\nprint('edited')\n"
    library.run("rms-norm", {"T": 4}, code=code)
    app = app_page("run", db=own_db, id="1")
    assert "not as it ships now: edited, or changed since" in read_page(app)
    press_run(app, "run again run:1")
    record = library.recorded_run("2")
    assert (record.code, record.note.parameters, record.result.stdout) == (code, {"T": 4}, "edited\n")
    assert "Recorded as run 2" in read_page(app)


@pytest.mark.parametrize("number", ["99", "x", "-1"])
def test_a_run_that_is_not_here_is_one_calm_line(app_page: Open, own_db: Path, number: str) -> None:
    app = app_page("run", db=own_db, id=number)
    assert len(app.error) == 1
    assert not app.exception


def test_runs_are_listed_and_on_the_page_of_their_idea(
    library: Library, app_page: Open, read_page: Read, own_db: Path, list_links: Links
) -> None:
    assert "Nothing has run yet" in read_page(app_page("run", db=own_db))
    assert "Earlier runs" not in read_page(app_page("idea", db=own_db, key="rms-norm"))
    for seed in range(6):
        library.run("rms-norm", {"T": 4}, seed=seed)
    library.run("layer-normalisation")
    app = app_page("run", db=own_db)
    shown = read_page(app)
    assert "7 runs recorded, the newest first" in shown
    assert re.search(r"Run 7 Layer normalisation ended well after [\d.]+ m?s; \d", shown)
    assert re.search(r"Run 6 RMSNorm T = 4, seed = 5; ended well", shown)
    only = read_page(app_page("run", db=own_db, of="code:rms-norm"))
    assert "Runs: RMSNorm" in only
    assert "6 runs recorded" in only
    assert "What has run Run 7 Layer normalisation" in read_page(app_page("library", db=own_db))
    app = app_page("idea", db=own_db, key="rms-norm")
    shown = read_page(app)
    assert shown.index("Earlier runs") < shown.index("Run 6") < shown.index("Run 2 ")
    assert "/run?id=1" not in list_links(app)
    assert "/run?of=code:rms-norm" in list_links(app)


@needs_confinement
def test_a_run_is_seen_while_it_goes_on_and_cancelled(app_page: Open, read_page: Read, own_db: Path) -> None:
    app = app_page("idea", db=own_db, key="rms-norm")
    source = get_idea("rms-norm").code
    body = source.index('    """Return')
    app.text_area(key="edited rms-norm").set_value(source[:body] + SLOW + source[body:]).run()
    app.button(key="run edited rms-norm").click().run()
    assert app.button(key="run edited rms-norm").disabled
    deadline = time.monotonic() + 60
    while not any("step 3" in one.value for one in app.code) and time.monotonic() < deadline:
        time.sleep(0.2)
        app.run()
    assert re.search(r"Running for \d+ s", read_page(app))
    assert any("step 3" in one.value for one in app.code)
    app.button(key="cancel result of edited rms-norm").click().run()
    app.run()
    assert ["It was cancelled" in one.value for one in app.warning] == [True]
    assert not app.button(key="run edited rms-norm").disabled
    with Library.open(settings=Settings(db=str(own_db)), build=False) as library:
        assert [one.status for one in library.runs("code:rms-norm")] == ["cancelled"]
        assert library.recorded_run("1").result.figures["curve"]


NAMES = {"lstm": "LSTM", "gru": "GRU"}


@pytest.mark.parametrize(
    ("of", "told", "again"),
    [
        ("code:lstm", "LSTM", "/idea?key=lstm&T=4&set.n=true&seed=2"),
        ("snippet:12", "your snippet 12", "/snippet?n=12&T=4&set.n=true&seed=2"),
        ("compare:lstm,snippet:3", "Comparison of LSTM and your snippet 3", "/compare?ideas=lstm,snippet:3&T=4"),
        ("costs:gru", "Costs of GRU", "/costs?ideas=gru&T=4"),
        ("train:copying:lstm,gru", "Training of LSTM and GRU on copying", "/train?task=copying&ideas=lstm,gru&T=4"),
        ("file:<b>.py", "The file <b>.py", ""),
        ("code:gone", "gone", "/idea?key=gone"),
    ],
)
def test_every_kind_of_run_has_words_and_a_page(of: str, told: str, again: str) -> None:
    note = RunNote("run:1", of, "", {"T": 4, "n": True}, 2, "ok", 0.1, datetime(2026, 1, 1, tzinfo=UTC))
    words = re.sub(r"<a [^>]*>|</a>", "", tell_subject(of, NAMES))
    assert (html.unescape(words), "<b>" in words) == (told, False)
    assert find_again(note).startswith(again)
    assert bool(find_again(note)) == bool(again)


class _Pretended:
    """A ticket of a certain state."""

    figures: dict[str, object] = {}  # noqa: RUF012
    stdout = ""

    def __init__(self, state: str, place: int = 0, seconds: float = 0.0) -> None:
        self.state, self.place, self.seconds = state, place, seconds

    def cancel(self) -> None: ...

    def wait(self, timeout_s: float | None = None) -> RunResult | None: ...


@pytest.mark.parametrize(
    ("ticket", "told"),
    [
        (_Pretended("waiting", 0), "Waiting for its turn: it is the next."),
        (_Pretended("waiting", 1), "Waiting for its turn, after another run."),
        (_Pretended("waiting", 5), "Waiting for its turn, after 5 other runs."),
        (_Pretended("running"), "Starting: a process with torch is being made ready"),
        (_Pretended("running", 0, 0.01), "Running for 0 s."),
        (_Pretended("running", 0, 12.9), "Running for 12 s."),
    ],
)
def test_how_far_a_run_is_is_told_in_words(ticket: _Pretended, told: str) -> None:
    assert tell_progress(ticket).startswith(told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "figures",
    [
        {"shape": [2, 2], "growth": "none", "slice": "nonsense"},
        {"shape": None, "growth": [{"T": {}}, 3]},
        {"x": [[1, "a"], []], "y": {"a": {"b": [1] * 99}}, "z": [{}, {"c": None}], "w": "NaN"},
        {"loss": [0.5] * 99, "far": [1e308] * 99, "names": ["a"] * 99},
        {f"f{n}": n for n in range(100)},
    ],
)
def test_figures_that_are_no_run_are_listed_as_they_are(figures: dict[str, object], read_page: Read) -> None:
    app = AppTest.from_function(_draw, default_timeout=90, args=(figures,)).run()
    assert not app.exception
    assert all(name in read_page(app) for name in list(figures)[:40] if not isinstance(figures[name], list))


def _draw(figures: dict[str, object]) -> None:
    from kb.records import RunResult
    from kb.ui.run_result import show_result

    show_result(RunResult("ok", figures=figures), key="output")
