"""Claims of a user's own in a library: kept with versions, executed confined, verdicts beside those that ship."""

import io
from pathlib import Path

import pytest

from kb.errors import InvalidQueryError, NotFoundError
from kb.library import Library
from kb.library.snippet_files import pack
from kb.records import ConceptView, OwnClaim
from tests.own_claims import write_claim

BETWEEN = '("fast-weight-programmer", "linear-attention")'


@pytest.fixture
def confined(library: Library) -> Library:
    if library.confinement().way == "none":
        pytest.skip("this machine cannot confine programs")
    return library


def ids(library: Library) -> list[str]:
    return [card.id for card in library.claims() if card.own]


def test_a_claim_is_kept_and_found_by_every_name(library: Library) -> None:
    shipped = len(library.claims())
    claim = library.add_claim(write_claim())
    assert (claim.address, claim.name, claim.version, claim.trouble) == ("own:1", "mine", 1, "")
    assert len(library.claims()) == shipped + 1
    assert library.claims()[-1] == claim.card
    for name in ("own:1", "1", "mine", "MINE", "claim:own:1"):
        assert library.own_claim(name).id == 1
    assert library.claim_source("own:1") == write_claim()
    with pytest.raises(NotFoundError, match="no claim of your own is called 'yours'"):
        library.own_claim("yours")


def test_the_same_id_again_is_a_version_and_the_same_text_nothing_new(library: Library) -> None:
    library.add_claim(write_claim())
    assert library.add_claim(write_claim()).version == 1
    changed = library.add_claim(write_claim(bound="1e-10"))
    assert (changed.address, changed.version) == ("own:1", 2)
    (before,) = library.own_claim_versions(changed)
    assert (before.version, before.code) == (1, write_claim())
    back = library.change_claim(changed, before.code)
    assert (back.version, back.code, back.card and back.card.bound) == (3, write_claim(), 1e-12)


def test_a_claim_can_be_renamed_but_not_to_the_name_of_another(library: Library) -> None:
    library.add_claim(write_claim())
    other = library.add_claim(write_claim(id='"other"'))
    assert library.change_claim(other, write_claim(id='"third"')).name == "third"
    with pytest.raises(InvalidQueryError, match="already"):
        library.change_claim(other, write_claim())


def test_a_removed_claim_is_gone_and_its_number_is_not_given_again(library: Library) -> None:
    library.remove_claim(library.add_claim(write_claim()))
    assert ids(library) == []
    assert library.add_claim(write_claim()).address == "own:2"


def test_claims_and_snippets_do_not_see_one_another(library: Library) -> None:
    library.add_claim(write_claim())
    snippet = library.attach("linear-attention", "slow", "def slow(q, k, v):\n    return v\n")
    assert snippet.address == "snippet:2"
    assert [one.id for one in library.snippets()] == [2]
    assert [one.id for one in library.own_claims()] == [1]
    assert library.snippet_counts() == {"concept:linear-attention": 1}
    counts = library.counts()
    assert (counts["snippets"], counts["claims of your own"]) == (1, 1)
    with pytest.raises(NotFoundError, match="snippet 1 is a claim of your own; its name is own:1"):
        library.snippet("snippet:1")
    with pytest.raises(NotFoundError):
        library.own_claim("own:2")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"id": '"rwkv-parallel-is-recurrent"'},
            "what ships has the id 'rwkv-parallel-is-recurrent'; choose another",
        ),
        ({"between": '("linear-atention",)'}, "between names 'linear-atention', and no idea is called so"),
        ({"between": '("linear transformer",)'}, "did you mean 'linear-attention'?"),
        ({"wrong_variants": "{}"}, "a claim that rejects nothing proves nothing"),
    ],
)
def test_what_cannot_be_kept_is_refused(library: Library, fields: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidQueryError) as refused:
        library.add_claim(write_claim(**fields))  # type: ignore[arg-type]
    assert words in str(refused.value)
    assert ids(library) == []


@pytest.mark.parametrize("text", ["", "x = 1\0", "a" * (1 << 21)])
def test_what_is_no_program_is_refused(library: Library, text: str) -> None:
    with pytest.raises(InvalidQueryError):
        library.add_claim(text)


def test_an_execution_is_recorded_with_its_verdict(confined: Library) -> None:
    claim = confined.add_claim(write_claim(between=BETWEEN, bound_single="1e-6"))
    (verdict,) = confined.verify(["own:1"], seed=3)
    assert (verdict.claim, verdict.verdict, verdict.seed, verdict.stale) == ("own:1", "verified", 3, False)
    (kept,) = [one for one in confined.verdicts() if one.claim == "own:1"]
    assert (kept.verdict, kept.measured, kept.bound, kept.figures) == ("verified", 0.0, 1e-12, (0.0, 0.0, 0.0))
    assert (kept.seed, kept.code_hash, kept.seconds > 0) == (3, claim.card and claim.card.code_hash, True)
    assert {"stemma", "python", "torch"} <= set(kept.versions)
    assert [note.of for note in confined.runs("own:1")] == ["own:1"]
    (name, rejected) = confined.verify_variants(["own:1"], seed=3)["own:1"][0]
    assert (name, rejected.verdict, rejected.measured) == ("one instead of zero", "refuted", 1.0)
    assert confined.run_count("own:1") == 1, "the wrong variants ran with the claim"
    assert len(confined.verdict_history("own:1")) == 1


def test_a_verdict_is_stale_once_the_text_or_a_snippet_in_it_has_changed(confined: Library) -> None:
    half = confined.attach("linear-attention", "half", "def half(x):\n    return x / 2\n")
    text = write_claim(more=f"from snippet_{half.id} import half\n", check="return Measurement(half(subject(draw)))")
    claim = confined.add_claim(text)

    def stale() -> bool:
        (found,) = [one for one in confined.verdicts() if one.claim == claim.address]
        return found.stale

    assert [one.verdict for one in confined.verify([claim.address])] == ["verified"]
    assert not stale()
    confined.add_claim(text + "\n# a remark\n")
    assert stale()
    confined.verify([claim.address])
    assert not stale()
    confined.remove_snippet(half.id)
    assert confined.own_claim(claim.address).card is None
    assert "there is no snippet" in confined.own_claim(claim.address).trouble
    with pytest.raises(InvalidQueryError, match="there is no snippet"):
        confined.verify([claim.address])


def test_a_trial_is_recorded_as_a_run_but_reaches_no_kept_verdict(confined: Library) -> None:
    ticket = confined.begin_claim_code(write_claim(), name="mine.py")
    result = ticket.wait()
    assert result is not None
    assert result.status == "ok", result.stderr
    card = confined.read_claim(write_claim(), "mine.py")
    assert confined.judge_claim(card, result).verdict.verdict == "verified"
    assert [note.of for note in confined.runs()] == ["file:mine.py"]
    assert not confined.verdicts()


def test_a_cancelled_claim_has_no_verdict(confined: Library) -> None:
    claim = confined.add_claim(write_claim(check="return sum(iter(int, 1))"))
    ticket = confined.begin_claim(claim)
    ticket.cancel()
    ended = ticket.wait()
    assert ended is not None
    assert ended.status == "cancelled"
    assert not confined.verdicts()


def test_an_idea_shows_the_claims_about_it(library: Library) -> None:
    library.add_claim(write_claim(between=BETWEEN))
    view = library.show("linear-attention")
    assert isinstance(view, ConceptView)
    assert [card.name for card, _ in view.claims if card.own] == ["mine"]
    other = library.show("lstm")
    assert isinstance(other, ConceptView)
    assert not [card for card, _ in other.claims if card.own]
    assert {link.verdict for link in library.map().links} <= {"", "not_run"}, "the map's own verdicts are untouched"


def test_a_set_goes_out_and_comes_back(library: Library, tmp_path: Path) -> None:
    claims = [library.add_claim(write_claim()), library.add_claim(write_claim(id='"other"'))]
    files = library.export_claims(claims)
    assert files == {"mine.py": write_claim(), "other.py": write_claim(id='"other"')}
    for claim in claims:
        library.remove_claim(claim)
    packed = io.BytesIO(pack({**files, "broken.py": "x = 1\n"}))
    kept, refused = library.add_claim_set(packed)
    assert [one.name for one in kept] == ["mine", "other"]
    assert [file for file, _ in refused] == ["broken.py"]
    assert "it assigns CLAIMS nowhere" in refused[0][1]


def test_the_template_speaks_of_the_two_ideas(library: Library) -> None:
    text = library.claim_template("mine", ("gated delta rule", "delta-rule"))
    card = library.read_claim(text)
    assert (card.name, card.kind, card.between) == ("mine", "reduction", ("delta-rule", "gated-delta-rule"))
    assert card.family == "fast-weights"
    assert library.read_claim(library.claim_template()).kind == "reduction"
    with pytest.raises(InvalidQueryError, match="no form in common"):
        library.claim_template("", ("lstm", "rms-norm"))
    with pytest.raises(NotFoundError):
        library.claim_template("", ("transformer-xl-42", "rms-norm"))


def test_a_variant_of_ones_own_is_one_side_of_a_template(confined: Library) -> None:
    code = (
        "def mine(q, k, v):\n    from kb.reference.multi_query_attention import multi_query_attention as shipped\n"
        "    return shipped(q, k, v)\n"
    )
    snippet = confined.attach("multi-query-attention", "mine", code)
    text = confined.claim_template("", ("multi-query-attention", snippet.address))
    assert f"from snippet_{snippet.id} import mine" in text
    claim: OwnClaim = confined.add_claim(text)
    (outcome,) = confined.verify_own([claim.address])
    assert outcome.verdict.verdict == "verified", outcome.verdict.detail
