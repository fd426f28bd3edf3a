"""Softmax attention and linear attention: one form, two functions."""

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
    q, k, v = draw.normal(3, 2, 12, 2, 4)
    return Measurement(relative(*subject(q, k, v)))


def _sides(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    from kb.reference.linear_attention import linear_attention
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    return scaled_dot_product_attention(q, k, v)[0], linear_attention(q, k, v)[0]


def _one_token(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    return _sides(q[:, :1], k[:, :1], v[:, :1])


def _equal_keys(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    return _sides(q, k[:, :1].expand_as(k), v)


def _equal_values(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    return _sides(q, k, v[:, :1].expand_as(v))


def _logarithm_of_products(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    """Return softmax attention whose logits are log(phi(q) . phi(k)), and linear attention."""
    import torch
    from torch.nn.functional import elu

    logits = torch.einsum("bthk,bshk->bhts", elu(q) + 1, elu(k) + 1).log()
    future = torch.ones(q.shape[1], q.shape[1], dtype=torch.bool).triu(1)
    shares = logits.masked_fill(future, -torch.inf).softmax(dim=-1)
    return torch.einsum("bhts,bshv->bthv", shares, v), _sides(q, k, v)[1]


def _search(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        softmax, linear = subject(**inputs)
        return {"softmax attention": softmax, "linear attention": linear}

    return find_smallest(run, mixer_sizes(2), (0, 1))


CLAIMS = (
    Claim(
        id="softmax-and-linear-attention-are-one-function",
        statement=(
            "Linear attention with the features elu(x) + 1 computes what softmax attention computes, only in another "
            "order of multiplication."
        ),
        kind="separation",
        between=("scaled-dot-product-attention", "linear-attention"),
        evidence=Evidence("arxiv:2006.16236", "Section 3.2, equations 4-6"),
        inputs="standard normal q, k, v; B 2, T 12, H 2, K 4, V 4; float64",
        equation=(
            r"\frac{\sum_{i \le t} e^{q_t^\top k_i / \sqrt{d}}\, v_i}{\sum_{i \le t} e^{q_t^\top k_i / \sqrt{d}}} "
            r"\neq \frac{\sum_{i \le t} \phi(q_t)^\top \phi(k_i)\, v_i}{\sum_{i \le t} \phi(q_t)^\top \phi(k_i)}"
        ),
        bound=1e-12,
        why_bound="Were it a matter of the order only, the two would differ by rounding, near 1e-15.",
        pitfall=(
            "The order of multiplication is exchanged after the exponential has been exchanged for another "
            "similarity. Where all keys or all values are equal the two agree, whatever the similarity."
        ),
        family="fast-weights",
        check=_check,
        subject=_sides,
        wrong_variants={
            "a single token": _one_token,
            "all keys equal": _equal_keys,
            "all values equal": _equal_values,
            "logits that are logarithms of the products of features": _logarithm_of_products,
        },
        executes=("scaled-dot-product-attention", "linear-attention"),
        expected="refuted",
        smallest=_search,
    ),
)
