"""The page Claims: every executable claim, the one that the address names, or the form for one of one's own."""

from kb.errors import NotFoundError
from kb.library import Library
from kb.ui.claim_list import show_list
from kb.ui.claim_record import show_claim
from kb.ui.own_claim import show_own
from kb.ui.own_claim_new import show_new
from kb.ui.state import asked


def show(library: Library) -> None:
    """Draw the claim that the address names, the form for a new one, or all of them with filters."""
    wanted = asked("id").removeprefix("claim:")
    if wanted.startswith("own:"):
        show_own(library, library.own_claim(wanted))
        return
    if asked("new"):
        show_new(library)
        return
    if not wanted:
        show_list(library)
        return
    cards = {card.id: card for card in library.claims()}
    if wanted not in cards:
        raise NotFoundError(f"no claim has the id {wanted!r}: the page Claims lists all of them")
    verdicts = {one.claim: one for one in library.verdicts()}
    show_claim(library, cards[wanted], verdicts.get(wanted))
