"""The catalogue's facts held against the Semantic Scholar records of the shared corpora.

Titles, authors, years and citations of every shipped paper that has a record there must agree with it. Where the
record is wrong, or tells of another edition, the exception stands below with its reason; nothing else is excused.
The counts of agreement are printed (``pytest -s``).
"""

import gzip
import json
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

CATALOGUE = Path(__file__).resolve().parents[2] / "data" / "catalogue"

#: our year is that of the first public version; a record two years later is a venue, anything else needs a reason
OTHER_YEARS = {
    "doi:10.1002/j.1538-7305.1948.tb01338.x": "the record gathers later editions and is dated 2006",
    "s2:85d346297ec37a451d4500afad53fed8f281af92": "the record is dated by the report's scan, 2016",
    "doi:10.1007/978-1-4612-4320-5_2": "the record is the reprint of 1994; the report is of 1981",
}
OTHER_AUTHORS = {
    "doi:10.1002/j.1538-7305.1948.tb01338.x": "the record names the authors of lecture notes",
    "doi:10.1002/j.1538-7305.1951.tb01366.x": "the record names the editors of Shannon's collected papers",
    "s2:85d346297ec37a451d4500afad53fed8f281af92": "the record's names are misread from the report's cover",
    "s2:6c2b28f9354f667cd5bd07afc0471d8334430da7": "the record misspells Jauvin",
    "s2:7257eacd80458e70c74494eb1b6759b52ff21399": "the record leaves out Plaut",
    "s2:cd18800a0fe0b668a1cc19f2ec95b5003d0a5035": "the record leaves out Salimans and Sutskever",
}
OTHER_IDS = {("doi:10.1002/j.1538-7305.1951.tb01366.x", "doi"): "the record's is the chapter in the collected papers"}
OTHER_TITLES = {"arxiv:2305.13048": "the hand-kept tree leaves out the name RWKV"}
#: Semantic Scholar has split these works; both halves mean the catalogue's paper
SECOND_RECORDS = {
    "43f2ad297941db230c089ba353efc3f281ab678c": "arxiv:1810.04805",
    "1d453386011ef21285fa81fb4f87fdf811c6ad7a": "doi:10.1038/323533a0",
}
#: references that the record garbles: (citing, cited) -> a piece of the text that names the cited work
GARBLED = {
    ("doi:10.1162/neco.1992.4.1.131", "doi:10.1007/978-1-4612-4320-5_2"): "Abteilung f ur Neurobiologie",
    ("doi:10.1007/978-1-4471-2063-6_110", "doi:10.1007/978-1-4612-4320-5_2"): "Technical Report 81-2",
}
#: what the record lists and the paper does not cite
NOT_CITED = {
    ("arxiv:1502.03167", "arxiv:1512.03385"): "ten months younger; the record mixes in a lecture's reading list",
}
#: an acronym of the tree that points to a wrong paper: it means GPT, its identifier is GPT-3's
WRONG_ACRONYMS = {"gpt"}
#: a title must be this long before finding it inside a reference's text proves anything
TELLING_LENGTH = 23

Entry = dict[str, Any]


@cache
def catalogue() -> dict[str, Entry]:
    """Return the papers by key, as the files say."""
    files = sorted(CATALOGUE.glob("*.toml"))
    return {
        paper["key"]: paper for file in files for paper in tomllib.loads(file.read_text(encoding="utf-8"))["paper"]
    }


@pytest.fixture(scope="module")
def corpus(shared: Path) -> list[Entry]:
    """All Semantic Scholar records, with their reference lists."""
    with gzip.open(shared / "corpora/lm-architectures/s2-papers.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def records(corpus: list[Entry]) -> dict[str, Entry]:
    """The record of each catalogue paper that has one."""
    ours = {s2_of(paper): key for key, paper in catalogue().items()}
    return {ours[record["paperId"]]: record for record in corpus if record["paperId"] in ours}


@pytest.fixture(scope="module")
def tree(shared: Path) -> dict[str, Entry]:
    """The node of each catalogue paper in the hand-kept tree of core papers."""
    ours = {s2_of(paper): key for key, paper in catalogue().items()}
    text = (shared / "corpora/lm-architectures/core-tree.jsonl").read_text(encoding="utf-8")
    nodes = [node for node in map(json.loads, text.splitlines()) if node["acronym"] not in WRONG_ACRONYMS]
    return {ours[node["s2id"]]: node for node in nodes if node["s2id"] in ours}


def s2_of(paper: Entry) -> str:
    """Return the paper's Semantic Scholar identifier, empty where it has none."""
    scheme, _, value = paper["key"].partition(":")
    return str(value if scheme == "s2" else paper.get("ids", {}).get("s2", ""))


def normalise(text: str) -> str:
    """Return lower-case letters and digits without accents."""
    plain = unicodedata.normalize("NFKD", text).casefold().replace("ł", "l")
    return re.sub(r"[^\w]|_", "", "".join(c for c in plain if not unicodedata.combining(c)))


def surname(name: str) -> str:
    """Return the last word of a name, normalised."""
    return normalise(name.split()[-1])


def is_same_surname(one: str, other: str) -> bool:
    """Tell whether two names end alike: deSouza is Souza."""
    a, b = surname(one), surname(other)
    return a.endswith(b) or b.endswith(a)


def cited_keys(record: Entry) -> Iterator[str]:
    """Yield the catalogue papers that a record's reference list names, by identifier, then by title."""
    by_s2 = {s2_of(paper): key for key, paper in catalogue().items() if s2_of(paper)} | SECOND_RECORDS
    by_title = {normalise(paper["title"]): key for key, paper in catalogue().items()}
    for reference in record["references"]:
        title = normalise(reference["title"] or "")
        if reference["paperId"] in by_s2:
            yield by_s2[reference["paperId"]]
        elif title in by_title:
            yield by_title[title]
        elif reference["paperId"] is None:
            yield from (key for own, key in by_title.items() if len(own) >= TELLING_LENGTH and own in title)


def test_the_corpora_know_most_of_the_catalogue(records: dict[str, Entry], tree: dict[str, Entry]) -> None:
    known = records.keys() | tree.keys()
    print(f"{len(catalogue())} papers: {len(records)} have a record, {len(tree)} stand in the tree")
    assert len(known) >= 0.9 * len(catalogue())


def test_identifiers_name_the_record_they_point_to(records: dict[str, Entry]) -> None:
    wrong, compared = set(), 0
    for key, record in records.items():
        scheme, _, value = key.partition(":")
        ours = {scheme: value} | catalogue()[key].get("ids", {})
        theirs = {name.lower(): text for name, text in (record["externalIds"] or {}).items()}
        for name in ours.keys() & theirs.keys():
            compared += 1
            if normalise(ours[name]) != normalise(theirs[name]):
                wrong.add((key, name))
    print(f"identifiers: {compared} compared, {len(wrong)} disagree, {len(OTHER_IDS)} with a reason")
    assert wrong == set(OTHER_IDS)


def test_semantic_scholar_identifiers_are_known(corpus: list[Entry]) -> None:
    titles = {record["paperId"]: record["title"] for record in corpus}
    titles |= {reference["paperId"]: reference["title"] for record in corpus for reference in record["references"]}
    ours = {key: s2_of(paper) for key, paper in catalogue().items() if s2_of(paper)}
    wrong = [
        key for key, s2 in ours.items() if normalise(titles.get(s2) or "") != normalise(catalogue()[key]["title"])
    ]
    print(f"Semantic Scholar identifiers: {len(ours)} looked up by title, {len(wrong)} disagree")
    assert not wrong


def test_titles_agree(records: dict[str, Entry], tree: dict[str, Entry]) -> None:
    pairs = [(key, record["title"]) for source in (records, tree) for key, record in source.items()]
    wrong = [(key, title) for key, title in pairs if normalise(catalogue()[key]["title"]) != normalise(title)]
    print(f"titles: {len(pairs)} compared, {len(wrong)} disagree, {len(OTHER_TITLES)} with a reason")
    assert {key for key, _ in wrong} == set(OTHER_TITLES), wrong


def test_authors_agree(records: dict[str, Entry], tree: dict[str, Entry]) -> None:
    theirs = {key: node["authors"] for key, node in tree.items()}
    theirs |= {key: [author["name"] for author in record["authors"]] for key, record in records.items()}
    wrong = []
    for key, names in theirs.items():
        paper = catalogue()[key]
        same = all(is_same_surname(a, b) for a, b in zip(paper["authors"], names, strict=False))
        if not same or len(names) != len(paper["authors"]) + paper.get("authors_more", 0):
            wrong.append(key)
    print(f"author lists: {len(theirs)} compared, {len(wrong)} disagree, {len(OTHER_AUTHORS)} with a reason")
    assert set(wrong) == set(OTHER_AUTHORS)


def test_years_are_those_of_the_first_version(records: dict[str, Entry], tree: dict[str, Entry]) -> None:
    years = {key: entry["year"] for source in (tree, records) for key, entry in source.items()}
    wrong = {key for key, year in years.items() if not 0 <= year - catalogue()[key]["year"] <= 2}
    equal = sum(year == catalogue()[key]["year"] for key, year in years.items())
    print(f"years: {len(years)} compared, {equal} equal, {len(OTHER_YEARS)} with a reason")
    assert wrong == set(OTHER_YEARS)


def test_every_citation_is_in_the_record(records: dict[str, Entry]) -> None:
    unknown, compared = [], 0
    for key, record in records.items():
        if record["references"]:
            listed = set(cited_keys(record))
            compared += len(catalogue()[key]["cites"])
            unknown += [(key, cited) for cited in catalogue()[key]["cites"] if cited not in listed]
    print(f"citations: {compared} held against a record, {len(unknown)} only in garbled references")
    assert set(unknown) == set(GARBLED)


def test_every_reference_to_the_catalogue_is_a_citation(records: dict[str, Entry]) -> None:
    missing, compared = [], 0
    for key, record in records.items():
        listed = set(cited_keys(record)) - {key}
        compared += len(listed)
        missing += [(key, cited) for cited in sorted(listed - set(catalogue()[key]["cites"]))]
    print(f"references between catalogue papers: {compared}, {len(missing)} left out with a reason")
    assert set(missing) == set(NOT_CITED)


def test_garbled_references_are_still_there(records: dict[str, Entry]) -> None:
    for (citing, _), piece in GARBLED.items():
        titles = [reference["title"] or "" for reference in records[citing]["references"]]
        assert any(piece in title for title in titles), f"{citing}: no reference with {piece!r}"


def test_parents_in_the_tree_are_citations(tree: dict[str, Entry]) -> None:
    keys = {node["acronym"]: key for key, node in tree.items()}
    parents = [(key, keys[seed]) for key, node in tree.items() for seed in node["seed_ids"] if seed in keys]
    missing = [(key, parent) for key, parent in parents if parent not in catalogue()[key]["cites"]]
    print(f"parents in the hand-kept tree: {len(parents)}, {len(missing)} not cited")
    assert not missing
