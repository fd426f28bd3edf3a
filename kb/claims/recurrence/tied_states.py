"""Later layers as cases of others: HGRN2's keys tied to its gates, and RWKV-7's erasing as the delta rule."""

from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor


def _check_tied(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject, given outputs' gates, forget gates and values, against HGRN2's recurrence."""
    import torch

    gate, v = draw.normal(2, 2, 6, 2, 4)
    forget = draw.uniform(0.3, 0.95, 2, 6, 2, 4)
    state, outputs = v.new_zeros(2, 2, 4, 4), []
    for t in range(6):
        fades, rest = forget[:, t, :, :, None], (1 - forget[:, t])[..., None]
        state = fades * state + rest * v[:, t, :, None]
        outputs.append(torch.einsum("bhk,bhkv->bhv", gate[:, t], state))
    return Measurement(relative(subject(gate, forget, v), torch.stack(outputs, dim=1)))


def _gated(gate: "Tensor", forget: "Tensor", v: "Tensor", slip: str = "") -> "Tensor":
    """Return shipped gated linear attention with the keys 1 - forget.

    Parameters
    ----------
    slip : what is done wrongly: keys and decays are "exchanged", keys are "free" (one), or a head has "one" decay
    """
    from kb.reference.gated_linear_attention import gated_linear_attention

    k, decay = (forget, 1 - forget) if slip == "exchanged" else (1 - forget, forget)
    k = 0 * k + 1 if slip == "free" else k
    decay = decay.mean(dim=-1, keepdim=True).expand_as(decay) if slip == "one" else decay
    return gated_linear_attention(gate, k, v, decay)[0]


def _check_erasing(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against the shipped delta rule on unit keys."""
    from kb.reference.delta_rule import delta_rule

    q, k, v = draw.normal(3, 2, 6, 2, 4)
    k, beta = k / k.norm(dim=-1, keepdim=True), draw.uniform(0.2, 1, 2, 6, 2)
    return Measurement(relative(subject(q, k, v, beta), delta_rule(q, k, v, beta)[0]))


def _rwkv_7(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", *, decay: float = 1.0, slip: str = "") -> "Tensor":
    """Return RWKV-7's state update with one rate for all channels and one key for removing and writing.

    Parameters
    ----------
    decay : of all channels
    slip  : what is done wrongly: the key is "written" at full strength, what stands under it is not "removed", or
            each "channel" has a rate of its own
    """
    import torch

    rate = beta[..., None].expand_as(k)
    if slip == "channel":
        rate = rate * torch.linspace(0.5, 1, k.shape[-1], dtype=k.dtype)
    one = torch.eye(k.shape[-1], dtype=k.dtype)
    state, outputs = v.new_zeros(2, 2, v.shape[-1], k.shape[-1]), []
    for t in range(k.shape[1]):
        removed = (slip != "removed") * k[:, t, :, :, None] * (rate[:, t] * k[:, t])[:, :, None]
        new = k[:, t] if slip == "written" else rate[:, t] * k[:, t]
        state = state @ (decay * one - removed) + v[:, t, :, :, None] * new[:, :, None]
        outputs.append((state @ q[:, t, :, :, None])[..., 0])
    return torch.stack(outputs, dim=1)


CLAIMS = (
    Claim(
        id="hgrn2-is-gated-linear-attention-with-tied-keys",
        statement=(
            "HGRN2's recurrence is gated linear attention whose key is one minus the forget gate and whose query is "
            "the output gate."
        ),
        kind="reduction",
        between=("gated-linear-attention", "hgrn2"),
        evidence=Evidence("arxiv:2404.07904", "Section on the method"),
        inputs="normal output gates and values, forget gates 0.3 to 0.95; B 2, T 6, H 2, K 4, V 4; float64",
        equation=r"S_t = \mathrm{diag}(f_t)\, S_{t-1} + (1 - f_t)\, v_t^\top, \qquad y_t = S_t^\top o_t",
        bound=1e-12,
        why_bound="Sums of at most six terms; products of decays go through logarithms on one side.",
        pitfall="Norms, blocks and the floor of the gates that rises with the layer are set aside.",
        papers=("arxiv:2312.06635",),
        family="recurrence",
        check=_check_tied,
        subject=_gated,
        wrong_variants={
            "keys and decays exchanged": partial(_gated, slip="exchanged"),
            "free keys": partial(_gated, slip="free"),
            "one decay a head": partial(_gated, slip="one"),
        },
        executes=("gated-linear-attention",),
    ),
    Claim(
        id="rwkv-7-with-nothing-decayed-is-the-delta-rule",
        statement=(
            "With a decay of one, one rate for all channels and one unit key for removing and writing, RWKV-7's "
            "state is that of the delta rule."
        ),
        kind="reduction",
        between=("delta-rule", "deltanet", "rwkv-7"),
        evidence=Evidence("arxiv:2503.14456", "Abstract"),
        inputs="normal q and v, unit keys, rates 0.2 to 1; B 2, T 6, H 2, K 4, V 4; float64",
        equation=r"S_t = S_{t-1} \big(I - \beta_t k_t^\top k_t\big) + \beta_t v_t^\top k_t",
        bound=1e-12,
        why_bound="Six corrections by the same formula, in two orders.",
        pitfall="A decay of one is a limit of the parametrisation, whose decays lie between about 0.55 and one.",
        papers=("arxiv:2102.11174",),
        family="recurrence",
        check=_check_erasing,
        subject=_rwkv_7,
        wrong_variants={
            "a decay of 0.98": partial(_rwkv_7, decay=0.98),
            "the key written at full strength": partial(_rwkv_7, slip="written"),
            "nothing removed": partial(_rwkv_7, slip="removed"),
            "a rate for each channel": partial(_rwkv_7, slip="channel"),
        },
        executes=("delta-rule",),
    ),
)
