"""The tagger with the shipped names on real papers, against labels made by hand: precision and recall."""

import gzip
import json
import lzma
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from kb.search.tagging import Tagger
from kb.store.catalogue import load_catalogue

LABELS = Path(__file__).with_name("labels.toml")

Language = Literal["en", "zh"]
Part = Literal["development", "held-out"]


@dataclass(frozen=True, slots=True)
class Labelled:
    """One record of the shared corpora, and the ideas that a reader found in it."""

    corpus: str
    id: str
    part: Part
    language: Language
    concepts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """Precision and recall over all tags together (micro) and as the mean over ideas (macro)."""

    precision: float
    recall: float
    macro_precision: float
    macro_recall: float


#: A little below what was measured when the labels were made, so that a name less or more does not fail at once.
FLOORS: dict[tuple[Language, Part], Measured] = {
    ("en", "development"): Measured(0.96, 0.88, 0.96, 0.84),
    ("en", "held-out"): Measured(0.94, 0.87, 0.94, 0.82),
    ("zh", "development"): Measured(0.96, 0.92, 0.96, 0.90),
    ("zh", "held-out"): Measured(0.95, 0.87, 0.94, 0.83),
}


@pytest.fixture(scope="module")
def labelled() -> list[Labelled]:
    records = tomllib.loads(LABELS.read_text(encoding="utf-8"))["record"]
    return [Labelled(**(record | {"concepts": tuple(record["concepts"])})) for record in records]


@pytest.fixture(scope="module")
def tagger(repository: Path) -> Tagger:
    shipped = load_catalogue(repository / "data")
    return Tagger(shipped.concepts, shipped.glossary)


@pytest.fixture(scope="module")
def texts(shared: Path, labelled: list[Labelled]) -> dict[str, tuple[str, str]]:
    """Title and abstract of every labelled record, in the language in which it was read."""
    wanted = {one.id for one in labelled}
    corpora = shared / "corpora"
    with gzip.open(corpora / "lm-architectures" / "s2-papers.jsonl.gz", "rt", encoding="utf-8") as lines:
        found = {one["paperId"]: (one["title"], one["abstract"]) for one in _pick(lines, wanted)}
    with lzma.open(corpora / "arxiv-en-zh" / "pairs.jsonl.xz", "rt", encoding="utf-8") as lines:
        found |= {one["id"]: (one["title_zh"], one["abstract_zh"]) for one in _pick(lines, wanted)}
    return found


def _pick(lines: Iterator[str], wanted: set[str]) -> Iterator[dict[str, str]]:
    """Parse the wanted lines alone: in both corpora a record begins with its id."""
    return (json.loads(line) for line in lines if line.split('"', 4)[3] in wanted)


def test_there_are_enough_labels_and_all_are_ideas_of_the_catalogue(
    labelled: list[Labelled], repository: Path
) -> None:
    assert len(labelled) >= 60
    assert len({(one.corpus, one.id) for one in labelled}) == len(labelled)
    known = {concept.slug for concept in load_catalogue(repository / "data").concepts}
    assert not {(one.id, slug) for one in labelled for slug in one.concepts if slug not in known}


@pytest.mark.parametrize(("language", "part"), FLOORS)
def test_precision_and_recall(
    language: Language,
    part: Part,
    labelled: list[Labelled],
    texts: dict[str, tuple[str, str]],
    tagger: Tagger,
    capsys: pytest.CaptureFixture[str],
) -> None:
    here = [one for one in labelled if (one.language, one.part) == (language, part)]
    measured, errors = _measure(here, texts, tagger)
    with capsys.disabled():
        print(
            f"\n{language} {part}: {len(here)} records, precision {measured.precision:.3f}, recall "
            f"{measured.recall:.3f}; by idea {measured.macro_precision:.3f}, {measured.macro_recall:.3f}"
        )
    floor = FLOORS[language, part]
    below = [name for name in floor.__slots__ if getattr(measured, name) < getattr(floor, name)]
    assert not below, "\n".join(errors)


def _measure(
    records: list[Labelled], texts: dict[str, tuple[str, str]], tagger: Tagger
) -> tuple[Measured, list[str]]:
    """Return how well the tags agree with the labels, and every disagreement."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    errors = []
    for record in records:
        tagged = {tag.slug: tag.named for tag in tagger.tag(*texts[record.id])}
        label = set(record.concepts)
        right.update(label & tagged.keys())
        wrong.update(tagged.keys() - label)
        missed.update(label - tagged.keys())
        errors += [f"{record.id} is not about {slug}: {tagged[slug]}" for slug in sorted(tagged.keys() - label)]
        errors += [f"{record.id} is about {slug}" for slug in sorted(label - tagged.keys())]
    hits = right.total()
    return (
        Measured(
            hits / (hits + wrong.total()),
            hits / (hits + missed.total()),
            _mean(right, wrong),
            _mean(right, missed),
        ),
        errors,
    )


def _mean(right: Counter[str], other: Counter[str]) -> float:
    """Return the mean over ideas of the part that is right."""
    shares = [right[slug] / (right[slug] + other[slug]) for slug in right.keys() | other.keys()]
    return sum(shares) / len(shares)
