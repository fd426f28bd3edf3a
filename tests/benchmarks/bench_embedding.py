"""Time the embedding: ``python -m tests.benchmarks.bench_embedding``.

Throughput against ``SentenceTransformer.encode`` in interleaved rounds (compare ratios, not values: the machine may
be shared), the least cosine with it, the first start with its export, and the way from process start to a vector.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kb.search.embed import Embedder, load_embedder
from kb.search.model_files import find_model_folder
from kb.search.onnx_export import least_cosine
from kb.search.probe import list_probes
from kb.settings import Settings

ROUNDS, STARTS = 7, 7
SPEED_BUDGET, COSINE_BUDGET, BUILD_BUDGET_S, START_BUDGET_S = 2.5, 0.99, 30.0, 0.4
START = (
    "from pathlib import Path; from kb.search.onnx_export import open_export; open_export(Path({!r})).encode(['x'])"
)


def main() -> None:
    os.environ["HF_HUB_OFFLINE"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        embedder = load_embedder(Settings(cache_dir=Path(folder)))
        export = time.perf_counter() - begun
        short = [probe[:400] for probe in list_probes()] + [f"{probe[:300]}!" for probe in list_probes()[:30]]
        embedder.encode(short)
        build = time.perf_counter() - begun
        starts = [time_start(START.format(folder)) for _ in range(STARTS)]
        bare = [time_start("pass") for _ in range(STARTS)]
        print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
        print(f"{'what':<52}{'measured':>10}{'budget':>9}{'of it':>7}")
        line("first start: check files, export, compare", f"{export:.2f} s", "", "")
        line(
            f"the same and {len(short)} short texts",
            f"{build:.2f} s",
            f"{BUILD_BUDGET_S:g} s",
            build / BUILD_BUDGET_S,
        )
        start = statistics.median(starts)
        line("process start to first vector", f"{start:.3f} s", f"{START_BUDGET_S} s", start / START_BUDGET_S)
        line("  of which Python itself", f"{statistics.median(bare):.3f} s", "", "")
        compare(embedder)


def compare(embedder: Embedder) -> None:
    """Print throughput ratios and the least cosine."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(find_model_folder()), device="cpu")

    def torch_encode(texts: list[str]) -> NDArray[np.float32]:
        return model.encode(texts, normalize_embeddings=True, show_progress_bar=False)

    words = " ".join(list_probes()).split()
    for name, length, count in (("64 texts of 150 words", 150, 64), ("128 texts of 40 words", 40, 128)):
        texts = [" ".join(words[(i * 37 + j) % len(words)] for j in range(length)) for i in range(count)]
        ours, theirs = interleave(lambda t=texts: embedder.encode(t), lambda t=texts: torch_encode(t))
        ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
        line(f"{name}: torch", f"{count / statistics.median(theirs):.0f} /s", "", "")
        line(f"{name}: ours", f"{count / statistics.median(ours):.0f} /s", "", "")
        line("  ratio, median of the rounds", f"{ratio:.2f}x", f"{SPEED_BUDGET}x", ratio / SPEED_BUDGET)
        cosine = float(np.sum(embedder.encode(texts) * torch_encode(texts), axis=1).min())
        line("  least cosine", f"{cosine:.4f}", str(COSINE_BUDGET), "")
    line("least cosine over the hundred probes", f"{least_cosine(embedder):.4f}", str(COSINE_BUDGET), "")


def interleave(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[list[float], list[float]]:
    """Return seconds of each round; one after the other, so that a busy moment strikes both."""
    ours()
    theirs()
    rounds = [(measure(ours), measure(theirs)) for _ in range(ROUNDS)]
    return [a for a, _ in rounds], [b for _, b in rounds]


def measure(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def time_start(code: str) -> float:
    return measure(lambda: subprocess.run([sys.executable, "-c", code], check=True))


def line(what: str, measured: str, budget: str, share: float | str) -> None:
    print(f"{what:<52}{measured:>10}{budget:>9}{share if isinstance(share, str) else f'{share:.0%}':>7}")


if __name__ == "__main__":
    main()
