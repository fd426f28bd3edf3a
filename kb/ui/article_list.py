"""The articles of the library, the newest of it first, a page at a time."""

import streamlit as st

from kb.library import Library
from kb.records import Article
from kb.ui.links import escape, record_link
from kb.ui.marks import count_words
from kb.ui.state import asked_number, page_links

PER_PAGE = 10


def show_articles(library: Library) -> None:
    """Draw the list; nothing where there is no article, for the way in says what one is good for."""
    count = library.article_count()
    if not count:
        return
    last = -(-count // PER_PAGE)
    number = min(asked_number("articles", 1) or 1, last)
    rows = "".join(f"<li>{_draw(one)}</li>" for one in library.articles((number - 1) * PER_PAGE, PER_PAGE))
    pager = page_links("library", "articles", number, more=number < last, last=last)
    st.html(f'<section class="stay"><h2>Articles</h2><ul class="rows tight">{rows}</ul>{pager}</section>')


def _draw(article: Article) -> str:
    when = str(article.published_on.year) if article.published_on else ""
    named = count_words(len(article.mentions), "paper named", "papers named")
    told = " · ".join(one for one in (article.site, when, named) if one)
    return f'{record_link(article.key, article.title)} &ensp;<span class="quiet">{escape(told)}</span>'
