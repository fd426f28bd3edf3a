"""Compute ``kb/search/probe_vectors.npy`` anew after a change of the probes.

A command: ``python tests/search/make_probe_vectors.py``.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from sentence_transformers import SentenceTransformer

from kb.search.model_files import check_files, find_model_folder
from kb.search.probe import VECTORS, list_probes


def main() -> None:
    folder = find_model_folder()
    check_files(folder)
    model = SentenceTransformer(str(folder), device="cpu")
    vectors = model.encode(list_probes(), normalize_embeddings=True)
    np.save(VECTORS, vectors.astype(np.float16), allow_pickle=False)


if __name__ == "__main__":
    main()
