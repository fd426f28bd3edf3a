"""The documents say what is: commands, settings, links and lengths are held against the code."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from kb.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_COMMAND = re.compile(r"\bstemma(?:\s+--[a-z]+[= ]\S+)*\s+([a-z]+)\b")
_CODE = re.compile(r"^```[a-z]*\n(.*?)^```|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)[^)]*\)|(?:href|src)=\"([^\"]+)\"")
_ASK_EACH = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from kb.cli import main
codes = {}
for name in json.loads(sys.argv[1]):
    sys.argv = ["stemma", name, "--help"]
    out = io.StringIO()
    try:
        with redirect_stdout(out), redirect_stderr(out):
            code = main()
    except SystemExit as end:
        code = end.code
    codes[name] = [code, len(out.getvalue())]
print(json.dumps(codes))
"""


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def list_code(text: str) -> Iterator[str]:
    """Give blocks and pieces of code."""
    yield from ("".join(found) for found in _CODE.findall(text))


def list_anchors(text: str) -> set[str]:
    """Return the anchors of a document's headings, formed as forges form them."""
    headings = re.findall(r"^#+ +(.+?) *$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_the_documents_are_here(name: str) -> None:
    assert read(name).startswith("# ")


def test_every_command_that_a_document_names_exists() -> None:
    named = {
        command
        for name in DOCUMENTS
        if not name.startswith("docs/decisions")
        for code in list_code(read(name))
        for command in _COMMAND.findall(code)
    }
    assert {"search", "lineage", "app"} <= named
    done = subprocess.run(
        [sys.executable, "-c", _ASK_EACH, json.dumps(sorted(named))], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert {name: code for name, (code, _) in answers.items() if code not in (0, None)} == {}
    assert all(length > 40 for _, length in answers.values())


def test_every_setting_is_documented() -> None:
    named = set(re.findall(r"STEMMA_[A-Z0-9_]+", read("README.md") + read("ARCHITECTURE.md")))
    assert {f"STEMMA_{name.upper()}" for name in Settings.model_fields} <= named


def test_every_setting_that_a_document_names_exists() -> None:
    known = {f"STEMMA_{name.upper()}" for name in Settings.model_fields} | {"STEMMA_"}
    for name in DOCUMENTS:
        assert set(re.findall(r"STEMMA_[A-Z0-9_]*", read(name))) <= known, name


@pytest.mark.parametrize("name", DOCUMENTS)
def test_relative_links_lead_somewhere(name: str) -> None:
    for found in _LINK.findall(read(name)):
        address, _, anchor = unquote("".join(found)).partition("#")
        if "://" in address or address.startswith("mailto:"):
            continue
        goal = ((ROOT / name).parent / address).resolve() if address else ROOT / name
        assert goal.is_relative_to(ROOT), f"{name}: {address} leads out of the project"
        assert goal.exists(), f"{name}: {address} is not here"
        if anchor and goal.suffix == ".md":
            assert anchor in list_anchors(goal.read_text(encoding="utf-8")), f"{name}: no heading {anchor} in {goal}"


def test_the_first_screen_of_the_readme_is_one_screen() -> None:
    lines = read("README.md").splitlines()
    first = next((number for number, line in enumerate(lines) if line.startswith("## ")), len(lines))
    assert first <= 40, f"{first} lines before the second heading"
    assert any("stemma " in code for code in list_code("\n".join(lines[:first]) + "\n"))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_are_short(name: str) -> None:
    limits = {"ARCHITECTURE.md": 150} | {one: 60 for one in DOCUMENTS if one.startswith("docs/decisions")}
    assert len(read(name).splitlines()) <= limits.get(name, 400)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_document_names_a_path_of_one_machine(name: str) -> None:
    assert not re.findall(r"(?<![\w.])/(?:home|root|work|tmp|opt|Users)/\S+", read(name))
