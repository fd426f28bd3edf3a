"""A contested relation: who holds what of it, and where he says so."""

from kb.records import LineageEdge
from kb.ui.links import escape, record_link

#: The word behind a relation that is contested.
CONTESTED = "(contested)"


def tell_positions(edge: LineageEdge) -> str:
    """Return the positions as a list in HTML, in the order of the record; empty where nobody disagrees."""
    rows = "".join(
        f"<li>{escape(one.held_by)}: {escape(one.says)} {record_link(one.paper, one.locator)}</li>"
        for one in edge.positions
    )
    return f'<ul class="rows tight quiet">{rows}</ul>' if rows else ""
