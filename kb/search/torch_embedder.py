"""Any sentence-transformers model, in torch: six seconds to import, so the way only where onnxruntime is not."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.errors import ModelError
from kb.search.model_files import EMBEDDED_MODEL, REVISION, check_files, find_model_folder, hash_file

_WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")


class TorchEmbedder:
    """Texts to unit vectors through ``SentenceTransformer.encode`` on the processor."""

    def __init__(self, name: str, revision: str, model: Any) -> None:
        self.name, self.revision, self._model = name, revision, model
        self.dim = int(model.get_embedding_dimension() or 0)

    def encode(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """Return one unit row a text, (N, D); a model that has a prompt for queries is given it for queries."""
        encode = self._model.encode_query if query else self._model.encode_document
        vectors = encode(list(texts), normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(vectors, np.float32).reshape(len(texts), self.dim)


def load_torch(name: str) -> TorchEmbedder:
    """Return the embedded model, or another by its hub name or path.

    Raises
    ------
    ModelError : it cannot be found or loaded, or the embedded model's files are altered
    """
    if name == EMBEDDED_MODEL:
        folder = find_model_folder()
        check_files(folder)
        return TorchEmbedder(name, REVISION, _load(str(folder), name))
    model = _load(name, name)
    return TorchEmbedder(name, _revision_of(name, model), model)


def _load(path: str, name: str) -> Any:
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(path, device="cpu")
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"the embedding model {name!r} cannot be loaded ({first}); set STEMMA_MODEL to the path of a "
            "sentence-transformers model, or unset it to use the embedded one"
        ) from error


def _revision_of(name: str, model: Any) -> str:
    """Return what tells two states of a model apart: its commit on the hub, or the hash of its weights."""
    commit = getattr(getattr(model[0].auto_model, "config", None), "_commit_hash", None)
    if commit:
        return str(commit)[:12]
    folder = Path(name)
    files = [folder / one for one in _WEIGHT_FILES if (folder / one).is_file()]
    return "".join(hash_file(file) for file in files)[:12] or hashlib.sha256(name.encode()).hexdigest()[:12]
