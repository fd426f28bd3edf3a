"""The page Claims: every executable claim, or the one that the address names."""

from kb.errors import NotFoundError
from kb.library import Library
from kb.ui.claim_list import show_list
from kb.ui.claim_record import show_claim
from kb.ui.state import asked


def show(library: Library) -> None:
    """Draw the claim that the address names, or all of them with filters."""
    wanted = asked("id").removeprefix("claim:")
    if not wanted:
        show_list(library)
        return
    cards = {card.id: card for card in library.claims()}
    if wanted not in cards:
        raise NotFoundError(f"no claim has the id {wanted!r}: the page Claims lists all of them")
    verdicts = {one.claim: one for one in library.verdicts()}
    show_claim(library, cards[wanted], verdicts.get(wanted))
