"""PanGu-pi's sizes: one first matrix for all activations, or one for each."""

from math import prod

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.records import Evidence

_VOCABULARY = 100_883
_MODELS = ((4096, 29, 6.738e9), (2048, 12, 1.0e9))
"""Width, layers, and the size that goes with the name: LLaMA's 7B, to which the paper likens its own, and 1B."""


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the subject's counts are from the sizes that go with the names, the worse of the two."""
    counts = [subject(width, layers) for width, layers, _ in _MODELS]
    apart = [abs(count / named - 1) for count, (_, _, named) in zip(counts, _MODELS, strict=True)]
    return Measurement(find_worst(apart), " and ".join(f"{count / 1e9:.3f} billion" for count in counts))


def _of(slug: str, width: int, *names: str, hidden: int = 1, narrow: int = 1) -> int:
    """Return how many numbers an idea's header declares under these names, two terms and one shortcut."""
    from kb.reference.parameters import list_weights
    from kb.reference.registry import get_idea

    sizes = {"D": width, "F": hidden, "R": narrow, "n": 2, "shortcuts": 1}
    shapes = {weight.name: [sizes[letter] for letter in weight.shape] for weight in list_weights(get_idea(slug))}
    return sum(prod(shapes[name]) for name in names)


def _count(width: int, layers: int, *, firsts: int = 1, hidden: int = 0, narrow: int = 0, tables: int = 2) -> int:
    """Return the weights of a model whose gated network has ``firsts`` pairs of first matrices."""
    hidden, narrow = hidden or 8 * width // 3, narrow or width // 32
    attention = _of("multi-head-attention", width, "w_q", "w_k", "w_v", "w_o")
    network = firsts * _of("swiglu", width, "w_1", "w_3", hidden=hidden) + _of("swiglu", width, "w_2", hidden=hidden)
    added = _of("pangu-pi", width, "aug_down", "aug_up", "series_a", "series_b", narrow=narrow)
    norms = 2 * _of("rms-norm", width, "g")
    return layers * (attention + network + added + norms) + norms // 2 + tables * _VOCABULARY * width


def _one_matrix(width: int, layers: int) -> int:
    return _count(width, layers)


def _two_matrices(width: int, layers: int) -> int:
    return _count(width, layers, firsts=2)


def _full_shortcut(width: int, layers: int) -> int:
    return _count(width, layers, narrow=width // 2)


def _four_times_as_wide(width: int, layers: int) -> int:
    return _count(width, layers, hidden=4 * width)


def _tied(width: int, layers: int) -> int:
    return _count(width, layers, tables=1)


CLAIMS = (
    Claim(
        id="pangu-pi-shares-one-matrix-among-its-activations",
        statement=(
            "With one first matrix for all terms of the series activation, as equation 7 has it, PanGu-pi's models "
            "have 6.695 and 1.020 billion weights, within 2.5 % of what they are called and likened to. With one for "
            "each of the two terms, as equation 9 can be read, they would have 9.29 and 1.29 billion."
        ),
        kind="count",
        between=("series-activation", "pangu-pi"),
        evidence=Evidence("arxiv:2312.17276", "Equations 7 and 9, and the section on model details"),
        inputs="shapes alone: D 4096 and 29 layers, D 2048 and 12; gated networks 8 / 3 as wide, 100,883 words",
        equation=(
            r"N = L\,\big(4 D^2 + 3 D F + 2 D R + 2 D + 4\big) + D + 2 V D, \qquad F = \tfrac83 D,\ R = \tfrac{D}{32}"
        ),
        bound=0.025,
        why_bound="Names are round: 1.02 for 1B is two per cent off. The other readings are off by six and more.",
        pitfall=(
            "The width of the networks is not in the paper: 8 / 3 is LLaMA's, from which the models are taken. No "
            "official code of the two additions is known."
        ),
        family="pre-training",
        check=_check,
        subject=_one_matrix,
        wrong_variants={
            "a first matrix for each term": _two_matrices,
            "a full matrix in the shortcut": _full_shortcut,
            "networks four times as wide": _four_times_as_wide,
            "one table for words in and out": _tied,
        },
        executes=("pangu-pi", "multi-head-attention", "swiglu", "rms-norm"),
        draws=1,
    ),
)
