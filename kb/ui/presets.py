"""A paper's models at their published sizes: what is counted of them, what is printed, and one by its parts."""

from collections.abc import Sequence

import streamlit as st

from kb.library import Library
from kb.records import Figure, Preset
from kb.reference.presets.listing import has_presets
from kb.ui.figures import build_table
from kb.ui.links import address, escape, link
from kb.ui.numbers import raise_digits
from kb.ui.state import asked, here


def show_presets(library: Library, key: str, page: str) -> None:
    """Draw the models of an idea's or a paper's key; nothing where there are none.

    Parameters
    ----------
    page : that this stands on; the row that is chosen stands in its address
    """
    if not has_presets(key):
        return
    with st.spinner("Counting parameters at the paper's sizes", show_time=True):
        found = library.presets(key)
    chosen = next((one for one in found if one.key == asked("preset")), found[0])
    st.html(
        '<section class="stay"><h2>At the paper\'s sizes</h2><p class="quiet">Each weight is made with its shape and '
        "without memory, and counted. A name leads to the parts of that model.</p></section>"
    )
    table, parts = st.columns([3, 2], gap="large")
    with table:
        st.html(_draw_parameters(found, chosen, page))
        if found[0].flops:
            st.html(_draw_flops(found))
        st.html(f'<p class="quiet">{escape(found[0].family_note)}</p>')
    with parts:
        st.html(_draw_parts(chosen))
        st.html(_draw_notes(chosen))


def _draw_parameters(found: Sequence[Preset], chosen: Preset, page: str) -> str:
    rows = []
    for one in found:
        name = _keep_together(link(here(page, preset=one.key), one.name))
        own = f'<b aria-current="true">{name}</b>' if one is chosen else name
        rows.append((own, f"{one.parameters.counted:,}", *_compare(one.parameters)))
    return build_table(("Model", "Parameters", "Printed", "Apart"), rows)


def _draw_flops(found: Sequence[Preset]) -> str:
    """Return what a token costs, beside each statement of the paper."""
    head = [
        "FLOPs a token",
        "Counted",
        *(cell for one in found[0].flops for cell in (one.place.capitalize(), "Apart")),
    ]
    rows = [
        (
            _keep_together(escape(one.name)),
            f"{one.flops[0].counted:,}",
            *(cell for figure in one.flops for cell in _compare(figure)),
        )
        for one in found
    ]
    return build_table([_keep_together(escape(cell)) for cell in head], rows)


def _keep_together(cell: str) -> str:
    return f'<span style="white-space:nowrap">{cell}</span>'


def _compare(figure: Figure) -> tuple[str, str]:
    return _show_printed(figure.printed), _tell_apart(figure)


def _tell_apart(figure: Figure) -> str:
    return "met" if figure.met else f"{100 * figure.relative:+.1f}\u00a0%".replace("-", "−")


def _show_printed(printed: str) -> str:
    """Return a figure as a paper sets it: its own digits, a power of ten raised."""
    mantissa, _, power = printed.partition("e")
    return escape(f"{mantissa}\u00a0×\u00a010{raise_digits(power)}" if power else printed)


def _draw_parts(preset: Preset) -> str:
    total = preset.parameters.counted
    rows = [(escape(name), f"{count:,}", f"{100 * count / total:.1f}\u00a0%") for name, count in preset.parts.items()]
    sizes = " · ".join(f"{name.replace('_', ' ')} {_tell_size(size)}" for name, size in preset.config.items())
    return (
        f'<h3>{escape(preset.name)}</h3><p class="quiet">{escape(sizes)}</p>'
        f"{build_table(('Part', 'Parameters', 'Share'), [*rows, ('together', f'{total:,}', '')])}"
    )


def _tell_size(size: object) -> str:
    return ("yes" if size else "no") if isinstance(size, bool) else f"{size:,}"


def _draw_notes(preset: Preset) -> str:
    told = [
        f"{_show_printed(preset.parameters.printed)} is printed in {escape(preset.parameters.place)}.",
        escape(preset.note),
    ]
    if preset.runs:
        words = ", ".join(f"{name} {value:,}" for name, value in preset.run.items())
        run = address("idea", key=f"concept:{preset.runs}", **preset.run)
        told.append(f"{link(run, 'Run its block at these widths')}: {escape(words)}.")
    return f'<p class="quiet">{" ".join(part for part in told if part)}</p>'
