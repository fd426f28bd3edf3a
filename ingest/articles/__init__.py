"""Articles: the text of a blog post or news page out of the file it came in, and the papers that it mentions. Pure.

``ingest.article_text`` and ``ingest.article_mentions`` put these parts together:

===============================  ===========================================================================
``decoding``                     bytes to characters, whatever wrote them; tell a page from plain text
``mending``                      what copying and conversion garbled
``furniture``                    lines that are no text: navigation, counters, notices, captions, comments
``bylines``                      who wrote it, when and where, as a page says in passing
``layout``                       which lines are the text, of a page and of plain text alike
``plain``, ``blocks``, ``page``  plain text as lines, a page as blocks, and which of those are its text
``words``, ``shapes``            text as words, and which words are a proper name
``spans``                        places of a text that are taken
``index``                        ``PaperIndex``: the identifiers, titles and names of a library
``links``, ``titles``,           where a text names a paper: by an address or identifier, by its title (which may be
``unlisted``, ``names``          that of a paper the library does not have), by the name of its model
===============================  ===========================================================================

Nothing is imported here: trafilatura is loaded when the first page is read.
"""
