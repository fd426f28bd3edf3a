"""Article: its text, and beside it the papers that it mentions, those that are not here, the ideas it speaks of."""

import streamlit as st

from kb.errors import NotFoundError
from kb.library import Library
from kb.records import LANGUAGES, Article, ArticleView, PaperMention
from kb.ui.links import address, escape, link, outside_link, record_link
from kb.ui.marks import authors_line, count_words
from kb.ui.state import asked

_HOW = {
    "link": "by a link",
    "identifier": "by its identifier",
    "title": "by its title",
    "name": "by the name of what it introduced",
}


def show(library: Library) -> None:
    """Draw the article that the address names."""
    key = asked("key")
    if not key:
        shelf = link(address("library"), "Library")
        st.html(f"<h1>Which article?</h1><p>{shelf} lists the articles that are here, and takes new ones.</p>")
        return
    try:
        view = library.show(f"article:{key.removeprefix('article:')}")
    except NotFoundError as error:
        st.error(escape(str(error)))
        st.html(f"<p>{link(address('library'), 'The articles that are here')}</p>")
        return
    assert isinstance(view, ArticleView)
    _show_head(view.article)
    text, margin = st.columns([5, 3], gap="large")
    with text:
        paragraphs = "".join(f"<p>{escape(part)}</p>" for part in view.article.text.split("\n\n"))
        st.html(f'<div lang="{escape(view.article.language)}">{paragraphs}</div>')
    with margin:
        _show_papers(view)
        _show_missing(view)
        if view.ideas:
            links = ", ".join(record_link(one.key, one.title) for one in view.ideas)
            st.html(f"<h2>Speaks of</h2><p>{links}</p>")
        _show_removal(library, view.article)


def _show_head(article: Article) -> None:
    when = f"{article.published_on:%-d %B %Y}" if article.published_on else ""
    told = (", ".join(article.authors), article.site, when, LANGUAGES.get(article.language, article.language))
    facts = [escape(one) for one in told if one]
    if article.url:
        facts.append(outside_link(article.url, "the page it came from"))
    st.html(f'<h1>{escape(article.title)}</h1><p class="quiet">{" · ".join(facts)}</p>')


def _show_papers(view: ArticleView) -> None:
    rows = "".join(
        f'<li><span class="year">{paper.year or "–"}</span>{record_link(paper.key, paper.title)} '
        f'<span class="quiet">{escape(authors_line(paper.authors))}<br>{_tell(mention)}</span></li>'
        for paper, mention in view.papers
    )
    st.html(
        f"<h2>Mentions {count_words(len(view.papers), 'paper')} of this library</h2>"
        f'<ul class="rows tight dated">{rows}</ul>'
    )


def _show_missing(view: ArticleView) -> None:
    if not view.missing:
        return
    rows = "".join(f"<li>{_draw_missing(one)}</li>" for one in view.missing)
    st.html(f'<h2>Not here yet <span class="quiet num">{len(view.missing):,}</span></h2><ul class="rows">{rows}</ul>')


def _draw_missing(mention: PaperMention) -> str:
    name = escape(mention.title or mention.named)
    adding = link(address("library", add=mention.key), f"add {mention.key}") if mention.key[:6] == "arxiv:" else ""
    key = "" if adding else escape(mention.key)
    return f'{name} &ensp;{adding}<br><span class="quiet">{key} {_tell(mention)}</span>'


def _tell(mention: PaperMention) -> str:
    """Return how a paper is named, how often, and how sure that is."""
    times = f", {mention.count:,} times" if mention.count > 1 else ""
    words = f"“{mention.named}”, " if mention.how in ("title", "name") else ""
    return escape(f"{words}{_HOW.get(mention.how, mention.how)}{times}; confidence {mention.confidence:.2f}")


def _show_removal(library: Library, article: Article) -> None:
    with st.popover("Remove this article"):
        st.html("<p>Its text and its mentions leave the library; no paper does. The file stays where it is.</p>")
        if st.button("Remove it"):
            library.remove_article(article.key)
            st.query_params.clear()
            st.rerun()
