"""Who runs next: so many at once, owners take turns, whoever is no longer wanted leaves the line."""

import threading
import time

import pytest

from kb.records import RunResult
from kb.runner.queue import Queue

WAIT_S = 10.0


class Bench:
    """A queue whose runs end when they are told to, and the order in which they began."""

    def __init__(self, places):
        self.queue, self.places = Queue(), places
        self.begun, self.gates, self.tickets = [], {}, {}
        self.news = threading.Condition()

    def ask(self, *names):
        """Ask for runs; the first letter is the owner."""
        for name in names:
            gate = self.gates[name] = threading.Event()

            def work(ticket, name=name, gate=gate):
                with self.news:
                    self.begun.append(name)
                    self.news.notify_all()
                while not gate.is_set() and not ticket.is_unwanted:
                    time.sleep(0.001)
                return RunResult("cancelled" if ticket.is_unwanted else "ok", stdout=name)

            self.tickets[name] = self.queue.join(work, owner=name[0], ended=None, places=self.places)

    def end(self, name):
        """Let a run end and return how it did."""
        self.gates[name].set()
        return self.tickets[name].wait(WAIT_S)

    def wait_for(self, count):
        """Wait until so many have begun and return which, in order."""
        with self.news:
            assert self.news.wait_for(lambda: len(self.begun) >= count, WAIT_S)
            return list(self.begun)

    def finish(self):
        """Let all of them end, one after the other, and return the order in which they began."""
        for done in range(len(self.tickets)):
            name = self.wait_for(done + 1)[done]
            self.end(name)
        return self.wait_for(len(self.tickets))


def test_so_many_run_at_once_and_no_more():
    bench = Bench(2)
    bench.ask("a1", "b1", "c1")
    assert sorted(bench.wait_for(2)) == ["a1", "b1"]
    time.sleep(0.05)
    assert [bench.tickets[name].state for name in ("a1", "b1", "c1")] == ["running", "running", "waiting"]
    bench.end("b1")
    assert bench.wait_for(3)[2] == "c1"
    assert bench.end("a1").stdout == "a1"
    assert bench.end("c1").status == "ok"


def test_one_owner_is_served_in_the_order_of_asking():
    bench = Bench(1)
    bench.ask("a1", "a2", "a3")
    assert bench.finish() == ["a1", "a2", "a3"]


def test_owners_take_turns():
    bench = Bench(1)
    bench.ask("a1", "a2", "a3", "a4", "b1", "b2", "c1")
    assert bench.finish() == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]


def test_a_newcomer_comes_before_those_who_were_served():
    bench = Bench(1)
    bench.ask("a1", "a2", "b1", "b2")
    assert [bench.wait_for(1), bench.end("a1").stdout, bench.wait_for(2)[1]] == [["a1"], "a1", "b1"]
    bench.ask("c1")
    assert bench.finish() == ["a1", "b1", "c1", "a2", "b2"]


def test_the_one_who_was_served_is_not_served_again_first_on_two_places():
    bench = Bench(2)
    bench.ask("a1", "a2", "a3", "a4", "b1")
    bench.wait_for(2)
    bench.end("a1")
    assert bench.wait_for(3)[2] == "b1"
    bench.finish()


def test_the_place_is_how_many_are_begun_before():
    bench = Bench(1)
    bench.ask("a1", "a2", "a3", "b1", "b2", "c1")
    bench.wait_for(1)
    told = {name: ticket.place for name, ticket in bench.tickets.items()}
    assert told == {"a1": 0, "b1": 0, "c1": 1, "a2": 2, "b2": 3, "a3": 4}
    waiting = [name for name in bench.finish() if name != "a1"]
    assert waiting == sorted(waiting, key=lambda name: told[name])
    assert {ticket.place for ticket in bench.tickets.values()} == {0}


def test_who_waits_leaves_at_once_and_is_never_begun():
    bench = Bench(1)
    bench.ask("a1", "a2", "b1")
    bench.wait_for(1)
    bench.tickets["a2"].cancel()
    result = bench.tickets["a2"].wait(0)
    assert (result.status, result.message) == ("cancelled", "cancelled before it began")
    assert bench.tickets["a2"].state == "ended"
    bench.end("a1")
    bench.end("b1")
    assert bench.wait_for(2) == ["a1", "b1"]


def test_who_runs_is_told_and_his_place_goes_to_the_next():
    bench = Bench(1)
    bench.ask("a1", "b1")
    bench.wait_for(1)
    bench.tickets["a1"].cancel()
    assert bench.tickets["a1"].wait(WAIT_S).status == "cancelled"
    assert bench.wait_for(2) == ["a1", "b1"]
    assert bench.end("b1").status == "ok"


def test_cancelling_what_has_ended_changes_nothing():
    bench = Bench(1)
    bench.ask("a1")
    before = bench.end("a1")
    bench.tickets["a1"].cancel()
    assert bench.tickets["a1"].wait(0) is before


def test_what_ended_adds_to_the_result_before_anybody_sees_it():
    seen = []

    def record(result):
        seen.append(ticket.wait(0))
        return RunResult(result.status, key="run:1")

    gate = threading.Event()

    def work(ticket):
        gate.wait(WAIT_S)
        return RunResult("ok")

    ticket = Queue().join(work, owner="a", ended=record, places=1)
    gate.set()
    assert ticket.wait(WAIT_S).key == "run:1"
    assert seen == [None]


@pytest.mark.parametrize("where", ["work", "ended"])
def test_a_failure_of_ours_ends_the_ticket_and_not_the_line(where, caplog):
    def fail(*_):
        raise ZeroDivisionError

    queue, fine = Queue(), RunResult("ok")
    ticket = queue.join(
        fail if where == "work" else lambda _: fine, owner="a", ended=fail if where == "ended" else None, places=1
    )
    after = queue.join(lambda _: fine, owner="a", ended=None, places=1)
    assert ticket.wait(WAIT_S).status == ("error" if where == "work" else "ok")
    assert after.wait(WAIT_S).status == "ok"
    assert "ZeroDivisionError" in caplog.text


def test_where_no_thread_can_be_had_the_run_is_refused_and_the_place_is_free(monkeypatch):
    def fail(*_):
        raise RuntimeError("can't start new thread")

    queue = Queue()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        ticket = queue.join(lambda _: RunResult("ok"), owner="a", ended=None, places=1)
    assert (ticket.wait(0).status, "can't start new thread" in ticket.wait(0).message) == ("refused", True)
    assert queue.join(lambda _: RunResult("ok"), owner="a", ended=None, places=1).wait(WAIT_S).status == "ok"


def test_nothing_is_kept_of_owners_who_have_nothing_here():
    bench = Bench(2)
    bench.ask(*(f"{owner}{number}" for owner in "abcdef" for number in range(3)))
    bench.tickets["f2"].cancel()
    bench.tickets.pop("f2")
    bench.finish()
    deadline = time.monotonic() + WAIT_S
    while bench.queue._running and time.monotonic() < deadline:
        time.sleep(0.001)
    assert (bench.queue._lines, dict(bench.queue._running), bench.queue._served) == ({}, {}, {})
