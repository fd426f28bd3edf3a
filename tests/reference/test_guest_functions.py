"""Polynomials behind whole numbers: found exactly, refused where there is none, written as they are read."""

from fractions import Fraction

import pytest

from kb.reference.guest_functions import (
    compute,
    find_degree,
    find_exponent,
    find_first,
    find_growth,
    find_polynomials,
    widen,
    write_polynomial,
)

SAMPLES = {"B": (1, 2, 3), "T": (8, 16, 24, 32, 40), "K": (3, 6, 9, 12)}


def find(function):
    return find_polynomials(lambda sizes: {"n": function(**sizes)}, SAMPLES).get("n")


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda B, T, K: 4 * B * T * T * K, "4 B T² K"),
        (lambda B, T, K: B * T * (T + 1) // 2, "1/2 B T² + 1/2 B T"),
        (lambda B, T, K: T**3 - T * K - 7, "T³ − T K − 7"),
        (lambda B, T, K: -2 * K, "−2 K"),
        (lambda B, T, K: T + 1, "T + 1"),
        (lambda B, T, K: 12, "12"),
        (lambda B, T, K: 0, "0"),
    ],
)
def test_a_polynomial_is_found_and_written(function, text):
    found = find(function)

    assert write_polynomial(found) == text
    assert compute(found, {"B": 7, "T": 11, "K": 5}) == function(7, 11, 5)


@pytest.mark.parametrize(
    "function",
    [
        lambda B, T, K: 2**T,
        lambda B, T, K: max(T, 20),
        lambda B, T, K: T**4,
        lambda B, T, K: B**2,
        lambda B, T, K: None,
    ],
)
def test_what_is_none_or_cannot_be_checked_is_refused(function):
    assert find(function) is None


def test_a_degree_needs_one_value_to_spare_and_one_to_check_it():
    assert find_degree([1, 2, 3, 4], [1, 4, 9, 16]) == 2
    assert find_degree([1, 2, 3], [1, 4, 9]) is None
    assert find_degree([1, 2, 3], [5, 5, 5]) == 0
    assert find_degree([1, 2, 4], [None, 4, 9]) is None


@pytest.mark.parametrize(
    ("values", "text", "first"),
    [
        ([5, 5, 5, 5], "5", 8),
        ([9, 5, 5, 5], "5", 16),
        ([4, 6, 10, 18], "1/4 T + 2", 8),
        ([12, 14, 16, 18], "2 log₂ T + 6", 8),
        ([3, 4, 5, 6], "log₂ T", 8),
    ],
)
def test_growth_with_one_letter_is_found_from_the_last_points(values, text, first):
    polynomial, found = find_growth(list(zip((8, 16, 32, 64), values, strict=True)), "T")

    assert (write_polynomial(polynomial), found) == (text, first)


def test_growth_as_t_log_t_is_found_where_sizes_are_powers_of_two():
    def grow(T):
        return 5 * T * (T.bit_length() - 1) - 3 * T + 1

    polynomial, first = find_growth([(2**n, grow(2**n)) for n in range(3, 10)], "T")

    assert (write_polynomial(polynomial), first) == ("5 T log₂ T − 3 T + 1", 8)
    assert compute(polynomial, widen({"T": 4096})) == grow(4096)
    assert find_growth([(3 * 2**n, grow(2**n)) for n in range(3, 10)], "T") is None


def test_growth_without_a_form_or_without_a_point_to_check_is_none():
    assert find_growth([(8, 1), (16, 7), (32, 8), (64, 31)], "T") is None
    assert find_growth([(8, 1)], "T") is None
    assert find_growth([(8, 1), (16, 2)], "T") is None


def test_a_logarithm_is_rounded_up_as_rounds_are():
    assert [widen({"T": T})["log₂ T"] for T in (1, 2, 3, 4, 5, 64, 65)] == [0, 1, 2, 2, 3, 6, 7]


def test_the_first_size_is_that_from_which_on_all_agree():
    assert find_first([(8, True), (16, False), (32, True), (64, True)]) == 32
    assert find_first([(8, True), (16, False)]) == 0


def test_the_power_is_that_of_the_last_doubling():
    assert find_exponent([(8, 1.0), (16, 5.0), (32, 20.0)]) == 2.0
    assert find_exponent([(8, 3), (16, 3), (32, None)]) == 0.0
    assert find_exponent([(8, 0), (16, 0)]) is None
    assert find_exponent([(8, 3)]) is None


def test_nothing_is_rounded():
    huge = 3 * 10**17 + 1
    polynomial = find_polynomials(lambda sizes: {"n": huge * sizes["T"] ** 2}, {"T": (1, 2, 3, 4)})["n"]

    assert polynomial == {(("T", 2),): Fraction(huge)}
