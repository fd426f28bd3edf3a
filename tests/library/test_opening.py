"""Opening a library: built when new, rebuilt when its files have changed, otherwise left alone."""

import shutil
from pathlib import Path

import pytest

from kb.errors import CuratedDataError, StoreError
from kb.library import Library
from kb.settings import Settings, read_settings
from tests.dumps import dump_exactly


def test_a_new_library_is_built_with_visible_progress(own: Path, told: list[tuple[str, int, int]]) -> None:
    with Library.open(str(own), build=False) as library:
        counts = library.doctor().counts
        assert library.build() == 0
    assert counts["papers"] == counts["papers of the catalogue"] > 70
    assert counts["vectors"] == counts["texts"]
    assert [what for what, _, _ in told[:3]] == [
        "reading the catalogue",
        "writing the library",
        "writing the library",
    ]
    assert told[-1] == ("embedding", counts["texts"], counts["texts"])
    assert all(0 <= done <= total for _, done, total in told)


def test_a_current_library_is_opened_without_writing(own: Path) -> None:
    before = dump_exactly(own)
    told: list[object] = []
    with Library.open(str(own), progress=lambda *what: told.append(what)) as library:
        assert library.doctor().catalogue_is_current
    assert told == []
    assert dump_exactly(own) == before


def test_changed_files_are_built_in(own: Path, repository: Path, tmp_path: Path) -> None:
    data = shutil.copytree(repository / "data", tmp_path / "data")
    concepts = data / "concepts" / "fast-weights.toml"
    text = concepts.read_text(encoding="utf-8")
    assert 'name = "Linear attention"' in text
    concepts.write_text(
        text.replace('name = "Linear attention"', 'name = "Attention that is linear"'), encoding="utf-8"
    )
    settings = Settings(db=str(own), data_dir=data)
    with Library.open(settings=settings, build=False) as library:
        assert not library.doctor().catalogue_is_current
    with Library.open(settings=settings) as library:
        assert library.doctor().catalogue_is_current
        assert library.resolve("attention that is linear") == "concept:linear-attention"
        assert library.build() == 0


def test_a_library_may_be_opened_unbuilt(tmp_path: Path) -> None:
    with Library.open(str(tmp_path / "empty.db"), build=False) as library:
        assert library.paper_count() == 0
        assert library.concepts() == ()


def test_broken_data_are_told_and_nothing_is_kept(repository: Path, tmp_path: Path) -> None:
    data = shutil.copytree(repository / "data", tmp_path / "data")
    (data / "glossary.toml").write_text("nonsense", encoding="utf-8")
    settings = Settings(db=str(tmp_path / "new.db"), data_dir=data)
    with pytest.raises(CuratedDataError, match=r"glossary\.toml:1: is no TOML"):
        Library.open(settings=settings)
    with Library.open(settings=settings, build=False) as library:
        assert library.paper_count() == 0


def test_a_file_that_is_no_library_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no database" * 100)
    with pytest.raises(StoreError, match="it is no SQLite database"):
        Library.open(str(tmp_path / "notes.txt"))


def test_a_first_start_that_is_stopped_while_embedding_is_finished_by_the_next(tmp_path: Path) -> None:
    settings = read_settings(str(tmp_path / "library.db"))

    def stop(what: str, done: int, total: int) -> None:
        if what == "embedding":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Library.open(settings=settings, progress=stop)
    with Library.open(settings=settings, build=False) as library:
        assert library.counts()["vectors"] < library.counts()["texts"]
    with Library.open(settings=settings) as library:
        assert library.counts()["vectors"] == library.counts()["texts"]
