"""Errors: one tree, drawn truly, that survives pickling and speaks plainly."""

import inspect
import pickle
from pathlib import Path

import pytest

from kb import errors
from kb.errors import CuratedDataError, KBError, RateLimitedError, SourceError

TREE = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, KBError)]


def _make(kind: type[KBError]) -> KBError:
    if issubclass(kind, CuratedDataError):
        return kind("what is wrong", Path("data/catalogue/attention.toml"), 7)
    return kind("what is wrong", "https://example.org", 3) if issubclass(kind, SourceError) else kind("what is wrong")


@pytest.mark.parametrize("kind", TREE)
def test_an_error_survives_pickling(kind: type[KBError]) -> None:
    error = _make(kind)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))


@pytest.mark.parametrize("kind", TREE)
def test_an_error_is_one_line_for_a_person(kind: type[KBError]) -> None:
    text = str(_make(kind))
    assert text.endswith("what is wrong")
    assert "\n" not in text
    assert "https://" not in text


def test_the_tree_is_drawn_as_it_is() -> None:
    drawn = [line for line in (errors.__doc__ or "").splitlines() if "──" in line or line.strip() == "KBError"]
    names = {line.split("── ")[-1].split()[0]: line for line in drawn}
    depths = {name: line.index(name) // 4 - 1 for name, line in names.items()}
    assert depths == {one.__name__: len(one.__mro__) - len(KBError.__mro__) for one in TREE}


def test_curated_data_errors_name_file_and_line() -> None:
    assert str(_make(CuratedDataError)) == "data/catalogue/attention.toml:7: what is wrong"


def test_source_errors_carry_address_and_attempt() -> None:
    error = RateLimitedError("wait", "https://example.org", 4)
    assert (error.url, error.attempt, error.message) == ("https://example.org", 4, "wait")
    assert (SourceError("a file").url, SourceError("a file").attempt) == ("", 1)
