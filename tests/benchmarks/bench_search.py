"""Time searching inside a running process: ``python -m tests.benchmarks.bench_search [DOCUMENTS]``.

Makes a library of its own (10,000 documents by default) in a temporary folder. Texts are drawn from a vocabulary
with the frequencies of natural language; their vectors are drawn too, for embedding ten thousand texts takes minutes
and a product takes the same time whatever it multiplies. Queries are really encoded. On a busy machine read the
processor time, which waiting for others does not lengthen.
"""

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kb.records import Document, SearchFilter, Term
from kb.search.embed import load_embedder
from kb.search.query import Searcher
from kb.settings import Settings
from kb.store import Store, concepts, open_store, vectors
from kb.store.documents import Owner, save_documents

WORDS, STOP_RANKS, LENGTH, QUERIES = 20_000, 50, 120, 200
#: Milliseconds, by the number of documents up to which they hold.
BUDGETS = {10_000: 15, 100_000: 25, 1_000_000: 60}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder, open_store(str(Path(folder) / "library.db")) as store:
        settings = Settings(cache_dir=Path(folder))
        draw = random.Random(0)
        begun = time.perf_counter()
        fill(store, settings, count, draw)
        print(f"{count:,} documents written in {time.perf_counter() - begun:.1f} s; load {os.getloadavg()[0]:.1f}")
        searcher = Searcher(store, settings)
        begun = time.perf_counter()
        searcher.search("the first query loads the model and all vectors")
        print(f"first query, model and vectors loaded: {(time.perf_counter() - begun) * 1000:.0f} ms")
        budget = next((ms for size, ms in BUDGETS.items() if count <= size), max(BUDGETS.values()))
        print(f"{'query':<34}{'p50 ms':>8}{'p95 ms':>8}{'cpu ms':>8}{'budget':>8}{'of it':>7}")
        texts = {
            "two to four words": [" ".join(draw_words(draw, draw.randint(2, 4))) for _ in range(QUERIES)],
            "a sentence of fifteen words": [" ".join(draw_words(draw, 15)) for _ in range(QUERIES)],
            "Chinese": [f"{draw.choice(CHINESE)}和{draw.choice(CHINESE)}的关系" for _ in range(QUERIES)],
        }
        for name, queries in texts.items():
            report(f"{name}, hybrid", queries, lambda query: searcher.search(query), budget)
        short = texts["two to four words"]
        report("two to four words, lexical", short, lambda query: searcher.search(query, mode="lexical"), budget)
        report("two to four words, dense", short, lambda query: searcher.search(query, mode="dense"), budget)
        years = SearchFilter(year_from=1995, year_to=2005)
        report("two to four words, with years", short, lambda query: searcher.search(query, filter=years), budget)


CHINESE = ("注意力", "语言模型", "循环网络", "归一化", "记忆")
ENGLISH = ("attention", "language model", "recurrent network", "normalisation", "memory")


def draw_words(draw: random.Random, count: int) -> list[str]:
    # Zipf's law: the word of rank r about 1/r as often as the first. The most frequent ones are the stop words of a
    # language, which no query searches: the first word that counts stands in a third of the texts.
    return [f"word{int(STOP_RANKS * (WORDS / STOP_RANKS) ** draw.random())}" for _ in range(count)]


def fill(store: Store, settings: Settings, count: int, draw: random.Random) -> None:
    """Write documents with their vectors, a thousand at a time."""
    embedder = load_embedder(settings)
    rng = np.random.default_rng(0)
    with store.write() as session:
        concepts.replace_glossary(session, [Term(en, (zh,)) for en, zh in zip(ENGLISH, CHINESE, strict=True)])
    for start in range(0, count, 1_000):
        part = [make_document(draw, number) for number in range(start, min(start + 1_000, count))]
        rows = rng.normal(size=(len(part), embedder.dim))
        rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)
        with store.write() as session:
            save_documents(session, [(document, Owner()) for document in part])
            pairs = [(one.key, one.text_hash, row.tobytes()) for one, row in zip(part, rows, strict=True)]
            vectors.save_vectors(session, embedder.name, embedder.revision, pairs)


def make_document(draw: random.Random, number: int) -> Document:
    body = " ".join([*draw_words(draw, LENGTH), draw.choice(ENGLISH)])
    return Document(f"key:{number}", "paper", " ".join(draw_words(draw, 8)), body, year=draw.randint(1980, 2024))


def report(name: str, queries: list[str], search: Callable[[str], object], budget: float) -> None:
    for query in queries[:5]:
        search(query)
    walls, processor = [], time.process_time()
    for query in queries:
        begun = time.perf_counter()
        search(query)
        walls.append((time.perf_counter() - begun) * 1000)
    cpu = (time.process_time() - processor) * 1000 / len(queries)
    p50, p95 = statistics.median(walls), statistics.quantiles(walls, n=20)[-1]
    print(f"{name:<34}{p50:>8.1f}{p95:>8.1f}{cpu:>8.1f}{budget:>8}{p50 / budget:>6.0%}")


if __name__ == "__main__":
    main()
