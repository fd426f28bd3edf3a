"""Composes the text that the confined process gets for a user's own claim. Pure; loads no torch."""

import json
from functools import cache
from pathlib import Path

from kb.claims.own.modules import Sources, gather
from kb.claims.verify import STRIDE, VARIANT_DRAWS
from kb.records import ClaimCard


def build_claim_program(card: ClaimCard, code: str, snippets: Sources, *, seed: int = 0) -> str:
    """Return a program that executes a claim and its wrong variants, and reports their figures; see ``guest``."""
    order = {
        "code": code,
        "modules": gather(code, snippets),
        "seeds": list_seeds(seed, card.draws),
        "variant_seeds": list_seeds(seed, count_variant_draws(card)),
        "single": card.bound_single is not None,
        "example": card.has_example,
    }
    return f"{_read_guest()}\n\nimport json\n\nexecute(json.loads({json.dumps(order)!r}), report)\n"


def list_seeds(seed: int, draws: int) -> list[int]:
    """Return the seed of each draw, the same as for what ships."""
    return [STRIDE * seed + number for number in range(draws)]


def count_variant_draws(card: ClaimCard) -> int:
    """Return how many draws a wrong variant gets."""
    return min(card.draws, VARIANT_DRAWS)


@cache
def _read_guest() -> str:
    return Path(__file__).with_name("guest.py").read_text(encoding="utf-8")
