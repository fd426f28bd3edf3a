"""The exported model: as good as torch, made once, never half, never stale."""

import hashlib
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from kb.search.bert_graph import build_graph
from kb.search.embed import Embedder
from kb.search.model_files import TOKENIZER, WEIGHTS, find_model_folder
from kb.search.onnx_embedder import MAX_TOKENS, OnnxEmbedder
from kb.search.onnx_export import LEAST_COSINE, export_folder, least_cosine, open_export
from kb.search.probe import list_probes, read_probe_vectors
from kb.settings import Settings

OPEN = """
import resource, signal, sys
from pathlib import Path
from kb.search.onnx_export import open_export
if len(sys.argv) > 2:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
embedder = open_export(Path(sys.argv[1]))
assert abs(float(embedder.encode(["attention"])[0] @ embedder.encode(["attention"])[0]) - 1) < 1e-5
loaded = {"torch", "sentence_transformers", "transformers", "onnx", "safetensors"} & set(sys.modules)
print(sorted(loaded))
"""


def kept(settings: Settings) -> list[Path]:
    return sorted(export_folder(settings.cache_dir).iterdir())


def test_the_stored_probe_vectors_are_the_torch_models(torch_model: Any) -> None:
    vectors = torch_model.encode(list_probes(), normalize_embeddings=True, show_progress_bar=False)
    cosines = np.sum(vectors * read_probe_vectors(), axis=1)
    assert cosines.min() > 0.99999, "run tests/search/make_probe_vectors.py"


def test_the_probes_are_varied_and_reach_beyond_the_longest_text() -> None:
    probes = list_probes()
    assert len(set(probes)) == 100
    tokenizer = Tokenizer.from_file(str(find_model_folder() / TOKENIZER))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    lengths = [len(tokenizer.encode(probe).ids) for probe in probes]
    assert min(lengths) <= 4
    assert sum(length > MAX_TOKENS for length in lengths) >= 5


def test_int8_agrees_with_torch(embedder: Embedder) -> None:
    assert isinstance(embedder, OnnxEmbedder)
    assert LEAST_COSINE["int8"] <= least_cosine(embedder) < 0.9995


def test_float32_agrees_with_torch() -> None:
    folder = find_model_folder()
    graph = build_graph(load_file(folder / WEIGHTS), 12, MAX_TOKENS, int8=False)
    assert least_cosine(OnnxEmbedder(graph, (folder / TOKENIZER).read_text()), 50) > 0.9999


def test_without_the_outliers_apart_int8_would_be_refused() -> None:
    folder = find_model_folder()
    graph = build_graph(load_file(folder / WEIGHTS), 12, MAX_TOKENS, int8=True)
    assert least_cosine(OnnxEmbedder(graph, (folder / TOKENIZER).read_text())) < LEAST_COSINE["int8"]


def test_a_text_has_the_same_vector_in_any_company(embedder: Embedder) -> None:
    probes = list_probes()[:12]
    together = embedder.encode(probes)
    assert all(np.array_equal(row, embedder.encode([probe])[0]) for row, probe in zip(together, probes, strict=True))


@pytest.mark.parametrize("text", ["", "   \n", "\ud800", "\0", "🙂", "x" * 5000])
def test_any_text_has_a_unit_vector(embedder: Embedder, text: str) -> None:
    assert np.linalg.norm(embedder.encode([text])[0]) == pytest.approx(1, abs=1e-5)


def test_no_text_gives_no_rows(embedder: Embedder) -> None:
    assert embedder.encode([]).shape == (0, embedder.dim)


def test_the_export_is_made_once(embedder: Embedder, settings: Settings) -> None:
    (file,) = kept(settings)
    made = file.stat().st_mtime_ns
    assert open_export(settings.cache_dir) is not None
    assert kept(settings) == [file]
    assert file.stat().st_mtime_ns == made


def test_a_damaged_export_is_made_anew(embedder: Embedder, settings: Settings, tmp_path: Path) -> None:
    (good,) = kept(settings)
    folder = export_folder(tmp_path)
    folder.mkdir(parents=True)
    bad = folder / good.name
    bad.write_bytes(good.read_bytes()[:-1000])
    made = open_export(tmp_path)
    assert made is not None
    assert least_cosine(made, 3) > 0.99
    assert bad.read_bytes() == good.read_bytes()


def test_a_foreign_model_with_an_honest_name_is_not_used(settings: Settings, tmp_path: Path) -> None:
    folder = find_model_folder()
    weights = {name: np.flip(value, 0) for name, value in load_file(folder / WEIGHTS).items()}
    foreign = build_graph(weights, 12, MAX_TOKENS, int8=False)
    kept_in = export_folder(tmp_path)
    kept_in.mkdir(parents=True)
    name = f"zzz-{hashlib.sha256(foreign).hexdigest()[:32]}.onnx"
    (kept_in / name).write_bytes(foreign)
    made = open_export(tmp_path)
    assert made is not None
    assert least_cosine(made, 3) > 0.99


def test_a_cache_that_cannot_be_written_costs_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    with caplog.at_level(logging.WARNING, "kb"):
        made = open_export(tmp_path / "file")
    assert made is not None
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "STEMMA_CACHE_DIR" in caplog.text


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(tmp_path), "small"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("cannot be kept") == 1
    assert list(export_folder(tmp_path).iterdir()) == []


def test_two_processes_may_export_at_once(tmp_path: Path) -> None:
    both = [
        subprocess.Popen([sys.executable, "-c", OPEN, str(tmp_path)], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for process in both:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert errors == b""
    assert [file.suffix for file in export_folder(tmp_path).iterdir()] == [".onnx"]


def test_a_kept_export_needs_neither_torch_nor_onnx(embedder: Embedder, settings: Settings) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(settings.cache_dir)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
