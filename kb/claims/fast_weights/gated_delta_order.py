"""The order of fading and correcting in the gated delta rule."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.smallest import find_smallest, mixer_sizes
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Gates = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
    Sides = tuple[Tensor, Tensor]


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    q, k, v = draw.normal(3, 2, 12, 2, 4)
    k = k / k.norm(dim=-1, keepdim=True)
    beta, decay = draw.uniform(0.2, 1, 2, 12, 2), draw.uniform(0.5, 0.9, 2, 12, 2)
    return Measurement(relative(*subject(q, k, v, beta, decay)))


def _sides(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", decay: "Tensor") -> "Sides":
    """Return what the shipped rule gives, and what it gives when the error is taken first."""
    from kb.reference.gated_delta_rule import gated_delta_rule

    faded_first, _ = gated_delta_rule(q, k, v, beta, decay, form="recurrent", normalise="none")
    return faded_first, _error_first(q, k, v, beta, decay)


def _error_first(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", decay: "Tensor") -> "Tensor":
    """Return o of S_t = decay_t S + beta_t k_t (v_t - S^T k_t)^T, where S is the memory before it fades."""
    import torch

    memory = v.new_zeros(k.shape[0], k.shape[2], k.shape[3], v.shape[3])
    outputs = []
    for t in range(k.shape[1]):
        error = v[:, t] - torch.einsum("bhkv,bhk->bhv", memory, k[:, t])
        written = torch.einsum("bh,bhk,bhv->bhkv", beta[:, t], k[:, t], error)
        memory = decay[:, t, :, None, None] * memory + written
        outputs.append(torch.einsum("bhkv,bhk->bhv", memory, q[:, t]))
    return torch.stack(outputs, dim=1)


def _nothing_fades(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", decay: "Tensor") -> "Sides":
    return _sides(q, k, v, beta, decay * 0 + 1)


def _one_token(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", decay: "Tensor") -> "Sides":
    return _sides(*(one[:, :1] for one in (q, k, v, beta, decay)))


def _keys_never_meet(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", decay: "Tensor") -> "Sides":
    import torch

    # four orthonormal keys, each used once: there is never anything to correct
    own = torch.eye(4, dtype=k.dtype)[None, :, None].expand(2, 4, 2, 4)
    return _sides(q[:, :4], own, v[:, :4], beta[:, :4], decay[:, :4])


def _search(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        fades_first, error_first = subject(**inputs)
        return {"gated delta rule": fades_first, "error before decay": error_first}

    simple = {"q": (0, 1), "k": (0, 1), "v": (0, 1, 2), "beta": (1, 0.5), "decay": (1, 0.5)}
    return find_smallest(run, mixer_sizes(3, beta=(), decay=()), simple)


CLAIMS = (
    Claim(
        id="gated-delta-rule-takes-its-error-before-it-fades",
        statement=(
            "The gated delta rule may take its error from the memory as it was, fade the memory and then write: the "
            "order of fading and correcting does not matter."
        ),
        kind="separation",
        between=("delta-rule", "gated-delta-rule"),
        evidence=Evidence("arxiv:2412.06464", "Section 3, the definition of the gated delta rule"),
        inputs="normal q and v, unit keys, beta 0.2 to 1, decay 0.5 to 0.9; B 2, T 12, H 2, K 4, V 4; float64",
        equation=(
            r"S_t = \alpha_t (I - \beta_t k_t k_t^\top) S_{t-1} + \beta_t k_t v_t^\top \;\neq\; "
            r"(\alpha_t I - \beta_t k_t k_t^\top) S_{t-1} + \beta_t k_t v_t^\top"
        ),
        bound=1e-12,
        why_bound="Were the order free, both would be the same sums of twelve terms, but for rounding.",
        pitfall=(
            "The two orders agree on the first token, where nothing fades, and for orthonormal keys that never meet "
            "again, so a short test passes both."
        ),
        family="fast-weights",
        check=_check,
        subject=_sides,
        wrong_variants={
            "nothing fades": _nothing_fades,
            "a single token": _one_token,
            "orthonormal keys, each used once": _keys_never_meet,
        },
        executes=("gated-delta-rule",),
        expected="refuted",
        smallest=_search,
    ),
)
