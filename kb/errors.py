"""Everything that Stemma raises on purpose.

::

    KBError
    ├── InvalidIdError            the text is no identifier of a kind we know
    ├── InvalidQueryError         a value the user chose is out of range or unknown
    ├── NotFoundError             well formed, but nothing here has that key
    ├── SourceError               an outside source failed
    │   ├── RateLimitedError      it asked us to wait
    │   ├── UnavailableError      it did not answer, or answered 5xx
    │   └── MalformedDataError    it answered something that cannot be read
    ├── StoreError                the database cannot do it (version, lock, full disk)
    ├── CuratedDataError          a file under ``data/`` is wrong; says file and line
    ├── ModelError                the embedding model is missing, altered or unusable
    └── RunnerError               no way to confine code on this machine

The branches are cut by what the caller can do next. A message says what, which one, and what to do next; it
ends without a full stop when an identifier stands last, so that it can be copied. Nothing here holds a key or
a header. A guest program's failure is no exception but data: see ``kb.records.RunResult``.
"""

from pathlib import Path


class KBError(Exception):
    """Root of the tree: catch this to catch anything of ours."""


class InvalidIdError(KBError):
    """The text is no identifier of a kind we know."""


class InvalidQueryError(KBError):
    """A value that the user chose is out of range, unknown or contradictory."""


class NotFoundError(KBError):
    """Well formed, but nothing here has that key."""


class SourceError(KBError):
    """An outside source failed.

    Parameters
    ----------
    message : what failed and what to do next
    url     : address without keys, empty where the source is a file
    attempt : how many times it was tried
    """

    def __init__(self, message: str, url: str = "", attempt: int = 1) -> None:
        super().__init__(message, url, attempt)
        self.message, self.url, self.attempt = message, url, attempt

    def __str__(self) -> str:
        return self.message


class RateLimitedError(SourceError):
    """The source asked us to wait longer than we are willing to."""


class UnavailableError(SourceError):
    """The source did not answer, or answered that it cannot."""


class MalformedDataError(SourceError):
    """The source answered something that cannot be read."""


class StoreError(KBError):
    """The database cannot do it: its version, a lock, a full disk, a damaged file."""


class CuratedDataError(KBError):
    """A file under ``data/`` is wrong.

    Parameters
    ----------
    message : what is wrong with which record
    file    : the TOML file
    line    : 1-based line of the record's first line
    """

    def __init__(self, message: str, file: Path, line: int) -> None:
        super().__init__(message, file, line)
        self.message, self.file, self.line = message, file, line

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class ModelError(KBError):
    """The embedding model is missing, altered or unusable."""


class RunnerError(KBError):
    """Code cannot be confined on this machine."""
