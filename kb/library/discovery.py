"""Search for relations that nobody wrote down: the part of ``Library`` that chooses ideas, runs and reads it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from kb.claims.discovery.draft import write_draft
from kb.claims.discovery.known import mark_known
from kb.claims.discovery.program import build_discovery_program
from kb.claims.discovery.reading import mark_derived, read_relations
from kb.errors import InvalidQueryError
from kb.library import running
from kb.library.own_claims import OwnClaims
from kb.library.shelves import Shelves
from kb.records import FAMILIES, DiscoveredRelation, Discovery, Idea, RunResult, Ticket
from kb.reference.header import FORMS
from kb.reference.registry import list_ideas
from kb.store import runs

WALL_S, CPU_S = 300.0, 600
"""What a search of all ideas may take; of one form it is done in a fifth of it."""

Mark = Callable[[list[DiscoveredRelation]], tuple[DiscoveredRelation, ...]]


class Discovering(OwnClaims):
    """Methods of ``Library``; it is never made by itself."""

    _shelves: Shelves

    def discoverable(self, names: Sequence[str] = ()) -> tuple[Idea, ...]:
        """Return the ideas that a search is about: of a form or a family, those named, or all.

        Raises
        ------
        NotFoundError     : nothing is called so
        InvalidQueryError : one idea is named, or a family of which no two ideas have one form
        """
        if len(names) >= 2:
            return self._named(names)
        if not names:
            return self.ideas()
        wanted = names[0].strip().casefold().replace(" ", "-").replace("_", "-")
        form = next((one for one in FORMS if wanted in (one, f"{one}s")), "")
        if form:
            return _several([one for one in self.ideas() if one.form == form], f"the form {form}")
        if wanted in FAMILIES:
            lanes = {one.slug: one.family for one in self._shelves.read().concepts}
            return _several([one for one in self.ideas() if lanes.get(one.slug) == wanted], f"the family {wanted}")
        idea = self.idea(names[0])
        raise InvalidQueryError(f"{idea.slug} is one idea: name a second of the form {idea.form}, or the form alone")

    def _named(self, names: Sequence[str]) -> tuple[Idea, ...]:
        ideas = tuple(self.idea(name) for name in names)
        twice = [idea.slug for place, idea in enumerate(ideas) if idea in ideas[:place]]
        if twice:
            raise InvalidQueryError(f"{twice[0]} is named twice: a relation takes two ideas")
        return ideas

    def discover(self, names: Sequence[str] = (), *, seed: int = 0) -> RunResult:
        """Search for relations between ideas; ``read_discovery`` tells what was found."""
        return running.finish(self.begin_discover(names, seed=seed))

    def begin_discover(self, names: Sequence[str] = (), *, seed: int = 0, owner: str = "") -> Ticket:
        """Begin what ``discover`` does, when it is its turn, and return at once."""
        ideas = self.discoverable(names)
        program = build_discovery_program(ideas, seed=seed)
        limits = replace(running.limits_of(self.settings), wall_s=WALL_S, cpu_s=CPU_S)
        code = "\n".join(idea.code for idea in ideas)
        task = running.Task(_key(names), program, code, seed=seed, limits=limits)
        return self.begin(replace(task, trusted=all(idea in list_ideas() for idea in ideas)), owner=owner)

    def last_discovery(self, names: Sequence[str] = (), *, seed: int = 0) -> RunResult | None:
        """Return the newest search among the same ideas as they stand today; None where there is none."""
        code = runs.hash_code("\n".join(idea.code for idea in self.discoverable(names)))
        for note in self.runs(_key(names)):
            if note.code_hash == code and note.seed == seed and note.status == "ok":
                record = self.recorded_run(note.key)
                return replace(record.result, key=note.key)
        return None

    def read_discovery(self, figures: Mapping[str, object]) -> tuple[Discovery, ...]:
        """Return what a search reported, form by form, with what the catalogue says of each two.

        Figures may come from a stranger's code: what does not read like a search's is passed over.
        """
        from kb.claims.registry import list_claims

        edges = self._shelves.read().edges
        return read_figures(figures, lambda relations: mark_known(relations, edges, list_claims()))

    def draft_claim(self, relation: DiscoveredRelation) -> str:
        """Return a file with a claim that states a relation, checks it and rejects each condition's absence.

        Raises
        ------
        InvalidQueryError : a relation of a kind that no file can be written for
        """
        one, other = (self.idea(side.idea) for side in relation.sides)
        lanes = {concept.slug: concept.family for concept in self._shelves.read().concepts}
        lane = next((lanes[idea.slug] for idea in (one, other) if idea.slug in lanes), FAMILIES[0])
        return write_draft(relation, one, other, family=lane)


def _key(names: Sequence[str]) -> str:
    return f"discover:{','.join(names)}"


def read_figures(figures: Mapping[str, object], mark: Mark = tuple) -> tuple[Discovery, ...]:
    """Return what a search reported, form by form; ``mark`` says of the relations what the catalogue knows."""
    told, found = figures.get("groups"), []
    for group in told if isinstance(told, list) else []:
        with suppress(AttributeError, KeyError, TypeError, ValueError):
            found.append(_read_group(group, mark))
    return tuple(found)


def _read_group(group: Mapping[str, Any], mark: Mark) -> Discovery:
    from kb.graph.order import order_ideas

    ideas = tuple(str(one) for one in group["ideas"])
    relations = mark_derived(mark(read_relations(group["relations"], ideas)), ideas)
    return Discovery(
        form=str(group["form"]),
        ideas=ideas,
        order=order_ideas(ideas, relations),
        relations=relations,
        dropped=tuple((str(one), str(other)) for one, other in group["dropped"]),
        tried=int(group["tried"]),
        seconds=float(group["seconds"]),
    )


def _several(ideas: Sequence[Idea], of: str) -> tuple[Idea, ...]:
    forms = [idea.form for idea in ideas]
    if not any(forms.count(form) > 1 for form in forms):
        told = ", ".join(f"{idea.slug} ({idea.form})" for idea in ideas) or "no idea that runs"
        raise InvalidQueryError(f"{of} holds no two ideas of one form, but {told}: name another, or two ideas")
    return tuple(ideas)
