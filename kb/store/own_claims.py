"""Claims that a user wrote. They are kept as snippets are, with numbers and versions of the same series, but are
attached to the claims and to no record; who lists snippets does not see them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.errors import NotFoundError
from kb.records import Snippet
from kb.store import snippets
from kb.store.tables import SnippetRow


def save_claim(session: Session, name: str, code: str) -> Snippet:
    """Keep a claim under a name that no other has, and return it.

    Raises
    ------
    InvalidQueryError : another has this name
    """
    return snippets.save_snippet(session, snippets.CLAIMS, name, code)


def list_claims(session: Session) -> list[Snippet]:
    """Return the claims, oldest first."""
    return snippets.list_snippets(session, snippets.CLAIMS)


def get_claim(session: Session, number: int) -> Snippet:
    """Return one claim.

    Raises
    ------
    NotFoundError : there is none with this number
    """
    query = select(SnippetRow.id).where(SnippetRow.id == number, SnippetRow.key == snippets.CLAIMS)
    if session.scalar(query) is None:
        raise NotFoundError(f"there is no claim own:{number} here; 'stemma claim list' lists yours")
    return snippets.read_row(session, number)
