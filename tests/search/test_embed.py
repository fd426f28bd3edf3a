"""Which embedder the settings give."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kb.errors import ModelError
from kb.search.embed import load_embedder
from kb.search.model_files import REVISION
from kb.search.onnx_embedder import OnnxEmbedder
from kb.search.probe import list_probes, read_probe_vectors
from kb.search.torch_embedder import TorchEmbedder, load_torch
from kb.settings import Settings


def test_the_embedded_model_comes_through_onnxruntime(settings: Settings) -> None:
    assert isinstance(load_embedder(settings), OnnxEmbedder)


def test_the_torch_form_of_the_embedded_model_agrees_and_shares_its_revision(torch_model: Any) -> None:
    embedder = load_torch("all-MiniLM-L6-v2")
    assert (embedder.name, embedder.revision, embedder.dim) == ("all-MiniLM-L6-v2", REVISION, 384)
    rows = embedder.encode(list_probes()[:5])
    assert np.sum(rows * read_probe_vectors()[:5], axis=1).min() > 0.9999
    assert embedder.encode([]).shape == (0, 384)


def test_another_model_is_loaded_by_path_and_never_mixed_with_the_embedded_one(
    tmp_path: Path, torch_model: Any
) -> None:
    path = str(tmp_path / "mine")
    torch_model.save(path)
    embedder = load_embedder(Settings(model=path, cache_dir=tmp_path))
    assert isinstance(embedder, TorchEmbedder)
    assert embedder.name == path
    assert embedder.revision
    assert embedder.encode(["attention"], query=True).shape == (1, 384)


def test_a_model_that_is_not_there_is_a_stated_error() -> None:
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    with pytest.raises(ModelError, match=r"'nobody/nothing' cannot be loaded.*STEMMA_MODEL"):
        load_torch("nobody/nothing")
