"""Parameters, sizes and the seed of a run as widgets; what is set stands in the address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from kb.records import DRAWN, Parameter
from kb.ui.address_state import index_of, one_of, seed, tell

SIZE_NAMES = {
    "B": "batch",
    "T": "tokens",
    "H": "heads",
    "K": "key size",
    "V": "value size",
    "D": "model width",
    "F": "feed-forward width",
    "R": "bottleneck width",
    "C": "vocabulary",
    "A": "dimensions of an action",
    "N": "bins of a dimension",
}
_COLUMNS = 4
_GREATEST_SEED = 999_999
_GREATEST = 999_999_999
"""Of a whole number without a range."""
_TAKEN = frozenset({"seed", "key", "n", "to", "ideas", "papers", "embed", "embed_options"})
"""What the address says already, or the server keeps for itself: such a parameter stands there as ``set.seed``."""


@dataclass(frozen=True, slots=True)
class _Box:
    """Where a widget stands, what it is called, its key, and its name in the address."""

    place: st.delta_generator.DeltaGenerator
    label: str
    key: str
    name: str
    hint: str | None = None

    def draw_number(self, low: int | None, high: int | None, default: int) -> int:
        low = -_GREATEST if low is None else max(low, -_GREATEST)
        high = _GREATEST if high is None else min(high, _GREATEST)

        def parse(text: str) -> int:
            if not low <= int(text) <= high:
                raise ValueError(text)
            return int(text)

        present = seed(self.key, self.name, parse, min(max(default, low), high))
        start: int | Literal["min"] = "min" if present is None else present
        value = int(self.place.number_input(self.label, low, high, start, key=self.key, help=self.hint))
        tell(self.key, self.name, str(value) if value != default else "")
        return value

    def draw_switch(self, default: bool) -> bool:
        ways = (True, False)
        index = index_of(ways, seed(self.key, self.name, lambda text: text == "true", default))
        words = {True: "yes", False: "no"}
        value = bool(
            self.place.selectbox(self.label, ways, index, key=self.key, help=self.hint, format_func=words.__getitem__)
        )
        tell(self.key, self.name, str(value).lower() if value != default else "")
        return value

    def draw_choice(self, choices: tuple[str, ...], default: str) -> str:
        index = index_of(choices, seed(self.key, self.name, one_of(choices), default))
        value = str(self.place.selectbox(self.label, choices, index, key=self.key, help=self.hint))
        tell(self.key, self.name, value if value != default else "")
        return value

    def draw_text(self, default: str) -> str:
        """Draw a text box: any word, or of a gate a number or the word for numbers from the seed."""
        present = seed(self.key, self.name, str, default)
        text = str(self.place.text_input(self.label, present or "", key=self.key, help=self.hint)).strip() or default
        tell(self.key, self.name, text if text != default else "")
        return text

    def draw_fraction(self, default: float) -> float:
        """Draw a text box: the steps of a number box do not suit what spans six powers of ten."""
        present = seed(self.key, self.name, str, f"{default:.12g}")
        text = self.place.text_input(self.label, present or "", key=self.key, help=self.hint)
        try:
            value = float(text)
        except ValueError:
            self.place.caption(f"not a number; {default:g} is taken")
            value = default
        tell(self.key, self.name, f"{value:.12g}" if value != default else "")
        return value


def choose_settings(
    parameters: Sequence[tuple[str, str, Parameter]],
    sizes: Mapping[str, tuple[int, int]],
    *,
    key: str,
    seeded: bool = True,
) -> tuple[dict[str, object], int]:
    """Draw the widgets and return the sizes, what differs from its default, and the seed.

    Parameters
    ----------
    parameters : of each parameter and gate: name of the setting, label, what the header declares
    sizes      : default and greatest value by letter
    key        : sets the widgets of one idea or comparison apart from those of another
    seeded     : whether there is a seed to be set; without, it is 0
    """
    chosen: dict[str, object] = {}
    places = _cells(len(parameters) + len(sizes) + seeded)
    for name, label, parameter in parameters:
        box = _Box(places.pop(0), label, f"{key} {name}", name_in_address(name), _tell_range(parameter))
        value = _draw(box, parameter)
        if value != parameter.default:
            chosen[name] = value
    for letter, (default, most) in sizes.items():
        label = f"{letter} · {SIZE_NAMES.get(letter, letter)}, up to {most}"
        chosen[letter] = _Box(places.pop(0), label, f"{key} size {letter}", letter).draw_number(1, most, default)
    if not seeded:
        return chosen, 0
    number = _Box(places.pop(0), "Seed", f"{key} the seed", "seed").draw_number(0, _GREATEST_SEED, 0)
    return chosen, number


def name_in_address(name: str) -> str:
    """Return how a setting is called in the address."""
    return f"set.{name}" if name.lower() in _TAKEN else name


def _cells(count: int) -> list[st.delta_generator.DeltaGenerator]:
    rows = [st.columns(_COLUMNS) for _ in range(-(-count // _COLUMNS))]
    return [cell for row in rows for cell in row]


def _draw(box: _Box, parameter: Parameter) -> object:
    """Draw the widget that suits a parameter's type and range."""
    default = parameter.default
    if isinstance(default, bool):
        return box.draw_switch(default)
    if isinstance(default, str):
        return box.draw_choice(parameter.choices, default) if parameter.choices else box.draw_text(default)
    if isinstance(default, int):
        low, high = (None if end is None else int(end) for end in (parameter.low, parameter.high))
        return box.draw_number(low, high, default)
    return box.draw_fraction(default)


def _tell_range(parameter: Parameter) -> str | None:
    low, high = parameter.low, parameter.high
    span = f"{low:g} to {high:g}" if low is not None and high is not None else ""
    if parameter.default == DRAWN:
        span = f"random numbers from {span}, or one number in that range"
    return "; ".join(part for part in (span, parameter.neutral) if part) or None
