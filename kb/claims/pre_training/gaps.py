"""Gaps: how many there are, what stands in them, and how often a text comes back with the same ones."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Shares = tuple[float, float, float, float]

_WORDS, _ROWS, _TOKENS = 32, 180, 40
_READINGS, _COPIES = 40, 10


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the shares of 1080 gaps are from the subject's: of all places, and what stands in them."""
    tokens = draw.integers(1, _WORDS, _ROWS, _TOKENS)
    losses = _losses_that_tell(tokens, draw.seed)
    found = losses[losses != 0]
    # guessed easily where the word stands there, a matter of chance at <mask>, and hard behind another word
    masked, other, kept = (found > 3) & (found < 4), found >= 4, found <= 3
    shares = [len(found) / losses.numel(), *(float(one.double().mean()) for one in (masked, other, kept))]
    apart = [abs(share - expected) for share, expected in zip(shares, subject(), strict=True)]
    words = "{:.1%} of all places are gaps; of these {:.1%} <mask>, {:.1%} another word, {:.1%} as they were"
    return Measurement(find_worst(apart), words.format(*shares))


def _losses_that_tell(tokens: "Tensor", seed: int) -> "Tensor":
    """Return the losses of a model that says what it sees: word i has the vector e_i, <mask> none, attention and
    network are silent. At <mask> all words cost ln 32 = 3.5; a word that is seen costs 1.2, any other more than 6."""
    import torch

    from kb.reference.masked_language_model import masked_language_model

    one, zero, square = torch.ones(_WORDS), torch.zeros(_WORDS), torch.zeros(_WORDS, _WORDS)
    embedding = torch.eye(_WORDS)
    embedding[0] = 0
    w = {"embedding": embedding, "position": torch.zeros(_TOKENS, _WORDS), "b_word": zero, "b_1": zero, "b_2": zero}
    w |= dict.fromkeys(("w_q", "w_k", "w_v", "w_o", "w_1", "w_2"), square)
    w |= dict.fromkeys(("g_0", "g_1", "g_2"), one) | dict.fromkeys(("c_0", "c_1", "c_2"), zero)
    return masked_language_model(tokens, w, seed=seed)


def _as_printed() -> "Shares":
    return 0.15, 0.8, 0.1, 0.1


def _masks_alone() -> "Shares":
    return 0.15, 1.0, 0.0, 0.0


def _nothing_kept() -> "Shares":
    return 0.15, 0.8, 0.2, 0.0


def _no_other_word() -> "Shares":
    return 0.15, 0.8, 0.0, 0.2


def _shares_of_the_text() -> "Shares":
    return 1.0, 0.8, 0.1, 0.1


def _read(tokens: "Tensor", w: "dict[str, Tensor]", reading: int, copies: int, seed: int = 0) -> "Tensor":
    from kb.reference.dynamic_masking import dynamic_masking

    return dynamic_masking(tokens, w, reading=reading, copies=copies, seed=seed)


def _check_copies(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject's losses at readings before and after all copies were used against those of the copy."""
    tokens, w = draw.integers(1, 9, 2, 20), {"embedding": draw.normal(9, 4), "b_word": draw.normal(9)}
    return Measurement(
        find_worst(relative(subject(tokens, w, e), _read(tokens, w, e % _COPIES, 0)) for e in (3, 9, 10, 23))
    )


def _ten_copies(tokens: "Tensor", w: "dict[str, Tensor]", reading: int) -> "Tensor":
    return _read(tokens, w, reading, _COPIES)


def _drawn_anew(tokens: "Tensor", w: "dict[str, Tensor]", reading: int) -> "Tensor":
    return _read(tokens, w, reading, 0)


def _one_copy(tokens: "Tensor", w: "dict[str, Tensor]", reading: int) -> "Tensor":
    return _read(tokens, w, reading, 1)


def _each_copy_four_times(tokens: "Tensor", w: "dict[str, Tensor]", reading: int) -> "Tensor":
    return _read(tokens, w, reading // 4, 0)


def _check_cover(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the share of places that forty readings hide is from the subject's, for both ways."""
    import torch

    tokens, w = draw.integers(1, 9, 60, 20), {"embedding": torch.eye(9), "b_word": torch.zeros(9)}
    shares = []
    for copies in (0, _COPIES):
        hidden = [_read(tokens, w, reading, copies, draw.seed) != 0 for reading in range(_READINGS)]
        shares.append(float(torch.stack(hidden).any(dim=0).double().mean()))
    apart = [abs(share - expected) for share, expected in zip(shares, subject(), strict=True)]
    return Measurement(find_worst(apart), "{:.1%} hidden once at least, {:.1%} with ten copies".format(*shares))


def _chances() -> tuple[float, float]:
    return 1 - 0.85**_READINGS, 1 - 0.85**_COPIES


def _as_often_read() -> tuple[float, float]:
    return 1 - 0.85**_READINGS, 1 - 0.85**_READINGS


def _chances_added() -> tuple[float, float]:
    return 1.0, min(1.0, 0.15 * _COPIES)


def _always_the_same() -> tuple[float, float]:
    return 0.15, 0.15


CLAIMS = (
    Claim(
        id="of-fifteen-per-cent-eight-tenths-become-mask",
        statement=(
            "Of a text 15 % of the places are gaps. Of these 80 % read <mask>, 10 % another word and 10 % are left "
            "as they were; all of them are guessed."
        ),
        kind="count",
        between=("masked-language-model",),
        evidence=Evidence("arxiv:1810.04805", "Section 3.1, task 1, and appendix A.1"),
        inputs="180 random texts of 40 of 31 words, 1080 gaps; a model that says what it sees; float32",
        bound=0.07,
        why_bound=(
            "Shares of 1080 draws scatter by 0.012 at most, and a random word is <mask> or the same word once in "
            "sixteen, which is 0.006: the bound is five times the former and more. Other readings are off by 0.1."
        ),
        pitfall="80, 10 and 10 are shares of the gaps, 12, 1.5 and 1.5 per cent of the text.",
        family="pre-training",
        check=_check,
        subject=_as_printed,
        wrong_variants={
            "<mask> in every gap": _masks_alone,
            "no word kept": _nothing_kept,
            "no other word": _no_other_word,
            "shares of the text": _shares_of_the_text,
        },
        executes=("masked-language-model",),
    ),
    Claim(
        id="ten-copies-of-a-text-come-back-in-turn",
        statement=(
            "With ten masked copies of every text on disk, reading e has the gaps of reading e mod 10; before they "
            "come back they are those of masks drawn at every reading."
        ),
        kind="reduction",
        between=("masked-language-model", "dynamic-masking"),
        evidence=Evidence("arxiv:1907.11692", "Section 4.1"),
        inputs="two random texts of 20 of 8 words, normal tables; readings 3, 9, 10 and 23; float64",
        bound=0.0,
        why_bound="The same draws and the same operations.",
        pitfall="Forty epochs over ten copies read each mask four times.",
        family="pre-training",
        check=_check_copies,
        subject=_ten_copies,
        wrong_variants={
            "drawn anew at every reading": _drawn_anew,
            "one copy": _one_copy,
            "each copy four times in a row": _each_copy_four_times,
        },
        executes=("dynamic-masking",),
    ),
    Claim(
        id="ten-copies-never-hide-a-fifth-of-the-text",
        statement=(
            "In forty readings, masks that are drawn each time hide all but one place in seven hundred once at "
            "least; ten copies leave a fifth of the text that is never guessed."
        ),
        kind="count",
        between=("masked-language-model", "dynamic-masking"),
        evidence=Evidence("arxiv:1907.11692", "Section 4.1"),
        inputs="60 random texts of 20 of 8 words, 40 readings, ten copies and none; float32",
        equation=r"1 - (1 - 0.15)^{40} = 0.9985, \qquad 1 - (1 - 0.15)^{10} = 0.803",
        bound=0.06,
        why_bound="Shares of 1200 places scatter by 0.0115 at most: the bound is five times that.",
        pitfall="The paper finds the two of nearly the same use.",
        family="pre-training",
        check=_check_cover,
        subject=_chances,
        wrong_variants={
            "ten copies hide as much as forty": _as_often_read,
            "chances added up": _chances_added,
            "always the same gaps": _always_the_same,
        },
        executes=("dynamic-masking",),
    ),
)
