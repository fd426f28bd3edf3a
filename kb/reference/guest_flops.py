"""The part of a composed program that says how many floating-point operations one operation of the library is.

Einsum and ``@`` have become products when the library executes them, so what is counted does not depend on how a file
writes them. Four kinds are kept apart:

products     matrix products, convolutions: a multiplication and an addition count 2, so (n, k) @ (k, m) is 2 n k m,
             of complex numbers 8 n k m; n triangular equations n^2 a right side, n (n - 1) with ones on the diagonal;
             a full system n (n - 1) (4 n + 1) / 6 to eliminate and 2 n^2 - n a right side; a Fourier transform of n
             complex numbers 5 n log2 n, half of it where one side is real
elementwise  sums, products, quotients, maxima of pairs: one for each number that comes out; a complex product counts
             6, a quotient 11, anything else 2
reductions   sums, means, maxima along an axis, running sums: one for each number that goes in, 2 for a complex one
functions    exp, log, roots, powers, sine, sigmoid, tanh, gelu and their like: one for each number that comes out, 2
             for a complex one; small whole powers are products

A softmax is, for each number, one function (exp), two reductions (maximum, sum) and two elementwise operations.
Nothing is counted for moving, masking, comparing, drawing and whole numbers. What is computed and masked afterwards
counts: with a causal mask the full square, unless the file leaves tiles out. A product that has nothing to sum over
is elementwise, as the library computes it.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

KINDS = ("products", "elementwise", "reductions", "functions")
Counts = Mapping[str, int]
Rule = Callable[[Sequence[Any], Mapping[str, Any], Sequence[Tensor]], float | int]

_PER_INPUT: Mapping[str, tuple[int, int, int]] = {
    **dict.fromkeys(("sum", "nansum", "mean", "amax", "amin", "max", "min", "prod", "aminmax", "trace"), (0, 1, 0)),
    **dict.fromkeys(("cumsum", "cumprod", "cummax", "cummin"), (0, 1, 0)),
    **dict.fromkeys(("_softmax", "_log_softmax"), (2, 2, 1)),
    **dict.fromkeys(("logsumexp", "logcumsumexp"), (1, 2, 1)),
    **dict.fromkeys(("var", "std", "var_mean", "std_mean"), (2, 2, 0)),
    **dict.fromkeys(("native_layer_norm", "native_group_norm", "native_batch_norm"), (5, 2, 0)),
    **dict.fromkeys(("linalg_vector_norm", "norm"), (1, 1, 0)),
}
"""For each number that goes in: elementwise operations, reductions, functions."""
_PER_OUTPUT: Mapping[str, tuple[int, int, int]] = {
    **dict.fromkeys(("addcmul", "addcdiv"), (2, 0, 0)),
    **dict.fromkeys(("lerp",), (3, 0, 0)),
    **dict.fromkeys(("index_add", "scatter_add", "scatter_reduce", "floor_divide", "native_dropout"), (1, 0, 0)),
    **dict.fromkeys(("log_sigmoid_forward",), (0, 0, 1)),
    **dict.fromkeys(("polar",), (2, 0, 2)),
}
"""For each number that comes out: the same."""
_FUNCTION_WORDS = (
    "exp exp2 expm1 log log1p log2 log10 sqrt rsqrt pow sigmoid logit softplus gelu silu mish elu hardswish "
    "hardsigmoid sin cos tan sinh cosh tanh asin acos atan atan2 asinh acosh atanh angle erf erfc erfinv lgamma "
    "digamma sinc xlogy hypot logaddexp logaddexp2"
)
_FUNCTIONS = frozenset(_FUNCTION_WORDS.split())
_FREE_WORDS = (
    "clone where masked_fill fill copy _to_copy sign real imag _conj _unsafe_view cat stack index index_select "
    "index_put index_copy index_fill gather scatter take masked_select masked_scatter embedding constant_pad_nd "
    "roll flip repeat unfold sort tril triu diag_embed complex nll_loss_forward topk lift_fresh lift detach zero "
    "zeros ones empty full eye arange linspace scalar_tensor empty_strided zeros_like ones_like empty_like "
    "full_like rand_like randn_like new_zeros new_ones new_empty new_full new_empty_strided rand randn normal "
    "uniform randint multinomial bernoulli exponential _linalg_check_errors _local_scalar_dense"
)
_FREE = frozenset(_FREE_WORDS.split())


def count_operation(
    func: Any, args: Sequence[Any], options: Mapping[str, Any], made: Sequence[Tensor]
) -> Counts | None:
    """Return how many operations of each kind this one is; None where no rule says so.

    Parameters
    ----------
    func : an operation of the library that is no view, as it comes to ``__torch_dispatch__``
    made : the tensors that came out of it
    """
    name = func.overloadpacket.__name__
    name = name.rstrip("_") or name
    if name in _FREE or not made or not (made[0].is_floating_point() or made[0].is_complex()):
        return {}
    if (rule := _PRODUCTS.get(name)) is not None:
        added = made[0].numel() if name in _ADDING or (name == "convolution" and args[2] is not None) else 0
        counts = {"products": round(rule(args, options, made)), "elementwise": added * _parts(made[0])}
        return {**counts, **(_soften(args) if rule is _attend else {})}
    if (per := _PER_INPUT.get(name)) is not None:
        return _spread(per, sum(one.numel() * _parts(one) for one in list_tensors(args[:1])))
    if (per := _PER_OUTPUT.get(name)) is not None:
        return _spread(per, made[0].numel())
    size = made[0].numel() * _parts(made[0])
    if name == "pow" and (times := _count_factors(args)) is not None:
        return {"elementwise": times * made[0].numel() * (6 if made[0].is_complex() else 1)}
    if name in _FUNCTIONS:
        return {"functions": size}
    if torch.Tag.pointwise in func.tags:
        return {"elementwise": _count_pointwise(name, args, options, made[0])}
    return None


def list_tensors(values: Any) -> Iterator[Tensor]:
    """Yield the tensors among values, in lists, tuples and dictionaries too."""
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, Mapping):
        yield from list_tensors(tuple(values.values()))
    elif isinstance(values, tuple | list):
        for value in values:
            yield from list_tensors(value)


def _parts(tensor: Tensor) -> int:
    return 2 if tensor.is_complex() else 1


def _spread(per: tuple[int, int, int], size: int) -> Counts:
    return {"elementwise": per[0] * size, "reductions": per[1] * size, "functions": per[2] * size}


def _count_factors(args: Sequence[Any]) -> int | None:
    """Return how many products a small whole power is; None for any other power."""
    power = args[1]
    if isinstance(power, Tensor) or power != int(power) or not -1 <= power <= 4:
        return None
    return 1 if power == -1 else max(0, int(power) - 1)


def _count_pointwise(name: str, args: Sequence[Any], options: Mapping[str, Any], made: Tensor) -> int:
    each = 1
    if name in ("add", "sub", "rsub"):
        # a + alpha b
        each = 1 if options.get("alpha", args[2] if len(args) > 2 else 1) == 1 else 2
    elif name == "clamp":
        each = sum(bound is not None for bound in (*args[1:3], options.get("min"), options.get("max")))
    if made.is_complex():
        each *= {"mul": 6, "div": 11, "reciprocal": 11}.get(name, 2)
    return each * made.numel()


def _matrix(first: int) -> Rule:
    """Return the rule of a product whose left factor is that argument: rows of it meet columns, 2 for each pair."""

    def rule(args: Sequence[Any], options: Mapping[str, Any], made: Sequence[Tensor]) -> float:
        left: Tensor = args[first]
        return 2 * made[0].numel() * left.shape[-1] * (4 if made[0].is_complex() else 1)

    return rule


def _convolve(args: Sequence[Any], options: Mapping[str, Any], made: Sequence[Tensor]) -> float:
    kernel: Tensor = args[1]
    met: Tensor = args[0] if args[6] else made[0]  # what the kernel is laid on: of a transposed one the input
    return 2 * met.numel() * kernel.numel() / kernel.shape[0]


def _transform(args: Sequence[Any], options: Mapping[str, Any], made: Sequence[Tensor]) -> float:
    halved = not (args[0].is_complex() and made[0].is_complex())
    longer = args[0] if args[0].numel() >= made[0].numel() else made[0]
    length = math.prod(longer.shape[axis] for axis in args[1])
    return 5 * longer.numel() * math.log2(length) / (2 if halved else 1) if length > 1 else 0


def _substitute(args: Sequence[Any], options: Mapping[str, Any], made: Sequence[Tensor]) -> float:
    n = int(args[0].shape[-1])
    return made[0].numel() * (n - 1 if options.get("unitriangular") else n) * (4 if made[0].is_complex() else 1)


def _eliminate(args: Sequence[Any], options: Mapping[str, Any], made: Sequence[Tensor]) -> float:
    matrices: Tensor = args[0]
    n = matrices.shape[-1]
    eliminated = matrices.numel() / n**2 * n * (n - 1) * (4 * n + 1) / 6
    return (eliminated + made[0].numel() * (2 * n - 1)) * (4 if made[0].is_complex() else 1)


def _attend(args: Sequence[Any], options: Mapping[str, Any], made: Sequence[Tensor]) -> float:
    q, k, v = list_tensors(args[:3])
    return 2 * q.shape[:-1].numel() * k.shape[-2] * (q.shape[-1] + v.shape[-1])


def _soften(args: Sequence[Any]) -> Counts:
    """Return what a fused attention does besides its products: it scales its scores, and takes their softmax."""
    q, k, _ = list_tensors(args[:3])
    scores = q.shape[:-1].numel() * k.shape[-2]
    return {"elementwise": 3 * scores, "reductions": 2 * scores, "functions": scores}


_PRODUCTS: Mapping[str, Rule] = {
    **dict.fromkeys(("mm", "bmm", "mv", "dot", "vdot", "linear"), _matrix(0)),
    **dict.fromkeys(("addmm", "baddbmm", "addmv"), _matrix(1)),
    "convolution": _convolve,
    **dict.fromkeys(("_fft_c2c", "_fft_r2c", "_fft_c2r"), _transform),
    "linalg_solve_triangular": _substitute,
    **dict.fromkeys(("_linalg_solve_ex", "linalg_inv_ex"), _eliminate),
    **dict.fromkeys(
        ("_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_fused_attention_overrideable"), _attend
    ),
}
_ADDING = frozenset({"addmm", "baddbmm", "addmv"})
