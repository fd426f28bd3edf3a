"""Ideas that somebody else adds: other names of gates, windows, constants; no line of the search knows them."""

from collections.abc import Callable

import pytest

from kb.claims.discovery.program import build_discovery_program
from kb.errors import InvalidQueryError
from kb.records import Discovery
from kb.reference.registry import get_idea
from tests.claims.discovery.conftest import brief, list_briefly, read_idea

Search = Callable[..., Discovery]

LEAKY = read_idea(
    "Leaky sum",
    '''def leaky_sum(q: Tensor, k: Tensor, v: Tensor, keep: Tensor, *, form: str = "only") -> Tensor:
    """Return o."""
    S, outputs = 0, []
    for t in range(k.shape[1]):
        S = keep[:, t, :, None, None] * S + einsum("bhk,bhv->bhkv", k[:, t], v[:, t])
        outputs.append(einsum("bhkv,bhk->bhv", S, q[:, t]))
    return torch.stack(outputs, dim=1)
''',
    gates="keep (B, T, H) 0..1 (keep=1 gives fast-weight-programmer)",
)
NEAR = read_idea(
    "Near attention",
    '''def near_attention(q: Tensor, k: Tensor, v: Tensor, state: None = None, *, window: int = 8) -> Tensor:
    """Return o."""
    T = k.shape[1]
    scores = einsum("bthk,bshk->bhts", q, k) / k.shape[-1] ** 0.5
    t = torch.arange(T)
    age = t[:, None] - t
    scores = scores.masked_fill((age < 0) | (age >= window), float("-inf"))
    return einsum("bhts,bshv->bthv", scores.softmax(dim=-1), v)
''',
    parameters="window = 8 in 1..512",
)
CLAMPED = read_idea(
    "Clamped sum",
    '''def clamped_sum(q: Tensor, k: Tensor, v: Tensor, state: None = None, *, form: str = "only") -> Tensor:
    """Return o."""
    scores = einsum("bthk,bshk->bhts", q, k).tril()
    return einsum("bhts,bshv->bthv", scores, v.clamp(-8, 8))
''',
)
NOTHING = [
    read_idea(
        title,
        f"def {name}(q: Tensor, k: Tensor, v: Tensor, *, form: str = 'only') -> Tensor:\n    return {body}\n",
    )
    for title, name, body in (
        ("Zero", "zero", "torch.zeros_like(v)"),
        ("Nought", "nought", "0 * v"),
        ("One", "one", "torch.ones_like(v)"),
        ("Two", "two", "2 * torch.ones_like(v)"),
        ("Undefined", "undefined", "torch.log(-v.abs() - 1)"),
        ("Undefined too", "undefined_too", "v / torch.zeros_like(v) * 0"),
    )
]


def test_two_strangers_are_placed_in_the_order(search: Search) -> None:
    found = search(LEAKY, "state-space-duality", "fast-weight-programmer", NEAR, "scaled-dot-product-attention")
    told = list_briefly(found)
    assert brief("special case", ("fast-weight-programmer",), ("leaky-sum", "keep = 1")) in told
    assert brief("special case", ("state-space-duality",), ("leaky-sum", "keep = decay")) in told
    whole = ("near-attention", "window = the number of tokens")
    assert brief("special case", ("scaled-dot-product-attention",), whole) in told
    leaky, near = (next(one for one in found.order if name in one.ideas) for name in ("leaky-sum", "near-attention"))
    assert leaky.depth == near.depth == 0


def test_a_window_that_the_inputs_tried_do_not_reach_is_caught(search: Search) -> None:
    found = search(NEAR, "scaled-dot-product-attention")
    assert all(one.kind != "equal" for one in found.relations)
    assert not [one for one in found.relations if not one.conditions and not one.sides[1].settings]


def test_what_holds_on_small_inputs_only_is_dropped(search: Search) -> None:
    found = search(CLAMPED, "fast-weight-programmer")
    assert found.dropped == (("clamped-sum", "fast-weight-programmer"),)
    assert not found.relations


@pytest.mark.parametrize("place", range(0, len(NOTHING), 2))
def test_agreements_that_say_nothing_are_none(search: Search, place: int) -> None:
    assert not search(NOTHING[place], NOTHING[place + 1]).relations


def test_one_form_is_needed() -> None:
    with pytest.raises(InvalidQueryError, match=r"retention is a mixer, lstm is a recurrence; name two of one form"):
        build_discovery_program([get_idea("retention"), get_idea("lstm")])
