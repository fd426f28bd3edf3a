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
    "doi:10.1007/bf02478259": "the record is the reprint of 1990; the paper is of 1943",
    "doi:10.1007/bf00293853": "the record is dated 2004; Kybernetik 1 is of 1961",
    "doi:10.1007/bf00335349": "the record is dated 1990; the paper is of 1982",
}
OTHER_AUTHORS = {
    "doi:10.1002/j.1538-7305.1948.tb01338.x": "the record names the authors of lecture notes",
    "doi:10.1002/j.1538-7305.1951.tb01366.x": "the record names the editors of Shannon's collected papers",
    "s2:85d346297ec37a451d4500afad53fed8f281af92": "the record's names are misread from the report's cover",
    "s2:6c2b28f9354f667cd5bd07afc0471d8334430da7": "the record misspells Jauvin",
    "s2:7257eacd80458e70c74494eb1b6759b52ff21399": "the record leaves out Plaut",
    "s2:cd18800a0fe0b668a1cc19f2ec95b5003d0a5035": "the record leaves out Salimans and Sutskever",
    "s2:6a923c9f89ed53b6e835b3807c0c1bd8d532687b": "the record leaves out Mercer",
    "doi:10.4324/9781410612403": "the record is a review of the book",
    "doi:10.1016/0004-3702(90)90007-m": "the record is the reprint in a collection, with its editor's name",
    "arxiv:1606.04474": "the record leaves out Shillingford",
    "arxiv:1608.06993": "the record leaves out van der Maaten",
    "arxiv:1506.06726": "the record has another order; the first page has Torralba before Urtasun",
    "arxiv:2212.14052": "the tree has another order; the paper begins with Fu",
    "arxiv:2305.13048": "the tree has 31 authors, the last version 34",
    "arxiv:2309.05858": "the record has the twelve authors of the first version; the second has thirteen",
    "arxiv:2104.09864": "the tree has the five authors of the first version; Murtadha joined them",
    "arxiv:1911.05507": "the tree leaves out Hillier",
    "arxiv:2106.09685": "the record has the seven authors of the first version, without Lu Wang",
    "arxiv:2201.11903": "the record leaves out Ichter",
    "arxiv:2201.08239": "the record has 57 authors, the current version 60",
    "arxiv:2309.16609": "the record counts two authors twice",
    "arxiv:2303.08774": "the first page is signed by OpenAI; the record lists the contributors",
    "arxiv:2403.08295": "the first page is signed by the Gemma Team; the record lists the contributors",
    "arxiv:2405.04434": "the first page is signed by DeepSeek-AI; the record's five names are garbled",
    "arxiv:2008.02217": "the tree leaves out Adler",
    "arxiv:2203.14343": "the tree has the two authors of the first version; Gu joined them",
    "arxiv:2404.05892": "the tree has 27 authors of an earlier version; the published one has 30",
    "arxiv:1811.06965": "the record has the seven authors of the first version; the published one has eleven",
    "arxiv:2105.01601": "the record has the eleven authors of the first version; the final one has twelve",
    "s2:bc022dbb37b1bbf3905a7404d19c03ccbf6b81a8": "the record names Dhariwal in the place of Child",
}
OTHER_IDS = {
    ("doi:10.1002/j.1538-7305.1951.tb01366.x", "doi"): "the record's is the chapter in the collected papers",
    ("doi:10.1007/bf02478259", "doi"): "the record's is the reprint of 1990",
    ("doi:10.4324/9781410612403", "doi"): "the record's is the review's",
    ("doi:10.1016/0004-3702(90)90007-m", "doi"): "the record's is the reprint's",
}
OTHER_TITLES = {
    "arxiv:2305.13048": "the hand-kept tree leaves out the name RWKV",
    "arxiv:2311.01927": "the hand-kept tree leaves out the name GateLoop",
}
#: reference lists give the preprint's longer title
TITLES_OF_PREPRINTS = {"arxiv:1805.11604"}
#: Semantic Scholar has split these works; both halves mean the catalogue's paper
SECOND_RECORDS = {
    "43f2ad297941db230c089ba353efc3f281ab678c": "arxiv:1810.04805",
    "1d453386011ef21285fa81fb4f87fdf811c6ad7a": "doi:10.1038/323533a0",
    "3cea0c3d350d78bd3d9bd557c1fe56c59c9bf0e2": "doi:10.4324/9781410612403",
    "45dfef0cc1ed96558c1c650432ce39d6a1050b6a": "arxiv:1711.05101",
    "4f57f486adea0bf95c252620a4e8af39232ef8bc": "arxiv:1710.05941",
    "a238109c3969ae681eee0d4f1bf2012f28850593": "arxiv:2005.00743",
    "2068b4d5c95ea5c66c8a81e73337fc52466b8b18": "arxiv:2106.02039",
    "f42b865e20e61a954239f421b42007236e671f19": "doi:10.1109/5.726791",
    "13bc4e683075bdd6a3f0155241c276a772d4aa06": "arxiv:1406.2661",
    "c68796f833a7151f0a63d1d1608dc902b4fdc9b6": "arxiv:1406.2661",
    "3904315e2eca50d0086e4b7273f7fd707c652230": "arxiv:1605.06065",
    "d86ca0894cb4d165eb5ef45b73526ca8b4cdd725": "arxiv:2212.10559",
    "a9d460f8eb9001b1bed11b7fb2af555185c70fcf": "arxiv:2310.08540",
}
#: references that the record garbles: (citing, cited) -> a piece of the text that names the cited work
GARBLED = {
    ("doi:10.1162/neco.1992.4.1.131", "doi:10.1007/978-1-4612-4320-5_2"): "Abteilung f ur Neurobiologie",
    ("doi:10.1007/978-1-4471-2063-6_110", "doi:10.1007/978-1-4612-4320-5_2"): "Technical Report 81-2",
}
#: what the record lists and the paper does not cite
NOT_CITED = {
    ("arxiv:1502.03167", "arxiv:1512.03385"): "ten months younger; the record mixes in a lecture's reading list",
    ("arxiv:1502.03167", "arxiv:1608.06993"): "a year younger; from the same reading list",
    ("arxiv:1502.03167", "doi:10.1145/3065386"): "not among its references; from the same reading list",
    ("doi:10.1109/5.58337", "s2:ea9d2a2b4ce11aaf85136840c65f3bc9c03ab649"): "twenty years younger",
    (
        "arxiv:1207.0580",
        "s2:38f35dd624cd1cf827416e31ac5e0e0454028eca",
    ): "a year younger, and there is one version only",
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


def test_the_corpora_know_most_of_the_catalogue(
    corpus: list[Entry], records: dict[str, Entry], tree: dict[str, Entry]
) -> None:
    cited = {reference["paperId"] for record in corpus for reference in record["references"]} - {None}
    named = {key for key, paper in catalogue().items() if s2_of(paper) in cited}
    known = records.keys() | tree.keys()
    print(
        f"{len(catalogue())} papers: {len(records)} have a record, {len(tree)} stand in the tree, "
        f"{len(named)} in reference lists"
    )
    assert len(known) >= 0.8 * len(catalogue())
    assert len(known | named) >= 0.9 * len(catalogue())


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


def test_semantic_scholar_identifiers_are_known(corpus: list[Entry], tree: dict[str, Entry]) -> None:
    titles = {node["s2id"]: node["title"] for node in tree.values()}
    titles |= {record["paperId"]: record["title"] for record in corpus}
    titles |= {reference["paperId"]: reference["title"] for record in corpus for reference in record["references"]}
    ours = {key: s2_of(paper) for key, paper in catalogue().items() if s2_of(paper)}
    wrong = [
        key for key, s2 in ours.items() if normalise(titles.get(s2) or "") != normalise(catalogue()[key]["title"])
    ]
    print(f"Semantic Scholar identifiers: {len(ours)} looked up by title, {len(wrong)} disagree")
    assert set(wrong) == TITLES_OF_PREPRINTS


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
