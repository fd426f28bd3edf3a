"""What a check rests on is found through its imports, and a change of any of it changes the hash."""

import ast
from pathlib import Path

import pytest

from kb.claims import sources
from kb.claims.registry import file_of, get_claim, list_claims
from kb.claims.sources import ROOT, hash_sources, list_sources


def _names(files: tuple[Path, ...]) -> list[str]:
    return [file.relative_to(ROOT).as_posix() for file in files]


def test_helpers_count_directly_and_indirectly() -> None:
    found = _names(list_sources(ROOT / "kb/claims/normalisation/norm_order.py"))
    assert "kb/claims/normalisation/norm_order.py" in found
    assert "kb/claims/draw.py" in found
    assert "kb/reference/pre_ln.py" in found
    assert "kb/store/verdicts.py" not in found


def _imported_by_the_parser(file: Path) -> set[str]:
    return {
        f"{node.module.replace('.', '/')}.py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and node.module
        and node.module.startswith(("kb.claims.", "kb.reference."))
    }


@pytest.mark.parametrize(
    "file", sorted({file_of(get_claim(card.id)) for card in list_claims()}), ids=lambda one: one.stem
)
def test_no_import_is_overlooked(file: Path) -> None:
    found = set(_names(list_sources(file)))
    assert {name for name in _imported_by_the_parser(file) if (ROOT / name).is_file()} <= found


@pytest.mark.parametrize("changed", ["check.py", "helper.py", "helpers_helper.py"])
def test_a_change_anywhere_changes_the_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str) -> None:
    room = tmp_path / "kb" / "claims"
    room.mkdir(parents=True)
    (room / "check.py").write_text("from kb.claims.helper import (\n    one,\n    two as three,\n)\n")
    (room / "helper.py").write_text("def one():\n    from kb.claims import helpers_helper\n")
    (room / "helpers_helper.py").write_text("x = 1\n")
    (room / "stranger.py").write_text("x = 1\n")
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    before = _hash_afresh(room / "check.py")
    (room / "stranger.py").write_text("x = 2\n")
    assert _hash_afresh(room / "check.py") == before
    with (room / changed).open("a") as file:
        file.write("y = 2\n")
    assert _hash_afresh(room / "check.py") != before


def _hash_afresh(file: Path) -> str:
    for cached in (sources._hash, sources._imported, sources._file_of):
        cached.cache_clear()
    try:
        return hash_sources(file)
    finally:
        for cached in (sources._hash, sources._imported, sources._file_of):
            cached.cache_clear()
