"""The page Discover: relations between ideas that nobody wrote down, searched for and drawn as an order."""

import streamlit as st

from kb.library import Library
from kb.records import FAMILIES, RunResult
from kb.reference.header import FORMS
from kb.ui.address_state import index_of, one_of, seed, tell
from kb.ui.discover_result import show_discoveries, show_progress
from kb.ui.idea_choice import choose_ideas, name_ideas
from kb.ui.links import address, escape, link, record_link
from kb.ui.marks import family_name
from kb.ui.run_live import run_live
from kb.ui.run_result import show_result

_TWO = "ideas"
_MOST = 6
_EXAMPLES = (
    ("Normalisations", {"of": "norm"}),
    ("Feed-forward networks", {"of": "feed-forward"}),
    ("The delta rule and the mesa layer", {"ideas": "delta-rule,mesa-layer"}),
)


def show(library: Library) -> None:
    """Draw the search that the address names, or offer some."""
    told = " &ensp;·&ensp; ".join(link(address("discover", **query), words) for words, query in _EXAMPLES)
    st.html(
        "<h1>Discover</h1><p>Any two ideas of one form are run on the same inputs, under every few substitutions: "
        "their declared neutral values, orthonormal keys, one token, a number on its way to zero or without bound. "
        "Where they come out as one, fresh inputs decide, and the weakest conditions stay. "
        f'<span class="quiet">For example:</span> &ensp; {told}</p>'
    )
    names = name_ideas(library)
    left, right, _ = st.columns([5, 2, 3], vertical_alignment="bottom")
    with left:
        of = _choose_group(library)
    with right:
        number = _choose_seed()
    asked = (of,) if of != _TWO else _choose_ideas(library, names)
    if not asked:
        return
    ideas = library.discoverable(asked)
    known = library.last_discovery(asked, seed=number)
    result = run_live(
        "discover",
        "Search again" if known else "Search",
        lambda owner: library.begin_discover(asked, seed=number, owner=owner),
        show_partial=show_progress,
        of=None if known else (tuple(idea.code_hash for idea in ideas), number),
    )
    if isinstance(result, str):
        st.warning(escape(result))
        return
    shown = result if isinstance(result, RunResult) and not known else known or result
    if isinstance(shown, RunResult):
        _show(library, shown, names)


def _choose_group(library: Library) -> str:
    """Draw the box of forms and families; return one of them, or that single ideas are chosen."""
    forms = [one for one in FORMS if sum(idea.form == one for idea in library.ideas()) > 1]
    options = (_TWO, *forms, *(one for one in FAMILIES if one not in forms))
    chosen = seed("discover of", "of", one_of(options), _TWO)
    of = st.selectbox(
        "Search among",
        options,
        index_of(options, chosen),
        key="discover of",
        format_func=lambda one: _name_option(one, forms),
    )
    tell("discover of", "of", of if of != _TWO else "")
    return of


def _choose_ideas(library: Library, names: dict[str, str]) -> tuple[str, ...]:
    ideas = choose_ideas(library, names, key="discover ideas", most=_MOST, alike=True)
    if len(ideas) < 2:
        st.info("Choose two ideas of one form, or a form or a family as a whole.")
        return ()
    return tuple(idea.slug for idea in ideas)


def _name_option(option: str, forms: list[str]) -> str:
    if option == _TWO:
        return "Ideas that I choose"
    return f"All of the form {option}" if option in forms else f"The family {family_name(option)}"


def _choose_seed() -> int:
    present = seed("discover seed", "seed", _parse_seed, 0)
    number = int(st.number_input("Seed", 0, 10_000, present if present is not None else 0, key="discover seed"))
    tell("discover seed", "seed", str(number) if number else "")
    return number


def _parse_seed(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 10_000:
        raise ValueError(text)
    return number


def _show(library: Library, result: RunResult, names: dict[str, str]) -> None:
    if result.status != "ok":
        show_result(result, key="discover")
        return
    show_discoveries(library, library.read_discovery(result.figures), names)
    if result.key:
        st.html(f"<p class='quiet'>Recorded as {record_link(result.key, result.key)}.</p>")
