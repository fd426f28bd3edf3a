"""When a fast weight memory is read, and what the squashing function wraps."""

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


def _check_sides(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    q, k, v = draw.normal(3, 2, 12, 2, 4)
    return Measurement(relative(*subject(q, k, v)))


def _write_first(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    from kb.reference.fast_weight_programmer import fast_weight_programmer

    return fast_weight_programmer(q, k, v)[0]


def _read_first(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    """Return o_t = sum over i < t of (q_t . k_i) v_i, as the fast net of 1992 answers."""
    import torch

    scores = torch.einsum("bthk,bshk->bhts", q, k).tril(-1)
    return torch.einsum("bhts,bshv->bthv", scores, v)


def _either_order(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    return _read_first(q, k, v), _write_first(q, k, v)


def _asked_a_step_later(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    later = q.roll(1, dims=1)
    return _read_first(later, k, v)[:, 1:], _write_first(q, k, v)[:, :-1]


def _blind_to_itself(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    q = q - (q * k).sum(dim=-1, keepdim=True) / k.square().sum(dim=-1, keepdim=True) * k
    return _either_order(q, k, v)


def _find_smallest_order(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        read_first, write_first = subject(**inputs)
        return {"read, then write": read_first, "write, then read": write_first}

    return find_smallest(run, mixer_sizes(2))


def _squashed(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    from kb.reference.fast_weight_programmer import fast_weight_programmer

    return fast_weight_programmer(q, k, v, squash="tanh")[0]


def _squashed_writes(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    """Return the answers of a plain sum of tanh(k_i v_i^T)."""
    import torch

    memory = torch.einsum("bthk,bthv->bthkv", k, v).tanh().cumsum(dim=1)
    return torch.einsum("bthkv,bthk->bthv", memory, q)


def _either_squash(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    return _squashed_writes(q, k, v), _squashed(q, k, v)


def _nothing_before(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    return _either_squash(q[:, :1], k[:, :1], v[:, :1])


def _last_write_only(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    import torch

    return _either_squash(q, k, torch.cat([v[:, :-1] * 0, v[:, -1:]], dim=1))


def _no_squash(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    import torch

    memory = torch.einsum("bthk,bthv->bthkv", k, v).cumsum(dim=1)
    return torch.einsum("bthkv,bthk->bthv", memory, q), _write_first(q, k, v)


def _find_smallest_squash(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        writes, matrix = subject(**inputs)
        return {"each write squashed": writes, "the matrix squashed": matrix}

    return find_smallest(run, mixer_sizes(2))


def _check_fading(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far what the subject answers for a key is from tanh applied to its value once a token since."""
    import torch

    T = 6
    # T orthonormal keys, one a token: nobody else touches what a key holds, and every query asks for the first key
    k = torch.eye(T, dtype=draw.dtype)[None, :, None]
    v = draw.normal(1, T, 1, 3)
    faded = [v[0, 0, 0]]
    for _ in range(T):
        faded.append(faded[-1].tanh())
    found = subject(k[:, :1].expand_as(k), k, v)
    return Measurement(relative(found[0, :, 0], torch.stack(faded[1:])))


def _squashed_answers(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    return _write_first(q, k, v).tanh()


def _squashed_values(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    return _write_first(q, k, v.tanh())


CLAIMS = (
    Claim(
        id="reading-before-or-after-writing-is-the-same",
        statement="Whether a fast weight programmer reads its memory before or after it writes makes no difference.",
        kind="separation",
        between=("fast-weight-programmer",),
        evidence=Evidence("arxiv:2102.11174", "Section 2, equations 1-3"),
        papers=("doi:10.1162/neco.1992.4.1.131",),
        inputs="standard normal q, k, v; B 2, T 12, H 2, K 4, V 4; float64",
        equation=r"S_{t-1}^\top q_t \neq S_t^\top q_t = S_{t-1}^\top q_t + (k_t^\top q_t)\, v_t",
        bound=1e-12,
        why_bound="Were the order free, both would be the same sums of twelve terms, but for rounding.",
        pitfall=(
            "The older order is the same recurrence seen one step later: asked after the next token, it knows what "
            "the newer order knows now. Attention sees its own token, so the equality with it needs writing first."
        ),
        family="fast-weights",
        check=_check_sides,
        subject=_either_order,
        wrong_variants={
            "each query asked a step later": _asked_a_step_later,
            "queries orthogonal to their own key": _blind_to_itself,
        },
        executes=("fast-weight-programmer",),
        expected="refuted",
        smallest=_find_smallest_order,
    ),
    Claim(
        id="squashing-the-matrix-or-each-write-is-the-same",
        statement=(
            "In a fast weight programmer that squashes, the function may wrap each outer product that is added, "
            "instead of the whole matrix."
        ),
        kind="separation",
        between=("fast-weight-programmer",),
        evidence=Evidence("arxiv:2102.11174", "Section 2, equation 2"),
        inputs="standard normal q, k, v; B 2, T 12, H 2, K 4, V 4; sigma = tanh; float64",
        equation=(r"\sigma\big(S_{t-1} + k_t v_t^\top\big) \neq S_{t-1} + \sigma\big(k_t v_t^\top\big)"),
        bound=1e-12,
        why_bound="Were the place free, the two would differ by rounding, near 1e-15.",
        pitfall="The first write into an empty memory is the same either way, so a test of one token passes both.",
        family="fast-weights",
        check=_check_sides,
        subject=_either_squash,
        wrong_variants={
            "a single token": _nothing_before,
            "nothing written before the last token": _last_write_only,
            "no squashing on either side": _no_squash,
        },
        executes=("fast-weight-programmer",),
        expected="refuted",
        smallest=_find_smallest_squash,
    ),
    Claim(
        id="a-squashed-memory-fades-what-nobody-touches",
        statement=(
            "Where the squashing function wraps the whole matrix, a stored value fades although nothing else is "
            "written under its key: n tokens later the memory answers tanh applied n times more. A plain sum keeps "
            "it."
        ),
        kind="equality",
        between=("fast-weight-programmer",),
        evidence=Evidence("arxiv:2102.11174", "Section 2, equation 2"),
        inputs="normal values under six orthonormal keys, one key a token; V 3; float64 and float32",
        equation=r"k_i \text{ orthonormal}: \quad S_t^\top k_i = \tanh^{\,t - i + 1}(v_i)",
        bound=1e-13,
        bound_single=1e-5,
        why_bound="At most six applications of tanh on either side, each rounded once or twice.",
        family="fast-weights",
        check=_check_fading,
        subject=_squashed,
        wrong_variants={
            "each write squashed": _squashed_writes,
            "each value squashed": _squashed_values,
            "answers squashed, memory not": _squashed_answers,
            "no squashing": _write_first,
        },
        executes=("fast-weight-programmer",),
    ),
)
