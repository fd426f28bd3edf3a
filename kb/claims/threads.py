"""Claims run on one thread: on tensors of a few hundred numbers more threads only wait for one another."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch work on one thread within, and on as many as before afterwards.

    It also makes a figure depend on the machine as little as possible: sums are taken in one order.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
