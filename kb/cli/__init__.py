"""The terminal front door: ``stemma``. It calls ``Library`` and sets what comes back; it computes nothing.

Standard output holds what was asked for, with ``--json`` one JSON document and nothing else; progress and complaints
go to standard error. Exit codes: 0 done, 1 a stated failure, 2 wrong usage, 130 stopped with Ctrl-C.

Nothing heavy is imported at the top of a module here: ``stemma --help`` must be there at once, so settings, the
library and the terminal's drawing are imported by the commands that need them.
"""

from kb.cli.front import main

__all__ = ["main"]
