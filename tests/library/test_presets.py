"""The Python door to models at the sizes of their papers."""

import pytest

from kb.errors import NotFoundError
from kb.library import Library


def test_presets_are_all_or_those_of_any_name(library: Library) -> None:
    assert len(library.presets()) == 40
    assert {one.architecture for one in library.presets("Mamba")} == {"mamba"}
    assert [one.key for one in library.presets("selective scan")] == [one.key for one in library.presets("mamba")]
    assert library.presets("10.48550/arXiv.1810.04805") == library.presets("bert")


@pytest.mark.parametrize("name", ["linear-attention", "arxiv:2006.16236", "nothing of the kind"])
def test_what_has_no_presets_is_told(library: Library, name: str) -> None:
    with pytest.raises(NotFoundError, match="no paper's configuration is called"):
        library.presets(name)
