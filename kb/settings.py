"""One frozen object with everything that can be configured, read once at a front door and passed down.

Each field is also an environment variable: its name in capitals behind ``STEMMA_`` (``STEMMA_DB``,
``STEMMA_ARXIV_URL``, ...). Nothing is read at import. Keys are secret strings: printing them shows asterisks.
"""

import os
from pathlib import Path

from platformdirs import user_cache_path, user_data_path
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from kb.errors import InvalidQueryError

_HERE = Path(__file__).resolve().parent


def _shipped_data() -> Path:
    checkout = _HERE.parent / "data"
    return checkout if checkout.is_dir() else _HERE / "shipped"


class Settings(BaseSettings):
    """What can be configured, with unit and default."""

    model_config = SettingsConfigDict(env_prefix="STEMMA_", frozen=True, extra="ignore")

    db: str = Field(default_factory=lambda: str(user_data_path("stemma") / "library.db"))
    """The library: a bare path means SQLite, otherwise any SQLAlchemy URL."""
    data_dir: Path = Field(default_factory=_shipped_data)
    """Where the shipped catalogue's TOML files are."""
    cache_dir: Path = Field(default_factory=lambda: user_cache_path("stemma"))
    """Derived files that may be deleted at any time: the exported model, HTTP answers."""

    model: str = "all-MiniLM-L6-v2"
    """Embedding model: this name means the embedded files; otherwise a sentence-transformers name or path."""

    arxiv_url: str = "https://export.arxiv.org/api/query"
    arxiv_delay_s: float = Field(default=3.0, ge=0)
    """Seconds between two calls: "no more than one request every three seconds" (arXiv API terms of use)."""
    s2_url: str = "https://api.semanticscholar.org/graph/v1"
    openalex_url: str = "https://api.openalex.org"
    crossref_url: str = "https://api.crossref.org"
    s2_key: SecretStr | None = None
    openalex_key: SecretStr | None = None
    timeout_connect_s: float = Field(default=5.0, gt=0)
    timeout_read_s: float = Field(default=30.0, gt=0)
    attempts: int = Field(default=4, ge=1)
    """How many times a request is tried before it is given up."""
    patience_s: float = Field(default=120.0, ge=0)
    """The longest single wait that we accept when a source says Retry-After; beyond it we stop and say so."""
    cache_days: float = Field(default=7.0, ge=0)
    """How long an answer of a source is reused."""

    run_wall_s: float = Field(default=30.0, gt=0)
    run_cpu_s: int = Field(default=30, ge=1)
    run_memory_mb: int = Field(default=2048, ge=64)
    run_output_kb: int = Field(default=256, ge=1)
    train_wall_s: float = Field(default=180.0, gt=0)
    """Seconds of a small training; it stops by itself before, and says so."""
    train_cpu_s: int = Field(default=360, ge=1)
    run_at_once: int = Field(default_factory=lambda: max(1, min(2, os.cpu_count() or 1)), ge=1)
    """How many programs run at the same time; further ones wait their turn."""


def read_settings(db: str | None = None) -> Settings:
    """Return the settings of this process; ``db`` (a command-line option) outranks the environment.

    Raises
    ------
    InvalidQueryError : a variable's value is out of range; the message names the variable
    """
    try:
        return Settings(db=db) if db else Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "STEMMA_" + "_".join(str(part) for part in first["loc"]).upper()
        raise InvalidQueryError(f"{name}: {first['msg']}; correct or unset this variable") from error
