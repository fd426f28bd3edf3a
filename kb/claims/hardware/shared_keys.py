"""Keys and values for groups of heads: the two ends of the choice, their memory, and what averaging does."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import run_in_parts
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]

_HEADS = 4


def _grouped(q: "Tensor", k: "Tensor", v: "Tensor", groups: int) -> "Tensor":
    from functools import partial

    from kb.reference.grouped_query_attention import grouped_query_attention

    return run_in_parts(partial(grouped_query_attention, groups=groups), q, k, v)


def _own_keys(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    return scaled_dot_product_attention(q, k, v)[0]


def _one_head_of_keys(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    from kb.reference.multi_query_attention import multi_query_attention

    return run_in_parts(multi_query_attention, q, k, v)


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject at both ends of the choice against what each is said to be, and between against two
    multi-query attentions side by side."""
    import torch

    q, k, v = (draw.normal(2, 6, _HEADS, width) for width in (4, 4, 3))
    halves = zip(*(x.chunk(2, dim=2) for x in (q, k, v)), strict=True)
    expected = {
        1: _one_head_of_keys(q, k, v),
        2: torch.cat([_one_head_of_keys(*half) for half in halves], dim=2),
        _HEADS: _own_keys(q, k, v),
    }
    return Measurement(find_worst(relative(subject(q, k, v, groups), one) for groups, one in expected.items()))


def _dealt_in_turn(q: "Tensor", k: "Tensor", v: "Tensor", groups: int) -> "Tensor":
    mixed = [head for group in range(groups) for head in range(group, _HEADS, groups)]
    back = [mixed.index(head) for head in range(_HEADS)]
    return _grouped(q[:, :, mixed], k[:, :, mixed], v[:, :, mixed], groups)[:, :, back]


def _heads_for_groups(q: "Tensor", k: "Tensor", v: "Tensor", groups: int) -> "Tensor":
    return _grouped(q, k, v, _HEADS // groups)


def _sum_for_mean(q: "Tensor", k: "Tensor", v: "Tensor", groups: int) -> "Tensor":
    return _grouped(q, k * (_HEADS // groups), v, groups)


def _values_of_each_head(q: "Tensor", k: "Tensor", v: "Tensor", groups: int) -> "Tensor":
    shared = k.view(*k.shape[:2], groups, -1, k.shape[3]).mean(dim=3)
    return _own_keys(q, shared.repeat_interleave(_HEADS // groups, dim=2), v)


def _check_projections(subject: Subject, draw: Draw) -> Measurement:
    """Measure multi-head attention whose heads have the subject's projections against one head of keys."""
    width = 8
    x = draw.normal(2, 6, width)
    w = {name: draw.normal(width, width, scale=width**-0.5) for name in ("w_q", "w_k", "w_v", "w_o")}
    keys, values = (w[name][:, : width // _HEADS] for name in ("w_k", "w_v"))
    q = (x @ w["w_q"]).view(2, 6, _HEADS, -1)
    k, v = ((x @ one)[:, :, None].expand_as(q) for one in (keys, values))
    expected = _one_head_of_keys(q, k, v).flatten(-2) @ w["w_o"]
    return Measurement(relative(subject(x, w, keys, values), expected))


def _all_heads_equal(x: "Tensor", w: "dict[str, Tensor]", keys: "Tensor", values: "Tensor") -> "Tensor":
    from kb.reference.multi_head_attention import multi_head_attention

    return multi_head_attention(
        x, {**w, "w_k": keys.repeat(1, _HEADS), "w_v": values.repeat(1, _HEADS)}, heads=_HEADS
    )


def _values_of_all_heads(x: "Tensor", w: "dict[str, Tensor]", keys: "Tensor", values: "Tensor") -> "Tensor":
    from kb.reference.multi_head_attention import multi_head_attention

    return multi_head_attention(x, {**w, "w_k": keys.repeat(1, _HEADS)}, heads=_HEADS)


def _queries_equal_too(x: "Tensor", w: "dict[str, Tensor]", keys: "Tensor", values: "Tensor") -> "Tensor":
    same = {**w, "w_q": w["w_q"][:, : keys.shape[1]].repeat(1, _HEADS)}
    return _all_heads_equal(x, same, keys, values)


def _check_sides(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(*draw.normal(3, 2, 6, _HEADS, 4))))


def _before_and_after(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    return _own_keys(q, k, v), _one_head_of_keys(q, k, v)


def _equal_heads(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    return _before_and_after(q, *(one[:, :, :1].expand_as(one) for one in (k, v)))


def _single_head(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    return _before_and_after(*(one[:, :, :1] for one in (q, k, v)))


def _search(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        before, after = subject(**inputs)
        return {"keys for each head": before, "their mean for all": after}

    sizes = [dict.fromkeys(("q", "k", "v"), (T, 2, 1)) for T in (1, 2)]
    return find_smallest(run, sizes, (0, 1))


def _check_cache(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the numbers kept after 7 tokens are from the subject's count, for all three kinds."""
    from kb.reference.grouped_query_attention import grouped_query_attention
    from kb.reference.guest_counting import count_numbers
    from kb.reference.multi_query_attention import multi_query_attention
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    q, k, v = (draw.normal(2, 7, _HEADS, width) for width in (4, 4, 3))
    kept = {
        _HEADS: scaled_dot_product_attention(q, k, v)[1],
        2: grouped_query_attention(q, k, v, groups=2)[1],
        1: multi_query_attention(q, k, v)[1],
    }
    counts = {groups: count_numbers(state) for groups, state in kept.items()}
    apart = [abs((count or 0) - subject(2, 7, groups, 4, 3)) for groups, count in counts.items()]
    return Measurement(find_worst(apart), ", ".join(f"{count} for {groups}" for groups, count in counts.items()))


def _a_head_of_each(batch: int, tokens: int, groups: int, keys: int, values: int) -> int:
    return batch * tokens * groups * (keys + values)


def _of_all_heads(batch: int, tokens: int, groups: int, keys: int, values: int) -> int:
    return batch * tokens * _HEADS * (keys + values)


def _keys_alone(batch: int, tokens: int, groups: int, keys: int, values: int) -> int:
    return batch * tokens * groups * keys


def _a_matrix(batch: int, tokens: int, groups: int, keys: int, values: int) -> int:
    return batch * groups * keys * values


CLAIMS = (
    Claim(
        id="grouped-query-attention-lies-between-its-two-ends",
        statement=(
            "With as many groups as heads, grouped-query attention is attention with keys for each head; with one "
            "group it is multi-query attention; with two, two multi-query attentions side by side."
        ),
        kind="reduction",
        between=("multi-head-attention", "multi-query-attention", "grouped-query-attention"),
        evidence=Evidence("arxiv:2305.13245", "Section 2.2"),
        inputs="standard normal q, k, v; 1, 2 and 4 groups of 4 heads; B 2, T 6, K 4, V 3; in three parts; float64",
        bound=1e-12,
        why_bound="The same sums of at most six terms: rounding is near 1e-15.",
        pitfall="Neighbouring heads make a group; weights of a model that deals heads out in turn do not fit.",
        family="hardware",
        check=_check,
        subject=_grouped,
        wrong_variants={
            "heads dealt to the groups in turn": _dealt_in_turn,
            "as many groups as heads in a group": _heads_for_groups,
            "the sum of a group's keys": _sum_for_mean,
            "values of each head": _values_of_each_head,
        },
        executes=("grouped-query-attention", "multi-query-attention", "scaled-dot-product-attention"),
    ),
    Claim(
        id="multi-query-attention-is-multi-head-attention-with-equal-heads",
        statement=(
            "Multi-head attention whose heads all have the same key projection, and all the same value projection, "
            "is multi-query attention; their queries may differ."
        ),
        kind="reduction",
        between=("multi-head-attention", "multi-query-attention"),
        evidence=Evidence("arxiv:1911.02150", "Section 3"),
        inputs="normal x and weights; B 2, T 6, D 8, 4 heads; float64",
        equation=r"W_1^K = \dots = W_H^K, \qquad W_1^V = \dots = W_H^V",
        bound=1e-12,
        why_bound="The same sums of at most eight products: rounding is near 1e-15.",
        family="hardware",
        check=_check_projections,
        subject=_all_heads_equal,
        wrong_variants={
            "values of each head": _values_of_all_heads,
            "queries equal too": _queries_equal_too,
        },
        executes=("multi-query-attention", "multi-head-attention"),
    ),
    Claim(
        id="averaging-the-heads-of-a-model-keeps-its-function",
        statement=(
            "A model with keys and values for each head may be given one head of each by taking their mean: what it "
            "computes stays the same."
        ),
        kind="separation",
        between=("multi-head-attention", "multi-query-attention", "grouped-query-attention"),
        evidence=Evidence("arxiv:2305.13245", "Section 2.1"),
        inputs="standard normal q, k, v; B 2, T 6, H 4, K 4, V 4; float64",
        bound=1e-12,
        why_bound="Were it so, the two would differ by rounding, near 1e-15.",
        pitfall=(
            "The mean is only where the further training starts that the paper asks for. Already at one token, where "
            "keys do not matter, every head answers with the mean of all values."
        ),
        family="hardware",
        check=_check_sides,
        subject=_before_and_after,
        wrong_variants={
            "heads with equal keys and values": _equal_heads,
            "a single head": _single_head,
        },
        executes=("multi-query-attention", "scaled-dot-product-attention"),
        expected="refuted",
        smallest=_search,
    ),
    Claim(
        id="a-decoder-keeps-keys-and-values-of-every-group",
        statement=(
            "After T tokens a decoder keeps T times the groups times the sizes of a key and a value: with one group "
            "of four heads a quarter of what multi-head attention keeps, with two a half."
        ),
        kind="count",
        between=("multi-head-attention", "multi-query-attention", "grouped-query-attention"),
        evidence=Evidence("arxiv:1911.02150", "Section 3"),
        inputs="shapes alone; 1, 2 and 4 groups of 4 heads; B 2, T 7, K 4, V 3",
        equation=r"B\, T\, G\, (d_k + d_v)",
        bound=0.0,
        why_bound="Numbers are counted.",
        pitfall="Operations are as many as before: what is saved is memory, and the time to read it.",
        family="hardware",
        check=_check_cache,
        subject=_a_head_of_each,
        wrong_variants={
            "keys and values of all heads": _of_all_heads,
            "keys alone": _keys_alone,
            "a matrix that does not grow": _a_matrix,
        },
        executes=("multi-query-attention", "grouped-query-attention", "scaled-dot-product-attention"),
        draws=1,
    ),
)
