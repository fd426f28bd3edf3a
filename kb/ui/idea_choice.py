"""The box in which one chooses several ideas, and variants of one's own; what is chosen stands in the address."""

from collections.abc import Mapping, Sequence

import streamlit as st

from kb.errors import InvalidQueryError, NotFoundError
from kb.library import Library
from kb.records import Idea, Parameter
from kb.reference.header import speak_form
from kb.ui.address_state import seed, tell
from kb.ui.links import escape


def choose_ideas(
    library: Library, names: Mapping[str, str], *, key: str, most: int, alike: bool = False, forms: Sequence[str] = ()
) -> list[Idea]:
    """Draw the box and return the chosen ideas.

    Parameters
    ----------
    key   : of the widget
    alike : whether all must have one form; once one is chosen, only those of its form are offered
    forms : which forms are offered; by default all
    """
    known = (*library.ideas(), *library.variants())
    ideas = {idea.slug: idea for idea in known if not forms or idea.form in forms}

    def parse(text: str) -> list[str]:
        named = [ideas[slug] for slug in _find_named(library, text)[:most] if slug in ideas]
        return _keep_alike(named) if alike else [idea.slug for idea in named]

    nothing: list[str] = []
    present = seed(key, "ideas", parse, nothing)
    chosen = st.session_state[key] if present is None else present
    form = ideas[chosen[0]].form if chosen and alike else ""
    picked = st.multiselect(
        f"Ideas of the form {form}" if form else "Ideas",
        [slug for slug, idea in ideas.items() if form in ("", idea.form)],
        present or None,
        key=key,
        format_func=lambda slug: names.get(slug, slug) if form else f"{names.get(slug, slug)} ({ideas[slug].form})",
        max_selections=most,
        placeholder="Choose ideas",
    )
    tell(key, "ideas", ",".join(picked))
    return [ideas[slug] for slug in picked]


def name_ideas(library: Library) -> dict[str, str]:
    """Return the names of all that can be chosen: ideas, and variants of the reader's own."""
    return {one.slug: one.name for one in library.concepts()} | {one.slug: one.title for one in library.variants()}


def list_settings(ideas: Sequence[Idea], names: Mapping[str, str]) -> list[tuple[str, str, Parameter]]:
    """Return what can be set in each idea: under what name, with what label, and what the header declares."""
    return [
        (f"{idea.slug}.{one.name}", f"{escape(names.get(idea.slug, idea.slug))}: {one.name}", one)
        for idea in ideas
        for one in (*idea.parameters, *idea.gates)
    ]


def _find_named(library: Library, text: str) -> list[str]:
    slugs = []
    for name in filter(None, (part.strip() for part in text.split(","))):
        try:
            slugs.append(library.idea(name).slug)
        except (InvalidQueryError, NotFoundError) as error:
            st.warning(escape(str(error)))
    return list(dict.fromkeys(slugs))


def _keep_alike(ideas: list[Idea]) -> list[str]:
    if ideas and (others := [idea for idea in ideas if idea.form != ideas[0].form]):
        kinds = ", ".join(f"{idea.slug} is {speak_form(idea.form)}" for idea in others)
        st.warning(
            f"{ideas[0].slug} is {speak_form(ideas[0].form)}, {kinds}: only ideas of one form take the same input."
        )
    return [idea.slug for idea in ideas if idea.form == ideas[0].form]
