"""The denominator of linear attention: a second running sum, which the fast weights of 1991 do not have."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import relative_with_gradients, run_in_parts
from kb.claims.smallest import find_smallest, mixer_sizes
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]

_CONSTANT = 1e-6
"""What a widespread library adds to the denominator."""


def _check_quotient(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst relative difference between the subject and linear attention in both forms, gradients too."""
    from kb.reference.linear_attention import linear_attention

    q, k = draw.normal(2, 2, 6, 3, 4)
    v = draw.normal(2, 6, 3, 5)
    forms = [partial(run_in_parts, partial(linear_attention, form=form)) for form in ("parallel", "recurrent")]
    return Measurement(find_worst(relative_with_gradients(one, subject, q, k, v) for one in forms))


def _phi(x: "Tensor") -> "Tensor":
    from torch.nn.functional import elu

    features: Tensor = elu(x) + 1
    return features


def _programmed(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    from kb.reference.fast_weight_programmer import fast_weight_programmer

    return fast_weight_programmer(q, k, v, features="elu")[0]


def _shares(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    """Return the running sum of phi(q_t) . phi(k_i): what a memory answers whose values are all one."""
    return _programmed(q, k, v.new_ones(*v.shape[:3], 1))


def _quotient(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    return _programmed(q, k, v) / _shares(q, k, v)


def _over_all_keys(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    all_keys = _phi(k).sum(dim=1, keepdim=True)
    return _programmed(q, k, v) / (_phi(q) * all_keys).sum(dim=-1, keepdim=True)


def _over_keys_alone(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    return _programmed(q, k, v) / _phi(k).cumsum(dim=1).sum(dim=-1, keepdim=True)


def _over_number_of_tokens(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    import torch

    return _programmed(q, k, v) / torch.arange(1, k.shape[1] + 1, dtype=k.dtype)[:, None, None]


def _when_stored(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    # a value divided once, when it is stored, by its own query's sum
    return _programmed(q, k, v / _shares(q, k, v))


def _check_sides(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    q, k, v = draw.normal(3, 2, 12, 2, 4)
    return Measurement(relative(*subject(q, k, v)))


def _as_printed(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    from kb.reference.linear_attention import linear_attention

    return linear_attention(q, k, v)[0], _programmed(q, k, v)


def _without_denominator(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    from kb.reference.linear_attention import linear_attention

    return linear_attention(q, k, v, normalise=False)[0], _programmed(q, k, v)


def _second_memory(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    return _as_printed(q, k, v)[0], _quotient(q, k, v)


def _find_smallest_quotient(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        printed, programmed = subject(**inputs)
        return {"linear attention": printed, "fast weight programmer": programmed}

    return find_smallest(run, mixer_sizes(2), (0, 1, 2))


def _check_faint(subject: Subject, draw: Draw) -> Measurement:
    """Measure the same where all features are faint: channels of queries and keys near -9."""
    q, k, v = draw.normal(3, 2, 12, 2, 4)
    return Measurement(relative(*subject(q - 9, k - 9, v)))


def _with_constant(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    from kb.reference.linear_attention import linear_attention

    return _programmed(q, k, v) / (_shares(q, k, v) + _CONSTANT), linear_attention(q, k, v)[0]


def _about_zero(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    return _with_constant(q + 9, k + 9, v)


def _share_of_the_sum(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    from kb.reference.linear_attention import linear_attention

    shares = _shares(q, k, v)
    return _programmed(q, k, v) / (shares + _CONSTANT * shares), linear_attention(q, k, v)[0]


def _find_smallest_constant(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        with_constant, without = subject(**inputs)
        return {"with the constant": with_constant, "as printed": without}

    return find_smallest(run, mixer_sizes(1), {"q": (0, -8), "k": (0, -8), "v": (0, 1)})


CLAIMS = (
    Claim(
        id="linear-attention-divides-two-fast-weight-memories",
        statement=(
            "Linear attention with its denominator, token by token or over all pairs at once, is the quotient of two "
            "fast weight memories that share keys and queries: one holds the values, the other holds a one for every "
            "value."
        ),
        kind="equality",
        between=("fast-weight-programmer", "linear-attention"),
        evidence=Evidence("arxiv:2006.16236", "Sections 3.2 to 3.4"),
        inputs="standard normal q, k, v; B 2, T 6, H 3, K 4, V 5; run in three parts; float64 and float32",
        equation=(
            r"o_t = \frac{\sum_{i \le t} \phi(q_t)^\top \phi(k_i)\, v_i}{\sum_{i \le t} \phi(q_t)^\top \phi(k_i)}"
        ),
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Two sums of at most six positive weights and one division: rounding is near 1e-15.",
        pitfall="The denominator depends on the query: it is not a norm of the keys that could be stored once.",
        family="fast-weights",
        check=_check_quotient,
        subject=_quotient,
        wrong_variants={
            "without the denominator": _programmed,
            "divided by the sum over the whole sequence": _over_all_keys,
            "divided by the sum of the keys, whatever the query": _over_keys_alone,
            "divided by the number of tokens": _over_number_of_tokens,
            "each value divided when it is stored": _when_stored,
        },
        executes=("fast-weight-programmer", "linear-attention"),
    ),
    Claim(
        id="normalised-linear-attention-is-the-1991-fast-weight-programmer",
        statement=(
            "Linear attention as it was published, with its denominator, is the additive fast weight programmer of "
            "1991."
        ),
        kind="separation",
        between=("fast-weight-programmer", "linear-attention"),
        evidence=Evidence("arxiv:2102.11174", "Sections 3.1 and 3.2"),
        inputs="standard normal q, k, v; B 2, T 12, H 2, K 4, V 4; float64",
        equation=(
            r"\frac{S_t^\top \phi(q_t)}{z_t^\top \phi(q_t)} \neq S_t^\top \phi(q_t), \qquad "
            r"z_t = \sum_{i \le t} \phi(k_i)"
        ),
        bound=1e-12,
        why_bound="Were they one function, both would be the same sums of twelve terms, but for rounding.",
        pitfall=(
            "The sentence that linear Transformers are fast weight programmers is true apart from normalisation, "
            "which is how its authors put it."
        ),
        family="fast-weights",
        check=_check_sides,
        subject=_as_printed,
        wrong_variants={
            "the denominator left out": _without_denominator,
            "a second memory that holds ones, and the quotient": _second_memory,
        },
        executes=("fast-weight-programmer", "linear-attention"),
        expected="refuted",
        smallest=_find_smallest_quotient,
    ),
    Claim(
        id="the-constant-in-the-denominator-is-harmless",
        statement=(
            "The constant of 1e-6 that libraries add to the denominator of linear attention changes no output by "
            "more than a ten-thousandth of the largest."
        ),
        kind="separation",
        between=("linear-attention",),
        evidence=Evidence("arxiv:2006.16236", "Section 3.2"),
        inputs="normal v, q and k normal about -9; B 2, T 12, H 2, K 4, V 4; float64",
        bound=1e-4,
        why_bound=(
            "A denominator of one or more would change by a millionth at most. Features of channels near -9 are near "
            "e^-9, and their products sum to less than the constant."
        ),
        pitfall="For channels about zero it holds, by a wide margin; nothing in the layer keeps them there.",
        family="fast-weights",
        check=_check_faint,
        subject=_with_constant,
        wrong_variants={
            "channels about zero": _about_zero,
            "a constant share of the sum in the place of a constant": _share_of_the_sum,
        },
        executes=("fast-weight-programmer", "linear-attention"),
        expected="refuted",
        smallest=_find_smallest_constant,
    ),
)
