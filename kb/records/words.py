"""The closed vocabularies that records use."""

from typing import Literal

FAMILIES = (
    "language-models",
    "word-vectors",
    "recurrence",
    "fast-weights",
    "attention",
    "positions",
    "normalisation",
    "feed-forward",
    "pre-training",
    "hardware",
    "beyond-text",
)
"""The lanes of the map, in the order in which they are drawn."""
EDGE_KINDS = (
    "extends",
    "generalises",
    "special_case_of",
    "approximates",
    "replaces",
    "combines",
    "rediscovers",
    "equals",
    "fixes",
)
"""Read as "descendant KIND ancestor"."""
EXACT_KINDS = frozenset({"equals", "special_case_of", "generalises", "approximates"})
"""The kinds that say something exact: a claim backs such an edge, or the edge says why none can."""
Role = Literal["introduces", "uses", "mentions"]
Layer = Literal["cited", "claimed", "executed"]
WorkKind = Literal["paper", "model", "hardware", "software"]
"""What a work is: a text, or a thing that came without one."""
WORK_KINDS: tuple[WorkKind, ...] = ("paper", "model", "hardware", "software")
Kind = Literal["paper", "model", "hardware", "software", "concept", "code", "article"]
VerdictName = Literal["verified", "refuted", "inconclusive", "not_run"]
RunStatus = Literal["ok", "error", "timeout", "killed", "refused", "cancelled"]
LANGUAGES = {
    "en": "English",
    "zh-Hans": "Chinese, simplified",
    "zh-Hant": "Chinese, traditional",
    "mixed": "English and Chinese",
}
"""What an article may be written in, in words."""
