r"""Structured state space (S4): a linear system with a well-chosen memory, run as a recurrence or as one convolution.

Paper       Gu, Goel, Ré (2021), arXiv:2111.00396 -- sections 2 and 3; HiPPO matrix: Gu et al. (2020),
            arXiv:2008.07669
Idea        A linear recurrence without gates is a convolution, whose kernel a structured matrix makes cheap to
            compute.
Equation    $$ h_t = \bar A h_{t-1} + \bar B x_t, \quad y_t = C h_t + D x_t \iff y = \bar K * x + D x, \quad
            \bar K_j = C \bar A^j \bar B $$
            $$ A = \Lambda - P P^*, \qquad \sum_{j<T} \bar K_j z^j = C (I - \bar A^T z^T)
            \big((1 - z) I - \tfrac{\Delta}{2} (1 + z) A\big)^{-1} \Delta B $$
Shapes      x, y (B, T, D); A (K, K), B (K), C (D, K), step Delta (D); state h (B, D, K): K numbers a channel
Form        recurrence
Weights     c (D, K); log_step (D) -4..-1; skip (D) one
Parameters  form = convolution of convolution | recurrent | structured;
            matrix = legs of legs | diagonal (matrix=diagonal gives diagonal-state-space with real eigenvalues);
            discretisation = bilinear of bilinear | zoh
Assumes     A and B are those from which learning starts: HiPPO-LegS, or -(1, 2, ..., K) with B one. A convolution
            starts from a state of zero and does not return one. structured is the paper's algorithm for the bilinear
            rule, in the basis where A + P P^* is diagonal: it evaluates the kernel at the T roots of unity, where
            the inverse is that of a diagonal and a rank of one. The paper learns C (I - A-bar^T) in the place of C
Cost        recurrent: time O(T D K^2), state D K; convolution: O(T D K^2) for the kernel, O(T D log T) to apply it;
            structured: O(T D K) for the kernel beside the power A-bar^T; D K + 2 D parameters
Parents     linear-state-space-layer -- a dense A without structure; hippo -- A and B, not yet a layer;
            diagonal-state-space -- P = 0
Leaves out  learning A and B; complex C in pairs; the mixing of channels and the activation that follow the layer
Checked     scipy's discretisation and simulation; dense sums over the past in float64, with gradients; all forms,
            both matrices, both rules; LegS by its basis of Legendre polynomials, which e^{tA} B must be; small
            steps, where both rules agree; odd and even T; one token; a run in two parts equals the whole run.
            Mutants killed: LegS transposed, without its diagonal or its roots, Euler for the bilinear rule, step
            forgotten in B, kernel one late, a circular convolution, the kernel not truncated, no rank-one term
"""

import torch
from torch import Tensor


def _system(like: Tensor, matrix: str) -> tuple[Tensor, Tensor, Tensor]:
    """Return A (K, K), B (K) and the vector P (K) of which A + P P^T is normal."""
    n = torch.arange(like.shape[-1], dtype=like.dtype, device=like.device)
    if matrix == "diagonal":
        return torch.diag(-(n + 1)), torch.ones_like(n), torch.zeros_like(n)
    # HiPPO-LegS : -sqrt(2n + 1) sqrt(2m + 1) below the diagonal, -(n + 1) on it, 0 above
    B = (2 * n + 1).sqrt()
    A = -torch.outer(B, B).tril(-1) - torch.diag(n + 1)
    return A, B, (n + 0.5).sqrt()


def discretise(A: Tensor, B: Tensor, step: Tensor, rule: str) -> tuple[Tensor, Tensor]:
    """Return A-bar (D, K, K) and B-bar (D, K) for each of the steps (D)."""
    one, size = torch.eye(len(B), dtype=B.dtype, device=B.device), step[:, None, None]
    if rule == "zoh":
        # the input is held for a step : A-bar = e^{step A}, B-bar = A^{-1} (A-bar - I) B
        held = (size * A).matrix_exp()
        return held, torch.linalg.solve(A, (held - one) @ B[:, None])[..., 0]
    # the trapezoid rule : A-bar = (I - step/2 A)^{-1} (I + step/2 A), B-bar = (I - step/2 A)^{-1} step B
    left, right = one - size / 2 * A, one + size / 2 * A
    return torch.linalg.solve(left, right), torch.linalg.solve(left, size * B[:, None])[..., 0]


def _kernel(c: Tensor, A_bar: Tensor, B_bar: Tensor, T: int) -> Tensor:
    response, kernel = B_bar, []
    for _ in range(T):
        # K_j = C A-bar^j B-bar
        kernel.append((c * response).sum(dim=-1))
        response = (A_bar @ response[..., None])[..., 0]
    return torch.stack(kernel, dim=-1)


def _structured_kernel(c: Tensor, step: Tensor, A_bar: Tensor, matrix: str, T: int) -> Tensor:
    A, B, P = _system(c, matrix)
    # A + P P^T = V Lambda V^* is normal, so its eigenvectors V are orthonormal : A = V (Lambda - V^* P P^* V) V^*
    eigenvalues, V = torch.linalg.eig(A + torch.outer(P, P))
    B, P = V.mH @ B.to(V.dtype), V.mH @ P.to(V.dtype)
    # C (I - A-bar^T), since z^T = 1 : what the sum has from its T-th term on is taken out
    c = (c - torch.einsum("dk,dkm->dm", c, A_bar.matrix_power(T))).to(V.dtype) @ V
    z = torch.exp(-2j * torch.pi * torch.arange(T, dtype=step.dtype, device=step.device) / T)
    s = step[:, None] / 2 * (1 + z)
    # R = 1 / (1 - z - s Lambda) : the inverse of a diagonal, for every channel and root, (D, T, K)
    R = 1 / (1 - z[:, None] - s[..., None] * eigenvalues)
    cRB, cRP = (c[:, None] * R * B).sum(dim=-1), (c[:, None] * R * P).sum(dim=-1)
    PRB, PRP = (P.conj() * R * B).sum(dim=-1), (P.conj() * R * P).sum(dim=-1)
    # (1/R + s P P^*)^{-1} = R - R P s (1 + s P^* R P)^{-1} P^* R : Woodbury's identity for a rank of one
    at_roots = step[:, None] * (cRB - cRP * s / (1 + s * PRP) * PRB)
    kernel: Tensor = torch.fft.ifft(at_roots).real
    return kernel


def _convolve(kernel: Tensor, x: Tensor) -> Tensor:
    # (K * x)_t = sum_{j <= t} K_j x_{t-j} : twice the length, or the end would wrap round to the beginning
    T = x.shape[1]
    spectrum = torch.fft.rfft(kernel, 2 * T) * torch.fft.rfft(x.mT, 2 * T)
    y: Tensor = torch.fft.irfft(spectrum, 2 * T)[..., :T]
    return y.mT


def structured_state_space(
    x: Tensor,
    w: dict[str, Tensor],
    state: Tensor | None = None,
    *,
    form: str = "convolution",
    matrix: str = "legs",
    discretisation: str = "bilinear",
) -> tuple[Tensor, Tensor | None]:
    """Return y (B, T, D) and the state h (B, D, K), or None after a convolution."""
    B, T, D = x.shape
    assert w["c"].shape[0] == D
    assert form in ("convolution", "recurrent", "structured")
    assert discretisation in ("bilinear", "zoh")
    assert state is None or form == "recurrent", "only the recurrent form can go on from a state"
    assert form != "structured" or discretisation == "bilinear", "the structured kernel is that of the bilinear rule"
    step = w["log_step"].exp()
    A_bar, B_bar = discretise(*_system(w["c"], matrix)[:2], step, discretisation)
    if form == "convolution":
        return _convolve(_kernel(w["c"], A_bar, B_bar, T), x) + w["skip"] * x, None
    if form == "structured":
        return _convolve(_structured_kernel(w["c"], step, A_bar, matrix, T), x) + w["skip"] * x, None

    h = x.new_zeros(B, D, w["c"].shape[-1]) if state is None else state
    outputs = []
    for t in range(T):
        # h_t = A-bar h_{t-1} + B-bar x_t, a system of its own for each channel
        h = (A_bar @ h[..., None])[..., 0] + B_bar * x[:, t, :, None]
        # y_t = C h_t + D x_t
        outputs.append((w["c"] * h).sum(dim=-1) + w["skip"] * x[:, t])
    return torch.stack(outputs, dim=1), h
