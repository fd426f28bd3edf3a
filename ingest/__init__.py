"""Papers from outside: the only room that opens a socket or reads a file that somebody else wrote.

============================================  ==================================================================
``http``, ``gates``, ``http_cache``           sessions: time-outs, retries, the polite limiter, the cache
``arxiv_api``                                 ``fetch_`` papers by identifier or query
``arxiv_feed``, ``semantic_scholar``          ``parse_`` what a source says; pure
``files``, ``streams``, ``json_stream``       open, detect and stream local files
``article_text``, ``article_mentions``        ``parse_article`` and ``find_mentions``; pure, made of ``articles``
``pipeline``                                  fetch or read, and save in the library
============================================  ==================================================================

Nothing is imported here: whoever only reads files does not wait for the HTTP cache to be loaded.
"""
