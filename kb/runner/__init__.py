"""Run a program that nobody vouches for, in a confined process, and bring back what it did as data.

``run(code, limits)`` never lets a guest's failure become an exception of ours; ``submit`` does the same in the
background, its owners in turn, and returns a ticket at once. ``confinement()`` says which way is in force:
bubblewrap; where it is absent or not permitted, confinement from inside the process (seccomp and Landlock); where
neither is possible a user's snippet is refused and only shipped code runs.

What it defends against, each held by tests (``tests/runner``: escapes, limits, leftovers): a program that reads the
user's files or environment, writes or deletes anything outside its scratch folder, opens a socket, starts a process
or another program, signals the app, takes more time, memory, threads, disk or output than it was given, outlives
its run, or reports what would run where it is read.

What it does not defend against: a hole in the kernel or in bubblewrap; side channels (timing, caches, load); a
program that lies in its own figures; reading what every account of the machine can read below ``/usr`` and in the
Python installation. In-process, the guest also sees that a file exists, its size and its dates, and shares the
machine's process numbers and clock; without Landlock (``Confinement.caution``) it can read what the user can.
Figures, like output, are a stranger's text: whoever shows them escapes them.
"""

from kb.runner.asking import AT_ONCE, cool_down, run, submit, warm_up
from kb.runner.execution import confinement
from kb.runner.ticket import RunTicket

__all__ = ["AT_ONCE", "RunTicket", "confinement", "cool_down", "run", "submit", "warm_up"]
