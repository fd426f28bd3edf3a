"""What is kept of a user's own claims, read: their cards, what they import, what became of them."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from kb.claims.own.modules import list_snippets
from kb.claims.own.reading import read_claim
from kb.errors import InvalidQueryError, NotFoundError
from kb.records import OWN_CLAIM, ClaimCard, OwnClaim, Snippet
from kb.store import Session, Store, own_claims, snippets


def list_own(store: Store) -> list[OwnClaim]:
    """Return the claims that the user wrote, oldest first."""
    with store.read() as session:
        return [read_kept(session, one) for one in own_claims.list_claims(session)]


def list_own_cards(store: Store) -> tuple[ClaimCard, ...]:
    """Return those that can be read, as they are shown."""
    return tuple(one.card for one in list_own(store) if one.card)


def read_kept(session: Session, kept: Snippet) -> OwnClaim:
    """Return a claim as it is kept; one that can no longer be read says why."""
    card, trouble = None, ""
    try:
        card = read_card(session, kept.code, f"{OWN_CLAIM}{kept.id}")
    except InvalidQueryError as error:
        trouble = str(error)
    return OwnClaim(
        id=kept.id,
        name=kept.name,
        code=kept.code,
        created_at=kept.created_at,
        version=kept.version,
        changed_at=kept.changed_at,
        card=card,
        trouble=trouble,
    )


def read_card(session: Session, code: str, address: str) -> ClaimCard:
    """Return what a file's text says, under an address.

    Raises
    ------
    InvalidQueryError : it is no claim, or imports what is not here
    """
    return replace(read_claim(code, read_imported(session, code)), id=address)


def read_imported(session: Session, code: str) -> dict[str, str]:
    """Return the code of the snippets that a claim imports, by module; those that are not here are left out."""
    found = {}
    for number in list_snippets(code):
        with suppress(NotFoundError):
            found[f"snippet_{number}"] = snippets.get_snippet(session, number).code
    return found


def current_hashes(store: Store) -> dict[str, str]:
    """Return the hash of the present code of each of the user's claims, by address."""
    return {card.id: card.code_hash for card in list_own_cards(store)}


def find_own(claims: Iterable[OwnClaim], name: str) -> OwnClaim | None:
    """Return the claim of an address, a number or a name; None where none is called so."""
    wanted = name.strip().casefold().removeprefix("claim:").removeprefix(OWN_CLAIM)
    return next((one for one in claims if wanted in (str(one.id), one.name)), None)
