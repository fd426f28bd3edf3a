"""What a search for relations found, on the command line: the order of the ideas, then the relations."""

from collections.abc import Sequence

from kb.claims.discovery.telling import tell, tell_evidence
from kb.cli.page import write, write_heading
from kb.cli.words import count_words
from kb.library.discovery_report import list_order, sort_relations
from kb.records import DiscoveredRelation, Discovery

_MOST = 12


def print_discoveries(found: Sequence[Discovery], *, everything: bool = False) -> None:
    """Print form by form; without ``everything`` the candidates only, and of these the first few."""
    numbers = {id(one): number for number, one in enumerate((r for each in found for r in each.relations), start=1)}
    for one in found:
        print_discovery(one, numbers, everything=everything)
    if not found:
        write("Nothing was found.")


def print_discovery(one: Discovery, numbers: dict[int, int], *, everything: bool) -> None:
    """Print what was found among the ideas of one form."""
    write_heading(f"{one.form}: who is a special case of whom")
    for depth, line in list_order(one):
        idea, dash, ties = line.partition(" — ")
        write((idea, "bold"), (f"  {ties}" if dash else "", ""), indent=2 + 2 * depth, hang=2)
    for heading, relations in sort_relations(one):
        shown = relations if everything else relations[:_MOST] if relations[0].is_candidate else []
        write_heading(f"{heading}: {len(relations)}")
        for relation in shown:
            _print_relation(relation, numbers[id(relation)])
        if len(shown) < len(relations):
            write((f"{len(relations) - len(shown)} more with --all", "dim"), indent=2)
    write_heading("The search")
    write(
        f"{count_words(one.tried, 'output')} of {count_words(len(one.ideas), 'idea')} held against one another "
        f"in {one.seconds:.1f} s.",
        indent=2,
    )
    if one.dropped:
        told = "; ".join(f"{first} and {other}" for first, other in one.dropped)
        write(f"Agreed on the inputs tried and not on fresh ones, so left out: {told}.", indent=2)


def _print_relation(relation: DiscoveredRelation, number: int) -> None:
    write((f"{number:>3}  ", "dim"), tell(relation), indent=2, hang=5)
    known = ", ".join([*relation.claims, *relation.edges])
    about = f" Catalogue: {known}." if known else ""
    write((f"{tell_evidence(relation)}{about}", "dim"), indent=7)
