"""Group normalisation between its two ends: one group for all channels, and one for each."""

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
    Weights = dict[str, Tensor]

_EPS = 1e-5


def _draw(draw: Draw) -> "tuple[Tensor, Weights]":
    """Return x (2, 8, 16), whose tokens and channels have means of their own, and gain and shift."""
    x = draw.normal(2, 8, 16) + draw.normal(2, 8, 1) + draw.normal(2, 1, 16)
    return x, {"g": draw.normal(16), "b": draw.normal(16)}


def _group(x: "Tensor", w: "Weights", groups: int, *, per_token: bool = False, eps: float = _EPS) -> "Tensor":
    from kb.reference.group_normalisation import group_normalisation

    return group_normalisation(x, w, groups=groups, per_token=per_token, eps=eps)


def _layer(x: "Tensor", w: "Weights", eps: float = _EPS) -> "Tensor":
    from kb.reference.layer_normalisation import layer_normalisation

    return layer_normalisation(x, w, eps=eps)


def _check_one_group(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject with one group against layer normalisation, with four against torch's, token by token."""
    from torch.nn.functional import group_norm

    x, w = _draw(draw)
    library = group_norm(x.flatten(0, 1), 4, w["g"], w["b"], eps=_EPS).view(x.shape)
    return Measurement(find_worst([relative(subject(x, w, 1), _layer(x, w)), relative(subject(x, w, 4), library)]))


def _per_token(x: "Tensor", w: "Weights", groups: int) -> "Tensor":
    return _group(x, w, groups, per_token=True)


def _across_tokens(x: "Tensor", w: "Weights", groups: int) -> "Tensor":
    return _group(x, w, groups)


def _twice_the_groups(x: "Tensor", w: "Weights", groups: int) -> "Tensor":
    return _group(x, w, 2 * groups, per_token=True)


def _dealt_in_turn(x: "Tensor", w: "Weights", groups: int) -> "Tensor":
    # channels 0, G, 2 G, ... are a group: no other than neighbours where there is one group, so four show it
    order = x.new_tensor([c for first in range(groups) for c in range(first, 16, groups)]).long()
    return _group(x[..., order], {"g": w["g"][order], "b": w["b"][order]}, groups, per_token=True)[
        ..., order.argsort()
    ]


def _size_for_number(x: "Tensor", w: "Weights", groups: int) -> "Tensor":
    return _group(x, w, 16 // groups, per_token=True)


def _check_channel_groups(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against torch's instance normalisation and the shipped batch normalisation, given one
    sequence at a time."""
    from torch import cat
    from torch.nn.functional import instance_norm

    from kb.reference.batch_normalisation import batch_normalisation

    x, w = _draw(draw)
    library = instance_norm(x.transpose(1, 2), weight=w["g"], bias=w["b"], eps=_EPS).transpose(1, 2)
    alone = cat([batch_normalisation(one[None], w) for one in x])
    expected = (library, alone, batch_normalisation(x, w, over="sequence"))
    found = subject(x, w)
    return Measurement(find_worst(relative(found, one) for one in expected))


def _group_a_channel(x: "Tensor", w: "Weights") -> "Tensor":
    return _group(x, w, x.shape[-1])


def _pairs_of_channels(x: "Tensor", w: "Weights") -> "Tensor":
    return _group(x, w, x.shape[-1] // 2)


def _channels_of_a_token(x: "Tensor", w: "Weights") -> "Tensor":
    return _group(x, w, x.shape[-1], per_token=True)


def _whole_batch(x: "Tensor", w: "Weights") -> "Tensor":
    from kb.reference.batch_normalisation import batch_normalisation

    return batch_normalisation(x, w)


def _one_gain(x: "Tensor", w: "Weights") -> "Tensor":
    return _group_a_channel(x, {"g": w["g"].mean().expand(16), "b": w["b"].mean().expand(16)})


def _check_sides(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(*_draw(draw))))


def _sides(x: "Tensor", w: "Weights", eps: float = _EPS) -> "Sides":
    """Return layer normalisation as Transformers have it, and group normalisation with one group."""
    return _layer(x, w, eps), _group(x, w, 1, eps=eps)


def _one_token(x: "Tensor", w: "Weights") -> "Sides":
    return _sides(x[:, :1], w)


def _token_by_token(x: "Tensor", w: "Weights") -> "Sides":
    return _layer(x, w), _group(x, w, 1, per_token=True)


def _whole_sequence(x: "Tensor", w: "Weights") -> "Sides":
    # layer normalisation as convolutional networks have it: over channels and positions of an example
    from torch.nn.functional import layer_norm

    return w["g"] * layer_norm(x, x.shape[1:], eps=_EPS) + w["b"], _group(x, w, 1)


def _tokens_of_equal_statistics(x: "Tensor", w: "Weights") -> "Sides":
    x = (x - x.mean(dim=-1, keepdim=True)) / x.std(dim=-1, keepdim=True)
    return _sides(x, w)


def _search(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        x = inputs["x"]
        ones = x.new_ones(x.shape[-1])
        layer, group = subject(x, {"g": ones, "b": ones * 0}, eps=0)
        return {"layer normalisation": layer, "one group": group}

    return find_smallest(run, [{"x": (tokens, width)} for tokens in (1, 2) for width in (1, 2, 3)])


CLAIMS = (
    Claim(
        id="group-norm-token-by-token-in-one-group-is-layer-norm",
        statement=(
            "Group normalisation with one group, its statistics taken over the channels of each token alone, is "
            "layer normalisation; with more groups it is torch's group normalisation of every token for itself."
        ),
        kind="reduction",
        between=("layer-normalisation", "group-normalisation"),
        evidence=Evidence("arxiv:1803.08494", "Section 3"),
        inputs=(
            "normal tokens with means of their own, normal gains and shifts; B 2, T 8, D 16, 1 and 4 groups; float64"
        ),
        bound=1e-12,
        why_bound="The same sums over 16 and over 4 channels: what is left is rounding, near 1e-15.",
        family="normalisation",
        check=_check_one_group,
        subject=_per_token,
        wrong_variants={
            "statistics over the positions too": _across_tokens,
            "two groups for one": _twice_the_groups,
            "channels dealt to the groups in turn": _dealt_in_turn,
            "the size of a group for their number": _size_for_number,
        },
        executes=("group-normalisation", "layer-normalisation"),
    ),
    Claim(
        id="group-norm-with-a-group-a-channel-is-instance-norm",
        statement=(
            "Group normalisation with as many groups as channels is instance normalisation, and both are batch "
            "normalisation in training on a batch of one sequence."
        ),
        kind="reduction",
        between=("batch-normalisation", "instance-normalisation", "group-normalisation"),
        evidence=Evidence("arxiv:1803.08494", "Section 3"),
        inputs="normal tokens with means of their own, normal gains and shifts; B 2, T 8, D 16; float64",
        bound=1e-12,
        why_bound="The same sums over 8 positions of a channel: what is left is rounding, near 1e-15.",
        pitfall=(
            "A batch of several sequences given at once is not the same: there their statistics join. Nor is a "
            "single position, on which every channel is its own mean."
        ),
        papers=("arxiv:1607.08022",),
        family="normalisation",
        check=_check_channel_groups,
        subject=_group_a_channel,
        wrong_variants={
            "groups of two channels": _pairs_of_channels,
            "each token alone": _channels_of_a_token,
            "the whole batch at once": _whole_batch,
            "one gain and shift for all channels": _one_gain,
        },
        executes=("group-normalisation", "batch-normalisation"),
    ),
    Claim(
        id="group-norm-with-one-group-is-layer-norm",
        statement="Group normalisation with a single group is the layer normalisation of a Transformer.",
        kind="separation",
        between=("layer-normalisation", "group-normalisation"),
        evidence=Evidence("arxiv:1803.08494", "Section 3"),
        inputs="normal tokens with means of their own, normal gains and shifts; B 2, T 8, D 16; float64",
        bound=1e-12,
        why_bound="Were they one function, they would differ by the rounding of sums of 128 terms.",
        pitfall=(
            "The paper says it of images, where layer normalisation takes its statistics over channels and "
            "positions. A Transformer's takes them for each token, so the two agree on one token only, or where all "
            "tokens happen to have the same mean and variance."
        ),
        family="normalisation",
        check=_check_sides,
        subject=_sides,
        wrong_variants={
            "a single token": _one_token,
            "statistics token by token": _token_by_token,
            "layer normalisation over the whole sequence": _whole_sequence,
            "tokens of equal mean and variance": _tokens_of_equal_statistics,
        },
        executes=("group-normalisation", "layer-normalisation"),
        expected="refuted",
        smallest=_search,
    ),
)
