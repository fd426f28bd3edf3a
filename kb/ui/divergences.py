"""Where a paper, its official code and the code of this library part: three columns, side by side."""

from collections.abc import Sequence

import streamlit as st

from kb.records import Divergence
from kb.ui.links import address, escape, link, record_link


def show_divergences(divergences: Sequence[Divergence]) -> None:
    """Draw what is printed, what the official code does and what is done here; nothing where they agree."""
    if divergences:
        st.html(f"<h2>Where paper and code part</h2>{''.join(map(_draw, divergences))}")


def _draw(one: Divergence) -> str:
    chinese = f' <span class="quiet zh" lang="zh">{escape(one.title_zh)}</span>' if one.title_zh else ""
    columns = [
        ("The paper prints", one.prints, one.prints_at),
        ("Its official code", one.code or "No official code is known.", one.code_at),
        ("Here", one.here, ""),
    ]
    cells = "".join(
        f"<div><dt>{heading}</dt><dd>{escape(what)}"
        f"{f'<br><span class=quiet>{escape(where)}</span>' if where else ''}</dd></div>"
        for heading, what, where in columns
    )
    ideas = ", ".join(link(address("idea", key=slug), slug.replace("-", " ")) for slug in one.concepts)
    notes = [escape(one.note), f"About {ideas}." if ideas else "", _tell_claims(one)]
    note = " ".join(part for part in notes if part)
    return (
        f'<h3 id="{escape(one.slug)}">{escape(one.title)}{chinese}</h3>'
        f'<dl class="three">{cells}</dl><p class="quiet">{note}</p>'
    )


def _tell_claims(one: Divergence) -> str:
    """Return which claims demonstrate it; they are executed on the page of the idea that it is about."""
    if not one.claims:
        return ""
    home = f"concept:{one.concepts[0]}" if one.concepts else one.paper
    return f"Demonstrated by {', '.join(record_link(home, claim) for claim in one.claims)}."
