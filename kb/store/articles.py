"""Save and read articles, and the papers that they mention."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from kb.errors import NotFoundError
from kb.records import Article, ArticleView, Document, Mention, PaperMention
from kb.store import documents, tags
from kb.store.identity import find_paper_ids
from kb.store.mentions import list_mentions
from kb.store.rows import next_id
from kb.store.tables import ArticleMentionRow, ArticleRow, PaperIdRow, PaperRow
from kb.store.versions import bump_version

_COLUMNS = ("key", "title", "text", "language", "url", "site", "published_on", "file")


def save_article(session: Session, article: Article) -> str:
    """Write an article and its searchable text; return ``added``, ``updated`` or ``unchanged``.

    The same text is the same article, wherever its file stands: its mentions are written anew.
    """
    number = session.scalar(select(ArticleRow.id).where(ArticleRow.key == article.key))
    if number is not None and _read(session, number) == article:
        return "unchanged"
    values = {name: getattr(article, name) for name in _COLUMNS} | {"authors": list(article.authors)}
    outcome = "added" if number is None else "updated"
    if number is None:
        number = next_id(session, ArticleRow)
        session.execute(insert(ArticleRow).values(id=number, added_at=datetime.now(UTC), **values))
    else:
        session.execute(update(ArticleRow).where(ArticleRow.id == number).values(**values))
        session.execute(delete(ArticleMentionRow).where(ArticleMentionRow.article_id == number))
    _save_mentions(session, number, article.mentions)
    documents.save_documents(session, [(_document(article), documents.Owner(article_id=number))])
    bump_version(session)
    return outcome


def delete_article(session: Session, key: str) -> None:
    """Take an article out, with its text and its mentions.

    Raises
    ------
    NotFoundError : nothing here has that key
    """
    number = _number(session, key)
    documents.delete_documents(session, [key])
    session.execute(delete(ArticleRow).where(ArticleRow.id == number))
    bump_version(session)


def list_articles(session: Session, start: int = 0, count: int | None = None) -> list[Article]:
    """Return articles, the newest of the library first."""
    query = select(ArticleRow.id).order_by(ArticleRow.added_at.desc(), ArticleRow.id.desc())
    return [_read(session, number) for number in session.scalars(query.offset(start).limit(count)).all()]


def count_articles(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(ArticleRow)) or 0


def get_article_view(session: Session, key: str) -> ArticleView:
    """Return an article with the papers of the library that it mentions, those that are not here, and its ideas.

    Raises
    ------
    NotFoundError : nothing here has that key
    """
    article = _read(session, _number(session, key))
    numbers = find_paper_ids(session, [one.key for one in article.mentions if one.key])
    here = dict(session.execute(select(PaperRow.id, PaperRow.key).where(PaperRow.id.in_(numbers.values()))).all())
    held = [(here[numbers[one.key]], one) for one in article.mentions if one.key in numbers]
    lines = {one.key: one for one in list_mentions(session, [(key, "") for key, _ in held])}
    return ArticleView(
        article=article,
        papers=tuple((lines[key], one) for key, one in held),
        missing=tuple(one for one in article.mentions if one.key not in numbers),
        ideas=tags.list_tagged(session, key),
    )


def list_mentioning(session: Session, paper_id: int) -> tuple[Mention, ...]:
    """Return the articles that mention a paper, under any of its identifiers; ``note`` gives the words."""
    keys = select(PaperIdRow.key).where(PaperIdRow.paper_id == paper_id)
    query = (
        select(ArticleRow, ArticleMentionRow.named)
        .join(ArticleMentionRow, ArticleMentionRow.article_id == ArticleRow.id)
        .where(ArticleMentionRow.paper_key.in_(keys))
        .order_by(ArticleRow.published_on.is_(None), ArticleRow.published_on, ArticleRow.title, ArticleRow.key)
    )
    return tuple(
        Mention(row.key, row.title, row.published_on.year if row.published_on else None, tuple(row.authors), named)
        for row, named in session.execute(query)
    )


def _number(session: Session, key: str) -> int:
    number = session.scalar(select(ArticleRow.id).where(ArticleRow.key == key))
    if number is None:
        raise NotFoundError(f"no article {key} in this library; 'stemma import FILE --format article' takes one")
    return number


def _save_mentions(session: Session, number: int, mentions: Sequence[PaperMention]) -> None:
    rows = [
        {"article_id": number, "position": place, "paper_key": one.key or None}
        | {name: getattr(one, name) for name in ("named", "how", "confidence", "count", "title")}
        for place, one in enumerate(mentions)
    ]
    if rows:
        session.execute(insert(ArticleMentionRow), rows)


def _read(session: Session, number: int) -> Article:
    row = session.get_one(ArticleRow, number, populate_existing=True)
    mine = select(ArticleMentionRow).where(ArticleMentionRow.article_id == number)
    return Article(
        authors=tuple(row.authors),
        mentions=tuple(
            PaperMention(one.named, one.how, one.confidence, one.count, one.paper_key or "", one.title)
            for one in session.scalars(mine.order_by(ArticleMentionRow.position))
        ),
        **{name: getattr(row, name) for name in _COLUMNS},
    )


def _document(article: Article) -> Document:
    return Document(
        key=article.key,
        kind="article",
        title=article.title,
        body="\n".join(line for line in article.text.splitlines() if line.strip()),
        authors=", ".join((*article.authors, article.site)),
        year=article.published_on.year if article.published_on else None,
    )
