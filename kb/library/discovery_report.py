"""What a search for relations found as one document: for machines, and as Markdown for readers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from kb.claims.discovery.telling import tell, tell_evidence
from kb.records import DiscoveredRelation, Discovery


def build_document(found: Sequence[Discovery]) -> dict[str, object]:
    """Return ``discoveries``, form by form; relations are numbered through, as ``--draft`` counts them."""
    number = 0
    discoveries = []
    for one in found:
        rows = []
        for relation in one.relations:
            number += 1
            rows.append(_build_row(relation, number))
        discoveries.append(
            {
                "form": one.form,
                "ideas": one.ideas,
                "order": [
                    {
                        "ideas": each.ideas,
                        "depth": each.depth,
                        "special_cases_of": [one.order[at].ideas for at in each.above],
                    }
                    for each in one.order
                ],
                "relations": rows,
                "held_only_on_the_inputs_tried": one.dropped,
                "outputs_compared": one.tried,
                "seconds": one.seconds,
            }
        )
    candidates = sum(relation.is_candidate for one in found for relation in one.relations)
    return {"discoveries": discoveries, "summary": {"relations": number, "candidates": candidates}}


def _build_row(relation: DiscoveredRelation, number: int) -> dict[str, object]:
    row = {name: value for name, value in asdict(relation).items() if name not in ("sides", "condition_names")}
    sides = [{"idea": side.idea, "settings": side.settings} for side in relation.sides]
    return {
        "number": number,
        "told": tell(relation),
        "sides": sides,
        **row,
        "in_no_catalogue": not (relation.claims or relation.edges),
        "candidate": relation.is_candidate,
    }


def build_markdown(found: Sequence[Discovery]) -> str:
    """Return the order and the relations of every form."""
    return "\n".join(line for one in found for line in _build_lines(one)) + "\n"


def _build_lines(one: Discovery) -> Iterator[str]:
    yield f"# {one.form}: {len(one.ideas)} ideas, {len(one.relations)} relations"
    yield ""
    for line in list_order(one):
        yield f"{'  ' * line[0]}- {line[1]}"
    for heading, relations in sort_relations(one):
        yield f"\n## {heading}\n"
        yield from (f"- {tell(each)} {tell_evidence(each)}" for each in relations)
    yield ""


def list_order(one: Discovery) -> list[tuple[int, str]]:
    """Return the order as an indented list: each class below the first of those of which it is a special case."""
    lines: list[tuple[int, str]] = []

    def add(place: int, depth: int) -> None:
        each = one.order[place]
        several = len(each.ideas) > 1
        ties = "; ".join(f"{f'{tie.sides[0].idea}: ' if several else ''}{tell_tie(tie)}" for tie in each.relations)
        lines.append((depth, f"{', '.join(each.ideas)}{f' — {ties}' if ties else ''}"))
        for below, other in enumerate(one.order):
            if other.above[:1] == (place,):
                add(below, depth + 1)

    for place, each in enumerate(one.order):
        if not each.above:
            add(place, 0)
    return lines


def tell_tie(relation: DiscoveredRelation, names: Mapping[str, str] | None = None) -> str:
    """Return why an idea stands below another: ``gated-delta-rule at decay = 1``."""
    general = relation.sides[1]
    name = (names or {}).get(general.idea, general.idea)
    told = f"{name} at {', '.join(general.settings)}" if general.settings else f"the same as {name}"
    return f"{told}, up to a number for each query" if relation.up_to_rows else told


def sort_relations(one: Discovery) -> list[tuple[str, list[DiscoveredRelation]]]:
    """Return the relations under headings: what is in no catalogue first, empty headings left out."""
    relations = one.relations
    everyone = [each for each in relations if each.everyone]
    candidates = [each for each in relations if each.is_candidate]
    known = [each for each in relations if (each.claims or each.edges) and not each.everyone]
    derived = [each for each in relations if not (each in everyone or each in candidates or each in known)]
    narrow = [each for each in candidates if len(each.conditions) > 1]
    headings = [
        ("In no catalogue: candidates for a claim", [each for each in candidates if each not in narrow]),
        ("In no catalogue, on inputs of which much is asked", narrow),
        ("Between ideas whose kinship is in the catalogue", known),
        ("In no catalogue, and follows from the others", derived),
        ("So strong a condition that all of these ideas agree", everyone),
    ]
    return [(heading, listed) for heading, listed in headings if listed]
