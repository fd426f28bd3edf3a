"""Truth of segment-level recurrence: one masked attention over the whole text, and XLNet's core with its memory.

``dim=1`` for ``dim=-1`` of two dimensions and ``flatten(2)`` for ``flatten(-2)`` of four leave the numbers alone.
"""

import math
import types

import pytest
import torch
from torch import Tensor
from transformers import XLNetConfig
from transformers.models.xlnet.modeling_xlnet import XLNetRelativeAttention

FILE = "segment_recurrence"
SIZES = {"B": 2, "T": 11, "D": 12}
WRONG = {
    "gradient into the memory": (".detach()", ""),
    "no gradient into the segment": ("memory.detach(), h]", "memory.detach(), h.detach()]"),
    "no memory": ("h, memory, w, heads", "h, memory[:, :0], w, heads"),
    "memory of everything": ("[:, -segment:]", ""),
    "memory of half a segment": ("[:, -segment:]", "[:, -max(1, segment // 2) :]"),
    "memory of outputs": ("torch.cat([memory, h], dim=1)", "torch.cat([memory, outputs[-1]], dim=1)"),
    "memory of the short segment alone": ("torch.cat([memory, h], dim=1)", "h"),
    "distances begin at the seam": ("torch.arange(S - T, S, device", "torch.arange(T, device"),
    "memory behind the segment": ("[memory.detach(), h]", "[h, memory.detach()]"),
    "distance one too large": ("n.clamp(min=0)", "(n + 1).clamp(min=0, max=S - 1)"),
    "distance reversed": ("n.clamp(min=0)", "(S - 1 - n).clamp(max=S - 1)"),
    "u in the place of v": ('w["v_distance"].view', 'w["u_content"].view'),
    "no u": ('q + w["u_content"].view(heads, -1)', "q"),
    "content alone scaled": (
        "content + by_distance.gather(-1, n.clamp(min=0).expand_as(content))",
        "content + by_distance.gather(-1, n.clamp(min=0).expand_as(content)) * q.shape[-1] ** 0.5",
    ),
    "distances not projected": (' @ w["w_rel"]', ""),
    "sine and cosine in turn": (
        "torch.cat([angle.sin(), angle.cos()], dim=-1)",
        "torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)",
    ),
    "positions always": ('if positions == "none":', "if False:"),
    "positions never": ('if positions == "none":', "if True:"),
    "mask one late": ("n < 0", "n < -1"),
    "no scale": ("(scores / q.shape[-1] ** 0.5)", "scores"),
    "no W_o": (' @ w["w_o"]', ""),
}


def wave(distance: int, D: int) -> Tensor:
    """Transformer-XL's vector of a distance: all sines, then all cosines."""
    angles = [distance / 10000 ** (i / D) for i in range(0, D, 2)]
    return torch.tensor([math.sin(a) for a in angles] + [math.cos(a) for a in angles], dtype=torch.float64)[:D]


def whole(x: Tensor, *, heads: int, segment: int, positions: str, **w: Tensor) -> Tensor:
    """Every token against every other of its own segment and of the one before, whose gradient is cut."""
    T, D = x.shape[1:]
    outputs = []
    for i in range(T):
        first = i // segment * segment  # of this segment
        seen = [(j, x[:, j] if j >= first else x[:, j].detach()) for j in range(max(0, first - segment), i + 1)]
        mixed = []
        for head in range(heads):
            columns = slice(head * D // heads, (head + 1) * D // heads)
            q = x[:, i] @ w["w_q"][:, columns]
            scores = []
            for j, token in seen:
                k, r = token @ w["w_k"][:, columns], wave(i - j, D) @ w["w_rel"][:, columns]
                score = (q * k).sum(-1)
                if positions == "relative":
                    score = score + q @ r + k @ w["u_content"][columns] + r @ w["v_distance"][columns]
                scores.append(score / math.sqrt(D / heads))
            shares = torch.stack(scores, dim=-1).softmax(dim=-1)
            values = torch.stack([token @ w["w_v"][:, columns] for _, token in seen], dim=1)
            mixed.append((shares[..., None] * values).sum(dim=1))
        outputs.append(torch.cat(mixed, dim=-1) @ w["w_o"])
    return torch.stack(outputs, dim=1)


def check(module: types.ModuleType, draw, agree) -> None:
    block = module.segment_recurrence
    inputs = draw(FILE, SIZES)
    for heads, segment, positions in (
        (2, 4, "relative"),
        (3, 3, "none"),
        (1, 1, "relative"),
        (4, 5, "relative"),
        (2, 11, "relative"),
        (2, 16, "none"),
    ):
        given = {"heads": heads, "segment": segment, "positions": positions}
        agree(
            lambda x, given=given, **w: block(x, w, **given)[0],
            lambda x, given=given, **w: whole(x, **given, **w),
            inputs,
        )
    agree(
        lambda x, **w: block(x, w, heads=3)[0],
        lambda x, **w: whole(x, heads=3, segment=4, positions="relative", **w),
        draw(FILE, {**SIZES, "D": 9, "heads": 3}),
    )
    x, w = inputs.pop("x"), inputs
    wanted = whole(x, heads=2, segment=4, positions="relative", **w)
    y, memory = block(x, w)
    torch.testing.assert_close(y, wanted)
    torch.testing.assert_close(memory, x[:, 7:])
    torch.testing.assert_close(block(x[:, :1], w)[0], x[:, :1] @ w["w_v"] @ w["w_o"])
    large = block(1000 * x, w, heads=3, segment=5)[0]
    torch.testing.assert_close(large, whole(1000 * x, heads=3, segment=5, positions="relative", **w))

    first, memory = block(x[:, :4], w)
    second, memory = block(x[:, 4:8], w, memory)
    third, memory = block(x[:, 8:], w, memory)
    torch.testing.assert_close(torch.cat([first, second, third], dim=1), wanted)
    torch.testing.assert_close(memory, x[:, 7:])


def test_agrees_with_one_masked_attention_over_the_whole_text(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_a_segment_with_its_memory_is_read_as_xlnet_reads_it(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs
    heads, (D, T, S) = 3, (12, 5, 10)
    xlnet = XLNetRelativeAttention(XLNetConfig(d_model=D, n_head=heads, d_inner=20, dropout=0.0)).double()
    split = (heads, D // heads)
    tokens = x[:, :S].transpose(0, 1)
    with torch.no_grad():
        xlnet.r_w_bias.copy_(w["u_content"].view(split))
        xlnet.r_r_bias.copy_(w["v_distance"].view(split))
        q = (tokens[T:] @ w["w_q"]).unflatten(-1, split)
        k, v = ((tokens @ w[name]).unflatten(-1, split) for name in ("w_k", "w_v"))
        # XLNet lists the distances from S down to 1 - T
        r = torch.stack([wave(n, D) for n in range(S, -T, -1)]) @ w["w_rel"]
        blocked = torch.ones(T, S, dtype=x.dtype).triu(S - T + 1)[:, :, None, None]
        mixed = xlnet.rel_attn_core(q, k, v, r.unflatten(-1, split)[:, None].expand(-1, 2, -1, -1), attn_mask=blocked)

    y, _ = shipped(FILE).segment_recurrence(x[:, :S], w, heads=heads, segment=T)

    torch.testing.assert_close(y[:, T:], mixed.transpose(0, 1).flatten(-2) @ w["w_o"])


def test_in_one_segment_without_positions_it_is_multi_head_attention(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs

    y, _ = shipped(FILE).segment_recurrence(x, w, segment=512, positions="none")

    wanted = shipped("multi_head_attention").multi_head_attention(x, w)
    torch.testing.assert_close(y, wanted, rtol=1e-12, atol=1e-12)


def test_in_one_segment_its_scores_are_those_of_the_gopher_block(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs

    y, _ = shipped(FILE).segment_recurrence(x, w, segment=11)

    torch.testing.assert_close(y, shipped("gopher_block")._relative_attention(x, w, 2), rtol=1e-12, atol=1e-12)


def test_a_layer_sees_one_segment_back_and_two_layers_two(shipped, draw):
    inputs = draw(FILE, {**SIZES, "T": 12})
    x, w = inputs.pop("x"), inputs
    block = shipped(FILE).segment_recurrence

    def changed(layers: int, start: int) -> bool:
        """Whether the last token notices a change of the tokens before ``start``."""
        ends = []
        for noise in (0, 1):
            y = torch.cat([x[:, :start] + noise, x[:, start:]], dim=1)
            for _ in range(layers):
                y = block(y, w, segment=3)[0]
            ends.append(y[:, -1])
        return not torch.equal(*ends)

    assert [changed(1, 6), changed(1, 7), changed(2, 3), changed(2, 4)] == [False, True, False, True]


def test_what_is_remembered_is_read_but_learns_nothing(shipped, draw):
    """The stop-gradient SG of the equation: also of a memory that someone else kept."""
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs
    memory = draw(FILE, SIZES, seed=1)["x"][:, :4].requires_grad_()
    x.requires_grad_()

    y, last = shipped(FILE).segment_recurrence(x[:, :4], w, memory)
    unread, _ = shipped(FILE).segment_recurrence(x[:, :4], w)

    assert (y - unread).abs().max() > 0.1
    assert torch.autograd.grad(y.sum(), memory, allow_unused=True, retain_graph=True) == (None,)
    assert not last.requires_grad
