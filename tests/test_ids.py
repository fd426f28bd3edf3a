"""Identifiers: what is accepted, its normal form, what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import InvalidIdError
from kb.ids import SCHEMES, PaperId, choose_key, find_id, is_slug, parse_id, version_of

S2 = "204e3073870fae3d05bcbc2f6a8e263d9b72e776"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("1706.03762", "arxiv:1706.03762"),
        (" arXiv:1706.03762v5 ", "arxiv:1706.03762"),
        ("0704.0001", "arxiv:0704.0001"),
        ("cs/0211012", "arxiv:cs/0211012"),
        ("CS.CL/0211012v2", "arxiv:cs/0211012"),
        ("quant-ph/0201082", "arxiv:quant-ph/0201082"),
        ("https://arxiv.org/abs/1706.03762v5", "arxiv:1706.03762"),
        ("http://export.arxiv.org/pdf/1706.03762v5.pdf", "arxiv:1706.03762"),
        ("https://arxiv.org/pdf/1706.03762?download=1#page=2", "arxiv:1706.03762"),
        ("https://www.arxiv.org/html/2305.13048/", "arxiv:2305.13048"),
        ("https://arxiv.org/abs/hep-th/9901001", "arxiv:hep-th/9901001"),
        ("10.48550/arXiv.2305.13048", "arxiv:2305.13048"),
        ("https://doi.org/10.48550/ARXIV.2305.13048", "arxiv:2305.13048"),
        ("doi:10.1162/NECO.1992.4.1.131", "doi:10.1162/neco.1992.4.1.131"),
        ("https://dx.doi.org/10.1162/neco.1992.4.1.131", "doi:10.1162/neco.1992.4.1.131"),
        ("https://doi.org/10.1007%2F978-1-4612-4320-5_2", "doi:10.1007/978-1-4612-4320-5_2"),
        (f"s2:{S2.upper()}", f"s2:{S2}"),
        (f"https://www.semanticscholar.org/paper/Attention-is-All/{S2}", f"s2:{S2}"),
        (f"https://www.semanticscholar.org/paper/{S2}?x=1", f"s2:{S2}"),
        ("w2963403868", "openalex:W2963403868"),
        ("https://openalex.org/W2963403868", "openalex:W2963403868"),
        ("https://api.openalex.org/works/W2963403868", "openalex:W2963403868"),
        ("P18-1031", "acl:P18-1031"),
        ("acl:p18-1031", "acl:P18-1031"),
        ("https://aclanthology.org/P18-1031.pdf", "acl:P18-1031"),
        ("https://aclanthology.org/2020.ACL-main.703/", "acl:2020.acl-main.703"),
        ("key:shannon-1948", "key:shannon-1948"),
    ],
)
def test_each_way_of_writing_gives_the_normal_form(text: str, key: str) -> None:
    assert str(parse_id(text)) == key
    assert str(parse_id(key)) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "attention",
        "1713.03762",
        "17060.3762",
        "arxiv:10.1162/neco",
        "doi:neco",
        "s2:123",
        "key:Not A Slug",
        "10.48550/arXiv.nonsense",
        "https://example.org/1706.03762",
        "concept:linear-attention",
        "１７06.０３７６２",
        "1706.03762v²",
        "acl:P18\u20111031",
        "ſc/0211012",
    ],
)
def test_what_is_no_identifier_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdError):
        parse_id(text)


def test_the_refusal_shows_what_was_given_and_what_to_write() -> None:
    with pytest.raises(InvalidIdError, match=r"'nonsense'; write e\.g\. 1706\.03762"):
        parse_id("nonsense")
    with pytest.raises(InvalidIdError) as caught:
        parse_id("x" * 5000)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("value", [None, "", "nonsense", 3.5, ["1706.03762"], {"a": 1}])
def test_a_field_that_holds_nothing_usable_is_none(value: object) -> None:
    assert find_id("arxiv", value) is None


def test_a_field_is_read_in_its_own_scheme() -> None:
    assert find_id("arxiv", "1706.03762v2") == PaperId("arxiv", "1706.03762")
    assert find_id("doi", "10.48550/arXiv.1706.03762") == PaperId("arxiv", "1706.03762")
    assert find_id("doi", "1706.03762") is None
    assert find_id("unheard-of", "1706.03762") is None


@given(st.text(max_size=60))
def test_any_text_is_an_identifier_or_a_stated_refusal(text: str) -> None:
    version_of(text)
    try:
        one = parse_id(text)
    except InvalidIdError:
        return
    assert parse_id(str(one)) == one


@given(
    st.one_of(
        st.from_regex(r"\A(?:arxiv:)?\d{4}\.\d{4,5}(?:v\d)?\Z"),
        st.from_regex(r"\A10\.\d{4,9}/[^\s]{1,20}\Z"),
        st.from_regex(r"\A[a-z]{2,8}(?:-[a-z]{2})?/\d{7}\Z"),
    )
)
def test_the_normal_form_is_its_own_normal_form(text: str) -> None:
    try:
        one = parse_id(text)
    except InvalidIdError:
        return
    assert parse_id(str(one)) == one
    assert find_id(one.scheme, one.value) == one


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1706.03762v5", 5),
        ("https://arxiv.org/pdf/1706.03762v12.pdf", 12),
        ("quant-ph/0201082v1", 1),
        ("1706.03762", None),
        ("v5", None),
        ("1706.03762v²", None),
    ],
)
def test_versions(text: str, version: int | None) -> None:
    assert version_of(text) == version


def test_the_strongest_identifier_is_the_key() -> None:
    ids = [PaperId(scheme, "b") for scheme in reversed(SCHEMES)]
    assert choose_key(ids) == "arxiv:b"
    assert choose_key(one for one in ids if one.scheme != "arxiv") == "doi:b"
    assert choose_key([PaperId("s2", "b"), PaperId("s2", "a")]) == "s2:a"
    with pytest.raises(InvalidIdError, match="at least one"):
        choose_key([])


@pytest.mark.parametrize(
    ("text", "slug"),
    [("pre-ln", True), ("rwkv-4", True), ("Pre-LN", False), ("a--b", False), ("-a", False), ("", False)],
)
def test_slugs(text: str, slug: bool) -> None:
    assert is_slug(text) is slug
