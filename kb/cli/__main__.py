"""``python -m kb.cli`` is ``stemma``."""

import sys

from kb.cli.front import main

sys.exit(main())
