"""What was found of a claim each time that it was executed here, the newest first."""

from collections.abc import Sequence

from kb.records import Verdict
from kb.ui.figures import build_table
from kb.ui.links import escape
from kb.ui.numbers import show_number
from kb.ui.verdict_lines import mark_of

_ENOUGH = 2
"""A single execution is told elsewhere on the page."""


def build_history(verdicts: Sequence[Verdict]) -> str:
    """Return the verdicts as a table in HTML; empty where the claim was executed once or never."""
    if len(verdicts) < _ENOUGH:
        return ""
    return build_table(
        ("when", "verdict", "figure", "seed", "time", "with", "code"), [_tell(one) for one in verdicts]
    )


def _tell(one: Verdict) -> tuple[str, ...]:
    return (
        f"{one.ran_at:%Y-%m-%d %H:%M}" if one.ran_at else "",
        mark_of(one),
        "not finite" if one.measured is None else show_number(one.measured),
        str(one.seed),
        f"{one.seconds:.1f} s",
        escape(", ".join(f"{name} {number}" for name, number in one.versions.items())),
        f"<code>{escape(one.code_hash[:8])}</code>",
    )
