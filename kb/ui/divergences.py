"""Where a paper, its official code and the code of this library part: three columns, side by side."""

from collections.abc import Mapping, Sequence

import streamlit as st

from kb.records import Divergence
from kb.ui.links import escape, record_link


def show_divergences(divergences: Sequence[Divergence], names: Mapping[str, str]) -> None:
    """Draw what is printed, what the official code does and what is done here; nothing where they agree.

    Parameters
    ----------
    names : slug to name, of the ideas that are here
    """
    if divergences:
        told = "".join(_draw(one, names, is_open=len(divergences) == 1) for one in divergences)
        st.html(f"<h2>Where paper and code part</h2>{told}")


def _draw(one: Divergence, names: Mapping[str, str], *, is_open: bool) -> str:
    chinese = f'<p class="quiet zh" lang="zh">{escape(one.title_zh)}</p>' if one.title_zh else ""
    columns = [
        ("The paper prints", one.prints, one.prints_at),
        ("Its official code", one.code or "No official code of this is known.", one.code_at),
        ("Here", one.here, ""),
    ]
    cells = "".join(f"<div><dt>{heading}</dt><dd>{_tell(what, where)}</dd></div>" for heading, what, where in columns)
    ideas = ", ".join(record_link(f"concept:{slug}", names.get(slug, slug)) for slug in one.concepts)
    notes = [escape(one.note), f"About {ideas}." if ideas else "", _tell_claims(one)]
    return (
        f'<details class="divergence"{" open" if is_open else ""}><summary>{escape(one.title)}</summary>{chinese}'
        f'<dl class="three">{cells}</dl><p class="quiet">{" ".join(part for part in notes if part)}</p></details>'
    )


def _tell(what: str, where: str) -> str:
    return escape(what) + (f'<br><span class="quiet">{escape(where)}</span>' if where else "")


def _tell_claims(one: Divergence) -> str:
    """Return which claims demonstrate it; they are executed on the page of the idea that it is about."""
    if not one.claims:
        return ""
    home = f"concept:{one.concepts[0]}" if one.concepts else one.paper
    return f"Demonstrated by {', '.join(record_link(home, claim) for claim in one.claims)}."
