"""One article set for reading: what it is, the papers that it mentions, and those that are not here yet."""

from typing import TYPE_CHECKING

from kb.cli.page import write, write_heading
from kb.cli.words import count_words, mention_parts, year_part
from kb.records import LANGUAGES

if TYPE_CHECKING:
    from kb.records import ArticleView, PaperMention


def print_article(view: "ArticleView", *, whole: bool) -> None:
    """Print an article; ``whole`` says whether its text, too."""
    article = view.article
    write((article.title, "bold"), year_part(article.published_on.year if article.published_on else None))
    told = [LANGUAGES.get(article.language, article.language), article.site, ", ".join(article.authors)]
    write((", ".join(one for one in told if one), "dim"), indent=2)
    write(("  ".join(one for one in (article.key, article.url) if one), "dim"), indent=2)
    if whole:
        for paragraph in article.text.split("\n\n"):
            write("")
            write(paragraph, indent=2)
    write_heading(f"Mentions {count_words(len(view.papers), 'paper')} of this library")
    for line, mention in view.papers:
        write(*mention_parts(line, with_note=False), (f"  {_how(mention)}", "dim"), indent=2, hang=2)
    if view.missing:
        write_heading(f"Not here yet ({len(view.missing):,})")
        for mention in view.missing:
            key = f"  {mention.key}" if mention.key else ""
            named = f"  {mention.named}" if not mention.key and mention.title else ""
            write(mention.title or mention.named, (f"{named}{key}  {_how(mention)}", "dim"), indent=2, hang=2)
        ids = [one.key for one in view.missing if one.key.startswith("arxiv:")]
        if ids:
            write((f"stemma add {' '.join(ids)}", "dim"), indent=2, hang=2)
    if view.ideas:
        write_heading(f"Speaks of {count_words(len(view.ideas), 'idea')}")
        write(", ".join(one.title for one in view.ideas), indent=2)


def _how(mention: "PaperMention") -> str:
    times = f", {mention.count:,} times" if mention.count > 1 else ""
    return f"by {mention.how}{times}, confidence {mention.confidence:.2f}"
