"""What later networks add to the delta rule, and where they give it back."""

from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor


def _check_parity(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the subject's answers for one key are from its first value, its sign turned by every one so
    far of random bits; the last bits are ones, so that both signs occur."""
    import torch

    bits = torch.cat([draw.integers(0, 2, 12), torch.ones(3, dtype=torch.int64)]).to(draw.dtype)
    k, first = draw.orthonormal(1, 4)[0], draw.normal(3)
    expected = torch.where(bits.cumsum(dim=0) % 2 == 0, 1, -1)[:, None] * first
    return Measurement(relative(subject(k, first, bits), expected))


def _reflect(k: "Tensor", first: "Tensor", bits: "Tensor", strength: float = 2, longer: float = 1) -> "Tensor":
    """Return what the delta rule answers when it writes zeros, from a memory that holds ``first`` under the key."""
    from kb.reference.delta_rule import delta_rule

    T = len(bits)
    keys = k.expand(1, T, 1, -1)
    memory = (k[:, None] * first)[None, None]
    o, _ = delta_rule(keys, longer * keys, first.new_zeros(1, T, 1, 3), strength * bits[None, :, None], memory)
    return o[0, :, 0]


def _fade(k: "Tensor", first: "Tensor", bits: "Tensor") -> "Tensor":
    from kb.reference.gated_delta_rule import gated_delta_rule

    T = len(bits)
    keys, zero = k.expand(1, T, 1, -1), bits[None, :, None] * 0
    decay = 1 - 0.5 * bits[None, :, None]
    memory = (k[:, None] * first)[None, None]
    o, _ = gated_delta_rule(keys, keys, first.new_zeros(1, T, 1, 3), zero, decay, memory, form="recurrent")
    return o[0, :, 0]


def _check_steps(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the subject is from DeltaNet run over every step as a token of its own, for 1 and 3 steps."""
    from kb.reference.deltanet import deltanet

    apart = []
    for steps in (1, 3):
        q, k, v = draw.normal(5, 4), draw.normal(5, steps, 4), draw.normal(5, steps, 3)
        beta = draw.uniform(0.2, 1, 5, steps)
        asked = q[:, None].expand(5, steps, 4).flatten(0, 1)
        flat = (asked, k.flatten(0, 1), v.flatten(0, 1), beta.flatten())
        o, _ = deltanet(*(one[None, :, None] for one in flat), features="identity", normalise="l2")
        apart.append(relative(subject(q, k, v, beta), o[0, steps - 1 :: steps, 0]))
    return Measurement(find_worst(apart), "one step and three steps a token")


def _product_of_steps(
    q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", *, together: bool = False, backwards: bool = False
) -> "Tensor":
    """Return the answers (T, V) where each token multiplies the memory by the product of its steps' transitions.

    Parameters
    ----------
    together  : all steps of a token correct the memory as it was before the token
    backwards : a token's last step is taken first
    """
    import torch
    from torch.nn.functional import normalize

    q, k = normalize(q, dim=-1), normalize(k, dim=-1)
    identity = torch.eye(k.shape[-1], dtype=k.dtype)
    S, outputs = k.new_zeros(k.shape[-1], v.shape[-1]), []
    for t in range(len(k)):
        transition, added = identity, torch.zeros_like(S)
        steps = range(k.shape[1])
        for j in reversed(steps) if backwards else steps:
            erase, write = beta[t, j] * torch.outer(k[t, j], k[t, j]), beta[t, j] * torch.outer(k[t, j], v[t, j])
            if together:
                transition, added = transition - erase, added + write
            else:
                transition, added = (identity - erase) @ transition, (identity - erase) @ added + write
        S = transition @ S + added
        outputs.append(q[t] @ S)
    return torch.stack(outputs)


def _first_step_only(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor") -> "Tensor":
    return _product_of_steps(q, k[:, :1], v[:, :1], beta[:, :1])


def _check_channels(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the subject, whose decays are equal in all channels, is from the gated delta rule."""
    from kb.reference.gated_delta_rule import gated_delta_rule

    q, k, v = draw.normal(3, 2, 8, 2, 4)
    k = k / k.norm(dim=-1, keepdim=True)
    beta, decay = draw.uniform(0.2, 1, 2, 8, 2), draw.uniform(0.5, 0.9, 2, 8, 2)
    expected, _ = gated_delta_rule(q, k, v, beta, decay, normalise="none")
    return Measurement(relative(subject(q, k, v, beta, decay[..., None].expand_as(k)), expected))


def _by_channel(
    q: "Tensor",
    k: "Tensor",
    v: "Tensor",
    beta: "Tensor",
    decay: "Tensor",
    slip: str = "",
) -> "Tensor":
    """Return the answers of S_t = (I - beta_t k_t k_t^T) diag(decay_t) S_{t-1} + beta_t k_t v_t^T.

    Parameters
    ----------
    slip : what is done wrongly: the memory is "read first", before it fades, or the decays are "tilted", those of the
           channels being up to a twentieth smaller
    """
    import torch

    decay = decay * torch.linspace(0.95 if slip == "tilted" else 1, 1, k.shape[-1], dtype=k.dtype)
    memory, outputs = k.new_zeros(*k.shape[:1], *k.shape[2:], v.shape[-1]), []
    for t in range(k.shape[1]):
        faded = decay[:, t, :, :, None] * memory
        read = torch.einsum("bhkv,bhk->bhv", memory if slip == "read first" else faded, k[:, t])
        memory = faded + torch.einsum("bh,bhk,bhv->bhkv", beta[:, t], k[:, t], v[:, t] - read)
        outputs.append(torch.einsum("bhkv,bhk->bhv", memory, q[:, t]))
    return torch.stack(outputs, dim=1)


def _not_faded(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", decay: "Tensor") -> "Tensor":
    return _by_channel(q, k, v, beta, decay * 0 + 1)


def _check_solver(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the subject is from the mesa layer with lambda 1.7, whose penalty is 1 / 1.7."""
    from kb.reference.mesa_layer import mesa_layer

    q, k, v = draw.normal(3, 1, 8, 1, 4)
    return Measurement(relative(subject(q, k, v, 1 / 1.7), mesa_layer(q, k, v, lam=1.7)[0]))


def _conjugate_gradients(
    q: "Tensor", k: "Tensor", v: "Tensor", penalty: float, steps: int = 5, gates: tuple[float, float] = (1, 1)
) -> "Tensor":
    """Return G_t (H_t + penalty)^{-1} q_t, each system solved by so many steps of conjugate gradients; the gates say
    how much of the sums is kept and how much of a pair is written."""
    import torch

    keep, write = gates
    outputs, K = [], k.shape[-1]
    G, H = k.new_zeros(K, v.shape[-1]), k.new_zeros(K, K)
    for t in range(k.shape[1]):
        key, query = k[0, t, 0], q[0, t, 0]
        G = keep * G + write * torch.outer(key, v[0, t, 0])
        H = keep * H + write * torch.outer(key, key)
        system = H + penalty * torch.eye(K, dtype=k.dtype)
        x, rest = torch.zeros_like(query), query
        direction = rest
        for _ in range(steps):
            along = system @ direction
            # where nothing is left to solve, the quotient would be 0 / 0
            length = (rest @ rest) / (direction @ along).clamp(min=1e-300)
            x, new = x + length * direction, rest - length * along
            direction, rest = new + (new @ new) / (rest @ rest).clamp(min=1e-300) * direction, new
        outputs.append(x @ G)
    return torch.stack(outputs)[None, :, None]


CLAIMS = (
    Claim(
        id="strengths-of-two-count-parity",
        statement=(
            "With a unit key and zeros for values, the delta rule with a strength of two for each one and zero for "
            "each nought multiplies what it holds under that key by minus one at every one: its sign is the parity. "
            "A strength of one erases, and a decay only shrinks."
        ),
        kind="equality",
        between=("deltanet", "negative-eigenvalue-transition"),
        evidence=Evidence("arxiv:2411.12537", "Abstract"),
        inputs="fifteen random bits, one unit key, a normal first value; K 4, V 3; float64 and float32",
        equation=r"\left(I - 2 k k^\top\right) k = -k, \qquad S_t^\top k = (-1)^{\sum_{i \le t} b_i}\, S_0^\top k",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="At most fifteen reflections, each of which multiplies the error in the key's length by four.",
        pitfall="A key a hundredth too long grows with every one: unlike below two, nothing damps the error.",
        family="fast-weights",
        check=_check_parity,
        subject=_reflect,
        wrong_variants={
            "a strength of one": partial(_reflect, strength=1),
            "a strength of 1.9": partial(_reflect, strength=1.9),
            "a key a hundredth too long": partial(_reflect, longer=1.01),
            "a decay of one half for every one": _fade,
        },
        executes=("delta-rule", "gated-delta-rule"),
    ),
    Claim(
        id="deltaproduct-is-deltanet-over-repeated-tokens",
        statement=(
            "A delta network that takes several steps a token, and so multiplies its memory by a product of their "
            "transitions, is DeltaNet run over a sequence in which every step is a token and only the last of each "
            "is asked; with one step a token it is DeltaNet."
        ),
        kind="reduction",
        between=("deltanet", "delta-product"),
        evidence=Evidence("arxiv:2502.10297", "Abstract"),
        inputs="normal q, k, v, unit keys, beta 0.2 to 1; one and three steps; T 5, K 4, V 3; float64 and float32",
        equation=r"S_t = \prod_{j=n}^{1} \left(I - \beta_{t,j} k_{t,j} k_{t,j}^\top\right) S_{t-1} + \dots",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Fifteen steps that stretch nothing, against a triangular system of fifteen equations.",
        family="fast-weights",
        check=_check_steps,
        subject=_product_of_steps,
        wrong_variants={
            "all steps correct the same memory": partial(_product_of_steps, together=True),
            "the last step first": partial(_product_of_steps, backwards=True),
            "the first step only": _first_step_only,
        },
        executes=("deltanet",),
    ),
    Claim(
        id="kimi-delta-attention-with-equal-decays-is-the-gated-delta-rule",
        statement=(
            "Kimi Delta Attention, whose decay is a vector over the key channels, is the gated delta rule where all "
            "channels of a head have the same."
        ),
        kind="reduction",
        between=("gated-delta-rule", "kimi-delta-attention"),
        evidence=Evidence("arxiv:2510.26692", "Abstract"),
        inputs=(
            "normal q and v, unit keys, beta 0.2 to 1, decay 0.5 to 0.9; B 2, T 8, H 2, K 4, V 4; float64, float32"
        ),
        equation=(
            r"\mathrm{diag}(\alpha_t) = a_t I: \quad S_t = a_t \left(I - \beta_t k_t k_t^\top\right) S_{t-1} + "
            r"\beta_t k_t v_t^\top"
        ),
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Eight steps that stretch nothing, against chunks of four.",
        pitfall="Only decays that are equal commute with the correction; others do not.",
        family="fast-weights",
        check=_check_channels,
        subject=_by_channel,
        wrong_variants={
            "decays that differ by a twentieth from channel to channel": partial(_by_channel, slip="tilted"),
            "the error taken before the memory fades": partial(_by_channel, slip="read first"),
            "nothing fades": _not_faded,
        },
        executes=("gated-delta-rule",),
    ),
    Claim(
        id="mesanet-with-open-gates-solves-for-the-mesa-layer",
        statement=(
            "MesaNet with both gates at one, one penalty for all channels and as many steps of conjugate gradients "
            "as the system has equations answers what the mesa layer answers."
        ),
        kind="reduction",
        between=("mesa-layer", "mesa-net"),
        evidence=Evidence("arxiv:2506.05233", "Abstract"),
        inputs="standard normal q, k, v; penalty 1 / 1.7, five steps for four equations; T 8, K 4, V 4; float64",
        equation=(
            r"\gamma_t = \beta_t = 1,\ \Lambda = \tfrac1\lambda I: \quad o_t = G_t \left(H_t + \tfrac1\lambda "
            r"I\right)^{-1} q_t"
        ),
        bound=1e-8,
        why_bound=(
            "In exact arithmetic four steps solve it; rounding costs some digits where the condition number is in "
            "the tens, and a fifth step wins most of them back."
        ),
        pitfall="Stopped early it only approaches the least-squares answer.",
        family="fast-weights",
        check=_check_solver,
        subject=_conjugate_gradients,
        wrong_variants={
            "stopped after two steps": partial(_conjugate_gradients, steps=2),
            "a memory that fades by a hundredth": partial(_conjugate_gradients, gates=(0.99, 1)),
            "pairs written with half the strength": partial(_conjugate_gradients, gates=(1, 0.5)),
        },
        executes=("mesa-layer",),
    ),
)
