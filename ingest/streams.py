"""Open local files as they lie on disk: compression is told by content, not by name."""

import bz2
import gzip
import hashlib
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from kb.errors import NotFoundError, UnavailableError

#: Bytes read at once.
CHUNK = 1 << 20
#: What reading a damaged file raises, whichever way it is compressed.
DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError)


class ByteStream(Protocol):
    """What a reader needs. ``read1`` and not ``read``, which drops what stands before the damage in a cut file."""

    def read1(self, size: int = ..., /) -> bytes: ...

    def readline(self, size: int = ..., /) -> bytes: ...

    def peek(self, size: int, /) -> bytes: ...


@contextmanager
def open_file(path: Path) -> Iterator[ByteStream]:
    """Give a file's content, unpacked where it is compressed with gzip, xz, bzip2 or Zstandard.

    Raises
    ------
    NotFoundError    : there is no such file
    UnavailableError : it may not be read
    """
    with _open_raw(path) as raw, _unpack(raw) as stream:
        yield stream


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as they lie on disk: by it an import that was broken off is known again.

    Raises
    ------
    NotFoundError    : there is no such file
    UnavailableError : it may not be read
    """
    with _open_raw(path) as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()


@contextmanager
def _open_raw(path: Path) -> Iterator[io.BufferedReader]:
    try:
        raw = path.open("rb")
    except FileNotFoundError as error:
        raise NotFoundError(f"no such file; check the path: {path}") from error
    except OSError as error:
        raise UnavailableError(f"{path} cannot be read ({error.strerror}); give a file that can") from error
    with raw:
        yield raw


@contextmanager
def _unpack(raw: io.BufferedReader) -> Iterator[ByteStream]:
    magic = raw.peek(6)
    if magic.startswith(b"\x1f\x8b"):
        with gzip.GzipFile(fileobj=raw) as stream:
            yield stream
    elif magic.startswith(b"\xfd7zXZ\x00"):
        with lzma.LZMAFile(raw) as stream:
            yield stream
    elif magic.startswith(b"BZh"):
        with bz2.BZ2File(raw) as stream:
            yield stream
    elif magic.startswith(b"\x28\xb5\x2f\xfd"):
        # Imported here: it takes a tenth of a second and few files need it. Streamlit depends on it, so it is there.
        import pyarrow  # type: ignore[import-untyped]

        with io.BufferedReader(pyarrow.CompressedInputStream(raw, "zstd")) as stream:
            yield stream
    else:
        yield raw
