"""Attention through fewer keys: landmarks, projections along the text and buckets, where they lose nothing."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_TOKENS = 8


def _draw(draw: Draw) -> "tuple[Tensor, Tensor, Tensor]":
    return draw.normal(2, _TOKENS, 2, 6), draw.normal(2, _TOKENS, 2, 6), draw.normal(2, _TOKENS, 2, 3)


def _attend(q: "Tensor", k: "Tensor", v: "Tensor", *, causal: bool = False) -> "Tensor":
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    return scaled_dot_product_attention(q, k, v, causal=causal)[0]


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against attention to all tokens."""
    q, k, v = _draw(draw)
    return Measurement(relative(subject(q, k, v), _attend(q, k, v)))


def _shares(q: "Tensor", k: "Tensor") -> "Tensor":
    import torch

    return torch.softmax(torch.einsum("bthk,bshk->bhts", q, k) / q.shape[-1] ** 0.5, dim=-1)


def _nystrom(q: "Tensor", k: "Tensor", v: "Tensor", landmarks: int) -> "Tensor":
    """Return attention through landmarks, the means of neighbouring queries and keys."""
    few_q, few_k = (x.view(x.shape[0], landmarks, -1, *x.shape[2:]).mean(dim=2) for x in (q, k))
    mixed = _shares(q, few_k) @ _shares(few_q, few_k).pinverse() @ _shares(few_q, k) @ v.transpose(1, 2)
    return mixed.transpose(1, 2)


def _every_token_a_landmark(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    return _nystrom(q, k, v, _TOKENS)


def _half_as_many(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    return _nystrom(q, k, v, _TOKENS // 2)


def _one_landmark(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    return _nystrom(q, k, v, 1)


def _transpose_for_inverse(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    middle = _shares(q, k)
    return (middle @ middle.transpose(-1, -2) @ middle @ v.transpose(1, 2)).transpose(1, 2)


def _twice(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    return (_shares(q, k) @ _shares(q, k) @ v.transpose(1, 2)).transpose(1, 2)


def _project(q: "Tensor", k: "Tensor", v: "Tensor", keys: "Tensor", values: "Tensor") -> "Tensor":
    """Return attention to keys and values that are mixed along the text by (k, T)."""
    import torch

    few_k, few_v = (torch.einsum("ns,bshk->bnhk", by, x) for by, x in ((keys, k), (values, v)))
    mixed = _shares(q, few_k) @ few_v.transpose(1, 2)
    return mixed.transpose(1, 2)


def _rotation(q: "Tensor", width: int = _TOKENS) -> "Tensor":
    """Return orthonormal rows: waves of all lengths along the text."""
    import torch

    place = torch.arange(_TOKENS, dtype=q.dtype)
    waves = (torch.pi * (place + 0.5) * torch.arange(_TOKENS, dtype=q.dtype)[:, None] / _TOKENS).cos()
    rows: Tensor = waves / waves.norm(dim=-1, keepdim=True)
    return rows[:width]


def _same_permutation(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    import torch

    order = torch.eye(_TOKENS, dtype=q.dtype).flip(0)
    return _project(q, k, v, order, order)


def _two_permutations(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    import torch

    order = torch.eye(_TOKENS, dtype=q.dtype)
    return _project(q, k, v, order, order.flip(0))


def _rotated(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    return _project(q, k, v, _rotation(q), _rotation(q))


def _rotated_and_fewer(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    return _project(q, k, v, _rotation(q, 4), _rotation(q, 4))


def _every_second(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    import torch

    kept = torch.eye(_TOKENS, dtype=q.dtype)[::2]
    return _project(q, k, v, kept, kept)


def _check_buckets(subject: Subject, draw: Draw) -> Measurement:
    """Measure attention within buckets against shared-key attention over them: where all tokens fall into one, and
    where they fall into two, each read by itself."""
    import torch

    q, _, v = _draw(draw)
    q[:, :, 1:] = q[:, :, :1]  # heads share their buckets, so that each bucket is a list of tokens
    keys = q / q.norm(dim=-1, keepdim=True)
    one = torch.zeros(2, _TOKENS, dtype=torch.int64)
    two = torch.arange(_TOKENS).remainder(3).gt(0).long().expand(2, -1)
    apart = [relative(subject(q, v, one), _attend(q, keys, v, causal=True))]
    found = subject(q, v, two)
    for bucket in (0, 1):
        own = (two[0] == bucket).nonzero()[:, 0]
        apart.append(relative(found[:, own], _attend(q[:, own], keys[:, own], v[:, own], causal=True)))
    return Measurement(find_worst(apart))


def _within(
    q: "Tensor",
    v: "Tensor",
    bucket: "Tensor",
    *,
    causal: bool = True,
    unit: bool = True,
    outside: float = float("-inf"),
) -> "Tensor":
    """Return attention of each token to the tokens of its bucket, with its query, at length one, for its key."""
    import torch

    keys = q / q.norm(dim=-1, keepdim=True) if unit else q
    scores = torch.einsum("bthk,bshk->bhts", q, keys) / q.shape[-1] ** 0.5
    scores = scores.masked_fill(bucket[:, None, :, None] != bucket[:, None, None], outside)
    if causal:
        scores = scores.masked_fill(torch.ones(_TOKENS, _TOKENS, dtype=torch.bool).triu(1), float("-inf"))
    return torch.einsum("bhts,bshv->bthv", scores.softmax(dim=-1), v)


def _one_bucket(q: "Tensor", v: "Tensor", bucket: "Tensor") -> "Tensor":
    return _within(q, v, bucket)


def _any_bucket(q: "Tensor", v: "Tensor", bucket: "Tensor") -> "Tensor":
    return _within(q, v, 0 * bucket)


def _keys_of_any_length(q: "Tensor", v: "Tensor", bucket: "Tensor") -> "Tensor":
    return _within(q, v, bucket, unit=False)


def _zero_for_outside(q: "Tensor", v: "Tensor", bucket: "Tensor") -> "Tensor":
    return _within(q, v, bucket, outside=0.0)


def _later_tokens_too(q: "Tensor", v: "Tensor", bucket: "Tensor") -> "Tensor":
    return _within(q, v, bucket, causal=False)


CLAIMS = (
    Claim(
        id="nystrom-attention-with-every-token-a-landmark-is-softmax-attention",
        statement=(
            "Nyström attention with every token for a landmark is softmax attention, since a matrix times its "
            "pseudoinverse times itself is the matrix. With fewer landmarks it is an approximation."
        ),
        kind="reduction",
        between=("scaled-dot-product-attention", "nystrom-attention"),
        evidence=Evidence("arxiv:2102.03902", "Section 3"),
        inputs="standard normal q, k, v; B 2, T 8, H 2, K 6, V 3; all tokens seen; exact pseudoinverse; float64",
        equation=r"S\, S^{+}\, S = S, \qquad S = \mathrm{softmax}\big(Q K^\top / \sqrt{d}\big)",
        bound=1e-9,
        why_bound=(
            "Rounding is multiplied by how unequal the singular values of S are, some hundreds to tens of thousands "
            "here: 1e-12 at worst, and a factor of a thousand for rare draws."
        ),
        pitfall=(
            "The paper iterates towards the pseudoinverse, which adds an error of its own. There is no causal form."
        ),
        family="attention",
        check=_check,
        subject=_every_token_a_landmark,
        wrong_variants={
            "half as many landmarks": _half_as_many,
            "one landmark": _one_landmark,
            "the transpose for the pseudoinverse": _transpose_for_inverse,
            "no middle matrix": _twice,
        },
        executes=("scaled-dot-product-attention",),
    ),
    Claim(
        id="low-rank-attention-with-one-permutation-for-both-is-softmax-attention",
        statement=(
            "Low-rank attention mixes keys and values along the text. Where both are mixed by one permutation it is "
            "softmax attention; a rotation of full size, which loses nothing of a vector, does change the result, "
            "and so do fewer rows."
        ),
        kind="reduction",
        between=("scaled-dot-product-attention", "low-rank-attention"),
        evidence=Evidence("arxiv:2006.04768", "Section 4"),
        inputs="standard normal q, k, v; B 2, T 8, H 2, K 6, V 3; all tokens seen; float64",
        equation=(
            r"\mathrm{softmax}\Big(\frac{Q (P K)^\top}{\sqrt{d_k}}\Big) P V"
            r"= \mathrm{softmax}\Big(\frac{Q K^\top}{\sqrt{d_k}}\Big) P^\top P V"
        ),
        bound=1e-12,
        why_bound="The same terms in another order: rounding is near 1e-15.",
        pitfall=(
            "A softmax commutes with an exchange of keys and with no other mixing of them. The paper's projections "
            "are trained, so nothing says how near a given model is."
        ),
        family="attention",
        check=_check,
        subject=_same_permutation,
        wrong_variants={
            "other orders for keys and values": _two_permutations,
            "one rotation for both": _rotated,
            "half the rows of a rotation": _rotated_and_fewer,
            "every second token": _every_second,
        },
        executes=("scaled-dot-product-attention",),
    ),
    Claim(
        id="lsh-attention-is-shared-key-attention-within-each-bucket",
        statement=(
            "Attention by hashing is, bucket by bucket, causal attention with each token's own query at length one "
            "for its key. Where all tokens fall into one bucket nothing is approximated any more."
        ),
        kind="reduction",
        between=("scaled-dot-product-attention", "lsh-attention"),
        evidence=Evidence("arxiv:2001.04451", "Section 2"),
        inputs="standard normal q and v, keys q / |q|; one bucket and two; B 2, T 8, H 2, K 6, V 3; float64",
        equation=(
            r"o_i = \sum_{j \le i,\ h(q_j) = h(q_i)} \mathrm{softmax}_j\Big(\frac{q_i^\top q_j}{\|q_j\| "
            r"\sqrt{d}}\Big) v_j"
        ),
        bound=1e-12,
        why_bound="The same terms, zeros among them on one side: rounding is near 1e-15.",
        pitfall=(
            "What is approached is attention with shared keys of length one, not attention in general. The paper "
            "also lets a token look at itself only where there is nothing else, and cuts large buckets into chunks."
        ),
        family="attention",
        check=_check_buckets,
        subject=_one_bucket,
        wrong_variants={
            "buckets that are not looked at": _any_bucket,
            "keys of any length": _keys_of_any_length,
            "scores of zero outside the bucket": _zero_for_outside,
            "later tokens seen too": _later_tokens_too,
        },
        executes=("scaled-dot-product-attention",),
    ),
)
