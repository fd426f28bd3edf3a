"""Every row of every architecture, counted and set against what is printed."""

import difflib
import re
from dataclasses import asdict
from functools import cache
from importlib import import_module

from kb.errors import InvalidQueryError, NotFoundError
from kb.records import Preset
from kb.reference.parameters import parse_parameters, parse_sizes, split_settings
from kb.reference.preconditions import refuse_unfit
from kb.reference.presets.architecture import Architecture, Row
from kb.reference.presets.parts import count_parts
from kb.reference.presets.printed import build_figure
from kb.reference.registry import get_idea

ARCHITECTURES = ("transformer", "bert", "gpt_2", "rwkv_4", "gopher", "awd_lstm", "pangu_pi", "mamba")
"""In the order in which they are shown."""
_UNREAD = "The sizes of this row could not be read again in a source: that they add up to the figure is the evidence."


def list_presets() -> tuple[Preset, ...]:
    """Return every model at its published sizes, in the order of the papers' tables."""
    return tuple(preset for name in ARCHITECTURES for preset in _count(name))


def find_presets(name: str) -> tuple[Preset, ...]:
    """Return the presets of an architecture, a paper or an idea, or the one of this name.

    Raises
    ------
    NotFoundError : nothing here is called so; the message names the nearest
    """
    wanted = _key(name)
    found = [preset for one in ARCHITECTURES if _is_near(one, wanted) for preset in _count(one)]
    known = {_key(row.name): one for one in ARCHITECTURES for row in _load(one).rows}
    if wanted in known:
        found = [preset for preset in _count(known[wanted]) if preset.key == wanted]
    if found:
        return tuple(found)
    nearest = difflib.get_close_matches(wanted, [*map(_key, ARCHITECTURES), *known], n=3, cutoff=0.3)
    hint = f"the nearest is {', '.join(nearest)}" if nearest else f"there are {', '.join(ARCHITECTURES)}"
    raise NotFoundError(f"no paper's configuration is called {name!r}: {hint}")


def has_presets(name: str) -> bool:
    """Return whether an idea or a paper has presets, without counting them."""
    return any(_is_near(one, _key(name)) for one in ARCHITECTURES)


def _load(name: str) -> Architecture:
    found = import_module(f"kb.reference.presets.{name}").ARCHITECTURE
    assert isinstance(found, Architecture)
    return found


@cache
def _count(name: str) -> tuple[Preset, ...]:
    """Return the rows of one architecture; the first call loads torch."""
    architecture = _load(name)
    return tuple(_build(name, architecture, row) for row in architecture.rows)


def _build(name: str, architecture: Architecture, row: Row) -> Preset:
    parts = count_parts(row.config.list_parts())
    flops = architecture.count_flops(row.config) if architecture.count_flops and row.flops else 0
    run = row.run if _fits(architecture.runs, row.run) else {}
    return Preset(
        key=_key(row.name),
        name=row.name,
        architecture=name,
        paper=architecture.paper,
        concepts=architecture.concepts,
        config=asdict(row.config),
        parameters=build_figure(sum(parts.values()), row.printed, row.place),
        parts=parts,
        flops=tuple(build_figure(flops, printed, place) for printed, place in row.flops),
        note=" ".join(filter(None, (row.note, "" if row.sizes_read else _UNREAD))),
        family_note=architecture.note,
        divergence=architecture.divergence,
        sizes_read=row.sizes_read,
        run=run,
        runs=architecture.runs if run else "",
    )


def _fits(slug: str, settings: object) -> bool:
    """Return whether an idea can be run at these settings within the limits of a run."""
    if not slug or not isinstance(settings, dict) or not settings:
        return False
    idea = get_idea(slug)
    try:
        parameters, sizes = split_settings(settings)
        refuse_unfit(idea, {**parse_parameters(idea, parameters), **parse_sizes(idea, sizes)})
    except InvalidQueryError:
        return False
    return True


def _is_near(name: str, wanted: str) -> bool:
    """Return whether an architecture, its paper or one of its ideas is called so."""
    architecture = _load(name)
    return wanted in map(_key, (name, architecture.paper, *architecture.concepts))


def _key(name: str) -> str:
    """Return a name for an address: lower case, what is no letter or number as one hyphen."""
    text = name.casefold().removeprefix("concept:").replace("π", "pi")
    return re.sub(r"[^a-z0-9.]+", "-", text).strip("-")
