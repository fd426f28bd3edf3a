"""Finding claims: by walking the folders, without torch."""

import os
import subprocess
import sys

import pytest

from kb.claims.registry import FOLDER, get_claim, list_claims
from kb.errors import NotFoundError
from kb.records import FAMILIES


def test_a_claim_is_found_by_its_id_in_any_case():
    card = list_claims()[0]

    assert get_claim(f" claim:{card.id.upper()} ").id == card.id


def test_an_unknown_claim_names_the_nearest():
    with pytest.raises(NotFoundError, match="rwkv-parallel-is-recurrent"):
        get_claim("rwkv-is-recurrent")


def test_every_file_of_a_family_is_read():
    folders = [FOLDER / family.replace("-", "_") for family in FAMILIES]
    files = [path for folder in folders for path in folder.glob("*.py") if path.stem[0] != "_"]

    assert files
    for path in files:
        assert "CLAIMS = (" in path.read_text(encoding="utf-8"), path.name


def test_listing_claims_imports_no_torch():
    code = "import sys; from kb.claims.registry import list_claims; list_claims(); print('torch' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=FOLDER.parents[1], env=dict(os.environ)
    )

    assert done.stdout.strip() == "False", done.stderr
