"""The loader of ``data/``: each thing that it refuses, with the exact file and line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kb.errors import CuratedDataError
from kb.records import Citation, Evidence
from kb.store.catalogue import fingerprint_of, load_catalogue

PAPERS = '''\
# The older one first.
[[paper]]
key = "arxiv:1409.0473"
title = """Old
paper"""
authors = ["A"]
year = 2014
ids = { s2 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }
summary = """
cites and year and title are words of
this summary."""
introduces = ["old-idea"]
uses = []
cites = []

[[paper]]
key = "arxiv:1706.03762"
title = "New paper"
authors = ["B", "C"]
year = 2017
published_on = 2017-06-12
summary = "Short."
introduces = ["new-idea"]
uses = ["old-idea"]
cites = ["arxiv:1409.0473"]
cites_complete = true
'''
CONCEPTS = """\
[[concept]]
slug = "old-idea"
name = "Old idea"
name_zh = "旧"
aliases = ["OI"]
definition = "Was there."
introduced_by = "arxiv:1409.0473"
introduced = 2014

[[concept]]
slug = "new-idea"
name = "New idea"
aliases = []
definition = "Came later."
introduced_by = "arxiv:1706.03762"
introduced = 2017
"""
EDGES = """\
[[edge]]
ancestor = "old-idea"
descendant = "new-idea"
kind = "extends"
evidence = [{ paper = "arxiv:1706.03762", locator = "Section 3" }]
note = "In one sense."
claims = []
"""
DIVERGENCES = """\
[[divergence]]
slug = "sizes"
paper = "arxiv:1706.03762"
title = "Two sizes"
prints = "One."
prints_at = "Table 1"
code = "Two."
code_at = "model.py"
here = "Two."
concepts = ["new-idea"]
claims = []
"""
POSITION = '{ held_by = "B", says = "It is.", paper = "arxiv:1706.03762", locator = "Section 4" }'
GLOSSARY = '[[term]]\nen = "attention"\nzh = ["注意力"]\n\n[[term]]\nen = "layer"\nzh = ["层"]\n'
FILES = {
    "catalogue/attention.toml": PAPERS,
    "concepts/attention.toml": CONCEPTS,
    "lineage/attention.toml": EDGES,
    "divergences/attention.toml": DIVERGENCES,
    "glossary.toml": GLOSSARY,
}
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a small data folder, with a piece of one file replaced."""

    def make(file: str = "", old: str = "", new: str = "") -> Path:
        assert not file or FILES[file].count(old) >= 1
        for name, text in FILES.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text.replace(old, new, 1) if name == file else text, encoding="utf-8")
        return tmp_path

    return make


def test_a_sound_folder_is_loaded_whole(write: Write) -> None:
    found = load_catalogue(write())
    old, new = found.papers
    assert (old.title, old.family, old.ids) == ("Old paper", "attention", {"arxiv": "1409.0473", "s2": "a" * 40})
    assert (old.cites_complete, old.shipped, old.origin) == (False, True, "catalogue")
    assert (new.published_on, new.introduces, new.uses) == (new.published_on, ("new-idea",), ("old-idea",))
    assert found.citations == (Citation("arxiv:1706.03762", "arxiv:1409.0473"),)
    assert [(one.slug, one.aliases, one.introduced) for one in found.concepts] == [
        ("old-idea", ("OI",), 2014),
        ("new-idea", (), 2017),
    ]
    assert found.edges[0].evidence == (Evidence("arxiv:1706.03762", "Section 3"),)
    (difference,) = found.divergences
    assert (difference.paper, difference.code_at, difference.concepts) == (new.key, "model.py", ("new-idea",))
    assert [(one.en, one.zh) for one in found.glossary] == [("attention", ("注意力",)), ("layer", ("层",))]


def test_a_work_of_another_kind_and_a_contested_edge_are_loaded(write: Write) -> None:
    kind = 'kind = "software"\nurl = "https://example.org"\nsummary = "Short."'
    (work,) = [one for one in load_catalogue(write(PAPER, 'summary = "Short."', kind)).papers if one.kind != "paper"]
    assert (work.kind, work.url) == ("software", "https://example.org")
    contested = f"positions = [{POSITION}, {POSITION.replace('It is', 'It is not')}]"
    (edge,) = load_catalogue(write(EDGE, "claims = []", contested)).edges
    assert edge.is_contested
    assert [one.says for one in edge.positions] == ["It is.", "It is not."]


def test_the_fingerprint_follows_names_and_contents(write: Write) -> None:
    folder = write()
    first = fingerprint_of(folder)
    assert load_catalogue(folder).fingerprint == first
    (folder / "concepts" / "attention.toml").rename(folder / "concepts" / "positions.toml")
    second = fingerprint_of(folder)
    write("glossary.toml", "层", "网")
    assert len({first, second, fingerprint_of(folder)}) == 3


def test_a_citation_forward_in_time_needs_a_reason(write: Write) -> None:
    noted = 'cites = ["arxiv:1706.03762"]\n\n[paper.cite_notes]\n"arxiv:1706.03762" = "a draft was known"\n'
    found = load_catalogue(write("catalogue/attention.toml", "cites = []\n", noted))
    assert Citation("arxiv:1409.0473", "arxiv:1706.03762", note="a draft was known") in found.citations


PAPER, CONCEPT, EDGE, DIVERGENCE, TERM = FILES
REFUSED = {
    # what: (file, piece, what stands there instead, line, message)
    "no TOML": (PAPER, "year = 2014", "year = = 2014", 7, "is no TOML"),
    "stray table": (
        PAPER,
        "# The older",
        '[paper_of_mine]\nx = 1\n# "',
        1,
        r"only \[\[paper\]\] records belong here",
    ),
    "header not alone": (PAPER, "[[paper]]\n", "[[paper]] # one\n", 1, r"write each \[\[paper\]\] header alone"),
    "no title": (PAPER, 'title = "New paper"\n', "", 16, "the field 'title' is missing"),
    "empty title": (PAPER, '"New paper"', '" "', 18, "title is empty"),
    "title no text": (PAPER, '"New paper"', "7", 18, "title must be a str, not 7"),
    "year a text": (PAPER, "year = 2017", 'year = "2017"', 20, "year must be a int"),
    "year a bool": (PAPER, "year = 2017", "year = true", 20, "year must be a int"),
    "day a time": (PAPER, "2017-06-12", "2017-06-12T00:00:00", 21, "published_on must be a date"),
    "day in another year": (PAPER, "2017-06-12", "2016-06-12", 21, "published_on 2016-06-12 is not in 2017"),
    "unknown field": (PAPER, "cites_complete", "cites_compleet", 26, "unknown field 'cites_compleet'; known here: "),
    "no authors": (PAPER, '["B", "C"]', "[]", 19, "a paper needs its authors"),
    "author twice": (PAPER, '["B", "C"]', '["B", "B"]', 19, "authors lists 'B' twice"),
    "author empty": (PAPER, '["B", "C"]', '["B", ""]', 19, "authors must be a list of non-empty texts"),
    "no key": (PAPER, '"arxiv:1706.03762"', '"attention"', 17, "not an identifier"),
    "key not normal": (PAPER, '"arxiv:1706.03762"', '"1706.03762v2"', 17, "in its normal form: arxiv:1706.03762"),
    "key twice": (PAPER, '"arxiv:1706.03762"', '"arxiv:1409.0473"', 17, "arxiv:1409.0473 stands twice"),
    "bad identifier": (PAPER, "s2 = ", "doi = ", 8, "not a valid doi identifier"),
    "identifier of another": (
        PAPER,
        "published_on",
        f'ids = {{ s2 = "{"a" * 40}" }}\npublished_on',
        17,
        "already belongs to arxiv:1409.0473",
    ),
    "unknown cited": (PAPER, '["arxiv:1409.0473"]', '["arxiv:1234.5678"]', 25, "not in the catalogue"),
    "cites itself": (PAPER, '["arxiv:1409.0473"]', '["arxiv:1706.03762"]', 25, "does not cite itself"),
    "cites forward": (PAPER, "cites = []", 'cites = ["arxiv:1706.03762"]', 14, "younger, without a reason"),
    "unknown introduced": (PAPER, '["new-idea"]', '["idea"]', 23, "introduces idea, which is no concept"),
    "unknown used": (PAPER, 'uses = ["old-idea"]', 'uses = ["idea"]', 24, "uses idea, which is no concept"),
    "no slug": (CONCEPT, '"new-idea"', '"New Idea"', 11, "not a slug"),
    "slug twice": (CONCEPT, '"new-idea"', '"old-idea"', 11, "old-idea stands twice"),
    "name of another": (CONCEPT, "aliases = []", 'aliases = ["oi"]', 13, "the name 'oi' already belongs to old-idea"),
    "unknown introducer": (CONCEPT, '"arxiv:1706.03762"', '"arxiv:1"', 15, "introduced_by names arxiv:1"),
    "no definition": (CONCEPT, "Came later.", "", 14, "definition is empty"),
    "unknown ancestor": (EDGE, '"old-idea"', '"idea"', 2, "idea is no concept"),
    "unknown descendant": (EDGE, '"new-idea"', '"idea"', 3, "idea is no concept"),
    "backward edge": (
        EDGE,
        '"old-idea"\ndescendant = "new-idea"',
        '"new-idea"\ndescendant = "old-idea"',
        2,
        "younger",
    ),
    "edge to itself": (EDGE, '"new-idea"', '"old-idea"', 2, "old-idea would be an ancestor of itself"),
    "edge twice": (EDGE, "claims = []\n", "claims = []\n\n" + EDGES, 10, "new-idea extends old-idea stands twice"),
    "unknown kind": (EDGE, "extends", "improves", 4, "kind 'improves' is none of extends, generalises"),
    "no evidence": (EDGE, '[{ paper = "arxiv:1706.03762", locator = "Section 3" }]', "[]", 5, "needs evidence"),
    "evidence missing": (EDGE, "evidence", "evidense", 5, "unknown field 'evidense'"),
    "unknown evidence": (EDGE, "1706.03762", "1234.5678", 5, "evidence names 'arxiv:1234.5678'"),
    "no place": (EDGE, '"Section 3"', '" "', 5, "evidence is a list of { paper = text, locator = text }"),
    "odd evidence": (EDGE, "locator", "page = 3, locator", 5, "evidence is a list of { paper = text"),
    "claimed and unclaimed": (EDGE, "claims = []", "claims = ['a']\nunclaimed = 'no'", 8, "not both"),
    "one position": (EDGE, "claims = []", f"positions = [{POSITION}]", 7, "contested by two positions or more"),
    "holder missing": (EDGE, "claims = []", "positions = [{ says = 'no' }]", 7, "positions is a list of { held_by"),
    "stray ambiguous": (CONCEPT, "aliases = []", 'aliases = []\nambiguous = ["NI"]', 14, "'NI' is called ambiguous"),
    "no context": (CONCEPT, 'aliases = ["OI"]', 'aliases = ["OI"]\nambiguous = ["OI"]', 6, "words that settle it"),
    "unknown kind of work": (PAPER, '"Short."', '"S."\nkind = "chip"', 23, "kind 'chip' is none of"),
    "divergence of nobody": (DIVERGENCE, "arxiv:1706.03762", "arxiv:1234.5678", 3, "not in the catalogue"),
    "divergence of no idea": (DIVERGENCE, '"new-idea"', '"idea"', 10, "is about idea, which is no concept"),
    "divergence twice": (DIVERGENCE, "claims = []\n", "claims = []\n\n" + DIVERGENCES, 14, "'sizes' stands twice"),
    "divergence no slug": (DIVERGENCE, '"sizes"', '"Sizes!"', 2, "is no slug"),
    "code nowhere": (DIVERGENCE, 'code_at = "model.py"\n', "", 7, "go together: code, code_at"),
    "no Chinese word": (TERM, '["层"]', "[]", 7, "'layer' has no Chinese word"),
    "term twice": (TERM, '"layer"', '"Attention"', 6, "'Attention' stands twice"),
}


@pytest.mark.parametrize(("file", "old", "new", "line", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_true_is_refused_with_file_and_line(
    write: Write, file: str, old: str, new: str, line: int, message: str
) -> None:
    folder = write(file, old, new)
    with pytest.raises(CuratedDataError, match=message) as caught:
        load_catalogue(folder)
    assert (caught.value.file, caught.value.line) == (folder / file, line)
    assert str(caught.value).startswith(f"{folder / file}:{line}: ")


def test_a_cycle_of_the_lineage_is_refused(write: Write) -> None:
    folder = write(CONCEPT, "introduced = 2017", "introduced = 2014")
    back = EDGES.replace("old-idea", "x").replace("new-idea", "old-idea").replace('"x"', '"new-idea"')
    (folder / "lineage" / "recurrence.toml").write_text(back, encoding="utf-8")
    with pytest.raises(CuratedDataError, match="old-idea would be an ancestor of itself") as caught:
        load_catalogue(folder)
    assert (caught.value.file.name, caught.value.line) == ("recurrence.toml", 2)


def test_a_file_must_be_called_by_its_family(write: Write) -> None:
    folder = write()
    (folder / "catalogue" / "attention.toml").rename(folder / "catalogue" / "favourites.toml")
    with pytest.raises(CuratedDataError, match="the file's name must be a family: language-models, ") as caught:
        load_catalogue(folder)
    assert (caught.value.file.name, caught.value.line) == ("favourites.toml", 2)


@pytest.mark.parametrize("missing", ["catalogue", "concepts", "lineage"])
def test_a_folder_without_files_is_refused(write: Write, missing: str) -> None:
    folder = write()
    (folder / missing / "attention.toml").unlink()
    with pytest.raises(CuratedDataError, match="no TOML file here; is the data folder complete") as caught:
        load_catalogue(folder)
    assert caught.value.file == folder / missing


def test_a_glossary_that_is_missing_or_no_text_is_refused(write: Write) -> None:
    folder = write()
    (folder / TERM).write_bytes(b'[[term]]\nen = "\xff"\n')
    with pytest.raises(CuratedDataError, match="is not UTF-8 at byte 15"):
        load_catalogue(folder)
    (folder / TERM).unlink()
    with pytest.raises(CuratedDataError, match="cannot be read: No such file"):
        load_catalogue(folder)


def test_line_numbers_survive_odd_line_breaks(write: Write) -> None:
    folder = write(CONCEPT, "Was there.", "Was\u2028there\u0085here.")
    text = (folder / CONCEPT).read_text(encoding="utf-8").replace('slug = "new-idea"', 'slug = "New"')
    (folder / CONCEPT).write_bytes(text.replace("\n", "\r\n").encode())
    with pytest.raises(CuratedDataError, match="not a slug") as caught:
        load_catalogue(folder)
    assert caught.value.line == 11
