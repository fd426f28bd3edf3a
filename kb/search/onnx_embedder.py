"""The embedded model in onnxruntime: a query has its vector in milliseconds, and torch is never imported."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors
from tokenizers import Tokenizer

from kb.errors import ModelError
from kb.search.model_files import EMBEDDED_MODEL, REVISION

MAX_TOKENS = 256
"""The longest text that the model was trained to read, special tokens included; the rest is cut off."""
DIM = 384
_WORKERS = min(4, os.cpu_count() or 1)
_ERRORS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


class OnnxEmbedder:
    """Texts to unit vectors.

    Each text runs by itself in one thread, several texts in several threads: faster than batches with padding, and
    a text's vector does not depend on what it is embedded with.
    """

    name = EMBEDDED_MODEL
    revision = REVISION
    dim = DIM

    def __init__(self, model: bytes, tokenizer: str) -> None:
        """Load a graph of ``bert_graph`` and the text of ``tokenizer.json``.

        Raises
        ------
        ModelError : onnxruntime cannot load the graph
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        with _stated_errors():
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_str(tokenizer)
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()

    def encode(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """Return one unit row a text, (N, D); this model reads queries and documents alike."""
        vectors = np.empty((len(texts), DIM), np.float32)
        if len(texts) == 1:
            vectors[0] = self._encode_one(texts[0])
        elif texts:
            with ThreadPoolExecutor(min(_WORKERS, len(texts))) as pool:
                for i, vector in enumerate(pool.map(self._encode_one, texts)):
                    vectors[i] = vector
        return vectors

    def _encode_one(self, text: str) -> NDArray[np.float32]:
        # A lone surrogate (from a file's name, or a broken escape) is no text for the tokeniser.
        whole = text.encode("utf-8", "replace").decode("utf-8")
        ids = np.array([self._tokenizer.encode(whole).ids], np.int64)
        with _stated_errors():
            vector: NDArray[np.float32] = self._session.run(None, {"ids": ids})[0][0]
        return vector


@contextmanager
def _stated_errors() -> Iterator[None]:
    try:
        yield
    except _ERRORS as error:
        raise ModelError(f"onnxruntime {onnxruntime.__version__} cannot run the exported model: {error}") from error
