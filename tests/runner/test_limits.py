"""No program takes more than it was given: time, memory, threads, output, disk."""

import resource
import time

import pytest

TAKING = {
    "processor time": (
        "import time\nwhile time.process_time() < 2: pass",
        {"cpu_s": 1, "wall_s": 60},
        {"cpu_s": 9, "wall_s": 60},
    ),
    "time": ("import time\ntime.sleep(1)", {"wall_s": 0.3}, {"wall_s": 9}),
    "memory": ("bytearray(200 << 20)", {"memory_mb": 100}, {"memory_mb": 400}),
    "disk": ("open('f', 'wb').write(b'x' * (2 << 20))", {"disk_mb": 1}, {"disk_mb": 8}),
    "output": ("print('x' * (100 << 10))", {"output_kb": 64}, {"output_kb": 256}),
}
"""Programs that end by themselves, with limits that are too small for them and limits that are not."""


@pytest.mark.parametrize("what", TAKING)
def test_what_is_too_much_is_not_had_and_what_is_not_is(guest, what):
    code, small, large = TAKING[what]
    refused, had = guest(code, **small), guest(code, **large)

    assert (had.status, had.truncated, had.message) == ("ok", False, "")
    if what == "output":
        assert (refused.truncated, len(refused.stdout)) == (True, 64 << 10)
    else:
        assert refused.status in ("timeout", "killed", "error")
        assert refused.message


def test_an_endless_loop_ends_by_processor_time(guest):
    result = guest("while True: pass", cpu_s=1)

    assert result.status == "timeout"
    assert "processor time" in result.message


def test_an_endless_loop_ends_by_the_clock(guest):
    begun = time.monotonic()
    result = guest("while True: pass", wall_s=0.5)

    assert result.status == "timeout"
    assert "0.5 s" in result.message
    assert 0.5 <= result.wall_s < 1.5
    assert time.monotonic() - begun < 3


def test_a_sleep_ends_by_the_clock(guest):
    assert guest("import time; time.sleep(60)", wall_s=0.5).status == "timeout"


def test_ignoring_the_warning_does_not_buy_processor_time(guest):
    code = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"
    result = guest(code, cpu_s=1, wall_s=30)

    assert result.status == "killed"
    assert "processor time" in result.message


def test_a_program_that_stops_itself_ends_by_the_clock(guest):
    result = guest("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", wall_s=0.5)

    assert result.status == "timeout"


def test_a_sleeper_that_has_closed_everything_ends_by_the_clock(guest):
    result = guest("import os, time\nos.closerange(0, 64)\ntime.sleep(60)", wall_s=0.5)

    assert result.status == "timeout"


@pytest.mark.parametrize(
    "code",
    [
        "bytearray(10 << 30)",
        "import mmap; mmap.mmap(-1, 10 << 30)",
        "x = []\nwhile True: x.append(bytearray(1 << 20))",
        "x = [1]\nwhile True: x = x + x",
    ],
    ids=["at once", "shared", "piecemeal", "doubling"],
)
def test_memory_beyond_the_limit_is_not_had(guest, code):
    result = guest(code, memory_mb=256)

    assert result.status == "killed"
    assert "256 MiB" in result.message


def test_a_tensor_beyond_the_limit_is_not_had(guest):
    result = guest("import torch; torch.ones(10 << 28)", memory_mb=256)

    assert result.status == "killed"
    assert "256 MiB" in result.message


def test_what_loading_torch_takes_is_not_the_programs(guest):
    result = guest("import torch; print(int(torch.ones(10).sum()))", memory_mb=128, cpu_s=1)

    assert (result.status, result.stdout) == ("ok", "10\n")


@pytest.mark.parametrize("stack", [0, 32768], ids=["usual stacks", "small stacks"])
def test_a_flood_of_threads_is_stopped(guest, stack):
    code = f"""
import threading, time
threading.stack_size({stack})
for i in range(20_000):
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
"""
    result = guest(code, wall_s=5)

    assert result.status in ("killed", "error")
    assert "threads" in result.message or "can't start new thread" in result.message


def test_a_hundred_megabytes_of_output_are_cut(guest):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = guest("import sys\nfor i in range(100): sys.stdout.write('x' * (1 << 20))", output_kb=64)
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

    assert (result.status, result.truncated, result.stdout) == ("ok", True, "x" * (64 << 10))
    assert grown_kb < 30_000


def test_printing_for_ever_is_stopped(guest):
    result = guest("while True: print('y' * 100_000)", wall_s=3)

    assert result.status in ("killed", "timeout")
    assert result.truncated


def test_errors_are_told_even_after_a_flood_of_them(guest):
    result = guest("import sys\nsys.stderr.write('x' * (1 << 20))\n1 / 0", output_kb=1)

    assert (result.status, result.truncated) == ("error", True)
    assert result.stderr.startswith("x" * 1024)
    assert result.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_a_flood_of_answers_is_stopped(guest):
    result = guest("while True: report('x', 'y' * 100_000)", wall_s=5)

    assert result.status == "killed"


def test_one_file_beyond_the_disk_is_not_written(guest):
    result = guest("open('f', 'wb').write(b'x' * (2 << 20))", disk_mb=1)

    assert result.status == "error"
    assert "OSError" in result.message


def test_many_files_beyond_the_disk_are_not_written(guest):
    code = "import time\nfor i in range(500): open(f'f{i}', 'wb').write(b'x' * (100 << 10))\ntime.sleep(5)"
    result = guest(code, disk_mb=1)

    assert result.status in ("killed", "error")
    assert "1 MiB" in result.message or "No space left" in result.message


def test_as_many_files_and_threads_as_are_allowed_are_had(guest):
    code = """
import threading
threading.stack_size(1 << 18)
for i in range(900): open(f'f{i}', 'w').close()
gate = threading.Event()
threads = [threading.Thread(target=gate.wait) for _ in range(200)]
for thread in threads: thread.start()
gate.set()
"""
    assert guest(code).status == "ok"


def test_a_flood_of_empty_files_is_stopped(guest):
    result = guest("import time\nfor i in range(100_000): open(f'f{i}', 'wb').close()\ntime.sleep(5)")

    assert result.status == "killed"
    assert "files" in result.message


def test_open_files_are_bounded(guest):
    result = guest("files = [open('/dev/null') for _ in range(1000)]")

    assert "Too many open files" in result.message


def test_no_core_is_left(guest):
    result = guest("import os, resource\nreport('core', resource.getrlimit(resource.RLIMIT_CORE))\nos.abort()")

    assert result.figures == {"core": [1, 1]}  # too small for any, and the kernel starts no crash handler at 1
