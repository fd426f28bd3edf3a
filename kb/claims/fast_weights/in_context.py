"""Gradient descent inside a layer's forward pass, and a trained layer read as attention over its training data."""

from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_RATE = 0.3


def _check_step(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the subject's prediction for a query is from that of weights trained by autograd, for a step
    from zero and one from normal weights, on raw inputs and on features elu + 1."""
    from torch.nn.functional import elu

    x, y, query = draw.normal(7, 4), draw.normal(7, 3), draw.normal(4)
    apart = []
    for first in (draw.normal(4, 3) * 0, draw.normal(4, 3)):
        trained = _train(x, y, first)
        apart.append(relative(subject(x, y, query, first), query @ trained))
        trained = _train(elu(x) + 1, y, first)
        apart.append(relative(subject(x, y, query, first, "elu"), (elu(query) + 1) @ trained))
    return Measurement(find_worst(apart), "from zero and from normal weights, raw and on features")


def _train(x: "Tensor", y: "Tensor", first: "Tensor", preconditioner: "Tensor | float" = 1.0) -> "Tensor":
    """Return the weights (K, V) after one step on half the summed squared error of x (N, K) and y (N, V)."""
    import torch

    at = first.clone().requires_grad_()
    (gradient,) = torch.autograd.grad((x @ at - y).square().sum() / 2, at)
    step = preconditioner * gradient if isinstance(preconditioner, float) else preconditioner @ gradient
    return first - _RATE * step


def _attend(
    x: "Tensor",
    y: "Tensor",
    query: "Tensor",
    first: "Tensor",
    features: str = "identity",
    slip: str = "",
) -> "Tensor":
    """Return what linear attention answers for the query: keys x, values the first weights' errors, times the rate.

    Parameters
    ----------
    slip : what is done wrongly: the "targets" are values, whatever the first weights, these are "forgotten" in the
           prediction, the answer is "normalised", or the loss is a "mean"
    """
    from torch.nn.functional import elu

    keys, asked = (elu(one) + 1 if features == "elu" else one for one in (x, query))
    values = y if slip == "targets" else y - keys @ first
    answer = _answer_last(x, values, query, features, slip == "normalised")
    rate = _RATE / len(x) if slip == "mean" else _RATE
    return rate * answer + (0 if slip == "forgotten" else asked @ first)


def _answer_last(x: "Tensor", values: "Tensor", query: "Tensor", features: str, normalise: bool) -> "Tensor":
    """Return the last answer of the shipped mixers, every token asking the same query."""
    from kb.reference.fast_weight_programmer import fast_weight_programmer
    from kb.reference.linear_attention import linear_attention

    q, k, v = query.expand_as(x)[None, :, None], x[None, :, None], values[None, :, None]
    if features == "elu" or normalise:
        return linear_attention(q, k, v, normalise=normalise)[0][0, -1, 0]
    return fast_weight_programmer(q, k, v)[0][0, -1, 0]


def _check_preconditioned(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the subject is from a preconditioned step by autograd: for a multiple of the identity, and for
    the inverse of the penalised sum of products, where the mesa layer must give the same."""
    import torch

    from kb.reference.mesa_layer import mesa_layer

    x, y, query = draw.normal(7, 4), draw.normal(7, 3), draw.normal(4)
    first, identity = y.new_zeros(4, 3), torch.eye(4, dtype=x.dtype)
    plain = relative(subject(x, y, query, 2 * identity), query @ _train(x, y, first, 2.0))
    inverse = (x.T @ x + identity / 1.7).inverse() / _RATE
    optimum = mesa_layer(query.expand_as(x)[None, :, None], x[None, :, None], y[None, :, None], lam=1.7)[0][0, -1, 0]
    found = subject(x, y, query, inverse)
    jumped = relative(found, query @ _train(x, y, first, inverse))
    return Measurement(find_worst([plain, jumped, relative(found, optimum)]))


def _attend_through(x: "Tensor", y: "Tensor", query: "Tensor", A: "Tensor", power: int = 1) -> "Tensor":
    """Return the plain sum's answer to the query mapped by the preconditioner, times the rate."""
    mapped = query if power == 0 else A.matrix_power(power) @ query
    return _RATE * _answer_last(x, y, mapped, "identity", normalise=False)


def _mapped_keys_too(x: "Tensor", y: "Tensor", query: "Tensor", A: "Tensor") -> "Tensor":
    return _RATE * _answer_last(x @ A, y, A @ query, "identity", normalise=False)


def _check_history(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides are apart: the trained layer, and attention over what it was trained with."""
    x, target = draw.normal(4, 2, 4), draw.normal(4, 2, 3)
    return Measurement(relative(*subject(x, target, draw.normal(3, 4), draw.normal(4))))


def _trained_and_attending(
    x: "Tensor",
    target: "Tensor",
    first: "Tensor",
    query: "Tensor",
    optimiser: str = "SGD",
    slip: str = "",
) -> "tuple[Tensor, Tensor]":
    """Return what a linear layer (V, K) answers after training on four batches of two, and the attention form.

    Parameters
    ----------
    optimiser : a class of torch.optim
    slip      : what is done wrongly: the first weights are "forgotten", or inputs are weighed by a "softmax" or as a
                "quotient", which is linear attention as printed
    """
    import torch

    weight = torch.nn.Parameter(first.clone())
    descend, signals = getattr(torch.optim, optimiser)([weight], lr=_RATE), []
    for batch, wanted in zip(x, target, strict=True):
        # something that is not linear behind the layer, so that its error signals are not what it misses
        out = batch @ weight.T
        out.retain_grad()
        descend.zero_grad()
        (out.tanh() - wanted).square().sum().backward()
        signals.append(-_RATE * out.grad)
        descend.step()
    keys, values = x.flatten(0, 1), torch.cat(signals)
    if slip == "softmax":
        answer = (keys @ query).softmax(dim=0) @ values
    else:
        answer = _answer_last(keys, values, query, "identity", slip == "quotient")
    return weight.detach() @ query, answer if slip == "forgotten" else first @ query + answer


CLAIMS = (
    Claim(
        id="one-gradient-step-in-context-is-linear-attention",
        statement=(
            "The prediction for a query after one step of gradient descent on the examples' half squared error is "
            "linear attention without denominator over the examples: from weights of zero its values are the targets "
            "times the rate; from other weights the values are what those miss, and their own prediction is added."
        ),
        kind="equality",
        between=("linear-attention", "in-context-gradient-descent"),
        evidence=Evidence("arxiv:2212.07677", "Section 2, Proposition 1"),
        inputs="seven normal examples, K 4, V 3, weights of zero and normal ones, rate 0.3; float64 and float32",
        equation=(r"W_1^\top q = W_0^\top q + \eta \sum_i \left(k_i^\top q\right) \left(y_i - W_0^\top k_i\right)"),
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Sums of seven terms in two orders.",
        pitfall="It says what a layer can do with the right weights, not what every trained layer does.",
        family="fast-weights",
        check=_check_step,
        subject=_attend,
        wrong_variants={
            "targets for values, whatever the first weights": partial(_attend, slip="targets"),
            "without the first weights' own prediction": partial(_attend, slip="forgotten"),
            "with the denominator": partial(_attend, slip="normalised"),
            "mean of the losses for their sum": partial(_attend, slip="mean"),
        },
        executes=("linear-attention", "fast-weight-programmer"),
    ),
    Claim(
        id="a-preconditioned-step-is-linear-attention-to-a-mapped-query",
        statement=(
            "One preconditioned gradient step from zero is linear attention without denominator whose query is first "
            "multiplied by the preconditioner. A multiple of the identity gives the plain step; the inverse of the "
            "penalised sum of products jumps to the optimum, which is the mesa layer's answer."
        ),
        kind="reduction",
        between=("in-context-gradient-descent", "in-context-preconditioned-gradient-descent", "mesa-layer"),
        evidence=Evidence("arxiv:2306.00297", "Theorem 1"),
        papers=("arxiv:2309.05858",),
        inputs="seven normal examples, K 4, V 3, rate 0.3, lambda 1.7; float64 and float32",
        equation=(
            r"W_1 = A \sum_i k_i y_i^\top, \qquad A = \eta I \ \text{ or } \ "
            r"A = \Big( \sum_i k_i k_i^\top + \tfrac1\lambda I \Big)^{-1}"
        ),
        bound=1e-11,
        bound_single=1e-3,
        why_bound=(
            "Sums of seven terms, and the inverse of a matrix of four whose condition number is below a hundred."
        ),
        pitfall="Which preconditioner training finds is the paper's theorem, and not shown here.",
        family="fast-weights",
        check=_check_preconditioned,
        subject=_attend_through,
        wrong_variants={
            "the query as it is": partial(_attend_through, power=0),
            "the inverse of the preconditioner": partial(_attend_through, power=-1),
            "keys and query multiplied": _mapped_keys_too,
        },
        executes=("fast-weight-programmer", "mesa-layer"),
    ),
    Claim(
        id="a-trained-linear-layer-attends-to-its-training-data",
        statement=(
            "A linear layer inside a network, trained by gradient descent in batches, answers a query with its first "
            "weights plus linear attention without denominator over all its training inputs, whose values are the "
            "error signals at the time of training times minus the rate."
        ),
        kind="equality",
        between=("linear-attention", "dual-form"),
        evidence=Evidence("arxiv:2202.05798", "Abstract"),
        inputs="four batches of two normal inputs and targets, tanh behind the layer; K 4, V 3; float64 and float32",
        equation=r"W_T\, q = W_0\, q - \eta \sum_t \nabla_{y_t} L\; \left(x_t^\top q\right)",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Sums of nine terms in two orders.",
        pitfall="An optimiser with a rate of its own for every weight adds no outer products, and breaks it.",
        family="fast-weights",
        check=_check_history,
        subject=_trained_and_attending,
        wrong_variants={
            "first weights left out": partial(_trained_and_attending, slip="forgotten"),
            "softmax over the training inputs": partial(_trained_and_attending, slip="softmax"),
            "with features and denominator": partial(_trained_and_attending, slip="quotient"),
            "trained by Adam": partial(_trained_and_attending, optimiser="Adam"),
        },
        executes=("fast-weight-programmer", "linear-attention"),
    ),
)
