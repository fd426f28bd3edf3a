"""What a program does comes back as data, whatever it does."""

import pytest

from kb.errors import InvalidQueryError
from kb.records import Limits
from kb.runner import run
from kb.runner.execution import run_in


def test_what_is_printed_and_reported_comes_back(way, guest):
    result = guest(
        "import sys\nprint('out')\nprint('err', file=sys.stderr)\nreport('loss', 0.5)\nreport('loss', 0.25)"
    )

    assert (result.status, result.exit_code, result.message) == ("ok", 0, "")
    assert (result.stdout, result.stderr, result.truncated) == ("out\n", "err\n", False)
    assert result.figures == {"loss": 0.25}
    assert result.confinement == way
    assert 0 < result.wall_s < 10


def test_an_exception_comes_back_with_the_lines_of_the_program_only(guest):
    result = guest("def halve(x):\n    return x / 0\n\nhalve(1)\n")

    assert result.status == "error"
    assert result.message == "ZeroDivisionError: division by zero"
    assert 'File "program.py", line 4, in <module>' in result.stderr
    assert 'File "program.py", line 2, in halve\n    return x / 0' in result.stderr
    assert "guest.py" not in result.stderr


def test_a_misuse_of_report_shows_no_line_of_the_harness(guest):
    result = guest("report('x', object())")

    assert result.message == "TypeError: report() takes what JSON can hold, not object"
    assert "guest.py" not in result.stderr


def test_a_chained_exception_keeps_both_its_parts(guest):
    result = guest("try:\n    {}['a']\nexcept KeyError as error:\n    raise ValueError('no a') from error")

    assert "KeyError: 'a'" in result.stderr
    assert "ValueError: no a" in result.stderr


@pytest.mark.parametrize(
    ("code", "status", "exit_code", "message"),
    [
        ("", "ok", 0, ""),
        ("\ufeffx = 1", "ok", 0, ""),
        ("exit()", "ok", 0, ""),
        ("raise SystemExit(5)", "error", 5, "exit code 5"),
        ("import os; os._exit(3)", "error", 3, "exit code 3"),
        ("x = = 2", "error", 1, "SyntaxError: invalid syntax"),
        ("print(1)\0", "error", 1, "null bytes"),
        ("print('\ud800')", "error", 1, "surrogates not allowed"),
        ("x = " + "(" * 100_000, "error", 1, "too many nested parentheses"),
        ("def f(): f()\nf()", "error", 1, "RecursionError"),
        ("input()", "error", 1, "EOFError"),
        ("raise KeyboardInterrupt", "error", 1, "KeyboardInterrupt"),
        ("class E(Exception):\n    def __str__(self): 1 / 0\nraise E", "error", 1, "E: <exception str() failed>"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_every_ending_has_its_status(guest, code, status, exit_code, message):
    result = guest(code)

    assert (result.status, result.exit_code) == (status, exit_code)
    assert message in result.message


@pytest.mark.parametrize(
    ("code", "signal"),
    [
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        ("import os; os.abort()", "SIGABRT"),
        ("import os; os.kill(os.getpid(), 9)", "SIGKILL"),
    ],
    ids=["segfault", "abort", "kill"],
)
def test_a_crash_is_killed_with_the_signal_named(guest, code, signal):
    result = guest(code)

    assert (result.status, result.exit_code) == ("killed", None)
    assert signal in result.message


def test_a_message_at_the_exit_is_printed(guest):
    result = guest("exit('no data')")

    assert (result.status, result.exit_code, result.stderr) == ("error", 1, "no data\n")


def test_a_program_of_one_megabyte_runs(guest):
    result = guest(f"x = '{'a' * 1_000_000}'\nprint(len(x))")

    assert (result.status, result.stdout) == ("ok", "1000000\n")


def test_output_that_is_no_utf8_comes_back_readable(guest):
    result = guest("import sys\nsys.stdout.buffer.write(b'a\\xffb\\n')\nprint('\\ud800 \u4f60\u597d')")

    assert (result.status, result.stdout) == ("ok", "a\ufffdb\n\\ud800 \u4f60\u597d\n")


def test_lines_printed_before_the_end_of_time_are_kept(guest):
    result = guest("print('begun')\nreport('step', 1)\nimport time\ntime.sleep(60)", wall_s=0.5)

    assert (result.status, result.stdout, result.figures) == ("timeout", "begun\n", {"step": 1})


def test_threads_and_farewells_are_waited_for(guest):
    code = """
import atexit, threading
atexit.register(print, 'bye')
threading.Timer(0.1, print, ['late']).start()
print('main')
"""
    assert guest(code).stdout == "main\nlate\nbye\n"


def test_the_program_is_the_main_module(guest):
    code = """
import sys, inspect
def f(): pass
print(__name__, sys.argv, sys.modules['__main__'].f is f, inspect.getsource(f), end='')
"""
    assert guest(code).stdout == "__main__ ['program.py'] True def f(): pass\n"


def test_figures_that_are_not_numbers_come_back_by_name(guest):
    result = guest("report('loss', float('nan'))\nreport('top', [float('inf'), None, 'a', {'b': 1}])")

    assert result.figures == {"loss": "NaN", "top": ["Infinity", None, "a", {"b": 1}]}


def test_too_many_figures_are_dropped_and_said_so(guest):
    result = guest("for i in range(5): report(f'f{i}', 'x' * 700_000)")

    assert (result.status, list(result.figures)) == ("ok", ["f0", "f1"])
    assert "figures beyond 2 MiB were dropped" in result.message


def test_a_figure_that_is_replaced_counts_once(guest):
    code = "for i in range(12): report('curve', ['x' * 700_000, i])\nreport('step', 11)"
    result = guest(code, cpu_s=20, wall_s=60)

    assert (result.status, result.message) == ("ok", "")
    assert (result.figures["curve"][1], result.figures["step"]) == (11, 11)


def test_a_figure_that_no_longer_fits_keeps_its_last_value(guest):
    code = (
        "report('a', 'x' * 1_500_000)\nreport('b', 1)\nreport('b', 'y' * 1_500_000)\nreport('a', 2)\nreport('c', 'z')"
    )
    result = guest(code, cpu_s=20, wall_s=60)

    assert result.figures == {"a": 2, "b": 1, "c": "z"}
    assert "figures beyond 2 MiB were dropped" in result.message


@pytest.mark.parametrize(
    "junk",
    [
        "b'no json\\n'",
        "b'{\"figure\": 3}\\n'",
        "b'[' * 100_000 + b'\\n'",
        'b\'{"figure": ["x", "\\\\ud800"]}\\n\'',
        "b'9' * 9999 + b'\\n'",
    ],
    ids=["text", "shape", "depth", "surrogate", "digits"],
)
def test_nonsense_on_the_answers_pipe_is_data(guest, junk):
    find_pipe = "import os\npipe = [n for n in range(3, 64) if os.path.islink(f'/proc/self/fd/{n}')][0]\n"
    result = guest(f"{find_pipe}os.write(pipe, {junk})\nreport('after', 1)")

    assert (result.status, result.figures) == ("ok", {"after": 1})
    assert "could not be read" in result.message


def test_a_program_that_closes_the_answers_pipe_still_ends(guest):
    result = guest("import os\nos.closerange(1, 64)\n")

    assert result.status in ("ok", "error")


def test_torch_computes_inside_with_threads(guest):
    code = """
import torch, threading
torch.set_num_threads(2)
a = torch.ones(300, 300)
parts = []
threads = [threading.Thread(target=lambda: parts.append(float((a @ a).sum()))) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
model = torch.nn.Linear(3, 1)
model(torch.ones(2, 3)).sum().backward()
torch.save(model.state_dict(), 'model.pt')
report('parts', parts)
report('tensor', torch.eye(2))
report('loaded', len(torch.load('model.pt')))
"""
    result = guest(code)

    assert (result.status, result.stderr) == ("ok", "")
    assert result.figures == {"parts": [27e6] * 3, "tensor": [[1.0, 0.0], [0.0, 1.0]], "loaded": 2}


@pytest.mark.parametrize("name", ["wall_s", "cpu_s", "memory_mb", "output_kb", "disk_mb"])
def test_a_limit_of_nothing_is_refused(name):
    with pytest.raises(InvalidQueryError, match=name):
        run("", Limits(**{name: 0}))


def test_a_user_program_is_refused_where_nothing_confines_it():
    result = run_in("none", "print('ran')", Limits())

    assert (result.status, result.stdout, result.confinement) == ("refused", "", "none")
    assert "cannot confine" in result.message


def test_shipped_code_still_runs_where_nothing_confines_it():
    result = run_in("none", "print('ran')", Limits(), trusted=True)

    assert (result.status, result.stdout, result.confinement) == ("ok", "ran\n", "none (trusted code only)")


def test_shipped_code_has_its_limits_where_nothing_confines_it():
    result = run_in("none", "import time; time.sleep(60)", Limits(wall_s=0.3), trusted=True)

    assert result.status == "timeout"
