"""The three layers of a lineage edge in words: who cites whom, who claims it, what execution says. Pure."""

from kb.records import EdgeLayers


def tell_cited(layers: EdgeLayers) -> str:
    """Return whether the paper of the younger idea leads, by citations, to that of the older."""
    if layers.citing is None:
        return "citations unknown"
    if layers.citing == 0:
        return "no citation path"
    return "cited" if layers.citing == 1 else f"cited by way of {_count(layers.citing - 1, 'paper')}"


def tell_executed(layers: EdgeLayers) -> str:
    """Return what became of the edge's claims, as parts of a sentence; says so where there is none."""
    if not layers.verdict:
        return "not executed"
    parts = [
        (layers.unexpected, "{} not as expected"),
        (layers.verified, "{} verified"),
        (layers.refuted, "{} refuted, a common belief" if layers.refuted == 1 else "{} refuted, common beliefs"),
        (layers.waiting, "{} not run"),
    ]
    told = [form.format(_count(number, "claim")) for number, form in parts if number]
    # The unit is named once: "2 claims verified; 1 refuted, a common belief".
    told[1:] = [part.replace(" claims", "").replace(" claim", "") for part in told[1:]]
    return "; ".join(told) + (" (code changed since)" if layers.stale else "")


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}"
