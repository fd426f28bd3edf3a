"""The search through the front door: confined and recorded, a file of somebody else's, drafts that run."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.errors import InvalidQueryError, NotFoundError
from kb.library import Library
from kb.reference import registry
from tests.claims.discovery.conftest import write_idea

_BODY = '''def {name}(q: Tensor, k: Tensor, v: Tensor, keep: Tensor, state: None = None, *, {option}) -> Tensor:
    """Return o."""
    log = keep.log().cumsum(dim=1).transpose(1, 2)
    T = k.shape[1]
    faded = (log[..., None] - log[:, :, None]).exp().tril()
    return einsum("bhts,bshv->bthv", faded * einsum("bthk,bshk->bhts", q, k), v)
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the ideas that ship and two of somebody else's."""
    folder = tmp_path / "reference"
    folder.mkdir()
    for path in registry.FOLDER.glob("*.py"):
        shutil.copy(path, folder)
    leaky = _BODY.format(name="leaky_sum", option='form: str = "only"')
    gates = "keep (B, T, H) 0.1..1 (keep=1 gives fast-weight-programmer)"
    (folder / "leaky_sum.py").write_text(write_idea("Leaky sum", leaky, gates=gates))
    scaled = _BODY.format(name="scaled_sum", option="gain: float = 2.0").replace("return ", "return gain * ")
    scaled = scaled.replace('"""return gain * o', '"""Return o')
    parameters = "gain = 2.0 in 0..4 (gain=1 gives leaky-sum)"
    (folder / "scaled_sum.py").write_text(write_idea("Scaled sum", scaled, gates=gates, parameters=parameters))
    monkeypatch.setattr(registry, "FOLDER", folder)
    registry.list_ideas.cache_clear()
    yield folder
    monkeypatch.undo()
    registry.list_ideas.cache_clear()


def test_two_files_of_somebody_else_are_found_their_place(library: Library, folder: Path) -> None:
    assert {"leaky-sum", "scaled-sum", "retention"} <= {idea.slug for idea in library.discoverable(["mixers"])}
    names = ["fast-weight-programmer", "leaky-sum", "scaled-sum", "state-space-duality"]
    result = library.discover(names)
    assert result.status == "ok", result
    (found,) = library.read_discovery(result.figures)
    ties = {
        (one.sides[0].idea, one.sides[1].idea, one.sides[1].settings, one.factor)
        for one in found.relations
        if one.kind == "special case"
    }
    assert ("leaky-sum", "scaled-sum", ("gain = 1",), "") in ties
    assert ("leaky-sum", "scaled-sum", (), "0.5") not in ties
    assert ("fast-weight-programmer", "leaky-sum", ("keep = 1",), "") in ties
    assert ("state-space-duality", "leaky-sum", ("keep = decay",), "") in ties
    assert library.last_discovery(names) is not None
    assert library.last_discovery(names, seed=1) is None


def test_a_variant_of_ones_own_is_searched_too(library: Library) -> None:
    code = library.idea("delta-rule").code.replace("error = v[:, t] - old", "error = v[:, t] - 2 * old")
    kept = library.attach("delta-rule", "twice", code)
    result = library.discover([kept.address, "fast-weight-programmer"])
    assert result.status == "ok", result
    (found,) = library.read_discovery(result.figures)
    told = {(one.kind, one.condition_names, one.sides[1].settings) for one in found.relations}
    assert ("special case", (), ("read = false", "beta = 1")) in told
    assert "keys-orthonormal" in {name for one in found.relations for name in one.condition_names}


def test_a_draft_is_a_claim_that_runs_and_rejects_what_leaves_a_condition_out(library: Library) -> None:
    for names in (["fast-weight-programmer", "mesa-layer"], ["rms-norm", "layer-normalisation"]):
        (found,) = library.read_discovery(library.discover(names).figures)
        assert len(found.relations) >= 3
        for relation in found.relations[:3]:
            code = library.draft_claim(relation)
            card = library.read_claim(code)
            outcome = library.judge_claim(card, library.begin_claim_code(code).wait())
            assert outcome.verdict.verdict == "verified", code
            assert {one.verdict for _, one in outcome.variants} == {"refuted"}, code


@pytest.mark.parametrize(
    ("names", "error", "says"),
    [
        (["retention"], InvalidQueryError, "one idea: name a second of the form mixer"),
        (["nothing-such"], NotFoundError, "nothing-such"),
        (["retention", "retention"], InvalidQueryError, "named twice"),
        (["schedule"], InvalidQueryError, "no two ideas of one form"),
        (["retention", "lstm"], InvalidQueryError, "name two of one form"),
    ],
)
def test_bad_input_is_one_line(library: Library, names: list[str], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says) as raised:
        library.begin_discover(names)
    assert "\n" not in str(raised.value)


def test_a_family_is_those_of_its_lane(library: Library) -> None:
    slugs = {idea.slug for idea in library.discoverable(["fast-weights"])}
    assert {"delta-rule", "deltanet"} <= slugs
    assert "lstm" not in slugs
