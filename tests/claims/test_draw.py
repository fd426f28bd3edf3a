"""Random inputs of claims: the seed decides, single precision is double precision rounded."""

import torch

from kb.claims.draw import Draw


def test_a_seed_gives_the_same_numbers_one_after_the_other():
    one, same, other = Draw(3), Draw(3), Draw(4)

    first = one.normal(2, 5)
    assert torch.equal(first, same.normal(2, 5))
    assert not torch.equal(first, one.normal(2, 5))
    assert not torch.equal(first, other.normal(2, 5))


def test_single_precision_is_double_precision_rounded():
    double, single = Draw(1), Draw(1, "single")

    assert torch.equal(double.normal(7).float(), single.normal(7))
    assert torch.equal(double.uniform(2, 3, 7).float(), single.uniform(2, 3, 7))
    assert single.orthonormal(2, 4).dtype == torch.float32


def test_uniform_numbers_lie_in_their_range():
    found = Draw(0).uniform(-2, 3, 1000)

    assert -2 <= float(found.min()) < -1.9
    assert 2.9 < float(found.max()) <= 3


def test_orthonormal_rows_are_orthonormal():
    rows = Draw(0).orthonormal(3, 5)

    assert torch.allclose(rows @ rows.T, torch.eye(3, dtype=torch.float64), atol=1e-14)


def test_whole_numbers_leave_the_upper_end_out():
    found = Draw(0).integers(1, 4, 500)

    assert set(found.tolist()) == {1, 2, 3}


def test_the_global_generator_is_left_alone():
    torch.manual_seed(5)
    wanted = torch.rand(1)
    torch.manual_seed(5)
    draw = Draw(0)
    draw.normal(3), draw.uniform(0, 1, 3), draw.orthonormal(2, 3), draw.integers(0, 9, 3)

    assert torch.equal(torch.rand(1), wanted)
