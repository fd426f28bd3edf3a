"""Two ways of finding, one order. Pure.

Reciprocal rank fusion: each list gives 1 / (60 + rank), so that a text high in both lists comes first and neither
scale needs to be calibrated against the other.

Source: Cormack, Clarke and Büttcher (2009), "Reciprocal Rank Fusion outperforms Condorcet and individual Rank
Learning Methods", SIGIR.
"""

from collections.abc import Sequence
from dataclasses import dataclass

K = 60
_FIRST = 1 / (K + 1)
#: More than both lists together can give: what is called exactly what was asked for comes first.
EXACT_NAME_BONUS = 2.5 * _FIRST
#: For a text whose name is only a part of the query: it outranks its neighbours, not its betters.
PART_NAME_BONUS = 0.25 * _FIRST
#: For the paper that introduced an idea of the query: whoever asks for the idea asks where it comes from.
ORIGIN_BONUS = _FIRST


@dataclass(frozen=True, slots=True)
class Ranked:
    """A key with its fused score and where it stood; ranks from 1, None where that list does not hold it."""

    key: str
    score: float
    lexical_rank: int | None
    dense_rank: int | None
    named: bool


def rank_fused(
    lexical: Sequence[str],
    dense: Sequence[str],
    *,
    dense_weight: float = 1.0,
    exact: Sequence[str] = (),
    part: Sequence[str] = (),
    origins: Sequence[str] = (),
) -> list[Ranked]:
    """Return every key of any list, best first, ties by key.

    Parameters
    ----------
    lexical, dense : keys, best first, each once
    dense_weight   : how far the dense list can be trusted, in [0, 1]
    exact          : keys whose name is the whole query, the wanted order first
    part           : keys whose name is a part of the query
    origins        : keys of the papers that introduced an idea which the query names

    Examples
    --------
    >>> [(one.key, one.lexical_rank, one.dense_rank) for one in rank_fused(["a", "b"], ["b", "c"])]
    [('b', 2, 1), ('a', 1, None), ('c', None, 2)]
    """
    lexical_rank = {key: rank for rank, key in enumerate(lexical, start=1)}
    dense_rank = {key: rank for rank, key in enumerate(dense, start=1)}
    score = dict.fromkeys([*lexical, *dense, *exact, *part, *origins], 0.0)
    for ranks, weight in ((lexical_rank, 1.0), (dense_rank, dense_weight)):
        for key, rank in ranks.items():
            score[key] += weight / (K + rank)
    for place, key in enumerate(exact):
        score[key] += EXACT_NAME_BONUS * (len(exact) - place)
    for key in set(part) - set(exact):
        score[key] += PART_NAME_BONUS
    for key in set(origins) - set(exact):
        score[key] += ORIGIN_BONUS
    named = {*exact, *part}
    return [
        Ranked(key, score[key], lexical_rank.get(key), dense_rank.get(key), key in named)
        for key in sorted(score, key=lambda key: (-score[key], key))
    ]
