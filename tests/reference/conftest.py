"""What the truth tests share: inputs, comparison of outputs and gradients, and one-fault variants of a shipped file.

A wrong variant is the shipped source with one fragment replaced, so it differs from the truth in one misreading only.
"""

import importlib
import types
from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor

from kb.reference.header import FORMS, LABELS, parse_gates
from kb.reference.inputs import build_inputs
from kb.reference.registry import get_idea

torch.set_num_threads(1)

Function = Callable[..., Tensor]


@pytest.fixture
def shipped() -> Callable[[str], types.ModuleType]:
    """Import a shipped reference file."""
    return lambda function: importlib.import_module(f"kb.reference.{function}")


@pytest.fixture
def mutated() -> Callable[[str, str, str], types.ModuleType]:
    """Load a shipped reference file with every occurrence of a fragment replaced."""

    def load(function: str, old: str, new: str) -> types.ModuleType:
        code = get_idea(function).code
        if old not in code:
            raise LookupError(f"{function} no longer contains {old!r}: bring this wrong variant up to date")
        module = types.ModuleType(function)
        exec(compile(code.replace(old, new), f"{function} (mutated)", "exec"), module.__dict__)
        return module

    return load


@pytest.fixture
def write_idea() -> Callable[..., str]:
    """Write the whole text of an idea of a form: a header with the least that it needs, and one function."""

    def write(form: str, body: str, *, name: str = "own", gates: str = "", weights: str = "") -> str:
        lines = {label: f"some {label}" for label in LABELS} | {"Form": form, "Gates": gates, "Weights": weights}
        lines["Parameters"] = "scale = 2.0 in 0..9 (scale=1 gives nothing new)"
        header = "\n".join(f"{label:<12}{text}" for label, text in lines.items() if text)
        taken = [*FORMS[form], *(gate.name for gate in parse_gates(gates)), *(["w"] if weights else [])]
        signature = ", ".join([*taken, "*", "scale=2.0"])
        return f'r"""An idea.\n\n{header}\n"""\n\nimport torch\n\n\ndef {name}({signature}):\n    return {body}\n'

    return write


@pytest.fixture
def draw() -> Callable[..., dict[str, Tensor]]:
    """Draw an idea's inputs and weights by name, with noise on every weight: no gain is one, no bias zero."""

    def build(name: str, settings: Mapping[str, object], seed: int = 0) -> dict[str, Tensor]:
        inputs = build_inputs(get_idea(name), settings, seed=seed)
        generator = torch.Generator().manual_seed(seed)
        weights = {
            key: weight + 0.2 * torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
            for key, weight in inputs.pop("w", {}).items()
        }
        return {**inputs, **weights}

    return build


@pytest.fixture
def agree() -> Callable[..., None]:
    """Assert that two functions of the same named tensors agree in output and in the gradient of every tensor.

    Whole numbers, such as tokens, have no gradient.
    """

    def compare(
        actual: Function,
        expected: Function,
        tensors: Mapping[str, Tensor],
        *,
        rtol: float = 1e-9,
        atol: float = 1e-10,
    ) -> None:
        leaves = {
            name: tensor.detach().clone().requires_grad_(tensor.is_floating_point())
            for name, tensor in tensors.items()
        }
        sloped = [name for name, leaf in leaves.items() if leaf.requires_grad]
        one, other = actual(**leaves), expected(**leaves)
        torch.testing.assert_close(one, other, rtol=rtol, atol=atol)
        probe = torch.randn(one.shape, generator=torch.Generator().manual_seed(9), dtype=one.dtype)
        slopes = [
            torch.autograd.grad((output * probe).sum(), [leaves[name] for name in sloped], materialize_grads=True)
            for output in (one, other)
        ]
        for name, slope, wanted in zip(sloped, *slopes, strict=True):
            torch.testing.assert_close(slope, wanted, rtol=rtol, atol=atol, msg=lambda m, name=name: f"d{name}: {m}")

    return compare
