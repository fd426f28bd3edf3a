"""Articles: secondary texts and the papers that they mention."""

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from kb.store.tables.root import Table


class ArticleRow(Table):
    __tablename__ = "articles"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    text: Mapped[str]
    language: Mapped[str]
    url: Mapped[str]
    site: Mapped[str]
    authors: Mapped[list[str]]
    published_on: Mapped[date | None]
    file: Mapped[str]
    added_at: Mapped[datetime]


class ArticleMentionRow(Table):
    """A paper that an article names. It is linked by ``paper_key`` when it is looked at, so that one which arrives
    later is found without anybody writing here again."""

    __tablename__ = "article_mentions"

    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    named: Mapped[str]
    how: Mapped[str]
    confidence: Mapped[float]
    count: Mapped[int]
    paper_key: Mapped[str | None] = mapped_column(index=True)
    title: Mapped[str]
