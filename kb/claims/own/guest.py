"""The part of a user's own claim that runs in the confined process: it draws, checks and reports figures.

It stands alone there: torch and the standard library, and of this package the texts that were sent along. It knows no
bound and reaches no verdict. It reports

claim     double, single: figures in the order of the draws; detail: what the check said of each
variants  the same for each wrong variant by name, or ``error``: what it raised
example   the smallest input on which the claim fails, where the file searches for one: inputs and outputs by name
"""

import importlib.abc
import importlib.util
import linecache
import math
import sys
import time
import traceback
import types
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import ModuleSpec
from typing import Any

Report = Callable[[str, object], None]
FILE = "claim.py"
EVERY_S = 0.3
"""Seconds between two reports of figures so far."""
LONGEST = 300
"""Characters of what a check says of a draw."""


class Texts(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports modules from texts by their full names."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = {"kb": "", **texts}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return how a module of this house is loaded; another is left to the usual ways."""
        if name not in self.texts:
            return None
        is_package = any(other.startswith(f"{name}.") for other in self.texts)
        return importlib.util.spec_from_loader(name, self, is_package=is_package)

    def exec_module(self, module: types.ModuleType) -> None:
        """Run a module's text."""
        run_text(self.texts[module.__name__], f"{module.__name__}.py", module)


def run_text(text: str, file: str, module: types.ModuleType) -> None:
    """Execute a text as a module; a traceback will show its lines."""
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec", dont_inherit=True), module.__dict__)


def execute(order: Mapping[str, Any], report: Report) -> None:
    """Execute the claim of a file, then its wrong variants.

    Parameters
    ----------
    order : ``code``, ``modules`` (texts by name), ``seeds``, ``variant_seeds``, ``single`` and ``example`` (whether
            float32 and the smallest input are wanted)
    """
    sys.meta_path.insert(0, Texts(order["modules"]))
    module = types.ModuleType("claim")
    sys.modules["claim"] = module
    run_text(order["code"], FILE, module)
    (claim,) = module.__dict__["CLAIMS"]
    measure(claim, claim.subject, order["seeds"], order["single"], lambda told: report("claim", told))
    variants: dict[str, object] = {}
    for name, variant in claim.wrong_variants.items():
        try:
            variants[name] = measure(claim, variant, order["variant_seeds"], order["single"])
        except Exception as error:  # noqa: BLE001 - whatever a misreading raises is data
            variants[name] = {"error": "".join(traceback.format_exception_only(error)).strip()[:LONGEST]}
        report("variants", variants)
    if order["example"]:
        found = claim.smallest(claim.subject)
        report("example", None if found is None else {"inputs": dict(found.inputs), "outputs": dict(found.outputs)})


def measure(
    claim: Any, subject: Any, seeds: Sequence[int], single: bool, news: Callable[[object], None] | None = None
) -> dict[str, list[Any]]:
    """Return the figures of one subject, a list for each precision, and what the check said of each draw."""
    from kb.claims.draw import Draw

    told: dict[str, list[Any]] = {"double": [], "detail": [], "single": []}
    said_at = time.monotonic()
    for precision in ("double", "single") if single else ("double",):
        for seed in seeds:
            found = claim.check(subject, Draw(seed, precision))
            told[precision].append(to_number(found))
            if precision == "double":
                told["detail"].append(str(getattr(found, "detail", ""))[:LONGEST])
            if news and time.monotonic() - said_at > EVERY_S:
                news(told)
                said_at = time.monotonic()
    if news:
        news(told)
    return told


def to_number(found: Any) -> float:
    """Return the figure of a draw: of a Measurement, of a tensor with one entry, or a plain number.

    Raises
    ------
    TypeError : it is something else
    """
    value = getattr(found, "value", found)
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"the check returned {type(value).__name__}, not a number: return Measurement(figure)")
    try:
        return float(value)
    except OverflowError:
        return math.inf
