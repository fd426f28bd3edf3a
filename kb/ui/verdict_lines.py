"""A verdict as a reader sees it: its sign in its colour, its word, and how far the figure is from the bound."""

from kb.records import ClaimCard, Verdict
from kb.ui.links import escape
from kb.ui.marks import verdict_mark
from kb.ui.numbers import show_number

_MANY = 1e3


def mark(verdict: str, stale: bool = False) -> str:
    """Return the sign and the word of a verdict as HTML; a stale one is drawn hollow, with a dashed frame."""
    sign, word, colour = verdict_mark(verdict, stale)
    frame = f"border-bottom:1px dashed {colour};" if stale else ""
    weight = 400 if stale else 600
    return (
        f'<span style="color:{colour};font-weight:{weight};white-space:nowrap;{frame}">{sign} {escape(word)}</span>'
    )


def mark_of(verdict: Verdict | None) -> str:
    """Return the mark of a claim's newest verdict, or of one that has never been run."""
    return mark(verdict.verdict, verdict.stale) if verdict else mark("not_run")


def tell_margin(card: ClaimCard, verdict: Verdict | None) -> str:
    """Return what was measured against what was allowed, in words."""
    bound = card.bound if verdict is None or verdict.bound is None else verdict.bound
    allowed = f"{card.holds} {show_number(bound)} would keep the statement"
    if verdict is None:
        return f"not yet measured; {allowed}"
    if verdict.measured is None:
        return f"not finite; {allowed}"
    if verdict.measured == 0 and card.holds == "at most":
        return f"no difference at all; {allowed}"
    least, most = sorted((abs(verdict.measured), abs(bound)))
    side = "below" if verdict.measured < bound else "above"
    # above a thousand the number of times says nothing that the two figures do not
    far = f", {_times(most / least)} {side}" if least and most / least < _MANY else f", far {side}"
    return f"measured {show_number(verdict.measured)}{far} the bound of {show_number(bound)}; {allowed}"


def _times(ratio: float) -> str:
    return "just" if ratio < 2 else f"about {show_number(float(f'{ratio:.2g}'))} times"
