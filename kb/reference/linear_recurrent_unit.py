r"""Linear recurrent unit: a plain recurrent net, made linear, diagonal and stable, and nothing more.

Paper       Orvieto et al. (2023), arXiv:2303.06349 -- section 3
Idea        A recurrent net without a nonlinearity in time is a set of complex numbers that turn and fade.
Equation    $$ h_t = \lambda \odot h_{t-1} + \gamma \odot (x_t B), \qquad y_t = \mathrm{Re}(h_t C) + D \odot x_t $$
            $$ \lambda = e^{-e^{\nu} + i e^{\theta}}, \qquad y = \mathrm{Re}\Big( \sum_{j \le t} \lambda^{t-j} \odot
            \gamma \odot (x_j B)\; C \Big) + D \odot x_t $$
Shapes      x, y (B, T, D); state h (B, D) complex; lambda, gamma (D); B, C (D, D) complex
Form        recurrence
Weights     nu_log (D) -3..0; theta_log (D) -4..1; gamma_log (D) -1.2..-0.1; b_re, b_im, c_re, c_im (D, D); skip (D)
            one
Parameters  form = recurrent of recurrent | scan | convolution;
            normaliser = learned of learned | exact
Assumes     |lambda| < 1 whatever nu is. gamma is learned and starts from sqrt(1 - |lambda|^2), with which noise of
            variance one leaves a state of variance one; normaliser=exact computes it from lambda every time
Cost        recurrent: time O(T D) beyond the maps O(T D^2), state 2 D real numbers; scan: O(T D log T) in log2 T
            rounds; convolution: O(T D log T); 4 D^2 + 4 D parameters
Parents     simple-recurrent-network -- a dense real matrix in the place of lambda, and tanh at every step; s5-layer
            -- lambda and gamma by discretising a continuous system with a step size; parallel-scan -- any a and b
Leaves out  the block around it, which holds the nonlinearity; the ring from which lambda is drawn; states that are
            wider than the input
Checked     sums over the past with lambda as a turn and a decay, in real numbers and float64, with gradients; the
            dense real system of twice the width; scipy's recursive filter; all forms; 1, 2, 5 and 8 tokens; a run in
            two parts equals the whole run; a state of variance one. Mutants killed: growth for decay, decay not
            exponentiated, the turn the other way round, real part taken before C, gamma left out or on the output,
            skip left out, one round of the scan left out, the order of composition, a circular convolution, state
            ignored
"""

import math

import torch
from torch import Tensor


def _recur(a: Tensor, b: Tensor, h: Tensor) -> Tensor:
    states = []
    for t in range(b.shape[1]):
        # h_t = lambda h_{t-1} + gamma x_t B : D complex numbers, none of which sees another
        h = a * h + b[:, t]
        states.append(h)
    return torch.stack(states, dim=1)


def _scan(a: Tensor, b: Tensor, h: Tensor) -> Tensor:
    a = a.expand_as(b)
    # log2 T rounds : after each, a pair stands for twice as many steps
    for rounds in range(math.ceil(math.log2(b.shape[1]))):
        reach = 2**rounds
        # (a_2, b_2) after (a_1, b_1) is (a_2 a_1, a_2 b_1 + b_2), for all t at once with its neighbour ``reach`` back
        b = torch.cat([b[:, :reach], a[:, reach:] * b[:, :-reach] + b[:, reach:]], dim=1)
        a = torch.cat([a[:, :reach], a[:, reach:] * a[:, :-reach]], dim=1)
    return a * h[:, None] + b


def _convolve(a: Tensor, b: Tensor, h: Tensor) -> Tensor:
    T = b.shape[1]
    # the kernel lambda^0, ..., lambda^{T-1} ; twice the length, or the end would wrap round to the beginning
    powers = a ** torch.arange(T + 1, device=b.device)[:, None]
    spectrum = torch.fft.fft(powers[:-1], 2 * T, dim=0) * torch.fft.fft(b, 2 * T, dim=1)
    past: Tensor = torch.fft.ifft(spectrum, dim=1)[:, :T]
    # what stood before the first token has turned and faded t + 1 times when token t = 0, 1, ... has come
    return past + powers[1:] * h[:, None]


def linear_recurrent_unit(
    x: Tensor,
    w: dict[str, Tensor],
    state: Tensor | None = None,
    *,
    form: str = "recurrent",
    normaliser: str = "learned",
) -> tuple[Tensor, Tensor]:
    """Return y (B, T, D) and the last state h (B, D), complex."""
    B, _, D = x.shape
    assert w["b_re"].shape == w["c_re"].shape == (D, D)
    assert normaliser in ("learned", "exact")
    # lambda = e^{-e^nu} (cos e^theta + i sin e^theta) : fades by the one, turns by the other
    fade = (-w["nu_log"].exp()).exp()
    eigenvalues = torch.polar(fade, w["theta_log"].exp())
    h = eigenvalues.new_zeros(B, D) if state is None else state

    # gamma x_t B : long memories take small sips
    gamma = w["gamma_log"].exp() if normaliser == "learned" else (1 - fade.square()).sqrt()
    written = gamma * torch.complex(x @ w["b_re"], x @ w["b_im"])
    states = {"recurrent": _recur, "scan": _scan, "convolution": _convolve}[form](eigenvalues, written, h)
    # y_t = Re(h_t C) + D x_t = Re h_t Re C - Im h_t Im C + D x_t
    y = states.real @ w["c_re"] - states.imag @ w["c_im"] + w["skip"] * x
    return y, states[:, -1]
