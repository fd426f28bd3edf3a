"""What torch is set to while a claim runs: one thread, and a random generator that nobody else sees."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let torch work on one thread within, and leave its threads and its random numbers afterwards as they were.

    On tensors of a few hundred numbers more threads only wait for one another; and sums are taken in one order on
    every machine. Oracles such as ``torch.nn.LSTM`` draw weights when they are made, even where they are then set.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.set_num_threads(before)
