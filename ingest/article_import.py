"""From a file with an article into the library: its text, and the papers that it mentions."""

import hashlib
import time
from pathlib import Path

from ingest.article_mentions import PaperIndex, find_mentions
from ingest.article_text import parse_article
from ingest.files import read_whole
from kb.records import Article, ArticleText, ImportReport, PaperMention
from kb.store import Store, articles, concepts, papers

#: The digits of the text's hash that make a key: two articles share it by accident once in 2^48 pairs.
_KEY_DIGITS = 12


def import_article(path: Path, store: Store) -> ImportReport:
    """Save the article of a file, linked to the papers of the library that it mentions.

    The same text is the same article, whatever its file is called; taken again, its mentions are looked for again.

    Raises
    ------
    KBError : the file cannot be read, holds no article, or the library cannot be written
    """
    began = time.monotonic()
    told = parse_article(read_whole(path), path.name)
    with store.read() as session:
        index = PaperIndex.build(papers.list_papers(session), concepts.list_concepts(session))
    article = _make_article(told, find_mentions(told, index), path.name)
    with store.write() as session:
        outcome = articles.save_article(session, article)
        view = articles.get_article_view(session, article.key)
    return ImportReport(
        file=path.name,
        read=1,
        added=int(outcome == "added"),
        updated=int(outcome == "updated"),
        unchanged=int(outcome == "unchanged"),
        linked=len(view.papers),
        left_open=len(view.missing),
        seconds=time.monotonic() - began,
        article=view,
    )


def _make_article(told: ArticleText, mentions: tuple[PaperMention, ...], file: str) -> Article:
    digest = hashlib.sha256(told.text.encode("utf-8", "replace")).hexdigest()
    return Article(
        key=f"article:{digest[:_KEY_DIGITS]}",
        title=told.title,
        text=told.text,
        language=told.language,
        url=told.url,
        site=told.site,
        authors=told.authors,
        published_on=told.published_on,
        file=file,
        mentions=mentions,
    )
