"""The test-time training layer: training by gradient descent, and the size of its mini-batches."""

from functools import partial
from typing import TYPE_CHECKING, Any

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import relative_with_gradients, run_in_parts
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]
    Training = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


def _check_descent(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst relative difference between the subject and the layer, gradients too: both forms, with and
    without norm, interrupted inside a mini-batch."""
    q, k, v = draw.normal(3, 2, 5, 3, 4)
    beta, start, apart = draw.uniform(0.2, 1, 2, 5, 3), draw.normal(2, 3, 4, 4), []
    for form, norm in (("recurrent", False), ("chunkwise", True)):
        shipped, expected = partial(_in_parts, form=form, norm=norm, batch=2), _train(subject, norm)
        apart.append(relative_with_gradients(shipped, expected, q, k, v, beta, start))
    for form, norm in (("chunkwise", False), ("recurrent", True)):
        answers = _in_parts(q, k, v, beta, start, form=form, norm=norm, batch=2)
        apart.append(relative(answers, _train(subject, norm)(q, k, v, beta, start).detach()))
    return Measurement(find_worst(apart))


def _train(subject: Subject, norm: bool) -> Subject:
    """Return the subject as a function of q, k, v, beta and the first weights."""
    return lambda *training: subject(training, norm)


def _in_parts(*inputs: "Tensor", **options: Any) -> "Tensor":
    """Return the layer's answers; inputs are q, k, v, beta and the first weights."""
    from kb.reference.test_time_training_layer import test_time_training_layer as layer

    q, k, v, beta, start = inputs

    def run(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", state: Any) -> Any:
        return layer(q, k, v, beta, (start, start, 0) if state is None else state, **options)

    return run_in_parts(run, q, k, v, beta)


def _descend(
    training: "Training",
    norm: bool,
    *,
    batch: int = 2,
    rate: float = 0.5,
    before: bool = False,
    shared: bool = False,
) -> "Tensor":
    """Return the answers of weights that descend the printed loss by autograd, token by token.

    Parameters
    ----------
    training : q, k, v, beta and the first weights
    batch    : gradients are taken at the weights before the mini-batch of so many tokens
    rate     : the step is ``rate`` times beta
    before   : a token is answered before its own step
    shared   : a mini-batch takes the mean of its gradients instead of their sum
    """
    import torch

    q, k, v, beta, start = training
    # the weights' own gradient is taken whether or not anybody asks for that of the answers
    W = start if start.requires_grad else start.clone().requires_grad_()
    base, outputs = W, []
    for t in range(k.shape[1]):
        if t % batch == 0:
            base = W
        loss = (_answer(base, k[:, t], norm) - v[:, t]).square().sum(dim=-1)
        (gradient,) = torch.autograd.grad((loss * beta[:, t]).sum(), base, create_graph=True)
        step = W - rate / (batch if shared else 1) * gradient
        outputs.append(_answer(W if before else step, q[:, t], norm))
        W = step
    return torch.stack(outputs, dim=1)


def _answer(W: "Tensor", x: "Tensor", norm: bool) -> "Tensor":
    """Return f(x; W): W^T x, or x + LN(W^T x)."""
    import torch
    from torch.nn.functional import layer_norm

    z = torch.einsum("bhkv,bhk->bhv", W, x)
    return x + layer_norm(z, z.shape[-1:], eps=1e-6) if norm else z


def _without_norm(training: "Training", norm: bool) -> "Tensor":
    from torch.nn.functional import layer_norm

    # norm in the answer, but not in what is trained
    found, q = _descend(training, norm=False), training[0]
    return q + layer_norm(found, found.shape[-1:], eps=1e-6) if norm else found


def _check_sizes(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    q, k, v = draw.normal(3, 2, 8, 2, 4)
    k = k / k.norm(dim=-1, keepdim=True)
    return Measurement(relative(*subject(q, k, v, draw.uniform(0.2, 1, 2, 8, 2))))


def _online(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", batch: int = 1, times: float = 1) -> "Sides":
    """Return the layer in mini-batches, and the delta rule with ``times`` the strength."""
    from kb.reference.delta_rule import delta_rule
    from kb.reference.test_time_training_layer import test_time_training_layer as layer

    return layer(q, k, v, beta, batch=batch)[0], delta_rule(q, k, v, times * beta)[0]


def _with_norm(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor") -> "Sides":
    from kb.reference.test_time_training_layer import test_time_training_layer as layer

    start = k.new_ones(2, 2, 4, 4) * k[:, 0, :, None, :]
    return layer(q, k, v, beta, (start, start, 0), batch=1, norm=True)[0], _online(q, k, v, beta)[1]


def _one_batch(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", batch: int = 8, strength: float = 1) -> "Sides":
    """Return the layer, and the fast weight programmer."""
    from kb.reference.fast_weight_programmer import fast_weight_programmer
    from kb.reference.test_time_training_layer import test_time_training_layer as layer

    return layer(q, k, v, beta * 0 + strength, batch=batch)[0], fast_weight_programmer(q, k, v)[0]


def _started(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor") -> "Sides":
    from kb.reference.test_time_training_layer import test_time_training_layer as layer

    start = k.new_ones(2, 2, 4, 4)
    return layer(q, k, v, beta * 0 + 1, (start, start, 0), batch=8)[0], _one_batch(q, k, v, beta)[1]


def _normalised(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor") -> "Sides":
    from kb.reference.linear_attention import linear_attention

    return _one_batch(q, k, v, beta)[0], linear_attention(q, k, v)[0]


def _on_features(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor") -> "Sides":
    """Return the layer fed with features, and linear attention without its denominator, beside the plain pair."""
    import torch
    from torch.nn.functional import elu

    from kb.reference.linear_attention import linear_attention

    mapped, _ = _one_batch(elu(q) + 1, elu(k) + 1, v, beta)
    plain, added = _one_batch(q, k, v, beta)
    return torch.stack([plain, mapped]), torch.stack([added, linear_attention(q, k, v, normalise=False)[0]])


_PAPER = "arxiv:2407.04620"
_INPUTS = "normal q and v, unit keys, beta 0.2 to 1; B 2, T 8, H 2, K 4, V 4; float64 and float32"

CLAIMS = (
    Claim(
        id="a-test-time-training-layer-descends-its-printed-loss",
        statement=(
            "The layer's answers, token by token and in the dual form, with and without the norm inside, are those "
            "of weights that autograd trains on the printed loss, with half of beta for a rate and all gradients of "
            "a mini-batch taken at the weights before it."
        ),
        kind="equality",
        between=("test-time-training-layer",),
        evidence=Evidence(_PAPER, "Sections 2.1 and 2.4 to 2.7"),
        inputs=(
            "normal q, k, v and first weights, beta 0.2 to 1; B 2, T 5, H 3, K 4, V 4; three parts, mini-batches of "
            "2; float64"
        ),
        equation=r"W_t = W_{t-1} - \tfrac{\beta_t}{2} \nabla_W \left\lVert f(k_t; W_{t'}) - v_t \right\rVert^2",
        bound=1e-9,
        why_bound=(
            "Five steps of training. Where the norm's input hardly varies its slope is in the hundreds, and it "
            "multiplies rounding by that with every step."
        ),
        pitfall="From weights of zero the norm has a slope of a thousand: the layer starts from small learned ones.",
        family="recurrence",
        check=_check_descent,
        subject=_descend,
        wrong_variants={
            "the rate is beta": partial(_descend, rate=1),
            "gradients at the newest weights": partial(_descend, batch=1),
            "all gradients at the first weights": partial(_descend, batch=5),
            "answered before the step": partial(_descend, before=True),
            "mean of the mini-batch's gradients": partial(_descend, shared=True),
            "the norm left out of the training": _without_norm,
        },
        executes=("test-time-training-layer",),
    ),
    Claim(
        id="a-test-time-training-layer-with-batches-of-one-is-the-delta-rule",
        statement=(
            "In mini-batches of one token, without a norm and with raw keys, the test-time training layer is the "
            "delta rule."
        ),
        kind="reduction",
        between=("delta-rule", "deltanet", "test-time-training-layer"),
        evidence=Evidence(_PAPER, "Section 2"),
        inputs=_INPUTS,
        equation=r"t' = t - 1: \quad W_t = W_{t-1} + \beta_t k_t \left(v_t - W_{t-1}^\top k_t\right)^\top",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Eight corrections by the same formula, in two orders.",
        pitfall="The mini-batches that the paper uses have sixteen tokens: that is another update.",
        family="recurrence",
        check=_check_sizes,
        subject=_online,
        wrong_variants={
            "mini-batches of two": partial(_online, batch=2),
            "half the strength, the loss having no half": partial(_online, times=0.5),
            "twice the strength": partial(_online, times=2),
            "with the norm inside": _with_norm,
        },
        executes=("test-time-training-layer", "delta-rule"),
    ),
    Claim(
        id="a-test-time-training-layer-with-one-batch-is-linear-attention",
        statement=(
            "In one mini-batch for the whole sequence, from weights of zero and with a strength of one, the "
            "test-time training layer is linear attention without its denominator: a fast weight programmer."
        ),
        kind="reduction",
        between=("fast-weight-programmer", "linear-attention", "test-time-training-layer"),
        evidence=Evidence(_PAPER, "Section 2.6, Theorem 1"),
        inputs=_INPUTS,
        equation=r"t' = 0,\ W_0 = 0,\ \beta_t = 1: \quad W_t = \sum_{i \le t} k_i v_i^\top",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Sums of eight terms in two orders.",
        family="recurrence",
        check=_check_sizes,
        subject=_on_features,
        wrong_variants={
            "mini-batches of four": partial(_one_batch, batch=4),
            "a rate of one half taken for a strength of one half": partial(_one_batch, strength=0.5),
            "first weights that are not zero": _started,
            "linear attention with its denominator": _normalised,
        },
        executes=("test-time-training-layer", "fast-weight-programmer", "linear-attention"),
    ),
)
