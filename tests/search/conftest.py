"""A small real library, the real model, exported once for the whole run."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kb.records import Concept, Document, Term
from kb.search.embed import Embedder, load_embedder
from kb.search.model_files import find_model_folder
from kb.search.pending import embed_pending
from kb.search.query import Searcher
from kb.settings import Settings
from kb.store import Store, open_store
from kb.store.concepts import replace_concepts, replace_glossary
from kb.store.documents import Owner, save_concept_documents, save_documents

GLOSSARY = (
    Term("attention", ("注意力",)),
    Term("Transformer", ("变换器",)),
    Term("language model", ("语言模型",)),
    Term("forgetting", ("遗忘",)),
    Term("normalisation", ("归一化",)),
)
CONCEPTS = (
    Concept(
        slug="linear-attention",
        name="Linear attention",
        family="fast-weights",
        definition="Attention without the exponential: sums over the past are shared by all queries.",
        name_zh="线性注意力",
        aliases=("linear transformer",),
        introduced=2020,
    ),
    Concept(
        slug="scaled-dot-product-attention",
        name="Scaled dot-product attention",
        family="attention",
        definition="Products of queries and keys, divided by the square root of their width, weigh the values.",
        name_zh="缩放点积注意力",
        aliases=("SDPA",),
        introduced=2017,
    ),
    Concept(
        slug="rwkv-4",
        name="RWKV-4",
        family="recurrence",
        definition="A recurrent network whose channels forget exponentially and which trains like a Transformer.",
        aliases=("RWKV",),
        introduced=2023,
    ),
)
PAPERS = """
arxiv:2006.16236 | Transformers are RNNs | 2020 | Linear attention makes a recurrent network of a Transformer.
arxiv:1706.03762 | Attention Is All You Need | 2017 | A translator built from attention alone.
arxiv:2305.13048 | RWKV: Reinventing RNNs for the Transformer Era | 2023 | Trained in parallel, cheap to run.
doi:10.1162/neco.1997.9.8.1735 | Long Short-Term Memory | 1997 | Gates carry an error through a thousand steps.
arxiv:1607.06450 | Layer Normalization | 2016 | Statistics over the features of one example. 层归一化只看一个样本。
key:sourdough | Bread at home | 2011 | Flour, water and salt rest overnight before they are baked in a hot oven.
key:glacier | Ice in summer | 2003 | A glacier retreats when more snow melts than falls on it.
"""


def fill(store: Store) -> None:
    """Write the library that most tests search."""
    with store.write() as session:
        replace_glossary(session, GLOSSARY)
        replace_concepts(session, CONCEPTS, {})
        save_concept_documents(session)
        lines = [line.split(" | ") for line in PAPERS.strip().splitlines()]
        papers = [Document(key, "paper", title, body, year=int(year)) for key, title, year, body in lines]
        code = Document("code:linear-attention", "code", "Linear attention", "state = state + k v", year=2020)
        save_documents(session, [(document, Owner()) for document in (*papers, code)])


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(cache_dir=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def embedder(settings: Settings) -> Embedder:
    return load_embedder(settings)


@pytest.fixture(scope="session")
def torch_model() -> Any:
    """The model as its makers run it: the measure of all our forms."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(find_model_folder()), device="cpu")


@pytest.fixture(scope="session")
def bare_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library on disk before anything is embedded."""
    file = tmp_path_factory.mktemp("bare") / "library.db"
    with open_store(str(file)) as store:
        fill(store)
    return file


@pytest.fixture(scope="session")
def full_file(bare_file: Path, embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library on disk with all its vectors."""
    file = tmp_path_factory.mktemp("full") / "library.db"
    shutil.copy(bare_file, file)
    with open_store(str(file)) as store:
        embed_pending(store, embedder)
    return file


@pytest.fixture(scope="session")
def searcher(full_file: Path, settings: Settings) -> Iterator[Searcher]:
    """Searches a library that no test changes."""
    with open_store(str(full_file)) as store:
        yield Searcher(store, settings)


@pytest.fixture
def bare(bare_file: Path, tmp_path: Path) -> Iterator[Store]:
    """A library of one's own, nothing embedded."""
    with open_store(str(shutil.copy(bare_file, tmp_path / "bare.db"))) as store:
        yield store


@pytest.fixture
def store(full_file: Path, tmp_path: Path) -> Iterator[Store]:
    """A library of one's own with its vectors."""
    with open_store(str(shutil.copy(full_file, tmp_path / "own.db"))) as store:
        yield store


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "empty.db")) as store:
        yield store
