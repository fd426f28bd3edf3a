"""Rank collapse: attention stacked alone makes all tokens one, though a single softmax may well part them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]

_LAYERS = 6
_SHARP = 4.0
"""Half the queries ask for the greatest value, half for the least, each this strongly."""


def _check_collapse(subject: Subject, draw: Draw) -> Measurement:
    """Measure what is left of the tokens' diversity behind six layers: |Z - mean| over |Z|."""
    z = draw.normal(1, 32, 32)
    left = []
    for _ in range(_LAYERS):
        w = {name: draw.normal(32, 32, scale=32**-0.5) for name in ("w_q", "w_k", "w_v", "w_o")}
        z = subject(z, w)
        left.append(float(_spread(z) / z.norm()))
    return Measurement(left[-1], "by layer " + ", ".join(f"{one:.2g}" for one in left))


def _spread(z: "Tensor") -> "Tensor":
    """Return |Z - mean| of every sequence, the mean being that over its tokens."""
    length: Tensor = (z - z.mean(dim=1, keepdim=True)).flatten(1).norm(dim=1)
    return length


def _attention(z: "Tensor", w: "Weights") -> "Tensor":
    from kb.reference.multi_head_attention import multi_head_attention

    return multi_head_attention(z, w, heads=4, causal=False)


def _causal(z: "Tensor", w: "Weights") -> "Tensor":
    from kb.reference.multi_head_attention import multi_head_attention

    return multi_head_attention(z, w, heads=4)


def _with_shortcut(z: "Tensor", w: "Weights") -> "Tensor":
    return z + _attention(z, w)


def _values_alone(z: "Tensor", w: "Weights") -> "Tensor":
    return z @ w["w_v"] @ w["w_o"]


def _sharp(z: "Tensor", w: "Weights") -> "Tensor":
    # scores thirty times as great: every token reads nearly one other
    return _attention(z, {**w, "w_q": 30 * w["w_q"]})


def _check_ratio(subject: Subject, draw: Draw) -> Measurement:
    """Measure how many times further apart the subject carries the tokens."""
    before, after = subject(draw.normal(1, 8, 1, 1))
    return Measurement(float(_spread(after) / _spread(before)))


def _attend(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    return scaled_dot_product_attention(q, k, v, causal=False)[0]


def _extremes(v: "Tensor") -> "tuple[Tensor, Tensor]":
    """Return the tokens, and what attention makes of them whose queries ask for the greatest and the least in
    turn."""
    import torch

    signs = (-1.0) ** torch.arange(v.shape[1], dtype=v.dtype)[None, :, None, None]
    return v, _attend(_SHARP * signs, _SHARP * v, v)


def _even(v: "Tensor") -> "tuple[Tensor, Tensor]":
    return v, _attend(0 * v, v, v)


def _two_tokens(v: "Tensor") -> "tuple[Tensor, Tensor]":
    return _extremes(v[:, :2])


def _on_a_circle(v: "Tensor") -> "tuple[Tensor, Tensor]":
    # queries and keys evenly on a circle: each row of shares is the one above, shifted, so columns add up to one too
    import torch

    angle = torch.arange(v.shape[1], dtype=v.dtype) * 2 * torch.pi / v.shape[1]
    places = torch.stack([angle.cos(), angle.sin()], dim=-1)[None, :, None]
    return v, _attend(_SHARP * places, _SHARP * places, v)


def _search(subject: Subject) -> Example | None:
    import torch

    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        v = inputs["v"]
        after = _attend(inputs["q"], inputs["k"], v)
        apart = (_spread(after) > _spread(v) + 0.01)[:, None, None, None]
        return {"tokens": v, "behind attention, where further apart": torch.where(apart, after.round(decimals=3), v)}

    # unlike in the draws the queries are searched for too, so the subject has no say
    sizes = [dict.fromkeys(("q", "k", "v"), (tokens, 1, 1)) for tokens in (2, 3)]
    return find_smallest(run, sizes, {"q": (0, 3, -3), "k": (0, 1, -1), "v": (0, 1, 2)})


CLAIMS = (
    Claim(
        id="attention-alone-collapses-to-one-token",
        statement=(
            "Self-attention stacked without shortcuts, norms or networks makes all tokens one: behind six random "
            "layers less than a thousandth of them is diversity. It is shown at the start, where every token sees "
            "all."
        ),
        kind="limit",
        between=("self-attention", "rank-collapse"),
        evidence=Evidence("arxiv:2103.03404", "Title and abstract"),
        inputs="normal tokens, weights of variance 1 / D; 6 layers, T 32, D 32, 4 heads, no mask; float64",
        equation=(
            r"\frac{\lVert (I - e e^\top) Z_l \rVert_F}{\lVert Z_l \rVert_F} \to 0, \qquad "
            r"e = \tfrac{1}{\sqrt T} \mathbf 1"
        ),
        bound=1e-3,
        why_bound=(
            "Every layer averages over 32 tokens with shares that are nearly even, and the more alike tokens are, "
            "the more even: the decay speeds up, and a thousandth is passed within three layers."
        ),
        pitfall=(
            "Under a causal mask the first tokens see few others, so that the collapse is slow. In float32 what is "
            "left stops falling near 1e-6."
        ),
        papers=("arxiv:2312.17276",),
        family="normalisation",
        check=_check_collapse,
        subject=_attention,
        wrong_variants={
            "with the shortcut": _with_shortcut,
            "under a causal mask": _causal,
            "values without attention": _values_alone,
            "scores thirty times as great": _sharp,
        },
        executes=("multi-head-attention",),
        cost="trend",
        draws=5,
    ),
    Claim(
        id="softmax-attention-never-parts-tokens",
        statement=(
            "A softmax takes means, and means lie inside: attention with identity projections never carries tokens "
            "further apart than they were."
        ),
        kind="separation",
        between=("self-attention", "rank-collapse"),
        evidence=Evidence("arxiv:2312.17276", "Section 3, the theorem on attention and its remark"),
        inputs="8 normal tokens of one channel, as keys and values; queries 4 and -4 in turn; float64",
        equation=r"\lVert (I - e e^\top) A Z \rVert_F \le \sqrt{\lambda}\, \lVert (I - e e^\top) Z \rVert_F, "
        r"\qquad \lambda \not\le 1",
        bound=1 + 1e-12,
        why_bound=(
            "Where it were so, the ratio of the distances to the mean would be at most one for any tokens, but for "
            "rounding."
        ),
        pitfall=(
            "Each output lies between the smallest and the greatest value, but all of them may lie at these two "
            "ends. Only where the columns of the shares add up to one as well does the distance shrink for sure."
        ),
        family="normalisation",
        check=_check_ratio,
        subject=_extremes,
        wrong_variants={
            "even shares": _even,
            "two tokens": _two_tokens,
            "shares whose columns add up to one": _on_a_circle,
        },
        executes=("scaled-dot-product-attention",),
        expected="refuted",
        smallest=_search,
    ),
)
