"""A contested relation: who holds what of it, and where he says so."""

from collections.abc import Callable

from kb.records import Evidence, LineageEdge
from kb.ui.links import escape

#: The word behind a relation that is contested.
CONTESTED = "(contested)"


def tell_positions(edge: LineageEdge, tell: Callable[[Evidence], str]) -> str:
    """Return the positions as a list in HTML, in the order of the record; empty where nobody disagrees.

    Parameters
    ----------
    tell : returns a paper and the place in it as a link
    """
    rows = "".join(
        f"<li>{escape(one.held_by)}: {escape(one.says)} {tell(Evidence(one.paper, one.locator))}</li>"
        for one in edge.positions
    )
    return f'<ul class="rows tight quiet">{rows}</ul>' if rows else ""
