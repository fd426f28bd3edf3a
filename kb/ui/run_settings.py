"""Parameters, sizes and the seed of a run as widgets; what is set stands in the address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from kb.records import DRAWN, Parameter
from kb.ui.address_state import index_of, one_of, seed, tell

_SIZE_NAMES = {
    "B": "batch",
    "T": "tokens",
    "H": "heads",
    "K": "key size",
    "V": "value size",
    "D": "model width",
    "F": "feed-forward width",
    "R": "bottleneck width",
    "C": "vocabulary",
}
_COLUMNS = 4
_GREATEST_SEED = 999_999


@dataclass(frozen=True, slots=True)
class _Box:
    """Where a widget stands, what it is called, its key, and its name in the address."""

    place: st.delta_generator.DeltaGenerator
    label: str
    key: str
    name: str
    hint: str | None = None

    def draw_number(self, low: int, high: int, default: int) -> int:
        def parse(text: str) -> int:
            if not low <= int(text) <= high:
                raise ValueError(text)
            return int(text)

        present = seed(self.key, self.name, parse, default)
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

    def draw_gate(self) -> str:
        """Draw a text box: a number, or a word for numbers from the seed."""
        present = seed(self.key, self.name, str, DRAWN)
        text = str(self.place.text_input(self.label, present or "", key=self.key, help=self.hint)).strip() or DRAWN
        tell(self.key, self.name, text if text != DRAWN else "")
        return text

    def draw_fraction(self, default: float) -> float:
        """Draw a text box: the steps of a number box do not suit what spans six powers of ten."""
        present = seed(self.key, self.name, str, f"{default:g}")
        text = self.place.text_input(self.label, present or "", key=self.key, help=self.hint)
        try:
            value = float(text)
        except ValueError:
            self.place.caption(f"not a number; {default:g} is taken")
            value = default
        tell(self.key, self.name, f"{value:g}" if value != default else "")
        return value


def choose_settings(
    parameters: Sequence[tuple[str, str, Parameter]], sizes: Mapping[str, tuple[int, int]], *, key: str
) -> tuple[dict[str, object], int]:
    """Draw the widgets and return the sizes, what differs from its default, and the seed.

    Parameters
    ----------
    parameters : of each parameter and gate: name of the setting, label, what the header declares
    sizes      : default and greatest value by letter
    key        : sets the widgets of one idea or comparison apart from those of another
    """
    chosen: dict[str, object] = {}
    places = _cells(len(parameters) + len(sizes) + 1)
    for name, label, parameter in parameters:
        value = _draw(_Box(places.pop(0), label, f"{key} {name}", name, _tell_range(parameter)), parameter)
        if value != parameter.default:
            chosen[name] = value
    for letter, (default, most) in sizes.items():
        label = f"{letter} · {_SIZE_NAMES.get(letter, letter)}, up to {most}"
        chosen[letter] = _Box(places.pop(0), label, f"{key} size {letter}", letter).draw_number(1, most, default)
    number = _Box(places.pop(0), "Seed", f"{key} seed", "seed").draw_number(0, _GREATEST_SEED, 0)
    return chosen, number


def _cells(count: int) -> list[st.delta_generator.DeltaGenerator]:
    rows = [st.columns(_COLUMNS) for _ in range(-(-count // _COLUMNS))]
    return [cell for row in rows for cell in row]


def _draw(box: _Box, parameter: Parameter) -> object:
    """Draw the widget that suits a parameter's type and range."""
    default = parameter.default
    if isinstance(default, bool):
        return box.draw_switch(default)
    if default == DRAWN:
        return box.draw_gate()
    if isinstance(default, str):
        return box.draw_choice(parameter.choices or (default,), default)
    if isinstance(default, int):
        return box.draw_number(int(parameter.low or 0), int(parameter.high or 1_000_000), default)
    return box.draw_fraction(default)


def _tell_range(parameter: Parameter) -> str | None:
    low, high = parameter.low, parameter.high
    span = f"{low:g} to {high:g}" if low is not None and high is not None else ""
    if parameter.default == DRAWN:
        span = f"random numbers from {span}, or one number in that range"
    return "; ".join(part for part in (span, parameter.neutral) if part) or None
