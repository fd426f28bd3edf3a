"""Settings: read from the environment at a front door, frozen, checked, silent about keys."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from kb.errors import InvalidQueryError
from kb.settings import Settings, read_settings


def test_every_setting_has_a_default(repository: Path) -> None:
    settings = read_settings()
    assert settings.data_dir == repository / "data"
    assert settings.db.startswith(os.environ["XDG_DATA_HOME"])
    assert settings.s2_key is None
    assert settings.arxiv_delay_s == 3.0


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_an_environment_variable(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = "77" if Settings.model_fields[name].annotation in (int, float) else "given"
    monkeypatch.setenv(f"STEMMA_{name.upper()}", given)
    value = getattr(read_settings(), name)
    shown = value.get_secret_value() if hasattr(value, "get_secret_value") else value
    assert str(shown).removesuffix(".0") == given


def test_the_command_line_outranks_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEMMA_DB", "from-environment.db")
    assert read_settings().db == "from-environment.db"
    assert read_settings("from-option.db").db == "from-option.db"


def test_a_value_out_of_range_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEMMA_RUN_MEMORY_MB", "1")
    with pytest.raises(InvalidQueryError, match=r"^STEMMA_RUN_MEMORY_MB: .*64.*correct or unset this variable$"):
        read_settings()


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        read_settings().db = "elsewhere"  # type: ignore[misc]


def test_keys_are_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEMMA_S2_KEY", "very-secret")
    settings = read_settings()
    assert "very-secret" not in f"{settings!r} {settings} {settings.model_dump()}"
    assert settings.s2_key is not None
    assert settings.s2_key.get_secret_value() == "very-secret"


def test_nothing_is_read_at_import(repository: Path) -> None:
    code = "import kb.settings, os; os.environ['STEMMA_DB'] = 'late.db'; print(kb.settings.read_settings().db)"
    environment = dict(os.environ) | {"STEMMA_DB": "early.db"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "late.db\n"
