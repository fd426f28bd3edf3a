"""Efficient attention: two softmaxes of factors, and one softmax of their product."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.smallest import find_smallest, mixer_sizes
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    q, k = draw.normal(2, 2, 6, 2, 4)
    return Measurement(relative(*subject(q, k, draw.normal(2, 6, 2, 3))))


def _softmax_of_products(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    return scaled_dot_product_attention(q, k, v, causal=False)[0]


def _multiply(q: "Tensor", k: "Tensor", v: "Tensor", *, keys_first: bool) -> "Tensor":
    import torch

    if keys_first:
        return torch.einsum("bthk,bhkv->bthv", q, torch.einsum("bshk,bshv->bhkv", k, v))
    return torch.einsum("bhts,bshv->bthv", torch.einsum("bthk,bshk->bhts", q, k), v)


def _normalise(q: "Tensor", k: "Tensor") -> "tuple[Tensor, Tensor]":
    """Return each query as shares over its channels, and each channel of the keys as shares over the tokens."""
    from kb.reference.online_softmax import online_softmax

    return online_softmax(q), online_softmax(k.transpose(1, 3)).transpose(1, 3)


def _sides(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    return _softmax_of_products(q, k, v), _multiply(*_normalise(q, k), v, keys_first=True)


def _two_orders(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    q, k = _normalise(q, k)
    return _multiply(q, k, v, keys_first=False), _multiply(q, k, v, keys_first=True)


def _scaled_alone(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    return _multiply(q, k / k.shape[1], v, keys_first=False), _multiply(q, k / k.shape[1], v, keys_first=True)


def _one_token(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    return _sides(q[:, :1], k[:, :1], v[:, :1])


def _equal_keys(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    return _sides(q, k[:, :1].expand_as(k), v)


def _search(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        of_products, of_factors = subject(**inputs)
        return {"softmax of the products": of_products, "two softmaxes": of_factors}

    return find_smallest(run, mixer_sizes(2), (0, 1))


CLAIMS = (
    Claim(
        id="two-softmaxes-make-the-softmax-of-the-products",
        statement=(
            "Efficient attention, a softmax over the channels of each query and one over the tokens of the keys, "
            "computes what the softmax of their products computes, in the cheaper order."
        ),
        kind="separation",
        between=("scaled-dot-product-attention", "efficient-attention"),
        evidence=Evidence("arxiv:1812.01243", "Section 3"),
        inputs="standard normal q, k, v; B 2, T 6, H 2, K 4, V 3; all tokens seen; float64",
        equation=(
            r"\rho_q(Q)\, \big(\rho_k(K)^\top V\big) \;\neq\; \mathrm{softmax}\big(Q K^\top / \sqrt{d_k}\big)\, V"
        ),
        bound=1e-12,
        why_bound="Were it so, the two would differ by rounding, near 1e-15.",
        pitfall=(
            "Free is the order of multiplication once the two factors stand: the product of the two softmaxes has "
            "rows that sum to one, as attention's have, and the rank of the key size at most."
        ),
        family="attention",
        check=_check,
        subject=_sides,
        wrong_variants={
            "two softmaxes in either order": _two_orders,
            "no softmax, in either order": _scaled_alone,
            "a single token": _one_token,
            "all keys equal": _equal_keys,
        },
        executes=("scaled-dot-product-attention", "online-softmax"),
        expected="refuted",
        smallest=_search,
    ),
)
