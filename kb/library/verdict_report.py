"""Claims and what became of them as one document: for machines, and as Markdown for readers."""

from collections import Counter
from collections.abc import Mapping, Sequence

from kb.records import ClaimCard, Verdict

Variants = Mapping[str, Sequence[tuple[str, Verdict]]]
"""By claim: what became of each wrong variant."""

_SIGNS = {"verified": "✓", "refuted": "✗", "inconclusive": "~", "not_run": "○"}


def build_document(
    cards: Sequence[ClaimCard], verdicts: Mapping[str, Verdict], variants: Variants | None = None
) -> dict[str, object]:
    """Return ``claims`` (a row each) and ``summary``, as the command contract names their fields."""
    rows = [_build_row(card, verdicts.get(card.id), (variants or {}).get(card.id)) for card in cards]
    counts = Counter(str(row["verdict"]) for row in rows)
    summary: dict[str, object] = {
        "claims": len(rows),
        **{name: counts[name] for name in _SIGNS},
        "as_expected": sum(row["verdict"] == row["expected"] for row in rows),
        "seconds": sum(one.seconds for card in cards if (one := verdicts.get(card.id))),
    }
    if variants is not None:
        summary["wrong_variants"] = sum(map(len, variants.values()))
        summary["survivors"] = len(list_survivors(variants))
    return {"claims": rows, "summary": summary}


def list_survivors(variants: Variants) -> list[str]:
    """Return which wrong variants a claim took for the right thing, as ``claim: variant``."""
    return [
        f"{claim}: {name}"
        for claim, found in variants.items()
        for name, verdict in found
        if verdict.verdict != verdict.expected
    ]


def build_markdown(
    cards: Sequence[ClaimCard], verdicts: Mapping[str, Verdict], variants: Variants | None = None
) -> str:
    """Return a report with a table a family, and below it what is not as expected."""
    told = build_document(cards, verdicts, variants)["summary"]
    assert isinstance(told, dict)
    parts = [
        "# Claims and their verdicts",
        f"{told['as_expected']:,} of {told['claims']:,} as expected; {told['seconds']:.0f} s.",
    ]
    for family in dict.fromkeys(card.family for card in cards):
        rows = [
            _markdown_row(card, verdicts.get(card.id), (variants or {}).get(card.id))
            for card in cards
            if card.family == family
        ]
        parts.append(f"## {family}")
        parts.append("\n".join(["| claim | verdict | figure and bound | rejects |", "|---|---|---|---|", *rows]))
    if survivors := list_survivors(variants or {}):
        parts.append("## Wrong variants that were not rejected")
        parts.append("\n".join(f"- {one}" for one in survivors))
    versions = next((one.versions for one in verdicts.values()), {})
    if versions:
        parts.append("Run with " + ", ".join(f"{name} {number}" for name, number in versions.items()) + ".")
    return "\n\n".join(parts) + "\n"


def plain_numbers(value: object) -> object:
    """Return nested lists as they are written by hand: a list of one is its entry, 2.0 is 2."""
    if isinstance(value, list | tuple):
        return plain_numbers(value[0]) if len(value) == 1 else [plain_numbers(one) for one in value]
    if isinstance(value, float):
        return int(value) if value.is_integer() else float(f"{value:.6g}")
    return value


def _build_row(
    card: ClaimCard, verdict: Verdict | None, variants: Sequence[tuple[str, Verdict]] | None
) -> dict[str, object]:
    # A verdict on code that has changed since says nothing about the code that is here.
    known = verdict if verdict and not verdict.stale else None
    row: dict[str, object] = {
        "id": card.id,
        "statement": card.statement,
        "expected": card.expected,
        "verdict": known.verdict if known else "not_run",
        "measured": known.measured if known else None,
        "bound": card.bound,
        "seconds": known.seconds if known else None,
        "between": card.between,
        "kind": card.kind,
        "family": card.family,
        "cost": card.cost,
        "holds": card.holds,
        "stale": bool(verdict and verdict.stale),
        "figures": known.figures if known else (),
        "detail": known.detail if known else "",
        "seed": known.seed if known else None,
        "code_hash": card.code_hash,
        "versions": known.versions if known else {},
    }
    if card.own:
        row |= {"own": True, "name": card.name}
    if known and known.example:
        row["example"] = {"inputs": known.example.inputs, "outputs": known.example.outputs}
    if variants is not None:
        row["wrong_variants"] = [
            {"name": name, "rejected": one.verdict == one.expected, "verdict": one.verdict, "measured": one.measured}
            for name, one in variants
        ]
    return row


def _markdown_row(card: ClaimCard, verdict: Verdict | None, variants: Sequence[tuple[str, Verdict]] | None) -> str:
    word = verdict.verdict if verdict else "not_run"
    mark = f"{_SIGNS[word]} {word.replace('_', ' ')}"
    if verdict and verdict.stale:
        mark += ", stale"
    if verdict and verdict.verdict != card.expected:
        mark += f", expected {card.expected}"
    figure = "" if verdict is None or verdict.measured is None else f"{verdict.measured:.3g}, "
    if variants is None:
        rejects = str(len(card.wrong_variants))
    else:
        rejects = f"{sum(one.verdict == one.expected for _, one in variants)} of {len(variants)}"
    told = card.statement.replace("|", "\\|")
    return f"| `{card.id}`: {told} | {mark} | {figure}{card.holds} {card.bound:.3g} | {rejects} |"
