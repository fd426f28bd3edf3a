"""Linear state spaces: recurrence and convolution, and the layers that hold their maps constant."""

from functools import partial
from typing import TYPE_CHECKING, Any

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import relative_with_gradients
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]
    Sides = tuple[Tensor, Tensor]

_WIDTH, _STATES = 3, 4
_TOKENS = 7


def _check_forms(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between the subject and every form, matrix and rule, gradients too."""
    x, c, step = draw.normal(2, _TOKENS, _WIDTH), draw.normal(_WIDTH, _STATES), draw.uniform(-3, -1, _WIDTH)
    skip = draw.normal(_WIDTH)
    shipped, expected = partial(_run, "recurrent", "diagonal", "zoh"), partial(subject, "diagonal", "zoh")
    apart = [relative_with_gradients(shipped, expected, x, c, step, skip)]
    for rule, forms in (("bilinear", ("convolution", "structured", "recurrent")), ("zoh", ("recurrent",))):
        answers = subject("legs", rule, x, c, step, skip)
        apart += [relative(_run(form, "legs", rule, x, c, step, skip), answers) for form in forms]
    return Measurement(find_worst(apart))


def _run(form: str, matrix: str, rule: str, x: "Tensor", *weights: "Tensor") -> "Tensor":
    import torch

    from kb.reference.structured_state_space import structured_state_space as layer

    options: dict[str, Any] = {"form": form, "matrix": matrix, "discretisation": rule}
    w = dict(zip(("c", "log_step", "skip"), weights, strict=True))
    first, state = layer(x[:, :4] if form == "recurrent" else x, w, **options)
    return torch.cat([first, layer(x[:, 4:], w, state, **options)[0]], dim=1) if form == "recurrent" else first


def _convolved(matrix: str, rule: str, x: "Tensor", *weights: "Tensor", slip: str = "") -> "Tensor":
    """Return the sum over j <= t of C A-bar^j B-bar x_{t-j} plus D x_t, by torch's convolution.

    Parameters
    ----------
    slip : what is done wrongly: LegS is "transposed", A-bar is found by "euler", the kernel is one "late", the
           convolution goes round in a "circle", or all channels have the "first" step
    """
    import torch

    c, step, skip = weights
    n = torch.arange(_STATES, dtype=x.dtype)
    A, B = torch.diag(-(n + 1)), torch.ones_like(n)
    if matrix == "legs":
        B = (2 * n + 1).sqrt()
        below = torch.diag(n + 1) + torch.outer(B, B).tril(-1)
        A = -(below.T if slip == "transposed" else below)
    size = (step[:1].expand(_WIDTH) if slip == "first" else step).exp()[:, None, None]
    A_bar, response = _discretise(A, B[:, None], size, "euler" if slip == "euler" else rule)
    kernel = []
    for _ in range(_TOKENS):
        kernel.append(c[:, None] @ response)
        response = A_bar @ response
    taps = torch.cat(kernel, dim=-1).roll(int(slip == "late"), dims=-1).flip(-1)
    before = x.mT if slip == "circle" else 0 * x.mT
    past = torch.cat([before[..., 1:], x.mT], dim=-1)
    answers: Tensor = torch.nn.functional.conv1d(past, taps, groups=_WIDTH)
    return answers.mT + skip * x


def _discretise(A: "Tensor", B: "Tensor", size: "Tensor", rule: str) -> "tuple[Tensor, Tensor]":
    """Return A-bar (D, K, K) and B-bar (D, K, 1) for steps of these sizes (D, 1, 1)."""
    import torch

    one = torch.eye(_STATES, dtype=A.dtype)
    if rule == "zoh":
        # the exponential of A with its input beside it holds both
        whole = torch.nn.functional.pad(torch.cat([A, B], dim=1), (0, 0, 0, 1))
        held = (size * whole).matrix_exp()
        return held[:, :-1, :-1], held[:, :-1, -1:]
    ahead, behind = (size / 2, size / 2) if rule == "bilinear" else (size, 0 * size)
    inverse = (one - behind * A).inverse()
    return inverse @ (one + ahead * A), inverse @ (size * B)


def _check_constant(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    x, c, step = draw.normal(2, _TOKENS, _WIDTH), draw.normal(_STATES), draw.uniform(-2, 0, _WIDTH)
    return Measurement(relative(*subject(x, c, step, draw.normal(_WIDTH))))


def _constant(x: "Tensor", *weights: "Tensor", rule: str = "zoh", reads: float = 0.0, rate: float = 0.0) -> "Sides":
    """Return a selective state space whose B, C and steps are constants, and the shipped diagonal state space.

    Parameters
    ----------
    reads : how strongly the step reads the token all the same
    rate  : added to the logarithms of the rates 1, 2, ..., K
    """
    import torch

    from kb.reference.selective_state_space import selective_state_space
    from kb.reference.structured_state_space import structured_state_space

    c, step, skip = weights
    # a channel that is always one stands behind the others: B and C are what it is mapped to
    K, D, with_one = _STATES, _WIDTH + 1, torch.cat([x, torch.ones_like(x[..., :1])], dim=-1)
    only = torch.eye(D, dtype=x.dtype)[:, -1:]
    w = {
        "w_step_down": reads * (1 - only),
        "w_step_up": torch.ones(1, D, dtype=x.dtype),
        "b_step": torch.cat([step.exp().expm1().log(), step[:1]]),
        "w_b": only @ torch.ones(1, K, dtype=x.dtype),
        "w_c": only @ c[None],
        "a_log": (torch.arange(1.0, K + 1, dtype=x.dtype).log() + rate).expand(D, K),
        "skip": torch.cat([skip, skip[:1]]),
    }
    found, _ = selective_state_space(with_one, w, discretisation=rule)
    v = {"c": c.expand(_WIDTH, K), "log_step": step, "skip": skip}
    expected, _ = structured_state_space(x, v, matrix="diagonal", discretisation="zoh")
    return found[..., :-1], expected


def _check_average(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(draw.uniform(-0.9, 0.9, 2, _TOKENS, _WIDTH), draw.uniform(-2, 0, _WIDTH))))


def _average(x: "Tensor", step: "Tensor", rule: str = "zoh", squashed: bool = False, states: int = 1) -> "Sides":
    """Return HiPPO of order one, and a GRU whose gate is constant and whose candidate is the token."""
    import torch

    from kb.reference.gru import gru
    from kb.reference.structured_state_space import structured_state_space

    w = {"c": x.new_ones(_WIDTH, states), "log_step": step, "skip": 0 * step}
    found, _ = structured_state_space(x, w, discretisation=rule)
    # z = e^{-step}; the token is read through atanh, so that tanh gives it back
    z, none = (-step.exp()).exp(), torch.zeros(3, _WIDTH, _WIDTH, dtype=x.dtype)
    maps = torch.stack([none[0], none[0], torch.eye(_WIDTH, dtype=x.dtype)])
    bias = torch.stack([z.logit(), 0 * z, 0 * z])
    weights = {"w_zrn": maps, "u_zrn": none, "b_zrn": bias, "b_u": 0 * z}
    return found, gru(x if squashed else x.atanh(), weights)[0]


_PAPER = "arxiv:2111.00396"

CLAIMS = (
    Claim(
        id="a-linear-state-space-is-a-convolution",
        statement=(
            "S4 as a recurrence, as a convolution and by its structured kernel is one function: a linear state space "
            "for each channel, under either rule, and from a state of zero the convolution of the input with C times "
            "the powers of A-bar times B-bar."
        ),
        kind="equality",
        between=("linear-state-space-layer", "hippo", "diagonal-state-space", "structured-state-space"),
        evidence=Evidence(_PAPER, "Sections 2 and 3"),
        inputs="normal x, C and D, steps e^-3 to e^-1; B 2, T 7, D 3, K 4; recurrences in two parts; float64",
        equation=r"y_t = \sum_{j \le t} C \bar A^j \bar B\, x_{t-j} + D x_t",
        bound=1e-11,
        why_bound="Seven powers of matrices with entries up to 8, and eigenvectors in one of the forms.",
        pitfall="A convolution starts from a state of zero, and cannot be interrupted.",
        papers=("arxiv:2110.13985", "arxiv:2206.11893"),
        family="recurrence",
        check=_check_forms,
        subject=_convolved,
        wrong_variants={
            "LegS transposed": partial(_convolved, slip="transposed"),
            "Euler's rule": partial(_convolved, slip="euler"),
            "the kernel one late": partial(_convolved, slip="late"),
            "a convolution that goes round": partial(_convolved, slip="circle"),
            "one step for all channels": partial(_convolved, slip="first"),
        },
        executes=("structured-state-space",),
    ),
    Claim(
        id="a-selective-state-space-with-constant-maps-is-a-diagonal-one",
        statement=(
            "With B, C and steps that do not read the token, under zero-order hold and with rates 1 to K, the "
            "selective state space is the diagonal state space, and therefore a convolution."
        ),
        kind="reduction",
        between=("structured-state-space", "diagonal-state-space", "selective-state-space"),
        evidence=Evidence("arxiv:2312.00752", "Sections 3.1 and 3.2"),
        inputs="normal x, C and D, logarithms of steps -2 to 0; B 2, T 7, D 3 and a channel of ones, K 4; float64",
        equation=r"\Delta_t = \Delta,\ B_t = B,\ C_t = C: \quad y = \bar K * x + D x",
        bound=1e-12,
        why_bound="The same seven steps, once through powers and once through a Fourier transform.",
        pitfall="C has to be the same for all channels, as it always is in the selective layer.",
        family="recurrence",
        check=_check_constant,
        subject=_constant,
        wrong_variants={
            "steps that read the token a little": partial(_constant, reads=0.1),
            "Euler's rule, as in the authors' code": partial(_constant, rule="euler"),
            "rates twice as great": partial(_constant, rate=0.6931),
        },
        executes=("selective-state-space", "structured-state-space"),
    ),
    Claim(
        id="hippo-of-order-one-is-a-gated-average",
        statement=(
            "Kept to the lowest order, HiPPO's memory is a gated average of what it was and what comes in: a GRU "
            "with a constant gate whose candidate is the token."
        ),
        kind="reduction",
        between=("gru", "hippo", "structured-state-space"),
        evidence=Evidence("arxiv:2008.07669", "Abstract"),
        inputs="x within (-0.9, 0.9), logarithms of steps -2 to 0; B 2, T 7, D 3, K 1; float64",
        equation=r"K = 1: \quad h_t = e^{-\Delta} h_{t-1} + (1 - e^{-\Delta})\, x_t",
        bound=1e-12,
        why_bound="The same seven steps; atanh and tanh cancel but for rounding.",
        pitfall="A gate that sees the token, and the reset gate, are not covered.",
        papers=("arxiv:1406.1078", _PAPER),
        family="recurrence",
        check=_check_average,
        subject=_average,
        wrong_variants={
            "two orders": partial(_average, states=2),
            "the trapezoid rule with this gate": partial(_average, rule="bilinear"),
            "the token itself behind tanh": partial(_average, squashed=True),
        },
        executes=("structured-state-space", "gru"),
    ),
)
