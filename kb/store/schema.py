"""Bring a database to this version's schema, and refuse one that a newer version made."""

from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from kb.errors import StoreError
from kb.store.sessions import Store, connect_store

#: The newest revision under ``migrations/versions``; a test holds it to the folder.
HEAD = "0004"
MIGRATIONS = Path(__file__).parent / "migrations"


def open_store(url: str) -> Store:
    """Open a library, making or upgrading its tables where needed; what it holds is kept.

    Raises
    ------
    StoreError : it was made by a newer version, is damaged, locked or cannot be written
    """
    store = connect_store(url)
    try:
        with store.read() as session:
            revision = read_revision(session)
        if revision != HEAD:
            _upgrade(store)
    except BaseException:
        store.close()
        raise
    return store


def read_revision(session: Session) -> str | None:
    """Return the schema's revision, or None for an empty database."""
    if not inspect(session.connection()).has_table("alembic_version"):
        return None
    return session.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(store: Store) -> None:
    # Alembic takes a tenth of a second to import: only those who need it pay.
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with store.write() as session:
        # Read again under the write lock: another process may have upgraded meanwhile.
        if read_revision(session) == HEAD:
            return
        config.attributes["connection"] = session.connection()
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise StoreError(
                f"{store.name}: made by a newer version of Stemma ({error}); upgrade Stemma, or give another --db"
            ) from error
