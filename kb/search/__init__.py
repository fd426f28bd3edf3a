"""Search: words and meaning together, in English and Chinese, with the reason for every hit.

query      ``Searcher``: the door of this room
glossary   a query cut into terms, Chinese ones with their English; lexical: units to full-text matches
rank       fusion of ranked lists; extract: what is quoted of a text, and what is marked in it
embed      which embedder; pending: every text gets its vector; matrix: the vectors in memory
"""
