"""Batch normalisation: layer normalisation with the axes exchanged, and two variances, one of them for later use."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]

_EPS = 1e-5


def _check_transpose(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject on a matrix of 32 tokens and 20 channels against layer normalisation, shipped and
    torch's."""
    from torch.nn.functional import layer_norm

    from kb.reference.layer_normalisation import layer_normalisation

    x, ones = draw.normal(1, 32, 20, scale=0.1) + draw.normal(1, 32, 1), draw.normal(20).abs() * 0 + 1
    found = subject(x)
    shipped = layer_normalisation(x, {"g": ones, "b": ones * 0})
    return Measurement(find_worst([relative(found, shipped), relative(found, layer_norm(x, (20,), eps=_EPS))]))


def _batch(x: "Tensor", *, over: str = "batch", eps: float = _EPS) -> "Tensor":
    from kb.reference.batch_normalisation import batch_normalisation

    ones = x.new_ones(x.shape[-1])
    return batch_normalisation(x, {"g": ones, "b": ones * 0}, over=over, eps=eps)


def _of_transpose(x: "Tensor") -> "Tensor":
    return _batch(x.transpose(1, 2)).transpose(1, 2)


def _as_it_stands(x: "Tensor") -> "Tensor":
    return _batch(x)


def _one_mean_for_all(x: "Tensor") -> "Tensor":
    return _batch(x.reshape(1, -1, 1)).reshape(x.shape)


def _of_transpose_in_use(x: "Tensor") -> "Tensor":
    return _sides(x.transpose(1, 2), eps=_EPS)[1].transpose(1, 2)


def _statistics_at_rest(x: "Tensor") -> "Tensor":
    # running averages as they start: mean 0, variance 1
    from torch.nn.functional import batch_norm

    rows = x.shape[1]
    return batch_norm(x, x.new_zeros(rows), x.new_ones(rows), eps=_EPS)


def _check_axes(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against torch's batch normalisation in training and the shipped one; and the shipped one
    over the channels against layer normalisation."""
    from torch.nn.functional import batch_norm

    from kb.reference.batch_normalisation import batch_normalisation

    x, g, b = draw.normal(2, 8, 16) / 10 + draw.normal(1, 1, 16), draw.normal(16), draw.normal(16)
    found = subject(x, {"g": g, "b": b})
    library = batch_norm(x.transpose(1, 2), None, None, g, b, training=True, eps=_EPS).transpose(1, 2)
    shipped = batch_normalisation(x, {"g": g, "b": b})
    over_channels = batch_normalisation(x, {"g": g, "b": b}, over="channels")
    turned = relative(over_channels, _layer_over_channels(x, {"g": g, "b": b}))
    return Measurement(find_worst([relative(found, library), relative(found, shipped), turned]))


def _layer_over_batch(x: "Tensor", w: "dict[str, Tensor]") -> "Tensor":
    from kb.reference.layer_normalisation import layer_normalisation

    return layer_normalisation(x, w, over="batch")


def _layer_over_channels(x: "Tensor", w: "dict[str, Tensor]") -> "Tensor":
    from kb.reference.layer_normalisation import layer_normalisation

    return layer_normalisation(x, w)


def _each_sequence_alone(x: "Tensor", w: "dict[str, Tensor]") -> "Tensor":
    from torch import cat

    return cat([_layer_over_batch(one[None], w) for one in x])


def _each_place_alone(x: "Tensor", w: "dict[str, Tensor]") -> "Tensor":
    from torch import cat

    return cat([_layer_over_batch(x[:, t, None], w) for t in range(x.shape[1])], dim=1)


def _never_centred(x: "Tensor", w: "dict[str, Tensor]") -> "Tensor":
    from kb.reference.layer_normalisation import layer_normalisation

    return layer_normalisation(x, w, over="batch", centre=False)


def _check_sides(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(draw.normal(2, 8, 16) + 1)))


def _sides(x: "Tensor", *, eps: float = 0.0) -> "Sides":
    """Return batch normalisation in training, and torch's in use with averages taken over this very batch."""
    from torch.nn.functional import batch_norm

    channels = x.transpose(1, 2)
    mean, variance = x.new_zeros(x.shape[-1]), x.new_ones(x.shape[-1])
    # momentum one: the averages are those of the last batch; the call fills them in place
    batch_norm(channels, mean, variance, training=True, momentum=1.0)
    return _batch(x, eps=eps), batch_norm(channels, mean, variance, eps=eps).transpose(1, 2)


def _made_up_for(x: "Tensor") -> "Sides":
    count = x.shape[0] * x.shape[1]
    training, use = _sides(x)
    return training, use * (count / (count - 1)) ** 0.5


def _biased_averages(x: "Tensor") -> "Sides":
    return _batch(x, eps=0), (x - x.mean(dim=(0, 1))) / x.var(dim=(0, 1), correction=0).sqrt()


def _still_training(x: "Tensor") -> "Sides":
    from torch.nn.functional import batch_norm

    mean, variance = x.new_zeros(x.shape[-1]), x.new_ones(x.shape[-1])
    return _batch(x, eps=0), batch_norm(x.transpose(1, 2), mean, variance, training=True, eps=1e-30).transpose(1, 2)


def _search(subject: Subject) -> Example | None:
    import torch

    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        sides = [subject(x[None]) for x in inputs["x"]]
        training, use = (torch.cat(one) for one in zip(*sides, strict=True))
        return {"in training": training, "in use": use}

    return find_smallest(run, [{"x": (tokens, 1)} for tokens in (2, 3)])


CLAIMS = (
    Claim(
        id="layer-norm-is-batch-norm-of-the-transpose",
        statement=(
            "Layer normalisation of a matrix of tokens by channels is batch normalisation, with the statistics of "
            "training, of its transpose; gains and shifts are left out, since they belong to other axes."
        ),
        kind="equality",
        between=("batch-normalisation", "layer-normalisation"),
        evidence=Evidence("arxiv:1607.06450", "Section 3"),
        inputs="normal numbers, a mean of its own for each token; 32 tokens, 20 channels; float64",
        equation=r"\mathrm{LN}(X) = \mathrm{BN}(X^\top)^\top",
        bound=1e-12,
        why_bound="The same sums over 20 channels: what is left is rounding, near 1e-15.",
        pitfall="With running averages it is no longer so: they are unbiased, and know nothing of the token at hand.",
        family="normalisation",
        check=_check_transpose,
        subject=_of_transpose,
        wrong_variants={
            "not transposed": _as_it_stands,
            "one mean for the whole matrix": _one_mean_for_all,
            "averages of the very batch, in use": _of_transpose_in_use,
            "averages as they start": _statistics_at_rest,
        },
        executes=("batch-normalisation", "layer-normalisation"),
    ),
    Claim(
        id="layer-norm-over-the-batch-is-batch-norm",
        statement=(
            "Layer normalisation whose means and variances are taken for each channel over all tokens of the batch, "
            "with the same gains and shifts, is batch normalisation in training; and the other way round."
        ),
        kind="reduction",
        between=("batch-normalisation", "layer-normalisation"),
        evidence=Evidence("arxiv:1607.06450", "Section 3"),
        inputs="normal tokens, a mean of its own for each channel, normal gains and shifts; B 2, T 8, D 16; float64",
        bound=1e-12,
        why_bound="The same sums over 16 tokens: what is left is rounding, near 1e-15.",
        family="normalisation",
        check=_check_axes,
        subject=_layer_over_batch,
        wrong_variants={
            "over the channels": _layer_over_channels,
            "over the tokens of one sequence": _each_sequence_alone,
            "over the batch at one place": _each_place_alone,
            "mean left where it is": _never_centred,
        },
        executes=("batch-normalisation", "layer-normalisation"),
    ),
    Claim(
        id="batch-norm-in-use-gives-what-training-gave",
        statement=(
            "Once its running averages are those of a batch, batch normalisation in use gives for this batch what it "
            "gave in training."
        ),
        kind="separation",
        between=("batch-normalisation",),
        evidence=Evidence("arxiv:1502.03167", "Algorithms 1 and 2"),
        inputs="normal tokens around 1; B 2, T 8, D 16, averages of this batch alone, epsilon 0; float64",
        equation=r"\sigma_B^2 = \frac{1}{m} \sum_i (x_i - \mu_B)^2 \;\neq\; \frac{m}{m - 1}\, \sigma_B^2",
        bound=1e-12,
        why_bound=(
            "In use the variance is multiplied by m / (m - 1), m = 16 tokens: outputs shrink by 3 %, far more than "
            "rounding."
        ),
        pitfall="The factor goes to one with the number of tokens, so that large batches hide it.",
        family="normalisation",
        check=_check_sides,
        subject=_sides,
        wrong_variants={
            "multiplied by the root of m / (m - 1)": _made_up_for,
            "averages of biased variances": _biased_averages,
            "both in training": _still_training,
        },
        executes=("batch-normalisation",),
        expected="refuted",
        smallest=_search,
    ),
)
