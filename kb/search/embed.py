"""Text to vectors: which embedder is used, and what is expected of one."""

import logging
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kb.search.model_files import EMBEDDED_MODEL
from kb.settings import Settings

_log = logging.getLogger(__name__)
_loading = threading.Lock()


class Embedder(Protocol):
    """Turns texts into unit vectors. Vectors of another name or revision must never be compared with its own."""

    @property
    def name(self) -> str: ...

    @property
    def revision(self) -> str: ...

    @property
    def dim(self) -> int: ...

    def encode(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """Return one unit row a text, (N, D)."""
        ...


def load_embedder(settings: Settings) -> Embedder:
    """Return the embedder that the settings name: the embedded model in onnxruntime, any other in torch.

    It is loaded once a process: whoever asks while another thread loads it waits for that one.

    Raises
    ------
    ModelError : the model is missing, altered or cannot be loaded
    """
    with _loading:
        return _load(settings.model, settings.cache_dir)


@lru_cache(maxsize=2)
def _load(model: str, cache_dir: Path) -> Embedder:
    if model != EMBEDDED_MODEL:
        return _load_torch(model)
    try:
        # A tenth of a second, which a lexical search need not wait for.
        from kb.search.onnx_export import open_export
    except ImportError as error:
        _log.warning("onnxruntime is not usable (%s): embedding through torch, which is slower", error)
        return _load_torch(EMBEDDED_MODEL)
    if embedder := open_export(cache_dir):
        return embedder
    _log.warning("the exported model disagrees with torch on this processor: embedding through torch, slower")
    return _load_torch(EMBEDDED_MODEL)


def _load_torch(name: str) -> Embedder:
    from kb.search.torch_embedder import load_torch

    return load_torch(name)
