"""How far apart colours are to the eye, colour-blind ones included.

Sources: WCAG 2.1 (contrast ratio); CIE 1976 (L*a*b*, white point D65); Viénot, Brettel and Mollon (1999), "Digital
video colourmaps for checking the legibility of displays by dichromats" (what a dichromat sees of the primaries).
"""

_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
_WHITE = (0.95047, 1.0, 1.08883)
_EYES = {
    "normal": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanope": ((0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0)),
    "deuteranope": ((0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0)),
}


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours written as ``#rrggbb``, from 1 to 21."""
    lighter, darker = sorted((_apply(_XYZ, _linear(colour))[1] for colour in (one, other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def as_seen(colour: str, eye: str) -> tuple[float, float, float]:
    """Return L*, a*, b* of a colour as this eye sees it."""
    x, y, z = (
        _curve(part / white)
        for part, white in zip(_apply(_XYZ, _apply(_EYES[eye], _linear(colour))), _WHITE, strict=True)
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _linear(colour: str) -> list[float]:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def _apply(matrix: tuple[tuple[float, ...], ...], vector: list[float]) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def _curve(part: float) -> float:
    return part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116
