"""The library on disk: the only room that knows SQLAlchemy and Alembic.

``open_store(url)`` gives a Store; ``store.read()`` and ``store.write()`` give a session, and the functions of the
modules take it first: ``papers``, ``saving``, ``citations``, ``concepts``, ``documents``, ``lookup``, ``vectors``,
``runs``, ``verdicts``, ``snippets``, ``own_claims``, ``imports``, ``identity``. ``catalogue`` reads ``data/``,
``building`` writes it here.
"""

from sqlalchemy.orm import Session

from kb.store.schema import open_store
from kb.store.sessions import Store

__all__ = ["Session", "Store", "open_store"]
