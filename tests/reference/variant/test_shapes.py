"""The shape of what came out against that of the form."""

import pytest

from kb.reference.variant import tell_shape

SIZES = {"B": 2, "T": 8, "H": 2, "K": 8, "V": 4}


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        ({"form": "mixer", "sizes": SIZES, "shape": [2, 8, 2, 4]}, ""),
        ({"form": "features", "sizes": SIZES, "shape": [2, 8, 2, 99]}, ""),
        ({"form": "schedule", "sizes": {}, "shape": [100, 4]}, ""),
        (
            {"form": "mixer", "sizes": SIZES, "shape": [2, 8, 2, 8]},
            "the output is 2 x 8 x 2 x 8, where a mixer gives B x T x H x V = 2 x 8 x 2 x 4",
        ),
        ({"form": "mixer", "sizes": SIZES, "shape": [2, 8]}, "the output is 2 x 8, where a mixer gives"),
        ({"form": "mixer", "sizes": SIZES, "shape": []}, "the output is one number, where a mixer gives"),
        (
            {"form": "schedule", "sizes": {}, "shape": [100]},
            "the output is 100, where a schedule gives step x group",
        ),
    ],
)
def test_a_shape_that_is_not_the_forms_is_told(figures: dict[str, object], told: str) -> None:
    assert tell_shape(figures).startswith(told)
    assert bool(tell_shape(figures)) == bool(told)


@pytest.mark.parametrize(
    "figures",
    [
        {},
        {"form": "wheel", "sizes": SIZES, "shape": []},
        {"form": ["mixer"]},
        {"form": "mixer", "sizes": 3, "shape": "x"},
        {"form": "mixer", "sizes": SIZES, "shape": [["deep"]]},
        {"form": "mixer", "sizes": SIZES, "shape": [1] * 100_000},
    ],
)
def test_strange_figures_say_nothing(figures: dict[str, object]) -> None:
    assert tell_shape(figures) == ""
