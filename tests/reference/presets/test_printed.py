"""Printed figures are read with their last digit, and met by what rounds to them."""

import pytest

from kb.reference.presets.printed import build_figure, read_printed


@pytest.mark.parametrize(
    ("text", "value", "last"),
    [
        ("110M", 110_000_000, 1_000_000),
        ("1542M", 1_542_000_000, 1_000_000),
        ("1.4B", 1_400_000_000, 100_000_000),
        ("37K", 37_000, 1_000),
        ("12", 12, 1),
        ("1.693e8", 169_300_000, 100_000),
        ("5.710e9", 5_710_000_000, 1_000_000),
        ("1.478e10", 14_780_000_000, 10_000_000),
    ],
)
def test_a_figure_is_read_with_its_last_digit(text: str, value: int, last: int) -> None:
    assert read_printed(text) == (value, last)


@pytest.mark.parametrize("text", ["", "M", "1,542M", "about 65", "1.4 B", "-3M", "1.4e"])
def test_what_is_no_figure_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no number as papers print it"):
        read_printed(text)


@pytest.mark.parametrize(
    ("counted", "printed", "met"),
    [
        (109_500_000, "110M", True),
        (110_499_999, "110M", True),
        (109_499_999, "110M", False),
        (110_500_000, "110M", False),
        (169_349_999, "1.693e8", True),
        (169_350_000, "1.693e8", False),
    ],
)
def test_a_figure_is_met_by_what_rounds_to_it(counted: int, printed: str, met: bool) -> None:
    figure = build_figure(counted, printed, "table 1")

    assert figure.met == met
    assert figure.relative == pytest.approx(counted / read_printed(printed)[0] - 1)
    assert (figure.counted, figure.printed, figure.place) == (counted, printed, "table 1")
