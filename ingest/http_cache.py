"""Answers that are kept: JSON files in the cache folder, which may be deleted at any time."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from requests.structures import CaseInsensitiveDict
from requests_cache.backends.base import BaseCache
from requests_cache.backends.filesystem import FileDict
from requests_cache.models.response import CachedResponse

#: Request headers that are kept beside an answer: those by which a source may vary it.
_HARMLESS = frozenset({"accept", "accept-encoding", "accept-language", "user-agent"})


class AnswerCache(BaseCache):
    """A cache that, where it fails, is a cache that is not there.

    Not requests-cache's SQLite back end (1.3.3): its writer waits for ever on a database that it may not write.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(cache_name=str(folder))
        self.responses = FileDict(folder, serializer="json")

    def save_response(self, response: Any, cache_key: str | None = None, expires: datetime | None = None) -> None:
        kept = CachedResponse.from_response(response, expires=expires)
        # A key travels in a header, and requests-cache knows such headers in one spelling only.
        kept.request.headers = CaseInsensitiveDict(
            {name: value for name, value in kept.request.headers.items() if name.lower() in _HARMLESS}
        )
        # A full disk or a read-only folder arrives here as KeyError.
        with suppress(KeyError, OSError):
            super().save_response(kept, cache_key or self.create_key(response.request), expires)


def open_cache(folder: Path) -> BaseCache:
    """Return the cache in this folder, or one in memory where the folder cannot be made."""
    try:
        return AnswerCache(folder)
    except OSError:
        return BaseCache()
