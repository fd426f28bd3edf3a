"""The part of a composed program that searches the ideas of a form for pairs that are one under some conditions.

All ideas run on the same inputs, under each few conditions on these and each few substitutions of their own. What
comes out alike is put to the test of fresh inputs; of what holds, the weakest is kept: where fewer or weaker
conditions suffice, more are not shown.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import torch
from torch import Tensor

from kb.reference.guest import Report
from kb.reference.guest_agreement import HARD, Bench, Trial
from kb.reference.guest_conditions import Condition, list_conjunctions
from kb.reference.guest_confirming import (
    Found,
    Held,
    build_probe,
    build_search_trials,
    build_trials,
    hold,
    see,
)
from kb.reference.guest_lattice import Own, has_limit, list_distinct, list_own
from kb.reference.guest_weakness import (
    RANK,
    Kept,
    count_conditions,
    covers,
    drop_twins,
    is_single,
    is_weaker,
    outdoes,
    weaken,
)

_PROJECTED = 6
"""Numbers into which an output is projected, so that many can be held against many."""
_ALIKE, _ON_THE_WAY = 1e-7, 0.05
"""How far two directions, so projected, may be apart: exactly, and on the way to a limit."""
Tried = tuple[int, Own, Tensor]
"""Which idea, which of its substitutions, what comes out."""


def report_discovery(program: Mapping[str, Any], report: Report) -> None:
    """Search every group of ideas of one form; report ``groups``: form, ideas, relations, and what was dropped."""
    torch.set_num_threads(1)
    done: list[dict[str, Any]] = []
    for form in dict.fromkeys(idea["form"] for idea in program["ideas"]):
        ideas = [idea for idea in program["ideas"] if idea["form"] == form]
        started = time.perf_counter()
        search = Search([Bench(idea) for idea in ideas], program["seed"], program["most"], program["together"])
        relations = list(search.run(lambda told: report("progress", told)))
        done.append(
            {
                "form": form,
                "ideas": [idea["label"] for idea in ideas],
                "relations": relations,
                "dropped": search.dropped,
                "tried": search.tried,
                "seconds": round(time.perf_counter() - started, 2),
            }
        )
        report("groups", done)


class Search:
    """The search among the ideas of one form."""

    def __init__(self, benches: Sequence[Bench], seed: int, most: int, together: int) -> None:
        self.benches, self.seed, self.most = benches, seed, most
        self.form = benches[0].form
        self.conjunctions = list_conjunctions(self.form, together)
        self.dropped: list[list[str]] = []
        """Pairs that agreed on the inputs of the search, and not on fresh ones."""
        self.tried = 0

    def run(self, tell: Any) -> Iterator[dict[str, Any]]:
        """Yield all relations that hold, pair by pair."""
        trials = build_search_trials(self.seed)
        owns = [list_own(bench, (trials[0], build_probe(bench.idea, self.seed)), self.most) for bench in self.benches]
        candidates: dict[tuple[int, int], list[Found]] = {pair: [] for pair in self._pairs()}
        for number, chosen in enumerate(self.conjunctions):
            tell({"what": f"{self.form}: conditions on the inputs", "done": number, "total": len(self.conjunctions)})
            nodes = [
                (place, own, output)
                for place, bench in enumerate(self.benches)
                for own, output in list_distinct(bench, self._limit(bench, owns[place], chosen), chosen, trials)
            ]
            self.tried += len(nodes)
            for pair, found in self._match(nodes, chosen):
                candidates[pair].append(found)
        for place, (pair, several) in enumerate(candidates.items()):
            tell({"what": f"{self.form}: fresh inputs for each pair", "done": place, "total": len(candidates)})
            yield from self._confirm((self.benches[pair[0]], self.benches[pair[1]]), several)

    def _pairs(self) -> Iterable[tuple[int, int]]:
        return combinations(range(len(self.benches)), 2)

    def _limit(self, bench: Bench, owns: Sequence[Own], chosen: tuple[Condition, ...]) -> Sequence[Own]:
        """Return fewer sets the more is asked of the inputs; limits only where nothing is asked.

        As many as a size that a condition fixes is a number, which is tried as such.
        """
        fixed = {letter for one in chosen for letter in one.sizes}
        return [
            own
            for own in owns
            if not chosen
            or (
                len(own) <= 4 - len(chosen)
                and not has_limit(bench, own)
                and not any(
                    bench.known[place]["kind"] == "size" and bench.known[place]["value"] in fixed for place in own
                )
            )
        ]

    def _match(
        self, nodes: Sequence[Tried], chosen: tuple[Condition, ...]
    ) -> Iterator[tuple[tuple[int, int], Found]]:
        """Yield what comes out alike, up to a factor; of scores also what does up to a constant in every row."""
        senses = ("same", "rows") if self.form == "position" else ("same",)
        for sense in senses:
            by_shape: dict[tuple[int, ...], list[Tried]] = {}
            for place, own, output in nodes:
                by_shape.setdefault(tuple(output.shape), []).append((place, own, see(sense, output)))
            for alike in by_shape.values():
                moving = [has_limit(self.benches[at], own) for at, own, _ in alike]
                for one, other in list_near([output for _, _, output in alike], moving):
                    if alike[one][0] != alike[other][0] and not self._both_emptied(alike[one], alike[other]):
                        yield self._pair(alike[one], alike[other], chosen, sense)

    def _both_emptied(self, *nodes: Tried) -> bool:
        """Tell whether weights were set to zero on both sides: what is left then is what any two have in common."""
        return all(any(self.benches[at].known[one]["kind"] == "zero" for one in own) for at, own, _ in nodes)

    def _pair(
        self, one: Tried, other: Tried, chosen: tuple[Condition, ...], sense: str
    ) -> tuple[tuple[int, int], Found]:
        one, other = sorted((one, other), key=lambda node: node[0])
        limits = has_limit(self.benches[one[0]], one[1]) or has_limit(self.benches[other[0]], other[1])
        return (one[0], other[0]), Found((one[1], other[1]), chosen, "limit" if limits else sense)

    def _confirm(self, benches: tuple[Bench, Bench], candidates: Sequence[Found]) -> Iterator[dict[str, Any]]:
        """Yield what fresh inputs bear out, weakest conditions first, without what more conditions add."""
        trials = build_trials([bench.idea for bench in benches], self.seed)
        kept: list[Kept] = []
        failed: list[Found] = []
        waiting = sorted(candidates, key=lambda one: (RANK[one.sense], count_conditions(one)))
        for place, found in enumerate(waiting):
            weak = weaken(benches, found, self.form)
            if any(is_weaker(other, weak) and covers(one, held, found) for other, one, held in kept):
                continue
            held = hold(benches, found, trials)
            if held is None:
                failed.append(found)
                # perhaps a window or a chunk hid on few tokens: let it be as long as the sequence
                waiting += list_longer(benches, found) if place < len(candidates) else []
                continue
            if simpler := simplify(benches, found, trials):
                found, held = simpler
                weak = weaken(benches, found, self.form)
            kept.append((weak, found, held))
        kept = [one for one in drop_twins(kept) if not any(outdoes(other, one) for other in kept)]
        if failed and not kept:
            self.dropped.append([bench.label for bench in benches])
        yield from (tell_relation(benches, found, held) for _, found, held in kept)


def list_near(outputs: Sequence[Tensor], moving: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Yield the places of any two outputs that may be proportional.

    Parameters
    ----------
    moving : of each output, whether a number is on its way to its end in it: then near is near enough
    """
    flat = torch.stack([output.flatten() for output in outputs])
    size = flat.abs().amax(dim=1, keepdim=True)
    directions = flat / flat.norm(dim=1, keepdim=True).clamp(min=1e-300)
    mixing = torch.randn(flat.shape[1], _PROJECTED, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    seen = directions @ mixing
    seen = seen * seen[:, :1].sign()
    limits = torch.tensor(moving)
    allowed = torch.where(limits[:, None] | limits, _ON_THE_WAY, _ALIKE)
    near = (torch.cdist(seen, seen, p=float("inf")) < allowed) & (size > 0) & (size.T > 0)
    for one, other in near.triu(1).nonzero().tolist():
        if one != other:
            yield one, other


def list_longer(benches: tuple[Bench, Bench], found: Found) -> list[Found]:
    """Return the agreement with one more number that grows with the sequence, in either idea."""
    longer = []
    for side, (bench, own) in enumerate(zip(benches, found.own, strict=True)):
        taken = {bench.known[place]["slot"] for place in own}
        for place, one in enumerate(bench.known):
            if one["kind"] == "size" and one["value"] == "T" and one["slot"] not in taken:
                more = (own | {place}, found.own[1]) if side == 0 else (found.own[0], own | {place})
                longer.append(found._replace(own=more))
    return longer


def simplify(benches: tuple[Bench, Bench], found: Found, trials: Sequence[Trial]) -> tuple[Found, Held] | None:
    """Return an agreement that sets all weights with single ones in their place, and only those that it takes."""
    groups = [
        {place for place in own if bench.known[place]["slot"] == "weights"}
        for bench, own in zip(benches, found.own, strict=True)
    ]
    if not any(groups):
        return None
    singles = [
        {one["slot"]: place for place, one in enumerate(bench.known) if is_single(one)} if group else {}
        for bench, group in zip(benches, groups, strict=True)
    ]
    owns = [(own - group) | {*single.values()} for own, group, single in zip(found.own, groups, singles, strict=True)]
    held = hold(benches, found._replace(own=(owns[0], owns[1])), trials)
    for name in dict.fromkeys([*singles[0], *singles[1]]):
        dropped = [own - {single.get(name, -1)} for own, single in zip(owns, singles, strict=True)]
        # a weight that both have may matter to each alone, and to neither where it is the same in both
        for fewer in (dropped, [dropped[0], owns[1]], [owns[0], dropped[1]]):
            if held and fewer != owns and (again := hold(benches, found._replace(own=(fewer[0], fewer[1])), trials)):
                owns, held = fewer, again
    return (found._replace(own=(owns[0], owns[1])), held) if held else None


def tell_relation(benches: tuple[Bench, Bench], found: Found, held: Held) -> dict[str, Any]:
    """Return a relation as JSON values: between whom, under what, in which sense, how exactly."""
    return {
        "between": [bench.label for bench in benches],
        "own": [
            [dict(bench.known[place]) for place in sorted(own)] for bench, own in zip(benches, found.own, strict=True)
        ],
        "conditions": [{"name": one.name, "words": one.words} for one in found.chosen],
        "sense": found.sense,
        "measured": held.measured,
        "trials": held.trials,
        "factor": held.factor,
        "law": held.law,
        "rate": held.rate,
        "bound": HARD,
    }
