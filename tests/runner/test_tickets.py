"""A run that goes on in the background: what is seen of it, cancelling it, several owners with real programs."""

import time

import psutil
import pytest

from kb.errors import InvalidQueryError
from kb.records import Limits
from kb.runner import confinement, run, submit

WAIT_S = 30.0
COUNT = """
import time
for step in range(100):
    print('step', step)
    report('curve', [0.5] * (step + 1))
    time.sleep(0.02)
"""


@pytest.fixture(autouse=True, scope="module")
def some_way() -> None:
    """A way of confining is in force."""
    found = confinement()
    if found.way == "none":
        pytest.skip(f"nothing confines a program on this machine: {'; '.join(found.reasons)}")


def wait_until(is_so):
    """Wait for something that another thread brings about."""
    deadline = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_figures_and_lines_are_seen_before_the_end():
    ticket = submit(COUNT)
    seen = []
    while ticket.wait(0.01) is None:
        seen.append((len(ticket.figures.get("curve", ())), ticket.stdout.count("\n"), ticket.seconds))
    result = ticket.wait()

    assert len({curve for curve, _, _ in seen} - {0, 100}) > 10
    assert seen == sorted(seen)
    assert len({lines for _, lines, _ in seen} - {0, 100}) > 10
    assert (len(result.figures["curve"]), result.stdout.count("\n")) == (100, 100)
    assert (ticket.figures, ticket.stdout, ticket.seconds) == (result.figures, result.stdout, result.wall_s)
    assert ticket.state == "ended"


def test_what_is_looked_at_is_a_copy():
    ticket = submit("report('x', 1)\nimport time\ntime.sleep(0.2)")
    wait_until(lambda: ticket.figures)
    ticket.figures.clear()
    assert ticket.wait().figures == {"x": 1}
    ticket.figures.clear()
    assert ticket.wait().figures == {"x": 1}


def test_half_a_character_is_waited_for():
    code = """
import sys, time
word = '线性'.encode()
for byte in word:
    sys.stdout.buffer.write(bytes([byte])); sys.stdout.buffer.flush(); time.sleep(0.05)
"""
    ticket = submit(code)
    seen = set()
    while ticket.wait(0.01) is None:
        seen.add(ticket.stdout)
    assert seen | {"线性"} == {"", "线", "线性"}
    assert ticket.wait().stdout == "线性"


def test_whoever_runs_in_his_own_thread_is_told_of_news():
    told = []
    result = run("import time\nfor i in range(5): print(i); time.sleep(0.05)", on_news=lambda: told.append(1))

    assert result.status == "ok"
    assert 4 <= len(told) <= 20


def test_a_cancelled_run_is_killed_and_what_it_said_is_kept():
    ticket = submit("print('begun')\nreport('step', 1)\nimport time\ntime.sleep(60)")
    wait_until(lambda: ticket.figures)
    guests = len(psutil.Process().children(recursive=True))
    begun = time.monotonic()
    ticket.cancel()
    result = ticket.wait(WAIT_S)

    assert time.monotonic() - begun < 1
    assert (result.status, result.exit_code) == ("cancelled", None)
    assert (result.stdout, result.figures) == ("begun\n", {"step": 1})
    assert result.message == "cancelled; what it had reported by then is kept"
    assert len(psutil.Process().children(recursive=True)) < guests


def test_a_program_that_will_not_end_is_cancelled_all_the_same():
    code = """
import signal, sys
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
print('deaf')
while True:
    try:
        while True: pass
    except BaseException: pass
"""
    ticket = submit(code)
    wait_until(lambda: ticket.stdout)
    ticket.cancel()
    assert ticket.wait(2).status == "cancelled"


def test_cancelling_after_the_end_changes_nothing():
    ticket = submit("print(1)")
    result = ticket.wait(WAIT_S)
    ticket.cancel()

    assert (ticket.wait(), result.status, ticket.state) == (result, "ok", "ended")


def test_a_run_waits_for_its_turn_and_leaves_the_line_at_once():
    first = submit("import time\ntime.sleep(60)", owner="a", at_once=1)
    second = submit("print(2)", owner="a", at_once=1)
    third = submit("print(3)", owner="b", at_once=1)
    assert (second.state, second.place, third.place) == ("waiting", 1, 0)
    begun = time.monotonic()
    second.cancel()
    assert second.wait(0).message == "cancelled before it began"
    assert time.monotonic() - begun < 0.1
    first.cancel()
    assert third.wait(WAIT_S).stdout == "3\n"
    assert first.wait(WAIT_S).status == "cancelled"


def test_owners_take_turns_with_real_programs():
    code = "import time\ntime.sleep(0.05)\nprint('done')"
    order = []

    def note(name):
        def ended(result):
            order.append(name)
            return result

        return ended

    asked = ["a1", "a2", "a3", "b1", "b2", "c1"]
    tickets = [submit(code, owner=name[0], ended=note(name), at_once=1) for name in asked]
    assert [ticket.wait(WAIT_S).stdout for ticket in tickets] == ["done\n"] * 6
    assert order == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_a_limit_of_nothing_is_refused_before_it_waits():
    with pytest.raises(InvalidQueryError, match="wall_s"):
        submit("", Limits(wall_s=0))
