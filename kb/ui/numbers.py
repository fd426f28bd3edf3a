"""Numbers as a reader wants them: few digits, thousands set apart, powers of ten raised, durations in a unit."""

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def show_number(value: object) -> str:
    """Return a number with four digits at most, thousands set apart; words for what is none.

    Examples
    --------
    >>> show_number(16896), show_number(0.0223777), show_number(None), show_number(3.1e-15), show_number(1e-12)
    ('16,896', '0.02238', 'not finite', '3.1 × 10⁻¹⁵', '10⁻¹²')
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "not finite" if value is None else str(value)
    if isinstance(value, int) or (value == int(value) and abs(value) < 1e15):
        return f"{int(value):,}".replace("-", "−")
    if 1e-3 <= abs(value) < 1e6:
        digits = f"{value:.4g}" if abs(value) < 1e4 else f"{float(f'{value:.4g}'):,.0f}"
        return digits.replace("-", "−")
    mantissa, exponent = f"{value:.1e}".split("e")
    power = f"10{raise_digits(int(exponent))}"
    told = power if mantissa == "1.0" else f"{mantissa.removesuffix('.0')} × {power}"
    return told.replace("-", "−")


def raise_digits(power: object) -> str:
    """Return a whole number as an exponent."""
    return str(power).translate(_RAISED)


def show_seconds(value: object) -> str:
    """Return a duration in the unit that suits it."""
    if not isinstance(value, int | float):
        return "not measured"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return "less than 1 µs"
