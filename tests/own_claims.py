"""Texts of claims as users write them: small, and wrong in one place where a test wants that."""

_TEXT = '''"""A claim of a user's own."""

from kb.claims.claim import Claim, Measurement
from kb.records import Evidence
{more}

def _check(subject, draw):
    {check}


def _subject(draw):
    return 0.0


def _wrong(draw):
    return 1.0


CLAIMS = (
    Claim(
{fields}
    ),
)
'''

_FIELDS = {
    "id": '"mine"',
    "statement": '"What I say holds."',
    "kind": '"equality"',
    "between": '("linear-attention",)',
    "evidence": 'Evidence("", "my own")',
    "inputs": '"nothing"',
    "bound": "1e-12",
    "why_bound": '"It is exactly zero."',
    "family": '"fast-weights"',
    "check": "_check",
    "subject": "_subject",
    "wrong_variants": '{"one instead of zero": _wrong}',
    "executes": "()",
    "draws": "3",
}


def write_claim(*, check: str = "return Measurement(subject(draw))", more: str = "", **fields: str | None) -> str:
    """Return the text of a claim.

    Parameters
    ----------
    check  : the body of its check, one statement
    more   : lines behind the imports
    fields : the source of fields that are otherwise; None leaves one out
    """
    chosen = {name: text for name, text in {**_FIELDS, **fields}.items() if text is not None}
    lines = "\n".join(f"        {name}={text}," for name, text in chosen.items())
    return _TEXT.format(check=check, more=more, fields=lines)
