"""PanGu-pi's three inequalities: how far attention, ReLU and a matrix can carry the tokens of a sequence apart."""

import math
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_WIDTH = 8


def _distance(z: "Tensor") -> "Tensor":
    """Return d_M: how far each sequence (N, T, D) is from the nearest one whose tokens are all the same."""
    length: Tensor = (z - z.mean(dim=1, keepdim=True)).flatten(1).norm(dim=1)
    return length


def _worst(after: "Tensor", bound: "Tensor") -> Measurement:
    ratios = _distance(after) / bound
    return Measurement(
        float(ratios.max()), f"from {float(ratios.min()):.3g} to {float(ratios.max()):.3g} of the bound"
    )


def _check_attention(subject: Subject, draw: Draw) -> Measurement:
    """Measure the distance behind one head of attention by its bound: random tokens, and tokens half of which ask
    for the greatest first channel and half for the least."""
    import torch

    from kb.reference.multi_head_attention import multi_head_attention

    z = draw.normal(4, 8, _WIDTH)
    signs = (-1.0) ** torch.arange(8, dtype=z.dtype)
    first, second = torch.eye(_WIDTH, dtype=z.dtype)[:2]
    divided = z[:, :, :1] * first + 0.1 * signs[:, None] * second
    asked = {"w_q": 300 * second[:, None] * first, "w_k": first[:, None] * first}
    drawn = {name: draw.normal(_WIDTH, _WIDTH) / 3 for name in ("w_q", "w_k")}
    w = {"w_v": 2 * draw.orthonormal(_WIDTH, _WIDTH), "w_o": torch.eye(_WIDTH, dtype=z.dtype)}
    outputs, bounds = [], []
    for tokens, scores in ((z, drawn), (divided, asked)):
        outputs.append(multi_head_attention(tokens, {**w, **scores}, heads=1, causal=False))
        q, k = tokens @ scores["w_q"], tokens @ scores["w_k"]
        shares = (q @ k.transpose(1, 2) / _WIDTH**0.5).softmax(dim=-1)
        bounds.append(subject(shares, w["w_v"]) * _distance(tokens))
    return _worst(torch.cat(outputs), torch.cat(bounds))


def _root_of_lambda(shares: "Tensor", matrix: "Tensor") -> "Tensor":
    """Return sqrt(lambda) s: lambda the greatest eigenvalue of A^T (I - e e^T) A, s the greatest singular value."""
    import torch

    spread = shares - shares.mean(dim=1, keepdim=True)
    greatest: Tensor = torch.linalg.eigvalsh(spread.transpose(1, 2) @ spread)[:, -1]
    return greatest.sqrt() * _greatest_stretch(matrix)


def _lambda_taken_for_one(shares: "Tensor", matrix: "Tensor") -> "Tensor":
    return _greatest_stretch(matrix).expand(len(shares))


def _without_matrix(shares: "Tensor", matrix: "Tensor") -> "Tensor":
    import torch

    return _root_of_lambda(shares, torch.eye(_WIDTH, dtype=shares.dtype))


def _second_eigenvalue(shares: "Tensor", matrix: "Tensor") -> "Tensor":
    # the eigenvalue of A itself behind its first, as of a Markov chain: that needs columns that add up to one too
    import torch

    second: Tensor = torch.linalg.eigvals(shares).abs().sort(dim=-1).values[:, -2]
    return second * _greatest_stretch(matrix)


def _check_relu(subject: Subject, draw: Draw) -> Measurement:
    """Measure the distance behind ReLU by its bound, for tokens around zero and for tokens well above it."""
    import torch

    from kb.reference.position_wise_feed_forward import position_wise_feed_forward

    z = draw.normal(8, 8, _WIDTH, scale=0.5)
    z[4:] += 2
    same, zero = torch.eye(_WIDTH, dtype=z.dtype), z.new_zeros(_WIDTH)
    after = position_wise_feed_forward(z, {"w_1": same, "b_1": zero, "w_2": same, "b_2": zero})
    return _worst(after, subject(z, after))


def _of_tokens(z: "Tensor", after: "Tensor") -> "Tensor":
    return _distance(z)


def _halved_square(z: "Tensor", after: "Tensor") -> "Tensor":
    return _distance(z) / 2**0.5


def _of_shares_alive(z: "Tensor", after: "Tensor") -> "Tensor":
    return _distance(z) * (after > 0).to(z.dtype).mean(dim=(1, 2))


def _check_linear(subject: Subject, draw: Draw) -> Measurement:
    """Measure the distance behind a random matrix by its bound, for tokens along the direction it stretches most."""
    import torch

    from kb.reference.position_wise_feed_forward import position_wise_feed_forward

    matrix, z = draw.normal(_WIDTH, _WIDTH), draw.normal(8, 8, _WIDTH)
    z[4:] = z[4:, :, :1] * torch.linalg.svd(matrix).U[:, 0]
    # inner biases so great that every unit answers: the network is then the matrix and a constant
    w = {"w_1": torch.eye(_WIDTH, dtype=z.dtype), "b_1": 100 + z.new_zeros(_WIDTH), "w_2": matrix}
    after = position_wise_feed_forward(z, {**w, "b_2": -w["b_1"] @ matrix})
    return _worst(after, subject(matrix) * _distance(z))


def _greatest_stretch(matrix: "Tensor") -> "Tensor":
    import torch

    stretch: Tensor = torch.linalg.matrix_norm(matrix, 2)
    return stretch


def _greatest_eigenvalue(matrix: "Tensor") -> "Tensor":
    import torch

    eigenvalue: Tensor = torch.linalg.eigvals(matrix).abs().max()
    return eigenvalue


def _mean_stretch(matrix: "Tensor") -> "Tensor":
    length: Tensor = matrix.norm()
    return length / math.sqrt(_WIDTH)


def _greatest_entry(matrix: "Tensor") -> "Tensor":
    entry: Tensor = matrix.abs().max()
    return entry


_TIGHT = "Where the inequality is reached, rounding may pass it by some 1e-15; a violation would be far more."

CLAIMS = (
    Claim(
        id="attention-parts-tokens-by-the-root-of-lambda-at-most",
        statement=(
            "One head of attention carries a sequence from the nearest one of equal tokens by sqrt(lambda) times s "
            "at most as far as it was: lambda the greatest eigenvalue of A^T (I - e e^T) A for the shares A and e = "
            "1 over the root of the number of tokens, s the greatest singular value of W_V W_O."
        ),
        kind="inequality",
        between=("self-attention", "rank-collapse", "pangu-pi"),
        evidence=Evidence("arxiv:2312.17276", "Section 3, lemma and theorem on attention"),
        inputs=(
            "normal tokens, and tokens that ask for the greatest and the least in turn; T 8, D 8, one head; float64"
        ),
        equation=r"d_M(A Z W) \le \sqrt{\lambda}\; s\; d_M(Z), \qquad d_M(Z) = \lVert (I - e e^\top) Z \rVert_F",
        bound=1 + 1e-9,
        why_bound=_TIGHT,
        pitfall=(
            "The theorem's remark that lambda is below one needs shares whose columns add up to one as well; those "
            "of a softmax do not, and attention can carry tokens apart."
        ),
        family="pre-training",
        check=_check_attention,
        subject=_root_of_lambda,
        wrong_variants={
            "lambda taken for one": _lambda_taken_for_one,
            "the second eigenvalue of the shares": _second_eigenvalue,
            "the matrix left out": _without_matrix,
        },
        executes=("multi-head-attention",),
    ),
    Claim(
        id="relu-carries-tokens-no-further-apart",
        statement=(
            "ReLU carries a sequence no further from the nearest one of equal tokens than it was, where all tokens "
            "count alike."
        ),
        kind="inequality",
        between=("relu", "rank-collapse", "pangu-pi"),
        evidence=Evidence("arxiv:2312.17276", "Section 3, Lemma 1"),
        inputs="normal tokens of size 0.5, around 0 and around 2; T 8, D 8; float64",
        equation=r"d_M(\max(0, Z)) \le d_M(Z)",
        bound=1 + 1e-9,
        why_bound=_TIGHT,
        pitfall="GELU has slopes up to 1.13, so that for it the bound carries that factor.",
        family="pre-training",
        check=_check_relu,
        subject=_of_tokens,
        wrong_variants={
            "less by the root of two, as squares are halved": _halved_square,
            "by the share of units that answer": _of_shares_alive,
        },
        executes=("position-wise-feed-forward",),
    ),
    Claim(
        id="a-matrix-parts-tokens-by-its-greatest-singular-value-at-most",
        statement=(
            "A linear map carries a sequence from the nearest one of equal tokens by its greatest singular value at "
            "most as far as it was."
        ),
        kind="inequality",
        between=("rank-collapse", "pangu-pi"),
        evidence=Evidence("arxiv:2312.17276", "Section 3, Lemma 1"),
        inputs="normal tokens, and tokens along the direction that a normal matrix stretches most; T 8, D 8; float64",
        equation=r"d_M(Z W) \le s\; d_M(Z), \qquad s = \sigma_{\max}(W)",
        bound=1 + 1e-9,
        why_bound=_TIGHT,
        family="pre-training",
        check=_check_linear,
        subject=_greatest_stretch,
        wrong_variants={
            "its greatest eigenvalue": _greatest_eigenvalue,
            "its mean stretch": _mean_stretch,
            "its greatest entry": _greatest_entry,
        },
        executes=("position-wise-feed-forward",),
    ),
)
