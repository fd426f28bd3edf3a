"""Examine a library and the machine it is on."""

import platform
from importlib.metadata import PackageNotFoundError, version

from pydantic import SecretStr

from kb.library.opening import is_current
from kb.records import Health
from kb.runner import confinement
from kb.settings import Settings
from kb.store import Store
from kb.store.health import count_rows, find_problems
from kb.store.identity import list_reviews
from kb.store.schema import HEAD

_PACKAGES = (
    "stemma",
    "torch",
    "sentence-transformers",
    "onnxruntime",
    "sqlalchemy",
    "networkx",
    "streamlit",
    "arxiv",
)


def examine(store: Store, settings: Settings) -> Health:
    """Return the state of the library, of the confinement and of the installation."""
    with store.read() as session:
        counts, problems, reviews = count_rows(session), find_problems(session), list_reviews(session)
    return Health(
        library=store.name,
        schema=HEAD,
        catalogue_is_current=is_current(store, settings),
        counts=counts,
        problems=tuple(problems),
        reviews=tuple(reviews),
        confinement=confinement(),
        versions={"python": platform.python_version()} | {name: _version(name) for name in _PACKAGES},
        settings={name: _shown(value) for name, value in settings},
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _shown(value: object) -> str:
    if value is None:
        return "not set"
    return "set" if isinstance(value, SecretStr) else str(value)
