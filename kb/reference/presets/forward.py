"""A reference block run at a paper's sizes without memory, to count what a token costs."""

from typing import Any

from kb.reference.presets.parts import list_declared
from kb.reference.registry import get_idea


def count_block(slug: str, *, tokens: int = 1, parameters: dict[str, Any] | None = None, **sizes: int) -> int:
    """Return the multiplications and additions of a block's matrix products, run on torch's meta device.

    Parameters
    ----------
    slug       : of an idea of the form block
    parameters : of the idea, where not the defaults
    sizes      : D and what else its weights depend on
    """
    import torch

    from kb.reference.guest_counting import Counter
    from kb.reference.inputs import load_function

    function = load_function(get_idea(slug))
    with torch.device("meta"), torch.no_grad():
        weights = {name: torch.empty(shape) for name, shape in list_declared(slug, **sizes).items()}
        x = torch.empty(1, tokens, sizes["D"])
        with Counter((x, weights)) as counter:
            function(x, weights, **(parameters or {}))
    return int(counter.counts["products"])
