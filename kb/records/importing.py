"""What an import did."""

from dataclasses import dataclass

from kb.records.articles import ArticleView
from kb.records.literature import Skipped


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. ``linked`` and ``left_open`` count citations of the papers taken in this run."""

    file: str
    read: int
    added: int
    updated: int
    unchanged: int
    linked: int
    left_open: int
    resumed_at: int = 0
    """How many records an earlier, interrupted run of the same file had already taken."""
    skipped: tuple[Skipped, ...] = ()
    for_review: int = 0
    """Records whose identifiers disagree with what is here: neither merged nor split, listed by ``stemma doctor``."""
    seconds: float = 0.0
    article: ArticleView | None = None
    """The article, where the file was one."""
