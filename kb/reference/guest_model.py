"""The part of a composed program that builds the small model around an idea: the least that lets it learn a task.

All models are the same but for the idea: an embedding, a short causal convolution that lets every token see the three
before it, L layers of ``x + mixing(norm(x))`` and ``x + feed_forward(norm(x))``, a norm, and a map to the vocabulary.
No model has positions beyond the order of time. What they have in common begins with the same numbers.

A mixer, a recurrence, or a block without a feed-forward network of its own (a weight ``w_1``) is the mixing; a block
with one is the whole layer; norms and feed-forward networks take their places around softmax attention, position
schemes inside it, and feature maps inside linear attention.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, einsum, nn
from torch.nn.functional import pad, rms_norm

from kb.reference.guest import load_function
from kb.reference.guest_counting import count_numbers
from kb.reference.guest_inputs import build_tensor

SCALE = 0.02
"""Standard deviation of the weights around an idea at the start: small, so that no key is long (a delta rule needs
keys shorter than the square root of two), and no query has a preference yet."""
CONVOLUTION = 4
"""How many tokens the short convolution sees, the present one among them."""
STARTS = {"decay": 3.0}
"""Where a gate begins, before it is squashed into its range: a memory that fades begins nearly lasting, all others in
the middle."""


class Model(nn.Module):
    """Maps tokens (B, T) to logits (B, T, C).

    Parameters
    ----------
    idea  : as ``program`` describes it, with the sizes of the training
    seed  : of everything that is drawn
    """

    def __init__(self, idea: Mapping[str, Any], *, vocabulary: int, layers: int, seed: int) -> None:
        super().__init__()
        D = idea["sizes"]["D"]
        function = load_function(idea["source"], idea["function"])
        self.embedding = _draw("embedding", (vocabulary, D), seed)
        self.convolution = _draw("convolution", (CONVOLUTION, D), seed, scale=CONVOLUTION**-0.5)
        self.layers = nn.ModuleList(_Layer(idea, function, f"layer {n}", seed) for n in range(layers))
        self.norm = _Norm(idea, function, "last norm", seed)
        self.out = _draw("out", (D, vocabulary), seed)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embedding[tokens]
        before = pad(x, (0, 0, CONVOLUTION - 1, 0))
        for lag, weight in enumerate(self.convolution.flip(0)):
            begin = CONVOLUTION - 1 - lag
            x = x + weight * before[:, begin : begin + tokens.shape[1]]
        for layer in self.layers:
            x = layer(x)
        logits: Tensor = self.norm(x) @ self.out
        return logits

    def count_parameters(self) -> int:
        """Return how many numbers are learned."""
        return sum(weight.numel() for weight in self.parameters())

    def count_state(self, tokens: Tensor) -> int | None:
        """Return how many numbers one layer's idea hands on after one sequence; None where it has no state."""
        owns = [one for one in self.modules() if isinstance(one, _Own)]
        owns[0].keeps_state = True
        with torch.no_grad():
            self(tokens[:1])
        count = count_numbers(owns[0].state)
        owns[0].keeps_state, owns[0].state = False, None
        return count

    def find_leak(self, tokens: Tensor) -> float:
        """Return how much what is said early changes with the last token: zero where nothing looks ahead."""
        other = tokens.clone()
        other[0, -1] = (other[0, -1] + 1) % len(self.embedding)
        with torch.no_grad():
            one, two = self(tokens), self(other)
        # of the first sequence all but its end, and of the others everything
        apart = (one - two).abs()
        apart[0, -1] = 0
        return float(apart.max() / one.abs().max())


class _Layer(nn.Module):
    def __init__(self, idea: Mapping[str, Any], function: Callable[..., Any], place: str, seed: int) -> None:
        super().__init__()
        if idea["form"] == "block" and any(name == "w_1" for name, *_ in idea["weights"]):
            self.whole: _Own | None = _Own(idea, function, place, seed)
            return
        self.whole = None
        self.norm_1, self.norm_2 = (_Norm(idea, function, f"{place} norm {n}", seed) for n in (1, 2))
        self.mixing = _Mixing(idea, function, place, seed)
        self.feed_forward = _FeedForward(idea, function, place, seed)

    def forward(self, x: Tensor) -> Tensor:
        if self.whole is not None:
            return self.whole(x=x)  # type: ignore[no-any-return]
        x = x + self.mixing(self.norm_1(x))
        return x + self.feed_forward(self.norm_2(x))  # type: ignore[no-any-return]


class _Own(nn.Module):
    """The idea's function with its parameters as they are set, and its declared weights as it declares them."""

    def __init__(self, idea: Mapping[str, Any], function: Callable[..., Any], place: str, seed: int) -> None:
        super().__init__()
        self.function, self.settings = function, idea["parameters"]
        sizes = {**idea["parameters"], **idea["sizes"]}
        self.weights = nn.ParameterDict(
            {
                name: _draw_as(f"{place} {name}", _shape(shape, sizes), seed, initial)
                for name, shape, initial in idea["weights"]
            }
        )
        self.keeps_state, self.state = False, None

    def forward(self, **inputs: Tensor) -> Tensor:
        if self.weights:
            inputs["w"] = dict(self.weights.items())  # type: ignore[assignment]
        result = self.function(**inputs, **self.settings)
        output, state = result if isinstance(result, tuple) else (result, None)
        if self.keeps_state:
            self.state = state
        return output  # type: ignore[no-any-return]


class _Norm(nn.Module):
    def __init__(self, idea: Mapping[str, Any], function: Callable[..., Any], place: str, seed: int) -> None:
        super().__init__()
        self.own = _Own(idea, function, place, seed) if idea["form"] == "norm" else None
        if self.own is None:
            self.gain = nn.Parameter(torch.ones(idea["sizes"]["D"]))

    def forward(self, x: Tensor) -> Tensor:
        return self.own(x=x) if self.own is not None else rms_norm(x, self.gain.shape, self.gain)


class _FeedForward(nn.Module):
    def __init__(self, idea: Mapping[str, Any], function: Callable[..., Any], place: str, seed: int) -> None:
        super().__init__()
        self.own = _Own(idea, function, place, seed) if idea["form"] == "feed-forward" else None
        if self.own is None:
            D, F = idea["sizes"]["D"], idea["sizes"]["F"]
            self.w_1 = _draw(f"{place} w_1", (D, F), seed, scale=D**-0.5)
            self.w_2 = _draw(f"{place} w_2", (F, D), seed)

    def forward(self, x: Tensor) -> Tensor:
        return self.own(x=x) if self.own is not None else (x @ self.w_1).relu() @ self.w_2


class _Mixing(nn.Module):
    """The place where tokens see one another: projections around a mixer, or a recurrence or block as it is."""

    def __init__(self, idea: Mapping[str, Any], function: Callable[..., Any], place: str, seed: int) -> None:
        super().__init__()
        self.form, sizes = idea["form"], idea["sizes"]
        D, H, K = sizes["D"], sizes["H"], sizes["V"]
        self.own = None if self.form in ("norm", "feed-forward") else _Own(idea, function, place, seed)
        self.reads_x = self.form in ("recurrence", "block")
        if not self.reads_x:
            self.q, self.k, self.v = (_draw(f"{place} {name}", (D, H, K), seed) for name in "qkv")
            self.gates = nn.ModuleDict({one["name"]: _Gate(one, sizes, place, seed) for one in idea["gates"]})
        self.out = _draw(f"{place} out", (D, D), seed)

    def forward(self, x: Tensor) -> Tensor:
        if self.reads_x:
            assert self.own is not None
            return self.own(x=x) @ self.out  # type: ignore[no-any-return]
        q, k, v = (einsum("btd,dhk->bthk", x, weight) for weight in (self.q, self.k, self.v))
        return self._mix(q, k, v, x).flatten(2) @ self.out

    def _mix(self, q: Tensor, k: Tensor, v: Tensor, x: Tensor) -> Tensor:
        if self.own is None:
            return attend(einsum("bthk,bshk->bhts", q, k) / q.shape[-1] ** 0.5, v)
        if self.form == "mixer":
            gates = {name: gate(x) for name, gate in self.gates.items()}
            return self.own(q=q, k=k, v=v, **gates)  # type: ignore[no-any-return]
        if self.form == "position":
            return attend(self.own(q=q, k=k), v)
        return attend_linearly(self.own(x=q), self.own(x=k), v)


class _Gate(nn.Module):
    """A gate of a mixer: a learned map of the token, or learned numbers where it is the same for all tokens."""

    def __init__(self, gate: Mapping[str, Any], sizes: Mapping[str, int], place: str, seed: int) -> None:
        super().__init__()
        self.low, self.high, name = gate["low"], gate["high"], f"{place} {gate['name']}"
        self.reads_x = "B" in gate["shape"]
        self.shape = _shape([part for part in gate["shape"] if part not in "BT" or not self.reads_x], sizes)
        if self.low < self.high:
            self.bias = nn.Parameter(torch.full(self.shape, STARTS.get(gate["name"], 0.0)))
            if self.reads_x:
                self.weight = _draw(name, (sizes["D"], math.prod(self.shape)), seed)

    def forward(self, x: Tensor) -> Tensor:
        leading = x.shape[:2] if self.reads_x else ()
        if self.low == self.high:
            return x.new_full((*leading, *self.shape), self.low)
        asked = (x @ self.weight).view(*leading, *self.shape) if self.reads_x else 0.0
        return self.low + (self.high - self.low) * (asked + self.bias).sigmoid()  # type: ignore[no-any-return]


def attend(scores: Tensor, v: Tensor) -> Tensor:
    """Return softmax attention (B, T, H, V) over the past for logits (B, H, T, T)."""
    future = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    return einsum("bhts,bshv->bthv", scores.masked_fill(future, -math.inf).softmax(dim=-1), v)


def attend_linearly(phi_q: Tensor, phi_k: Tensor, v: Tensor) -> Tensor:
    """Return linear attention (B, T, H, V) over the past for features (B, T, H, P)."""
    scores = einsum("bthp,bshp->bhts", phi_q, phi_k).tril()
    # the clamp is for maps that send a query to nothing, as dpfp can
    shares = scores / scores.sum(dim=-1, keepdim=True).clamp(min=1e-6)
    return einsum("bhts,bshv->bthv", shares, v)


def _shape(parts: Any, sizes: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(int(sizes.get(part, part)) for part in parts)


def _draw(name: str, shape: tuple[int, ...], seed: int, *, scale: float = SCALE) -> nn.Parameter:
    return nn.Parameter(scale * build_tensor(name, shape, seed=seed, dtype=torch.float32))


def _draw_as(name: str, shape: tuple[int, ...], seed: int, initial: str) -> nn.Parameter:
    """Return a weight as a header declares it."""
    declared = "rows" if initial == "normal" else initial
    return nn.Parameter(build_tensor(name, shape, seed=seed, initial=declared, dtype=torch.float32))
