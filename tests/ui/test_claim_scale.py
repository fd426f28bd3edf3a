"""Figures on a scale: dots where they belong, the side that keeps the bound shaded."""

import re

import pytest

from kb.records import Holds
from kb.ui.claim_scale import build_scale

DOT = re.compile(r"left:calc\(([-\d.]+)% - 5px\)")
EDGE = re.compile(r"left:([-\d.]+)%;top:12px")
SHADE = re.compile(r"left:([-\d.]+)%;width:([-\d.]+)%")


def _dots(drawn: str) -> list[float]:
    return [float(one) for one in DOT.findall(drawn)]


def _edge(drawn: str) -> float:
    found = EDGE.search(drawn)
    assert found
    return float(found[1])


def test_a_figure_below_its_bound_stands_left_of_it_in_the_shade() -> None:
    drawn = build_scale((1e-15, 1e-13), 1e-12, "at most", keeps=True)
    near, far = _dots(drawn)
    assert 0 < near < far < _edge(drawn) < 100
    # one power of ten is as wide everywhere
    assert far - near == pytest.approx(2 * (_edge(drawn) - far), rel=0.01)
    assert SHADE.search(drawn) is not None
    assert float(SHADE.search(drawn)[2]) == _edge(drawn)  # type: ignore[index]


@pytest.mark.parametrize(
    ("figures", "bound"), [((-6.0, -2.0), 0.0), ((0.3, -0.1), 0.2), ((-1.0,), -2.0), ((0.0,), 0.0)]
)
def test_a_bound_of_zero_or_below_has_a_linear_scale(figures: tuple[float, ...], bound: float) -> None:
    drawn = build_scale(figures, bound, "at least", keeps=False)
    places, edge = _dots(drawn), _edge(drawn)
    assert all(0 <= one <= 100 for one in (*places, edge))
    assert [one < edge for one in places] == [one < bound for one in figures]
    left, width = (float(one) for one in SHADE.search(drawn).groups())  # type: ignore[union-attr]
    assert (left, left + width) == pytest.approx((edge, 100))
    assert "10⁰" not in drawn


def test_zero_has_a_place_on_a_logarithmic_scale() -> None:
    drawn = build_scale((0.0, 1e-16), 1e-12, "at most", keeps=True)
    zero, small = _dots(drawn)
    assert 0 <= zero < small < _edge(drawn)
    assert ">0</span>" in drawn


@pytest.mark.parametrize(("keeps", "colour"), [(True, "#2e8b57"), (False, "#c8443c")])
def test_the_colour_says_whether_the_bound_is_kept(keeps: bool, colour: str) -> None:
    assert f"border:1px solid {colour}" in build_scale((3.0,), 1.0, "at most", keeps=keeps)


@pytest.mark.parametrize("figures", [(), (None,), (float("nan"), float("inf"))])
def test_nothing_finite_is_no_scale(figures: tuple[float | None, ...]) -> None:
    assert build_scale(figures, 1.0, "at most", keeps=False) == ""


@pytest.mark.parametrize("holds", ["at most", "at least"])
def test_who_cannot_see_it_is_told_the_same(holds: Holds) -> None:
    assert f"Measured 2 to 4; {holds} 3 keeps the statement" in build_scale((4.0, 2.0, None), 3.0, holds, keeps=False)
