"""Whether what a function gave has the shape of its form, from the figures of its run."""

from collections.abc import Mapping

from kb.reference.header import OUTPUTS, speak_form

_MOST_AXES = 16


def tell_shape(figures: Mapping[str, object]) -> str:
    """Return in a line how the output of a run differs from what its form asks for; empty where it does not.

    Parameters
    ----------
    figures : what the run reported, of which anything may be missing or strange
    """
    form, sizes, shape = (figures.get(name) for name in ("form", "sizes", "shape"))
    if not (isinstance(form, str) and form in OUTPUTS and isinstance(sizes, Mapping) and isinstance(shape, list)):
        return ""
    if len(shape) > _MOST_AXES or not all(isinstance(size, int) for size in shape):
        return ""
    letters = OUTPUTS[form].values()
    wanted = [sizes.get(letter) for letter in letters]
    if len(shape) == len(wanted) and all(size in (None, given) for size, given in zip(wanted, shape, strict=True)):
        return ""
    asked = " x ".join(letters) + " = " + " x ".join(map(str, wanted)) if all(letters) else " x ".join(OUTPUTS[form])
    return f"the output is {' x '.join(map(str, shape)) or 'one number'}, where {speak_form(form)} gives {asked}"
